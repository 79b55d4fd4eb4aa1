package transform

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/template"
)

// calculate reads what attribute i is calculated of in its own row: a literal, a
// map of its columns, a case, a concat, date-math. It reports whether nothing is
// wrong with that.
func (k *entityChecker) calculate(n *node, i int) bool {
	a, at := &k.entity.Attributes[i], k.attributeAt[i]
	calculation := n.get("calculation")
	fields, isObject := k.objects[a.Name]
	var column int
	switch {
	case n.get("literal") != nil:
		column = k.literal(n, at, a)
	case isObject:
		column = k.object(a, fields, at)
	case calculation == nil || readsRows(calculation):
		return k.hasSource(n, at)
	case calculation.str("type") == "case":
		column = k.cases(calculation, at+"/calculation", a, n.get("transformation") == nil)
	case calculation.str("type") == "concat":
		column = k.concat(n, calculation, at, a)
	case calculation.str("type") == "date-math":
		column = k.dateMath(calculation, at+"/calculation", a)
	default:
		return false // which the walk has found
	}
	a.Column = column
	return column >= 0
}

// hasSource finds attributes of several columns that nothing is made of.
func (k *entityChecker) hasSource(n *node, at string) bool {
	columns := n.get("source_column")
	if columns == nil || columns.form != formArray || n.get("join") != nil || isTemplate(n.get("transformation")) {
		return true
	}
	k.err(at+"/source_column", "names several columns, and not what is made of them",
		`add "calculation": {"type": "concat", "separator": " "}, or name one column`)
	return false
}

// concat reads columns that are joined with a separator.
func (k *entityChecker) concat(n, calculation *node, at string, a *Attribute) int {
	columns := k.sourceColumns(n, at+"/source_column")
	if columns == nil {
		return -1
	}
	c := &concatenated{columns: columns, concat: template.Concat{Separator: calculation.str("separator"), Columns: len(columns)}}
	longest := (len(columns) - 1) * len(c.concat.Separator)
	for _, i := range columns {
		longest += longestText(&k.entity.Columns[i])
	}
	return k.addComputed(a.Name, c, Column{SQLType: "longtext", Kind: Text, Collation: binaryCollation, longest: longest})
}

// sourceColumns finds the columns of a source_column that become one text.
func (k *entityChecker) sourceColumns(n *node, at string) []int {
	names := n.texts("source_column")
	if one := n.get("source_column"); one != nil && one.form == formString {
		names = []string{one.text}
	}
	if len(names) == 0 {
		k.err(at, "names no column, and a concat is made of columns", `use "source_column": ["a", "b"]`)
		return nil
	}
	var columns []int
	for i, name := range names {
		at := fmt.Sprintf("%s/%d", at, i)
		column := k.ownColumn(name)
		if column < 0 {
			k.err(at, fmt.Sprintf("table %s has no column %q", k.entity.Source, name), suggest(name, k.from.names()))
			return nil
		}
		if own := &k.entity.Columns[column]; own.Kind == Bytes || own.Kind == JSON {
			k.err(at, "column "+name+" is "+own.typeName()+", and a concat is a text", "give it an attribute of its own")
			return nil
		}
		columns = append(columns, column)
	}
	return columns
}

// dateMath reads an interval that is added to a date or time, or subtracted.
func (k *entityChecker) dateMath(n *node, at string, a *Attribute) int {
	if a.Column < 0 {
		k.err(strings.TrimSuffix(at, "/calculation")+"/source_column", "names no column, and an interval is added to one", "name a column that is a date")
		return -1
	}
	s, ok := k.interval(n, at)
	if !ok {
		return -1
	}
	c := &k.entity.Columns[a.Column]
	if c.Kind != 0 && c.Kind != Date && c.Kind != DateTime && c.Kind != Timestamp {
		k.err(at, "column "+c.Name+" is "+c.typeName()+", and an interval is added to a date", "")
		return -1
	}
	s.column, s.kind = a.Column, c.Kind
	of := Column{SQLType: c.SQLType, Kind: c.Kind, Precision: c.Precision}
	if seconds := intervalSeconds[s.unit]; c.Kind == Date && seconds > 0 && seconds < intervalSeconds["day"] {
		s.kind, of.Kind, of.SQLType = DateTime, DateTime, "datetime"
	}
	return k.addComputed(a.Name, s, of)
}

// interval reads what is added or subtracted.
func (k *entityChecker) interval(n *node, at string) (*shifted, bool) {
	operation, unit := n.str("operation"), strings.ToLower(n.str("unit"))
	number := ""
	if v := n.get("interval"); v != nil && (v.form == formString || v.form == formNumber) {
		number = v.text
	}
	amount, whole := wholeNumber(number, 1, maxInterval)
	switch {
	case operation != "add" && operation != "subtract":
		k.err(at+"/operation", fmt.Sprintf("%q is none of add, subtract", operation), meant(operation, []string{"add", "subtract"}))
		return nil, false
	case !whole:
		k.err(at+"/interval", fmt.Sprintf("%q is not an integer from 1 to %d", number, maxInterval), `use "subtract" for what would be below zero`)
		return nil, false
	case intervalSeconds[unit] == 0 && intervalMonths[unit] == 0:
		units := append(sortedKeys(intervalSeconds), sortedKeys(intervalMonths)...)
		k.err(at+"/unit", fmt.Sprintf("%q is none of %s", unit, strings.Join(units, ", ")), meant(unit, units))
		return nil, false
	}
	if operation == "subtract" {
		amount = -amount
	}
	return &shifted{amount: amount, unit: unit}, true
}

// wholeNumber is an integer that a contract has as text, within bounds.
func wholeNumber(text string, low, high int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= low && n <= high && strconv.Itoa(n) == text
}
