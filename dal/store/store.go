package store

import (
	"context"

	"github.com/crossfade-go/crossfade/transform"
)

// A Version orders the states of one key. It is given by the authority, grows
// with every captured write, and is never used again. 0 is the version of a
// key that was never written under capture.
type Version uint64

// FloorBits is how far an epoch is shifted to give the floor of its versions,
// so that a version of a later epoch is above each one of an earlier epoch.
const FloorBits = 40

// Floor returns the lowest floor of an epoch. The first version a key gets in
// it is above that.
func Floor(epoch uint64) Version { return Version(epoch << FloorBits) }

// At is what an operation knew of the phase when it began. It is taken once
// per operation and never changes during one.
type At struct {
	// Epoch is compared with the fence's. An operation whose epoch is another
	// one changes nothing and fails with ErrWrongPhase. 0 is no epoch: reads
	// of the relay use it, which are right in every epoch.
	Epoch uint64
	// Captured says that writes leave change records.
	Captured bool
	// Lease is the process's right to use an authority that has no fence. Such
	// a store answers only if the lease was valid for Epoch before it sent
	// anything and still is when the reply is there. Nil where the authority
	// has a fence, and for reads without an epoch.
	Lease *Lease
}

// A Row is what a store holds at a key.
type Row struct {
	Key     transform.Key
	Version Version // 0 if never written under capture, or read bare
	Dirty   bool    // authority: a change record waits to be refreshed
	Live    bool    // false: nothing is there, or a tombstone
	// Tombstone says that the store keeps the memory of a delete there: a follower
	// does, and an authority without a fence. One with a fence shows none.
	Tombstone bool
	Record    transform.Record // zero unless Live
	// Err is why what is there can't be read as a record: Live is true and
	// Record zero. Scan and GetMany fill it, so that one such row does not hide
	// its neighbours; Get and Query return it as their error.
	Err error
}

// A Range asks for the next records of an entity in a full pass over it.
type Range struct {
	Entity *transform.Entity
	// After is where the pass goes on: Next of the page before, "" to begin.
	// Only the store that gave it knows its form.
	After string
	Limit int // of rows, at least 1
}

// A Page is the answer to a Range.
type Page struct {
	Rows []Row  // tombstones included; with a fence those of a captured read
	Next string // "" after the last page
}

// Reader is what both an authority and a follower can be asked. Reads are
// strongly consistent, but for Query on an index that the store keeps
// asynchronously.
type Reader interface {
	// Name is the store's name in errors, logs and labels: "mysql", "dynamodb".
	Name() string
	// Contract is the contract the store was made with. Stores of one group
	// share it.
	Contract() *transform.Contract
	// Get returns what is at the key; nothing there is a Row that is not Live.
	// The version and the record are of one snapshot.
	Get(ctx context.Context, at At, key transform.Key) (Row, error)
	// GetMany returns what is at each key, in the order of the keys.
	GetMany(ctx context.Context, at At, keys []transform.Key) ([]Row, error)
	// Query returns live rows only, those that the query's Lookup contains, in
	// its order. Rows carry no version. A query of the table's own key, and one that
	// gives all columns of a unique, is as strongly consistent as Get.
	Query(ctx context.Context, at At, q Query) ([]Row, error)
	// Count returns how many live records refer to each of the count's keys, in the
	// order of the keys, which may repeat. It is as strongly consistent as Get; the
	// numbers of several keys are not of one moment.
	Count(ctx context.Context, at At, c Count) ([]int64, error)
	// Totals returns what the values of a column are together, of the live records that
	// Count counts for each of the keys, in the order of the keys, which may repeat. It
	// reads these records. Each of them is as Get shows it; they are not of one moment, but
	// in a store that has all of them in one snapshot.
	Totals(ctx context.Context, at At, t Totals) ([]transform.Total, error)
	// Scan returns the next rows of a full pass. A record that exists from the
	// start of the pass to its end is in exactly one page, unless its item moves
	// meanwhile: such a record may be in two, or in none.
	Scan(ctx context.Context, at At, r Range) (Page, error)
	// Copies returns the copies that the items at the keys have, in the order of the keys:
	// records in which the columns of Entity.Copies are set and no other ones, the zero
	// Record where nothing is. It is as strongly consistent as Get. A store that joins as
	// it reads has none, and returns nil.
	Copies(ctx context.Context, keys []transform.Key) ([]transform.Record, error)
	// KeepsCopies reports whether the store's items have copies. As a follower it is then
	// given records in which those columns are set.
	KeepsCopies() bool
}

// A Count asks how many records refer to others by one reference of the contract. One
// that has NULL in a column of it refers to none.
type Count struct {
	By   *transform.Reference
	Keys []transform.Key // of records of By's target, there or not
	// Except are keys of records that refer, or do not, which are not counted: a unit of
	// work knows what it makes of them.
	Except []transform.Key
}

// A Totals asks what the values of a column are together, of the records that Count counts.
type Totals struct {
	Count
	Column int // position in the columns of By's Of
}

// An Op is the kind of a mutation.
type Op uint8

// The operations on one record.
const (
	Create Op = iota + 1 // fails with ErrExists if the key is there
	Put                  // creates or replaces
	Update               // changes what is there; ErrNotFound otherwise
	Delete               // ErrNotFound if nothing is there
	// Check changes nothing: it is a condition of the write, that what Expect
	// says is there still.
	Check
)

// String returns the operation's name.
func (o Op) String() string {
	return [...]string{"none", "create", "put", "update", "delete", "check"}[min(int(o), 5)]
}

// A Mutation is one change within a Write.
type Mutation struct {
	Op Op
	// Key is zero in a Create whose id the store is to assign: the entity has
	// a sequence, and that column of Record is NULL.
	Key transform.Key
	// Record is what Create and Put store.
	Record transform.Record
	// Modify is given the record of an Update as it is now and changes it in
	// place. It may be called more than once, each time with a fresh record.
	// A store may hold the key's lock meanwhile. Its error ends the write,
	// unchanged and with nothing applied.
	Modify func(transform.Record) error
	// Expect, if not nil, is what the caller has read at Key: a Row of Get or
	// GetMany. The write fails with ErrChanged, and nothing applied, unless what
	// it commits upon is that: the same record, or none. It is compared before the
	// write changes anything, wherever the mutation stands; a Create may find only in its
	// turn that a record is there. Where another mutation fails too, it is the store that
	// chooses whose error is told. A Check needs one.
	Expect *Row
}

// A Write is one transaction of the authority.
type Write struct {
	// Mutations are of different keys, and made in their order.
	Mutations []Mutation
	// Token, if not empty, makes the write idempotent: it is stored in the
	// write's own transaction, and a Write whose token is already there
	// changes nothing and succeeds. A token that is there for another set of
	// operations and keys is ErrInvalid.
	Token string
	// Decided says that the mutations were decided upon what was read, and may
	// be others when the write is repeated: the token stands for whatever they
	// are. A repeated write's rows then tell nothing.
	Decided bool
	// Along, if not nil, is told what the mutations take along by references,
	// before it is applied, and may be told more than once. Its error ends the
	// write with nothing applied. A store whose own foreign keys do the work does
	// not call it for a write that leaves no change records.
	Along func([]Along) error
}

// Written is what a Write did.
type Written struct {
	// Rows holds what each mutation left, in their order: the key, its version
	// under capture, and for Create, Put and Update the record as far as the
	// store knows it without reading it again. Of a Check it has the key only.
	Rows []Row
	// Changes are the change records that the write left, for the refresh that
	// follows it: one per key, or one for all. They hold the keys that references
	// took along too; of a delete that is staged those that this Write took along, not
	// what somebody else has meanwhile (see FansOut.Empty).
	Changes []Change
	// Unlisted says that a delete that is staged took along more than Changes tell of. The
	// relays bring it.
	Unlisted bool
	// Repeated says that the token was there already: the write had been
	// applied before, and Rows holds keys only.
	Repeated bool
}

// A Change is a change record that waits to be refreshed. A store that keeps
// one per key has a single key in each; a store that keeps one per transaction
// has all keys of it.
type Change struct {
	// Ref names the record where there is one per transaction, "" otherwise.
	Ref string
	// Keys are dirty, each since the version that is given with it.
	Keys []KeyVersion
	// Token, if not nil, is an idempotency token that the follower must hold
	// before the change is clean, so that it stays valid across a hand-off. A
	// change may hold nothing else. A bare write's token waits too, until its life
	// is over; a store need not tell of it before capture is on.
	Token *Token
	// Age is how long it has waited, in nanoseconds by the store's clock; 0
	// where the store does not know.
	Age int64
}

// A KeyVersion is a key at a version.
type KeyVersion struct {
	Key     transform.Key
	Version Version
}

// A DirtyRange asks for the next change records of one shard.
type DirtyRange struct {
	Shard int    // 0 to Shards-1
	After string // Next of the page before, "" to begin
	Limit int    // of changes, at least 1
}

// A DirtyPage is the answer to a DirtyRange.
type DirtyPage struct {
	Changes []Change
	Next    string // "" after the last page
}

// Authority is a store whose commit decides.
type Authority interface {
	Reader
	FansOut
	// Write commits all mutations or none, in their order, and what the
	// contract's references make of them: ErrNoTarget and ErrReferenced say which
	// one is in the way. A unique value is free for a mutation once an earlier one has
	// let it go, or taken along what had it, and ErrUnique if a record has it still when
	// a mutation takes it, whatever later ones do: MySQL looks at each statement as it
	// runs. So a write exchanges no values, which PutTogether does. Of several values the
	// one that is taken first is told. Under capture it commits the change records with the
	// data, those of what references take along too. A store with a fence checks it in the same
	// transaction, without capture too; a store without one needs at.Lease, and
	// an answer for which the lease has run out meanwhile is an error with
	// outcome Unknown. An error's Outcome says whether the write may be there.
	Write(ctx context.Context, at At, w Write) (Written, error)
	// Token returns what the store keeps of an idempotency token, nil if there
	// is none that still counts. It is a read as Get is.
	Token(ctx context.Context, at At, token string) (*Token, error)
	// Bump gives each key a new version and a change record, and changes no
	// data. It passes a closed mark, but not one given away.
	Bump(ctx context.Context, keys []transform.Key) error
	// Shards is in how many parts the change records are kept. Each process
	// reads some of them.
	Shards() int
	// Dirty returns the next change records of a shard, committed before the
	// call. Its reads are consistent.
	Dirty(ctx context.Context, r DirtyRange) (DirtyPage, error)
	// Clean marks a change as refreshed. A change record per key is cleaned on
	// condition that its version is still the one given with the key, which
	// is the one that was refreshed: without the condition a write between
	// refresh and Clean would be forgotten. A change record per transaction
	// never changes; it is removed, and the caller has refreshed each of its
	// keys from a read made after Dirty or Write returned it.
	Clean(ctx context.Context, c Change) error
}

// Follower is a store that is brought up to date from an authority.
type Follower interface {
	Reader
	// Put stores the row, a tombstone if it is not Live, on condition that the
	// version at its key is absent or smaller. A tombstone is also stored
	// where nothing is: without it an older put that is still on its way would
	// bring a deleted record back. Put reports whether it took effect; that
	// something as new is there is no error.
	//
	// A store with a fence is a follower only while its mark says GivenAway at
	// at.Epoch, and looks at it in the put's own transaction; otherwise nothing
	// changes and the error is ErrWrongPhase. A store without one takes no
	// notice of at.
	//
	// ErrUnique says that another key holds a unique value of the row. The
	// error's Holder is that key: PutTogether with it, or it is on its way to
	// give the value up.
	Put(ctx context.Context, at At, row Row) (bool, error)
	// PutTogether puts rows of different keys in one transaction, so that keys
	// can exchange unique values. Each row that is not newer than what is
	// there is left out.
	PutTogether(ctx context.Context, at At, rows []Row) error
	// Insert stores each live row at version 0 if nothing is at its key, live
	// or tombstone. It returns one error per row, nil where the row is there
	// now or something newer is, and an error of its own if it could not try.
	Insert(ctx context.Context, rows []Row) ([]error, error)
	// Keep stores tokens, each unless it is there.
	Keep(ctx context.Context, tokens []Token) error
	// Check returns an error unless everything the follower needs is there and
	// as the contract says: tables, keys, indexes. ErrUnavailable says that it
	// could not find out.
	Check(ctx context.Context) error
}

// A Store can be the authority and the follower, in turn.
type Store interface {
	Authority
	Follower
	Control
}

// FirstEpoch is the epoch of a phase record that Init has just made.
const FirstEpoch = 1
