package dal

import (
	"sync/atomic"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// counts are what a Router counts.
type counts struct {
	compared, mismatches, compareUnsettled, compareFailed, compareDropped atomic.Int64
	unfit, waited, fallbacks                                              atomic.Int64

	// apart is how many were compared when the last mismatch was found; fellBack
	// is when the last fallback was, nil if there was none.
	apart    atomic.Int64
	fellBack atomic.Pointer[time.Time]
}

// refreshCounts are what a Refresher counts.
type refreshCounts struct{ done, failed atomic.Int64 }

// Stats are counts since the Router was made, of this process only.
type Stats struct {
	Compared   int64 // reads of phase 3 compared to the end
	Mismatches int64 // of those, answered differently by clean keys
	Unsettled  int64 // keys that kept changing while they were compared
	Failed     int64 // comparisons the follower or the authority did not answer
	Dropped    int64 // reads not compared because too many waited
	Refreshed  int64 // keys brought to the follower
	NotYet     int64 // keys whose refresh failed and is left to the relay
	Unfit      int64 // bare writes whose record could not become an item
	Waiting    int64 // operations that wait for a phase at this moment
	Waited     int64 // operations that had to
	Fallbacks  int64 // reads of phase 4 that MySQL answered, perhaps stale
	Resting    bool  // the follower failed repeatedly and is left alone for now
}

// Reads returns what the process has seen of its reads, for its registration.
func (r *Router) Reads() store.ReadCounts {
	c := store.ReadCounts{Mismatches: r.counts.mismatches.Load(), Fallbacks: r.counts.fallbacks.Load()}
	apart := r.counts.apart.Load() // before what it is taken from
	c.Compared = r.counts.compared.Load()
	c.Matched = c.Compared - apart
	if last := r.counts.fellBack.Load(); last != nil {
		c.Quiet = time.Since(*last)
	}
	return c
}

// Stats returns the counts.
func (r *Router) Stats() Stats {
	s := Stats{
		Compared:   r.counts.compared.Load(),
		Mismatches: r.counts.mismatches.Load(),
		Unsettled:  r.counts.compareUnsettled.Load(),
		Failed:     r.counts.compareFailed.Load(),
		Dropped:    r.counts.compareDropped.Load(),
		Unfit:      r.counts.unfit.Load(),
		Waiting:    r.watch.count(),
		Waited:     r.counts.waited.Load(),
		Fallbacks:  r.counts.fallbacks.Load(),
	}
	for _, side := range []*side{&r.forward, &r.backward} {
		if side.refresher != nil {
			s.Refreshed += side.refresher.counts.done.Load()
			s.NotYet += side.refresher.counts.failed.Load()
		}
	}
	if now := r.Refresher(); now != nil {
		s.Resting = now.Resting()
	}
	return s
}
