package transform

import (
	"fmt"
	"slices"
)

// A Loss is a column of the source table that can't be read back from an item.
// Its values would be gone once DynamoDB is the authority.
type Loss struct {
	Column    string
	Attribute string // that is made of the column, "" if there is none
	Reason    string // why the column can't be told from it

	column int // of Entity.Columns
}

// Lost returns the names of the columns that can't be read back from an item, in
// the order of Columns.
func (e *Entity) Lost() []string {
	var names []string
	for _, l := range e.Losses() {
		names = append(names, l.Column)
	}
	return names
}

// Losses returns the columns that can't be read back from an item, in the order
// of Columns, each with the reason. That there is none is what makes a contract
// reversible. Joined columns are none of them: they belong to other rows.
func (e *Entity) Losses() []Loss {
	var losses []Loss
	carried := e.carried()
	for i := range e.Own() {
		if !carried[i] {
			losses = append(losses, e.loss(i))
		}
	}
	return losses
}

// carried finds the columns whose values can be told from an item, that they are
// NULL too: those of attributes, and what computed ones of these were made of.
func (e *Entity) carried() []bool {
	carried := make([]bool, len(e.Columns))
	for _, a := range e.Attributes {
		if a.Column >= 0 {
			carried[a.Column] = true
		}
	}
	for i := len(e.Columns) - 1; i >= 0; i-- {
		c := e.Columns[i].computation
		if c == nil || !carried[i] {
			continue
		}
		for _, input := range c.inputs() {
			if e.untold(c, input) == "" {
				carried[input] = true
			}
		}
	}
	return carried
}

// untold says why an input can't be told from what is computed of it, "" if it
// can.
func (e *Entity) untold(c computation, input int) string {
	if ok, reason := c.reversible(); !ok {
		return reason
	}
	if c.absent() != absentWithAny {
		return ""
	}
	for _, other := range c.inputs() {
		if o := &e.Columns[other]; other != input && o.mayBeNull() {
			return "where " + o.Name + " is NULL it is absent, and tells nothing of the others"
		}
	}
	return ""
}

// loss says what has become of a column that is not carried.
func (e *Entity) loss(column int) Loss {
	l := Loss{Column: e.Columns[column].Name, Reason: "no attribute carries it", column: column}
	for _, a := range e.Attributes {
		if a.Column < 0 || !slices.Contains(e.basis(a.Column), column) {
			continue
		}
		l.Attribute = a.Name
		l.Reason = fmt.Sprintf("attribute %s is made of it, but %s", a.Name, e.brokenAt(a.Column, column))
		return l
	}
	return l
}

// brokenAt follows what a column is made of down to another column, and returns
// why that can't be told.
func (e *Entity) brokenAt(from, column int) string {
	c := e.Columns[from].computation
	if c == nil {
		return ""
	}
	for _, input := range c.inputs() {
		if !slices.Contains(e.basis(input), column) {
			continue
		}
		if reason := e.untold(c, input); reason != "" {
			return reason
		}
		return e.brokenAt(input, column)
	}
	return ""
}

// provable returns the computed columns of attributes for which an item has all
// that they are made of.
func (e *Entity) provable() []int {
	var all []int
	carried, shown := e.carried(), make(map[int]bool, len(e.Attributes))
	for i := range e.Attributes {
		shown[e.Attributes[i].Column] = true
	}
	for i := range e.Columns {
		if e.Columns[i].IsComputed() && shown[i] && !slices.ContainsFunc(e.basis(i), func(b int) bool { return !carried[b] }) {
			all = append(all, i)
		}
	}
	return all
}

// unreadJoins returns the joined columns whose values can't be told from an item.
// They are not lost: the rows that they are joined from have them.
func (e *Entity) unreadJoins() []int {
	var all []int
	carried := e.carried()
	for i, c := range e.Columns {
		if c.Join != nil && (!carried[i] || c.Hydrated) {
			all = append(all, i)
		}
	}
	return all
}
