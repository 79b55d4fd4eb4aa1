package memstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Options are the choices of New. The zero value plays MySQL and is right for
// most tests.
type Options struct {
	// Name is the store's name in errors, logs and labels: "mysql",
	// "dynamodb". Default "memory".
	Name string
	// Leased makes the store play DynamoDB. It has no fence: operations that
	// carry an epoch need a lease, change records and fan-out marks are kept per
	// transaction and in several shards, items keep copies, deletes leave
	// tombstones, and it begins given away, at epoch 0. Otherwise it plays MySQL: a
	// fence, one change record per key and one per token, one mark per source, no
	// copies, a single shard, and it begins open at store.FirstEpoch.
	Leased bool
	// Unique names columns that hold no value twice within an entity, besides
	// those the contract declares.
	Unique []string
	// Now is the store's clock. Default time.Now.
	Now func() time.Time
	// Wire, if not nil, is what lies between a caller and the store, for tests
	// that delay requests and lose replies. Reads, the two halves of a write, the
	// parts of a Renew and each shard of a Backlog go through it, between the looks at the lease. It
	// is called on the caller's goroutine without a lock, and calls effect, on
	// any goroutine, when the request arrives: at most once, and perhaps after
	// it has returned an error. An error says that there is no reply.
	Wire func(ctx context.Context, effect func() error) error
}

// A Store holds rows, change records and the phase record of one group. It is
// a store.Store and store.Leases, and safe for concurrent use: a second process
// is a second user of the same Store.
type Store struct {
	contract *transform.Contract
	name     string
	leased   bool
	guarded  map[string][]transform.Unique // by entity
	refers   bool                          // the contract has references
	now      func() time.Time
	wire     func(context.Context, func() error) error // nil where callers are near

	mu      sync.Mutex
	entries map[transform.Key]*entry
	guards  map[guard]transform.Key // who holds a unique value
	lastIDs map[string]int64        // by entity
	tokens  map[string]*token
	changes changes // where it is leased
	fanOuts fanOuts
	floor   store.Version
	control control
}

// An entry is everything known about a key. It stays once it has a version:
// versions of a key never restart.
type entry struct {
	record transform.Record // zero unless live
	copies transform.Record // what its item shows of others, zero for nothing
	// thaws says that the record was written since its frozen copies were made.
	thaws bool
	live  bool
	// follows says that it came by Put or Insert, or is an item of a leased
	// store, where it is a tombstone if it is not live.
	follows bool
	version store.Version
	dirty   bool      // in a store with a fence
	since   time.Time // when it became dirty
	// revision counts the changes of this entry. A write compares it to find
	// out whether what it read is still there, and so does a renewal of copies.
	revision uint64
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Leases = (*Store)(nil)
	_ store.Beside = (*Store)(nil)
)

// New returns an empty store for the contract's entities. opts may be nil. A
// column in Options.Unique that no entity has is a fault of the test and
// panics: ignoring it would turn the test green.
func New(contract *transform.Contract, opts *Options) *Store {
	if opts == nil {
		opts = &Options{}
	}
	s := &Store{
		contract: contract,
		name:     cmp.Or(opts.Name, "memory"),
		leased:   opts.Leased,
		guarded:  guarded(contract, opts.Unique),
		refers:   refers(contract),
		now:      opts.Now,
		wire:     opts.Wire,
		entries:  map[transform.Key]*entry{},
		guards:   map[guard]transform.Key{},
		lastIDs:  map[string]int64{},
		tokens:   map[string]*token{},
	}
	if s.now == nil {
		s.now = time.Now
	}
	for _, column := range opts.Unique {
		if !hasColumn(contract, column) {
			panic(fmt.Sprintf("memstore: no entity has the unique column %q", column))
		}
	}
	s.control = newControl(contract, s.leased, s.now())
	s.floor = store.Floor(s.control.record.Epoch)
	return s
}

func hasColumn(c *transform.Contract, column string) bool {
	return slices.ContainsFunc(c.Entities, func(e *transform.Entity) bool { return e.ColumnIndex(column) >= 0 })
}

// Name returns the store's name.
func (s *Store) Name() string { return s.name }

// Contract returns the contract the store was made with.
func (s *Store) Contract() *transform.Contract { return s.contract }

// at returns the entry at the key, a new empty one if there is none. The
// caller holds the lock and is going to change it.
func (s *Store) at(key transform.Key) *entry {
	e := s.entries[key]
	if e == nil {
		e = &entry{}
		s.entries[key] = e
	}
	e.revision++
	return e
}

// set replaces the record at an entry, and with it the unique values that the
// key holds. Keys may exchange such values: what another key has taken over
// already is not released.
func (s *Store) set(key transform.Key, e *entry, rec transform.Record) {
	s.release(key, e)
	e.record, e.live = rec, !rec.IsZero()
	e.copies, e.thaws = transform.Record{}, false
	for _, g := range s.guardsOf(rec) {
		s.guards[g.guard] = key
	}
}

// sorted returns the keys of an entity, of all entities if it is "", that come
// after the given one, in order.
func (s *Store) sorted(entity string, after transform.Key) []transform.Key {
	var keys []transform.Key
	for key := range s.entries {
		if (entity == "" || key.Entity == entity) && compareKeys(key, after) > 0 {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

func compareKeys(a, b transform.Key) int {
	return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.ID, b.ID))
}

// ask lets do happen in the store, wherever the caller is. Without a reply the
// caller must not look at what do has touched: it may happen still.
func (s *Store) ask(ctx context.Context, op, entity string, lost store.Outcome, do func() error) error {
	if s.wire == nil {
		return do()
	}
	reply := errNotArrived
	err := s.wire(ctx, func() error { reply = do(); return reply })
	if err != nil {
		return &store.Error{Op: op, Entity: entity, Store: s.name, Kind: store.ErrUnavailable, Outcome: lost, Cause: err}
	}
	return reply
}

var errNotArrived = errors.New("memstore: the wire has given a reply to a request that never arrived")

// fail returns the error of an operation that changed nothing.
func (s *Store) fail(op, entity string, kind error, detail string) *store.Error {
	return &store.Error{Op: op, Entity: entity, Store: s.name, Kind: kind, Outcome: store.NotApplied, Detail: detail}
}

// over returns an error if ctx is over. Operations ask before they change
// anything, so its outcome is NotApplied.
func (s *Store) over(ctx context.Context, op, entity string) error {
	if err := ctx.Err(); err != nil {
		e := s.fail(op, entity, store.ErrUnavailable, "")
		e.Cause = err
		return e
	}
	return nil
}
