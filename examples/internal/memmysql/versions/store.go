package versions

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/dolthub/go-mysql-server/sql"
)

// A Store holds the committed state of all databases. It is the engine's
// provider of databases.
type Store struct{ committed atomic.Pointer[state] }

// New returns a store without databases.
func New() *Store {
	s := &Store{}
	s.committed.Store(&state{databases: map[string]*schema{}})
	return s
}

// A state is a version of everything. One with another owner than the session's
// present one is not changed any more.
type state struct {
	owner     *owner
	databases map[string]*schema // by name in lower case
}

// A schema is a version of one database.
type schema struct {
	owner     *owner
	name      string
	collation sql.CollationID
	tables    map[string]*table // by name in lower case
	triggers  []sql.TriggerDefinition
	views     map[string]sql.ViewDefinition
	foreign   []sql.ForeignKeyConstraint
}

// An owner marks versions that may still be changed in place. It has a size, so
// that no two have the same address.
type owner struct{ _ byte }

var (
	_ sql.MutableDatabaseProvider  = (*Store)(nil)
	_ sql.CollatedDatabaseProvider = (*Store)(nil)
)

// Database implements sql.DatabaseProvider.
func (s *Store) Database(ctx *sql.Context, name string) (sql.Database, error) {
	if d := s.of(ctx).view().databases[strings.ToLower(name)]; d != nil {
		return &Database{s, d.name}, nil
	}
	return nil, sql.ErrDatabaseNotFound.New(name)
}

// HasDatabase implements sql.DatabaseProvider.
func (s *Store) HasDatabase(ctx *sql.Context, name string) bool {
	return s.of(ctx).view().databases[strings.ToLower(name)] != nil
}

// AllDatabases implements sql.DatabaseProvider.
func (s *Store) AllDatabases(ctx *sql.Context) []sql.Database {
	var all []sql.Database
	databases := s.of(ctx).view().databases
	for _, name := range slices.Sorted(maps.Keys(databases)) {
		all = append(all, &Database{s, databases[name].name})
	}
	return all
}

// CreateDatabase implements sql.MutableDatabaseProvider.
func (s *Store) CreateDatabase(ctx *sql.Context, name string) error {
	return s.CreateCollatedDatabase(ctx, name, sql.Collation_Default)
}

// CreateCollatedDatabase implements sql.CollatedDatabaseProvider.
func (s *Store) CreateCollatedDatabase(ctx *sql.Context, name string, collation sql.CollationID) error {
	s.of(ctx).change().databases[strings.ToLower(name)] = &schema{name: name, collation: collation,
		tables: map[string]*table{}, views: map[string]sql.ViewDefinition{}}
	return nil
}

// DropDatabase implements sql.MutableDatabaseProvider.
func (s *Store) DropDatabase(ctx *sql.Context, name string) error {
	delete(s.of(ctx).change().databases, strings.ToLower(name))
	return nil
}

// of returns the session of a context. The engine sometimes looks at databases
// on nobody's behalf; then it sees what is committed.
func (s *Store) of(ctx *sql.Context) *Session {
	if ctx != nil {
		if session, ok := ctx.Session.(*Session); ok {
			return session
		}
	}
	return &Session{store: s}
}

// background is the context of comparisons, which need none.
var background = context.Background()
