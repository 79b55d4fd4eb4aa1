package mysqlstore_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// besideGroup gives the fixture's tables a second group, "other", with triggers and
// capture of its own.
func (f *fixture) besideGroup() *fixture {
	f.t.Helper()
	c, err := transform.Load(bytes.Replace(contractJSON, []byte("{"), []byte(`{"group": "other",`), 1))
	require.NoError(f.t, err)
	other := *f
	other.c, other.users, other.stock, other.seats = c, c.Entity("Users"), c.Entity("Stock"), c.Entity("Tickets")
	other.store = other.storeOn(f.pool)
	require.NoError(f.t, other.store.Init(f.ctx))
	other.advance(true)
	other.install()
	require.NoError(f.t, other.store.Ready(f.ctx))
	return &other
}

// stepped returns how many versions each group has given to a key since their last
// epoch.
func (f *fixture) stepped(key transform.Key) map[string]int {
	f.t.Helper()
	rows, err := f.db.Query("SELECT c.grp, c.version - f.floor FROM crossfade_change c JOIN crossfade_fence f ON f.grp = c.grp"+
		" WHERE c.entity = ? AND c.id = ? AND c.dirty = 1", key.Entity, []byte(key.ID))
	require.NoError(f.t, err)
	defer rows.Close()
	all := map[string]int{}
	for rows.Next() {
		var group string
		var steps int
		require.NoError(f.t, rows.Scan(&group, &steps))
		all[group] = steps
	}
	require.NoError(f.t, rows.Err())
	return all
}

// TestTriggersOfTwoGroups: two groups have triggers on one table. What the library
// writes for the one is a write of an outsider to the other: it has one change record
// in either.
func TestTriggersOfTwoGroups(t *testing.T) {
	one := newTriggered(t, setting{})
	other := one.besideGroup()
	require.NoError(t, one.store.Ready(one.ctx))
	u, s := one.user(1), one.shelf("a", 1, 1)
	for i, write := range []func(){
		func() { one.write(one.create(u), one.create(s)) },
		func() {
			other.write(other.update(other.user(1), "username", "x"), other.increment(other.shelf("a", 1, 1)))
		},
		func() { one.write(one.put(u), one.increment(s)) },
		func() {
			other.db.MustExec("UPDATE users SET username = 'outside'")
			other.db.MustExec("UPDATE stock SET quantity = 99")
		},
		func() { other.write(other.remove(other.user(1)), other.remove(other.shelf("a", 1, 1))) },
	} {
		write()
		for _, rec := range []transform.Record{u, s} {
			require.Equal(t, map[string]int{"default": i + 1, "other": i + 1}, one.stepped(one.key(rec)), "write %d", i+1)
		}
	}
	done := one.write(store.Mutation{Op: store.Create, Record: one.ticket(0, "front")})
	require.Equal(t, map[string]int{"default": 1, "other": 1}, one.stepped(done.Rows[0].Key), "MySQL assigns the key")
}

// TestFollowerOfOneGroupOfTwo: what is put into MySQL as the follower of one group is
// a write of an outsider to the other, which captures it, and refuses it where it does
// not want one.
func TestFollowerOfOneGroupOfTwo(t *testing.T) {
	one := newTriggered(t, setting{})
	other := one.besideGroup()
	one.mark(store.GivenAway)
	one.at = store.At{Epoch: one.at.Epoch}
	v := store.Floor(one.at.Epoch + 1)
	one.follow(one.live(one.user(1), v))
	require.Equal(t, 1, one.stepped(one.key(one.user(1)))["other"])
	errs, err := one.store.Insert(one.ctx, []store.Row{one.live(one.user(2), 0), one.live(one.user(3), 0)})
	require.NoError(t, err)
	require.Equal(t, make([]error, 2), errs)
	require.Equal(t, map[string]int{"other": 1}, one.stepped(one.key(one.user(3))))
	one.follow(one.dead(one.user(1), v+1))
	require.Equal(t, 2, one.stepped(one.key(one.user(1)))["other"])

	_, err = other.try(other.update(other.user(2), "username", "z"))
	refused(t, err, store.ErrWrongPhase)
	require.ErrorContains(t, err, "DynamoDB leads")
	other.mark(store.Closed)
	_, err = one.store.Put(one.ctx, one.at, one.live(one.user(2), v))
	refused(t, err, store.ErrWrongPhase)
	require.Empty(t, one.stepped(one.key(one.user(9))))
}

// beside gives the tables a second group, "other", with triggers and capture of its own.
func (c *copying) beside() *copying {
	c.t.Helper()
	text, err := os.ReadFile("../dal/storetest/testdata/copies.json")
	require.NoError(c.t, err)
	other := *c
	other.c, err = transform.Load(bytes.Replace(text, []byte(`"storetest"`), []byte(`"other"`), 1))
	require.NoError(c.t, err)
	other.Store, err = mysqlstore.New(c.pool, other.c, nil)
	require.NoError(c.t, err)
	require.NoError(c.t, other.Init(c.ctx))
	other.mark(store.Open)
	_, _, err = other.InstallTriggers(c.ctx)
	require.NoError(c.t, err)
	require.NoError(c.t, other.Ready(c.ctx))
	return &other
}

// TestFollowerLeavesFanOutsOfAnotherGroup: the follower of one group checks no foreign
// keys, so that a row may come after what refers to it. To the other group, which has
// brought that on without it, its copies are old then, and again where it goes.
func TestFollowerLeavesFanOutsOfAnotherGroup(t *testing.T) {
	one := newCopyingTriggered(t, nil)
	other := one.beside()
	row := func(entity string, values ...string) store.Row {
		rec := one.c.Entity(entity).NewRecord()
		for i := 0; i < len(values); i += 2 {
			require.NoError(t, set(rec, values[i], values[i+1]))
		}
		key, err := rec.Key()
		require.NoError(t, err)
		return store.Row{Key: key, Live: true, Record: rec}
	}
	line := row("Baskets", "basket_id", "1", "line", "1", "shop", "a", "number", "1", "quantity", "1")
	ware := row("Wares", "shop", "a", "number", "1", "name", "a1", "sold_out", "0", "stock", "5")
	later := row("Wares", "shop", "a", "number", "2", "name", "a2", "sold_out", "0", "stock", "5")
	one.mark(store.GivenAway)
	at := store.At{Epoch: one.at.Epoch}
	version := store.Floor(at.Epoch + 1)
	put := func(row store.Row) {
		t.Helper()
		version++
		row.Version = version
		took, err := one.Put(one.ctx, at, row)
		require.NoError(t, err)
		require.True(t, took)
	}
	put(line)
	require.Empty(t, other.marks())
	put(ware)
	require.Equal(t, []string{"Wares a/1"}, other.marks())
	version++
	ware.Version, later.Version = version, version
	require.NoError(t, one.PutTogether(one.ctx, at, []store.Row{ware, later}))
	require.Equal(t, []string{"Wares a/1", "Wares a/2"}, other.marks())
	put(store.Row{Key: ware.Key})
	require.Equal(t, []string{"Wares a/1"}, other.marks())
	require.Empty(t, one.marks(), "which follows")
	errs, err := one.Insert(one.ctx, []store.Row{{Key: ware.Key}, row("Sections", "section_id", "1", "name", "one")})
	require.NoError(t, err)
	require.Equal(t, make([]error, 2), errs)
	require.Equal(t, []string{"Sections 1"}, other.marks())
}

// TestCascadesOfAnotherGroup: the triggers of one group record for that one only what
// foreign keys do, and contract check says so of the other.
func TestCascadesOfAnotherGroup(t *testing.T) {
	one := withParents(t)
	one.install()
	c, err := transform.Load(bytes.Replace(contractJSON, []byte("{"), []byte(`{"group": "other",`), 1))
	require.NoError(t, err)
	for contract, want := range map[*transform.Contract]bool{one.c: false, c: true} {
		findings, err := mysqlstore.CheckLive(one.ctx, one.db, contract)
		require.NoError(t, err)
		found := false
		for _, finding := range findings {
			found = found || finding.Severity == transform.Error
		}
		require.Equal(t, want, found, contract.Group)
	}
}
