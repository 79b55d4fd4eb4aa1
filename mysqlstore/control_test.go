package mysqlstore_test

import (
	"context"
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

// Everything of a record is kept, in every mark that it goes through.
func TestRecordThroughAHandOff(t *testing.T) {
	f := newFixture(t, setting{})
	walk := []func(*store.PhaseRecord){
		func(p *store.PhaseRecord) { p.Phase = store.Validate; p.Epoch++ },
		func(p *store.PhaseRecord) {
			p.State, p.Next, p.NextCapture, p.Driver = store.Closed, store.DynamoDBPrimary, true, "one"
		},
		func(p *store.PhaseRecord) { p.Driver = "two" },
		func(p *store.PhaseRecord) {
			p.State, p.Phase, p.Next, p.NextCapture, p.Driver = store.GivenAway, store.DynamoDBPrimary, 0, false, ""
			p.Epoch++
		},
		func(p *store.PhaseRecord) { p.Phase, p.Epoch, p.FollowerEmpty = store.DynamoDBOnly, p.Epoch+4, true },
		func(p *store.PhaseRecord) { p.State, p.Driver = store.Sealed, "three" },
		func(p *store.PhaseRecord) { p.Next = store.Validate },
		func(p *store.PhaseRecord) {
			p.State, p.Phase, p.Epoch, p.Contract = store.Open, store.Validate, p.Epoch+1, "abc"
		},
	}
	revision := f.record().Revision
	for i, change := range walk {
		from := f.record()
		to := from
		change(&to)
		require.NoError(t, f.store.Advance(f.ctx, from, to, store.AuditEntry{}), "step %d", i)
		now := f.record()
		require.Equal(t, revision+uint64(i)+1, now.Revision)
		to.Revision, to.ChangedAt = now.Revision, now.ChangedAt
		require.Equal(t, to, now)
		var epoch, floor uint64
		var state string
		require.NoError(t, f.db.QueryRow("SELECT epoch, floor, state FROM crossfade_fence").Scan(&epoch, &floor, &state))
		require.Equal(t, now.Epoch, epoch)
		require.EqualValues(t, store.Floor(epoch), floor)
		require.Equal(t, strings.ReplaceAll(now.State.String(), "-", "_"), state)
	}
	audit, err := f.store.Audit(f.ctx, 10)
	require.NoError(t, err)
	require.Len(t, audit, 1, "capture on; an entry without an action is not written")
}

// The sign of life of a hand-off's driver must come while a write or another
// step holds the fence, or others would think the driver dead.
func TestBeatDoesNotWaitForTheFence(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	f := newFixture(t, setting{opts: mysqlstore.Options{FenceWait: time.Second}})
	f.mark(store.Closed)
	free := f.locked("SELECT * FROM crossfade_fence FOR UPDATE")
	defer free()
	ctx, cancel := context.WithTimeout(f.ctx, 30*time.Second)
	defer cancel()
	from := f.record()
	to := from
	to.Driver = "alive"
	f.hooks.reset(nil, nil)
	require.NoError(t, f.store.Advance(ctx, from, to, store.AuditEntry{}))
	require.Len(t, f.hooks.seen(), 1, "one statement")
	now := f.record()
	require.Equal(t, "alive", now.Driver)
	require.Equal(t, from.Revision+1, now.Revision)
	refused(t, f.store.Advance(ctx, from, to, store.AuditEntry{}), store.ErrConflict)
	require.Equal(t, now, f.record())

	lie := now
	lie.Epoch++ // a caller who takes the mark from elsewhere than the record
	said := lie
	said.Driver = "liar"
	refused(t, f.store.Advance(ctx, lie, said, store.AuditEntry{}), store.ErrInvalid)
	require.Equal(t, now, f.record())
	require.NoError(t, f.store.Advance(ctx, now, now, entry), "with an audit entry it needs no fence either")
}

// Of drivers that take over at once one succeeds.
func TestTakeOverAtOnce(t *testing.T) {
	f := newFixture(t, setting{})
	f.mark(store.Closed)
	from := f.record()
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			to := from
			to.Driver = string(rune('a' + i))
			errs[i] = f.store.Advance(f.ctx, from, to, store.AuditEntry{})
		})
	}
	wg.Wait()
	winner := ""
	for i, err := range errs {
		if err != nil {
			refused(t, err, store.ErrConflict)
			continue
		}
		require.Empty(t, winner, "one driver at a time")
		winner = string(rune('a' + i))
	}
	require.Equal(t, winner, f.record().Driver)
}

// A record that was changed without its fence is not gone on from.
func TestFenceAndRecordThatDisagree(t *testing.T) {
	f := newFixture(t, setting{})
	f.db.MustExec("UPDATE crossfade_fence SET state = 'given_away'")
	from, to := f.next(true)
	err := f.store.Advance(f.ctx, from, to, entry)
	refused(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "do not agree")
}

// With the option, Advance ends the transaction that holds the fence, and no
// other.
func TestAdvanceEndsHolders(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	f := newFixture(t, setting{opts: mysqlstore.Options{FenceWait: time.Second, EndHolders: true}})
	holder, bystander := f.db.MustBegin(), f.db.MustBegin()
	defer holder.Rollback()
	defer bystander.Rollback()
	holder.MustExec("INSERT INTO users (user_id) VALUES (1)")
	holder.MustExec("SELECT * FROM crossfade_fence LOCK IN SHARE MODE")
	bystander.MustExec("INSERT INTO users (user_id) VALUES (2)")
	began := time.Now()
	f.advance(true)
	require.GreaterOrEqual(t, time.Since(began), time.Second, "not before the wait is over")
	require.Error(t, holder.Commit())
	require.NoError(t, bystander.Commit())
	require.False(t, f.row(f.user(1)).Live)
	require.True(t, f.row(f.user(2)).Live)
	ctx, cancel := context.WithTimeout(f.ctx, 500*time.Millisecond)
	defer cancel()
	short := f.db.MustBegin()
	defer short.Rollback()
	short.MustExec("SELECT * FROM crossfade_fence LOCK IN SHARE MODE")
	from, to := f.next(true)
	require.Error(t, f.store.Advance(ctx, from, to, entry))
	require.NoError(t, short.Commit(), "who does not wait long enough ends nothing")
}

// changes returns what Dirty tells of, in pages.
func (f *fixture) changes(limit int) []store.Change {
	f.t.Helper()
	var all []store.Change
	r := store.DirtyRange{Limit: limit}
	for range 100 {
		page, err := f.store.Dirty(f.ctx, r)
		require.NoError(f.t, err)
		all = append(all, page.Changes...)
		if r.After = page.Next; r.After == "" {
			return all
		}
	}
	require.Fail(f.t, "the pages do not end")
	return nil
}

// A drain waits for tokens as for keys: each is told of until the other store
// has it.
func TestTokensAreCarried(t *testing.T) {
	f := newFixture(t, setting{})
	var written []store.Change
	for _, token := range []string{"b", "a/\x00ü", "c"} {
		done, err := f.store.Write(f.ctx, f.at, store.Write{Token: token, Mutations: []store.Mutation{f.ask(token), f.create(f.user(int64(len(written))))}})
		require.NoError(t, err)
		written = append(written, done.Changes...)
	}
	require.Len(t, written, 9)
	for _, limit := range []int{1, 2, 3, 5, 8, 9, 10, 100} {
		changes := f.changes(limit)
		require.Len(t, changes, len(written), "pages of %d", limit)
		for _, w := range written {
			found := 0
			for _, c := range changes {
				if w.Token == nil {
					if c.Token == nil && c.Keys[0] == w.Keys[0] {
						found++
					}
					continue
				}
				if c.Token != nil && c.Token.Token == w.Token.Token {
					require.Equal(t, w.Token.Fingerprint, c.Token.Fingerprint)
					require.Equal(t, w.Token.Assigned, c.Token.Assigned)
					require.Len(t, c.Token.Assigned, 1)
					require.WithinDuration(t, w.Token.Created, c.Token.Created, time.Minute)
					require.Empty(t, c.Keys)
					found++
				}
			}
			require.Equal(t, 1, found)
		}
	}
	b, err := f.store.Backlog(f.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 9, b.Dirty)
	for i, c := range f.changes(100) {
		if c.Token != nil {
			other := c
			other.Token = &store.Token{Token: c.Token.Token}
			require.NoError(t, f.store.Clean(f.ctx, other))
			require.Len(t, f.changes(100), 9-i, "of another write with that token nothing is known")
		}
		require.NoError(t, f.store.Clean(f.ctx, c))
		require.NoError(t, f.store.Clean(f.ctx, c))
		b, err := f.store.Backlog(f.ctx)
		require.NoError(t, err)
		require.EqualValues(t, 8-i, b.Dirty)
	}
	require.Empty(t, f.changes(100))
	for _, bad := range []store.DirtyRange{{Shard: 1, Limit: 1}, {}, {Limit: 1, After: "x"}} {
		_, err := f.store.Dirty(f.ctx, bad)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
}

// A token of a time without capture is carried once capture is on; one that is
// over is not, and keeps no drain waiting.
func TestTokensWithoutCapture(t *testing.T) {
	f := newFixture(t, setting{bare: true})
	for _, token := range []string{"old", "young"} {
		_, err := f.store.Write(f.ctx, f.at, store.Write{Token: token, Mutations: []store.Mutation{f.ask(token)}})
		require.NoError(t, err)
	}
	f.db.MustExec("UPDATE crossfade_token SET created_at = created_at - INTERVAL 25 HOUR WHERE token = 'old'")
	b, err := f.store.Backlog(f.ctx)
	require.NoError(t, err)
	require.Zero(t, b, "nothing is brought anywhere")
	require.Empty(t, f.changes(10))
	f.advance(true)
	changes := f.changes(10)
	require.Len(t, changes, 1)
	require.Equal(t, "young", changes[0].Token.Token)
	b, err = f.store.Backlog(f.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, b.Dirty)
}

// A token that the other store's write came with counts here when the authority
// has come back, with the ids that were assigned there.
func TestKeptTokens(t *testing.T) {
	f := newFixture(t, setting{})
	w := store.Write{Token: "there", Mutations: []store.Mutation{f.ask("1A"), f.create(f.user(1)), f.ask("1B")}}
	mine, err := f.store.Write(f.ctx, f.at, store.Write{Token: "mine", Mutations: []store.Mutation{f.create(f.user(2))}})
	require.NoError(t, err)
	f.mark(store.GivenAway)
	tokens := []store.Token{{Token: "there", Fingerprint: w.Fingerprint(), Assigned: []int64{900, 901}, Created: time.Now().Add(-time.Hour)},
		*mine.Changes[1].Token}
	for range 2 {
		require.NoError(t, f.store.Keep(f.ctx, tokens))
	}
	require.NoError(t, f.store.Keep(f.ctx, nil))
	refused(t, f.store.Keep(f.ctx, []store.Token{{Token: strings.Repeat("t", mysqlstore.MaxToken+1)}}), store.ErrInvalid)
	f.mark(store.Open)
	f.at.Captured = true
	done, err := f.store.Write(f.ctx, f.at, w)
	require.NoError(t, err)
	require.True(t, done.Repeated)
	require.Equal(t, []string{"900", "1", "901"}, []string{done.Rows[0].Key.ID, done.Rows[1].Key.ID, done.Rows[2].Key.ID})
	require.Empty(t, f.seatsThere())
	for _, c := range f.changes(10) {
		require.Nil(t, c.Token, "the other store has them")
	}
	again, err := f.store.Write(f.ctx, f.at, store.Write{Token: "mine", Mutations: []store.Mutation{f.create(f.user(2))}})
	require.NoError(t, err)
	require.True(t, again.Repeated)
}

// A follower tells of its tombstones, an authority has none.
func TestTombstones(t *testing.T) {
	f := newFixture(t, setting{})
	rec, gone := f.user(1), f.user(2)
	f.write(f.create(rec), f.create(gone))
	f.write(f.remove(gone))
	relay := store.At{Captured: true}
	scan := func(limit int) (live, dead []string) {
		r := store.Range{Entity: f.users, Limit: limit}
		for range 50 {
			page, err := f.store.Scan(f.ctx, relay, r)
			require.NoError(t, err)
			for _, row := range page.Rows {
				require.NotEqual(t, row.Live, row.Tombstone)
				if row.Live {
					live = append(live, row.Key.ID)
				} else {
					dead = append(dead, row.Key.ID)
				}
			}
			if r.After = page.Next; r.After == "" {
				return live, dead
			}
		}
		require.Fail(t, "the pass does not end")
		return nil, nil
	}
	live, dead := scan(10)
	require.Equal(t, []string{"1"}, live)
	require.Empty(t, dead)
	require.False(t, f.row(gone).Tombstone)
	f.mark(store.GivenAway)
	f.at = store.At{Epoch: f.at.Epoch}
	f.follow(f.dead(f.user(3), 1<<60))
	for _, limit := range []int{1, 2, 3, 10} {
		live, dead = scan(limit)
		require.Equal(t, []string{"1"}, live)
		require.Equal(t, []string{"2", "3"}, dead)
	}
	require.True(t, f.row(gone).Tombstone)
	rows, err := f.store.GetMany(f.ctx, relay, []transform.Key{f.key(gone), f.key(rec), f.key(f.user(7))})
	require.NoError(t, err)
	require.True(t, rows[0].Tombstone)
	require.False(t, rows[1].Tombstone || rows[2].Tombstone)
}
