package transform

import (
	"fmt"
	"slices"
)

// A Record is one instance of an entity in canonical form: a value for each of
// the entity's columns, in the order of Entity.Columns. Both stores speak
// records. A copy of a Record shares its values; Clone does not.
type Record struct {
	entity *Entity
	values []Value
}

// NewRecord returns a record of the entity in which every column is NULL.
func (e *Entity) NewRecord() Record {
	return Record{entity: e, values: make([]Value, len(e.Columns))}
}

// Entity returns the record's entity, nil for the zero Record.
func (r Record) Entity() *Entity { return r.entity }

// IsZero reports whether r is the zero Record, which belongs to no entity.
func (r Record) IsZero() bool { return r.entity == nil }

// At returns the value of column i of Entity.Columns.
func (r Record) At(i int) Value { return r.values[i] }

// SetAt sets the value of column i of Entity.Columns.
func (r Record) SetAt(i int, v Value) { r.values[i] = v }

// Get returns the value of the column with that name; a column the entity does
// not have gives NULL and false.
func (r Record) Get(column string) (Value, bool) {
	i := r.entity.ColumnIndex(column)
	if i < 0 {
		return Value{}, false
	}
	return r.values[i], true
}

// Set sets the value of the column with that name.
func (r Record) Set(column string, v Value) error {
	i := r.entity.ColumnIndex(column)
	if i < 0 {
		return fmt.Errorf("entity %s has no column %s", r.entity.Name, column)
	}
	r.values[i] = v
	return nil
}

// Clone returns a record with values of its own.
func (r Record) Clone() Record {
	return Record{entity: r.entity, values: slices.Clone(r.values)}
}

// Equal reports whether both records are of one entity and differ in no column.
func (r Record) Equal(o Record) bool {
	if r.entity != o.entity {
		return false
	}
	return slices.Equal(r.values, o.values) || len(r.entity.unread) > 0 && len(r.Diff(o)) == 0
}

// Diff returns the names of the columns in which the two records of one entity
// differ, in the order of Entity.Columns. A joined column that no item tells,
// because what is made of it keeps less, is not the record's own: it is left out,
// so that a row and its item compare equal.
func (r Record) Diff(o Record) []string {
	var names []string
	for i, c := range r.entity.Columns {
		if r.values[i] != o.values[i] && !slices.Contains(r.entity.unread, i) {
			names = append(names, c.Name)
		}
	}
	return names
}

// Key returns the record's key, an error if a key column is NULL or cannot be
// a key.
func (r Record) Key() (Key, error) {
	vals := make([]Value, len(r.entity.KeyColumns))
	for i, c := range r.entity.KeyColumns {
		vals[i] = r.values[c]
	}
	return r.entity.Key(vals...)
}
