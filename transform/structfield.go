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
	type level struct {
		typ    reflect.Type
		prefix string
		index  []int
		depth  int
	}
	seen := map[reflect.Type]bool{}
	byName := map[string]structField{}
	for queue := []level{{typ: t}}; len(queue) > 0; {
		l := queue[0]
		queue = queue[1:]
		if seen[l.typ] {
			continue // a struct that embeds a pointer to itself
		}
		seen[l.typ] = true
		for i := range l.typ.NumField() {
			f := l.typ.Field(i)
			tag, tagged := f.Tag.Lookup("db")
			index := append(slices.Clone(l.index), i)
			if inner, ok := embedded(f); ok && tag == "" {
				queue = append(queue, level{inner, l.prefix + f.Name + ".", index, l.depth + 1})
				continue
			}
			if tag == "-" || !f.IsExported() {
				if tagged && tag != "-" && tag != "" {
					faults = append(faults, fmt.Sprintf("field %s has a db tag and is not exported", l.prefix+f.Name))
				}
				continue
			}
			sf := structField{name: l.prefix + f.Name, index: index, typ: f.Type, depth: l.depth}
			sf.column, sf.float, sf.tagged = parseTag(f.Name, tag)
			if other, ok := byName[sf.column]; ok {
				if other.depth == sf.depth {
					faults = append(faults, fmt.Sprintf("fields %s and %s are both for column %s", other.name, sf.name, sf.column))
				}
				continue
			}
			byName[sf.column] = sf
			fields = append(fields, sf)
		}
	}
	return fields, faults
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
