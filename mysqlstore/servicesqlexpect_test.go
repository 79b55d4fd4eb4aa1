package mysqlstore_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// TestServiceSQLExpected: what the service's own Write of one record changes in another one
// is not what the write expects of that.
func TestServiceSQLExpected(t *testing.T) {
	eachCapture(t, func(t *testing.T, bare bool) {
		called := 0
		f := newFixture(t, setting{bare: bare, own: func(c *transform.Contract) map[string]mysqlstore.SQL {
			users := plainSQL(c)["Users"]
			plain := users.Write
			users.Write = func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change) error {
				called++
				if err := plain(ctx, tx, c); err != nil {
					return err
				}
				_, err := tx.ExecContext(ctx, "UPDATE stock SET label = ? WHERE item = ?", c.After.At(1).Text(), c.Key.ID)
				return err
			}
			return map[string]mysqlstore.SQL{"Users": users}
		}})
		user, shelf := f.user(1), f.shelf("a", 1, 0)
		f.write(f.create(user), f.create(shelf))
		f.write(f.update(user, "username", "ann"), f.upon(f.increment(shelf)))
		require.Equal(t, []string{"1", "ann"}, []string{f.text(shelf, "quantity"), f.text(shelf, "label")})
		f.write(f.upon(f.increment(shelf)), f.upon(f.update(user, "username", "bob")))
		require.Equal(t, []string{"2", "bob"}, []string{f.text(shelf, "quantity"), f.text(shelf, "label")})

		stale := f.upon(f.update(user, "username", "eve"))
		f.write(f.update(user, "username", "dan"))
		called = 0
		_, err := f.try(f.increment(shelf), stale)
		refused(t, err, store.ErrChanged)
		require.Zero(t, called)
		require.Equal(t, "2", f.text(shelf, "quantity"))
	})
}

// TestNothingSlipsInBeforeTheServicesRead: a service's own Read sees what was there at the
// first one, so that what is deleted by the same write is locked before.
func TestNothingSlipsInBeforeTheServicesRead(t *testing.T) {
	f := newFamilies(t)
	f.db.MustExec("INSERT INTO people (person_id) VALUES (1), (2)")
	f.db.MustExec("INSERT INTO pets (owner_id, name) VALUES (1, 'rex'), (2, 'bo')")
	pets := plainSQL(f.c)["Pets"]
	read, meanwhile := pets.Read, func() {}
	pets.Read = func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
		all, err := read(ctx, q, keys)
		meanwhile()
		return all, err
	}
	s, err := mysqlstore.New(f.db, f.c, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{"Pets": pets}})
	require.NoError(t, err)
	key := f.key("Pets", 2, "bo")
	seen, err := s.Get(f.ctx, f.at, key)
	require.NoError(t, err)
	came := make(chan error, 1)
	meanwhile = sync.OnceFunc(func() {
		go func() {
			_, err := f.db.ExecContext(f.ctx, "INSERT INTO pets (owner_id, name) VALUES (1, 'new')")
			came <- err
		}()
		f.waiting()
	})
	_, err = s.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{
		{Op: store.Delete, Key: f.key("People", 1)},
		{Op: store.Update, Key: key, Expect: &seen, Modify: func(rec transform.Record) error { return rec.Set("chip", transform.TextValue("1")) }},
	}})
	require.NoError(t, err)
	require.Error(t, <-came, "its owner was gone")
}

// beside begins a statement on a connection of its own, and returns once it is done or waits
// for a lock. The channel then gives how many rows it has changed, -1 for an error.
func beside(t testing.TB, db *sqlx.DB, statement string) <-chan int64 {
	t.Helper()
	done := make(chan int64, 1)
	go func() {
		n := int64(-1)
		if r, err := db.ExecContext(context.Background(), statement); err == nil {
			n, _ = r.RowsAffected()
		}
		done <- n
	}()
	require.Eventually(t, func() bool {
		var n int
		err := db.Get(&n, "SELECT COUNT(*) FROM information_schema.innodb_trx t"+
			" JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()")
		return err == nil && n > 0 || len(done) > 0
	}, 30*time.Second, 150*time.Millisecond)
	return done
}

// meanwhile has the service's Read followed, the first time, by a statement of somebody
// else's. after gives what that has changed.
func meanwhile(t testing.TB, db *sqlx.DB, own mysqlstore.SQL, statement string) (with mysqlstore.SQL, after func() int64) {
	var done <-chan int64
	begin := sync.OnceFunc(func() { done = beside(t, db, statement) })
	with = own
	with.Read = func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
		all, err := own.Read(ctx, q, keys)
		begin()
		return all, err
	}
	return with, func() int64 { return <-done }
}

// TestNothingSlipsInFurtherDown: what a delete takes along is locked, level by level, before
// the service's first Read. What would come to refer to it then finds it gone.
func TestNothingSlipsInFurtherDown(t *testing.T) {
	for name, comes := range map[string]string{
		"inserted": "INSERT INTO toys (toy_id, pet_owner, pet_name) VALUES (3, 1, 'rex')",
		"moved":    "UPDATE toys SET pet_owner = 1, pet_name = 'rex' WHERE toy_id = 4",
	} {
		f := newFamilies(t)
		f.db.MustExec("INSERT INTO people (person_id) VALUES (1), (2)")
		f.db.MustExec("INSERT INTO pets (owner_id, name) VALUES (1, 'rex'), (2, 'bo')")
		f.db.MustExec("INSERT INTO toys (toy_id, pet_owner, pet_name) VALUES (2, 2, 'bo'), (4, 2, 'bo')")
		key := f.key("Toys", 2)
		seen, err := f.Get(f.ctx, f.at, key)
		require.NoError(t, err)
		toys, came := meanwhile(t, f.db, plainSQL(f.c)["Toys"], comes)
		s, err := mysqlstore.New(f.db, f.c, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{"Toys": toys}})
		require.NoError(t, err)
		_, err = s.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{
			{Op: store.Delete, Key: f.key("People", 1)},
			{Op: store.Update, Key: key, Expect: &seen, Modify: func(rec transform.Record) error { return rec.Set("note", transform.TextValue("1")) }},
		}})
		require.NoError(t, err, name)
		require.EqualValues(t, -1, came(), "%s: the pet is gone", name)
	}
}

// TestLeftWithoutATargetAsItIs: what the service is told to write of a record that loses its
// target is of now, in all its columns.
func TestLeftWithoutATargetAsItIs(t *testing.T) {
	f := newFamilies(t)
	f.db.MustExec("INSERT INTO people (person_id) VALUES (1), (2)")
	f.db.MustExec("INSERT INTO pets (owner_id, name, sitter_id) VALUES (2, 'bo', 1)")
	own := plainSQL(f.c)
	people, came := meanwhile(t, f.db, own["People"], "UPDATE pets SET chip = 'new' WHERE owner_id = 2 AND name = 'bo'")
	pets := own["Pets"]
	pets.Write = func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change) error {
		var chip, sitter any
		if v, _ := c.After.Get("chip"); !v.IsNull() {
			chip = v.Text()
		}
		if v, _ := c.After.Get("sitter_id"); !v.IsNull() {
			sitter = v.Text()
		}
		_, err := tx.ExecContext(ctx, "UPDATE pets SET chip = ?, sitter_id = ? WHERE owner_id = 2 AND name = 'bo'", chip, sitter)
		return err
	}
	s, err := mysqlstore.New(f.db, f.c, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{"People": people, "Pets": pets}})
	require.NoError(t, err)
	_, err = s.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: f.key("People", 1)}}})
	require.NoError(t, err)
	require.EqualValues(t, 1, came())
	row, err := f.Get(f.ctx, f.at, f.key("Pets", 2, "bo"))
	require.NoError(t, err)
	chip, _ := row.Record.Get("chip")
	sitter, _ := row.Record.Get("sitter_id")
	require.Equal(t, "new", chip.Text())
	require.True(t, sitter.IsNull())
}

// TestNothingComesToLifeBeforeItGoes: a row that the service takes for no record stays none
// until it has gone with its target, or is one by then and has a change record.
func TestNothingComesToLifeBeforeItGoes(t *testing.T) {
	s, d, came := besideRacks(t, "UPDATE articles SET note = NULL WHERE shop = 'a' AND number = 3", "gone")
	d.deleteAndUpdate(s)
	require.Zero(t, came(), "it has gone")
	require.Equal(t, []string{"Articles a/2", "Racks 1"}, d.dirty())
}

// TestCountedWhereItRefersNow: what goes along refers to what the service's Read has seen.
func TestCountedWhereItRefersNow(t *testing.T) {
	s, d, came := besideRacks(t, "UPDATE articles SET extra_id = 6 WHERE shop = 'a' AND number = 3", "there")
	d.deleteAndUpdate(s)
	require.Zero(t, came(), "it has gone")
	require.Equal(t, []string{"Articles a/2", "Articles a/3", "Racks 1", "Racks 5"}, d.dirty())
}

// besideRacks returns a store whose articles the service reads, but for those that are noted
// as gone, and article 3 of that note, which refers to racks 1 and 5.
func besideRacks(t *testing.T, statement, note string) (*mysqlstore.Store, *deliveries, func() int64) {
	d := newRacks(t, false, "INSERT INTO racks (rack_id) VALUES (1), (4), (5), (6)",
		"INSERT INTO articles (shop, number, rack_id, extra_id, note) VALUES ('a', 2, 4, NULL, NULL), ('a', 3, 1, 5, '"+note+"')")
	articles, came := meanwhile(t, d.db, plainSQL(d.c)["Articles"], statement)
	read := articles.Read
	articles.Read = func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
		all, err := read(ctx, q, keys)
		return slices.DeleteFunc(all, func(rec transform.Record) bool {
			v, _ := rec.Get("note")
			return v.Text() == "gone"
		}), err
	}
	s, err := mysqlstore.New(d.db, d.c, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{"Articles": articles}})
	require.NoError(t, err)
	return s, d, came
}

// deleteAndUpdate deletes rack 1 and updates article 2 upon what was read.
func (d *deliveries) deleteAndUpdate(s *mysqlstore.Store) {
	d.Helper()
	seen, err := d.Get(d.ctx, d.at, d.article(2))
	require.NoError(d, err)
	_, err = s.Write(d.ctx, d.at, store.Write{Mutations: []store.Mutation{
		{Op: store.Delete, Key: d.key("Racks", 1)},
		{Op: store.Update, Key: d.article(2), Expect: &seen, Modify: func(rec transform.Record) error { return rec.Set("note", transform.TextValue("x")) }},
	}})
	require.NoError(d, err)
}
