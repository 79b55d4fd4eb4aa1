package transform

import (
	"fmt"
	"slices"
)

// Types of MySQL whose values are exact numbers, and those that have an order beside them,
// one that is the same in every store.
var (
	exactTypes   = []string{"tinyint", "smallint", "mediumint", "int", "bigint", "decimal"}
	orderedTypes = []string{"year", "date", "datetime", "timestamp", "time"}
)

// total finds the column whose values a SUM, AVG, MIN or MAX is made of, and says why
// that would not be what the server makes of the rows.
func (h *Hydration) total(j *Join) *obstacle {
	ref, alone := j.value.Column()
	if !alone || ref.Table != hopAlias(0) {
		return &obstacle{fmt.Sprintf("what %s is made of is not a single column of the rows", j.Operation),
			"select a column as it is, or query the records, and calculate in the service"}
	}
	of := h.totals.of
	h.value = of.ColumnIndex(ref.Name)
	if why := of.hydratesFrom(h.value); why != nil {
		return why
	}
	c := &of.Columns[h.value]
	mend := "query the records, and make it of them in the service"
	switch adds := j.Operation == "SUM" || j.Operation == "AVG"; {
	case h.value == of.Sequence:
		return &obstacle{fmt.Sprintf("%s is not known of a record that is not stored yet", c.Name), "use a column whose values the service gives"}
	case slices.Contains(exactTypes, c.SQLType):
		return c.addable(j.Operation)
	case adds:
		return &obstacle{fmt.Sprintf("%s of %s is made by the server alone; integers and DECIMAL are added up", j.Operation, c.typeName()), mend}
	case !slices.Contains(orderedTypes, c.SQLType):
		return &obstacle{fmt.Sprintf("%s of %s is in the server's order; integers, DECIMAL, dates and times have one everywhere", j.Operation, c.typeName()), mend}
	}
	return h.comparable(c)
}

// addable says why a total of exact numbers may have more digits than the server's.
func (c *Column) addable(operation string) *obstacle {
	mend := "declare the column with fewer, if that is enough, or query the records, and make it of them in the service"
	switch {
	case c.Kind != Decimal || operation == "MIN" || operation == "MAX":
	case c.Precision+sumDigits > maxDecimalDigits:
		return &obstacle{fmt.Sprintf("%s of %s may have more digits than a DECIMAL", operation, c.typeName()), mend}
	case operation == "AVG" && c.Scale+averageDigits > plainDecimalScale:
		return &obstacle{fmt.Sprintf("AVG of %s has more digits after the point than MySQL's DECIMAL", c.typeName()), mend}
	}
	return nil
}

// plainDecimalScale is how many digits every server keeps after the point.
const plainDecimalScale = 30

// comparable says why the least and most of the column are not those of the rows.
func (h *Hydration) comparable(c *Column) *obstacle {
	shows := &h.entity.Columns[h.Column]
	for _, z := range []string{c.ZeroDates, shows.ZeroDates} {
		if z != "" && z != ZeroDateError {
			return &obstacle{fmt.Sprintf("zero dates of %s have another form in the records", c.Name), `leave "zero_dates" out`}
		}
	}
	return nil
}
