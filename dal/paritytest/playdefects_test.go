package paritytest_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/paritytest"
)

// playedDefects are those that no HTTP has to show: of a repository, and of operations
// that a test makes itself.
func playedDefects() map[string]defect {
	inPhase4 := &paritytest.Options{Phases: []dal.Phase{dal.DynamoDBPrimary}}
	return map[string]defect{
		"a repository's record": {play: func(t *testing.T) {
			var w *world // the last one that was opened: they are played one after the other
			records := userRecords()
			records.Steps = 60 // some of which read what an update has left
			change := records.Change
			records.Change = func(r *rand.Rand, u *User) {
				if change(r, u); w.phase() == dal.DynamoDBPrimary {
					u.Profile = map[string]any{"more": true}
				}
			}
			paritytest.Repository(t, opened(&w), records, inPhase4)
		}, says: []string{"phase 4, operation", "(seed 1): $", "profile.more is true, and missing in phase 1"}},
		"a repository's error": {play: func(t *testing.T) {
			var w *world
			records := userRecords()
			records.Key = func(users *dal.Repository[User], u User) dal.Key {
				if w.phase() == dal.DynamoDBPrimary {
					return users.Key(u.ID + 100)
				}
				return users.Key(u.ID)
			}
			paritytest.Repository(t, opened(&w), records, inPhase4)
		}, says: []string{"phase 4, operation", "not found"}},
		"an operation's answer": {play: func(t *testing.T) {
			paritytest.Operations(t, openedWorld, []paritytest.Operation[*world]{{Name: "which", Do: func(_ context.Context, w *world) (paritytest.Answer, error) {
				return paritytest.Answer{Head: "phase", Body: []byte{byte('0' + w.phase())}}, nil
			}}}, inPhase4)
		}, says: []string{"phase 4, operation 1, which: $ is 4, and in phase 1 1"}},
		"an answer that stays late": {play: func(t *testing.T) {
			paritytest.Operations(t, openedWorld, late(1<<30, true), &paritytest.Options{Phases: inPhase4.Phases, Lag: 50 * time.Millisecond})
		}, says: []string{"phase 4, operation 1, late: $ is 0, and in phase 1 1"}},
		"a late answer to what changes something": {play: func(t *testing.T) {
			paritytest.Operations(t, openedWorld, late(3, false), &paritytest.Options{Phases: inPhase4.Phases, Lag: time.Minute})
		}, says: []string{"phase 4, operation 1, late: $ is 0, and in phase 1 1"}},
	}
}

// TestLagIsWaitedFor: an answer that comes late passes, where the test allows it.
func TestLagIsWaitedFor(t *testing.T) {
	paritytest.Operations(t, openedWorld, late(3, true), &paritytest.Options{Phases: []dal.Phase{dal.DynamoDBPrimary}, Lag: time.Minute})
}

// late is an operation whose answer is right in phase 1, and in phase 4 from the n-th
// time on.
func late(n int, reads bool) []paritytest.Operation[*world] {
	asked := 0
	return []paritytest.Operation[*world]{{Name: "late", Reads: reads, Do: func(_ context.Context, w *world) (paritytest.Answer, error) {
		if w.phase() == dal.MySQLOnly {
			return paritytest.Answer{Body: []byte("1")}, nil
		}
		if asked++; asked < n {
			return paritytest.Answer{Body: []byte("0")}, nil
		}
		return paritytest.Answer{Body: []byte("1")}, nil
	}}}
}

// opened opens a repository, and says in which world.
func opened(in **world) func(t testing.TB) paritytest.Service[*dal.Repository[User]] {
	return func(t testing.TB) paritytest.Service[*dal.Repository[User]] {
		*in = newWorld(t)
		return paritytest.Service[*dal.Repository[User]]{API: (*in).users, Controller: (*in).ctl}
	}
}

func openedWorld(t testing.TB) paritytest.Service[*world] {
	w := newWorld(t)
	return paritytest.Service[*world]{API: w, Controller: w.ctl}
}
