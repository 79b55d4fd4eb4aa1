package main

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dal"
)

// A sample is what a load has counted since it was last asked. A process that
// is to be killed sends one every moment; what it could not send is lost, which
// costs the statistics a few operations and the ledgers none.
type sample struct {
	Reads, Writes []time.Duration
	// Waits is how long operations were held up that met a change of phase.
	Waits []time.Duration
	// What the comparison of phase 3 did.
	Compared, Mismatches, Unsettled, Dropped int64
	// Wrong are answers that contradict a ledger, Failed operations that
	// returned an error nobody expected, Unsure writes that were sent again
	// because nothing said what became of them. Each is one line.
	Wrong, Failed, Unsure []string
}

func (s *sample) add(o sample) {
	s.Reads, s.Writes = append(s.Reads, o.Reads...), append(s.Writes, o.Writes...)
	s.Waits = append(s.Waits, o.Waits...)
	s.Compared += o.Compared
	s.Mismatches += o.Mismatches
	s.Unsettled += o.Unsettled
	s.Dropped += o.Dropped
	s.Wrong, s.Failed = append(s.Wrong, o.Wrong...), append(s.Failed, o.Failed...)
	s.Unsure = append(s.Unsure, o.Unsure...)
}

// A meter gathers samples.
type meter struct {
	mu   sync.Mutex
	now  sample
	last dal.Stats
}

func (m *meter) read(d time.Duration)  { m.count(func(s *sample) { s.Reads = append(s.Reads, d) }) }
func (m *meter) write(d time.Duration) { m.count(func(s *sample) { s.Writes = append(s.Writes, d) }) }
func (m *meter) wrong(line string)     { m.count(func(s *sample) { s.Wrong = append(s.Wrong, line) }) }
func (m *meter) failed(line string)    { m.count(func(s *sample) { s.Failed = append(s.Failed, line) }) }
func (m *meter) unsure(line string)    { m.count(func(s *sample) { s.Unsure = append(s.Unsure, line) }) }

// OnWait makes it a hook of the router's.
func (m *meter) OnWait(e dal.WaitEvent) {
	m.count(func(s *sample) { s.Waits = append(s.Waits, e.Duration) })
}

func (m *meter) count(change func(*sample)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.now)
}

// take returns what was counted since the last call. stats are the library's
// counts of this process, which only grow.
func (m *meter) take(stats dal.Stats) sample {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.now
	s.Compared = stats.Compared - m.last.Compared
	s.Mismatches = stats.Mismatches - m.last.Mismatches
	s.Unsettled = stats.Unsettled + stats.Failed - m.last.Unsettled - m.last.Failed
	s.Dropped = stats.Dropped - m.last.Dropped
	m.now, m.last = sample{}, stats
	return s
}

// percentile returns the smallest of the durations that at least p percent of
// them do not exceed (nearest rank), 0 of none.
func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
