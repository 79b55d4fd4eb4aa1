package migrationctl_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// eachEngine plays a scenario that has SQL of its own, on MySQL.
func eachEngine(t *testing.T, play func(t *testing.T, w *world)) {
	for _, e := range enginetest.DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) { play(t, newEngineWorld(t, e, faultstore.New())) })
	}
}

// The service's own statements.
const (
	sqlInsert = "INSERT INTO users (user_id, username, email, profile_data) " +
		"SELECT n, CONCAT('user', n), CONCAT('user', n), '{\"count\":1}' FROM (SELECT CAST(? AS SIGNED) AS n) id"
	sqlAdd    = "UPDATE users SET profile_data = JSON_SET(profile_data, '$.count', CAST(JSON_EXTRACT(profile_data, '$.count') AS SIGNED) + 1) WHERE user_id = ?"
	sqlDelete = "DELETE FROM users WHERE user_id = ?"
)

// begin begins a transaction of the service's own and joins it.
func (w *world) begin(ctx context.Context, p *process, keys ...dal.Key) (*sqlx.Tx, *dal.Joined, error) {
	tx, err := w.db.BeginTxx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	joined, err := p.Join(ctx, w.mysql.(*mysqlstore.Store).Joining(tx), keys...)
	return tx, joined, err
}

// own runs one of the service's statements on a user in a transaction of its own.
func (w *world) own(ctx context.Context, p *process, query string, id int64, options ...dal.WriteOption) error {
	tx, joined, err := w.begin(ctx, p, p.users.Key(id))
	if err != nil {
		return err
	}
	defer joined.Rollback()
	if _, err := tx.ExecContext(ctx, query, id); err != nil {
		return err
	}
	return joined.Commit(ctx, options...)
}

// untilOwn is own, begun again as long as others are in the way.
func (w *world) untilOwn(ctx context.Context, p *process, query string, id int64) error {
	for {
		err := w.own(ctx, p, query, id)
		var deadlock *mysql.MySQLError
		if !errors.Is(err, dal.ErrConflict) && !(errors.As(err, &deadlock) && deadlock.Number == 1213) {
			return err
		}
	}
}

// TestJoinedWrites: what a service writes by its own SQL, in a transaction that it
// lets the library join, is in DynamoDB as a write of the library's is.
func TestJoinedWrites(t *testing.T) {
	for _, phase := range []store.Phase{store.DualWrite, store.Validate} {
		t.Run(phase.String(), func(t *testing.T) {
			eachEngine(t, func(t *testing.T, w *world) {
				w.to(t, phase)
				p := w.open(t, quiet())
				require.NoError(t, w.own(t.Context(), p, sqlInsert, 1))
				require.Equal(t, 1, w.count(t, w.dynamo, 1), "the commit brings it over, not the relay")
				require.NoError(t, w.own(t.Context(), p, sqlAdd, 1, dal.Follow(dal.Required)))
				require.Equal(t, 2, w.count(t, w.dynamo, 1))
				require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
				require.NoError(t, w.own(t.Context(), p, sqlAdd, 1, dal.Follow(dal.Async)))
				require.Equal(t, 4, w.count(t, w.mysql, 1))
				require.Eventually(t, func() bool { return w.count(t, w.dynamo, 1) == 4 }, 10*time.Second, 5*time.Millisecond,
					"the relay, which polls for nothing here, is told of the change")
				w.requireEqualStores(t)
				require.NoError(t, w.own(t.Context(), p, sqlDelete, 1))
				require.Equal(t, -1, w.count(t, w.dynamo, 1))

				tx, joined, err := w.begin(t.Context(), p)
				require.NoError(t, err)
				tx.MustExec(sqlInsert, 2)
				require.NoError(t, joined.Touch(t.Context(), p.users.Key(2), p.users.Key(3)))
				require.NoError(t, joined.Commit(t.Context()))
				require.Equal(t, 1, w.count(t, w.dynamo, 2))
				require.Equal(t, -1, w.count(t, w.dynamo, 3), "named and not changed")
				w.requireEqualStores(t)
			})
		})
	}
}

// TestJoinedWritesBesideOthers: many joined transactions and many writes of the
// library's change one record. None is lost, in either store.
func TestJoinedWritesBesideOthers(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "lets transactions wait for one another")
	const workers, each = 3, 15
	eachEngine(t, func(t *testing.T, w *world) {
		w.to(t, store.Validate)
		p, q := w.open(t, nil), w.open(t, nil)
		require.NoError(t, w.own(t.Context(), p, sqlInsert, 1))
		var work sync.WaitGroup
		errs := make(chan error, 2*workers*each)
		for range workers {
			work.Add(2)
			go func() {
				defer work.Done()
				for range each {
					errs <- w.untilOwn(context.Background(), p, sqlAdd, 1)
				}
			}()
			go func() {
				defer work.Done()
				for range each {
					errs <- q.users.Update(context.Background(), q.users.Key(1), addOne)
				}
			}()
		}
		work.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, 1+2*workers*each, w.count(t, w.mysql, 1))
		w.requireEqualStores(t)
	})
}

// TestPhaseChangesAroundJoinedWrites: a step of the phase waits for a joined
// transaction, which then is in both stores; the next one is begun again under
// the new phase, or told that DynamoDB leads, and on the way back it works as
// before.
func TestPhaseChangesAroundJoinedWrites(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "lets a step wait for a transaction")
	eachEngine(t, func(t *testing.T, w *world) {
		w.to(t, store.DualWrite)
		p, other := w.open(t, leading()), w.open(t, nil)
		require.NoError(t, w.own(t.Context(), p, sqlInsert, 1))
		p.drained(t)
		for want, to := range []store.Phase{store.Validate, store.DynamoDBPrimary} {
			if to == store.DynamoDBPrimary {
				p.verified(t)
			}
			tx, joined, err := w.begin(t.Context(), other, other.users.Key(1))
			require.NoError(t, err)
			done := make(chan error, 1)
			go func() { done <- p.SetPhase(context.Background(), to, migrationctl.Change{Reason: "step"}) }()
			w.someoneWaits(t)
			tx.MustExec(sqlAdd, 1)
			require.NoError(t, joined.Commit(t.Context()))
			require.NoError(t, <-done)
			require.Equal(t, want+2, w.count(t, w.dynamo, 1))
			if to == store.Validate {
				require.NoError(t, w.untilOwn(t.Context(), other, sqlInsert, 2))
			}
		}

		err := w.untilOwn(t.Context(), other, sqlAdd, 1)
		require.ErrorIs(t, err, dal.ErrWrongPhase)
		require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
		require.Equal(t, 3, w.count(t, w.mysql, 1))
		require.NoError(t, other.users.Update(t.Context(), other.users.Key(1), addOne))

		p.step(t, store.Validate)
		require.NoError(t, w.untilOwn(t.Context(), other, sqlAdd, 1))
		require.Equal(t, 5, w.count(t, w.mysql, 1))
		w.requireEqualStores(t)
	})
}

// TestJoinedWritesAreWeighed: what DynamoDB can't take is refused at the commit of a
// joined transaction before anything commits, with the count or the column, and neither
// store has any of it. What fits is in both. In phase 1 without capture the service goes on
// as ever, and it is counted.
func TestJoinedWritesAreWeighed(t *testing.T) {
	const many = "INSERT INTO users (user_id, username, email) SELECT n, CONCAT('m', n), CONCAT('m', n) FROM (SELECT CAST(? AS SIGNED) AS n) id"
	cases := []struct {
		what  string
		ids   int64
		write func(tx *sqlx.Tx, ids []int64) // the first was there
		kind  error
		says  string
	}{
		{"as many as fit", 99, func(tx *sqlx.Tx, ids []int64) {
			for _, id := range ids[1:] {
				tx.MustExec(many, id)
			}
			tx.MustExec(sqlAdd, ids[0])
		}, nil, ""},
		{"too many", 100, func(tx *sqlx.Tx, ids []int64) {
			for _, id := range ids[1:] {
				tx.MustExec(many, id)
			}
			tx.MustExec(sqlDelete, ids[0])
		}, dal.ErrTooLarge, "takes 101 actions of the 100"},
		{"too large together", 14, func(tx *sqlx.Tx, ids []int64) {
			for _, id := range ids[1:] {
				tx.MustExec(many, id)
			}
			for _, id := range ids {
				tx.MustExec("UPDATE users SET profile_data = ? WHERE user_id = ?", `{"bio":"`+strings.Repeat("x", 300_000)+`"}`, id)
			}
		}, dal.ErrTooLarge, "bytes of the 4194304"},
		{"too large an item", 2, func(tx *sqlx.Tx, ids []int64) {
			tx.MustExec(many, ids[1])
			tx.MustExec("UPDATE users SET profile_data = ? WHERE user_id = ?", `{"bio":"`+strings.Repeat("x", 420_000)+`"}`, ids[0])
		}, dal.ErrTooLarge, "Users"},
		{"no item", 2, func(tx *sqlx.Tx, ids []int64) {
			tx.MustExec(many, ids[1])
			tx.MustExec("UPDATE users SET username = '' WHERE user_id = ?", ids[0])
		}, dal.ErrInvalid, "username"},
	}
	for _, stage := range []string{"bare", "captured", "dual-write", "validate"} {
		t.Run(stage, func(t *testing.T) {
			w := newEngineWorld(t, enginetest.DynamoDBEngines(t)[0], faultstore.New())
			switch stage {
			case "captured":
				w.to(t, store.MySQLOnly)
			case "dual-write":
				w.to(t, store.DualWrite)
			case "validate":
				w.to(t, store.Validate)
			}
			p := w.open(t, quiet())
			for i, c := range cases {
				ids := make([]int64, c.ids)
				keys := make([]dal.Key, c.ids)
				for n := range ids {
					ids[n] = int64(i*1000 + n + 1)
					keys[n] = p.users.Key(ids[n])
				}
				require.NoError(t, w.own(t.Context(), p, sqlInsert, ids[0]))
				w.drain(t)
				unfit := p.Router().Stats().Unfit
				there, followed, was := w.texts(t, w.mysql), w.texts(t, w.dynamo), w.row(t, w.mysql, ids[0])
				tx, joined, err := w.begin(t.Context(), p, keys...)
				require.NoError(t, err)
				c.write(tx, ids)
				err = joined.Commit(t.Context())
				if c.kind == nil || stage == "bare" {
					require.NoError(t, err, c.what)
					require.True(t, w.row(t, w.mysql, ids[len(ids)-1]).Live, c.what)
					require.Equal(t, map[bool]int64{true: unfit, false: unfit + 1}[c.kind == nil], p.Router().Stats().Unfit, c.what)
					continue
				}
				require.ErrorIs(t, err, c.kind, c.what)
				require.ErrorContains(t, err, c.says, c.what)
				require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
				require.True(t, maps.EqualFunc(there, w.texts(t, w.mysql), slices.Equal), c.what)
				require.True(t, maps.EqualFunc(followed, w.texts(t, w.dynamo), slices.Equal), c.what)
				require.Equal(t, was.Version, w.row(t, w.mysql, ids[0]).Version, "no change record is left")
				require.Equal(t, unfit, p.Router().Stats().Unfit)
			}
			if stage == "dual-write" || stage == "validate" {
				w.requireEqualStores(t)
			}
		})
	}
}

// someoneWaits waits until a session waits for a lock. The server refreshes what
// it shows only if nobody has looked for a tenth of a second.
func (w *world) someoneWaits(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		var n int
		err := w.db.Get(&n, "SELECT COUNT(*) FROM information_schema.innodb_trx t"+
			" JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id"+
			" WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()")
		return err == nil && n > 0
	}, 10*time.Second, 120*time.Millisecond)
}

// TestJoinedWriteOfADeadProcess: a process dies between the commit of a joined
// transaction and its refresh. Another one's relay brings it over.
func TestJoinedWriteOfADeadProcess(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		w.to(t, store.DualWrite)
		p := w.open(t, quiet())
		require.NoError(t, w.own(t.Context(), p, sqlInsert, 1))
		w.faults.On(faultstore.Method("Put"), faultstore.Crash)
		require.NoError(t, w.own(t.Context(), p, sqlAdd, 1))
		require.Equal(t, 2, w.count(t, w.mysql, 1))
		require.Equal(t, 1, w.count(t, w.dynamo, 1))
		w.faults.Restart()
		w.open(t, nil).drained(t)
		require.Equal(t, 2, w.count(t, w.dynamo, 1))
	})
}

// TestJoinedWriteBare: in phase 1 without capture a joined transaction leaves no
// change record, and capture is not switched on under it.
func TestJoinedWriteBare(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "lets a step wait for a transaction")
	eachEngine(t, func(t *testing.T, w *world) {
		p := w.open(t, nil)
		require.NoError(t, w.own(t.Context(), p, sqlInsert, 1))
		require.Zero(t, w.row(t, w.mysql, 1).Version)
		tx, joined, err := w.begin(t.Context(), p, p.users.Key(1))
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- p.CaptureOn(context.Background(), migrationctl.Change{Reason: "test"}) }()
		w.someoneWaits(t)
		tx.MustExec(sqlAdd, 1)
		require.NoError(t, joined.Commit(t.Context()))
		require.NoError(t, <-done)
		require.False(t, w.row(t, w.mysql, 1).Dirty)
		require.NoError(t, w.untilOwn(t.Context(), p, sqlAdd, 1))
		require.True(t, w.row(t, w.mysql, 1).Dirty)
		require.Equal(t, 3, w.count(t, w.mysql, 1))
	})
}
