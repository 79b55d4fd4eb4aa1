package dynamostore

import (
	"context"
	_ "embed"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

//go:embed testdata/contract.json
var contractText []byte

// A fixture is a store on tables of its own, for one test.
type fixture struct {
	*testing.T
	*Store
	ctx    context.Context
	real   *dynamodb.Client
	users  *transform.Entity
	things *transform.Entity
}

// each runs the test on every engine, with a store whose tables are there.
func each(t *testing.T, test func(f *fixture)) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		c, err := transform.Load(contractText)
		require.NoError(t, err)
		test(fixtureOf(t, client, c, emptyStore(t, client, c)))
	})
}

// emptyStore returns a store whose tables are there and empty.
func emptyStore(t testing.TB, client *dynamodb.Client, c *transform.Contract) *Store {
	open := func(prefix string) *Store {
		s, err := New(client, c, &Options{TablePrefix: prefix})
		require.NoError(t, err)
		return s
	}
	return open(enginetest.Tables(t, client, open("").tables, func(prefix string) {
		require.NoError(t, open(prefix).Apply(t.Context(), nil, nil))
	}))
}

func newFixture(t *testing.T, client *dynamodb.Client) *fixture {
	c, err := transform.Load(contractText)
	require.NoError(t, err)
	s, err := New(client, c, &Options{TablePrefix: enginetest.Prefix(t)})
	require.NoError(t, err)
	deleteTables(t, client, s)
	return fixtureOf(t, client, c, s)
}

func fixtureOf(t *testing.T, client *dynamodb.Client, c *transform.Contract, s *Store) *fixture {
	return &fixture{T: t, Store: s, ctx: t.Context(), real: client, users: c.Entity("Users"), things: c.Entity("Things")}
}

// deleteTables deletes a store's tables when the test ends.
func deleteTables(t testing.TB, client *dynamodb.Client, s *Store) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for _, table := range s.tables {
			_, _ = client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(s.tableName(table))})
		}
	})
}

// with returns the fixture with a store that talks to its tables through another
// client and with other options.
func (f *fixture) with(client Client, opts Options) *fixture {
	opts.TablePrefix = f.opts.TablePrefix
	s, err := New(client, f.contract, &opts)
	require.NoError(f, err)
	g := *f
	g.Store = s
	return &g
}

// user returns a record of Users; changes are pairs of column and text.
func (f *fixture) user(id int, changes ...string) transform.Record {
	f.Helper()
	changes = append([]string{"user_id", strconv.Itoa(id), "username", "user" + strconv.Itoa(id)}, changes...)
	return f.record(f.users, changes...)
}

func (f *fixture) record(e *transform.Entity, changes ...string) transform.Record {
	f.Helper()
	r := e.NewRecord()
	for i := 0; i < len(changes); i += 2 {
		v, err := e.Columns[e.ColumnIndex(changes[i])].Parse(changes[i+1])
		require.NoError(f, err, changes[i])
		require.NoError(f, r.Set(changes[i], v))
	}
	return r
}

func keyOf(t testing.TB, r transform.Record) transform.Key {
	t.Helper()
	key, err := r.Key()
	require.NoError(t, err)
	return key
}

// row returns a live row of the record.
func (f *fixture) row(r transform.Record, v store.Version) store.Row {
	f.Helper()
	return store.Row{Key: keyOf(f, r), Version: v, Live: true, Record: r}
}

// gone returns a row that says that the record was deleted.
func (f *fixture) gone(r transform.Record, v store.Version) store.Row {
	f.Helper()
	return store.Row{Key: keyOf(f, r), Version: v}
}

// put puts a row and requires that it took effect, or did not.
func (f *fixture) put(row store.Row, effect bool) {
	f.Helper()
	took, err := f.Put(f.ctx, store.At{}, row)
	require.NoError(f, err)
	require.Equal(f, effect, took)
}

// get reads what is at the record's key.
func (f *fixture) get(r transform.Record) store.Row {
	f.Helper()
	row, err := f.Get(f.ctx, store.At{}, keyOf(f, r))
	require.NoError(f, err)
	return row
}

// rawItem reads an item as it is.
func (f *fixture) rawItem(r transform.Record) item {
	f.Helper()
	p := f.places[r.Entity().Name]
	key, err := p.entity.ItemKey(keyOf(f, r))
	require.NoError(f, err)
	out, err := f.real.GetItem(f.ctx, &dynamodb.GetItemInput{TableName: &p.table, Key: key, ConsistentRead: aws.Bool(true)})
	require.NoError(f, err)
	return out.Item
}

// rawPut writes an item as something else than the library would.
func (f *fixture) rawPut(e *transform.Entity, it item) {
	f.Helper()
	_, err := f.real.PutItem(f.ctx, &dynamodb.PutItemInput{TableName: &f.places[e.Name].table, Item: it})
	require.NoError(f, err)
}

// insert inserts the records and requires that none has an error.
func (f *fixture) insert(records ...transform.Record) {
	f.Helper()
	errs, err := f.Insert(f.ctx, f.rows(records...))
	require.NoError(f, err)
	for _, err := range errs {
		require.NoError(f, err)
	}
}

func (f *fixture) rows(records ...transform.Record) []store.Row {
	rows := make([]store.Row, len(records))
	for i, r := range records {
		rows[i] = f.row(r, 0)
	}
	return rows
}

// A wire is an HTTP transport that a test stands in.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// Do makes a wire the HTTP client of the SDK.
func (w wire) Do(r *http.Request) (*http.Response, error) { return w(r) }

// through returns the client with another way onto the network.
func through(client *dynamodb.Client, w wire) *dynamodb.Client {
	return dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.HTTPClient = w })
}

// operation returns which call of DynamoDB a request is: "PutItem".
func operation(r *http.Request) string {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return name
}

// newRecord parses values of an entity's columns, as text in their order.
func textsOf(r transform.Record) []string {
	var texts []string
	for i := range r.Entity().Columns {
		texts = append(texts, r.At(i).Text())
	}
	return texts
}
