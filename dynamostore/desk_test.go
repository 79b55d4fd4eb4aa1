package dynamostore

import (
	"context"
	_ "embed"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

//go:embed testdata/authority.json
var authorityText []byte

// A desk is a process at which the store is the authority: it holds a lease of
// an hour in epoch 1, captured.
type desk struct {
	*testing.T
	*Store
	ctx    context.Context
	client *dynamodb.Client
	srv    *dynamotest.Server // nil where the engine is another one
	at     store.At

	accounts, notes, tickets *transform.Entity
}

// inProcess runs on dynamotest, which can be broken on request.
func inProcess(t *testing.T) *desk {
	srv := dynamotest.Start(t)
	d := newDesk(t, NewClient(srv.Config(), &ClientOptions{AttemptTimeout: time.Minute}))
	d.srv = srv
	return d
}

// everywhere runs the test on each engine, or, where tests are to be short, on
// dynamotest alone.
func everywhere(t *testing.T, test func(t *testing.T, d *desk)) {
	if testing.Short() {
		test(t, inProcess(t))
		return
	}
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		c, err := transform.Load(authorityText)
		require.NoError(t, err)
		test(t, deskOf(t, client, emptyStore(t, client, c)))
	})
}

// onItsOwn is everywhere for a test that changes the tables.
func onItsOwn(t *testing.T, test func(t *testing.T, d *desk)) {
	if testing.Short() {
		test(t, inProcess(t))
		return
	}
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) { test(t, newDesk(t, client)) })
}

func newDesk(t *testing.T, client *dynamodb.Client) *desk {
	c, err := transform.Load(authorityText)
	require.NoError(t, err)
	return newDeskOf(t, client, c)
}

// newDeskOf is newDesk with another contract. Its tables are its own.
func newDeskOf(t *testing.T, client *dynamodb.Client, c *transform.Contract) *desk {
	s, err := New(client, c, &Options{TablePrefix: enginetest.Prefix(t)})
	require.NoError(t, err)
	deleteTables(t, client, s)
	require.NoError(t, s.Apply(t.Context(), nil, nil))
	return deskOf(t, client, s)
}

// deskOf is the desk of a store whose tables are there.
func deskOf(t *testing.T, client *dynamodb.Client, s *Store) *desk {
	c := s.contract
	d := &desk{
		T: t, Store: s, ctx: t.Context(), client: client,
		accounts: c.Entity("Accounts"), notes: c.Entity("Notes"), tickets: c.Entity("Tickets"),
	}
	require.NoError(t, s.Init(d.ctx))
	d.advance(func(p *store.PhaseRecord) {
		p.State, p.Phase, p.Epoch, p.Capture = store.Open, store.DynamoDBPrimary, 1, true
	})
	return d
}

// with returns the desk of another process, which may have another client and
// other options.
func (d *desk) with(client Client, opts Options) *desk {
	opts.TablePrefix = d.opts.TablePrefix
	s, err := New(client, d.contract, &opts)
	require.NoError(d, err)
	other := *d
	other.Store = s
	return &other
}

// advance changes the phase record and takes a lease in its epoch.
func (d *desk) advance(change func(*store.PhaseRecord)) {
	d.Helper()
	from, err := d.Phase(d.ctx)
	require.NoError(d, err)
	to := from
	change(&to)
	require.NoError(d, d.Advance(d.ctx, from, to, store.AuditEntry{}))
	d.at = atEpoch(to.Epoch, to.Capture)
}

// atEpoch returns an operation's phase with a lease of an hour.
func atEpoch(epoch uint64, captured bool) store.At {
	at := store.At{Epoch: epoch, Captured: captured, Lease: &store.Lease{}}
	at.Lease.Extend(epoch, time.Now(), time.Hour)
	return at
}

// bare makes the writes of the desk leave no change items.
func (d *desk) bare() *desk {
	other := *d
	other.at = atEpoch(d.at.Epoch, false)
	return &other
}

func (d *desk) record(e *transform.Entity, changes ...string) transform.Record {
	d.Helper()
	r := e.NewRecord()
	d.set(r, changes...)
	return r
}

// set changes columns, given as pairs of name and text; "NULL" is NULL.
func (d *desk) set(r transform.Record, changes ...string) {
	d.Helper()
	for i := 0; i < len(changes); i += 2 {
		v := transform.Value{}
		if changes[i+1] != "NULL" {
			var err error
			v, err = r.Entity().Columns[r.Entity().ColumnIndex(changes[i])].Parse(changes[i+1])
			require.NoError(d, err)
		}
		require.NoError(d, r.Set(changes[i], v))
	}
}

func (d *desk) note(code string, changes ...string) transform.Record {
	return d.record(d.notes, append([]string{"code", code}, changes...)...)
}

func (d *desk) account(id, name string, changes ...string) transform.Record {
	return d.record(d.accounts, append([]string{"id", id, "name", name}, changes...)...)
}

func (d *desk) keyOf(r transform.Record) transform.Key { return keyOf(d, r) }

func (d *desk) create(r transform.Record) store.Mutation {
	m := store.Mutation{Op: store.Create, Record: r}
	if i := r.Entity().Sequence; i < 0 || !r.At(i).IsNull() {
		m.Key = d.keyOf(r)
	}
	return m
}

func (d *desk) replace(r transform.Record) store.Mutation {
	return store.Mutation{Op: store.Put, Key: d.keyOf(r), Record: r}
}

func (d *desk) remove(r transform.Record) store.Mutation {
	return store.Mutation{Op: store.Delete, Key: d.keyOf(r)}
}

func (d *desk) update(r transform.Record, changes ...string) store.Mutation {
	return store.Mutation{Op: store.Update, Key: d.keyOf(r), Modify: func(r transform.Record) error {
		d.set(r, changes...)
		return nil
	}}
}

func (d *desk) try(m ...store.Mutation) (store.Written, error) {
	return d.Write(d.ctx, d.at, store.Write{Mutations: m})
}

// write is try for what must succeed.
func (d *desk) write(m ...store.Mutation) store.Written {
	d.Helper()
	w, err := d.try(m...)
	require.NoError(d, err)
	require.Len(d, w.Rows, len(m))
	return w
}

// requireRefused requires an error of the kind and outcome.
func requireRefused(t testing.TB, err, kind error, outcome store.Outcome) *store.Error {
	t.Helper()
	require.ErrorIs(t, err, kind)
	var e *store.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, outcome, e.Outcome, err)
	return e
}

// row reads what is at the key, as the relay does.
func (d *desk) row(r transform.Record) store.Row {
	d.Helper()
	row, err := d.Get(d.ctx, store.At{Captured: true}, d.keyOf(r))
	require.NoError(d, err)
	return row
}

// holds requires that the record is there, or that nothing is.
func (d *desk) holds(r transform.Record) {
	d.Helper()
	row := d.row(r)
	require.True(d, row.Live)
	require.True(d, r.Equal(row.Record), "columns %v differ", r.Diff(row.Record))
}

// dirty returns the change items of all shards, in pages of two.
func (d *desk) dirty() []store.Change {
	d.Helper()
	var all []store.Change
	for n := range d.Shards() {
		for r := (store.DirtyRange{Shard: n, Limit: 2}); ; {
			page, err := d.Dirty(d.ctx, r)
			require.NoError(d, err)
			require.LessOrEqual(d, len(page.Changes), 2)
			all = append(all, page.Changes...)
			if r.After = page.Next; r.After == "" {
				break
			}
		}
	}
	return all
}

// cleanAll removes every change item.
func (d *desk) cleanAll() {
	d.Helper()
	for _, c := range d.dirty() {
		require.NoError(d, d.Clean(d.ctx, c))
	}
}

// holders returns who holds which unique value, by the end of the guard's key.
func (d *desk) holders() map[string]string {
	d.Helper()
	holders := map[string]string{}
	in := &dynamodb.ScanInput{TableName: &d.library.table, ConsistentRead: aws.Bool(true)}
	for {
		out, err := d.client.Scan(d.ctx, in)
		require.NoError(d, err)
		for _, it := range out.Items {
			if _, value, ok := strings.Cut(scalarText(it[libraryPK]), "#unique#"); ok {
				holders[value] = owner(it).ID
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(out.LastEvaluatedKey) == 0 {
			return holders
		}
	}
}

// requests returns the operations that the server has seen since the call
// before, with how many of each.
func (d *desk) requests() map[string]int {
	d.Helper()
	n := map[string]int{}
	for _, r := range d.srv.Requests() {
		n[r.Operation]++
	}
	d.srv.ClearRequests()
	return n
}

// everything returns all items of all tables, by table and key.
func (d *desk) everything() map[string]item {
	d.Helper()
	all := map[string]item{}
	tables := []*place{d.library}
	for _, name := range slices.Sorted(maps.Keys(d.places)) {
		tables = append(tables, d.places[name])
	}
	for _, p := range tables {
		out, err := d.client.Scan(d.ctx, &dynamodb.ScanInput{TableName: &p.table, ConsistentRead: aws.Bool(true)})
		require.NoError(d, err)
		for _, it := range out.Items {
			all[p.slot(it)] = it
		}
	}
	return all
}

// rawPut writes an item as something else than the library would.
func (d *desk) rawPut(p *place, it item) error {
	_, err := d.client.PutItem(d.ctx, &dynamodb.PutItemInput{TableName: &p.table, Item: it})
	return err
}
