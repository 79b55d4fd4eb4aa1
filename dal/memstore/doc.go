// Package memstore is the smallest honest store: everything in memory, nothing
// left out. It is for unit tests, examples and simulations, and can be the
// authority, the follower, or both in turn.
//
//	mem := memstore.New(contract, nil)
//	written, err := mem.Write(ctx, store.At{Epoch: store.FirstEpoch}, store.Write{
//		Mutations: []store.Mutation{{Op: store.Create, Key: key, Record: rec}},
//	})
//
// It plays MySQL, which has a fence, or with Options.Leased DynamoDB, which is
// used under leases. A fresh one that plays MySQL serves at store.FirstEpoch,
// bare; one that plays DynamoDB follows, until an Advance opens it. Init changes
// nothing but what Ready says.
//
// It keeps every rule of package store, held by TestConformance and
// TestConformanceUnderLeases. No lock is held while a Modify runs, so a Modify
// may call the store again (TestModifyMayCallTheStore); one that writes the key
// it modifies makes its own write fail with ErrConflict
// (TestModifyThatWritesItsOwnKey). Time is that of Options.Now alone
// (TestClock), and answers that are lists have an order, so that what is done in
// one order gives the same answers each time. A write that lands when its lease
// is over is possible, as it is in DynamoDB (TestLateWrite).
//
// Void is durability: what the process held is gone with it.
package memstore
