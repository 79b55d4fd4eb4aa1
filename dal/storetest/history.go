package storetest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/memstore"
)

// historyCases play random histories of an authority; followedHistoryCases of a
// follower, to which the authority comes in the middle where it can.
func historyCases() []testCase {
	return ruled(ruleHistory,
		check{name: "of users, visits and tickets", run: histories},
		ofLists("of lists", histories),
	)
}

func followedHistoryCases() []testCase {
	return ruled(ruleHistory,
		check{name: "of users, visits and tickets that follow", run: histories},
		ofLists("of lists that follow", histories),
		ofOrders("of orders that follow", histories),
	)
}

const (
	// defaultHistories is how many histories a case plays; in as many, of
	// historySteps each, every store broken for TestHistoriesFindFaults is found.
	defaultHistories = 3
	historySteps     = 250
	// maxTries bounds how often a history that failed is played again to make it
	// shorter: each time on a store of its own.
	maxTries = 250
)

// A step is one thing that a history does. It holds all that was chosen and
// nothing of a store, so that any part of a history is a history.
type step interface {
	play(*player)
	String() string
}

// histories plays histories one after the other. They are the same in every run:
// a suite that fails now and then is one that people run again. Harness.Seed
// gives others.
func histories(e *env) {
	e.Helper()
	playHistories(e, func(g *generator) []step { return g.history(historySteps) })
}

func playHistories(e *env, of func(*generator) []step) {
	e.Helper()
	for i := range max(e.harness.Histories, defaultHistories) {
		seed := e.harness.Seed + uint64(i)
		steps := of(newGenerator(e, seed))
		failure := e.tryHistory(steps)
		if failure == "" {
			continue
		}
		short, failure := e.shorten(steps, failure)
		require.FailNow(e, fmt.Sprintf("seed %d (Harness.Seed gives it again): %d of %d steps are enough\n%s\n\n%s",
			seed, len(short), len(steps), listing(short), failure))
	}
}

func listing(steps []step) string {
	lines := make([]string, len(steps))
	for i, s := range steps {
		lines[i] = fmt.Sprintf("%3d  %s", i+1, s)
	}
	return strings.Join(lines, "\n")
}

// shorten drops steps, many at once and then one by one, as long as what is left
// fails still. Where requests fail by chance, what is left would meet others.
func (e *env) shorten(steps []step, failure string) ([]step, string) {
	if e.harness.Unsteady {
		return steps, failure
	}
	tries := 0
	for size := len(steps) / 2; size > 0 && tries < maxTries; {
		dropped := false
		for from := 0; from < len(steps) && tries < maxTries; {
			to := min(from+size, len(steps))
			if slices.Contains(steps[from:to], step(leadStep{})) {
				from += size // what comes after it needs it
				continue
			}
			tries++
			fewer := slices.Delete(slices.Clone(steps), from, to)
			if f := e.tryHistory(fewer); f != "" {
				steps, failure, dropped = fewer, f, true
			} else {
				from += size
			}
		}
		if !dropped || size > 1 {
			size /= 2
		}
	}
	return steps, failure
}

// tryHistory plays the steps on a store of their own, and returns why it failed.
func (e *env) tryHistory(steps []step) string {
	t := &trial{TB: e.TB}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				t.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		p := newPlayer(t, e)
		for i, s := range steps {
			t.at = fmt.Sprintf("step %d, %s: ", i+1, s)
			s.play(p)
		}
		t.at = "at the end: "
		p.compareAll()
	}()
	<-done
	return t.failure
}

// A trial is a test whose failure is looked at, and not yet one of the suite's.
type trial struct {
	testing.TB
	at      string
	failure string
}

// Helper does nothing: the lines of a trial are nobody's.
func (t *trial) Helper() {}

// Errorf keeps the first failure.
func (t *trial) Errorf(format string, args ...any) {
	if t.failure == "" {
		t.failure = t.at + fmt.Sprintf(format, args...)
	}
}

// FailNow ends the trial's goroutine.
func (t *trial) FailNow() {
	t.Errorf("failed")
	runtime.Goexit()
}

// newPlayer makes the store under test and its model: memstore of the same kind,
// with the same contract.
func newPlayer(t testing.TB, of *env) *player {
	c := testCase{part: of.part, on: of.on}
	subject := newEnv(t, of.harness, c)
	model := &env{TB: t, Subject: modelOf(subject), ctx: subject.ctx, part: of.part, entities: subject.entities}
	for _, e := range []*env{subject, model} {
		if of.part == asFollower {
			e.follow()
		} else {
			e.start()
			e.raiseAll()
		}
	}
	return &player{TB: t, subject: subject, model: model, seen: versions{}, kept: remembered{}, ofRows: map[string]*rowIDs{}}
}

func modelOf(subject *env) Subject {
	c := subject.reader().Contract()
	m := memstore.New(c, &memstore.Options{Leased: subject.kind() != aFence})
	s := Subject{Follower: m}
	if subject.kind() != alone {
		s.Authority, s.Control = m, m
	}
	if subject.leased() {
		s.Leases = m
	}
	return s
}

// A generator chooses what a history does.
type generator struct {
	*rand.Rand
	e      *env
	tables []string
	pools  map[string][][]string // of keys, by table
	values map[string][]string   // by table and column
	asked  [][2]string           // tables and indexes
	writes []*writeStep          // so far, to be repeated
	leads  bool                  // the store is the authority
}

func newGenerator(e *env, seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), e: e, leads: e.part == asAuthority,
		pools: map[string][][]string{}, values: map[string][]string{}}
	for table := range e.entities {
		g.tables = append(g.tables, table)
	}
	slices.Sort(g.tables)
	for _, table := range g.tables {
		g.pool(table)
	}
	for _, table := range g.tables {
		indexes := []string{""}
		for _, index := range e.entities[table].Table.Indexes {
			indexes = append(indexes, index.Name)
		}
		for _, index := range indexes {
			if g.askable(e.entities[table], index) {
				g.asked = append(g.asked, [2]string{table, index})
			}
		}
		for i := range e.entities[table].Columns {
			if !isOwn(&e.entities[table].Columns[i]) {
				continue
			}
			g.values[table+"."+e.entities[table].Columns[i].Name] = g.valuePool(table, i)
		}
		g.rowPools(table)
	}
	return g
}

// history returns n steps. A store that can lead does so in the second half.
func (g *generator) history(n int) []step {
	var steps []step
	for i := range n {
		if !g.leads && g.e.kind() != alone && i == n/2 {
			g.leads = true
			steps = append(steps, leadStep{})
			continue
		}
		steps = append(steps, g.step())
	}
	return steps
}

// step chooses one step: writes most often, for without them there is nothing to
// compare.
func (g *generator) step() step {
	type choice struct {
		weight int
		of     func() step
	}
	choices := []choice{{12, g.read}, {40, g.query}, {3, g.scan}}
	if g.leads {
		choices = append(choices, choice{40, g.write}, choice{8, g.repeat}, choice{3, g.bump}, choice{6, g.dirty}, choice{6, g.clean},
			choice{2, g.advance}, choice{1, g.mark}, choice{2, g.token}, choice{2, g.raise})
	} else {
		choices = append(choices, choice{40, g.put}, choice{8, g.together}, choice{10, g.insert})
		if g.e.kind() != alone {
			choices = append(choices, choice{3, g.keep})
		}
	}
	if g.leads && g.e.copies() {
		choices = append(choices, choice{8, func() step { return settleStep{} }})
	}
	if g.e.refers() {
		choices = append(choices, choice{20, g.counting}, choice{10, g.removal})
	}
	all := 0
	for _, c := range choices {
		all += c.weight
	}
	n := g.IntN(all)
	for _, c := range choices {
		if n -= c.weight; n < 0 {
			return c.of()
		}
	}
	return nil
}
