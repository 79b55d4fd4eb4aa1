package migrationctl_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/fleet"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// What seeds meet too seldom is played here move by move.

// scene plays with processes that do nothing by themselves, and looks at what
// clients saw.
func scene(t *testing.T, phase store.Phase, processes int, do func(t *testing.T, p *play)) {
	t.Helper()
	for seed := range uint64(3) { // what is not held goes in another order each time
		var p *play
		synctest.Test(t, func(t *testing.T) {
			p = newScene(t, seed)
			p.setUp(t, phase)
			for slot := range processes {
				p.start(slot, 1)
			}
			p.operator = p.world.Process("op", 0)
			p.world.Run(func() bool { return p.busy() == 0 })
			defer p.end()
			do(t, p)
		})
		p.judge(t)
		if t.Failed() {
			return
		}
	}
}

// actor lets a process do something, and returns a function that waits for its
// end.
func (p *play) actor(process *fleet.Process, name string, do func(ctx context.Context)) (join func()) {
	done := false
	process.Go(name, func(ctx context.Context) { do(ctx); done = true })
	return func() { p.world.Run(func() bool { return done || p.stuck() }) }
}

// steps lets the operator make a step, to its end.
func (p *play) steps(t *testing.T, to store.Phase) { p.beginStep(t, to)() }

// beginStep lets the operator begin one, and returns a function that waits for
// its end.
func (p *play) beginStep(t *testing.T, to store.Phase) (join func()) {
	var err error
	ended := p.actor(p.operator, "step", func(ctx context.Context) {
		o := p.newOperator(p.operator)
		if to == store.DynamoDBPrimary {
			if _, err = o.Verify(ctx, migrationctl.VerifyOptions{}); err != nil {
				return
			}
		}
		err = o.SetPhase(ctx, to, migrationctl.Change{Reason: "scene", Force: true})
	})
	return func() {
		ended()
		require.NoError(t, err)
	}
}

// mark is the mark of a record in a store.
func (p *play) mark(s *memstore.Store, id int64) string { return p.contents(s)[id].value.Mark }

// TestSceneOldLease: a process is stopped with a write and a read of the same
// key under way. They arrive when its lease has run out and MySQL leads. The
// write is not acknowledged, and the read does not give what nobody else will
// ever see.
func TestSceneOldLease(t *testing.T) {
	scene(t, store.DynamoDBPrimary, 2, func(t *testing.T, p *play) {
		victim, writes, released := p.nodes[0], 0, ""
		p.world.Landed = func(c fleet.Call, _ error) {
			if c.Process == victim.process && c.Method == "Write" {
				writes++
			}
		}
		p.world.Held = func(c fleet.Call) bool {
			if c.Process != victim.process || c.Store != "dynamodb" {
				return false
			}
			return c.Method == "Write" && writes > 0 && released == "" ||
				c.Method == "Get" && strings.Contains(c.What, " in ") && released != "read"
		}
		users := victim.open.Load().users
		var put error
		var read User
		written := p.actor(victim.process, "writer", func(ctx context.Context) {
			u := marked(1, "stray")
			put = users.Put(ctx, &u, dal.Follow(dal.Async))
		})
		got := p.actor(victim.process, "reader", func(ctx context.Context) { read, _ = users.Get(ctx, users.Key(1)) })
		p.world.RunFor(200 * time.Millisecond)
		require.Len(t, p.world.UnderWay(victim.process), 2)
		victim.process.Pause(12*time.Second, func(*rand.Rand) time.Duration { return 0 })
		p.steps(t, store.Validate)
		released = "write"
		p.world.RunFor(100 * time.Millisecond)
		require.Equal(t, "stray", p.mark(p.dynamo, 1))
		released = "read"
		written()
		got()
		require.Equal(t, fleet.Unknown, answer(put), "%v", put)
		require.NotEqual(t, "stray", valueOf(read).Mark, "it read what is undone")
		p.rest()
		require.Equal(t, "first", p.mark(p.mysql, 1))
	})
}

// TestSceneHalfCarried: a transaction of two keys arrives while a hand-off
// looks through the shards, in one that it has looked at. One of its keys is
// carried over with an earlier change of it, whose shard comes later. MySQL must
// have both or none.
func TestSceneHalfCarried(t *testing.T) {
	scene(t, store.DynamoDBPrimary, 2, func(t *testing.T, p *play) {
		victim, other := p.nodes[0], p.nodes[1]
		const (
			before  = iota
			closed  // the earlier change arrives; nobody refreshes it, and the transaction is sent
			looked  // the first shard was looked at for the second time: the transaction may arrive
			arrived // the earlier change may be refreshed
			carried // and is: the look may go on
		)
		looks, writes, stage, ready, there := 0, map[*fleet.Process]int{}, before, false, false
		p.world.Landed = func(c fleet.Call, err error) {
			switch {
			case c.Method == "Advance" && strings.Contains(c.What, " closed "):
				stage = max(stage, closed)
			case c.Method == "Write":
				if writes[c.Process]++; c.Process == victim.process && writes[c.Process] == 2 {
					stage = arrived
				}
				there = there || ready && c.Process == other.process && stage == closed
			case c.Method == "Backlog" && stage == closed:
				if looks++; looks == p.dynamo.Shards()+1 {
					stage = looked
				}
			case c.Method == "Clean" && stage == arrived && err == nil:
				stage = carried
			}
		}
		p.world.Held = func(c fleet.Call) bool {
			switch {
			case c.Process == victim.process && c.Method == "Write":
				return writes[c.Process] == 0 && !there || writes[c.Process] == 1 && stage < looked
			case c.Process == other.process && c.Method == "Write":
				return ready && writes[c.Process]%2 == 1 && stage < closed
			case c.Store == "dynamodb" && c.Method == "Get" && strings.Contains(c.What, "without epoch"):
				return stage == closed || stage == looked
			case c.Method == "Backlog":
				return stage == looked || stage == arrived
			}
			return false
		}
		put := func(ctx context.Context, mark string) int {
			u := marked(21, mark)
			rec, err := p.users.Record(&u)
			require.NoError(t, err)
			key, err := rec.Key()
			require.NoError(t, err)
			s := other.open.Load().Router().Snapshot()
			done, err := other.dynamo.Write(ctx, store.At{Epoch: s.Epoch, Captured: true, Lease: s.Lease},
				store.Write{Mutations: []store.Mutation{{Op: store.Put, Key: key, Record: rec}}})
			require.NoError(t, err)
			n, err := strconv.Atoi(done.Changes[0].Ref)
			require.NoError(t, err)
			return n
		}
		// The earlier change goes to the last shard, the transaction to the first.
		p.actor(other.process, "padding", func(ctx context.Context) {
			for put(ctx, "padding")%p.dynamo.Shards() != p.dynamo.Shards()-2 {
			}
		})()
		ready = true
		p.actor(other.process, "other", func(ctx context.Context) { put(ctx, "earlier") })
		w := &worker{play: p, node: victim, name: "victim", rng: p.world.Rand("victim"), users: victim.open.Load().users}
		p.actor(victim.process, "victim", func(ctx context.Context) { w.putPair(ctx, "both") })
		stepped := p.beginStep(t, store.Validate)
		p.world.Run(func() bool {
			return writes[victim.process] == 1 && sent(p.world.UnderWay(victim.process), "Write") || p.stuck()
		})
		victim.process.Pause(20*time.Second, func(*rand.Rand) time.Duration { return 0 })
		stepped()
		require.Equal(t, carried, stage, "the scene has not played as it is written")
		p.world.RunFor(25 * time.Second)
		require.Equal(t, p.mark(p.mysql, 21) == "both", p.mark(p.mysql, 22) == "both", "half of it is there: %s, %s",
			p.mark(p.mysql, 21), p.mark(p.mysql, 22))
	})
}

// sent reports whether one of the calls is of that method.
func sent(calls []fleet.Call, method string) bool {
	return slices.ContainsFunc(calls, func(c fleet.Call) bool { return c.Method == method })
}

// TestSceneGivenAway: a process was stopped during a hand-off to DynamoDB and
// reads MySQL before it learns of it. MySQL lacks what was acknowledged since,
// and refuses.
func TestSceneGivenAway(t *testing.T) {
	scene(t, store.Validate, 2, func(t *testing.T, p *play) {
		reader, writer := p.nodes[0], p.nodes[1]
		asked, behind := false, true
		p.world.Landed = func(c fleet.Call, _ error) {
			asked = asked || c.Process == reader.process && c.Method == "Get" && c.Store == "mysql"
		}
		p.world.Held = func(c fleet.Call) bool {
			return c.Process == reader.process && !asked && (c.Method == "Phase" || c.Method == "Register") ||
				behind && c.Store == "mysql" && c.Method == "Put"
		}
		r := &worker{play: p, node: reader, name: "reader", rng: p.world.Rand("reader"), users: reader.open.Load().users}
		w := &worker{play: p, node: writer, name: "writer", rng: p.world.Rand("writer"), users: writer.open.Load().users}
		reader.process.Pause(30*time.Second, func(*rand.Rand) time.Duration { return 0 })
		p.steps(t, store.DynamoDBPrimary)
		p.actor(writer.process, "writer", func(ctx context.Context) { w.put(ctx, 1, "new") })()
		reader.process.Resume()
		p.actor(reader.process, "reader", func(ctx context.Context) { r.get(ctx, 1) })()
		require.True(t, asked, "the scene has not played as it is written")
		behind = false
	})
}

// TestSceneToken: the reply to a write is lost, a hand-off brings the authority
// to the other store, and the write is repeated with its token. It counts once.
func TestSceneToken(t *testing.T) {
	for _, way := range []struct{ from, to store.Phase }{{3, 4}, {4, 3}} {
		t.Run(fmt.Sprintf("%d to %d", way.from, way.to), func(t *testing.T) {
			scene(t, way.from, 2, func(t *testing.T, p *play) {
				node, commits := p.nodes[0], 0
				p.world.Fate = func(_ *rand.Rand, c fleet.Call) fleet.Fate {
					if c.Process == node.process && c.Method == "Write" {
						if commits++; commits == 2 {
							return fleet.Fate{NoReply: 100 * time.Millisecond}
						}
					}
					return fleet.Fate{}
				}
				users := node.open.Load().users
				add := func(ctx context.Context) error {
					return users.Update(ctx, users.Key(1), addOne, dal.Token("once"))
				}
				var first, second error
				p.actor(node.process, "first", func(ctx context.Context) { first = add(ctx) })()
				require.Equal(t, dal.Unknown, dal.OutcomeOf(first))
				p.steps(t, way.to)
				p.actor(node.process, "second", func(ctx context.Context) { second = add(ctx) })()
				require.NoError(t, second)
				p.world.RunFor(3 * time.Second)
				require.Equal(t, 1, p.contents(p.mysql)[1].value.Count)
				require.Equal(t, 1, p.contents(p.dynamo)[1].value.Count)
			})
		})
	}
}

// TestSceneAbandonedWithLeases: DynamoDB is lost for everybody but a process that
// is stopped for a moment while it is given up. That one goes on with a lease of
// its own, and must not read there what is old by then.
func TestSceneAbandonedWithLeases(t *testing.T) {
	scene(t, store.DynamoDBPrimary, 2, func(t *testing.T, p *play) {
		reader, writer := p.nodes[0], p.nodes[1]
		p.world.Fate = func(_ *rand.Rand, c fleet.Call) fleet.Fate {
			return fleet.Fate{Away: c.Store == "dynamodb" && c.Process != reader.process}
		}
		r := &worker{play: p, node: reader, name: "reader", rng: p.world.Rand("reader"), users: reader.open.Load().users}
		w := &worker{play: p, node: writer, name: "writer", rng: p.world.Rand("writer"), users: writer.open.Load().users}
		read := p.actor(reader.process, "reader", func(ctx context.Context) {
			for !p.idle.Load() {
				r.get(ctx, 1)
				_ = reader.process.Sleep(ctx, 20*time.Millisecond)
			}
		})
		p.world.RunFor(500 * time.Millisecond)
		reader.process.Pause(1500*time.Millisecond, func(*rand.Rand) time.Duration { return 0 })
		var err error
		p.actor(p.operator, "abandon", func(ctx context.Context) {
			err = p.newOperator(p.operator).Abandon(ctx, migrationctl.Change{Reason: "scene"})
		})
		p.actor(writer.process, "writer", func(ctx context.Context) {
			for i := range 100 {
				w.count = i // each has a token of its own
				w.put(ctx, 1, fmt.Sprintf("new%d", i))
				_ = writer.process.Sleep(ctx, 20*time.Millisecond)
			}
		})()
		require.NoError(t, err)
		p.idle.Store(true)
		read()
		require.NotEqual(t, "first", p.mark(p.mysql, 1))
	})
}

// TestSceneFloor: DynamoDB is given up while it is several writes ahead at a key.
// What MySQL writes there afterwards is newer, and is taken at once.
func TestSceneFloor(t *testing.T) {
	scene(t, store.Validate, 1, func(t *testing.T, p *play) {
		node, away := p.nodes[0], false
		users := node.open.Load().users
		put := func(mark string, policy dal.Policy) (err error) {
			p.actor(node.process, mark, func(ctx context.Context) {
				u := marked(1, mark)
				err = users.Put(ctx, &u, dal.Follow(policy))
			})()
			return err
		}
		require.NoError(t, put("before", dal.Required))
		p.steps(t, store.DynamoDBPrimary)
		p.world.Fate = func(_ *rand.Rand, c fleet.Call) fleet.Fate {
			return fleet.Fate{Away: away && c.Store == "dynamodb" || !away && c.Store == "mysql" && c.Method == "Put"}
		}
		for i := range 5 {
			require.NoError(t, put(fmt.Sprintf("lost%d", i), dal.Async))
		}
		away = true
		var err error
		p.actor(p.operator, "abandon", func(ctx context.Context) {
			err = p.newOperator(p.operator).Abandon(ctx, migrationctl.Change{Reason: "scene"})
		})()
		require.NoError(t, err)
		p.world.Fate = nil
		p.world.Held = func(c fleet.Call) bool { return strings.Contains(c.Who, "watchStrays") } // they would mend it
		require.NoError(t, put("new", dal.Required))
		require.Equal(t, "new", p.mark(p.dynamo, 1))
	})
}
