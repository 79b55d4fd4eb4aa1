package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Options are the choices of New. The zero value is right for most tests.
type Options struct {
	// Name is the store's name in errors, logs and labels: "mysql",
	// "dynamodb". Default "memory".
	Name string
	// Unique names columns that hold no value twice within an entity. NULL is
	// never equal to NULL, as in MySQL. It binds writes of the authority; what
	// a follower is given was checked there.
	Unique []string
	// Now is the store's clock. Default time.Now.
	Now func() time.Time
}

// A Store holds rows, change records and the phase record of one group. It is
// a store.Authority, a store.Follower and a store.Control, and safe for
// concurrent use: a second process is a second user of the same Store.
type Store struct {
	contract *transform.Contract
	name     string
	unique   []string
	now      func() time.Time

	mu      sync.Mutex
	entries map[transform.Key]*entry
	tokens  map[string]string // to the signature of the write
	fence   fence
	control control
}

// An entry is everything known about a key. It stays once it has a version:
// versions of a key never restart.
type entry struct {
	record  transform.Record // zero unless live
	live    bool
	follows bool // it came by Put or Insert: not live, it is a tombstone
	version store.Version
	dirty   bool
	since   time.Time // when it became dirty
	// revision counts the changes of this entry. A write compares it to find
	// out whether what it read is still there.
	revision uint64
}

// A fence says in which epoch, and with what floor, writes may commit.
type fence struct {
	epoch   uint64
	capture bool
	floor   store.Version
}

var (
	_ store.Authority = (*Store)(nil)
	_ store.Follower  = (*Store)(nil)
	_ store.Control   = (*Store)(nil)
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
		unique:   slices.Clone(opts.Unique),
		now:      opts.Now,
		entries:  map[transform.Key]*entry{},
		tokens:   map[string]string{},
		fence:    fence{epoch: store.FirstEpoch, floor: store.Floor(store.FirstEpoch)},
	}
	if s.now == nil {
		s.now = time.Now
	}
	for _, column := range s.unique {
		if !hasColumn(contract, column) {
			panic(fmt.Sprintf("memstore: no entity has the unique column %q", column))
		}
	}
	s.control = newControl(contract, s.now())
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

// mark gives the key the next version and a change record.
func (s *Store) mark(e *entry) {
	e.version = max(e.version, s.fence.floor) + 1
	if !e.dirty {
		e.dirty, e.since = true, s.now()
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
