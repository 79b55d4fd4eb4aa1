package transform

import (
	"database/sql"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Examine looks at all of a row, where ReadRow and Item end with the first thing
// that is wrong. texts are what SelectList selected. The record has the columns
// that have a form, the item the attributes that can be made of them, and faults
// are *ValueErrors: each says another thing, or of another column. An attribute
// that is made of a column without a form has no fault of its own.
func (e *Entity) Examine(texts []sql.NullString) (r Record, item map[string]types.AttributeValue, faults []error) {
	r, err := e.ReadRow(texts)
	x := &rowExam{entity: e, record: r, lost: make([]bool, len(e.Columns)), item: make(map[string]types.AttributeValue, len(e.Attributes))}
	if len(texts) != e.Selected() {
		return r, nil, []error{err}
	}
	x.columns(texts)
	x.key()
	for i := range e.Attributes {
		x.attribute(i)
	}
	x.size()
	return r, x.item, x.faults
}

// A rowExam is one row under Examine.
type rowExam struct {
	entity *Entity
	record Record
	lost   []bool // columns that have no form
	item   map[string]types.AttributeValue
	faults []error
}

func (x *rowExam) add(err error) {
	if !slices.ContainsFunc(x.faults, func(old error) bool { return old.Error() == err.Error() }) {
		x.faults = append(x.faults, err)
	}
}

// columns finds the columns that ReadRow left out.
func (x *rowExam) columns(texts []sql.NullString) {
	for i := range x.entity.Columns {
		c := &x.entity.Columns[i]
		if !c.isSelected() {
			continue
		}
		if reason := c.unreadable(texts[0]); reason != "" {
			x.lost[i] = true
			x.add(x.entity.fault(i, reason))
		}
		texts = texts[1:]
	}
}

// unreadable says why a selected text has no form, "" if it has one.
func (c *Column) unreadable(text sql.NullString) string {
	switch {
	case text.Valid:
		_, reason := c.read(text.String)
		return reason
	case c.Join != nil && c.Join.Kind == JoinChildren:
		return reasonCut // a list is never NULL: the server had no room for it
	}
	return ""
}

// whole reports whether all that the columns are made of has a form.
func (x *rowExam) whole(columns ...int) bool {
	for _, column := range columns {
		for _, i := range x.entity.basis(column) {
			if x.lost[i] {
				return false
			}
		}
	}
	return true
}

func (x *rowExam) key() {
	if !x.whole(x.entity.KeyColumns...) {
		return
	}
	if _, err := x.record.Key(); err != nil {
		x.add(err)
	}
}

func (x *rowExam) attribute(i int) {
	a := &x.entity.Attributes[i]
	if x.entity.isHydrated(i) || !x.whole(a.Column) {
		return
	}
	v, reason := x.record.computed(a.Column)
	if reason != "" {
		x.add(x.entity.fault(a.Column, reason))
		return
	}
	av, err := x.entity.Attribute(i, v)
	if err != nil {
		x.add(err)
	} else if av != nil {
		x.item[a.Name] = av
	}
}

// size looks at the item as far as it could be made: what is missing would only
// make it larger.
func (x *rowExam) size() {
	if len(x.faults) == 0 {
		if _, err := x.entity.Item(x.record); err != nil {
			x.add(err)
		}
		return
	}
	n, left := ItemSize(x.item), maxItemSize-reservedSize-len(x.entity.Name)
	if n > left {
		x.add(&ValueError{Entity: x.entity.Name, TooLarge: true,
			Reason: fmt.Sprintf("the item would have at least %d bytes; %d are left of DynamoDB's 400 KB", n, left)})
	}
}
