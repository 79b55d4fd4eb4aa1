package mysqlstore

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Limits of names and keys, which come from the longest key that InnoDB can
// index (3072 bytes).
const (
	// MaxKeyID is the greatest length of a transform.Key's ID in bytes. A write
	// of a longer key is refused before it commits.
	MaxKeyID = 2048
	// MaxToken is the greatest length of an idempotency token in bytes.
	MaxToken = 128
	// maxName is the greatest length of a group's or an entity's name, in
	// characters.
	maxName = 64
)

// The defaults of Options.
const (
	defaultRetryBudget   = 5 * time.Second
	defaultCommitTimeout = 10 * time.Second
	defaultFenceWait     = 5 * time.Second
)

// Options are the choices of New. The zero value of a field is its default.
type Options struct {
	// RetryBudget is how long a write that met a deadlock or a lock wait
	// timeout is begun again, each time as a whole new transaction. Then it
	// fails with ErrConflict, not applied. Each wait for a lock takes as long as
	// the session's innodb_lock_wait_timeout, which is the service's own choice.
	// Default 5 s.
	RetryBudget time.Duration
	// CommitTimeout is how long a COMMIT or a ROLLBACK may take. It counts from
	// its start, whatever deadline the caller has: a COMMIT that is under way
	// is not given up because the caller went away. Default 10 s.
	CommitTimeout time.Duration
	// FenceWait is how long Advance waits for the transactions that hold the
	// fence, and new writes wait behind it meanwhile. Default 5 s.
	FenceWait time.Duration
	// EndHolders lets Advance, once FenceWait is over, KILL the connections
	// that still hold the fence and belong to its own account and database.
	// Their transactions are rolled back. It needs to see them: PROCESS, and on
	// MySQL 8 SELECT on performance_schema; where it can't, Advance gives up as
	// without it. Off by default: a hand-off then fails with nothing changed
	// while a transaction stays open.
	EndHolders bool
	// SQL are the service's own reader and writer of entities, by the entity's name.
	// The library's own SQL reads and writes those that it does not name.
	SQL map[string]SQL
}

// withDefaults returns a copy with every field set, or what is wrong with it.
func (o *Options) withDefaults() (Options, error) {
	if o == nil {
		o = &Options{}
	}
	var errs []error
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"RetryBudget", o.RetryBudget}, {"CommitTimeout", o.CommitTimeout}, {"FenceWait", o.FenceWait}} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("option %s is negative", f.name))
		}
	}
	return Options{
		RetryBudget:   cmp.Or(o.RetryBudget, defaultRetryBudget),
		CommitTimeout: cmp.Or(o.CommitTimeout, defaultCommitTimeout),
		FenceWait:     cmp.Or(o.FenceWait, defaultFenceWait),
		EndHolders:    o.EndHolders,
		SQL:           o.SQL,
	}, errors.Join(errs...)
}

// A Store keeps the entities of a contract in MySQL or MariaDB. It is a
// store.Store: the authority of phases 1 to 3, the follower of phase 4. It is
// safe for concurrent use.
type Store struct {
	db       *sqlx.DB
	contract *transform.Contract
	group    string
	opts     Options
	sources  map[string]*source // by the entity's name
	copies   bool               // items have copies of what other records have

	// uniques caches the unique indexes of a table, for the errors that name
	// one.
	uniques sync.Map // source table name to []UniqueIndex
	// triggered says that the group captures by triggers too, as far as this
	// process has seen.
	triggered atomic.Bool
	// noted are the entities that the service reads and writes by SQL of its own,
	// as far as this process has seen, and registered says that it is the service's.
	noted      atomic.Pointer[[]string]
	anyNoted   atomic.Bool
	registered atomic.Bool
	// purged is when this process last removed tokens that are too old.
	purged atomic.Int64 // Unix seconds
}

var _ store.Store = (*Store)(nil)

// New returns the store of a contract on a pool of connections, which stays
// the caller's. It does no I/O; Ready says whether the database is as the store
// needs it. opts may be nil. The error names all faults at once.
func New(db *sqlx.DB, c *transform.Contract, opts *Options) (*Store, error) {
	var errs []error
	o, err := opts.withDefaults()
	errs = append(errs, err)
	if db == nil {
		errs = append(errs, errors.New("no database"))
	}
	if c == nil {
		return nil, fmt.Errorf("mysqlstore: %w", errors.Join(append(errs, errors.New("no contract"))...))
	}
	s := &Store{db: db, contract: c, group: c.Group, opts: o, sources: map[string]*source{}}
	errs = append(errs, checkName("group", c.Group))
	for _, f := range c.NotYet {
		errs = append(errs, errors.New(f.Reason))
	}
	for _, e := range c.Entities {
		src, err := newSource(e)
		errs = append(errs, err)
		s.sources[e.Name] = src
		s.copies = s.copies || len(e.CopiedIn()) > 0
	}
	errs = append(errs, s.hand(o.SQL))
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("mysqlstore: %w", err)
	}
	return s, nil
}

// checkName returns an error for a name that does not fit the library's own
// tables, or that MySQL would take for another one: its comparison ignores
// spaces at the end.
func checkName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the %s has no name", what)
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Errorf("the name of %s %.70q is longer than %d characters", what, name, maxName)
	case strings.TrimRight(name, " ") != name:
		return fmt.Errorf("the name of %s %q ends with a space", what, name)
	}
	return nil
}

// Name returns the store's name in errors, logs and labels, "mysql".
func (s *Store) Name() string { return "mysql" }

// Contract returns the contract the store was made with.
func (s *Store) Contract() *transform.Contract { return s.contract }
