package mysqlstore

import (
	"slices"

	"github.com/crossfade-go/crossfade/transform"
)

// written returns the tables that the store writes, as entities: each entity's, and
// those whose rows are part of its records.
func written(c *transform.Contract) []*transform.Entity {
	var all []*transform.Entity
	for _, e := range c.Entities {
		all = append(all, e)
		for _, ch := range e.Children() {
			all = append(all, ch.Rows)
		}
	}
	return all
}

// isPart reports whether the rows of a table are part of records.
func isPart(c *transform.Contract, table string) bool {
	return slices.ContainsFunc(c.Entities, func(e *transform.Entity) bool {
		return slices.ContainsFunc(e.Children(), func(ch *transform.Children) bool { return ch.Rows.Source == table })
	})
}

// ties reports whether the foreign key of a table ties its rows to the record that
// they are part of. What it takes goes with the record.
func (k *liveKey) ties(c *transform.Contract, table string) bool {
	for _, e := range c.Entities {
		for _, ch := range e.Children() {
			if ch.Rows.Source == table && k.parent == e.Source && k.holds(e, ch) {
				return true
			}
		}
	}
	return false
}

// holds reports whether the foreign key has every column of the record's key.
func (k *liveKey) holds(e *transform.Entity, ch *transform.Children) bool {
	for i, c := range ch.Rows.Columns {
		if from := ch.Parent(i); from >= 0 && !slices.Contains(k.pairs, columnPair(c.Name, e.Columns[from].Name)) {
			return false
		}
	}
	return true
}
