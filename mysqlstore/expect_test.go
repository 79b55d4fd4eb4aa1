package mysqlstore_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// upon returns the mutation with what is at its key now as its expectation.
func (f *fixture) upon(m store.Mutation) store.Mutation {
	f.t.Helper()
	row, err := f.store.Get(f.ctx, f.at, m.Key)
	require.NoError(f.t, err)
	m.Expect = &row
	return m
}

// reads returns the statements since reset that read with a lock, without their beginnings.
func (h *hooks) reads() []string {
	var all []string
	for _, query := range h.seen() {
		if _, from, ok := strings.Cut(query, " FROM `"); ok && strings.HasPrefix(query, "SELECT ") {
			all = append(all, from)
		}
	}
	return all
}

// TestExpectedIsReadOnce: what mutations expect is read before the first of them, in the
// order of the keys, and by as many statements as if each were compared in its turn.
func TestExpectedIsReadOnce(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		a, b, c, d := f.user(1), f.user(2), f.shelf("a", 1, 0), f.shelf("b", 1, 0)
		f.write(f.create(a), f.create(b), f.create(c), f.create(d))
		all := []store.Mutation{f.upon(f.update(b, "username", "b")), f.update(d, "label", "d"), f.upon(f.put(f.shelf("a", 1, 2))), f.upon(f.remove(a))}
		f.hooks.reset(nil, nil)
		f.write(all...)
		tables := []string{"stock", "users", "users", "stock"} // the last one's in its turn
		reads := f.hooks.reads()
		require.Len(t, reads, len(tables), "%q", reads)
		for i, read := range reads {
			require.True(t, strings.HasPrefix(read, tables[i]+"`") && strings.HasSuffix(read, " FOR UPDATE"), "%d: %s", i, read)
		}
		changes := func(query string) bool {
			return strings.HasPrefix(query, "UPDATE `") || strings.HasPrefix(query, "DELETE ")
		}
		require.Greater(t, slices.IndexFunc(f.hooks.seen(), changes), slices.IndexFunc(f.hooks.seen(), func(query string) bool {
			return strings.HasSuffix(query, reads[2])
		}), "nothing is changed before")

		one := f.upon(f.update(b, "username", "c"))
		f.hooks.reset(nil, nil)
		f.write(one)
		require.Len(t, f.hooks.reads(), 1)
	}
}

// TestExpectedBesideATrigger: a trigger of the service's own changes a record that the same
// write changes upon what was read. In either order both changes are there.
func TestExpectedBesideATrigger(t *testing.T) {
	enginetest.NeedsRealMySQL(t, hasTriggers)
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		f.db.MustExec("CREATE TRIGGER named AFTER UPDATE ON users FOR EACH ROW UPDATE stock SET label = NEW.username WHERE item = NEW.user_id")
		user, shelf := f.user(1), f.shelf("a", 1, 0)
		f.write(f.create(user), f.create(shelf))
		f.write(f.update(user, "username", "ann"), f.upon(f.increment(shelf)))
		require.Equal(t, []string{"1", "ann"}, []string{f.text(shelf, "quantity"), f.text(shelf, "label")})
		f.write(f.upon(f.increment(shelf)), f.update(user, "username", "bob"))
		require.Equal(t, []string{"2", "bob"}, []string{f.text(shelf, "quantity"), f.text(shelf, "label")})
		whole := f.shelf("a", 1, 5)
		require.NoError(t, whole.Set("label", transform.TextValue("bob")))
		f.write(f.update(user, "username", "cid"), f.upon(f.put(whole)))
		require.Equal(t, []string{"5", "bob"}, []string{f.text(shelf, "quantity"), f.text(shelf, "label")}, "a Put is of all that it says")

		f.db.MustExec("CREATE TRIGGER cleared BEFORE UPDATE ON users FOR EACH ROW DELETE FROM stock WHERE item = NEW.user_id")
		for _, m := range []store.Mutation{f.increment(shelf), f.put(f.shelf("a", 1, 7)), f.put(whole), f.remove(shelf)} {
			before := f.dump()
			_, err := f.try(f.update(user, "username", "eve"), f.upon(m))
			want := store.ErrChanged
			if m.Op == store.Delete {
				want = store.ErrNotFound
			}
			refused(t, err, want)
			require.Equal(t, before, f.dump(), "%s: what is gone is not said to be there", m.Op)
		}
	}
}

// TestNoLookWithoutNeed: without capture a delete is the statement that it always was, also
// beside others, unless what they change may go with it.
func TestNoLookWithoutNeed(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "cascades")
	c := storetest.FamilyContract(t)
	dsn := enginetest.MySQL(t)
	db := openDB(t, dsn)
	for _, statement := range storetest.Schema(c) {
		db.MustExec(statement)
	}
	pool, h := openHooked(t, dsn)
	s, err := mysqlstore.New(pool, c, nil)
	require.NoError(t, err)
	require.NoError(t, s.Init(t.Context()))
	remove := func(entity string, values ...any) store.Mutation {
		key, err := c.Entity(entity).KeyOf(values...)
		require.NoError(t, err)
		return store.Mutation{Op: store.Delete, Key: key}
	}
	for _, part := range []struct {
		reads int
		w     []store.Mutation
	}{
		{0, []store.Mutation{remove("Toys", 1), remove("Pets", 1, "rex"), remove("People", 1)}},
		{0, []store.Mutation{remove("Pets", 1, "rex"), remove("Rooms", 1)}},
		{2, []store.Mutation{remove("Pets", 1, "rex"), remove("Toys", 2)}}, // the pet, and its toys
	} {
		for _, statement := range []string{"DELETE FROM toys", "DELETE FROM rooms", "DELETE FROM people", "INSERT INTO people (person_id) VALUES (1)",
			"INSERT INTO pets (owner_id, name) VALUES (1, 'rex')", "INSERT INTO toys (toy_id, pet_owner, pet_name) VALUES (1, 1, 'rex'), (2, NULL, NULL)", "INSERT INTO rooms (room_id) VALUES (1)"} {
			db.MustExec(statement)
		}
		h.reset(nil, nil)
		_, err := s.Write(t.Context(), store.At{Epoch: store.FirstEpoch}, store.Write{Mutations: part.w})
		require.NoError(t, err)
		require.Len(t, h.reads(), part.reads, "%q", h.seen())
	}
}

// TestCheckHoldsTheRowsOfItsRecord: a record that is only checked keeps the rows of other
// tables that it was read with, and gets no others, until the write is committed.
func TestCheckHoldsTheRowsOfItsRecord(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	for _, level := range []string{"READ-COMMITTED", "REPEATABLE-READ"} {
		o := newOrders(t)
		db := openDB(t, withParams(o.dsn, isolated(t, level)))
		s, err := mysqlstore.New(db, o.contract, nil)
		require.NoError(t, err)
		key := func(id int) transform.Key {
			key, err := o.contract.Entity("Orders").KeyOf(id)
			require.NoError(t, err)
			return key
		}
		for id := 1; id <= 2; id++ {
			_, err := s.Write(t.Context(), o.at, store.Write{Mutations: []store.Mutation{{Op: store.Create, Key: key(id), Record: o.order(int64(id), `[{"product": "a"}]`)}}})
			require.NoError(t, err)
		}
		seen, err := s.Get(t.Context(), o.at, key(1))
		require.NoError(t, err)
		var came <-chan int64
		_, err = s.Write(t.Context(), o.at, store.Write{Mutations: []store.Mutation{
			{Op: store.Check, Key: key(1), Expect: &seen},
			{Op: store.Update, Key: key(2), Modify: func(rec transform.Record) error {
				if came == nil {
					came = beside(t, o.db, "INSERT INTO order_lines (order_id, product) VALUES (1, 'b')")
				}
				require.Empty(t, came, "%s: it waits", level)
				return rec.Set("customer", transform.TextValue("x"))
			}},
		}})
		require.NoError(t, err)
		require.EqualValues(t, 1, <-came)
	}
}

// TestLookObeysTheFence: what a look for what goes along finds is no answer of another epoch.
func TestLookObeysTheFence(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "cascades")
	c := storetest.FamilyContract(t)
	db := openDB(t, enginetest.MySQL(t))
	for _, statement := range storetest.Schema(c) {
		db.MustExec(statement)
	}
	s, err := mysqlstore.New(db, c, nil)
	require.NoError(t, err)
	require.NoError(t, s.Init(t.Context()))
	db.MustExec("INSERT INTO people (person_id) VALUES (1), (2)")
	db.MustExec("INSERT INTO pets (owner_id, name) VALUES (1, 'rex'), (2, 'bo')")
	db.MustExec("INSERT INTO deeds (deed_id, holder_id) VALUES (1, 2)")
	key := func(entity string, values ...any) transform.Key {
		key, err := c.Entity(entity).KeyOf(values...)
		require.NoError(t, err)
		return key
	}
	rex := c.Entity("Pets").NewRecord()
	require.NoError(t, rex.Set("owner_id", transform.IntValue(1)))
	require.NoError(t, rex.Set("name", transform.TextValue("rex")))
	old := store.At{Epoch: store.FirstEpoch}
	for _, w := range []struct {
		kind error
		all  []store.Mutation
	}{
		{store.ErrInvalid, []store.Mutation{{Op: store.Delete, Key: key("People", 1)}, {Op: store.Delete, Key: key("Pets", 1, "rex")}}},
		{store.ErrExists, []store.Mutation{{Op: store.Delete, Key: key("People", 1)}, {Op: store.Create, Key: key("Pets", 1, "rex"), Record: rex}}},
		{store.ErrReferenced, []store.Mutation{{Op: store.Delete, Key: key("People", 2)}, {Op: store.Delete, Key: key("Pets", 2, "bo")}}},
	} {
		_, err := s.Write(t.Context(), old, store.Write{Mutations: w.all})
		refused(t, err, w.kind)
	}
	from, err := s.Phase(t.Context())
	require.NoError(t, err)
	to := from
	to.Epoch++
	require.NoError(t, s.Advance(t.Context(), from, to, store.AuditEntry{}))
	for _, all := range [][]store.Mutation{
		{{Op: store.Delete, Key: key("People", 1)}, {Op: store.Delete, Key: key("Pets", 1, "rex")}},
		{{Op: store.Delete, Key: key("People", 1)}, {Op: store.Create, Key: key("Pets", 1, "rex"), Record: rex}},
		{{Op: store.Delete, Key: key("People", 2)}, {Op: store.Delete, Key: key("Pets", 2, "bo")}},
	} {
		_, err := s.Write(t.Context(), old, store.Write{Mutations: all})
		refused(t, err, store.ErrWrongPhase)
	}
}

const teamsText = `{
  "group": "teams",
  "tables": [
    {
      "table": "Teams", "type": "single-entity", "source_table": "teams", "pk": "teamId",
      "attributes": [{"name": "teamId", "type": "N", "source_table": "teams", "source_column": "team_id"}],
      "columns": [{"name": "team_id", "type": "int"}],
      "primary_key": ["team_id"]
    },
    {
      "table": "Players", "type": "single-entity", "source_table": "players", "pk": "playerId",
      "attributes": [
        {"name": "playerId", "type": "N", "source_table": "players", "source_column": "player_id"},
        {"name": "teamId", "type": "N", "source_table": "players", "source_column": "team_id"}
      ],
      "columns": [{"name": "player_id", "type": "int", "generated": "auto_increment"}, {"name": "team_id", "type": "int", "null": true}],
      "primary_key": ["player_id"],
      "sequence": {"column": "player_id"},
      "references": [{"columns": ["team_id"], "entity": "Teams", "on_delete": "cascade"}]
    }
  ]
}`

// TestAssignedIsNamedToo: a record whose id MySQL assigns is changed by the write as any
// other one, and can't go with what the same write deletes.
func TestAssignedIsNamedToo(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "cascades")
	c, err := transform.Load([]byte(teamsText))
	require.NoError(t, err)
	db := openDB(t, enginetest.MySQL(t))
	db.MustExec("CREATE TABLE teams (team_id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB")
	db.MustExec("CREATE TABLE players (player_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, team_id INT NULL," +
		" FOREIGN KEY (team_id) REFERENCES teams (team_id) ON DELETE CASCADE) ENGINE=InnoDB")
	db.MustExec("INSERT INTO teams VALUES (1)")
	s, err := mysqlstore.New(db, c, nil)
	require.NoError(t, err)
	require.NoError(t, s.Init(t.Context()))
	team, err := c.Entity("Teams").KeyOf(1)
	require.NoError(t, err)
	player := c.Entity("Players").NewRecord()
	require.NoError(t, player.Set("team_id", transform.IntValue(1)))
	w := store.Write{Mutations: []store.Mutation{{Op: store.Create, Record: player}, {Op: store.Delete, Key: team}}}
	at := store.At{Epoch: store.FirstEpoch}
	for range 2 {
		_, err = s.Write(t.Context(), at, w)
		refused(t, err, store.ErrInvalid)
		var n int
		require.NoError(t, db.Get(&n, "SELECT COUNT(*) FROM teams"))
		require.Equal(t, 1, n)

		from, err := s.Phase(t.Context())
		require.NoError(t, err)
		to := from
		to.Epoch, to.Capture, to.CaptureEpoch = from.Epoch+1, true, from.Epoch+1
		require.NoError(t, s.Advance(t.Context(), from, to, store.AuditEntry{}))
		at = store.At{Epoch: to.Epoch, Captured: true}
	}
}
