// Package store is the contract that a backend of Crossfade fulfils: what a
// store must do to be the authority, whose commit decides, and what it must do
// to be a follower, which is brought up to date. Services import package dal
// and need nothing of this one.
//
// A store that passes storetest.Run keeps these rules, each with a test of
// that name there. An authority:
//
//   - A write and its change records commit together or not at all.
//   - Each operation does what it says or fails.
//   - A write that carries another epoch than the store's changes nothing.
//   - Versions of a key only grow, and lie above their epoch's floor.
//   - A bump gives a new version and a change record, and changes no data.
//   - Dirty tells of every change once, in one shard, page by page.
//   - Clean cleans what was refreshed, and nothing newer.
//   - A write with a token is applied once.
//   - A token waits until the follower has it.
//   - A unique value is held by one key at a time.
//   - A record has what it refers to.
//   - A delete takes along any number of records.
//   - An id is assigned once.
//   - A write that expects what was read commits upon just that or not at all.
//   - Writers of one key follow one another.
//   - A mark that is not open lets no write pass.
//   - A change of what copies show leaves a fan-out mark.
//   - A fan-out mark is cleaned as it was read.
//   - Dependents gives every record that refers, page by page.
//   - Renew makes copies what the records that they refer to are.
//   - A change of what numbers count has them counted anew.
//
// One that checks no fence in its transactions, and is used under leases:
//
//   - Without a lease no operation counts.
//   - A lease is granted by an open mark only, and listed until it is given back.
//   - A store under leases takes no value that MySQL can't hold.
//   - A copy that is frozen is made anew with its own record alone.
//   - An update keeps the copies.
//
// Its control:
//
//   - Init makes what is missing and keeps what is there.
//   - The phase record changes only from the revision the caller knew.
//   - What a group keeps is there for every process.
//
// A follower:
//
//   - A follower keeps what it has if its version is as high as the one put.
//   - A delete leaves a tombstone in a follower, also where no item was.
//   - Insert puts nothing where anything is, live or tombstone.
//   - A follower with a fence takes only what its mark allows.
//   - A follower says which key holds a unique value.
//   - A follower keeps what refers to nothing, and knows it later.
//   - A token that was kept repeats its write.
//   - A follower's item has the copies it was given.
//
// Both, as readers:
//
//   - A read gives what is at the key.
//   - Values come back as they were stored.
//   - A query gives an index's live records in order.
//   - A query of the table's own key shows what was written.
//   - A query by a unique value shows what was written.
//   - A count is how many records refer to a key.
//   - A total is what a column has in the records that refer to a key.
//   - Rows of other tables are written and read with the record that they are part of.
//   - A scan gives every record once.
//   - Any history of operations gets the answers of memstore.
//   - A record whose item moves is in one place.
//
// Which mark may follow which is for CheckAdvance to say (TestCheckAdvance). A
// Lease is over by the monotonic clock or by the wall clock, whichever says so
// first (TestLeaseEnds), and is drained before it is given back
// (TestDrainWaits, TestDrainMeetsTheLast).
//
// The rules about versions, marks, leases, tombstones and change records come
// from an exhaustive exploration of small configurations; the comments at the
// methods tell what goes wrong without them.
package store
