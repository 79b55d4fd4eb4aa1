package mysqlstore_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// TestServiceSQLGoesAlong: what a delete takes along by references goes through the
// Write of its entity, the last one first, so that what it writes beside is there too.
func TestServiceSQLGoesAlong(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "names the columns of a foreign key, and cascades as far as InnoDB")
	eachCapture(t, func(t *testing.T, bare bool) {
		f := newFamilies(t)
		if bare {
			from, err := f.Phase(f.ctx)
			require.NoError(t, err)
			to := from
			to.Epoch, to.Capture, to.CaptureEpoch = from.Epoch+1, false, 0
			require.NoError(t, f.Advance(f.ctx, from, to, store.AuditEntry{}))
			f.at = store.At{Epoch: to.Epoch}
		}
		var lines []string
		all := plainSQL(f.c)
		delete(all, "People")
		for name, own := range all {
			write := own.Write
			own.Write = func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change) error {
				what := "sets"
				if c.After.IsZero() {
					what = "deletes"
				}
				lines = append(lines, what+" "+name+" "+c.Key.ID)
				return write(ctx, tx, c)
			}
			all[name] = own
		}
		var err error
		f.Store, err = mysqlstore.New(f.db, f.c, &mysqlstore.Options{SQL: all})
		require.NoError(t, err)
		f.db.MustExec("INSERT INTO people (person_id, parent_id) VALUES (1, NULL), (2, 1), (3, NULL)")
		f.db.MustExec("INSERT INTO pets (owner_id, name, sitter_id) VALUES (2, 'rex', NULL), (3, 'bo', 2)")
		f.db.MustExec("INSERT INTO toys (toy_id, pet_owner, pet_name) VALUES (1, 2, 'rex')")
		w, err := f.remove(1, nil)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"deletes Toys 1", "deletes " + line(f.key("Pets", 2, "rex")), "sets " + line(f.key("Pets", 3, "bo"))}, lines)
		require.Less(t, index(lines, "Toys"), index(lines, "deletes Pets"))
		if !bare {
			require.Len(t, w.Changes, 5)
		}
		var left []string
		require.NoError(t, f.db.Select(&left, "SELECT CONCAT_WS(' ', owner_id, name, COALESCE(sitter_id, 'nobody')) FROM pets"))
		require.Equal(t, []string{"3 bo nobody"}, left)
	})
}

func line(key transform.Key) string { return key.Entity + " " + key.ID }

func index(lines []string, part string) int {
	for i, l := range lines {
		if strings.Contains(l, part) {
			return i
		}
	}
	return -1
}

// TestServiceSQLBesideTriggers: where triggers capture, they record what the service's
// own statements write to other records, and the write tells the version that its key
// then has.
func TestServiceSQLBesideTriggers(t *testing.T) {
	enginetest.NeedsRealMySQL(t, hasTriggers)
	f := newServiced(t, setting{}, func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change, plain func() error) error {
		if err := plain(); err != nil || c.After.IsZero() {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO stock (place, item, quantity) VALUES (?, 1, 1) ON DUPLICATE KEY UPDATE quantity = quantity + 1", "of "+c.After.At(1).Text())
		return err
	})
	f.install()
	_, err := f.store.Phase(f.ctx) // learns of the triggers
	require.NoError(t, err)
	told := func(w store.Written) {
		t.Helper()
		for i, row := range w.Rows {
			var version uint64
			require.NoError(t, f.db.Get(&version, "SELECT version FROM crossfade_change WHERE entity = ? AND id = ? AND dirty = 1", row.Key.Entity, []byte(row.Key.ID)))
			require.Equal(t, version, uint64(row.Version))
			require.Equal(t, []store.KeyVersion{{Key: row.Key, Version: row.Version}}, w.Changes[i].Keys)
		}
	}
	told(f.write(f.create(f.user(1)), f.put(f.user(2))))
	f.clean()
	told(f.write(f.update(f.user(1), "email", "x")))
	var dirty []string
	require.NoError(t, f.db.Select(&dirty, "SELECT entity FROM crossfade_change WHERE dirty = 1 ORDER BY entity"))
	require.Equal(t, []string{"Stock", "Users"}, dirty)
	told(f.write(store.Mutation{Op: store.Create, Record: f.ticket(0, "a1")}))
	told(f.write(f.remove(f.user(1))))
	require.NoError(t, f.store.Ready(f.ctx))
}

// TestServiceSQLCounts: rows that Read does not show are not counted.
func TestServiceSQLCounts(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "names the columns of a foreign key, and cascades as far as InnoDB")
	f := newFamilies(t)
	plain := plainSQL(f.c)["Pets"]
	read := plain.Read
	plain.Read = func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
		all, err := read(ctx, q, keys)
		var shown []transform.Record
		for _, rec := range all {
			if name, _ := rec.Get("name"); name.Text() != "gone" {
				shown = append(shown, rec)
			}
		}
		return shown, err
	}
	s, err := mysqlstore.New(f.db, f.c, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{"Pets": plain}})
	require.NoError(t, err)
	f.db.MustExec("INSERT INTO people (person_id) VALUES (1), (2)")
	f.db.MustExec("INSERT INTO pets (owner_id, name) VALUES (1, 'rex'), (1, 'gone'), (1, 'bo'), (2, 'gone')")
	var owner *transform.Reference
	for _, r := range f.c.Entity("Pets").References {
		if r.Field() == "owner_id" {
			owner = r
		}
	}
	for _, at := range []store.At{{}, f.at} {
		n, err := s.Count(f.ctx, at, store.Count{By: owner, Keys: []transform.Key{f.key("People", 1), f.key("People", 2), f.key("People", 1)},
			Except: []transform.Key{f.key("Pets", 1, "bo")}})
		require.NoError(t, err)
		require.Equal(t, []int64{1, 0, 1}, n)
	}
}
