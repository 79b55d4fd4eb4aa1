package migrationctl_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// tooBig stores a user in MySQL whose profile fits no item, as a service could
// before it had the library.
func (w *world) tooBig(t *testing.T, id int64, at store.At) {
	t.Helper()
	rec := w.record(t, user(id))
	profile, err := transform.CanonicalJSON([]byte(`{"count":0,"bio":"` + strings.Repeat("x", 450_000) + `"}`))
	require.NoError(t, err)
	v, err := rec.Entity().Columns[rec.Entity().ColumnIndex("profile_data")].Parse(profile)
	require.NoError(t, err)
	require.NoError(t, rec.Set("profile_data", v))
	_, err = w.mysql.Write(t.Context(), at, store.Write{Mutations: []store.Mutation{{Op: store.Put, Key: w.key(t, id), Record: rec}}})
	require.NoError(t, err)
}

// TestDeadLetters: a row that fits no item is no silent skip of the backfill,
// does not hold up its neighbours, stands against phase 3, and is brought over
// once it is mended.
func TestDeadLetters(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.outside(t, user(1), user(3))
		w.tooBig(t, 2, store.At{Epoch: store.FirstEpoch})
		w.to(t, store.DualWrite)
		op := w.operator(t)
		letters, n, err := op.DeadLetters(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, int64(1), n)
		require.Equal(t, w.key(t, 2).ID, letters[0].ID)
		require.NotContains(t, letters[0].Reason, "xxx")
		require.True(t, w.row(t, w.dynamo, 1).Live)
		require.True(t, w.row(t, w.dynamo, 3).Live)

		var refused *migrationctl.RefusedError
		require.ErrorAs(t, op.SetPhase(t.Context(), store.Validate, migrationctl.Change{}), &refused)
		require.Equal(t, "dead letters", refused.Unmet[0].Guard)
		found, err := op.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users", Repair: true})
		require.NoError(t, err)
		require.Equal(t, int64(1), found[0].Differences)
		require.False(t, found[0].Clean())

		require.NoError(t, op.RetryDeadLetters(t.Context()))
		_, n, err = op.DeadLetters(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, int64(1), n, "a letter whose row is as it was stays")

		p := w.open(t, nil)
		u := user(2)
		require.NoError(t, p.users.Put(t.Context(), &u))
		require.NoError(t, op.RetryDeadLetters(t.Context()))
		_, n, err = op.DeadLetters(t.Context(), 0)
		require.NoError(t, err)
		require.Zero(t, n)
		w.requireEqualStores(t)
		require.NoError(t, op.SetPhase(t.Context(), store.Validate, migrationctl.Change{}))
	})
}

// fussy is a follower that refuses one key until its column is widened.
type fussy struct {
	migrationctl.MySQL
	key  transform.Key
	wide atomic.Bool
}

func (f *fussy) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	if row.Key == f.key && !f.wide.Load() {
		return false, &store.Error{Op: "put", Entity: row.Key.Entity, Store: "mysql", Kind: store.ErrInvalid, Outcome: store.NotApplied,
			Cause: &transform.ValueError{Entity: row.Key.Entity, Column: "username", Reason: "too long"}}
	}
	return f.MySQL.Put(ctx, at, row)
}

// TestMendedDeadLetterLeavesNothing: once what made a record a dead letter is
// mended, every change record of its key goes, also those of earlier writes.
func TestMendedDeadLetterLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		mysql := &fussy{MySQL: w.mysql, key: w.key(t, 1)}
		w.mysql = mysql
		driver := w.lead(t, store.DynamoDBPrimary)
		require.NoError(t, driver.Close(context.Background()))
		at := w.settled(t)
		for range 3 {
			w.stray(t, at.Epoch, "", w.put(t, user(1)))
		}
		p := w.open(t, &migrationctl.Options{RelayPoll: time.Second})
		time.Sleep(5 * time.Second)
		status, err := p.Status(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 3, status.Dirty)
		require.EqualValues(t, 1, status.DeadLetters)
		mysql.wide.Store(true)
		time.Sleep(15 * time.Second)
		status, err = p.Status(t.Context())
		require.NoError(t, err)
		require.Zero(t, status.DeadLetters)
		require.Zero(t, status.Dirty)
		require.NoError(t, p.Close(context.Background()))
		w.requireEqualStores(t)
	})
}

// TestForceIsAudited: force overrules a comfort guard, and the audit says which.
func TestForceIsAudited(t *testing.T) {
	w := newMemoryWorld(t, faultstore.New())
	w.tooBig(t, 1, store.At{Epoch: store.FirstEpoch})
	w.to(t, store.DualWrite)
	op := w.operator(t)
	require.NoError(t, op.SetPhase(t.Context(), store.Validate, migrationctl.Change{Force: true}))
	audit, err := op.Audit(t.Context(), 1)
	require.NoError(t, err)
	require.Contains(t, audit[0].Detail, "forced over: dead letters")
}

// TestRelayFinishesForOthers: what a dead process left dirty, any other
// process's relay brings over; a dead letter among it holds up nothing.
func TestRelayFinishesForOthers(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.DualWrite)
		dead, err := dal.NewRepository[User](router(t, w), "Users") // it has no relay
		require.NoError(t, err)
		for id := range int64(50) {
			u := user(id)
			require.NoError(t, dead.Create(t.Context(), &u, dal.Follow(dal.Async)))
		}
		w.tooBig(t, 25, w.at(t))
		p := w.open(t, nil)
		require.Eventually(t, func() bool {
			status, err := p.Status(context.Background())
			return err == nil && status.Dirty == 1 && status.DeadLetters == 1
		}, 20*time.Second, 10*time.Millisecond)
		require.True(t, w.row(t, w.dynamo, 49).Live)
		require.False(t, w.row(t, w.dynamo, 25).Live)
	})
}

// TestRelayStopsInPhaseOne: without a follower in the phase nothing is sent to
// it, however much is dirty.
func TestRelayStopsInPhaseOne(t *testing.T) {
	w := newMemoryWorld(t, faultstore.New())
	w.to(t, store.MySQLOnly)
	p := w.open(t, &migrationctl.Options{RelayPoll: time.Millisecond})
	u := user(1)
	require.NoError(t, p.users.Create(t.Context(), &u))
	require.Never(t, func() bool { return len(w.faults.Matching(faultstore.Method("Put"))) > 0 }, 50*time.Millisecond, time.Millisecond)
	require.NoError(t, w.operator(t).SetPhase(t.Context(), store.DualWrite, migrationctl.Change{}))
	p.drained(t)
	require.True(t, w.row(t, w.dynamo, 1).Live)
}

// TestRelaysDivideTheWork: what is left dirty is brought over once, not once by
// each process, in both directions.
func TestRelaysDivideTheWork(t *testing.T) {
	for _, phase := range []store.Phase{store.Validate, store.DynamoDBPrimary} {
		t.Run(phase.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				driver := w.lead(t, phase)
				require.NoError(t, driver.Close(context.Background()))
				const keys = 300
				at := w.settled(t)
				for id := range int64(keys) {
					if phase.DynamoDBLeads() {
						w.stray(t, at.Epoch, "", w.put(t, user(id)))
						continue
					}
					_, err := w.mysql.Write(t.Context(), w.at(t), store.Write{Mutations: []store.Mutation{w.put(t, user(id))}})
					require.NoError(t, err)
				}
				var fleet []*process
				var faults []*faultstore.Faults
				for range 3 {
					f := faultstore.New()
					other := &world{contract: w.contract, mysql: w.mysql, dynamo: w.dynamo, faults: f}
					fleet, faults = append(fleet, other.open(t, &migrationctl.Options{RelayPoll: time.Second})), append(faults, f)
				}
				require.Eventually(t, func() bool {
					status, err := w.operator(t).Status(t.Context())
					return err == nil && status.Dirty == 0
				}, time.Minute, time.Second)
				total := 0
				for _, f := range faults {
					puts := len(f.Matching(faultstore.Method("Put")))
					require.Greater(t, puts, keys/10, "each has a part")
					total += puts
				}
				require.Equal(t, keys, total, "and no key is in two")
				for _, p := range fleet {
					require.NoError(t, p.Close(context.Background()))
				}
			})
		})
	}
}

// wait waits for d or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestWorkOfProcessesThatDieYoung: where each process dies before the one
// before it has dropped out, what is dirty is brought over all the same, every
// share of it.
func TestWorkOfProcessesThatDieYoung(t *testing.T) {
	for _, phase := range []store.Phase{store.Validate, store.DynamoDBPrimary} {
		t.Run(phase.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				driver := w.lead(t, phase)
				require.NoError(t, driver.Close(context.Background()))
				at, authority := w.settled(t), store.Control(w.mysql)
				if phase.DynamoDBLeads() {
					authority = w.dynamo
				}
				for id := range int64(100) {
					if phase.DynamoDBLeads() {
						w.stray(t, at.Epoch, "", w.put(t, user(id)))
						continue
					}
					_, err := w.mysql.Write(t.Context(), w.at(t), store.Write{Mutations: []store.Mutation{w.put(t, user(id))}})
					require.NoError(t, err)
				}
				for life := range 30 {
					// Process ids rise.
					name := fmt.Sprintf("%d-%x", 20_000+life, life)
					p := w.open(t, migrationctl.Options{RelayPoll: 100 * time.Millisecond}.OnMachine(time.Now, wait, func() string { return name }))
					time.Sleep(migrationctl.RegistrationTTL / 4)
					require.NoError(t, p.Close(context.Background()))
					_, err := authority.Register(t.Context(), store.Registration{Process: name}) // it did not say goodbye
					require.NoError(t, err)
				}
				status, err := w.operator(t).Status(t.Context())
				require.NoError(t, err)
				require.Zero(t, status.Dirty)
			})
		})
	}
}

// TestProbesGoOn: while the follower rests each pass of the relay sends one
// key, and not always the same.
func TestProbesGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		w.to(t, store.DualWrite)
		for id := range int64(20) {
			_, err := w.mysql.Write(t.Context(), w.at(t), store.Write{Mutations: []store.Mutation{w.put(t, user(id))}})
			require.NoError(t, err)
		}
		w.faults.On(func(c faultstore.Call) bool { return c.Store == "dynamodb" }, faultstore.Before)
		p := w.open(t, &migrationctl.Options{RelayWorkers: 1})
		time.Sleep(time.Hour)
		probed := make(map[transform.Key]bool)
		for _, c := range w.faults.Matching(faultstore.Method("Put")) {
			probed[c.Keys[0]] = true
		}
		require.Len(t, probed, 20)
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestKeyWrittenOftenIsBroughtOnce: of the changes of a key that a page of the
// change records holds, one read and one put bring all, by the relay and by a
// drain.
func TestKeyWrittenOftenIsBroughtOnce(t *testing.T) {
	const times = 200
	for name, bring := range map[string]func(t *testing.T, w *world){
		"drain": func(t *testing.T, w *world) {
			report, err := w.operator(t).Drain(t.Context(), nil)
			require.NoError(t, err)
			require.EqualValues(t, 2*times, report.Refreshed)
		},
		"relay": func(t *testing.T, w *world) {
			p := w.open(t, &migrationctl.Options{RelayPoll: time.Second})
			time.Sleep(time.Minute)
			require.NoError(t, p.Close(context.Background()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				driver := w.lead(t, store.DynamoDBPrimary)
				require.NoError(t, driver.Close(context.Background()))
				at := w.settled(t)
				for range times {
					w.stray(t, at.Epoch, "", w.put(t, user(1)))
					w.stray(t, at.Epoch, "", w.put(t, user(2)))
				}
				before := len(w.faults.Matching(faultstore.Method("Put")))
				bring(t, w)
				status, err := w.operator(t).Status(t.Context())
				require.NoError(t, err)
				require.Zero(t, status.Dirty)
				require.LessOrEqual(t, len(w.faults.Matching(faultstore.Method("Put")))-before, 2*w.dynamo.Shards())
				w.requireEqualStores(t)
			})
		})
	}
}
