package migrationctl_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// For many seeds in the background:
//
//	go test ./migrationctl -run TestFleet -fleet.first=1000 -fleet.seeds=5000 -timeout 0
var (
	fleetFirst  = flag.Uint64("fleet.first", 1, "the first seed of TestFleet")
	fleetSeeds  = flag.Uint64("fleet.seeds", 64, "how many seeds TestFleet plays")
	fleetReplay = flag.Uint64("fleet.replay", 50, "how many of them it plays twice")
	fleetTrace  = flag.String("fleet.trace", "", "a folder for the whole trace of each seed")
)

// TestFleet plays fleets that walk through the phases, each in the way that its
// seed decides. What is acknowledged is never lost, reads are linearizable per
// key, and at rest the stores are equal. Some seeds are played twice: a seed
// replays step by step.
func TestFleet(t *testing.T) {
	for i := range *fleetSeeds {
		seed := *fleetFirst + i
		t.Run(fmt.Sprintf("seed_%d", seed), func(t *testing.T) {
			t.Parallel()
			p := playSeed(t, seed)
			p.judge(t)
			if i < *fleetReplay {
				again := playSeed(t, seed)
				require.Empty(t, p.world.Ambiguous())
				require.Empty(t, p.world.Trace().Difference(again.world.Trace()), "seed %d does not replay", seed)
			}
		})
	}
}

// playSeed plays a fleet to its end.
func playSeed(t *testing.T, seed uint64) *play {
	t.Helper()
	var p *play
	synctest.Test(t, func(t *testing.T) {
		p = newPlay(t, seed)
		p.run()
	})
	require.NotNil(t, p)
	return p
}

// judge fails the test if the play has faults, and prints what led there.
func (p *play) judge(t *testing.T) {
	t.Helper()
	t.Logf("%s: %v, %d steps, %d operations", p.profile.name, p.ended.Round(time.Second), len(p.world.Trace().Lines()), p.history.Len())
	key, unsure := p.history.Check()
	for _, key := range unsure {
		t.Logf("the order of what happened at key %s could not be found in time", key)
	}
	if key != "" {
		p.faults = append(p.faults, "no order explains what happened at key "+key)
		p.blame(key)
	}
	if *fleetTrace != "" {
		file := filepath.Join(*fleetTrace, fmt.Sprintf("seed_%d.trace", p.seed))
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(p.world.Trace().Lines(), "\n")), 0o644))
	}
	if len(p.faults) == 0 {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d (%s) went wrong:\n  %s\n", p.seed, p.profile.name, strings.Join(p.faults, "\n  "))
	again := fmt.Sprintf("-run '%s$'", t.Name())
	if p.profile.name != "" {
		again += fmt.Sprintf(" -fleet.first=%d -fleet.seeds=1", p.seed)
	}
	fmt.Fprintf(&b, "again: go test ./migrationctl %s -fleet.trace=.\n", again)
	var words []string
	for _, key := range p.blamed {
		words = append(words, "/"+key+"/")
		fmt.Fprintf(&b, "\nwhat clients saw at key %s:\n", key)
		for _, o := range p.history.Of(key) {
			fmt.Fprintln(&b, "  "+o.String())
		}
	}
	lines := p.world.Trace().About(words...)
	const most = 400
	if len(lines) > most {
		fmt.Fprintf(&b, "\n%d earlier lines are left out\n", len(lines)-most)
		lines = lines[len(lines)-most:]
	}
	fmt.Fprintf(&b, "\nwhat happened there, and to the fleet:\n%s", strings.Join(lines, "\n"))
	t.Error(b.String())
}

// blame notes a key whose trace is of interest.
func (p *play) blame(key string) { p.blamed = append(p.blamed, key) }

// fault notes what must not happen.
func (p *play) fault(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, fmt.Sprintf("at %.6f: ", p.world.Elapsed().Seconds())+fmt.Sprintf(format, args...))
}
