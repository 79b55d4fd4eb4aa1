// Package memstore is the smallest honest store: everything in memory, nothing
// left out. It is for unit tests and examples, and can be the authority, the
// follower, or both in turn.
//
//	mem := memstore.New(contract, nil)
//	written, err := mem.Write(ctx, store.At{Epoch: store.FirstEpoch}, store.Write{
//		Mutations: []store.Mutation{{Op: store.Create, Key: key, Record: rec}},
//	})
//
// A fresh store serves at store.FirstEpoch, bare. Init changes nothing in it
// but what Ready and the fence say: until then reads look at no epoch, as in a
// store that is only ever a follower.
//
// It keeps every rule of package store, held by TestConformance. No lock is
// held while a Modify runs, so a Modify may call the store again
// (TestModifyMayCallTheStore); one that writes the key it modifies makes its
// own write fail with ErrConflict (TestModifyThatWritesItsOwnKey).
//
// Void is durability: what the process held is gone with it.
package memstore
