package dynamotest

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// A catalog holds a server's tables by their names. Locks are taken in this
// order: the catalog's, then those of tables in the order of their names.
type catalog struct {
	mu      sync.RWMutex
	tables  map[string]*table
	history bool // tables keep what was written to them
}

// table returns a table, without the items that have expired.
func (s *Server) table(name string) (*table, error) {
	t := s.found(name)
	if t == nil || !t.serves() {
		return nil, errNoTable()
	}
	t.expire(s.Now())
	return t, nil
}

// describedTable is table for operations on tables, in whatever state it is.
func (s *Server) describedTable(name string) (*table, error) {
	t := s.found(name)
	if t == nil {
		return nil, errNoSuchTable(name)
	}
	t.expire(s.Now())
	return t, nil
}

// add adds a new table.
func (c *catalog) add(t *table, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settledAll(now)
	if c.tables[t.name] != nil {
		return errInUse("Table already exists: %s", t.name)
	}
	if c.tables == nil {
		c.tables = map[string]*table{}
	}
	if c.history {
		t.history = &history{}
	}
	c.tables[t.name] = t
	return nil
}

// remove takes a table away, unless it is protected or slow says that it is
// DELETING for a while.
func (c *catalog) remove(name string, slow func(*table) bool) (*table, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tables[name]
	if t == nil {
		return nil, errNoSuchTable(name)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.busy(); err != nil {
		return nil, err
	}
	if t.protected {
		return nil, invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	if !slow(t) {
		t.deleted = true
		delete(c.tables, name)
	}
	return t, nil
}

// names returns the names of all tables, sorted.
func (c *catalog) names(now time.Time) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settledAll(now)
	return slices.Sorted(maps.Keys(c.tables))
}

// keepHistory makes all tables keep what is written to them from now on, or
// forget it.
func (c *catalog) keepHistory(keep bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = keep
	for _, t := range c.tables {
		t.mu.Lock()
		switch {
		case !keep:
			t.history = nil
		case t.history == nil:
			t.history = &history{}
		}
		t.mu.Unlock()
	}
}

// lock locks a table for a write. A table that was deleted meanwhile is not
// found.
func (t *table) lock() error {
	t.mu.Lock()
	if t.deleted {
		t.mu.Unlock()
		return errNoTable()
	}
	return nil
}

// expire deletes the items whose time has come.
func (t *table) expire(now time.Time) {
	t.mu.RLock()
	due := t.ttl.due(now)
	t.mu.RUnlock()
	if !due {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ttl.next = 0
	var expired []string
	t.rows.ascend("", "", func(place string, r *row) bool {
		at, ok := t.ttl.expiry(r.item)
		switch {
		case !ok:
		case t.ttl.passed(at, now) && t.claims[place] == nil:
			expired = append(expired, place)
		default:
			t.ttl.expect(at)
		}
		return true
	})
	for _, place := range expired {
		t.put(place, nil, now)
	}
}
