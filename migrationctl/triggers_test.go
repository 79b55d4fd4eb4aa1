package migrationctl_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// eachTriggered plays on the engines, in a group that captures by triggers.
func eachTriggered(t *testing.T, play func(t *testing.T, w *world)) {
	enginetest.NeedsRealMySQL(t, "has triggers that run in the writer's transaction and SIGNAL")
	for _, e := range enginetest.DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) {
			w := newEngineWorld(t, e, faultstore.New())
			report, err := w.operator(t).InitTriggers(t.Context())
			require.NoError(t, err)
			require.Positive(t, report.Made)
			require.False(t, report.Unverified)
			play(t, w)
		})
	}
}

// TestWalkWithOutsideWriters goes from phase 1 to 5 and back to 1 while programs
// that know nothing of the library write the same table: many rows at once,
// inserts that update, REPLACE, deletes, keys that change, transactions that are
// rolled back. What they were told is committed is in both stores, and nothing
// else; in phases 4 and 5 they are refused.
func TestWalkWithOutsideWriters(t *testing.T) {
	eachTriggered(t, func(t *testing.T, w *world) {
		out := startOutsiders(t, w.db, 3)
		out.goOn(t, &out.committed)
		w.to(t, store.Validate)
		p := w.open(t, leading())
		load := startLoad(t, []*process{p})
		for _, to := range []store.Phase{4, 5, 4, 3, 2, 1} {
			p.step(t, to)
			if to >= store.DynamoDBPrimary {
				out.goOn(t, &out.refused)
				before := out.committed.Load()
				out.goOn(t, &out.refused)
				require.Equal(t, before, out.committed.Load(), "phase %d", to)
			} else {
				out.goOn(t, &out.committed)
			}
			load.goOn(t)
		}
		load.stop()
		out.stop()
		require.Zero(t, load.failed.Load())
		require.NoError(t, p.SetPhase(t.Context(), store.DualWrite, migrationctl.Change{}))
		w.requireEqualStores(t)
		out.requireThere(t, w)
	})
}

// outsiders write with SQL of their own, each to ids of its own.
type outsiders struct {
	db                 *sqlx.DB
	committed, refused atomic.Int64
	quit               context.Context
	end                context.CancelFunc
	work               sync.WaitGroup
	counts             []map[int64]int // what was committed, by writer
}

// idsEach is how many ids an outsider writes to.
const idsEach = 8

func startOutsiders(t *testing.T, db *sqlx.DB, n int) *outsiders {
	o := &outsiders{db: db}
	o.quit, o.end = context.WithCancel(context.Background())
	t.Cleanup(o.stop)
	for i := range n {
		model := map[int64]int{}
		o.counts = append(o.counts, model)
		o.work.Add(1)
		go func() {
			defer o.work.Done()
			r := rand.New(rand.NewPCG(7, uint64(i)))
			for n := 1; o.quit.Err() == nil; n++ {
				o.write(t, r, int64(5000+idsEach*i), model, n)
				time.Sleep(pause)
			}
		}()
	}
	return o
}

// write commits a random statement or two, and then the model has it too.
func (o *outsiders) write(t *testing.T, r *rand.Rand, first int64, model map[int64]int, n int) {
	next := make(map[int64]int, len(model))
	for id, count := range model {
		next[id] = count
	}
	rollback := r.IntN(6) == 0
	err := o.transact(func(tx *sqlx.Tx) error {
		for range 1 + r.IntN(2) {
			if _, err := tx.Exec(outsideStatement(r, first, next, n)); err != nil {
				return err
			}
		}
		if rollback {
			return errRollback
		}
		return nil
	})
	var me *mysql.MySQLError
	switch {
	case err == nil:
		clear(model)
		for id, count := range next {
			model[id] = count
		}
		o.committed.Add(1)
	case errors.Is(err, errRollback):
	case errors.As(err, &me) && (me.Number == mysqlstore.ErrnoClosed || me.Number == mysqlstore.ErrnoNotHere):
		o.refused.Add(1)
	case errors.As(err, &me) && (me.Number == 1213 || me.Number == 1205):
		// A deadlock, as any two writers have it.
	default:
		t.Error(err)
		o.end()
	}
}

var errRollback = errors.New("rolled back")

func (o *outsiders) transact(do func(tx *sqlx.Tx) error) error {
	tx, err := o.db.Beginx()
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// outsideStatement returns a statement, and does to the model what it does.
func outsideStatement(r *rand.Rand, first int64, model map[int64]int, n int) string {
	a, b := first+r.Int64N(idsEach), first+r.Int64N(idsEach)
	row := func(id int64) string {
		return fmt.Sprintf(`(%d, 'out%d', 'out%d@example.com', '{"count":%d}')`, id, id, id, n)
	}
	const columns = " INTO users (user_id, username, email, profile_data) VALUES "
	_, there := model[a]
	_, taken := model[b]
	switch op := r.IntN(5); {
	case op == 0:
		model[a], model[b] = n, n
		return "INSERT" + columns + row(a) + ", " + row(b) + fmt.Sprintf(` ON DUPLICATE KEY UPDATE profile_data = '{"count":%d}'`, n)
	case op == 1:
		model[a] = n
		return "REPLACE" + columns + row(a)
	case op == 2 && there && !taken:
		model[b] = model[a]
		delete(model, a)
		return fmt.Sprintf("UPDATE users SET user_id = %d, username = 'out%d', email = 'out%d@example.com' WHERE user_id = %d", b, b, b, a)
	case op == 3 && there:
		delete(model, a)
		return fmt.Sprintf("DELETE FROM users WHERE user_id = %d", a)
	}
	for id := range model {
		model[id] = n
	}
	return fmt.Sprintf(`UPDATE users SET profile_data = '{"count":%d}' WHERE user_id BETWEEN %d AND %d`, n, first, first+idsEach-1)
}

// goOn waits until the outsiders have met what the counter counts some more times.
func (o *outsiders) goOn(t *testing.T, counter *atomic.Int64) {
	t.Helper()
	before := counter.Load()
	require.Eventually(t, func() bool { return counter.Load() > before+10 }, time.Minute, time.Millisecond)
}

func (o *outsiders) stop() {
	o.end()
	o.work.Wait()
}

// requireThere holds both stores against what was committed.
func (o *outsiders) requireThere(t *testing.T, w *world) {
	t.Helper()
	for i, counts := range o.counts {
		for id := int64(5000 + idsEach*i); id < int64(5000+idsEach*(i+1)); id++ {
			want, ok := counts[id]
			if !ok {
				want = -1
			}
			require.Equal(t, want, w.count(t, w.mysql, id), "user %d in MySQL", id)
			require.Equal(t, want, w.count(t, w.dynamo, id), "user %d in DynamoDB", id)
		}
	}
}

// TestTriggersAreGuarded: with a trigger gone no capture begins and no step is
// made towards DynamoDB or back from it, and what is made anew while writes are
// captured voids every verify.
func TestTriggersAreGuarded(t *testing.T) {
	eachTriggered(t, func(t *testing.T, w *world) {
		op := w.operator(t)
		untrigger := func() {
			var name string
			require.NoError(t, w.db.Get(&name, "SELECT trigger_name FROM information_schema.triggers"+
				" WHERE trigger_schema = DATABASE() AND event_object_table = 'users' AND event_manipulation = 'INSERT'"))
			w.db.MustExec("DROP TRIGGER " + name)
		}
		requireGuarded := func(err error) {
			t.Helper()
			var refused *migrationctl.RefusedError
			require.ErrorAs(t, err, &refused)
			require.Contains(t, refused.Error(), "the trigger AFTER INSERT ON users is missing")
		}
		ctx, change := t.Context(), migrationctl.Change{Force: true}
		untrigger()
		requireGuarded(op.CaptureOn(ctx, change))
		report, err := op.InitTriggers(ctx)
		require.NoError(t, err)
		require.Equal(t, migrationctl.TriggerReport{Made: 1}, report)

		w.to(t, store.Validate)
		_, err = op.Verify(ctx, migrationctl.VerifyOptions{})
		require.NoError(t, err)
		untrigger()
		requireGuarded(op.SetPhase(ctx, store.DynamoDBPrimary, change))
		report, err = op.InitTriggers(ctx)
		require.NoError(t, err)
		require.Equal(t, migrationctl.TriggerReport{Made: 1, Unverified: true}, report)
		require.ErrorContains(t, op.SetPhase(ctx, store.DynamoDBPrimary, change), "no clean verify")
		_, err = op.Verify(ctx, migrationctl.VerifyOptions{})
		require.NoError(t, err)
		require.NoError(t, op.SetPhase(ctx, store.DynamoDBPrimary, change))
		untrigger()
		requireGuarded(op.SetPhase(ctx, store.Validate, change))
		_, err = op.Uninstall(ctx)
		require.ErrorContains(t, err, "not captured (data)")
	})
}
