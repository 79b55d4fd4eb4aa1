package mysqlstore_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// copying is a store of the suite's contract of copies, captured: items of wares have the
// name of their section, those of basket lines name, price and sold_out of their ware,
// and those of sections the name of the one above.
type copying struct {
	*mysqlstore.Store
	t     testing.TB
	ctx   context.Context
	db    *sqlx.DB // not the store's
	pool  *sqlx.DB // the store's
	hooks *hooks   // of its connections
	c     *transform.Contract
	at    store.At
}

// newCopying makes tables and store. The statements come after the tables; edits are
// pairs of what is replaced in contract and schema before.
func newCopying(t testing.TB, statements []string, edits ...string) *copying {
	t.Helper()
	c := &copying{t: t, ctx: context.Background()}
	replace := strings.NewReplacer(edits...)
	text, err := os.ReadFile("../dal/storetest/testdata/copies.json")
	require.NoError(t, err)
	c.c, err = transform.Load([]byte(replace.Replace(string(text))))
	require.NoError(t, err)
	dsn := enginetest.MySQL(t)
	c.db = openDB(t, dsn)
	for _, statement := range append(storetest.Schema(c.c), statements...) {
		c.db.MustExec(replace.Replace(statement))
	}
	c.pool, c.hooks = openHooked(t, dsn)
	c.Store, err = mysqlstore.New(c.pool, c.c, nil)
	require.NoError(t, err)
	require.NoError(t, c.Init(c.ctx))
	c.mark(store.Open)
	return c
}

// mark brings the store to a mark under capture, in the next epoch where there must be
// one.
func (c *copying) mark(state store.State) {
	c.t.Helper()
	from, err := c.Phase(c.ctx)
	require.NoError(c.t, err)
	to := from
	if to.State = state; store.CheckAdvance(from, to) != nil || !from.Capture {
		to.Epoch++
	}
	if to.Capture = true; to.CaptureEpoch == 0 {
		to.CaptureEpoch = to.Epoch
	}
	require.NoError(c.t, c.Advance(c.ctx, from, to, store.AuditEntry{}))
	c.at = store.At{Epoch: to.Epoch, Captured: true}
}

func (c *copying) key(entity string, values ...any) transform.Key {
	c.t.Helper()
	key, err := c.c.Entity(entity).KeyOf(values...)
	require.NoError(c.t, err)
	return key
}

// set is an update of one column, to NULL if the text is "NULL".
func (c *copying) set(key transform.Key, column, text string) store.Mutation {
	return store.Mutation{Op: store.Update, Key: key, Modify: func(r transform.Record) error { return set(r, column, text) }}
}

func set(r transform.Record, column, text string) error {
	if text == "NULL" {
		return r.Set(column, transform.Value{})
	}
	v, err := r.Entity().Columns[r.Entity().ColumnIndex(column)].Parse(text)
	if err != nil {
		return err
	}
	return r.Set(column, v)
}

// put is a put of what is at the key, with some columns set.
func (c *copying) put(key transform.Key, columns ...string) store.Mutation {
	c.t.Helper()
	row, err := c.Get(c.ctx, store.At{}, key)
	require.NoError(c.t, err)
	rec := row.Record
	for i := 0; i < len(columns); i += 2 {
		require.NoError(c.t, set(rec, columns[i], columns[i+1]))
	}
	return store.Mutation{Op: store.Put, Key: key, Record: rec}
}

func (c *copying) write(m ...store.Mutation) store.Written {
	c.t.Helper()
	w, err := c.Write(c.ctx, c.at, store.Write{Mutations: m})
	require.NoError(c.t, err)
	return w
}

// version returns the version of a key's change record.
func (c *copying) version(key transform.Key) store.Version {
	c.t.Helper()
	row, err := c.Get(c.ctx, store.At{Captured: true}, key)
	require.NoError(c.t, err)
	return row.Version
}

// marks returns the fan-out marks, each of which must be at a version that its change
// record has or has had, and removes them.
func (c *copying) marks() []string {
	c.t.Helper()
	page, err := c.FanOuts(c.ctx, store.DirtyRange{Limit: 100})
	require.NoError(c.t, err)
	require.Empty(c.t, page.Next)
	b, err := c.Backlog(c.ctx)
	require.NoError(c.t, err)
	require.EqualValues(c.t, len(page.Marks), b.FanOuts)
	keys := []string{}
	for _, f := range page.Marks {
		require.Len(c.t, f.Sources, 1)
		require.NotZero(c.t, f.Version)
		require.LessOrEqual(c.t, f.Version, c.version(f.Sources[0]))
		require.Empty(c.t, f.Ref+f.Reached)
		require.Empty(c.t, f.Own)
		keys = append(keys, f.Sources[0].Entity+" "+f.Sources[0].ID)
		require.NoError(c.t, c.CleanFanOut(c.ctx, f))
	}
	return keys
}

// Three sections, one above another, and wares and basket lines that refer to them.
var shop = []string{
	"INSERT INTO sections VALUES (1, 'one', NULL), (2, 'two', 1), (3, NULL, 1)",
	"INSERT INTO wares (shop, number, name, price, sold_out, stock, section_id) VALUES ('a', 1, 'a1', 1, 0, 5, 1), ('a', 2, 'a2', NULL, 0, 5, 2), ('b', 1, 'b1', 2, 1, 5, 1), ('c', 1, 'c1', 2, 1, 5, NULL)",
	"INSERT INTO basket_lines VALUES (1, 1, 'a', 1, 1), (1, 2, 'a', 2, 1), (2, 1, 'a', 1, 3), (3, 1, NULL, 1, 1), (4, 1, 'a', NULL, 1)",
}
