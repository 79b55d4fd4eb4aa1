package dal_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// A listStore is a store that leads alone, with the tables of ListContract.
type listStore struct {
	name   string
	router *dal.Router
	notes  *dal.Repository[Note]
}

// listStores returns a store of each kind: first that in memory, which is the
// model of the others, then MySQL, then every DynamoDB that is there.
func listStores(t *testing.T) []listStore {
	t.Helper()
	model := memstore.New(storetest.ListContract(t), nil)
	require.NoError(t, model.Init(t.Context()))
	all := []listStore{newListStore(t, "memory", dal.Standalone(model.Contract(), model)),
		newListStore(t, "mysql", leadingMySQL(t))}
	for _, e := range enginetest.DynamoDBEngines(t) {
		all = append(all, newListStore(t, e.Kind(), leadingDynamoDB(t, e.Client())))
	}
	return all
}

func newListStore(t *testing.T, name string, r *dal.Router) listStore {
	t.Helper()
	t.Cleanup(r.Close)
	notes, err := dal.NewRepository[Note](r, "Notes")
	require.NoError(t, err)
	return listStore{name, r, notes}
}

func leadingMySQL(t *testing.T) *dal.Router {
	t.Helper()
	c := storetest.ListContract(t)
	db := sqlx.MustConnect("mysql", enginetest.MySQL(t))
	t.Cleanup(func() { db.Close() })
	for _, statement := range storetest.Schema(c) {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	s, err := mysqlstore.New(db, c, nil)
	require.NoError(t, err)
	require.NoError(t, s.Init(t.Context()))
	return dal.Standalone(s.Contract(), s)
}

// leadingDynamoDB returns a router in phase 5, under a lease that outlasts the test.
func leadingDynamoDB(t *testing.T, client *dynamodb.Client) *dal.Router {
	t.Helper()
	c, prefix := storetest.ListContract(t), enginetest.Prefix(t)
	s, err := dynamostore.New(client, c, &dynamostore.Options{TablePrefix: prefix})
	require.NoError(t, err)
	t.Cleanup(func() { dropTables(client, prefix) })
	require.NoError(t, s.Apply(t.Context(), nil, nil))
	require.NoError(t, s.Init(t.Context()))
	from, err := s.Phase(t.Context())
	require.NoError(t, err)
	to := from
	to.State, to.Phase, to.Epoch = store.Open, store.DynamoDBOnly, from.Epoch+1
	require.NoError(t, s.Advance(t.Context(), from, to, store.AuditEntry{}))
	lease, since := store.NewLease(nil), time.Now()
	require.NoError(t, s.Grant(t.Context(), "test", to.Epoch, time.Hour))
	lease.Extend(to.Epoch, since, time.Hour)
	return dal.NewRouter(c, memstore.New(c, nil), s, dal.Snapshot{Phase: dal.DynamoDBOnly, Epoch: to.Epoch, Lease: lease}, nil)
}

func dropTables(client *dynamodb.Client, prefix string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, name := range []string{dynamostore.LibraryTable, "Notes", "Files", "Chunks", "Readings"} {
		_, _ = client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(prefix + name)})
	}
}
