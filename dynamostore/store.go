package dynamostore

import (
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Options change how a Store works. The zero value of each field is a good
// choice for a service.
type Options struct {
	// TablePrefix comes before every table name of the contract. Stages and
	// tests that share an account keep their tables apart with it.
	TablePrefix string
	// RetryBudget bounds how long one call goes on asking again for what the
	// service put off: throttled statements, unprocessed keys, transactions that
	// met others, writes whose records changed meanwhile or that got no answer.
	// The context bounds it too. 5 s if 0.
	RetryBudget time.Duration
	// InsertConcurrency is how many batches of one Insert are under way at
	// once; 4 if 0.
	InsertConcurrency int
	// PollInterval is the longest pause between two looks at a table that
	// Apply waits for; 2 s if 0.
	PollInterval time.Duration
	// Now is the clock that dates tombstones, tokens, change items, the audit and
	// the renewals of registrations; time.Now if nil.
	Now func() time.Time
}

// Store keeps items in DynamoDB, as a follower or as the authority. It is safe
// for use by many goroutines at once.
type Store struct {
	// Tables creates and compares the tables that the items are in.
	*Tables
	places    map[string]*place // by entity name
	library   *place
	sequences map[string]*sequence // by entity name
	queue     queue
	sightings sightings
	patience  patience
	fansOut   bool // items of the contract have copies, or deletes may be staged
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Leases = (*Store)(nil)
	_ store.Beside = (*Store)(nil)
)

// New returns a Store of the contract's entities. It does no I/O; Check says
// whether the tables are there. Its error lists every fault of the arguments.
func New(client Client, c *transform.Contract, opts *Options) (*Store, error) {
	t, err := NewTables(client, c, opts)
	if err != nil {
		return nil, err
	}
	if len(c.NotYet) > 0 {
		return nil, invalid("open", "", store.NoWrite, "%s", c.NotYet[0].Reason)
	}
	s := &Store{Tables: t, places: map[string]*place{}}
	s.addPlaces()
	s.newSequences()
	return s, nil
}

// addPlaces prepares every entity of the contract.
func (s *Store) addPlaces() {
	s.library = newLibraryPlace(s.opts.TablePrefix + LibraryTable)
	for _, e := range s.contract.Entities {
		p := newPlace(e, s.opts.TablePrefix)
		for _, other := range s.places {
			if other.table == p.table {
				other.shared, p.shared = true, true
			}
		}
		s.places[e.Name] = p
		s.fansOut = s.fansOut || len(p.copies) > 0 || p.emptied
	}
}

// Name returns "dynamodb".
func (s *Store) Name() string { return storeName }

// Contract returns the contract the store was made with.
func (s *Store) Contract() *transform.Contract { return s.contract }

// place returns the place of the named entity.
func (s *Store) place(op, entity string, outcome store.Outcome) (*place, error) {
	if p := s.places[entity]; p != nil {
		return p, nil
	}
	return nil, invalid(op, entity, outcome, "the contract has no such entity")
}
