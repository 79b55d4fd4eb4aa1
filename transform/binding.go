package transform

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// A Binding goes between values of T, a struct, and the records of an entity.
// It is safe for concurrent use.
type Binding[T any] struct {
	binding
}

// binding is the part of a Binding that does not depend on T.
type binding struct {
	entity *Entity
	fields []boundField // one per column, in their order; of computed ones without index
}

// A BindError says that a type can't be bound to an entity. Faults holds all
// there is to mend, one line each, in the order of the fields, then of the
// columns.
type BindError struct {
	Entity string
	Type   string
	Faults []string
}

// Error returns every fault in a line of its own.
func (e *BindError) Error() string {
	return fmt.Sprintf("type %s can't be bound to entity %s:\n  %s", e.Type, e.Entity, strings.Join(e.Faults, "\n  "))
}

// Bind binds T to the entity. Fields are found as sqlx finds them: by the tag
// db, or else by the field's name in lower case; the fields of embedded
// structs count as T's own, and the least deeply embedded wins. Each column
// needs a field, joined ones too, and each field with a tag a column; other fields
// are ignored, as are those tagged "-". Computed columns have no field.
//
// A column that is hydrated (see Hydration) may have a field. No record has its
// value: Record ignores the field and Into leaves it alone, SetColumn fills it.
//
// A field's type must suit its column: any integer type for integers, bool for
// BOOL and integers that are 0 or 1, string or []byte for text, bytes and
// decimals, []byte for BIT too, time.Time for dates and times (or a string, in
// MySQL's form), time.Duration for TIME (or a string), float64 for DOUBLE and
// FLOAT, float32 for FLOAT. A float suits a decimal only where its tag says so,
// `db:"price,float"`, since it loses digits, and so do sql.NullFloat64 and its
// like; exact decimal types of other packages do if they are a sql.Scanner and a
// driver.Valuer, as decimal.Decimal and decimal.NullDecimal of
// github.com/shopspring/decimal are, or an encoding.TextMarshaler and an
// encoding.TextUnmarshaler. For JSON, string, []byte and json.RawMessage hold the
// document's text, and maps, slices and structs what encoding/json makes of
// it; numbers within an any become json.Number, which is exact.
//
// The rows of another table that are part of the record (see Children) are a slice
// of structs, or of pointers to them, whose fields are found by the names that the
// list has for them, under the same rules. nil and an empty slice are no rows; a
// slice that is given rows is never nil. Fields for the columns that the rows share
// with the record are filled, and what is in them does not count. Any other type
// that takes JSON holds the list as a document.
//
// NULL is a nil pointer, slice, map or any, or what a sql.Scanner makes of it;
// a field of another type can't be given NULL. A type that is a sql.Scanner
// and a driver.Valuer, such as sql.NullString, suits every column and is asked
// only when used.
//
// The error is a *BindError with every fault.
func Bind[T any](e *Entity) (*Binding[T], error) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return nil, &BindError{Entity: e.Name, Type: t.String(), Faults: []string{"it is no struct"}}
	}
	b, faults := bindStruct(t, e)
	if len(faults) > 0 {
		return nil, &BindError{Entity: e.Name, Type: t.String(), Faults: faults}
	}
	return &Binding[T]{b}, nil
}

// bindStruct finds the field of each column.
func bindStruct(t reflect.Type, e *Entity) (binding, []string) {
	b := binding{entity: e, fields: make([]boundField, len(e.Columns))}
	found, faults := structFields(t)
	for _, f := range found {
		i := e.ColumnIndex(f.column)
		switch {
		case i >= 0 && e.Columns[i].IsComputed():
			if f.tagged {
				faults = append(faults, fmt.Sprintf("field %s: %s is computed as the item is made, and no value of a record; take the tag off", f.name, f.column))
			}
		case i >= 0 && e.ChildrenIn(i) != nil && isRows(f.typ):
			codec, more := bindChildren(e.ChildrenIn(i), f.typ)
			for _, fault := range more {
				faults = append(faults, fmt.Sprintf("field %s: %s", f.name, fault))
			}
			b.fields[i] = boundField{index: f.index, name: f.name, typ: f.typ, codec: codec}
		case i >= 0:
			codec, fault := codecFor(&e.Columns[i], f.typ, f.float)
			if fault != "" {
				faults = append(faults, fmt.Sprintf("field %s: column %s %s", f.name, f.column, fault))
			}
			b.fields[i] = boundField{index: f.index, name: f.name, typ: f.typ, codec: codec}
		case f.tagged:
			faults = append(faults, fmt.Sprintf("field %s: table %s has no column %s; %s",
				f.name, e.Source, strconv.Quote(f.column), suggest(f.column, e.recordColumns())))
		}
	}
	for i, f := range b.fields {
		c := &e.Columns[i]
		if f.index != nil || !c.isSelected() {
			continue
		}
		what := "column " + c.Name
		if c.Join != nil {
			// Without it, what is written back where nobody joins would lack it.
			what = "column " + c.Name + ", which is joined,"
		}
		faults = append(faults, fmt.Sprintf("%s has no field; add one with the tag `db:%q`", what, c.Name))
	}
	return b, faults
}

// recordColumns returns the names of the columns of which a record has values.
func (e *Entity) recordColumns() []string {
	var names []string
	for _, name := range sortedKeys(e.byColumn) {
		if !e.Columns[e.byColumn[name]].IsComputed() {
			names = append(names, name)
		}
	}
	return names
}

// A boundField is the field of a column.
type boundField struct {
	index []int // as of reflect.Value.FieldByIndex
	name  string
	typ   reflect.Type
	codec codec
}

// Record returns the record that v holds, each value as MySQL would store it;
// see Column.Value. Whether the columns can hold them is for Record.Fit to
// say. The error is a *ValueError.
func (b *Binding[T]) Record(v *T) (Record, error) {
	return b.record(reflect.ValueOf(v).Elem())
}

func (b *binding) record(rv reflect.Value) (Record, error) {
	r := b.entity.NewRecord()
	for i := range b.fields {
		f := &b.fields[i]
		if !b.ofRecord(i) {
			continue
		}
		fv, ok := f.find(rv, false)
		if !ok {
			continue // within an embedded pointer that is nil
		}
		value, reason := f.codec.get(&b.entity.Columns[i], fv)
		if reason != "" {
			return Record{}, b.fault(i, reason)
		}
		r.values[i] = value
	}
	return r, b.entity.Settle(r)
}

// Into gives v what the record holds. Fields that are bound to no column keep
// what they have. The error is a *ValueError, and v may then have part of it.
func (b *Binding[T]) Into(r Record, v *T) error {
	return b.into(r, reflect.ValueOf(v).Elem())
}

// Binds reports whether T has a field for column i of Entity.Columns.
func (b *Binding[T]) Binds(i int) bool { return b.fields[i].index != nil }

// ofRecord reports whether the field of column i has a value of the record: there is
// one, and the column is not hydrated.
func (b *binding) ofRecord(i int) bool {
	return b.fields[i].index != nil && !b.entity.Columns[i].Hydrated
}

// SetColumn gives the field of column i of Entity.Columns a value, and leaves
// the others alone. The error is a *ValueError.
func (b *Binding[T]) SetColumn(v *T, i int, value Value) error {
	if b.fields[i].index == nil {
		return b.entity.fault(i, "has no field")
	}
	fv, _ := b.fields[i].find(reflect.ValueOf(v).Elem(), true)
	if reason := b.fields[i].codec.set(&b.entity.Columns[i], fv, value); reason != "" {
		return b.fault(i, reason)
	}
	return nil
}

func (b *binding) into(r Record, rv reflect.Value) error {
	if r.entity != b.entity {
		return &ValueError{Entity: b.entity.Name, Reason: "the record is of another entity"}
	}
	for i := range b.fields {
		if !b.ofRecord(i) {
			continue
		}
		fv, _ := b.fields[i].find(rv, true)
		if reason := b.fields[i].codec.set(&b.entity.Columns[i], fv, r.values[i]); reason != "" {
			return b.fault(i, reason)
		}
	}
	return nil
}

// fault names the column, and the field where it has another name.
func (b *binding) fault(i int, reason string) error {
	return b.entity.fault(i, "field "+b.fields[i].name+": "+reason)
}

// find returns the field within the struct. Embedded pointers that are nil are
// made on the way if alloc says so; otherwise there is no such field.
func (f *boundField) find(rv reflect.Value, alloc bool) (reflect.Value, bool) {
	for i, x := range f.index {
		if i > 0 && rv.Kind() == reflect.Pointer {
			if rv.IsNil() {
				if !alloc {
					return reflect.Value{}, false
				}
				rv.Set(reflect.New(rv.Type().Elem()))
			}
			rv = rv.Elem()
		}
		rv = rv.Field(x)
	}
	return rv, true
}
