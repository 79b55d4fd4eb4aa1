package store

import (
	"context"

	"github.com/crossfade-go/crossfade/transform"
)

// Copies are attributes of items that show what other records have (see
// transform.Entity.Copies). Where one of these changes, everything that refers to it has
// an old copy, and its writer does not wait for that: he leaves a fan-out mark in his own
// transaction, which the relay carries out.

// A FanOut is a fan-out mark: copies that may be old, and records that are gone and may
// still be referred to.
type FanOut struct {
	// Ref names the mark where there is one per transaction, "" otherwise.
	Ref string
	// Sources are records that items have copies of, and that have changed: all that
	// refer to them by a reference of CopiedBy are to be renewed. Where there is a mark
	// per key it is one.
	Sources []transform.Key
	// Version is of the mark where there is one per key: that of the source's last
	// change. It is 0 where a mark never changes.
	Version Version
	// Own are records that have come to refer to others, have just been made, have frozen
	// copies, or count others than before: they are to be renewed themselves. A store whose change records do that has none.
	Own []transform.Key
	// Gone are records that a delete has deleted, in the transaction that left the mark, and
	// what refers to them, not by RESTRICT, is still to be taken along: see Empty. A store
	// whose deletes take along everything at once has none.
	Gone []transform.Key
	// Reached is how far the present pass over what refers to its sources has come, "" if
	// it has not begun. Who carries it out gives it its form.
	Reached string
	// Since is the Version at which that pass began. Another one means that the source
	// has changed since: all of a further pass is due before the mark is cleaned.
	Since Version
	// Age is how long it has waited, in nanoseconds by the store's clock; 0 where the
	// store does not know.
	Age int64
}

// A FanOutPage is the answer to a DirtyRange.
type FanOutPage struct {
	Marks []FanOut
	Next  string // "" after the last page
}

// FansOut is how an authority keeps copies that follow. The order is a rule, each part of
// which something breaks without (TestCopiesModel of package dal): a mark is read, then its
// dependents are enumerated, in a read that begins later, each of them is renewed, whether
// or not it is dirty, and the mark is cleaned last, at the version that it was read with.
// A change in the middle of that does not send it back to the beginning, or the last
// dependents of a record that changes all the time were never renewed: it goes on, and
// then does all of it once more.
type FansOut interface {
	// FanOuts returns the next fan-out marks of a shard, committed before the call. Its
	// reads are consistent.
	FanOuts(ctx context.Context, r DirtyRange) (FanOutPage, error)
	// Dependents returns the keys of the next live records that refer to a key, in an
	// order of the store: a record that refers to it from the first page to the last is in
	// one of them. It is as strongly consistent as Get.
	Dependents(ctx context.Context, r DependentsRange) (DependentsPage, error)
	// Renew has the copies in the items of these records made anew, of what the records
	// that they refer to are at some moment after the call began. A store that joins gives
	// them new versions, as Bump does, so that refreshes that began earlier come too late;
	// one that keeps the copies itself writes them. Of a record that is not there it
	// writes none. It passes a closed mark, but not one given away.
	Renew(ctx context.Context, keys []transform.Key) error
	// Empty takes along what still refers to the records of f.Gone, in as many transactions
	// as that takes, of which each leaves what the delete itself would have: change records,
	// and marks of its own. What it deletes has what refers to it taken along too. It may be
	// stopped at any moment, and called by several at once. A record that has come back
	// since, which it can't while a store still leads that has not emptied it, loses nothing.
	// It passes a closed mark, but not one given away.
	Empty(ctx context.Context, f FanOut) error
	// Reach notes how far a pass has come, unless another one has begun meanwhile. "" is
	// its end, where the source has changed since it began: the next one begins, at the
	// version that the mark was read with.
	Reach(ctx context.Context, f FanOut, reached string) error
	// CleanFanOut removes a mark that was carried out, unless it has changed since it was
	// read.
	CleanFanOut(ctx context.Context, f FanOut) error
}

// A DependentsRange asks for the next records that refer to a key.
type DependentsRange struct {
	By    *transform.Reference
	To    transform.Key // of a record of By's target, there or not
	After string        // Next of the page before, "" to begin
	Limit int           // of keys, at least 1
}

// A DependentsPage is the answer to a DependentsRange.
type DependentsPage struct {
	Keys []transform.Key
	Next string // "" after the last page
}
