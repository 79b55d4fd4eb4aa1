package dynamotest

import (
	"slices"
	"time"
)

// The states of tables and indexes other than ACTIVE.
const (
	statusActive   = "ACTIVE"
	statusCreating = "CREATING"
	statusUpdating = "UPDATING"
	statusDeleting = "DELETING"
)

// A change of a table that takes its time, because a rule says so.
type settling struct {
	status string
	index  *index // that is created or deleted, nil if it is the table itself
	starts string // the index's status

	until time.Time // not over before, by the server's clock
	looks int       // calls of DescribeTable that still see it; guarded by the table's mu
}

func (s *settling) over(now time.Time) bool { return s.looks <= 0 && !now.Before(s.until) }

// settle makes a change take as long as rules say. The caller holds mu, and
// the change itself has been made, but for deletions.
func (c *call) settle(t *table, s settling) (slow bool) {
	if c.faults.settleLooks == 0 && c.faults.settleFor == 0 {
		return false
	}
	s.looks, s.until = c.faults.settleLooks, c.Now().Add(c.faults.settleFor)
	t.settling.Store(&s)
	return true
}

// indexStatus returns what describing an index says of its state.
func (s *settling) indexStatus(x *index) string {
	switch {
	case s == nil:
		return statusActive
	case s.index == x:
		return s.starts
	case s.status == statusCreating || s.status == statusDeleting:
		return s.status
	}
	return statusActive
}

// found returns the table of a name, in any state, after what was to change
// with it has; nil if there is none.
func (s *Server) found(name string) *table {
	s.tables.mu.RLock()
	t := s.tables.tables[name]
	s.tables.mu.RUnlock()
	if t != nil && t.settling.Load() != nil && s.settled(t) {
		return nil
	}
	return t
}

// settled ends a change whose time is over, and reports whether the table is
// gone with it.
func (s *Server) settled(t *table) (gone bool) {
	s.tables.mu.Lock()
	defer s.tables.mu.Unlock()
	return s.tables.settled(t, s.Now())
}

// settled is that of the server. The caller holds the catalog's mu.
func (c *catalog) settled(t *table, now time.Time) (gone bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change := t.settling.Load()
	if change == nil || !change.over(now) {
		return t.deleted
	}
	t.settling.Store(nil)
	switch {
	case change.index != nil && change.starts == statusDeleting:
		t.removeIndex(change.index)
	case change.index == nil && change.status == statusDeleting:
		t.deleted = true
		delete(c.tables, t.name)
	}
	return t.deleted
}

// settledAll ends every change whose time is over. The caller holds mu.
func (c *catalog) settledAll(now time.Time) {
	for _, t := range c.tables {
		if t.settling.Load() != nil {
			c.settled(t, now)
		}
	}
}

// looked counts a call of DescribeTable. The caller holds mu.
func (s *settling) looked() {
	if s != nil && s.looks > 0 {
		s.looks--
	}
}

// busy returns the error of changing a table whose last change goes on, nil if
// none does (API reference, "ResourceInUseException").
func (t *table) busy() error {
	change := t.settling.Load()
	if change == nil {
		return nil
	}
	return errInUse("Attempt to change a resource which is still in use: Table is being %s: %s",
		map[string]string{statusCreating: "created", statusUpdating: "updated", statusDeleting: "deleted"}[change.status], t.name)
}

// busyFor is busy for a change of indexes: while the service creates or deletes one
// it takes no other (API reference, "LimitExceededException").
func (t *table) busyFor(updates []indexUpdate) error {
	change := t.settling.Load()
	if change == nil || change.index == nil {
		return t.busy()
	}
	for _, u := range updates {
		for _, d := range []*indexDefinition{u.Create, u.Delete} {
			if d != nil && d.IndexName != nil && *d.IndexName != change.index.name {
				return errOneIndex()
			}
		}
	}
	return t.busy()
}

func errOneIndex() error {
	return refuse("LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")
}

// serves says whether items of the table can be read and written: only a table
// that is there (API reference, "ResourceNotFoundException": "its status might
// not be ACTIVE"), which one that is updated is.
func (t *table) serves() bool {
	change := t.settling.Load()
	return change == nil || change.status == statusUpdating
}

// readable returns the error of reading an index that is not ready.
func (t *table) readable(x *index) error {
	change := t.settling.Load()
	switch {
	case change == nil || change.index != x:
		return nil
	case change.starts == statusCreating:
		return invalid("Cannot read from backfilling global secondary index: %s", x.name)
	}
	return invalid("The table does not have the specified index: %s", x.name)
}

// removeIndex takes an index away. The caller holds mu.
func (t *table) removeIndex(x *index) {
	t.indexes = slices.DeleteFunc(slices.Clone(t.indexes), func(other *index) bool { return other == x })
	t.forgetAttributes()
}
