package mysqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// ask is a Create whose id MySQL assigns.
func (f *fixture) ask(seat string) store.Mutation {
	return store.Mutation{Op: store.Create, Record: f.ticket(0, seat)}
}

// seatsThere returns id and seat of every ticket.
func (f *fixture) seatsThere() []string {
	f.t.Helper()
	var lines []string
	require.NoError(f.t, f.db.Select(&lines, "SELECT CONCAT(ticket_id, ' ', seat) FROM tickets ORDER BY ticket_id"))
	return lines
}

// MySQL assigns the key of a Create without one; the answer names it, and under
// capture its change record is committed with it.
func TestAssignedKeys(t *testing.T) {
	for _, bare := range []bool{true, false} {
		t.Run(map[bool]string{true: "bare", false: "captured"}[bare], func(t *testing.T) {
			f := newFixture(t, setting{bare: bare})
			f.db.MustExec("ALTER TABLE tickets AUTO_INCREMENT = 41")
			alone := f.write(f.ask("1A"))
			require.Equal(t, "41", alone.Rows[0].Key.ID)
			id, _ := alone.Rows[0].Record.Get("ticket_id")
			require.Equal(t, "41", id.Text())

			done := f.write(f.ask("1B"), f.create(f.user(7)), f.ask("1C"))
			require.Equal(t, []string{"41 1A", "42 1B", "43 1C"}, f.seatsThere())
			require.Equal(t, "42", done.Rows[0].Key.ID)
			require.Equal(t, "43", done.Rows[2].Key.ID)
			for _, row := range done.Rows {
				now := f.row(row.Record)
				require.True(t, now.Live)
				require.Equal(t, !bare, now.Dirty)
				require.Equal(t, row.Version, now.Version)
			}
			if !bare {
				require.Equal(t, []store.Change{
					{Keys: []store.KeyVersion{{Key: done.Rows[0].Key, Version: done.Rows[0].Version}}},
					{Keys: []store.KeyVersion{{Key: done.Rows[1].Key, Version: done.Rows[1].Version}}},
					{Keys: []store.KeyVersion{{Key: done.Rows[2].Key, Version: done.Rows[2].Version}}},
				}, done.Changes)
			}
			_, err := f.try(f.ask("1A"))
			require.Equal(t, "seat", refused(t, err, store.ErrUnique).Field)
		})
	}
}

// A repeated write is answered with the keys that the first one was given.
func TestAssignedKeysOfARepeatedWrite(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		w := store.Write{Token: "once", Mutations: []store.Mutation{f.ask("1A"), f.create(f.user(7)), f.ask("1B")}}
		first, err := f.store.Write(f.ctx, f.at, w)
		require.NoError(t, err)
		again, err := f.store.Write(f.ctx, f.at, w)
		require.NoError(t, err)
		require.True(t, again.Repeated)
		for i := range first.Rows {
			require.Equal(t, first.Rows[i].Key, again.Rows[i].Key)
		}
		require.Len(t, f.seatsThere(), 2)
		alone := store.Write{Token: "alone", Mutations: []store.Mutation{f.ask("2A")}}
		for range 2 {
			done, err := f.store.Write(f.ctx, f.at, alone)
			require.NoError(t, err)
			require.NotEmpty(t, done.Rows[0].Key.ID)
		}
		require.Len(t, f.seatsThere(), 3)
	}
}

// Many callers at once get different ids, each with its change record.
func TestAssignedKeysAtOnce(t *testing.T) {
	f := newFixture(t, setting{})
	var wg sync.WaitGroup
	errs := make([]error, 8)
	const each = 10
	for i := range errs {
		wg.Go(func() {
			for n := range each {
				_, err := f.try(f.ask(fmt.Sprintf("%d-%d", i, n)))
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	var rows, unrecorded int
	require.NoError(t, f.db.Get(&rows, "SELECT COUNT(*) FROM tickets"))
	require.NoError(t, f.db.Get(&unrecorded, "SELECT COUNT(*) FROM tickets t LEFT JOIN crossfade_change c"+
		" ON c.entity = 'Tickets' AND c.id = CAST(t.ticket_id AS CHAR) AND c.dirty = 1 WHERE c.id IS NULL"))
	require.Equal(t, len(errs)*each, rows)
	require.Zero(t, unrecorded)
}

// Whatever fails after the INSERT that got an id, the row is not committed
// without its change record.
func TestAssignedKeyWithFaultAtEveryStatement(t *testing.T) {
	for _, token := range []string{"", "t"} {
		f := newFixture(t, setting{})
		f.sweep(t, func(t *testing.T, ctx context.Context, run int) {
			seat := fmt.Sprint(run)
			w := store.Write{Mutations: []store.Mutation{f.ask(seat)}}
			if token != "" {
				w.Token = token + seat
			}
			_, err := f.store.Write(ctx, f.at, w)
			f.hooks.reset(nil, nil)
			f.checkAssigned(seat, err)
		})
	}
}

// checkAssigned compares what is there for a seat with the error of its write.
func (f *fixture) checkAssigned(seat string, err error) {
	f.t.Helper()
	var rows, dirty int
	require.Eventually(f.t, f.fenceIsFree, 30*time.Second, 5*time.Millisecond)
	require.NoError(f.t, f.db.Get(&rows, "SELECT COUNT(*) FROM tickets WHERE seat = ?", seat))
	require.NoError(f.t, f.db.Get(&dirty, "SELECT COUNT(*) FROM tickets t JOIN crossfade_change c"+
		" ON c.entity = 'Tickets' AND c.id = CAST(t.ticket_id AS CHAR) AND c.dirty = 1 WHERE t.seat = ?", seat))
	require.Equal(f.t, rows, dirty, "never without its change record")
	switch {
	case err == nil:
		require.Equal(f.t, 1, rows)
	case store.OutcomeOf(err) == store.NotApplied:
		require.Zero(f.t, rows, "%v", err)
	}
}

// A change record that can't be written, for a reason of its own, takes the row
// with it.
func TestAssignedKeyWithoutChangeRecord(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has triggers that SIGNAL")
	f := newFixture(t, setting{})
	f.db.MustExec("CREATE TRIGGER no_change BEFORE INSERT ON crossfade_change FOR EACH ROW" +
		" SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'")
	for _, token := range []string{"", "t"} {
		_, err := f.store.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{f.ask("1A")}, Token: token})
		refused(t, err, store.ErrInvalid)
		require.Empty(t, f.seatsThere())
	}
}

// The fence holds for a write whose first statement is the INSERT that gets an
// id.
func TestAssignedKeyObeysTheFence(t *testing.T) {
	for _, bare := range []bool{true, false} {
		for _, token := range []string{"", "t"} {
			f := newFixture(t, setting{bare: bare})
			f.mark(store.Closed)
			_, err := f.store.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{f.ask("1A")}, Token: token})
			refused(t, err, store.ErrWrongPhase)
			_, err = f.store.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{f.ask("1A"), f.ask("1B")}, Token: token})
			refused(t, err, store.ErrWrongPhase)
			require.Empty(t, f.seatsThere())
		}
	}
}

// A table that assigns no ids is found out before anything is committed under
// the id 0.
func TestAssignedKeyOfATableThatAssignsNone(t *testing.T) {
	f := newFixture(t, setting{params: "sql_mode=%27%27"})
	f.db.MustExec("ALTER TABLE tickets MODIFY ticket_id INT NOT NULL DEFAULT 0")
	_, err := f.try(store.Mutation{Op: store.Create, Record: f.ticket(0, "1A")}, f.create(f.user(1)))
	require.Error(t, err)
	require.Equal(t, store.NotApplied, store.OutcomeOf(err))
	require.Empty(t, f.seatsThere())
}

func TestAssignedKeyThatCanNotBe(t *testing.T) {
	f := newFixture(t, setting{})
	zero := f.ticket(1, "0A")
	f.set(zero, "ticket_id", transform.IntValue(0))
	f.hooks.reset(nil, nil)
	for want, m := range map[string]store.Mutation{
		"no sequence": {Op: store.Create, Record: f.user(1)},
		"is not NULL": {Op: store.Create, Record: f.ticket(5, "1A")},
		`MySQL would assign another id for 0 in column ticket_id; give it its value, or add "sequence": {"column": "ticket_id"} to the contract's entity`: f.create(zero),
		"entity": {Op: store.Put, Record: f.ticket(0, "1A")},
	} {
		_, err := f.try(m)
		refused(t, err, store.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, f.hooks.seen())
	f.write(f.create(f.ticket(77, "1A")))
	require.Equal(t, []string{"77 1A"}, f.seatsThere(), "an id that is given is kept")
	require.False(t, strings.Contains(fmt.Sprint(f.write(f.ask("1B")).Rows[0].Key.ID), "77"))
}

// LastID is the counter as it is, not as statistics remember it, and knows of
// ids whose rows are gone.
func TestLastID(t *testing.T) {
	f := newFixture(t, setting{})
	last := func() int64 {
		id, err := f.store.LastID(f.ctx, f.seats)
		require.NoError(t, err)
		return id
	}
	require.Zero(t, last())
	for i := range 3 {
		f.write(f.ask(fmt.Sprint(i)))
		require.EqualValues(t, i+1, last())
	}
	f.db.MustExec("DELETE FROM tickets")
	require.EqualValues(t, 3, last(), "ids that were given are never given again")
	f.write(f.create(f.ticket(90, "x")))
	require.EqualValues(t, 90, last())
	f.db.MustExec("ALTER TABLE tickets COMMENT = 'see ) ENGINE=InnoDB AUTO_INCREMENT=5000'")
	require.EqualValues(t, 90, last())
	ansi, _ := f.open("sql_mode=%27ANSI%27", nil)
	id, err := ansi.LastID(f.ctx, f.seats)
	require.NoError(t, err)
	require.EqualValues(t, 90, id, "a mode that leaves out the counter does not hide it")
	_, err = f.store.LastID(f.ctx, f.users)
	require.ErrorIs(t, err, store.ErrInvalid)
}

// RaiseID raises the counter, and never lowers it, also where the rows of the
// highest ids are gone.
func TestRaiseID(t *testing.T) {
	f := newFixture(t, setting{})
	f.db.MustExec("ALTER TABLE tickets AUTO_INCREMENT = 41")
	f.write(f.ask("1A"))
	f.db.MustExec("DELETE FROM tickets")
	for _, c := range []struct{ raise, next int64 }{{100, 101}, {50, 102}, {0, 103}, {103, 104}, {104, 105}} {
		require.NoError(t, f.store.RaiseID(f.ctx, f.seats, c.raise))
		require.Equal(t, fmt.Sprint(c.next), f.write(f.ask("next")).Rows[0].Key.ID, "raised to %d", c.raise)
		f.db.MustExec("DELETE FROM tickets")
	}
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() { errs[i] = f.store.RaiseID(f.ctx, f.seats, int64(1000-100*i)) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	last, err := f.store.LastID(f.ctx, f.seats)
	require.NoError(t, err)
	require.EqualValues(t, 1000, last)
	refused(t, f.store.RaiseID(f.ctx, f.users, 5), store.ErrInvalid)
}
