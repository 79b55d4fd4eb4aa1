package migrationctl_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/internal/fleet"
)

// between returns a span from one to the other.
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}

// maxLate is how late a request may arrive.
const maxLate = 9 * time.Second

// fate says what becomes of a request.
func (p *play) fate(r *rand.Rand, c fleet.Call) fleet.Fate {
	if p.quiet {
		return fleet.Fate{}
	}
	if p.profile.ambush {
		return p.ambush(r, c)
	}
	if p.away[c.Store] > p.world.Elapsed() && !(p.profile.abandon && strings.HasPrefix(c.Process.Name(), fmt.Sprintf("p%d.", p.spared+1))) {
		if r.IntN(2) == 0 {
			return fleet.Fate{Away: true}
		}
		return fleet.Fate{NoReply: between(r, 100*time.Millisecond, time.Second), Dropped: true}
	}
	if !fleet.Chance(r, p.profile.messages) {
		return fleet.Fate{}
	}
	f := fleet.Fate{NoReply: between(r, 50*time.Millisecond, time.Second)}
	switch r.IntN(5) {
	case 0:
		f.Dropped = true
	case 1, 2:
		f.Late = between(r, 100*time.Millisecond, maxLate)
	case 3:
		return fleet.Fate{Slow: between(r, 100*time.Millisecond, maxLate)}
	}
	return f
}

// ambush waits for a moment in which a hand-off would be most unwelcome, and
// lets the operator make it.
func (p *play) ambush(r *rand.Rand, c fleet.Call) fleet.Fate {
	now := p.world.Elapsed()
	if now < p.ambushed || now < 2*time.Second || !strings.Contains(c.Who, "Repository") || c.Process == p.operator {
		return fleet.Fate{}
	}
	writes := 0
	for _, other := range p.world.UnderWay(c.Process) {
		if other.Store == c.Store && other.Method == "Write" && other.Who != c.Who {
			writes++
		}
	}
	switch {
	case c.Store == "dynamodb" && c.Method == "Get" && (writes > 0 || fleet.Chance(r, 30)),
		c.Store == "dynamodb" && c.Method == "Write" && fleet.Chance(r, 12):
		// Its process is stopped until its lease has run out and MySQL leads,
		// and what it has sent arrives at about that time.
		p.ambushed = now + 10*time.Second
		p.hurry.Store(true)
		p.world.After(0, "an ambush: it is stopped with a request under way", func() {
			c.Process.Pause(between(p.rng, 4*time.Second, 7*time.Second), func(r *rand.Rand) time.Duration {
				return between(r, 3*time.Second, 5*time.Second)
			})
		})
		return fleet.Fate{Slow: between(r, 3*time.Second, 6*time.Second)}
	case c.Method == "Write" && fleet.Chance(r, 12):
		// The reply is lost, and the write is repeated in another phase.
		p.ambushed = now + 5*time.Second
		p.hurry.Store(true)
		return fleet.Fate{NoReply: between(r, 500*time.Millisecond, 2*time.Second)}
	}
	return fleet.Fate{}
}

// dying is the fate of a request whose sender has died.
func dying(r *rand.Rand) fleet.Fate {
	switch r.IntN(4) {
	case 0:
		return fleet.Fate{Dropped: true}
	case 1, 2:
		return fleet.Fate{Late: between(r, 100*time.Millisecond, maxLate)}
	}
	return fleet.Fate{}
}

func stopping(r *rand.Rand) time.Duration {
	if r.IntN(2) == 0 {
		return 0
	}
	return between(r, 100*time.Millisecond, maxLate)
}

// befall lets things happen now and then.
func (p *play) befall() {
	again := func(every time.Duration, name string, do func()) {
		var next func()
		next = func() {
			if p.quiet {
				return
			}
			do()
			p.world.After(between(p.rng, every/4, every*2), name, next)
		}
		p.world.After(between(p.rng, every/4, every*2), name, next)
	}
	if p.profile.crashes {
		again(5*time.Second, "a process dies", func() { p.crash(p.anyone()) })
	}
	if p.profile.pauses {
		again(5*time.Second, "a process is stopped", func() { p.stop(p.anyone()) })
	}
	if p.profile.clocks {
		again(3*time.Second, "a clock is set", func() {
			p.anyone().SetWallClock(between(p.rng, -time.Minute, time.Minute))
		})
	}
	if p.profile.outages {
		again(6*time.Second, "a store is away", func() {
			name := []string{"mysql", "dynamodb"}[p.rng.IntN(2)]
			p.away[name] = p.world.Elapsed() + between(p.rng, 200*time.Millisecond, 5*time.Second)
		})
	}
	if p.profile.abandon {
		p.world.After(between(p.rng, 2*time.Second, 6*time.Second), "DynamoDB is lost", func() {
			p.away["dynamodb"] = p.world.Elapsed() + between(p.rng, 7*time.Second, 12*time.Second)
			p.lost.Store(true)
		})
	}
}

// landed lets things happen while a hand-off is under way, when they matter most.
func (p *play) landed(c fleet.Call, err error) {
	if p.profile.abandon && err == nil && c.Method == "Advance" && strings.Contains(c.What, "abandoned") && strings.Contains(c.What, " open ") {
		p.abandoned.Store(int64(p.world.Elapsed()))
	}
	if p.quiet || c.Method != "Advance" || err != nil || !c.Process.Alive() {
		return
	}
	if p.profile.crashes && fleet.Chance(p.rng, 8) {
		p.world.After(0, "the driver dies", func() { p.crash(c.Process) })
	}
	if p.profile.pauses && fleet.Chance(p.rng, 6) {
		victim := p.anyone()
		if fleet.Chance(p.rng, 3) {
			victim = c.Process
		}
		p.world.After(0, "somebody is stopped in a hand-off", func() { p.stop(victim) })
	}
}

// anyone returns a process, perhaps the operator's.
func (p *play) anyone() *fleet.Process {
	i := p.rng.IntN(len(p.nodes) + 1)
	if i == len(p.nodes) {
		return p.operator
	}
	return p.nodes[i].process
}

// crash ends a process, and starts another one in its place some time later.
func (p *play) crash(victim *fleet.Process) {
	if !victim.Alive() {
		return
	}
	victim.Crash(dying)
	p.world.Note(victim, "it", "is dead")
	var slot, n int
	if victim == p.operator {
		_, _ = fmt.Sscanf(victim.Name(), "op.%d", &n)
		p.working.Add(-1)
		p.world.After(between(p.rng, 300*time.Millisecond, 5*time.Second), "the operator starts again", func() { p.startOperator(n + 1) })
		return
	}
	_, _ = fmt.Sscanf(victim.Name(), "p%d.%d", &slot, &n)
	p.world.After(between(p.rng, 300*time.Millisecond, 5*time.Second), "a process starts again", func() { p.start(slot-1, n+1) })
}

// stop stops a process, mostly for longer than a lease.
func (p *play) stop(victim *fleet.Process) {
	if !victim.Alive() {
		return
	}
	d := between(p.rng, 3200*time.Millisecond, 6500*time.Millisecond)
	if fleet.Chance(p.rng, 3) {
		d = between(p.rng, 100*time.Millisecond, 3*time.Second)
	}
	victim.Pause(d, stopping)
	p.world.Note(victim, "it", fmt.Sprintf("is stopped for %v", d.Round(time.Millisecond)))
}

// calmDown ends all misfortune and all work.
func (p *play) calmDown() {
	p.quiet = true
	clear(p.away)
	p.idle.Store(true)
	p.operator.Resume()
	for _, n := range p.nodes {
		n.process.Resume()
	}
	p.world.After(0, "nothing befalls the fleet any more", func() {})
}
