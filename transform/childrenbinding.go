package transform

import (
	"fmt"
	"reflect"
	"slices"
)

// A childBinding goes between a slice of structs and the rows of a list.
type childBinding struct {
	ch     *Children
	slice  reflect.Type
	elem   reflect.Type // the struct
	fields []boundField // one per field of the list's maps, in the order of the join's
}

// rowsType returns the struct of a slice of structs, or of pointers to them; false
// for any other type, which takes the list as a document.
func rowsType(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Slice || scans(t) {
		return nil, false
	}
	elem := t.Elem()
	if elem.Kind() == reflect.Pointer {
		elem = elem.Elem()
	}
	return elem, elem.Kind() == reflect.Struct && elem != timeType && !scans(elem)
}

func isRows(t reflect.Type) bool { _, is := rowsType(t); return is }

// bindChildren binds a slice of structs to a list. The fields are found by the
// names that the contract gives them in the list.
func bindChildren(ch *Children, t reflect.Type) (codec, []string) {
	elem, _ := rowsType(t)
	b := &childBinding{ch: ch, slice: t, elem: elem, fields: make([]boundField, len(ch.join.Fields))}
	found, faults := structFields(elem)
	var names []string
	for _, f := range ch.join.Fields {
		names = append(names, f.Name)
	}
	for _, f := range found {
		i := slices.Index(names, f.column)
		if i < 0 {
			if f.tagged {
				faults = append(faults, fmt.Sprintf("field %s: the list selects no %q; %s", f.name, f.column, suggest(f.column, names)))
			}
			continue
		}
		codec, fault := codecFor(&ch.Rows.Columns[ch.join.Fields[i].Column], f.typ, f.float)
		if fault != "" {
			faults = append(faults, fmt.Sprintf("field %s: %s %s", f.name, f.column, fault))
		}
		b.fields[i] = boundField{index: f.index, name: f.name, typ: f.typ, codec: codec}
	}
	for i, f := range b.fields {
		if f.index == nil {
			faults = append(faults, fmt.Sprintf("%s has no field; add one with the tag `db:%q`", names[i], names[i]))
		}
	}
	for i := range faults {
		faults[i] = "type " + elem.String() + ", " + faults[i]
	}
	return codec{b.get, b.set}, faults
}

// get makes a list of a slice. nil is one without rows, as an empty slice is; what
// the rows have in the columns of the record's key does not count.
func (b *childBinding) get(_ *Column, field reflect.Value) (Value, string) {
	rows := make([]Record, 0, field.Len())
	for n := range field.Len() {
		rv := field.Index(n)
		if rv.Kind() == reflect.Pointer {
			if rv.IsNil() {
				return Value{}, "an element is nil, which is no row"
			}
			rv = rv.Elem()
		}
		row := b.ch.Rows.NewRecord()
		for i := range b.fields {
			column := b.ch.join.Fields[i].Column
			fv, ok := b.fields[i].find(rv, false)
			if !ok || b.ch.IsParents(column) {
				continue
			}
			v, reason := b.fields[i].codec.get(&b.ch.Rows.Columns[column], fv)
			if reason != "" {
				return Value{}, b.fields[i].name + ": " + reason
			}
			row.values[column] = b.ch.lacking(column, v)
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, b.ch.compare)
	return Value{kind: JSON, text: b.ch.format(rows)}, ""
}

// set makes a slice of a list, never nil. An id that is still to be assigned
// leaves its field zero.
func (b *childBinding) set(_ *Column, field reflect.Value, v Value) string {
	rows, reason := b.ch.parse(v)
	if reason != "" {
		return reason
	}
	slice := reflect.MakeSlice(b.slice, len(rows), len(rows))
	for n, row := range rows {
		rv := slice.Index(n)
		if rv.Kind() == reflect.Pointer {
			rv.Set(reflect.New(b.elem))
			rv = rv.Elem()
		}
		for i := range b.fields {
			column := b.ch.join.Fields[i].Column
			v := row.values[column]
			if v.IsNull() && (column == b.ch.Rows.Sequence || b.ch.IsParents(column)) {
				continue
			}
			fv, _ := b.fields[i].find(rv, true)
			if reason := b.fields[i].codec.set(&b.ch.Rows.Columns[column], fv, v); reason != "" {
				return b.fields[i].name + ": " + reason
			}
		}
	}
	field.Set(slice)
	return ""
}
