package dal

import (
	"sync"
	"time"
)

// Limits of the breaker.
const (
	breakerThreshold = 5                      // failures in a row until it opens
	breakerFirstRest = 200 * time.Millisecond // of the first opening, doubled by each failed probe
	breakerLongRest  = 10 * time.Second
	breakerProbeTime = 5 * time.Second // a probe that does not report in time is given up
	// breakerFairTime is how long a call must have had before its caller's giving
	// up says anything of the follower: one that is slow is not down.
	breakerFairTime = time.Second
)

// A breaker stops calls to a follower that fails: after some failures in a row
// it lets nothing pass for a while, then one probe at a time, until one works.
// Without it every write would wait its whole budget for a follower that is
// down, and a recovering follower would be hammered.
type breaker struct {
	now func() time.Time

	mu       sync.Mutex
	failures int
	rest     time.Duration
	until    time.Time // while open: when the next probe may go
	patient  bool      // while open: the next probe must have its time
	quiet    time.Time // since when nothing but withdrawn calls came back, zero if something did
}

func newBreaker(now func() time.Time) *breaker { return &breaker{now: now} }

// A pass is the right to one call.
type pass struct{ probe bool }

// allow reports whether a call may go, which has the time that a slow follower
// needs or not. A caller that was allowed must report or withdraw.
func (b *breaker) allow(fair bool) (pass, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakerThreshold {
		return pass{}, true
	}
	now := b.now()
	if now.Before(b.until) || b.patient && !fair {
		return pass{}, false
	}
	// This call is the probe; others wait until it reports or is given up.
	b.until = now.Add(breakerProbeTime)
	return pass{probe: true}, true
}

// ready reports whether a call might be allowed now. It takes nothing.
func (b *breaker) ready(fair bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures < breakerThreshold || !b.now().Before(b.until) && (fair || !b.patient)
}

// report tells how an allowed call went.
func (b *breaker) report(p pass, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(p, ok)
}

func (b *breaker) count(p pass, ok bool) {
	wasOpen := b.failures >= breakerThreshold
	switch {
	case ok:
		b.failures, b.rest, b.patient, b.quiet = 0, 0, false, time.Time{}
	case wasOpen && !p.probe:
		// A call from before the opening. Many of them fail together; only a
		// probe may lengthen the rest.
	default:
		b.failures++
		if b.failures >= breakerThreshold {
			b.rest = min(max(2*b.rest, breakerFirstRest), breakerLongRest)
			b.until = b.now().Add(b.rest)
		}
	}
}

// withdraw ends an allowed call that had too little time to show that the follower
// is well or that it is not. It is a failure only once nothing else has come back
// for as long as a slow follower may take. After a probe the next one may go at
// once if it has more time: hurried ones, which are many, would take its place for
// ever.
func (b *breaker) withdraw(p pass) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	switch {
	case p.probe:
		b.until, b.patient = now, true
	case b.quiet.IsZero():
		b.quiet = now
	case now.Sub(b.quiet) >= breakerFairTime:
		b.count(p, false)
	}
}

// open reports whether calls are being held back.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= breakerThreshold
}
