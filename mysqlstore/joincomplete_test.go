package mysqlstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// A service that takes no notice of a rollback inside its transaction would
// commit the rest without change records. Commit refuses, and what has committed
// by itself meanwhile is brought to the follower. A writer in between has taken the
// version that was given back: his change record is not taken for the transaction's own.
func TestJoinedTransactionThatWasTakenBack(t *testing.T) {
	for name, back := range map[string][2][]string{
		"savepoint":                 {{"SAVEPOINT mine"}, {"ROLLBACK TO SAVEPOINT mine"}},
		"rolled back by the server": {{}, {"ROLLBACK"}}, // as a deadlock does
		"another one begun":         {{}, {"ROLLBACK", "START TRANSACTION"}},
		"committed in passing":      {{}, {"CREATE TABLE more (id INT)"}},
	} {
		for who, between := range map[string]func(*fixture) (transform.Record, func() store.Written){
			"nobody in between": func(f *fixture) (transform.Record, func() store.Written) {
				was := f.prepare(f.user(1))
				return f.user(1), func() store.Written { return store.Written{Rows: []store.Row{{Version: was}}} }
			},
			"a change in between": func(f *fixture) (transform.Record, func() store.Written) {
				f.prepare(f.user(1))
				return f.user(1), func() store.Written { return f.write(f.update(f.user(1), "email", "other")) }
			},
			"a new record in between": func(f *fixture) (transform.Record, func() store.Written) {
				return f.user(9), func() store.Written { return f.write(f.create(f.user(9))) }
			},
		} {
			if name == "savepoint" && who == "a change in between" {
				continue // a change record that was there before stays locked
			}
			t.Run(name+", "+who, func(t *testing.T) {
				enginetest.NeedsRealMySQL(t, "has savepoints")
				f := newFixture(t, setting{})
				rec, other := between(f)
				tx := f.begin()
				for _, s := range back[0] {
					tx.MustExec(s)
				}
				joining, _ := f.join(tx, rec)
				for _, s := range back[1] {
					tx.MustExec(s)
				}
				was := other().Rows[0].Version
				id, _ := rec.At(0).Int()
				require.NoError(t, rename(f.ctx, tx, id))
				err := joining.Commit(f.ctx)
				require.ErrorIs(t, err, store.ErrInvalid)
				require.Equal(t, store.Unknown, store.OutcomeOf(err))
				row := f.row(rec)
				require.True(t, row.Dirty)
				require.Greater(t, row.Version, was)
				require.True(t, f.fenceIsFree())
			})
		}
	}
}

// The service's own savepoints are its own: it may release one from before Join, or
// go back to or release one that Touch came after. Nothing of that costs a commit as
// long as the change records are there.
func TestJoinedTransactionWithSavepoints(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has savepoints")
	for name, c := range map[string]struct{ begin, first, second, end string }{
		"released from before Join":  {begin: "SAVEPOINT mine", end: "RELEASE SAVEPOINT mine"},
		"released from before Touch": {first: "SAVEPOINT mine", end: "RELEASE SAVEPOINT mine"},
		"gone back to":               {second: "SAVEPOINT mine", end: "ROLLBACK TO SAVEPOINT mine"},
		"both":                       {begin: "SAVEPOINT around", first: "SAVEPOINT mine", second: "RELEASE SAVEPOINT mine", end: "RELEASE SAVEPOINT around"},
		"none":                       {},
	} {
		for _, reads := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, reads %v", name, reads), func(t *testing.T) {
				f := newFixture(t, setting{})
				was := f.prepare(f.user(1))
				tx := f.begin()
				run := func(statement string) {
					if statement != "" {
						tx.MustExec(statement)
					}
				}
				run(c.begin)
				joining, _ := f.join(tx, f.user(1))
				require.NoError(t, rename(f.ctx, tx, 1))
				run(c.first)
				_, err := joining.Record(f.ctx, f.at, f.keys(f.user(9))) // which has no change record
				require.NoError(t, err)
				run(c.second)
				tx.MustExec("INSERT INTO users (user_id) VALUES (9)")
				run(c.end)
				if reads {
					_, err := joining.Rows(f.ctx, f.keys(f.user(1), f.user(9)))
					require.NoError(t, err)
				}
				require.NoError(t, joining.Commit(f.ctx))
				require.Equal(t, "changed-1", f.text(f.user(1), "username"))
				require.Equal(t, c.end != "ROLLBACK TO SAVEPOINT mine", f.row(f.user(9)).Live)
				for _, rec := range []transform.Record{f.user(1), f.user(9)} {
					require.True(t, f.row(rec).Dirty)
				}
				require.Greater(t, f.row(f.user(1)).Version, was)
				require.Zero(t, f.pool.Stats().InUse)
			})
		}
	}
}

// What came with Touch may be taken back alone, and another writer in between.
func TestJoinedTransactionThatLostOneKey(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has savepoints")
	f := newFixture(t, setting{})
	tx := f.begin()
	joining, _ := f.join(tx, f.user(1))
	tx.MustExec("SAVEPOINT mine")
	_, err := joining.Record(f.ctx, f.at, f.keys(f.user(9)))
	require.NoError(t, err)
	tx.MustExec("ROLLBACK TO SAVEPOINT mine")
	was := f.write(f.create(f.user(9))).Rows[0].Version
	require.NoError(t, rename(f.ctx, tx, 9))
	_, err = joining.Record(f.ctx, f.at, f.keys(f.user(2)))
	require.NoError(t, err)
	_, err = joining.Rows(f.ctx, f.keys(f.user(1), f.user(9), f.user(2)))
	require.ErrorContains(t, err, "rolled the transaction back")
	require.Equal(t, "user-9", f.text(f.user(9), "username"))
	require.Greater(t, f.row(f.user(9)).Version, was)
}

// A joined transaction has two statements for each time that keys are named, beside
// those of the keys, whatever the number of keys.
func TestJoinedTransactionStatements(t *testing.T) {
	f := newFixture(t, setting{})
	f.prepare(f.user(1))
	f.hooks.reset(nil, nil)
	tx := f.begin()
	joining, _ := f.join(tx, f.user(1), f.user(2))
	require.NoError(t, rename(f.ctx, tx, 1))
	_, err := joining.Record(f.ctx, f.at, f.keys(f.user(3)))
	require.NoError(t, err)
	require.NoError(t, joining.Commit(f.ctx))
	require.Equal(t, "INSERT INSERT SAVEPOINT UPDATE INSERT SAVEPOINT RELEASE RELEASE COMMIT", strings.Join(firstWords(f.hooks.seen()), " "))
}
