package dynamostore

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
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
	client    Client
	contract  *transform.Contract
	opts      Options
	tables    []*transform.Table // of the contract, and the library's at the end
	places    map[string]*place  // by entity name
	library   *place
	sequences map[string]*sequence // by entity name
	queue     queue
	sightings sightings
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Leases = (*Store)(nil)
)

// New returns a Store of the contract's entities. It does no I/O; Check says
// whether the tables are there. Its error lists every fault of the arguments.
func New(client Client, c *transform.Contract, opts *Options) (*Store, error) {
	s := &Store{client: client, contract: c, places: map[string]*place{}}
	if opts != nil {
		s.opts = *opts
	}
	s.opts.RetryBudget = cmp.Or(s.opts.RetryBudget, 5*time.Second)
	s.opts.InsertConcurrency = cmp.Or(s.opts.InsertConcurrency, 4)
	s.opts.PollInterval = cmp.Or(s.opts.PollInterval, 2*time.Second)
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if client == nil || c == nil {
		return nil, invalid("open", "", store.NoWrite, "a client and a contract are needed")
	}
	if len(c.NotYet) > 0 {
		return nil, invalid("open", "", store.NoWrite, "%s", c.NotYet[0].Reason)
	}
	if err := errors.Join(s.checkOptions(), s.addPlaces()); err != nil {
		return nil, invalid("open", "", store.NoWrite, "%s", err)
	}
	s.newSequences()
	return s, nil
}

// checkOptions returns every fault of the options.
func (s *Store) checkOptions() error {
	var errs []error
	if s.opts.RetryBudget < 0 {
		errs = append(errs, errors.New("RetryBudget is negative"))
	}
	if s.opts.InsertConcurrency < 0 {
		errs = append(errs, errors.New("InsertConcurrency is negative"))
	}
	if s.opts.PollInterval < 0 {
		errs = append(errs, errors.New("PollInterval is negative"))
	}
	return errors.Join(errs...)
}

// Table names are pasted into PartiQL statements between quotes, so nothing but
// the service's own alphabet may pass.
var tableName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// addPlaces prepares every table and entity of the contract.
func (s *Store) addPlaces() error {
	var errs []error
	s.library = newLibraryPlace(s.opts.TablePrefix + LibraryTable)
	s.tables = append(append(s.tables, s.contract.Tables...), newLibraryTable())
	for i, t := range s.tables {
		if t.Name == LibraryTable && i < len(s.contract.Tables) {
			errs = append(errs, fmt.Errorf("table name %q is that of the library's own table", t.Name))
		}
		if name := s.opts.TablePrefix + t.Name; !tableName.MatchString(name) {
			errs = append(errs, fmt.Errorf("table name %q is not 3 to 255 letters, digits, '_', '-' or '.'", name))
		}
	}
	for _, e := range s.contract.Entities {
		p := newPlace(e, s.opts.TablePrefix)
		for _, other := range s.places {
			if other.table == p.table {
				other.shared, p.shared = true, true
			}
		}
		s.places[e.Name] = p
	}
	return errors.Join(errs...)
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
