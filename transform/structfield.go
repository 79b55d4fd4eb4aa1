package transform

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A structField is a field that may be a column's.
type structField struct {
	column string // the name it is found by
	name   string // for errors: Embedded.Field
	index  []int
	typ    reflect.Type
	tagged bool // the name is from a tag
	float  bool // the tag says that a float is wanted
	depth  int  // of embedding
}

// structFields returns the fields of a struct and of the structs embedded in
// it, breadth first, as sqlx's reflectx walks them. Of several fields with one
// name the least deeply embedded is returned; two at one depth are a fault.
func structFields(t reflect.Type) (fields []structField, faults []string) {
	w := fieldWalk{seen: map[reflect.Type]bool{}, byName: map[string]structField{}, queue: []level{{typ: t}}}
	for len(w.queue) > 0 {
		l := w.queue[0]
		w.queue = w.queue[1:]
		if w.seen[l.typ] {
			continue // a struct that embeds a pointer to itself
		}
		w.seen[l.typ] = true
		for i := range l.typ.NumField() {
			w.field(l, i)
		}
	}
	return w.fields, w.faults
}

// A level is a struct that is still to be looked at: the outermost, or one
// embedded.
type level struct {
	typ    reflect.Type
	prefix string
	index  []int
	depth  int
}

type fieldWalk struct {
	queue  []level
	seen   map[reflect.Type]bool
	byName map[string]structField
	fields []structField
	faults []string
}

// field looks at field i of a struct.
func (w *fieldWalk) field(l level, i int) {
	f := l.typ.Field(i)
	tag := f.Tag.Get("db")
	index := append(slices.Clone(l.index), i)
	inner, ok := embedded(f)
	switch {
	case ok && tag == "":
		w.queue = append(w.queue, level{inner, l.prefix + f.Name + ".", index, l.depth + 1})
		return
	case tag == "-":
		return
	case !f.IsExported():
		if tag != "" {
			w.faults = append(w.faults, fmt.Sprintf("field %s has a db tag and is not exported", l.prefix+f.Name))
		}
		return
	}
	sf := structField{name: l.prefix + f.Name, index: index, typ: f.Type, depth: l.depth}
	sf.column, sf.float, sf.tagged = parseTag(f.Name, tag)
	if other, ok := w.byName[sf.column]; ok {
		if other.depth == sf.depth {
			w.faults = append(w.faults, fmt.Sprintf("fields %s and %s are both for column %s", other.name, sf.name, sf.column))
		}
		return
	}
	w.byName[sf.column] = sf
	w.fields = append(w.fields, sf)
}

// embedded returns the struct whose fields count as the outer one's.
func embedded(f reflect.StructField) (reflect.Type, bool) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		// reflect can't set an embedded pointer of an unexported type.
		if !f.IsExported() {
			return nil, false
		}
		t = t.Elem()
	}
	return t, f.Anonymous && t.Kind() == reflect.Struct && t != timeType && !scans(t)
}

// parseTag reads `db:"name,option"`.
func parseTag(field, tag string) (column string, float, tagged bool) {
	name, options, _ := strings.Cut(tag, ",")
	float = slices.Contains(strings.Split(options, ","), "float")
	if name == "" {
		return strings.ToLower(field), float, false
	}
	return name, float, true
}
