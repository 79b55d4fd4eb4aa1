package dal

import "sync/atomic"

// counts are what a Router counts.
type counts struct {
	compared, mismatches, compareUnsettled, compareFailed, compareDropped, unfit atomic.Int64
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
	NotYet     int64 // refreshes that failed and are left to the relay
	Unfit      int64 // bare writes whose record could not become an item
	Resting    bool  // the follower failed repeatedly and is left alone for now
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
	}
	if r.refresher != nil {
		s.Refreshed = r.refresher.counts.done.Load()
		s.NotYet = r.refresher.counts.failed.Load()
		s.Resting = r.refresher.Resting()
	}
	return s
}
