package transform

import "slices"

// Salvage returns what is left of a contract that has errors: the entities whose
// rows can be read and whose item key can be made, with those of their attributes
// that nothing is wrong with. It is for looking at schema and rows all the same,
// so that everything that is wrong is seen at once, and for nothing else. It is
// nil if nothing is left.
func (d *Document) Salvage() *Contract {
	contract, c := d.examine()
	left := &Contract{Group: contract.Group, NotYet: []Finding{{Severity: Error, Reason: "the contract has errors"}}}
	for _, s := range c.sourceList {
		if !s.guessed {
			left.Sources = append(left.Sources, s)
		}
	}
	for _, e := range contract.Entities {
		if e.Name == "" || left.Entity(e.Name) != nil {
			continue
		}
		if kept := e.salvage(); kept != nil {
			left.Entities = append(left.Entities, kept)
			if !slices.Contains(left.Tables, e.Table) {
				left.Tables = append(left.Tables, e.Table)
			}
		}
	}
	if len(left.Entities) == 0 {
		return nil
	}
	return left
}

// salvage returns the entity with what is right of it, nil if its rows can't be
// read or their item key not be made.
func (e *Entity) salvage() *Entity {
	if len(e.KeyColumns) == 0 || e.Source == "" || slices.ContainsFunc(e.Columns, unreadable) {
		return nil
	}
	kept := &Entity{Name: e.Name, Table: e.Table, Source: e.Source, Pointer: e.Pointer, Columns: e.Columns,
		KeyColumns: e.KeyColumns, Unique: e.Unique, References: e.References, referredBy: e.referredBy, moves: e.moves, hydrations: e.hydrations, copiedIn: e.copiedIn, countedIn: e.countedIn}
	seen := make(map[string]bool)
	for i, a := range e.Attributes {
		if a.Column < 0 || a.Name == "" || seen[a.Name] {
			continue
		}
		if slices.Contains(attributeTypes(&e.Columns[a.Column]), a.Type) {
			seen[a.Name] = true
			kept.Attributes, kept.attributeAt = append(kept.Attributes, a), append(kept.attributeAt, e.AttributePointer(i))
		}
	}
	kept.prepare()
	t := e.Table
	if t.PK.IsZero() || kept.AttributeIndex(t.PK.Name) < 0 || !t.SK.IsZero() && kept.AttributeIndex(t.SK.Name) < 0 {
		return nil
	}
	return kept
}

// unreadable reports whether a statement can't select the column, or its text
// not be read.
func unreadable(c Column) bool {
	return c.Name == "" || c.Kind == Null ||
		c.Join != nil && slices.ContainsFunc(c.Join.Hops, func(h Hop) bool { return h.Source.guessed })
}
