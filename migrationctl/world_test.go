package migrationctl_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// A User is the record of the scenarios. Its profile counts.
type User struct {
	ID         int64      `db:"user_id"`
	Username   string     `db:"username"`
	Email      string     `db:"email"`
	Registered *time.Time `db:"registration_date"`
	LastLogin  *time.Time `db:"last_login"`
	Profile    Profile    `db:"profile_data"`
}

type Profile struct {
	Count int `json:"count"`
}

func user(id int64) User {
	return User{ID: id, Username: fmt.Sprintf("user%d", id), Email: fmt.Sprintf("user%d@example.com", id)}
}

func addOne(u *User) error { u.Profile.Count++; return nil }

// A world is a pair of stores in which a scenario plays, and a script of
// faults between them and the library.
type world struct {
	contract *transform.Contract
	mysql    migrationctl.MySQL
	dynamo   migrationctl.DynamoDB
	faults   *faultstore.Faults
	db       *sqlx.DB // what other programs write to; nil in memory
	dsn      string   // of db
	// outside writes rows as a service did before it had the library; in
	// memory it is a bare write.
	outside func(t *testing.T, users ...User)
	// another returns the DynamoDB of a process that shares nothing with the others but the
	// tables, and has a clock of its own; nil in memory.
	another func(t testing.TB, now func() time.Time) *dynamostore.Store
	// item returns what other programs read of a table at a key; nil in memory.
	item func(t testing.TB, table string, key map[string]types.AttributeValue) map[string]types.AttributeValue
}

// eachWorld plays the scenario in memory, and on MariaDB or MySQL with every
// DynamoDB engine that is there.
func eachWorld(t *testing.T, play func(t *testing.T, w *world)) {
	eachWorldOf(t, storetest.Contract(t), play)
}

// eachWorldOf is eachWorld on the tables of a contract. needs is what MySQL has to be able
// to, where not everyone is.
func eachWorldOf(t *testing.T, c *transform.Contract, play func(t *testing.T, w *world), needs ...string) {
	t.Run("memory", func(t *testing.T) { play(t, newMemoryWorldOf(t, c, faultstore.New())) })
	eachDynamoDB(t, func(t *testing.T, e *engine.DynamoDB) { play(t, newEngineWorldOf(t, e, c, faultstore.New())) }, needs...)
}

// eachDynamoDB plays the scenario with every DynamoDB engine that is there.
func eachDynamoDB(t *testing.T, play func(t *testing.T, e *engine.DynamoDB), needs ...string) {
	t.Run("engines", func(t *testing.T) {
		for _, what := range needs {
			enginetest.NeedsRealMySQL(t, what)
		}
		for _, e := range enginetest.DynamoDBEngines(t) {
			t.Run(e.Kind(), func(t *testing.T) { play(t, e) })
		}
	})
}

func newMemoryWorld(t testing.TB, faults *faultstore.Faults) *world {
	return newMemoryWorldOf(t, storetest.Contract(t), faults)
}

func newMemoryWorldOf(t testing.TB, c *transform.Contract, faults *faultstore.Faults) *world {
	mysql := memstore.New(c, &memstore.Options{Name: "mysql"})
	w := &world{contract: c, mysql: mysql, dynamo: picky{memstore.New(c, &memstore.Options{Name: "dynamodb", Leased: true})}, faults: faults}
	require.NoError(t, mysql.Init(t.Context()))
	w.outside = func(t *testing.T, users ...User) {
		repository, err := dal.NewRepository[User](dal.Standalone(c, mysql), "Users")
		require.NoError(t, err)
		for _, u := range users {
			require.NoError(t, repository.Create(t.Context(), &u))
		}
	}
	return w
}

// picky is a follower in memory that takes only what fits an item, as DynamoDB.
type picky struct{ *memstore.Store }

func (p picky) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	if err := unfit(row); err != nil {
		return false, err
	}
	return p.Store.Put(ctx, at, row)
}

func (p picky) Insert(ctx context.Context, rows []store.Row) ([]error, error) {
	results := make([]error, len(rows))
	for i, row := range rows {
		if results[i] = unfit(row); results[i] != nil {
			continue
		}
		one, err := p.Store.Insert(ctx, rows[i:i+1])
		if err != nil {
			return nil, err
		}
		results[i] = one[0]
	}
	return results, nil
}

func unfit(row store.Row) error {
	if !row.Live {
		return nil
	}
	if _, err := row.Record.Entity().Item(row.Record); err != nil {
		return &store.Error{Op: "put", Entity: row.Key.Entity, Store: "dynamodb", Kind: store.ErrTooLarge, Outcome: store.NotApplied, Cause: err}
	}
	return nil
}

func newEngineWorld(t *testing.T, e *engine.DynamoDB, faults *faultstore.Faults) *world {
	return newEngineWorldOf(t, e, storetest.Contract(t), faults)
}

func newEngineWorldOf(t *testing.T, e *engine.DynamoDB, c *transform.Contract, faults *faultstore.Faults) *world {
	return newEngineWorldWith(t, e, c, storetest.Schema(c), faults)
}

// newEngineWorldWith has the tables that the statements create.
func newEngineWorldWith(t *testing.T, e *engine.DynamoDB, c *transform.Contract, schema []string, faults *faultstore.Faults) *world {
	dsn := enginetest.MySQL(t)
	db, err := mysqlstore.OpenDB(dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	for _, statement := range schema {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	mysql, err := mysqlstore.New(db, c, nil)
	require.NoError(t, err)
	prefix := enginetest.Prefix(t)
	another := func(t testing.TB, now func() time.Time) *dynamostore.Store {
		s, err := dynamostore.New(e.Client(), c, &dynamostore.Options{TablePrefix: prefix, Now: now})
		require.NoError(t, err)
		return s
	}
	dynamo := another(t, nil)
	createTables(t, e.Client(), dynamo, prefix, c)
	require.NoError(t, mysql.Init(t.Context()))
	item := func(t testing.TB, table string, key map[string]types.AttributeValue) map[string]types.AttributeValue {
		out, err := e.Client().GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(prefix + table), Key: key, ConsistentRead: aws.Bool(true)})
		require.NoError(t, err)
		return out.Item
	}
	return &world{contract: c, mysql: mysql, dynamo: dynamo, faults: faults, db: db, dsn: dsn, another: another, item: item, outside: func(t *testing.T, users ...User) {
		for _, u := range users {
			_, err := db.Exec("INSERT INTO users (user_id, username, email, profile_data) VALUES (?, ?, ?, '{\"count\":0}')", u.ID, u.Username, u.Email)
			require.NoError(t, err)
		}
	}}
}

// A process is one process of the fleet: a controller and its repository.
type process struct {
	*migrationctl.Controller
	users *dal.Repository[User]
}

// open starts a process whose calls go through the world's faults.
func (w *world) open(t testing.TB, opts *migrationctl.Options) *process {
	t.Helper()
	ctl, err := migrationctl.Open(t.Context(), w.faulty(), w.faultyDynamo(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = ctl.Close(context.Background()) })
	p := &process{Controller: ctl}
	if w.contract.Entity("Users") != nil {
		p.users, err = dal.NewRepository[User](ctl, "Users")
		require.NoError(t, err)
	}
	return p
}

// apart starts a process that shares nothing with others but the stores, and returns its
// faults. now is the clock of its DynamoDB, nil for the machine's.
func (w *world) apart(t testing.TB, now func() time.Time, opts *migrationctl.Options) (*process, *faultstore.Faults) {
	t.Helper()
	own := *w
	own.faults = faultstore.New()
	if w.another != nil {
		own.dynamo = w.another(t, now)
	}
	return own.open(t, opts), own.faults
}

// drained waits until nothing is dirty.
func (p *process) drained(t testing.TB) {
	t.Helper()
	report, err := p.Drain(t.Context(), nil)
	require.NoError(t, err)
	require.Zero(t, report.Dead)
	status, err := p.Status(t.Context())
	require.NoError(t, err)
	require.Zero(t, status.Dirty)
}

// operator returns an operator without faults.
func (w *world) operator(t testing.TB) *migrationctl.Operator {
	t.Helper()
	op, err := migrationctl.NewOperator(w.mysql, w.dynamo, &migrationctl.Options{Who: "test"})
	require.NoError(t, err)
	return op
}

// to moves the group step by step to the phase, with capture and backfill.
func (w *world) to(t testing.TB, phase store.Phase) {
	t.Helper()
	op := w.operator(t)
	why := migrationctl.Change{Reason: "test"}
	require.NoError(t, op.CaptureOn(t.Context(), why))
	if phase == store.MySQLOnly {
		return
	}
	require.NoError(t, op.SetPhase(t.Context(), store.DualWrite, why))
	require.NoError(t, op.Backfill(t.Context(), migrationctl.BackfillOptions{}))
	require.NoError(t, op.SetPhase(t.Context(), phase, why))
}

// faulty and faultyDynamo are the stores under the script of faults.
func (w *world) faulty() migrationctl.MySQL { return w.faults.Store(w.mysql) }

func (w *world) faultyDynamo() migrationctl.DynamoDB {
	return w.faults.Store(w.dynamo).(migrationctl.DynamoDB)
}

// forward brings keys from MySQL to DynamoDB, without faults.
func (w *world) forward() *dal.Refresher { return dal.NewRefresher(w.mysql, w.dynamo, nil) }

// change is the change record of a key.
func change(key transform.Key, v store.Version) store.Change {
	return store.Change{Keys: []store.KeyVersion{{Key: key, Version: v}}}
}

// drain refreshes every dirty key, without faults.
func (w *world) drain(t testing.TB) {
	t.Helper()
	_, err := w.operator(t).Drain(context.Background(), nil)
	var none *migrationctl.RefusedError
	if !errors.As(err, &none) { // phases 1 and 5 have no follower
		require.NoError(t, err)
	}
}

// requireEqualStores holds that, key by key and both ways, decoding every item
// gives exactly the rows. It drains first.
func (w *world) requireEqualStores(t testing.TB) {
	t.Helper()
	w.drain(t)
	require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
}

// texts returns every record of a store, its columns as text.
func (w *world) texts(t testing.TB, s store.Reader) map[transform.Key][]string {
	t.Helper()
	all := make(map[transform.Key][]string)
	for _, e := range w.contract.Entities {
		after := ""
		for {
			page, err := s.Scan(context.Background(), store.At{Captured: true}, store.Range{Entity: e, After: after, Limit: 100})
			require.NoError(t, err)
			for _, row := range page.Rows {
				if !row.Live {
					continue
				}
				require.NoError(t, row.Err)
				for i := range e.Columns {
					v := row.Record.At(i)
					all[row.Key] = append(all[row.Key], v.Kind().String()+" "+v.Text())
				}
			}
			if after = page.Next; after == "" {
				break
			}
		}
	}
	return all
}

// row returns what a store has at a user's key.
func (w *world) row(t testing.TB, s store.Reader, id int64) store.Row {
	t.Helper()
	row, err := s.Get(context.Background(), store.At{Captured: true}, w.key(t, id))
	require.NoError(t, err)
	return row
}

func (w *world) key(t testing.TB, id int64) transform.Key {
	t.Helper()
	key, err := w.contract.Entity("Users").KeyOf(id)
	require.NoError(t, err)
	return key
}

// count returns the count in a store's profile of a user, -1 if it is not there.
func (w *world) count(t testing.TB, s store.Reader, id int64) int {
	t.Helper()
	row := w.row(t, s, id)
	if !row.Live {
		return -1
	}
	binding, err := transform.Bind[User](w.contract.Entity("Users"))
	require.NoError(t, err)
	var u User
	require.NoError(t, binding.Into(row.Record, &u))
	return u.Profile.Count
}

// quiet are options under which a process's relay finds nothing to do: what
// happens is what the test itself does.
func quiet() *migrationctl.Options {
	return &migrationctl.Options{RelayPoll: time.Hour}
}

// randomName is a name that no other record has.
func randomName() string { return strings.ToLower(rand.Text()[:12]) }
