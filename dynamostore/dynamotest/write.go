package dynamotest

import (
	"runtime"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// maxItem bounds an item's size, as attr.ItemSize counts it.
const maxItem = 400 << 10

// A mutation is a write of one item, or the check of one in a transaction. It
// is what all operations that write become.
type mutation struct {
	table      *table
	key        attr.Item
	place      string
	condition  *expr.Condition // nil if there is none
	showFailed bool            // ALL_OLD, if the condition is not met
	isCheck    bool
	isInsert   bool // PartiQL's: there must be no such item

	put attr.Item // what it puts, if it does

	// compute returns what becomes of the item, nil for nothing.
	compute func(m *mutation, old attr.Item) (attr.Item, error)

	// What came of it.
	old, now attr.Item
	change   expr.Change // of an update
	cost     units
}

// aim says which item the mutation is about. The key is the table's, or an
// item that has it.
func (m *mutation) aim(t *table, item attr.Item) error {
	m.table, m.key = t, t.keys.of(item)
	m.place, _ = t.keys.place(item)
	if m.condition == nil {
		return nil
	}
	return t.checkScalars(m.condition.Paths())
}

// run makes the change at once.
func (m *mutation) run(c *call) error {
	t := m.table
	if err := t.lock(); err != nil {
		return err
	}
	defer t.mu.Unlock()
	if t.claims[m.place] != nil {
		return errConflict()
	}
	if err := m.evaluate(); err != nil {
		return err
	}
	m.commit(c)
	return nil
}

// evaluate finds out what the write comes to, without doing it. The caller
// holds the table's lock until commit, or the item itself.
func (m *mutation) evaluate() error {
	t := m.table
	m.old = t.get(m.place)
	m.cost.table = writeUnits(t.rows.get(m.place).bytes())
	if m.isInsert && m.old != nil {
		return refuse("DuplicateItemException", "Duplicate primary key exists in table")
	}
	if m.condition != nil && !m.condition.Eval(m.old) {
		if m.showFailed {
			return errCondition(m.old)
		}
		return errCondition(nil)
	}
	if m.isCheck {
		return nil
	}
	now, err := m.compute(m, m.old)
	m.now = now
	return err
}

// commit does what evaluate found. The caller holds the table's lock.
func (m *mutation) commit(c *call) {
	if m.isCheck {
		return
	}
	t := m.table
	m.cost = *t.put(m.place, m.now, c.Now())
	if at, ok := t.ttl.expiry(m.now); ok {
		t.ttl.expect(at)
	}
}

// putting makes the mutation a put of an item that has been checked.
func (m *mutation) putting(item attr.Item) {
	m.put = item
	m.compute = func(*mutation, attr.Item) (attr.Item, error) { return item, nil }
}

// names returns what the request says of the item: all of it in a put, or its
// key.
func (m *mutation) names() attr.Item {
	if m.put != nil {
		return m.put
	}
	return m.key
}

// deleting makes the mutation a deletion.
func (m *mutation) deleting() {
	m.compute = func(*mutation, attr.Item) (attr.Item, error) { return nil, nil }
}

// updating makes the mutation an update; nil changes nothing, but makes an
// item where there is none.
func (m *mutation) updating(u *expr.Update) error {
	if u != nil {
		for _, p := range u.Paths() {
			if m.table.keys.has(p[0].Name) {
				return itemFaultf("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", p[0].Name)
			}
		}
		if err := m.table.checkScalars(u.Paths(), u.Operands()); err != nil {
			return err
		}
	}
	m.compute = func(m *mutation, old attr.Item) (attr.Item, error) {
		if old == nil {
			old = m.key
		}
		if u == nil {
			return old, nil
		}
		change, err := u.Apply(old)
		if err != nil {
			return nil, err
		}
		if m.old == nil {
			change.Item = withKey(change.Item, m.key)
		}
		m.change = change
		if err := m.table.checkIndexKeys(change.Item, u.Paths()); err != nil {
			return nil, err
		}
		if attr.ItemSize(change.Item) > maxItem {
			return nil, invalid("Item size to update has exceeded the maximum allowed size")
		}
		return change.Item, nil
	}
	return nil
}

// withKey makes sure of the key; an update can't have changed it.
func withKey(item, key attr.Item) attr.Item {
	for name, v := range key {
		item[name] = v
	}
	return item
}

// checkPut checks an item that is to be put.
func (t *table) checkPut(item attr.Item) error {
	if err := t.keys.checkItem(item); err != nil {
		return err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if err := t.checkIndexKeys(item, nil); err != nil {
		return itemFault{err}
	}
	return checkSize(item)
}

func checkSize(item attr.Item) error {
	if attr.ItemSize(item) > maxItem {
		return invalid("Item size has exceeded the maximum allowed size")
	}
	return nil
}

// pause lets others run between the two phases of a transaction, as they would
// between two messages of the service's own.
func pause() { runtime.Gosched() }
