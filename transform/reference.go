package transform

import (
	"database/sql"
	"strings"
)

// What becomes of a record when the one that it refers to is deleted.
const (
	OnDeleteRestrict = "restrict" // nothing: the delete is refused
	OnDeleteCascade  = "cascade"  // it is deleted too, with what refers to it
	OnDeleteSetNull  = "set-null" // its columns of the reference become NULL
)

// A Reference says that some columns of an entity's records are the primary key
// of a record of another entity, or of the same one. As in MySQL, a record that
// has NULL in one of the columns refers to nothing.
type Reference struct {
	Columns  []int  // positions in Entity.Columns, in the order of the target's primary key
	Target   string // the entity that is referred to
	OnDelete string // OnDeleteRestrict, OnDeleteCascade or OnDeleteSetNull

	of, to *Entity
}

// Of is the entity whose records refer.
func (f *Reference) Of() *Entity { return f.of }

// To is the entity whose records are referred to.
func (f *Reference) To() *Entity { return f.to }

// Field returns the names of the columns, as errors name them: "user_id", or
// "shop,number".
func (f *Reference) Field() string {
	names := make([]string, len(f.Columns))
	for i, c := range f.Columns {
		names[i] = f.of.Columns[c].Name
	}
	return strings.Join(names, ",")
}

// Key returns the key that a record of Of refers to. It is false where the record
// refers to nothing. The zero Key beside true says that no record can have the key.
func (f *Reference) Key(r Record) (key Key, refers bool) {
	values := make([]Value, len(f.Columns))
	for i, c := range f.Columns {
		v := r.At(c)
		if v.IsNull() {
			return Key{}, false
		}
		// As MySQL compares them; a key's own text never ends in a blank then.
		if v.Kind() == Text && collationPads(f.of.Columns[c].Collation) && !f.of.Columns[c].isLabelled() {
			v = TextValue(strings.TrimRight(v.Text(), " "))
		}
		values[i] = v
	}
	key, err := f.to.Key(values...)
	if err != nil {
		return Key{}, true
	}
	return key, true
}

// Select returns the expressions of SelectList for the columns of the reference alone,
// in their order, over the source table of Of under the alias.
func (f *Reference) Select(alias string) Statement {
	w := &sqlWriter{entity: f.of, row: alias, form: textForm}
	var parts []Statement
	for _, i := range f.Columns {
		parts = append(parts, w.column(i))
	}
	return sqlList(parts, ", ")
}

// ReadKey is Key of the texts that Select selected. The error is a *ValueError.
func (f *Reference) ReadKey(texts []sql.NullString) (key Key, refers bool, err error) {
	r := f.of.NewRecord()
	for n, i := range f.Columns {
		if n >= len(texts) || !texts[n].Valid {
			return Key{}, false, nil
		}
		v, reason := f.of.Columns[i].parse(texts[n].String)
		if reason != "" {
			return Key{}, false, f.of.fault(i, reason)
		}
		r.values[i] = v
	}
	key, refers = f.Key(r)
	return key, refers, nil
}

// Refers reports whether a record of Of refers to the key.
func (f *Reference) Refers(r Record, to Key) bool {
	key, refers := f.Key(r)
	return refers && key == to
}

// SetNull makes a record of Of refer to nothing.
func (f *Reference) SetNull(r Record) {
	for _, c := range f.Columns {
		r.SetAt(c, Value{})
	}
}

// ReferredBy returns the references whose targets are the entity's records, in the
// order of the contract.
func (e *Entity) ReferredBy() []*Reference { return e.referredBy }
