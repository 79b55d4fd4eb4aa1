package migrationctl_test

import (
	"context"
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

// TestVerifyFindsBothWays: a changed column, a record only MySQL has and one
// only DynamoDB has are each found, named, and mended by a repair.
func TestVerifyFindsBothWays(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.outside(t, user(1), user(2), user(3), user(4))
		w.to(t, store.DualWrite)
		op := w.operator(t)
		clean, err := op.Verify(t.Context(), migrationctl.VerifyOptions{})
		require.NoError(t, err)
		require.True(t, users(clean).Clean())
		require.Equal(t, int64(4), users(clean).Compared)

		w.corrupt(t, 2, "email", "wrong@example.com")
		w.lose(t, 3)
		orphan := w.row(t, w.dynamo, 1)
		rec := orphan.Record.Clone()
		require.NoError(t, rec.Set("user_id", transform.IntValue(77)))
		require.NoError(t, rec.Set("username", transform.TextValue("user77")))
		require.NoError(t, rec.Set("email", transform.TextValue("user77@example.com")))
		results, err := w.dynamo.Insert(t.Context(), []store.Row{{Key: w.key(t, 77), Live: true, Record: rec}})
		require.NoError(t, err)
		require.NoError(t, results[0])

		found, err := op.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users"})
		require.NoError(t, err)
		require.Equal(t, int64(3), found[0].Differences)
		require.False(t, found[0].Clean())
		named := map[transform.Key]dal.Comparison{}
		for _, c := range found[0].Named {
			named[c.Key] = c
		}
		require.Equal(t, []string{"email"}, named[w.key(t, 2)].Columns)
		require.Equal(t, "dynamodb", named[w.key(t, 3)].Missing)
		require.Equal(t, "mysql", named[w.key(t, 77)].Missing)

		mended, err := op.Verify(t.Context(), migrationctl.VerifyOptions{Repair: true})
		require.NoError(t, err)
		require.Equal(t, int64(3), users(mended).Repaired)
		require.True(t, users(mended).Clean())
		w.requireEqualStores(t)

		status, err := op.Status(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, status.Verify)
		require.Zero(t, status.Dirty)
	})
}

func users(reports []migrationctl.VerifyReport) migrationctl.VerifyReport {
	for _, r := range reports {
		if r.Entity == "Users" {
			return r
		}
	}
	return migrationctl.VerifyReport{}
}

// lose makes the follower forget a record, at the version it has.
func (w *world) lose(t *testing.T, id int64) {
	t.Helper()
	key := w.key(t, id)
	require.NoError(t, w.mysql.Bump(t.Context(), []transform.Key{key}))
	now := w.row(t, w.mysql, id)
	_, err := w.dynamo.Put(t.Context(), store.At{}, store.Row{Key: key, Version: now.Version})
	require.NoError(t, err)
	require.NoError(t, w.mysql.Clean(t.Context(), change(key, now.Version)))
}

// TestVerifyWaitsInTheEnd: a key that waits for its refresh, because the process
// that wrote it is dead, is verified once another one has refreshed it.
func TestVerifyWaitsInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		w.to(t, store.DualWrite)
		users, err := dal.NewRepository[User](router(t, w), "Users") // no relay
		require.NoError(t, err)
		u := user(1)
		require.NoError(t, users.Create(t.Context(), &u, dal.Follow(dal.Async)))
		go func() {
			time.Sleep(4 * time.Second)
			w.drain(t)
		}()
		start := time.Now()
		found, err := w.operator(t).Verify(t.Context(), migrationctl.VerifyOptions{})
		require.NoError(t, err)
		require.True(t, found[0].Clean(), found[0])
		require.Less(t, time.Since(start), 5*time.Second, "no longer than it needs")
	})
}

// TestVerifyCountsWhatPersists: a write that is not yet refreshed is no
// difference, and neither is one that lands between the two looks.
func TestVerifyCountsWhatPersists(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.outside(t, user(1), user(2))
		w.to(t, store.DualWrite)
		op := w.operator(t)
		users, err := dal.NewRepository[User](router(t, w), "Users") // no relay
		require.NoError(t, err)

		require.NoError(t, users.Update(t.Context(), users.Key(1), addOne, dal.Follow(dal.Async)))
		found, err := op.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users", Settle: time.Nanosecond})
		require.NoError(t, err)
		require.Zero(t, found[0].Differences)
		require.Equal(t, int64(1), found[0].Unsettled, "a key that waits for its refresh is not verified")
		w.drain(t)

		// Between MySQL's page and DynamoDB's, a write goes all the way through.
		w.faults.On(once(func(c faultstore.Call) bool { return c.Store == "dynamodb" && c.Method == "GetMany" }, func() {
			u := user(2)
			u.Profile.Count = 9
			key := w.key(t, 2)
			rec := w.record(t, u)
			_, err := w.mysql.Write(context.Background(), w.at(t), store.Write{Mutations: []store.Mutation{{Op: store.Put, Key: key, Record: rec}}})
			require.NoError(t, err)
			require.NoError(t, w.forward().RefreshKey(context.Background(), key))
		}), faultstore.Before)
		watched, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), nil)
		require.NoError(t, err)
		found, err = watched.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users"})
		require.NoError(t, err)
		require.True(t, found[0].Clean(), "%+v", found[0])
	})
}

// TestVerifyLooksOnceForManyKeys: in phase 5 whatever was written since it began
// differs, and a change record says why. However many keys that are, the records
// are looked through once for all of them; and a key without one is named.
func TestVerifyLooksOnceForManyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		for id := range int64(41) {
			u := user(id)
			require.NoError(t, p.users.Create(t.Context(), &u))
		}
		p.step(t, store.DynamoDBOnly)
		for id := range int64(40) {
			require.NoError(t, p.users.Update(t.Context(), p.users.Key(id), addOne))
		}
		w.tear(t, 40)

		looks := 0
		w.faults.On(func(c faultstore.Call) bool {
			if c.Store == "dynamodb" && c.Method == "Dirty" {
				looks++
			}
			return false
		}, faultstore.Before)
		found, err := w.watched(t).Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users"})
		require.NoError(t, err)
		require.Equal(t, int64(40), found[0].Waiting)
		require.Equal(t, int64(1), found[0].Differences)
		require.Equal(t, w.key(t, 40), found[0].Named[0].Key)
		require.LessOrEqual(t, looks, w.dynamo.Shards(), "one look for both stores' pages")
		require.NoError(t, p.Close(context.Background()))
	})
}

func (w *world) mysqlEpoch(t *testing.T) uint64 {
	t.Helper()
	r, err := w.mysql.Phase(t.Context())
	require.NoError(t, err)
	return r.Epoch
}

// once calls do at the first call that matches, and breaks nothing.
func once(match faultstore.Match, do func()) faultstore.Match {
	done := false
	return func(c faultstore.Call) bool {
		if !done && match(c) {
			done = true
			do()
		}
		return false
	}
}

func (w *world) record(t *testing.T, u User) transform.Record {
	t.Helper()
	binding, err := transform.Bind[User](w.contract.Entity("Users"))
	require.NoError(t, err)
	rec, err := binding.Record(&u)
	require.NoError(t, err)
	return rec
}

func (w *world) at(t *testing.T) store.At {
	t.Helper()
	r, err := w.mysql.Phase(t.Context())
	require.NoError(t, err)
	return store.At{Epoch: r.Epoch, Captured: r.Capture}
}

// TestVerifyLooksOnceForManyPages: however many pages have keys in doubt, the
// change records are looked through once for all of them. Once a page would be
// quadratic, since in phase 5 both are as many as the writes.
func TestVerifyLooksOnceForManyPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBOnly)
		const many = 2100 // five pages
		for id := range int64(many) {
			u := user(id)
			require.NoError(t, p.users.Create(t.Context(), &u))
		}
		looks := 0
		w.faults.On(func(c faultstore.Call) bool {
			if c.Store == "dynamodb" && c.Method == "Dirty" {
				looks++
			}
			return false
		}, faultstore.Before)
		once := w.dynamo.Shards() + many/500
		for _, c := range []struct {
			opts  migrationctl.VerifyOptions
			times int
		}{
			{migrationctl.VerifyOptions{Entity: "Users"}, 1},
			{migrationctl.VerifyOptions{Entity: "Users"}.InDoubt(1000), 3}, // two pages fill what it remembers
		} {
			looks = 0
			found, err := w.watched(t).Verify(t.Context(), c.opts)
			require.NoError(t, err)
			require.Equal(t, int64(many), found[0].Waiting)
			require.True(t, found[0].Clean())
			require.LessOrEqual(t, looks, c.times*once)
			require.Greater(t, looks, (c.times-1)*once)
		}
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestVerifyDoubtRefreshedMeanwhile: a key in doubt that is refreshed before its
// change record was looked for has none, and is the same by then.
func TestVerifyDoubtRefreshedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		require.NoError(t, w.lead(t, store.DynamoDBPrimary).Close(context.Background()))
		w.writeUnseen(t, user(1))
		w.faults.On(once(func(c faultstore.Call) bool { return c.Method == "Dirty" }, func() { w.drain(t) }), faultstore.Before)
		// Not looked at again: what is found, is found with the first look.
		found, err := w.watched(t).Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users", Settle: time.Nanosecond})
		require.NoError(t, err)
		require.True(t, w.row(t, w.mysql, 1).Live)
		require.True(t, found[0].Clean(), "%+v", found[0])
		require.Zero(t, found[0].Differences)
	})
}

// TestVerifyDoubtThatStays: a key whose refresh nobody does, however often it is
// looked at, is not verified.
func TestVerifyDoubtThatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		require.NoError(t, w.lead(t, store.DynamoDBPrimary).Close(context.Background()))
		w.writeUnseen(t, user(1))
		found, err := w.operator(t).Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users", Settle: time.Second})
		require.NoError(t, err)
		require.Equal(t, int64(1), found[0].Unsettled)
		require.Zero(t, found[0].Differences)
	})
}

// writeUnseen writes a user to DynamoDB as a process that died before it could
// refresh MySQL.
func (w *world) writeUnseen(t *testing.T, u User) {
	t.Helper()
	now := w.settled(t).Epoch
	lease := new(store.Lease)
	lease.Extend(now, time.Now(), time.Hour)
	_, err := w.dynamo.Write(t.Context(), store.At{Epoch: now, Captured: true, Lease: lease},
		store.Write{Mutations: []store.Mutation{w.put(t, u)}})
	require.NoError(t, err)
}

// TestVerifyDoubtWrittenMeanwhile: a key that is written after the records were
// looked through has a record nobody has seen.
func TestVerifyDoubtWrittenMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.DynamoDBPrimary)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		p.step(t, store.DynamoDBOnly)
		w.tear(t, 1)
		looked, written := false, false
		w.faults.On(func(c faultstore.Call) bool {
			looked = looked || c.Method == "Dirty"
			if looked && !written && c.Store == "dynamodb" && c.Method == "Get" {
				written = true
				require.NoError(t, w.dynamo.Bump(context.Background(), []transform.Key{w.key(t, 1)}))
			}
			return false
		}, faultstore.Before)
		found, err := w.watched(t).Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users"})
		require.NoError(t, err)
		require.True(t, written)
		require.Zero(t, found[0].Differences)
		require.Equal(t, int64(1), found[0].Waiting)
		require.NoError(t, p.Close(context.Background()))
	})
}

// tear takes a record away from MySQL while DynamoDB leads, and leaves no change
// record that explains it.
func (w *world) tear(t *testing.T, id int64) {
	t.Helper()
	there := w.row(t, w.dynamo, id)
	took, err := w.mysql.Put(t.Context(), store.At{Epoch: w.mysqlEpoch(t)}, store.Row{Key: there.Key, Version: there.Version + 1})
	require.NoError(t, err)
	require.True(t, took)
}

// TestVerifyAcrossHandoff: the authority moves while a verify reads its pages.
// What MySQL lacks then is a refresh on its way, and no difference of DynamoDB.
func TestVerifyAcrossHandoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.Validate)
		for id := range int64(5) {
			u := user(id)
			require.NoError(t, p.users.Create(t.Context(), &u))
		}
		p.verified(t)
		w.moveInVerify(t, func() {
			lag := w.faults.On(func(c faultstore.Call) bool { return c.Store == "mysql" && c.Method == "Put" }, faultstore.Before)
			t.Cleanup(lag)
			require.NoError(t, p.users.Update(t.Context(), p.users.Key(1), addOne))
		})
		require.NoError(t, p.Close(context.Background()))
	})
}

// TestVerifyAcrossHandoffIsNotClean: neither does a verify count that found
// nothing, if the authority moved while it ran.
func TestVerifyAcrossHandoffIsNotClean(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		p := w.lead(t, store.Validate)
		u := user(1)
		require.NoError(t, p.users.Create(t.Context(), &u))
		p.verified(t)
		before := w.verifiedAt(t)
		w.moveInVerify(t, func() {})
		require.Equal(t, before, w.verifiedAt(t), "nothing is saved")
		require.NoError(t, p.Close(context.Background()))
	})
}

// moveInVerify gives the authority to DynamoDB while a verify reads MySQL's
// first page, does something, and holds that the verify ends and says why.
func (w *world) moveInVerify(t *testing.T, then func()) {
	t.Helper()
	one := &world{contract: w.contract, mysql: w.mysql, dynamo: w.dynamo, faults: faultstore.New()}
	stall := one.faults.StallOn(func(c faultstore.Call) bool { return c.Store == "mysql" && c.Method == "Scan" })
	op := one.watched(t)
	var found []migrationctl.VerifyReport
	done := make(chan error, 1)
	go func() {
		var err error
		found, err = op.Verify(context.Background(), migrationctl.VerifyOptions{Entity: "Users"})
		done <- err
	}()
	<-stall.Reached()
	require.NoError(t, w.operator(t).SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{Force: true}))
	then()
	stall.Release()
	err := <-done
	require.ErrorIs(t, err, store.ErrWrongPhase)
	require.ErrorContains(t, err, "run verify again")
	require.Zero(t, found[0].Differences)
	require.False(t, found[0].Clean())
}

// verifiedAt is when MySQL was last told the outcome of a verify of the users.
func (w *world) verifiedAt(t *testing.T) time.Time {
	t.Helper()
	all, err := w.mysql.Progress(t.Context(), "verify")
	require.NoError(t, err)
	for _, p := range all {
		if p.Entity == "Users" {
			return p.UpdatedAt
		}
	}
	t.Fatal("never verified")
	return time.Time{}
}

// watched returns an operator whose calls go through the world's faults.
func (w *world) watched(t *testing.T) *migrationctl.Operator {
	t.Helper()
	op, err := migrationctl.NewOperator(w.faulty(), w.faultyDynamo(), nil)
	require.NoError(t, err)
	return op
}
