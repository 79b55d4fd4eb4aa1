package transform

import (
	"fmt"
	"slices"
	"strings"
)

// childFaults finds why the rows of other tables that are part of an entity's
// records can't be written back, told apart, or kept apart by DynamoDB.
func (c *Contract) childFaults(e *Entity) []Finding {
	var found checker
	for _, ch := range e.children {
		at, list := e.childrenPointer(ch), e.Columns[ch.List].Name
		fault := func(reason, mend string) { found.err(at, "the rows of "+ch.Rows.Source+" in "+list+reason, mend) }
		if lost := ch.join.lostFields(); len(lost) > 0 {
			fault(": no field carries "+strings.Join(lost, ", ")+", which a row that comes back from DynamoDB would be without", "select them too")
		}
		if e.AttributeIndex(list) < 0 && !slices.ContainsFunc(e.Attributes, func(a Attribute) bool { return a.Column == ch.List }) {
			fault(" are in no attribute as they are", "add an attribute without a transformation")
		}
		ch.fieldFaults(fault)
		ch.keyFaults(fault)
		if n := c.owners(ch.Rows.Source); n > 1 {
			fault(" are part of other records too, or twice of these", "leave one of the lists")
		}
		if c.Entity(ch.Rows.Name) != nil {
			fault(" take ids from a sequence called "+ch.Rows.Name+", which is an entity", "give the entity another name")
		}
	}
	return found.findings
}

// childrenPointer returns where the contract describes the list.
func (e *Entity) childrenPointer(ch *Children) string {
	i := slices.IndexFunc(e.Attributes, func(a Attribute) bool { return a.Column == ch.List })
	if i < 0 {
		return e.Pointer
	}
	return e.AttributePointer(i)
}

// owners is how many lists have the rows of a table.
func (c *Contract) owners(table string) int {
	n := 0
	for _, e := range c.Entities {
		for _, ch := range e.children {
			if ch.Rows.Source == table {
				n++
			}
		}
	}
	return n
}

// fieldFaults finds fields that say nothing, or twice the same.
func (ch *Children) fieldFaults(fault func(reason, mend string)) {
	seen := map[int]bool{}
	for _, f := range ch.join.Fields {
		c := &ch.Rows.Columns[f.Column]
		switch {
		case seen[f.Column]:
			fault(": two fields carry "+c.Name, "take one of them out")
		case c.isComputedByMySQL():
			fault(": MySQL makes "+c.Name+" of other columns, and nobody else does", "take it out of select_columns")
		}
		seen[f.Column] = true
	}
	for i, from := range ch.parent {
		if from < 0 {
			continue
		}
		// Two texts of one value, "1.50" and "1.5", would be two keys.
		if c, key := &ch.Rows.Columns[i], &ch.entity.Columns[from]; c.Kind != key.Kind || c.Precision != key.Precision || c.Scale != key.Scale {
			fault(fmt.Sprintf(": %s is of another kind than %s of %s", c.Name, key.Name, ch.entity.Source), "give both columns one type")
		}
	}
}

// keyFaults finds keys and unique columns that nothing keeps apart while DynamoDB
// is the authority: it knows the rows of one record at a time, and their bytes.
func (ch *Children) keyFaults(fault func(reason, mend string)) {
	if len(ch.Rows.KeyColumns) == 0 {
		fault(" have no primary key, which tells them apart", `add "primary_key" to source_tables`)
		return
	}
	for _, u := range append([]Unique{{Columns: ch.Rows.KeyColumns}}, ch.Rows.Unique...) {
		names := strings.Join(columnNamesAt(ch.Rows, u.Columns), ", ")
		own := slices.Equal(u.Columns, ch.Rows.KeyColumns)
		if !(own && ch.Rows.Sequence >= 0) && !ch.within(u.Columns) {
			fault(fmt.Sprintf(" are told apart by %s, which is neither assigned by MySQL nor holds the key of %s: nothing in DynamoDB keeps two records from having rows that are alike there",
				names, ch.entity.Source), "begin the key with the columns of the join, or make it AUTO_INCREMENT")
		}
		for _, i := range u.Columns {
			c := &ch.Rows.Columns[i]
			if c.Kind == Text && !c.isLabelled() && !collationIsBinary(c.Collation) {
				fault(" are told apart by "+c.Name+", whose collation "+c.Collation+" takes different texts for one; DynamoDB compares bytes",
					"give the column a binary collation, such as utf8mb4_bin")
			}
			if own && i != ch.Rows.Sequence && c.Generated == "auto_increment" {
				fault(": "+c.Name+" is assigned by MySQL and only a part of the key", "make it the primary key alone")
			}
		}
	}
}

// within reports whether columns hold the whole key of the record that a row is
// part of, so that what they keep apart are rows of one record.
func (ch *Children) within(columns []int) bool {
	for i, from := range ch.parent {
		if from >= 0 && !slices.Contains(columns, i) {
			return false
		}
	}
	return true
}
