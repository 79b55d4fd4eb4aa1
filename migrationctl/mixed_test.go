package migrationctl_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// How many operations a run on engines makes; 0 is 10,000 on real ones, fewer with the race
// detector and on those in place of them, where as many take minutes. .ci/run has all of
// them made without the race detector too.
var mixedOperations = flag.Int("mixed.operations", 0, "how many operations TestMixedOperations makes on engines")

// onEngines is how many operations a run on engines makes.
func onEngines(t *testing.T) int {
	switch {
	case *mixedOperations > 0:
		return *mixedOperations
	case enginetest.MySQLServer(t).IsSubstitute() || enginetest.DynamoDBEngines(t)[0].IsSubstitute():
		return 640
	case raceDetector:
		return 1_600
	}
	return 10_000
}

const (
	mixedClients = 16
	mixedCounted = 24               // users to whom all clients add, and between whom they transfer
	mixedShared  = mixedCounted + 8 // and who are counted and set in one
	mixedOwn     = 3                // users that one client has for itself
)

// A mixture is what clients do at once, and the model of it. What they share is
// counted, and counts do not ask for an order; of what else is written with the
// count, the write that made the last count is the last one.
type mixture struct {
	p       *process
	tickets *dal.Repository[Ticket]
	base    int64
	counts  [mixedShared]atomic.Int64

	mu        sync.Mutex
	proposals map[proposal]bool
	ordered   map[int64]Ticket // by id
}

// A proposal is what a change has made of a user: it may be made more than once,
// and one of them is committed.
type proposal struct {
	id    int64
	count int
	login time.Time
}

// A client is one of those who write at once.
type client struct {
	*mixture
	n      int
	random *rand.Rand
	own    [mixedOwn]*User // as this client left them; nil is not there
	done   int
}

// TestMixedOperations: 16 clients, 10,000 mixed operations (see mixedOperations), a tenth of the replies of both stores lost after the call took
// effect. Each client repeats what it got no answer to, with its token. Both stores
// end equal to the model.
func TestMixedOperations(t *testing.T) {
	play := func(t *testing.T, w *world, p *process, base int64) {
		operations := 10_000
		if _, inMemory := w.dynamo.(picky); !inMemory {
			operations = onEngines(t)
		} else if testing.Short() {
			operations = 1_600
		}
		tickets, err := dal.NewRepository[Ticket](p, "Tickets")
		require.NoError(t, err)
		m := &mixture{p: p, tickets: tickets, base: base, proposals: map[proposal]bool{}, ordered: map[int64]Ticket{}}
		for i := range int64(mixedShared) {
			u := user(base + i)
			require.NoError(t, p.users.Create(t.Context(), &u))
		}
		before := len(w.texts(t, w.leads(p)))
		var calls, lost atomic.Int64
		back := w.faults.On(func(c faultstore.Call) bool {
			meant := slices.Contains([]string{"Write", "Put", "PutTogether", "Clean", "Get", "GetMany", "Keep"}, c.Method) && calls.Add(1)%10 == 0
			if meant {
				lost.Add(1)
			}
			return meant
		}, faultstore.After)
		defer back()
		clients := make([]*client, mixedClients)
		atOnce(t, mixedClients, nil, func(i int) error {
			clients[i] = &client{mixture: m, n: i, random: rand.New(rand.NewPCG(uint64(base), uint64(i)))}
			for range operations / mixedClients {
				if err := clients[i].operate(t.Context()); err != nil {
					return err
				}
			}
			return nil
		})
		back()
		require.Greater(t, lost.Load(), int64(operations/20), "replies were lost")
		p.drained(t)
		for _, s := range []store.Reader{w.mysql, w.dynamo} {
			m.requireShared(t, w, s)
			there := before + len(m.ordered)
			for _, c := range clients {
				there += c.requireOwn(t, w, s)
			}
			require.Len(t, w.texts(t, s), there, "nothing is there that nobody created, in %s", s.Name())
		}
	}
	phases := []store.Phase{2, 4}
	t.Run("memory", func(t *testing.T) { newMemoryWorld(t, faultstore.New()).inPhases(t, phases, play) })
	// With the first DynamoDB engine alone: 20,000 operations take minutes on each.
	t.Run("engines", func(t *testing.T) {
		newEngineWorld(t, enginetest.DynamoDBEngines(t)[0], faultstore.New()).inPhases(t, phases, play)
	})
}

// operate chooses and makes one operation.
func (c *client) operate(ctx context.Context) error {
	c.done++
	token := fmt.Sprintf("%d-%d-%d", c.base, c.n, c.done)
	switch n := c.random.IntN(100); {
	case n < 30:
		i := c.random.Int64N(mixedCounted)
		c.counts[i].Add(1)
		return c.persist(func() error { return c.p.users.Update(ctx, c.p.users.Key(c.base+i), addOne, dal.Token(token)) })
	case n < 45:
		return c.set(ctx, mixedCounted+c.random.Int64N(mixedShared-mixedCounted), token)
	case n < 60:
		return c.transfer(ctx, token)
	case n < 70:
		return c.order(ctx, token)
	case n < 90:
		return c.mine(ctx, c.random.IntN(mixedOwn), token)
	default:
		return c.persist(func() error {
			_, err := c.p.users.Get(ctx, c.p.users.Key(c.base+c.random.Int64N(mixedShared)))
			return err
		})
	}
}

// persist repeats what got no answer, or met another.
func (c *client) persist(do func() error) error {
	for {
		err := do()
		if !errors.Is(err, dal.ErrUnavailable) && !errors.Is(err, dal.ErrConflict) && !errors.Is(err, dal.ErrThrottled) {
			return err
		}
	}
}

// set counts, and writes with the count what the last one has to be known by.
func (c *client) set(ctx context.Context, i int64, token string) error {
	c.counts[i].Add(1)
	login := time.Date(2024, 3, 10, 0, 0, 0, 0, time.UTC).Add(time.Duration(c.n*100_000+c.done) * time.Second)
	return c.persist(func() error {
		return c.p.users.Update(ctx, c.p.users.Key(c.base+i), func(u *User) error {
			u.Profile.Count++
			u.LastLogin = &login
			c.mu.Lock()
			defer c.mu.Unlock()
			c.proposals[proposal{u.ID, u.Profile.Count, login}] = true
			return nil
		}, dal.Token(token))
	})
}

// transfer takes from one and gives to another, in one unit.
func (c *client) transfer(ctx context.Context, token string) error {
	from, to := c.random.Int64N(mixedCounted), c.random.Int64N(mixedCounted-1)
	if to >= from {
		to++
	}
	c.counts[from].Add(-2)
	c.counts[to].Add(2)
	give := func(n int) func(*User) error {
		return func(u *User) error { u.Profile.Count += n; return nil }
	}
	atCommit := c.random.IntN(2) == 0
	return c.persist(func() error {
		return c.p.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
			users := c.p.users.In(tx)
			change := users.Update
			if atCommit {
				change = users.UpdateAtCommit
			}
			return errors.Join(change(ctx, c.p.users.Key(c.base+from), give(-2)), change(ctx, c.p.users.Key(c.base+to), give(2)))
		}, dal.Token(token))
	})
}

// order creates a ticket whose id a store assigns.
func (c *client) order(ctx context.Context, token string) error {
	var ticket Ticket
	err := c.persist(func() error {
		ticket = Ticket{Area: fmt.Sprint("of ", c.base), Code: token}
		return c.tickets.Create(ctx, &ticket, dal.Token(token))
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if there, twice := c.ordered[ticket.ID]; twice && err == nil {
		return fmt.Errorf("%v and %v have one id", there, ticket)
	}
	c.ordered[ticket.ID] = ticket
	return err
}

// mine creates, puts, changes or deletes a user of this client's own.
func (c *client) mine(ctx context.Context, k int, token string) error {
	now := user(c.ownID(k))
	now.Profile.Count = c.done
	key := c.p.users.Key(now.ID)
	next := &now
	var do func() error
	switch there := c.own[k] != nil; {
	case !there:
		do = func() error { u := now; return c.p.users.Create(ctx, &u, dal.Token(token)) }
	case c.random.IntN(3) == 0:
		next, do = nil, func() error { return c.p.users.Delete(ctx, key, dal.Token(token)) }
	case c.random.IntN(2) == 0:
		do = func() error { u := now; return c.p.users.Put(ctx, &u, dal.Token(token)) }
	default:
		do = func() error {
			return c.p.users.Update(ctx, key, func(u *User) error { u.Profile.Count = now.Profile.Count; return nil }, dal.Token(token))
		}
	}
	err := c.persist(do)
	c.own[k] = next
	return err
}

func (c *client) ownID(k int) int64 { return c.base + 1000 + int64(c.n*mixedOwn+k) }

// requireShared requires in a store what all clients did to the users they share.
func (m *mixture) requireShared(t *testing.T, w *world, s store.Reader) {
	t.Helper()
	binding, err := transform.Bind[User](w.contract.Entity("Users"))
	require.NoError(t, err)
	for i := range int64(mixedShared) {
		var u User
		require.NoError(t, binding.Into(w.row(t, s, m.base+i).Record, &u))
		require.EqualValues(t, m.counts[i].Load(), u.Profile.Count, "user %d in %s: each was made once", i, s.Name())
		if i >= mixedCounted && u.Profile.Count > 0 {
			last := proposal{u.ID, u.Profile.Count, u.LastLogin.UTC()}
			require.True(t, m.proposals[last], "user %d in %s: what came with the last count is there", i, s.Name())
		}
	}
}

// requireOwn requires in a store what one client did to its own users, and returns
// how many are there.
func (c *client) requireOwn(t *testing.T, w *world, s store.Reader) (there int) {
	t.Helper()
	for k, u := range c.own {
		if u == nil {
			require.Equal(t, -1, w.count(t, s, c.ownID(k)), "it was deleted, in %s", s.Name())
			continue
		}
		there++
		require.Equal(t, u.Profile.Count, w.count(t, s, u.ID), "what was written last, in %s", s.Name())
	}
	return there
}
