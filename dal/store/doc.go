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
//   - A write that carries another epoch than the fence's changes nothing.
//   - Versions of a key only grow, and lie above the fence's floor.
//   - A bump gives a new version and a change record, and changes no data.
//   - Dirty tells of every dirty key once, page by page.
//   - Clean takes effect only at the version that was refreshed.
//   - A write with a token is applied once.
//   - Writers of one key follow one another.
//
// Its control:
//
//   - Init makes what is missing and keeps what is there.
//   - The phase record changes only from the epoch the caller knew.
//   - What a group keeps is there for every process.
//
// A follower:
//
//   - A follower keeps what it has if its version is as high as the one put.
//   - A delete leaves a tombstone in a follower, also where no item was.
//   - Insert puts nothing where anything is, live or tombstone.
//
// Both, as readers:
//
//   - A read gives what is at the key.
//   - Values come back as they were stored.
//   - A query gives an index's live records in order.
//   - A scan gives every record once.
//
// The rules about versions, fence, tombstones and change records come from an
// exhaustive exploration of small configurations; the comments at the methods
// tell what goes wrong without them.
package store
