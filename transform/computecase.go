package transform

import (
	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// A cased value is a CASE over the record's own row and its joined columns.
type cased struct {
	// fragment has each reference under ownAlias with the name that the column
	// has in Entity.Columns. A joined one is no column of the table.
	fragment fragment.Fragment
	program  *fragment.Program
	columns  []int           // in the order of program.Columns
	types    []fragment.Type // of columns, as the program knows them
	result   Column
}

func (c *cased) inputs() []int   { return c.columns }
func (c *cased) absent() absence { return absentSometimes }

func (c *cased) reversible() (bool, string) {
	return false, "a case tells what came out and not what it came of"
}

func (c *cased) restore(*Entity, Value) ([]Value, string) { return nil, "" }

func (c *cased) value(r Record) (Value, string) {
	var array [8]fragment.Value
	row := array[:0]
	for i, column := range c.columns {
		v, reason := r.computed(column)
		if reason != "" {
			return Value{}, reason
		}
		x, reason := fragmentValue(v, c.types[i].Kind)
		if reason != "" {
			return Value{}, reason
		}
		row = append(row, x)
	}
	v, err := c.program.Eval(row)
	switch {
	case err != nil:
		return Value{}, err.Error()
	case v.IsNull():
		return Value{}, ""
	}
	return c.result.parse(v.Text())
}

// fragmentValue is a value as fragments have it.
func fragmentValue(v Value, kind fragment.Kind) (fragment.Value, string) {
	switch {
	case v.kind == Null:
		return fragment.NullValue(), ""
	case kind == fragment.Opaque || kind == fragment.Text:
		return fragment.TextValue(v.within()), ""
	case v.kind == Bool:
		return fragment.BoolValue(v.num == 1), ""
	case v.kind == Int && v.neg:
		return fragment.IntValue(int64(v.num)), ""
	case v.kind == Int:
		return fragment.UintValue(v.num), ""
	}
	n, err := fragment.ParseNumber(v.text)
	if err != nil {
		return n, err.Error()
	}
	return n, ""
}
