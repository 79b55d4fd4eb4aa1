package mysqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// begin begins a transaction of a service's own, on the watched pool.
func (f *fixture) begin() *sqlx.Tx {
	f.t.Helper()
	tx, err := f.pool.BeginTxx(f.ctx, nil)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { tx.Rollback() })
	return tx
}

// join records keys in a transaction of a service's own.
func (f *fixture) join(tx *sqlx.Tx, records ...transform.Record) (store.Joining, []store.KeyVersion) {
	f.t.Helper()
	joining := f.store.Joining(tx)
	written, err := joining.Record(f.ctx, f.at, f.keys(records...))
	require.NoError(f.t, err)
	return joining, written
}

func (f *fixture) keys(records ...transform.Record) []transform.Key {
	keys := make([]transform.Key, len(records))
	for i, rec := range records {
		keys[i] = f.key(rec)
	}
	return keys
}

// rename is a statement of the service's own.
func rename(ctx context.Context, tx *sqlx.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, "UPDATE users SET username = CONCAT('changed-', user_id) WHERE user_id = ?", id)
	return err
}

// What a service writes in its own transaction commits with the change records of
// the keys it named, and with nothing if it named them in vain.
func TestJoinedTransaction(t *testing.T) {
	f := newFixture(t, setting{})
	one, two := f.user(1), f.user(2)
	was := []store.Version{f.prepare(one), f.prepare(two)}
	tx := f.begin()
	joining, written := f.join(tx, two, one, two)
	require.NoError(t, rename(f.ctx, tx, 1))
	require.False(t, f.row(one).Dirty, "nothing is there before the commit")
	require.NoError(t, joining.Commit(f.ctx))

	require.Equal(t, "changed-1", f.text(one, "username"))
	require.Len(t, written, 2, "each key once")
	for i, rec := range []transform.Record{one, two} {
		row := f.row(rec)
		require.True(t, row.Dirty)
		require.Greater(t, row.Version, was[i])
		require.Equal(t, store.KeyVersion{Key: row.Key, Version: row.Version}, written[i])
	}
	require.True(t, f.fenceIsFree())
	require.Zero(t, f.pool.Stats().InUse, "the connection is given back")
	require.NoError(t, joining.Rollback(), "which may be deferred")
}

// The id that MySQL assigns is named once it is known, as often as it takes.
func TestJoinedTransactionNamesKeysLater(t *testing.T) {
	f := newFixture(t, setting{})
	tx := f.begin()
	joining, none := f.join(tx)
	require.Empty(t, none)
	require.False(t, f.fenceIsFree(), "the fence is held from the start")
	for _, seat := range []string{"7A", "7B"} {
		r, err := tx.Exec("INSERT INTO tickets (seat) VALUES (?)", seat)
		require.NoError(t, err)
		id, err := r.LastInsertId()
		require.NoError(t, err)
		_, err = joining.Record(f.ctx, f.at, f.keys(f.ticket(id, seat)))
		require.NoError(t, err)
	}
	require.NoError(t, joining.Commit(f.ctx))
	for id, seat := range map[int64]string{1: "7A", 2: "7B"} {
		row := f.row(f.ticket(id, seat))
		require.True(t, row.Live)
		require.True(t, row.Dirty)
	}
}

// Keys are taken in their order, whatever order they are named in: otherwise two
// transactions would lock each other out.
func TestJoinedTransactionTakesKeysInOrder(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	f := newFixture(t, setting{})
	first, last := f.user(1), f.user(9)
	f.prepare(first)
	f.prepare(last)
	holder := f.db.MustBegin()
	defer holder.Rollback()
	const row = "SELECT * FROM crossfade_change WHERE grp = 'default' AND entity = 'Users' AND id = "
	holder.MustExec(row + "'1' FOR UPDATE")
	joining := f.store.Joining(f.begin())
	done := make(chan error)
	go func() {
		_, err := joining.Record(f.ctx, f.at, f.keys(last, first))
		done <- err
	}()
	f.waits(1)
	free := f.lockNow(row + "'9'")
	require.NoError(t, holder.Rollback())
	require.NoError(t, <-done)
	require.True(t, free, "the last key was not locked yet")
	require.NoError(t, joining.Rollback())
}

// A transaction that the fence refuses is over: nobody can commit it without its
// change records.
func TestJoinRefused(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		open := f.at
		moved := func(at store.At, change func(*store.At)) store.At { change(&at); return at }
		for name, at := range map[string]store.At{
			"old epoch":     moved(open, func(at *store.At) { at.Epoch-- }),
			"later epoch":   moved(open, func(at *store.At) { at.Epoch++ }),
			"other capture": moved(open, func(at *store.At) { at.Captured = !at.Captured }),
		} {
			t.Run(fmt.Sprintf("bare %v, %s", bare, name), func(t *testing.T) { f.t = t; f.requireJoinRefused(at) })
		}
		f.t = t
		f.mark(store.Closed)
		f.at.Captured = !bare
		f.requireJoinRefused(f.at)
	}
}

// requireJoinRefused joins a transaction that has written already.
func (f *fixture) requireJoinRefused(at store.At) {
	f.t.Helper()
	before := f.dump()
	for _, records := range [][]transform.Record{nil, {f.user(1)}} {
		tx := f.begin()
		_, err := tx.Exec("INSERT INTO users (user_id) VALUES (1)")
		require.NoError(f.t, err)
		joining := f.store.Joining(tx)
		_, err = joining.Record(f.ctx, at, f.keys(records...))
		refused(f.t, err, store.ErrWrongPhase)
		require.ErrorIs(f.t, tx.Commit(), sql.ErrTxDone)
		require.Equal(f.t, before, f.dump())
		require.True(f.t, f.fenceIsFree())
	}
}

// A key that can't be recorded ends the transaction too: the service would commit
// it otherwise.
func TestJoinRefusesKeys(t *testing.T) {
	f := newFixture(t, setting{})
	for name, key := range map[string]transform.Key{
		"no such entity": {Entity: "Ghosts", ID: "1"},
		"too long":       {Entity: "Stock", ID: strings.Repeat("x", mysqlstore.MaxKeyID+1)},
	} {
		tx := f.begin()
		_, err := f.store.Joining(tx).Record(f.ctx, f.at, []transform.Key{key})
		refused(t, err, store.ErrInvalid)
		require.ErrorIs(t, tx.Commit(), sql.ErrTxDone, name)
	}
}

// A change record that can't be written in time ends the transaction: a lock wait
// timeout takes back its statement only, and the service could go on without it.
func TestJoinLockTimeout(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	f := newFixture(t, setting{params: "innodb_lock_wait_timeout=1"})
	f.prepare(f.user(1))
	f.prepare(f.user(2))
	holder := f.db.MustBegin()
	defer holder.Rollback()
	holder.MustExec("UPDATE crossfade_change SET dirty_at = dirty_at + INTERVAL 1 SECOND WHERE grp = 'default' AND entity = 'Users' AND id = '2'")
	tx := f.begin()
	joining, _ := f.join(tx, f.user(1))
	require.NoError(t, rename(f.ctx, tx, 1))
	_, err := joining.Record(f.ctx, f.at, f.keys(f.user(2)))
	refused(t, err, store.ErrConflict)
	require.ErrorIs(t, tx.Commit(), sql.ErrTxDone)
	require.Equal(t, "user-1", f.text(f.user(1), "username"))
	require.False(t, f.row(f.user(1)).Dirty)
}

// Without capture a joined transaction holds the fence until it commits, and
// leaves no change record.
func TestJoinBare(t *testing.T) {
	f := newFixture(t, setting{bare: true})
	f.prepare(f.user(1))
	f.hooks.reset(nil, nil)
	tx := f.begin()
	joining, written := f.join(tx, f.user(1))
	require.Empty(t, written)
	_, err := joining.Record(f.ctx, f.at, f.keys(f.user(2)))
	require.NoError(t, err)
	require.NoError(t, rename(f.ctx, tx, 1))
	require.False(t, f.fenceIsFree())
	require.NoError(t, joining.Commit(f.ctx))
	require.Equal(t, "SELECT UPDATE COMMIT", strings.Join(firstWords(f.hooks.seen()), " "), "one statement more than without the library")
	require.True(t, f.fenceIsFree())
	require.Equal(t, "changed-1", f.text(f.user(1), "username"))
	require.Zero(t, f.row(f.user(1)).Version)
}

func firstWords(statements []string) []string {
	words := make([]string, len(statements))
	for i, s := range statements {
		words[i], _, _ = strings.Cut(s, " ")
	}
	return words
}

// Whatever happens to the caller or to the connection at any statement: nothing
// commits without the change records, and the error says what became of it.
func TestJoinWithFaultAtEveryStatement(t *testing.T) {
	for _, bare := range []bool{true, false} {
		t.Run(map[bool]string{true: "bare", false: "captured"}[bare], func(t *testing.T) {
			f := newFixture(t, setting{bare: bare})
			f.sweep(t, func(t *testing.T, ctx context.Context, run int) {
				there, later := f.user(int64(2*run)), f.user(int64(2*run+1))
				before := map[transform.Key]store.Version{f.key(there): f.prepare(there), f.key(later): f.prepare(later)}
				err := f.renameJoined(ctx, there, later)
				f.judge(store.Write{Mutations: []store.Mutation{f.update(there, "username", ""), f.update(later, "username", "")}}, before, err)
			})
		})
	}
}

// renameJoined changes two users in a transaction of its own, and gives up at the
// first error.
func (f *fixture) renameJoined(ctx context.Context, there, later transform.Record) error {
	tx, err := f.pool.BeginTxx(ctx, nil)
	require.NoError(f.t, err)
	joining := f.store.Joining(tx)
	defer joining.Rollback()
	if _, err := joining.Record(ctx, f.at, f.keys(there)); err != nil {
		return err
	}
	for i, rec := range []transform.Record{there, later} {
		id, _ := rec.At(0).Int()
		if err := rename(ctx, tx, id); err != nil {
			return &store.Error{Op: "rename", Kind: store.ErrUnavailable, Outcome: store.NotApplied, Cause: err}
		}
		if i == 1 {
			continue
		}
		if _, err := joining.Record(ctx, f.at, f.keys(later)); err != nil {
			return err
		}
	}
	if _, err := joining.Rows(ctx, f.keys(there, later)); err != nil {
		return err
	}
	return joining.Commit(ctx)
}

// A transaction that the service ended by itself may have been committed.
func TestJoinedTransactionEndedByTheService(t *testing.T) {
	f := newFixture(t, setting{})
	for _, end := range []func(*sqlx.Tx) error{(*sqlx.Tx).Commit, (*sqlx.Tx).Rollback} {
		tx := f.begin()
		joining, _ := f.join(tx, f.user(1))
		require.NoError(t, end(tx))
		err := joining.Commit(f.ctx)
		require.ErrorIs(t, err, store.ErrInvalid)
		require.Equal(t, store.Unknown, store.OutcomeOf(err))
		require.NoError(t, joining.Rollback())
	}
}

// A step of the phase waits for the transaction, and may end its session. Then
// nothing of it was applied.
func TestAdvanceEndsJoinedTransaction(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	f := newFixture(t, setting{opts: mysqlstore.Options{FenceWait: time.Second, EndHolders: true}})
	was := f.prepare(f.user(1))
	tx := f.begin()
	joining, _ := f.join(tx, f.user(1))
	require.NoError(t, rename(f.ctx, tx, 1))
	f.advance(true)
	err := joining.Commit(f.ctx)
	refused(t, err, store.ErrUnavailable)
	row := f.row(f.user(1))
	require.False(t, row.Dirty)
	require.Equal(t, was, row.Version)
	require.Equal(t, "user-1", f.text(f.user(1), "username"))
	require.Zero(t, f.pool.Stats().InUse)
}

// A step that must not end sessions waits until the transaction has committed.
func TestAdvanceWaitsForJoinedTransaction(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		f.prepare(f.user(1))
		tx := f.begin()
		joining, _ := f.join(tx, f.user(1))
		from, to := f.next(!bare)
		done := make(chan error)
		go func() { done <- f.store.Advance(f.ctx, from, to, entry) }()
		f.waits(1)
		require.NoError(t, rename(f.ctx, tx, 1))
		require.NoError(t, joining.Commit(f.ctx))
		require.NoError(t, <-done)
		require.Equal(t, "changed-1", f.text(f.user(1), "username"))
		require.Equal(t, !bare, f.row(f.user(1)).Dirty)
	}
}
