package dal_test

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// An ownTx stands for a transaction of the service's own in the fixture's MySQL.
type ownTx struct {
	f         *fixture
	contract  *transform.Contract
	recorded  []transform.Key
	commit    error // what Commit returns
	committed bool
	// now is what the service's SQL has made of the records, nil where that is in the
	// store already.
	now        map[transform.Key]store.Row
	unread     error       // what Rows returns
	rolledBack atomic.Bool // by whomever
	meanwhile  func()      // runs before the commit
}

func (f *fixture) own() *ownTx { return &ownTx{f: f, contract: f.contract} }

func (o *ownTx) Contract() *transform.Contract { return o.contract }

func (o *ownTx) Record(ctx context.Context, at store.At, keys []transform.Key) ([]store.KeyVersion, error) {
	p, err := o.f.mysql.Phase(ctx)
	if err != nil || p.Epoch != at.Epoch || p.State != store.Open {
		o.rolledBack.Store(true)
		return nil, &store.Error{Op: "join", Store: "mysql", Kind: store.ErrWrongPhase, Outcome: store.NotApplied, Cause: err}
	}
	if !at.Captured || len(keys) == 0 {
		return nil, nil
	}
	o.recorded = append(o.recorded, keys...)
	if err := o.f.mysql.Bump(ctx, keys); err != nil {
		return nil, err
	}
	written := make([]store.KeyVersion, len(keys))
	for i, key := range keys {
		row, err := o.f.mysql.Get(ctx, store.At{Captured: true}, key)
		if err != nil {
			return nil, err
		}
		written[i] = store.KeyVersion{Key: key, Version: row.Version}
	}
	return written, nil
}

func (o *ownTx) Rows(ctx context.Context, keys []transform.Key) ([]store.Row, error) {
	if o.now == nil || o.unread != nil {
		rows, err := o.f.mysql.GetMany(ctx, store.At{Captured: true}, keys)
		return rows, cmp.Or(o.unread, err)
	}
	rows := make([]store.Row, len(keys))
	for i, key := range keys {
		rows[i] = o.now[key]
		rows[i].Key = key
	}
	return rows, nil
}

func (o *ownTx) Commit(context.Context) error {
	o.committed = true
	if o.meanwhile != nil {
		o.meanwhile()
	}
	return o.commit
}

func (o *ownTx) Rollback() error { o.rolledBack.Store(true); return nil }

// join joins a transaction with users.
func (f *fixture) join(t *testing.T, tx *ownTx, ids ...int64) *dal.Joined {
	t.Helper()
	var keys []dal.Key
	for _, id := range ids {
		keys = append(keys, f.users.Key(id))
	}
	joined, err := f.router.Join(t.Context(), tx, keys...)
	require.NoError(t, err)
	return joined
}

// behind changes a user in MySQL as SQL would: only a refresh brings the change to
// DynamoDB.
func (f *fixture) behind(t *testing.T, id int64) {
	t.Helper()
	rec := f.in(t, f.mysql, id).Record.Clone()
	require.NoError(t, rec.Set("email", transform.TextValue(ownEmail(id))))
	p, err := f.mysql.Phase(t.Context())
	require.NoError(t, err)
	_, err = f.mysql.Write(t.Context(), store.At{Epoch: p.Epoch, Captured: p.Capture},
		store.Write{Mutations: []store.Mutation{{Op: store.Put, Key: f.key(id), Record: rec}}})
	require.NoError(t, err)
}

func ownEmail(id int64) string { return "own+" + user(id).Email }

// TestJoinedCommitReachesTheFollower: what a joined transaction changed reaches
// the follower as the policy says, also what it named after the fact.
func TestJoinedCommitReachesTheFollower(t *testing.T) {
	for _, phase := range []dal.Phase{dal.DualWrite, dal.Validate} {
		for policy, follows := range map[dal.Policy]bool{dal.Prompt: true, dal.Required: true, dal.Async: false} {
			var mu sync.Mutex
			var left []store.Change
			f := newFixture(t, phase, dal.RouterOptions{Dirty: func(c []store.Change) {
				mu.Lock()
				defer mu.Unlock()
				left = append(left, c...)
			}})
			f.seed(t, user(1), user(2))
			tx := f.own()
			joined := f.join(t, tx, 2)
			f.behind(t, 1)
			f.behind(t, 2)
			require.NoError(t, joined.Touch(t.Context(), f.users.Key(1), f.users.Key(2)))
			require.Equal(t, []transform.Key{f.key(2), f.key(1)}, tx.recorded, "a key that was named is not recorded again")
			require.NotEqual(t, ownEmail(1), f.email(t, f.dynamo, 1))
			require.NoError(t, joined.Commit(t.Context(), dal.Follow(policy)))
			for _, id := range []int64{1, 2} {
				require.Equal(t, follows, f.email(t, f.dynamo, id) == ownEmail(id))
			}
			mu.Lock()
			require.Equal(t, map[bool]int{true: 0, false: 2}[follows], len(left), "what is left is the relay's")
			mu.Unlock()
			f.drain(t)
			f.requireEqualStores(t)
			require.NoError(t, joined.Rollback())
			require.False(t, tx.rolledBack.Load(), "after the commit it does nothing")
		}
	}
}

// TestJoinedCommitBeyondItsCaller: what follows the commit does not end with the
// caller, and a follower that is down costs a Required its answer, not its commit.
func TestJoinedCommitBeyondItsCaller(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{RequiredBudget: 50 * time.Millisecond})
	f.seed(t, user(1))
	ctx, cancel := context.WithCancel(t.Context())
	tx := f.own()
	tx.meanwhile = cancel
	joined := f.join(t, tx, 1)
	f.behind(t, 1)
	require.NoError(t, joined.Commit(ctx))
	require.Equal(t, ownEmail(1), f.email(t, f.dynamo, 1))

	defer f.faults.On(faultstore.Method("Put"), faultstore.Before)()
	err := f.join(t, f.own(), 1).Commit(t.Context(), dal.Follow(dal.Required))
	require.ErrorIs(t, err, dal.ErrPending)
	require.Equal(t, dal.Applied, dal.OutcomeOf(err))
	require.NoError(t, f.join(t, f.own(), 1).Commit(t.Context()))
}

// TestJoinWithoutFollower: in phase 1 there is nothing to follow, with and without
// capture.
func TestJoinWithoutFollower(t *testing.T) {
	f := newFixture(t, dal.MySQLOnly, dal.RouterOptions{})
	tx := f.own()
	require.NoError(t, f.join(t, tx, 1).Commit(t.Context()))
	require.Empty(t, tx.recorded, "without capture")
	f.captures(t)
	require.NoError(t, f.join(t, tx, 1).Commit(t.Context()))
	require.Len(t, tx.recorded, 1)
	require.False(t, f.in(t, f.dynamo, 1).Live)
}

// TestJoinWhereDynamoDBLeads: no SQL can write there, and the error says what can.
func TestJoinWhereDynamoDBLeads(t *testing.T) {
	for _, phase := range []dal.Phase{dal.DynamoDBPrimary, dal.DynamoDBOnly} {
		f := newFixture(t, phase, dal.RouterOptions{})
		tx := f.own()
		_, err := f.router.Join(t.Context(), tx, f.users.Key(1))
		require.ErrorIs(t, err, dal.ErrWrongPhase)
		require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
		require.Contains(t, err.Error(), "Atomically")
		require.True(t, tx.rolledBack.Load(), "its service would commit it to MySQL otherwise")
		require.Empty(t, tx.recorded)
	}
}

// TestJoinWaitsForThePhase: a transaction that the fence refused is over; Join
// returns once it is worth to begin another one, or to do otherwise.
func TestJoinWaitsForThePhase(t *testing.T) {
	for name, c := range map[string]struct {
		settle func(t *testing.T, f *fixture)
		want   error
	}{
		"another phase": {func(t *testing.T, f *fixture) { f.advance(t, dal.DualWrite, true) }, dal.ErrConflict},
		"given up": {func(t *testing.T, f *fixture) {
			f.turn(t, f.mysql, func(r *store.PhaseRecord) { r.State, r.Next = store.Open, 0 })
		}, dal.ErrConflict},
		"handed over": {func(t *testing.T, f *fixture) { f.give(t, f.mysql, f.dynamo, dal.DynamoDBPrimary) }, dal.ErrWrongPhase},
		"never":       {func(*testing.T, *fixture) {}, dal.ErrWrongPhase},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, dal.Validate, dal.RouterOptions{})
				defer f.router.Close()
				if name == "another phase" {
					c.settle(t, f)
				} else {
					f.announce(t, f.mysql, dal.DynamoDBPrimary)
				}
				tx, start := f.own(), time.Now()
				done := make(chan error, 1)
				go func() {
					_, err := f.router.Join(t.Context(), tx, f.users.Key(1))
					done <- err
				}()
				if name != "another phase" {
					time.Sleep(time.Second)
					require.True(t, tx.rolledBack.Load(), "no lock is held while it waits")
					c.settle(t, f)
				}
				err := <-done
				require.ErrorIs(t, err, c.want)
				require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
				if name == "never" {
					require.Equal(t, 10*time.Second, time.Since(start))
					return
				}
				require.Less(t, time.Since(start), 1100*time.Millisecond)
				if c.want == dal.ErrConflict {
					require.NoError(t, f.join(t, f.own(), 1).Rollback(), "it can be begun again at once")
				}
			})
		})
	}
}

// TestJoinRefuses: whatever can't be right ends the transaction, so that nobody
// commits it without its change records.
func TestJoinRefuses(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	foreign := f.own()
	foreign.contract = newFixture(t, dal.DualWrite, dal.RouterOptions{}).contract
	for name, c := range map[string]struct {
		tx  *ownTx
		run func(*dal.Joined) error
	}{
		"another group":    {foreign, nil},
		"no key":           {f.own(), func(j *dal.Joined) error { return j.Touch(t.Context(), dal.Key{}) }},
		"a faulty key":     {f.own(), func(j *dal.Joined) error { return j.Touch(t.Context(), f.users.Key("one")) }},
		"a token":          {f.own(), func(j *dal.Joined) error { return j.Commit(t.Context(), dal.Token("once")) }},
		"an empty token":   {f.own(), func(j *dal.Joined) error { return j.Commit(t.Context(), dal.Token("")) }},
		"commit when over": {f.own(), func(j *dal.Joined) error { j.Rollback(); return j.Commit(t.Context()) }},
		"touch when over":  {f.own(), func(j *dal.Joined) error { j.Rollback(); return j.Touch(t.Context()) }},
	} {
		joined, err := f.router.Join(t.Context(), c.tx)
		if err == nil {
			err = c.run(joined)
		}
		require.ErrorIs(t, err, dal.ErrInvalid, name)
		require.Equal(t, dal.NotApplied, dal.OutcomeOf(err), name)
		require.True(t, c.tx.rolledBack.Load(), name)
	}
}

// TestJoinedCommitThatFails: its error is the transaction's, and nothing follows.
func TestJoinedCommitThatFails(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	f.seed(t, user(1))
	tx := f.own()
	tx.commit = &store.Error{Op: "commit", Kind: store.ErrUnavailable, Outcome: store.Unknown, Cause: errors.New("reply lost")}
	joined := f.join(t, tx, 1)
	f.behind(t, 1)
	err := joined.Commit(t.Context())
	require.Equal(t, tx.commit, err)
	require.NotEqual(t, ownEmail(1), f.email(t, f.dynamo, 1))
	require.ErrorIs(t, joined.Commit(t.Context()), dal.ErrInvalid)
	f.drain(t) // the relay finds it
	require.Equal(t, ownEmail(1), f.email(t, f.dynamo, 1))
}
