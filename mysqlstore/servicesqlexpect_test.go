package mysqlstore_test

import (
	"context"
	"sync"
	"testing"

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

// TestNothingSlipsInFurtherDown: what comes to refer, after the service's first Read, to a
// record that goes along and is not locked yet, goes along with its change record: what that
// Read sees is of before.
func TestNothingSlipsInFurtherDown(t *testing.T) {
	for name, comes := range map[string]string{
		"inserted": "INSERT INTO toys (toy_id, pet_owner, pet_name) VALUES (3, 1, 'rex')",
		"moved":    "UPDATE toys SET pet_owner = 1, pet_name = 'rex' WHERE toy_id = 4",
	} {
		f := newFamilies(t)
		f.db.MustExec("INSERT INTO people (person_id) VALUES (1), (2)")
		f.db.MustExec("INSERT INTO pets (owner_id, name) VALUES (1, 'rex'), (2, 'bo')")
		f.db.MustExec("INSERT INTO toys (toy_id, pet_owner, pet_name) VALUES (2, 2, 'bo'), (4, 2, 'bo')")
		toys := plainSQL(f.c)["Toys"]
		read, meanwhile := toys.Read, func() {}
		toys.Read = func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
			all, err := read(ctx, q, keys)
			meanwhile()
			return all, err
		}
		s, err := mysqlstore.New(f.db, f.c, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{"Toys": toys}})
		require.NoError(t, err)
		key := f.key("Toys", 2)
		seen, err := s.Get(f.ctx, f.at, key)
		require.NoError(t, err)
		meanwhile = sync.OnceFunc(func() { f.db.MustExec(comes) })
		var along []transform.Key
		_, err = s.Write(f.ctx, f.at, store.Write{
			Mutations: []store.Mutation{
				{Op: store.Delete, Key: f.key("People", 1)},
				{Op: store.Update, Key: key, Expect: &seen, Modify: func(rec transform.Record) error { return rec.Set("note", transform.TextValue("1")) }},
			},
			Along: func(all []store.Along) error {
				along = nil
				for _, a := range all {
					along = append(along, a.Key)
				}
				return nil
			},
		})
		require.NoError(t, err, name)
		gone := map[string]transform.Key{"inserted": f.key("Toys", 3), "moved": f.key("Toys", 4)}[name]
		require.ElementsMatch(t, []transform.Key{f.key("Pets", 1, "rex"), gone}, along, name)
		row, err := s.Get(f.ctx, f.at, gone)
		require.NoError(t, err)
		require.False(t, row.Live)
	}
}

// TestCountedAgainWhereItRefersNow: what goes along may have come to refer elsewhere after
// the service's first Read. The records that count it now are told, and not those of before.
func TestCountedAgainWhereItRefersNow(t *testing.T) {
	d := newRacks(t, false, "INSERT INTO racks (rack_id) VALUES (1), (4), (5), (6)",
		"INSERT INTO articles (shop, number, rack_id, extra_id) VALUES ('a', 2, 4, NULL), ('a', 3, 1, 5)")
	articles := plainSQL(d.c)["Articles"]
	read, meanwhile := articles.Read, func() {}
	articles.Read = func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
		all, err := read(ctx, q, keys)
		meanwhile()
		return all, err
	}
	s, err := mysqlstore.New(d.db, d.c, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{"Articles": articles}})
	require.NoError(t, err)
	from, err := s.Phase(d.ctx)
	require.NoError(t, err)
	at := store.At{Epoch: from.Epoch, Captured: true}
	seen, err := s.Get(d.ctx, at, d.article(2))
	require.NoError(t, err)
	meanwhile = sync.OnceFunc(func() { d.db.MustExec("UPDATE articles SET extra_id = 6 WHERE shop = 'a' AND number = 3") })
	_, err = s.Write(d.ctx, at, store.Write{Mutations: []store.Mutation{
		{Op: store.Delete, Key: d.key("Racks", 1)},
		{Op: store.Update, Key: d.article(2), Expect: &seen, Modify: func(rec transform.Record) error { return rec.Set("note", transform.TextValue("x")) }},
	}})
	require.NoError(t, err)
	require.Equal(t, []string{"Articles a/2", "Articles a/3", "Racks 1", "Racks 6"}, d.dirty())
}
