package dal

import "github.com/crossfade-go/crossfade/dal/store"

// A Snapshot is what a process knows of its group's phase. An operation takes
// one when it begins and uses it to its end.
type Snapshot struct {
	Phase   Phase
	Capture bool
	Epoch   uint64
	// Next is the phase that a hand-off under way leads to, zero if none is. It
	// forbids nothing: the stores do. While it is set, operations that a store
	// refused wait for another epoch instead of asking again and again.
	Next Phase
	// Lease is the process's right to use DynamoDB in phases 4 and 5. The same
	// one in every snapshot, so that it can be renewed without a new one.
	Lease *store.Lease
}

// at returns what a store is told of the phase. MySQL has a fence and is given
// no lease.
func (s *Snapshot) at() store.At {
	at := store.At{Epoch: s.Epoch, Captured: s.Capture}
	if s.Phase.DynamoDBLeads() {
		at.Lease = s.Lease
	}
	return at
}
