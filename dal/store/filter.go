package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// A Filter is a condition on one column of the records that a query finds. Stores
// know nothing of filters: package dal applies them to what a store has answered,
// with Passes, so that they can't mean one thing in MySQL and another in DynamoDB.
type Filter struct {
	Column int // of the entity's own row, a position in Entity.Columns
	Op     FilterOp
	Values []transform.Value // as many as the Op takes
	// Folded says that texts are compared as the column's collation compares them,
	// and not by their bytes: for equal ones, beginnings and contents.
	Folded bool
}

// A FilterOp is what a Filter demands of the column's value.
type FilterOp uint8

// The conditions. Values are compared by Value.Compare: numbers by size, text by
// its bytes. As in SQL no comparison is true of NULL, that it differs neither.
const (
	Equals   FilterOp = iota + 1 // the value
	Differs                      // another one than the value
	Less                         // than the value
	AtMost                       // the value
	Greater                      // than the value
	AtLeast                      // the value
	OneOf                        // the values, of which there may be any number
	Begins                       // with the value: text or bytes
	Contains                     // the value somewhere: text or bytes
	IsNull                       // NULL
	NotNull                      // any value
)

var filterOps = [...]string{"none", "equals", "differs", "less", "at most", "greater", "at least", "one of", "begins",
	"contains", "is null", "not null"}

// String returns what the condition is called.
func (o FilterOp) String() string { return filterOps[min(int(o), len(filterOps)-1)] }

// values returns how many values the condition takes, -1 for any number.
func (o FilterOp) values() int {
	switch o {
	case IsNull, NotNull:
		return 0
	case OneOf:
		return -1
	}
	return 1
}

// orders reports whether the condition needs an order of values.
func (o FilterOp) orders() bool { return o >= Less && o <= AtLeast }

// searches reports whether the condition looks into the value.
func (o FilterOp) searches() bool { return o == Begins || o == Contains }

// Check returns an error if the filter makes no sense for the entity.
func (f Filter) Check(e *transform.Entity) error {
	if f.Op < Equals || f.Op > NotNull {
		return fmt.Errorf("there is no condition %d", f.Op)
	}
	if f.Column >= 0 && f.Column < len(e.Columns) && e.Columns[f.Column].Hydrated {
		return fmt.Errorf("column %s is hydrated: it is read with the records that were found, and no store has it", e.Columns[f.Column].Name)
	}
	if f.Column < 0 || f.Column >= len(e.Own()) {
		return fmt.Errorf("there is no such column of the entity's own row")
	}
	c := &e.Columns[f.Column]
	switch {
	case f.Op.values() >= 0 && len(f.Values) != f.Op.values():
		return fmt.Errorf("%q of column %s is given %d values and takes %d", f.Op, c.Name, len(f.Values), f.Op.values())
	case f.Op.orders() && c.Kind == transform.JSON:
		return fmt.Errorf("column %s is JSON, and documents have no order", c.Name)
	case f.Op.searches() && c.Kind != transform.Text && c.Kind != transform.Bytes:
		return fmt.Errorf("%q looks into text or bytes, and column %s is of kind %s", f.Op, c.Name, c.Kind)
	case f.Folded:
		if err := f.checkFold(c); err != nil {
			return err
		}
	}
	for _, v := range f.Values {
		if v.Kind() != c.Kind {
			return fmt.Errorf("column %s is of kind %s and cannot be compared with %s", c.Name, c.Kind, v.Kind())
		}
	}
	return nil
}

// checkFold returns an error if the column's texts can't be compared as its collation
// does.
func (f Filter) checkFold(c *transform.Column) error {
	_, known := c.Fold("")
	switch {
	case c.Kind != transform.Text:
		return fmt.Errorf("only text is folded, and column %s is of kind %s", c.Name, c.Kind)
	case !known:
		return fmt.Errorf("which texts the collation %q of column %s takes for equal is not known here", c.Collation, c.Name)
	case f.Op.orders(), f.Op.values() == 0:
		return fmt.Errorf("%q of column %s can't be folded", f.Op, c.Name)
	}
	return nil
}

// Passes reports whether a record of the entity meets the condition.
func (f Filter) Passes(rec transform.Record) bool {
	v := rec.At(f.Column)
	switch {
	case f.Op == IsNull:
		return v.IsNull()
	case v.IsNull():
		return false
	case f.Op == NotNull:
		return true
	case f.Folded:
		return f.passesFolded(&rec.Entity().Columns[f.Column], v.Text())
	case f.Op == OneOf:
		return slices.ContainsFunc(f.Values, func(one transform.Value) bool { return v.Compare(one) == 0 })
	}
	with := f.Values[0]
	switch f.Op {
	case Begins:
		return strings.HasPrefix(v.Text(), with.Text())
	case Contains:
		return strings.Contains(v.Text(), with.Text())
	}
	c := v.Compare(with)
	switch f.Op {
	case Equals:
		return c == 0
	case Differs:
		return c != 0
	case Less:
		return c < 0
	case AtMost:
		return c <= 0
	case Greater:
		return c > 0
	}
	return c >= 0
}

// passesFolded reports whether the text meets the condition by its weights. Check has
// seen that the column has a collation that is known.
func (f Filter) passesFolded(c *transform.Column, text string) bool {
	switch f.Op {
	case Begins, Contains:
		whole, _ := c.FoldPart(text)
		part, _ := c.FoldPart(f.Values[0].Text())
		if f.Op == Begins {
			return strings.HasPrefix(whole, part)
		}
		return strings.Contains(whole, part)
	}
	folded, _ := c.Fold(text)
	is := slices.ContainsFunc(f.Values, func(one transform.Value) bool {
		with, _ := c.Fold(one.Text())
		return folded == with
	})
	return is != (f.Op == Differs)
}
