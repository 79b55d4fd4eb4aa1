package migrationctl_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// A Member is found by its id, and its item's key is its e-mail.
type Member struct {
	ID     int64   `db:"member_id"`
	Email  string  `db:"email"`
	Handle *string `db:"handle"`
	Team   *string `db:"team"`
}

// A clubhouse is a process with members.
type clubhouse struct {
	*migrationctl.Controller
	members *dal.Repository[Member]
}

// enter starts a process behind faults of its own.
func (w *world) enter(t *testing.T, faults *faultstore.Faults, opts *migrationctl.Options) *clubhouse {
	t.Helper()
	ctl, err := migrationctl.Open(t.Context(), faults.Store(w.mysql), faults.Store(w.dynamo).(migrationctl.DynamoDB), opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = ctl.Close(context.Background()) })
	members, err := dal.NewRepository[Member](ctl, "Members")
	require.NoError(t, err)
	return &clubhouse{ctl, members}
}

func (c *clubhouse) emailOf(t *testing.T, id int64) string {
	t.Helper()
	m, err := c.members.Get(t.Context(), c.members.Key(id))
	require.NoError(t, err)
	return m.Email
}

func changeEmail(to string) func(*Member) error {
	return func(m *Member) error { m.Email = to; return nil }
}

// atRest requires that each store that is kept up has the authority's members, and
// DynamoDB each under exactly one e-mail: no e-mail of those finds another one.
func (c *clubhouse) atRest(t *testing.T, w *world, emails ...string) {
	t.Helper()
	phase := c.Router().Snapshot().Phase
	if phase.HasFollower() {
		p := &process{Controller: c.Controller}
		p.drained(t)
		require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
		reports, err := c.Verify(t.Context(), migrationctl.VerifyOptions{})
		require.NoError(t, err)
		for _, r := range reports {
			require.True(t, r.Clean(), "%+v", r)
		}
	}
	if phase == store.MySQLOnly {
		return
	}
	members := w.contract.Entity("Members")
	want := w.texts(t, w.dynamo) // a record that comes twice has twice the texts
	for key, texts := range want {
		require.Len(t, texts, len(w.contract.Entity(key.Entity).Columns), key)
	}
	for _, email := range emails {
		rows, err := w.dynamo.Query(t.Context(), store.At{}, store.Query{Entity: members, Equal: transform.TextValue(email), Limit: 5})
		require.NoError(t, err)
		for _, row := range rows {
			require.Equal(t, "text "+email, want[row.Key][members.ColumnIndex("email")], "an item is left where its record is not")
		}
	}
}

// throughPhases plays a scenario of members in each world, in each phase, one after the
// other.
func throughPhases(t *testing.T, play func(t *testing.T, w *world, c *clubhouse)) {
	through := func(t *testing.T, w *world) {
		w.to(t, store.MySQLOnly)
		c := w.enter(t, w.faults, leading())
		for phase := store.MySQLOnly; phase <= store.DynamoDBOnly; phase++ {
			t.Run(phase.String(), func(t *testing.T) {
				if phase == store.Validate {
					require.NoError(t, c.Backfill(t.Context(), migrationctl.BackfillOptions{}))
				}
				if phase != store.MySQLOnly {
					(&process{Controller: c.Controller}).step(t, phase)
				}
				play(t, w, c)
			})
		}
	}
	eachWorldOf(t, storetest.PlaceContract(t), through)
}

// TestScenario22EmailChanges: the e-mail that is the item's key changes, and the
// process is killed at any call of the change, or loses its reply. The member is
// under the old e-mail or the new one, and under no other; another process finds it
// by its id throughout; both stores have the same, and a verify is clean.
func TestScenario22EmailChanges(t *testing.T) {
	throughPhases(t, func(t *testing.T, w *world, c *clubhouse) {
		phase := c.Router().Snapshot().Phase
		for _, effect := range []faultstore.Effect{faultstore.Crash, faultstore.After} {
			var emails []string
			for n := 0; ; n++ {
				name := fmt.Sprintf("%d-%s-%d", phase, effect, n)
				m := Member{Email: name + "-old"}
				require.NoError(t, c.members.Create(t.Context(), &m))
				fired := w.changeAt(t, c, m.ID, name+"-new", n, effect)
				email := c.emailOf(t, m.ID)
				require.Contains(t, []string{name + "-old", name + "-new"}, email)
				if fired {
					// The old e-mail is free for somebody else if it was left.
					err := c.members.Create(t.Context(), &Member{Email: name + "-old"})
					require.Equal(t, email == name+"-old", errors.Is(err, dal.ErrUnique), "%v", err)
				}
				emails = append(emails, name+"-old", name+"-new")
				if !fired {
					require.Equal(t, name+"-new", email)
					break
				}
			}
			c.atRest(t, w, emails...)
		}
	})
}

// changeAt has a process change the e-mail, whose call n has the effect. Meanwhile
// the member is read by its id. It reports whether there was such a call.
func (w *world) changeAt(t *testing.T, c *clubhouse, id int64, email string, n int, effect faultstore.Effect) (fired bool) {
	t.Helper()
	return w.victimOf(t, n, effect, func() error {
		_, err := c.members.Get(t.Context(), c.members.Key(id))
		return err
	}, func(_ context.Context, victim *clubhouse) {
		_ = victim.members.Update(t.Context(), victim.members.Key(id), changeEmail(email))
	})
}

// victimOf has a process of its own do something, whose call n has the effect, while read
// is called again and again. It reports whether there was such a call; alive is over then.
func (w *world) victimOf(t *testing.T, n int, effect faultstore.Effect, read func() error, do func(alive context.Context, victim *clubhouse)) (fired bool) {
	t.Helper()
	faults := faultstore.New()
	victim := w.enter(t, faults, quiet())
	alive, die := context.WithCancel(t.Context())
	defer die()
	var calls atomic.Int64
	back := faults.On(func(c faultstore.Call) bool {
		if c.Role != faultstore.Authority && c.Role != faultstore.Follower {
			return false // the process's heartbeat, and its lease
		}
		hit := calls.Add(1) == int64(n+1)
		if hit {
			fired = true
			die()
		}
		return hit
	}, effect)
	over := make(chan struct{})
	var reads sync.WaitGroup
	reads.Go(func() {
		for {
			if err := read(); err != nil {
				t.Errorf("a read by id: %s", err)
			}
			select {
			case <-over:
				return
			default:
			}
		}
	})
	do(alive, victim)
	close(over)
	reads.Wait()
	back()
	faults.Restart() // so that what is left of the process gives its lease back
	require.NoError(t, victim.Close(t.Context()))
	return fired
}

// TestScenario22EmailsAcrossSwitches: members change their e-mails, take over what
// others have left, and are read by their ids, by three processes, while the phase goes
// from 1 to 5 and back. No request fails; each member is under exactly one e-mail, the
// one that was acknowledged last.
func TestScenario22EmailsAcrossSwitches(t *testing.T) {
	across := func(t *testing.T, w *world) {
		w.to(t, store.Validate)
		fleet := []*clubhouse{w.enter(t, w.faults, leading()), w.enter(t, w.faults, nil), w.enter(t, w.faults, nil)}
		const members = 4
		var ids []int64
		var emails []string
		for i := range members {
			m := Member{Email: fmt.Sprint("start", i)}
			require.NoError(t, fleet[0].members.Create(t.Context(), &m))
			ids = append(ids, m.ID)
			emails = append(emails, m.Email, fmt.Sprint("a", i), fmt.Sprint("b", i), fmt.Sprint("shared", i%2))
		}
		last := make([]string, members)
		for _, to := range []store.Phase{4, 5, 4, 3, 2, 3} {
			var stop atomic.Bool
			var load sync.WaitGroup
			for i, id := range ids {
				load.Go(func() {
					c := fleet[i%len(fleet)]
					for n := 0; !stop.Load() || n < 6; n++ {
						email := fmt.Sprint([]string{"a", "b"}[n%2], i)
						if n%3 == 2 {
							email = fmt.Sprint("shared", i%2) // which two members want
						}
						err := c.members.Update(t.Context(), c.members.Key(id), changeEmail(email))
						if err == nil {
							last[i] = email
						} else if !errors.Is(err, dal.ErrUnique) {
							t.Errorf("member %d: %s", i, err)
						}
						m, err := fleet[n%len(fleet)].members.Get(t.Context(), c.members.Key(id))
						if err != nil || m.Email != last[i] {
							t.Errorf("member %d is at %q, not %q: %v", i, m.Email, last[i], err)
						}
					}
				})
			}
			(&process{Controller: fleet[0].Controller}).step(t, to)
			stop.Store(true)
			load.Wait()
			for i, id := range ids {
				require.Equal(t, last[i], fleet[1].emailOf(t, id))
			}
			fleet[0].atRest(t, w, emails...)
		}
	}
	eachWorldOf(t, storetest.PlaceContract(t), across)
}
