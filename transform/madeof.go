package transform

import "slices"

// MadeOf returns the positions in Columns of what attribute i of Attributes is
// made of, none of which is computed: its column, or what that is computed of,
// through however many steps. told says that each of them can be told from the
// attribute, so that records that differ there have different attributes.
func (e *Entity) MadeOf(i int) (columns []int, told bool) {
	column := e.Attributes[i].Column
	if column < 0 {
		return nil, true
	}
	columns = e.basis(column)
	from := e.told(column)
	return columns, !slices.ContainsFunc(columns, func(c int) bool { return !slices.Contains(from, c) })
}

// ItemKeyColumns is MadeOf of the attributes of the item's key, together. If told
// is true and the primary key is among them, no two rows are one item.
func (e *Entity) ItemKeyColumns() (columns []int, told bool) {
	told = true
	for _, i := range e.itemKey {
		some, ok := e.MadeOf(i)
		for _, c := range some {
			if !slices.Contains(columns, c) {
				columns = append(columns, c)
			}
		}
		told = told && ok
	}
	return columns, told
}

// Moves reports whether the item's key depends on columns beside the primary key:
// when one of them changes, the record's item is another one, and a Key does not
// say where it is.
func (e *Entity) Moves() bool { return e.moves }

// movesByJoin reports whether the item's key is made of rows of other tables: it
// then changes without a write of the record.
func (e *Entity) movesByJoin() bool {
	columns, _ := e.ItemKeyColumns()
	return slices.ContainsFunc(columns, func(c int) bool { return e.Columns[c].Join != nil })
}

// AttributePointer returns where the contract says attribute i of Attributes, a
// JSON pointer: the attribute, or the template of a key that no attribute is
// listed for.
func (e *Entity) AttributePointer(i int) string {
	if i < len(e.attributeAt) {
		return e.attributeAt[i]
	}
	return e.Pointer
}
