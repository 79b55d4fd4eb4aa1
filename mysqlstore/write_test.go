package mysqlstore_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// locked holds rows in a transaction of another session until free is called.
func (f *fixture) locked(query string, args ...any) (free func()) {
	f.t.Helper()
	tx := f.db.MustBegin()
	tx.MustExec(query, args...)
	return sync.OnceFunc(func() { require.NoError(f.t, tx.Rollback()) })
}

// A lock wait timeout of the statement that checks the fence takes back that
// statement only. The data must not be committed without it.
func TestLockTimeoutOfTheFenceStatement(t *testing.T) {
	f := newFixture(t, setting{params: "innodb_lock_wait_timeout=1", opts: mysqlstore.Options{RetryBudget: time.Millisecond}})
	there := f.user(1)
	f.write(f.create(there))
	for name, query := range map[string]string{
		"the fence":         "UPDATE crossfade_fence SET epoch = epoch + 1",
		"the change record": "UPDATE crossfade_change SET dirty = 0",
	} {
		t.Run(name, func(t *testing.T) {
			before := f.dump()
			free := f.locked(query)
			defer free()
			_, err := f.try(f.update(there, "username", "changed"))
			refused(t, err, store.ErrConflict)
			require.Equal(t, before, f.dump())
		})
	}
}

// A lock wait that ends within the budget ends in success.
func TestWriteIsRepeatedAfterALockTimeout(t *testing.T) {
	f := newFixture(t, setting{params: "innodb_lock_wait_timeout=1", opts: mysqlstore.Options{RetryBudget: time.Minute}})
	rec := f.user(1)
	free := f.locked("SELECT * FROM crossfade_fence FOR UPDATE")
	calls := 0
	f.hooks.reset(func(_ int, query string) bool {
		if query == "ROLLBACK" {
			calls++
			free()
		}
		return false
	}, nil)
	f.write(f.create(rec))
	require.Equal(t, 1, calls, "the first attempt was rolled back as a whole")
	require.True(t, f.row(rec).Dirty)
}

// deadlock makes the write of a and b the victim of a deadlock: another
// transaction, which has more to lose, holds b and then wants a.
func (f *fixture) deadlock(a, b transform.Record) (ended <-chan error) {
	f.t.Helper()
	tx := f.db.MustBegin()
	for i := range 50 {
		tx.MustExec("INSERT INTO users (user_id) VALUES (?)", 100_000+i)
	}
	change := "SELECT * FROM crossfade_change WHERE grp='default' AND entity='Users' AND id=? FOR UPDATE"
	tx.MustExec(change, f.key(b).ID)
	done := make(chan error, 1)
	go func() {
		f.waits(1)
		_, err := tx.Exec(change, f.key(a).ID)
		done <- errors.Join(err, tx.Rollback())
	}()
	return done
}

// A deadlock rolls the whole transaction back, on the server's side; what
// follows would run without one.
func TestDeadlockOfTheFenceStatement(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has deadlocks, of two transactions that run at once")
	for _, c := range []struct {
		name   string
		budget time.Duration
		want   error
	}{{"without budget", time.Nanosecond, store.ErrConflict}, {"within the budget", time.Minute, nil}} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, setting{opts: mysqlstore.Options{RetryBudget: c.budget}})
			a, b := f.user(1), f.user(2)
			f.write(f.create(a), f.create(b))
			before := f.dump()
			ended := f.deadlock(a, b)
			_, err := f.try(f.update(b, "username", "b"), f.update(a, "username", "a"))
			require.NoError(t, <-ended, "the other transaction was not the victim")
			if c.want == nil {
				require.NoError(t, err)
				require.Equal(t, "a", f.text(a, "username"))
				require.Equal(t, "b", f.text(b, "username"))
				return
			}
			refused(t, err, c.want)
			require.Equal(t, before, f.dump())
		})
	}
}

// A write beside others on all kinds of keys, in every order, ends.
func TestWritersOfManyKeysQueue(t *testing.T) {
	f := newFixture(t, setting{})
	recs := []transform.Record{f.shelf("a", 1, 0), f.shelf("b", 1, 0), f.shelf("c", 1, 0)}
	for _, rec := range recs {
		f.write(f.create(rec))
	}
	var wg sync.WaitGroup
	errs := make([]error, 6)
	const each = 20
	for i := range errs {
		wg.Go(func() {
			for n := range each {
				m := []store.Mutation{f.increment(recs[(i+n)%3]), f.increment(recs[(i+n+1)%3]), f.increment(recs[(i+n+2)%3])}
				_, err := f.try(m...)
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	for _, rec := range recs {
		require.Equal(t, fmt.Sprint(len(errs)*each), f.text(rec, "quantity"))
	}
}

// 64 callers add one to the same row; none is lost.
func TestHotKey(t *testing.T) {
	for _, bare := range []bool{true, false} {
		t.Run(map[bool]string{true: "bare", false: "captured"}[bare], func(t *testing.T) {
			f := newFixture(t, setting{bare: bare})
			rec := f.shelf("hot", 1, 0)
			f.write(f.create(rec))
			var wg sync.WaitGroup
			errs := make([]error, 64)
			const each = 4
			for i := range errs {
				wg.Go(func() {
					for range each {
						_, err := f.try(f.increment(rec))
						errs[i] = errors.Join(errs[i], err)
					}
				})
			}
			wg.Wait()
			require.NoError(t, errors.Join(errs...))
			require.Equal(t, fmt.Sprint(len(errs)*each), f.text(rec, "quantity"))
			if !bare {
				require.Equal(t, store.Floor(f.at.Epoch)+1+store.Version(len(errs)*each), f.row(rec).Version)
			}
		})
	}
}

// The same token from many callers at once: one applies the write, the others
// learn that it was applied.
func TestSameTokenAtOnce(t *testing.T) {
	for _, bare := range []bool{true, false} {
		t.Run(map[bool]string{true: "bare", false: "captured"}[bare], func(t *testing.T) {
			f := newFixture(t, setting{bare: bare})
			rec := f.shelf("here", 1, 0)
			f.write(f.create(rec))
			w := store.Write{Mutations: []store.Mutation{f.increment(rec)}, Token: "order 7"}
			var wg sync.WaitGroup
			done, errs := make([]store.Written, 16), make([]error, 16)
			for i := range errs {
				wg.Go(func() { done[i], errs[i] = f.store.Write(f.ctx, f.at, w) })
			}
			wg.Wait()
			require.NoError(t, errors.Join(errs...))
			applied := 0
			for _, d := range done {
				require.Equal(t, f.key(rec), d.Rows[0].Key)
				if !d.Repeated {
					applied++
				}
			}
			require.Equal(t, 1, applied)
			require.Equal(t, "1", f.text(rec, "quantity"))

			other := store.Write{Mutations: []store.Mutation{f.remove(rec)}, Token: w.Token}
			_, err := f.store.Write(f.ctx, f.at, other)
			refused(t, err, store.ErrInvalid)
			require.Equal(t, "1", f.text(rec, "quantity"))
		})
	}
}

// A token is forgotten after a day, and not before.
func TestTokensAreKeptForADay(t *testing.T) {
	f := newFixture(t, setting{})
	rec := f.shelf("here", 1, 0)
	f.write(f.create(rec))
	for _, token := range []string{"old", "young"} {
		_, err := f.store.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{f.increment(rec)}, Token: token})
		require.NoError(t, err)
	}
	f.db.MustExec("UPDATE crossfade_token SET created_at = UTC_TIMESTAMP(6) - INTERVAL IF(token = 'old', 25, 23) HOUR")
	_, err := f.store.Register(f.ctx, store.Registration{Process: "p"})
	require.NoError(t, err)
	var left []string
	require.NoError(t, f.db.Select(&left, "SELECT token FROM crossfade_token"))
	require.Equal(t, []string{"young"}, left)
}

// However many tokens a day has left, they go.
func TestOldTokensGoAsFastAsTheyCome(t *testing.T) {
	f := newFixture(t, setting{})
	f.db.MustExec("INSERT INTO crossfade_token (grp, token, fingerprint, assigned, carried, created_at) VALUES (?, 'young', REPEAT('x', 32), '', 1, UTC_TIMESTAMP(6))", f.c.Group)
	f.db.MustExec("INSERT INTO crossfade_token (grp, token, fingerprint, assigned, carried, created_at) SELECT ?, CONCAT('old', a.n, b.n, c.n, d.n), REPEAT('x', 32), '', 1,"+
		" UTC_TIMESTAMP(6) - INTERVAL 25 HOUR FROM "+digits("a")+", "+digits("b")+", "+digits("c")+", "+digits("d")+" WHERE a.n < 4", f.c.Group)
	left := func() (n int) {
		require.NoError(t, f.db.Get(&n, "SELECT COUNT(*) FROM crossfade_token"))
		return n
	}
	require.Equal(t, 4001, left())
	for range 4 { // one call may end early, and makes at least one thousand of them go
		_, err := f.store.Register(f.ctx, store.Registration{Process: "p"})
		require.NoError(t, err)
	}
	require.Equal(t, 1, left())
}

// digits is a table of the numbers 0 to 9.
func digits(name string) string {
	return "(SELECT 0 AS n" + strings.Join(strings.Split(" 1 2 3 4 5 6 7 8 9", " "), " UNION ALL SELECT ") + ") AS " + name
}

// A Modify that never returns in the ordinary way leaves nothing behind: no
// lock, and no transaction on a connection of the pool.
func TestModifyThatDoesNotReturn(t *testing.T) {
	for _, bare := range []bool{true, false} {
		for name, end := range map[string]func(){"panic": func() { panic("no") }, "Goexit": runtime.Goexit} {
			t.Run(fmt.Sprint(name, map[bool]string{true: " bare", false: " captured"}[bare]), func(t *testing.T) {
				f := newFixture(t, setting{bare: bare})
				rec := f.user(1)
				f.write(f.create(rec))
				before := f.dump()
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					defer func() { _ = recover() }()
					_, _ = f.try(f.modify(rec, func(r transform.Record) error {
						f.set(r, "username", transform.TextValue("lost"))
						end()
						return nil
					}))
				}()
				<-ended
				require.Equal(t, before, f.dump())
				require.True(t, f.fenceIsFree())
				require.True(t, f.lockNow("SELECT * FROM users"))
				f.write(f.update(rec, "username", "next"))
			})
		}
	}
}

// What Modify returns is the caller's own, whatever it looks like.
func TestErrorOfModify(t *testing.T) {
	f := newFixture(t, setting{})
	rec := f.user(1)
	f.write(f.create(rec))
	before := f.dump()
	calls := 0
	_, taken := f.try(f.create(f.user(1)))
	for _, mine := range []error{errors.New("out of stock"), store.ErrConflict, taken} {
		calls = 0
		_, err := f.try(f.modify(rec, func(transform.Record) error { calls++; return mine }))
		require.True(t, err == mine, "%v", err)
		require.Equal(t, 1, calls)
	}
	require.Equal(t, before, f.dump())
}

// Setting a column leaves the others to whoever changes them.
func TestUpdateChangesOnlyWhatModifyChanged(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		rec := f.user(1)
		f.write(f.create(rec))
		f.hooks.reset(nil, nil)
		f.write(f.update(rec, "email", "new@example.com"))
		var updates []string
		for _, s := range f.hooks.seen() {
			if strings.HasPrefix(s, "UPDATE") {
				updates = append(updates, s)
			}
		}
		require.Len(t, updates, 1)
		set, _, _ := strings.Cut(updates[0], " WHERE ")
		require.Equal(t, "UPDATE `users` SET `email` = ?", set)
	}
}

// An update that changes nothing is no write: no version, nothing dirty.
func TestUpdateThatChangesNothing(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		rec := f.user(1)
		seed(t, f.db, rec)
		before := f.dump()
		nothing := f.modify(rec, func(transform.Record) error { return nil })
		done := f.write(nothing)
		require.True(t, done.Rows[0].Record.Equal(rec))
		require.Zero(t, done.Rows[0].Version)
		require.Equal(t, before, f.dump())

		done = f.write(nothing, f.create(f.user(2)))
		require.Equal(t, !bare, done.Rows[0].Version > 0, "beside a change its record is committed")
		require.Equal(t, done.Rows[0].Version, f.row(rec).Version)
	}
}

// A value that MySQL stores as what it has already affects no row, and is no
// reason to fail.
func TestUpdateToTheSameStoredValue(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		rec := f.user(1)
		f.set(rec, "last_login", timestamp(t, f.users, "2024-03-10 09:30:00"))
		f.write(f.create(rec))
		f.write(f.modify(rec, func(r transform.Record) error {
			c := f.users.Columns[f.users.ColumnIndex("last_login")]
			c.Precision = 3
			v, err := c.Parse("2024-03-10 09:30:00.200")
			if err != nil {
				return err
			}
			return r.Set("last_login", v)
		}))
		require.Equal(t, "2024-03-10T09:30:00Z", f.text(rec, "last_login"), "MySQL rounds")
	}
}

func timestamp(t *testing.T, e *transform.Entity, text string) transform.Value {
	t.Helper()
	v, err := e.Columns[e.ColumnIndex("last_login")].Parse(text)
	require.NoError(t, err)
	return v
}

func TestUpdateCanNotChangeTheKey(t *testing.T) {
	f := newFixture(t, setting{})
	rec := f.user(1)
	f.write(f.create(rec))
	_, err := f.try(f.modify(rec, func(r transform.Record) error { return r.Set("user_id", transform.IntValue(2)) }))
	require.Equal(t, "user_id", refused(t, err, store.ErrInvalid).Field)
}

// A put that finds another row's unique value must not replace that row.
func TestPutKeepsOtherRows(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		one, two := f.user(1), f.user(2)
		f.write(f.create(one), f.create(two))
		before := f.dump()
		stolen, fresh := two.Clone(), f.user(3)
		f.set(stolen, "email", transform.TextValue("user-1@example.com"))
		f.set(fresh, "email", transform.TextValue("USER-1@example.com"))
		for _, m := range []store.Mutation{f.put(stolen), f.put(fresh)} {
			_, err := f.try(m)
			require.Equal(t, "email", refused(t, err, store.ErrUnique).Field)
		}
		require.Equal(t, before, f.dump())
	}
}

// Two puts of a key that is not there yet: each sees the other's row or is
// begun again.
func TestPutsOfANewKeyAtOnce(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		for round := range 10 {
			var wg sync.WaitGroup
			errs := make([]error, 4)
			for i := range errs {
				wg.Go(func() { _, errs[i] = f.try(f.put(f.shelf("new", uint64(round), int64(i)))) })
			}
			wg.Wait()
			require.NoError(t, errors.Join(errs...))
		}
	}
}

// What can't be right is refused before anything is sent.
func TestWriteThatCanNotBeRight(t *testing.T) {
	f := newFixture(t, setting{})
	rec := f.user(1)
	long := f.shelf(strings.Repeat("é", 40), 1, 0)
	other := f.key(f.user(2))
	f.hooks.reset(nil, nil)
	for name, m := range map[string][]store.Mutation{
		"no such entity":       {{Op: store.Delete, Key: transform.Key{Entity: "Orders", ID: "1"}}},
		"no such key":          {{Op: store.Delete, Key: transform.Key{Entity: "Users", ID: "x"}}},
		"a key of another row": {{Op: store.Create, Key: other, Record: rec}},
		"no record":            {{Op: store.Put, Key: other}},
		"another entity":       {{Op: store.Put, Key: other, Record: long}},
		"no modify":            {{Op: store.Update, Key: other}},
		"no operation":         {{Key: other}},
		"the same key twice":   {f.create(rec), f.remove(rec)},
		"too long a key":       {{Op: store.Delete, Key: transform.Key{Entity: "Users", ID: strings.Repeat("1", mysqlstore.MaxKeyID+1)}}},
	} {
		_, err := f.try(m...)
		require.Error(t, err, name)
		refused(t, err, store.ErrInvalid)
	}
	_, err := f.store.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{f.create(rec)}, Token: strings.Repeat("t", mysqlstore.MaxToken+1)})
	refused(t, err, store.ErrInvalid)
	require.Empty(t, f.hooks.seen())
	f.write(f.create(long))
}

// Text that MySQL takes for the same key is another key here.
func TestKeysThatTheCollationConfuses(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has collations for which 'a' and 'a ' are one key")
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		f.db.MustExec("INSERT INTO stock (place, item, quantity) VALUES ('a ', 1, 7)")
		padded := f.shelf("a", 1, 0) // its row would be the one of "a "
		_, err := f.try(f.remove(padded))
		refused(t, err, store.ErrNotFound)
		_, err = f.try(f.increment(padded))
		refused(t, err, store.ErrNotFound)
		_, err = f.try(f.put(padded))
		require.Error(t, err)
		require.False(t, f.row(padded).Live)
		var n int
		require.NoError(t, f.db.Get(&n, "SELECT quantity FROM stock"))
		require.Equal(t, 7, n)
	}
}
