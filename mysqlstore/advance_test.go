package mysqlstore_test

import (
	"context"

	"fmt"
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

// Advance must not return while a write of the old epoch could still commit.
func TestAdvanceWaitsForWritesInFlight(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	for _, bare := range []bool{true, false} {
		t.Run(map[bool]string{true: "bare", false: "captured"}[bare], func(t *testing.T) {
			f := newFixture(t, setting{bare: bare})
			rec := f.user(1)
			f.write(f.create(rec))
			old, commits, advanced := f.at, make(chan struct{}), make(chan error)
			f.hooks.reset(func(_ int, query string) bool {
				if query == "COMMIT" {
					f.hooks.reset(nil, nil)
					go func() {
						other, _ := f.open("", nil)
						from, to := f.next(true)
						advanced <- other.Advance(f.ctx, from, to, entry)
					}()
					f.waits(1)
					close(commits)
				}
				return false
			}, nil)
			f.write(f.update(rec, "username", "in flight"))
			<-commits
			require.NoError(t, <-advanced)
			require.Equal(t, "in flight", f.text(rec, "username"))

			_, err := f.store.Write(f.ctx, old, store.Write{Mutations: []store.Mutation{f.update(rec, "username", "late")}})
			refused(t, err, store.ErrWrongPhase)
			require.Equal(t, "in flight", f.text(rec, "username"))
		})
	}
}

// A bare single statement that waits for a row has looked at the fence or will
// look at it: when Advance has returned it changes nothing.
func TestAdvanceBesideABlockedStatement(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	f := newFixture(t, setting{bare: true, opts: mysqlstore.Options{FenceWait: time.Second}})
	rec := f.user(1)
	f.write(f.create(rec))
	for _, m := range []store.Mutation{f.remove(rec), f.create(f.user(1)), f.update(rec, "username", "late")} {
		free := f.locked("SELECT * FROM users WHERE user_id = 1 FOR UPDATE")
		old, done := f.at, make(chan error)
		go func() {
			_, err := f.store.Write(f.ctx, old, store.Write{Mutations: []store.Mutation{m}})
			done <- err
		}()
		f.waits(1)
		other, _ := f.open("", &mysqlstore.Options{FenceWait: time.Second})
		from, to := f.next(false)
		advance := other.Advance(f.ctx, from, to, entry)
		before := f.dump()
		free()
		err := <-done
		if advance == nil {
			require.ErrorIs(t, err, store.ErrWrongPhase, m.Op)
			require.Equal(t, before, f.dump(), m.Op)
			f.at.Epoch = to.Epoch
		}
		f.db.MustExec("REPLACE INTO users (user_id, username) VALUES (1, 'again')")
	}
}

// A transaction that never ends must not hold up writes for ever: Advance gives
// up, says who is in the way, and nothing has changed.
func TestAdvanceGivesUp(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "tells which transaction holds a lock")
	f := newFixture(t, setting{opts: mysqlstore.Options{FenceWait: time.Second}})
	holder := f.db.MustBegin()
	defer holder.Rollback()
	var id int64
	require.NoError(t, holder.Get(&id, "SELECT CONNECTION_ID()"))
	holder.MustExec("SELECT * FROM crossfade_fence LOCK IN SHARE MODE")
	from, to := f.next(false)
	before, err := f.store.Phase(f.ctx)
	require.NoError(t, err)

	err = f.store.Advance(f.ctx, from, to, entry)
	refused(t, err, store.ErrUnavailable)
	require.Contains(t, err.Error(), fmt.Sprint(id), "the holder's connection")
	after, err := f.store.Phase(f.ctx)
	require.NoError(t, err)
	require.Equal(t, before, after)
	audit, err := f.store.Audit(f.ctx, 10)
	require.NoError(t, err)
	require.Len(t, audit, 1, "capture on, and nothing since")
	f.write(f.create(f.user(1)))

	require.NoError(t, holder.Rollback())
	require.NoError(t, f.store.Advance(f.ctx, from, to, entry))
}

// The lock wait timeout that Advance sets must not stay on a connection of the
// service's pool.
func TestAdvanceLeavesSessionsAsTheyWere(t *testing.T) {
	f := newFixture(t, setting{params: "innodb_lock_wait_timeout=33"})
	seen := map[string]bool{}
	f.hooks.reset(nil, func(_ int, query string) bool {
		if strings.HasPrefix(query, "SET SESSION innodb_lock_wait_timeout") {
			seen["set"] = true
		}
		return false
	})
	f.advance(true)
	require.True(t, seen["set"])
	db, _ := openHooked(t, withParams(f.dsn, "innodb_lock_wait_timeout=33"))
	db.SetMaxOpenConns(1)
	s, err := mysqlstore.New(db, f.c, nil)
	require.NoError(t, err)
	from, to := f.next(true)
	require.NoError(t, s.Advance(f.ctx, from, to, entry))
	var wait int
	require.NoError(t, db.Get(&wait, "SELECT @@session.innodb_lock_wait_timeout"))
	require.Equal(t, 33, wait)
}

// Of many steps from the same epoch one is taken.
func TestAdvanceAtOnce(t *testing.T) {
	f := newFixture(t, setting{})
	from, to := f.next(true)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = f.store.Advance(f.ctx, from, to, entry) })
	}
	wg.Wait()
	taken := 0
	for _, err := range errs {
		if err == nil {
			taken++
		} else {
			refused(t, err, store.ErrConflict)
		}
	}
	require.Equal(t, 1, taken)
}

// Fence, phase record and audit move together, whatever statement fails and
// whether its answer is lost; and Advance finds out what became of it.
func TestAdvanceWithFaultAtEveryStatement(t *testing.T) {
	f := newFixture(t, setting{})
	f.sweep(t, func(t *testing.T, ctx context.Context, _ int) {
		watched, hooked := f.store, f.hooks
		quiet, _ := f.open("", nil)
		f.store = quiet // for everything but the step itself
		defer func() { f.store, f.hooks = watched, hooked }()
		from, to := f.next(true)
		audit, err := quiet.Audit(f.ctx, 1000)
		require.NoError(t, err)
		err = watched.Advance(ctx, from, to, entry)
		f.checkStep(from, to, len(audit), err)
	})
}

// checkStep compares what is there after an Advance with what it returned.
func (f *fixture) checkStep(from, to store.PhaseRecord, audits int, err error) {
	f.t.Helper()
	now, phase := f.store.Phase(f.ctx)
	require.NoError(f.t, phase)
	var epoch, floor uint64
	var state string
	require.NoError(f.t, f.db.QueryRow("SELECT epoch, floor, state FROM crossfade_fence").Scan(&epoch, &floor, &state))
	require.Equal(f.t, now.Epoch, epoch, "fence and record move together")
	require.Equal(f.t, now.State.String(), state)
	require.EqualValues(f.t, store.Floor(epoch), floor)
	entries, fault := f.store.Audit(f.ctx, 1000)
	require.NoError(f.t, fault)
	require.Equal(f.t, now.Revision > from.Revision, len(entries) > audits)
	if err == nil {
		require.Equal(f.t, to.Epoch, now.Epoch)
		require.Equal(f.t, from.Revision+1, now.Revision)
	} else {
		refused(f.t, err, store.ErrUnavailable)
		require.Equal(f.t, from, now, "%v", err)
	}
}

// The floor lies above every version of earlier epochs, also where a purge has
// raised it within one.
func TestFloorOnlyGrows(t *testing.T) {
	f := newFixture(t, setting{})
	high := uint64(store.Floor(f.at.Epoch + 5))
	f.db.MustExec("UPDATE crossfade_fence SET floor = ?", high)
	f.advance(true)
	rec := f.user(1)
	done := f.write(f.create(rec))
	require.Equal(t, store.Version(high+1), done.Rows[0].Version)
	require.Equal(t, done.Rows[0].Version, f.row(rec).Version, "the inserted version is the one returned")
	done = f.write(f.update(rec, "username", "x"))
	require.Equal(t, store.Version(high+2), done.Rows[0].Version)
	require.Equal(t, done.Rows[0].Version, f.row(rec).Version, "and so is the updated one")
	require.NoError(t, f.store.Bump(f.ctx, []transform.Key{f.key(rec), f.key(f.user(9))}))
	require.Equal(t, store.Version(high+3), f.row(rec).Version)
	require.Equal(t, store.Version(high+1), f.row(f.user(9)).Version)
}

func TestAdvanceThatIsNoStep(t *testing.T) {
	f := newFixture(t, setting{})
	from, to := f.next(true)
	for name, change := range map[string]func(*store.PhaseRecord){
		"epoch":       func(p *store.PhaseRecord) { p.Epoch++ },
		"no epoch":    func(p *store.PhaseRecord) { p.Epoch-- },
		"last epoch":  func(p *store.PhaseRecord) { p.Epoch = 1 << 24 },
		"group":       func(p *store.PhaseRecord) { p.Group = "other" },
		"no phase":    func(p *store.PhaseRecord) { p.Phase = 0 },
		"no state":    func(p *store.PhaseRecord) { p.State = 0 },
		"sealed":      func(p *store.PhaseRecord) { p.State = store.Sealed },
		"long driver": func(p *store.PhaseRecord) { p.Driver = strings.Repeat("d", 65) },
	} {
		bad := to
		change(&bad)
		refused(t, f.store.Advance(f.ctx, from, bad, entry), store.ErrInvalid)
		require.NotEmpty(t, name)
	}
	for _, revision := range []uint64{0, from.Revision - 1, from.Revision + 1} {
		stale := from
		stale.Revision = revision
		refused(t, f.store.Advance(f.ctx, stale, to, entry), store.ErrConflict)
	}
	require.Equal(t, from, f.record())
}

// What is kept for the group comes back as it was given.
func TestControlKeepsWhatItIsGiven(t *testing.T) {
	f := newFixture(t, setting{params: "parseTime=true&loc=America%2FNew_York"})
	started := time.Date(2024, 3, 10, 9, 30, 0, 123456000, time.FixedZone("", 3600))
	_, err := f.store.Register(f.ctx, store.Registration{Process: "p1", Host: "h", Epoch: 7, Started: started})
	require.NoError(t, err)
	all, err := f.store.Registrations(f.ctx)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.True(t, started.Equal(all[0].Started), "%v", all[0].Started)
	require.Less(t, all[0].Age, time.Minute)
	require.GreaterOrEqual(t, all[0].Age, time.Duration(0))

	p := store.Progress{Name: "backfill", Entity: "Users", CaptureEpoch: 2, Position: "~e/\x00ü", Done: true, Rows: 1 << 40, Detail: `{"a":1}`}
	require.NoError(t, f.store.SaveProgress(f.ctx, p))
	runs, err := f.store.Progress(f.ctx, "backfill")
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.WithinDuration(t, time.Now(), runs[0].UpdatedAt, time.Minute)
	runs[0].UpdatedAt = time.Time{}
	require.Equal(t, p, runs[0])

	key := f.key(f.user(1))
	require.NoError(t, f.store.SaveDeadLetter(f.ctx, key, 9, strings.Repeat("ü", 10_000)))
	letters, n, err := f.store.DeadLetters(f.ctx, 10)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Equal(t, key.ID, letters[0].ID)
	require.True(t, strings.HasSuffix(letters[0].Reason, "ü"), "cut between two characters")
	require.WithinDuration(t, time.Now(), letters[0].At, time.Minute)
}
