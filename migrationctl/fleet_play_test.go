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

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/fleet"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// Sizes of a play.
const (
	playProcesses = 3
	playWorkers   = 2                 // of each process
	playTime      = 18 * time.Second  // until faults and work end
	playStuck     = 300 * time.Second // by then it is at rest
)

// A profile is what goes wrong in a play.
type profile struct {
	name                    string
	crashes, pauses, clocks bool
	outages                 bool
	messages                int // one in so many has a fate of its own; 0 for none
	abandon                 bool
	ambush                  bool // requests under way are met by a hand-off
}

// profiles take turns from seed to seed.
var profiles = []profile{
	{name: "calm"},
	{name: "crashes", crashes: true},
	{name: "pauses", pauses: true},
	{name: "messages", messages: 60},
	{name: "pauses, late messages and clocks", pauses: true, clocks: true, messages: 150},
	{name: "outages", outages: true, clocks: true},
	{name: "everything", crashes: true, pauses: true, clocks: true, outages: true, messages: 200},
	{name: "ambush", ambush: true},
	{name: "DynamoDB lost", abandon: true, pauses: true, messages: 300},
}

// A play is a fleet with its load, its operator and its misfortunes.
type play struct {
	seed     uint64
	profile  profile
	workers  int // of each process
	world    *fleet.World
	rng      *rand.Rand // of what befalls the fleet; the scheduler's goroutine draws from it
	contract *transform.Contract
	users    *transform.Binding[User]
	mysql    *memstore.Store
	dynamo   *memstore.Store
	nodes    []*node // one per process, the latest start of it
	past     []*node
	operator *fleet.Process

	ended     time.Duration // when it was at rest
	history   fleet.History
	quiet     bool                     // nothing befalls the fleet any more
	away      map[string]time.Duration // stores that are away, until when
	idle      atomic.Bool              // workers and operator are to end
	working   atomic.Int64             // operators that have not ended
	ambushed  time.Duration            // until then no other ambush
	hurry     atomic.Bool              // the operator is to hand the authority over at once
	spared    int                      // the process that still reaches DynamoDB when it is lost, -1 for none
	lost      atomic.Bool              // the operator is to give DynamoDB up
	abandoned atomic.Int64             // when MySQL was opened without DynamoDB, 0 if it was not

	mu     sync.Mutex
	faults []string
	blamed []string
}

// A node is one start of a process.
type node struct {
	slot    int
	process *fleet.Process
	mysql   fleet.Leased
	dynamo  fleet.Leased
	open    atomic.Pointer[process]
	busy    atomic.Int64 // actors
}

func newPlay(t *testing.T, seed uint64) *play {
	p := newScene(t, seed)
	p.profile, p.workers = profiles[(seed-1)%uint64(len(profiles))], playWorkers
	p.world.Fate, p.world.Landed = p.fate, p.landed
	to := store.Phase(1 + p.rng.IntN(5))
	p.spared = p.rng.IntN(2*playProcesses) - playProcesses
	if p.profile.abandon || p.profile.ambush {
		to = store.DynamoDBPrimary
	}
	p.setUp(t, to)
	return p
}

// newScene returns a play in which nothing happens that its test does not do.
func newScene(t *testing.T, seed uint64) *play {
	c, err := transform.LoadFile("../dal/testdata/users.json")
	require.NoError(t, err)
	users, err := transform.Bind[User](c.Entity("Users"))
	require.NoError(t, err)
	w := fleet.New(seed)
	return &play{
		seed: seed, world: w, rng: w.Rand("misfortune"),
		contract: c, users: users, away: map[string]time.Duration{},
		mysql:  memstore.New(c, &memstore.Options{Name: "mysql", Wire: fleet.Wire}),
		dynamo: memstore.New(c, &memstore.Options{Name: "dynamodb", Leased: true, Wire: fleet.Wire}),
	}
}

// setUp brings the group to the phase in which the play begins, without
// processes and without a network.
func (p *play) setUp(t *testing.T, to store.Phase) {
	ctx := t.Context()
	require.NoError(t, p.mysql.Init(ctx))
	require.NoError(t, p.dynamo.Init(ctx))
	alone, err := dal.NewRepository[User](dal.Standalone(p.contract, p.mysql), "Users")
	require.NoError(t, err)
	for _, id := range []int64{1, 2, pairs[0], pairs[1]} {
		u := marked(id, "first")
		require.NoError(t, alone.Create(ctx, &u))
		p.history.Add(fleet.Operation{Client: "setup", Key: fmt.Sprint(id), Verb: fleet.Create,
			Value: valueOf(u), Answer: fleet.Done, Call: 0, Return: 1})
	}
	direct(t, p.mysql, p.dynamo, to)
}

// direct walks to a phase with an operator that has the stores to itself.
func direct(t *testing.T, mysql migrationctl.MySQL, dynamo migrationctl.DynamoDB, to store.Phase) {
	op, err := migrationctl.NewOperator(mysql, dynamo, &migrationctl.Options{Who: "setup", MinPrimary: time.Nanosecond, RelayWorkers: 1})
	require.NoError(t, err)
	why := migrationctl.Change{Reason: "setup", Force: true}
	for phase := store.DualWrite; phase <= to; phase++ {
		switch phase {
		case store.DualWrite:
			require.NoError(t, op.CaptureOn(t.Context(), why))
		case store.Validate:
			require.NoError(t, op.Backfill(t.Context(), migrationctl.BackfillOptions{Workers: 1}))
		case store.DynamoDBPrimary:
			_, err := op.Verify(t.Context(), migrationctl.VerifyOptions{})
			require.NoError(t, err)
		}
		require.NoError(t, op.SetPhase(t.Context(), phase, why))
	}
}

func (p *play) options(on *fleet.Process) *migrationctl.Options {
	o := migrationctl.Options{Who: on.Name(), MinPrimary: time.Nanosecond, RelayPoll: 500 * time.Millisecond}
	if p.profile.abandon {
		o.Policy = dal.Required
	}
	return o.OnMachine(on.Now, on.Sleep, on.NewName)
}

// run plays until everything is at rest, or can't come there.
func (p *play) run() {
	for slot := range playProcesses {
		p.start(slot, 1)
	}
	p.startOperator(1)
	p.befall()
	p.world.RunFor(playTime)
	p.calmDown()
	p.world.Run(func() bool { return p.busy() == 0 || p.stuck() })
	p.rest()
	p.end()
}

// end ends all processes, dead ones too.
func (p *play) end() {
	p.ended = p.world.Elapsed()
	p.world.End(func() {
		for _, n := range append(p.past, p.nodes...) {
			if open := n.open.Load(); open != nil {
				_ = open.Close(context.Background())
			}
		}
	})
}

func (p *play) stuck() bool { return p.world.Elapsed() > playStuck }

// busy is how many actors of live processes have not ended.
func (p *play) busy() int64 {
	n := p.working.Load()
	for _, node := range p.nodes {
		n += node.busy.Load()
	}
	return n
}

// start starts a process for the n-th time.
func (p *play) start(slot, n int) {
	drift := 0.0
	if p.profile.clocks {
		drift = p.rng.Float64()*0.1 - 0.05
	}
	process := p.world.Process(fmt.Sprintf("p%d.%d", slot+1, n), drift)
	node := &node{slot: slot, process: process, mysql: process.Store(p.mysql), dynamo: process.Store(p.dynamo)}
	if n == 1 {
		p.nodes = append(p.nodes, node)
	} else {
		p.past = append(p.past, p.nodes[slot])
		p.nodes[slot] = node
	}
	node.busy.Add(1)
	process.Go("start", func(ctx context.Context) { p.boot(ctx, node) })
}

// boot opens the process's controller and starts its workers.
func (p *play) boot(ctx context.Context, n *node) {
	defer n.busy.Add(-1)
	for {
		ctl, err := migrationctl.Open(ctx, n.mysql, n.dynamo, p.options(n.process))
		if err == nil {
			users, err := dal.NewRepository[User](ctl, "Users")
			if err != nil {
				panic(err)
			}
			n.open.Store(&process{ctl, users})
			break
		}
		if errors.Is(err, fleet.ErrOver) || ctx.Err() != nil {
			return
		}
		p.world.Note(n.process, "start", "not opened: "+err.Error())
		if p.calm() {
			p.fault("%s can't start: %v", n.process.Name(), err)
		}
		if n.process.Sleep(ctx, time.Second) != nil {
			return
		}
	}
	for i := range p.workers {
		n.busy.Add(1)
		name := fmt.Sprintf("w%d", i+1)
		n.process.Go(name, func(ctx context.Context) {
			defer n.busy.Add(-1)
			p.work(ctx, n, name)
		})
	}
}

// calm reports whether nothing befalls this fleet, so that nothing may fail.
func (p *play) calm() bool { return p.profile.name == "calm" }
