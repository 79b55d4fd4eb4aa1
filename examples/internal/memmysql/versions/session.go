package versions

import (
	"maps"
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
)

// A Session is the engine's session of one connection, with the transaction
// that is open on it. It is not safe for concurrent use.
type Session struct {
	*sql.BaseSession
	store *Store
	// base is the committed state that the transaction began with, and now what
	// it sees. Both are nil until it looks.
	base, now *state
	mine      *owner // of what the transaction may change in place
	saved     []savepoint
}

type savepoint struct {
	name string // in lower case
	at   *state
}

// A transaction has no state of its own; the session has.
type transaction struct{ readOnly bool }

func (t *transaction) String() string   { return "transaction" }
func (t *transaction) IsReadOnly() bool { return t.readOnly }

var _ sql.TransactionSession = (*Session)(nil)

// NewSession returns a session on the store.
func (s *Store) NewSession(base *sql.BaseSession) *Session {
	return &Session{BaseSession: base, store: s}
}

// Pin makes the snapshot of the transaction now, unless it is made.
func (s *Session) Pin() { s.view() }

// Forget drops what the transaction has read and changed; the next statement
// sees what is committed then.
func (s *Session) Forget() { s.base, s.now, s.mine, s.saved = nil, nil, nil, nil }

// view returns the state that the transaction sees.
func (s *Session) view() *state {
	if s.now == nil {
		s.base = s.store.committed.Load()
		s.now = s.base
	}
	return s.now
}

// freeze returns the state that the transaction sees. It stays as it is.
func (s *Session) freeze() *state {
	s.mine = nil
	return s.view()
}

// change returns the state for changing it.
func (s *Session) change() *state {
	now := s.view()
	if s.mine == nil {
		s.mine = &owner{}
	}
	if now.owner != s.mine {
		s.now = &state{owner: s.mine, databases: maps.Clone(now.databases)}
	}
	return s.now
}

// changeSchema returns a database for changing it, nil if there is none.
func (s *Session) changeSchema(name string) *schema {
	st, key := s.change(), strings.ToLower(name)
	d := st.databases[key]
	if d == nil || d.owner == s.mine {
		return d
	}
	c := *d
	c.owner, c.tables, c.views = s.mine, maps.Clone(d.tables), maps.Clone(d.views)
	c.triggers, c.foreign = slices.Clone(d.triggers), slices.Clone(d.foreign)
	st.databases[key] = &c
	return &c
}

// changeTable returns a table for changing it, nil if there is none.
func (s *Session) changeTable(database, name string) *table {
	d, key := s.changeSchema(database), strings.ToLower(name)
	if d == nil || d.tables[key] == nil || d.tables[key].owner == s.mine {
		if d == nil {
			return nil
		}
		return d.tables[key]
	}
	t := d.tables[key].clone()
	t.owner = s.mine
	d.tables[key] = t
	return t
}

// table returns a table as the transaction sees it, nil if there is none.
func (s *Session) table(database, name string) *table {
	d := s.view().databases[strings.ToLower(database)]
	if d == nil {
		return nil
	}
	return d.tables[strings.ToLower(name)]
}

// StartTransaction implements sql.TransactionSession.
func (s *Session) StartTransaction(_ *sql.Context, c sql.TransactionCharacteristic) (sql.Transaction, error) {
	s.Forget()
	return &transaction{c == sql.ReadOnly}, nil
}

// CommitTransaction implements sql.TransactionSession. The error is
// sql.ErrLockDeadlock if another transaction has committed changes since this
// one looked first.
func (s *Session) CommitTransaction(*sql.Context, sql.Transaction) error {
	base, now := s.base, s.now
	s.Forget()
	if base != now && !s.store.committed.CompareAndSwap(base, now) {
		return sql.ErrLockDeadlock.New("tables changed by two transactions at once")
	}
	return nil
}

// Rollback implements sql.TransactionSession.
func (s *Session) Rollback(*sql.Context, sql.Transaction) error {
	s.Forget()
	return nil
}

// CreateSavepoint implements sql.TransactionSession.
func (s *Session) CreateSavepoint(_ *sql.Context, _ sql.Transaction, name string) error {
	name = strings.ToLower(name)
	s.saved = slices.DeleteFunc(s.saved, func(p savepoint) bool { return p.name == name })
	s.saved = append(s.saved, savepoint{name, s.freeze()})
	return nil
}

// RollbackToSavepoint implements sql.TransactionSession.
func (s *Session) RollbackToSavepoint(_ *sql.Context, _ sql.Transaction, name string) error {
	i, err := s.savepoint(name)
	if err != nil {
		return err
	}
	s.mine, s.now, s.saved = nil, s.saved[i].at, s.saved[:i+1]
	return nil
}

// ReleaseSavepoint implements sql.TransactionSession.
func (s *Session) ReleaseSavepoint(_ *sql.Context, _ sql.Transaction, name string) error {
	i, err := s.savepoint(name)
	if err == nil {
		s.saved = s.saved[:i]
	}
	return err
}

func (s *Session) savepoint(name string) (int, error) {
	i := slices.IndexFunc(s.saved, func(p savepoint) bool { return strings.EqualFold(p.name, name) })
	if i < 0 {
		return 0, sql.ErrSavepointDoesNotExist.New(name)
	}
	return i, nil
}
