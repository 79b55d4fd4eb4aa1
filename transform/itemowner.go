package transform

import "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

// MayHave reports whether an item's key attributes are such as the entity's items
// have: of each template they show what it makes. Of the entities of one table one at
// most has an item with that key. It says nothing of the other attributes.
func (e *Entity) MayHave(item map[string]types.AttributeValue) bool {
	r := e.NewRecord()
	for _, i := range e.itemKey {
		av := item[e.Attributes[i].Name]
		if av == nil || e.take(r, i, av) != "" {
			return false
		}
	}
	for _, i := range e.itemKey {
		column := e.Attributes[i].Column
		if e.Columns[column].IsComputed() && !e.made(r, column) {
			return false
		}
	}
	return true
}

// made reports whether a computed column's value is what its columns make, as far as
// that can be told from the value itself.
func (e *Entity) made(r Record, column int) bool {
	c, value := e.Columns[column].computation, r.values[column]
	if ok, _ := c.reversible(); !ok {
		return true
	}
	values, reason := c.restore(e, value)
	if reason != "" {
		return false
	}
	alone := e.NewRecord()
	for n, i := range c.inputs() {
		if e.Columns[i].IsComputed() {
			return true
		}
		if e.Columns[i].fit(values[n]) != "" {
			return false
		}
		alone.values[i] = values[n]
	}
	again, reason := c.value(alone)
	return reason == "" && again == value
}
