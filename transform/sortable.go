package transform

import "strings"

// sortDigits is how many digits of a second's fraction a date with a time has at
// least in a sort key: milliseconds. A column that is given a finer precision one
// day then goes on in the order that its items have; without the digits an item
// "…:07Z" would sort behind "…:07.500Z".
const sortDigits = 3

// short reports whether the column's values have fewer digits than a sort key
// wants.
func (c *Column) short() bool {
	return (c.Kind == DateTime || c.Kind == Timestamp) && c.Precision < sortDigits
}

// sortable returns the column's canonical text with the digits of a sort key.
func (c *Column) sortable(text string) string {
	if !c.short() {
		return text
	}
	return insertFraction(text, c.sortZeros())
}

// insertFraction puts digits behind those that a time has, before its Z.
func insertFraction(text, digits string) string {
	if moment, ok := strings.CutSuffix(text, "Z"); ok {
		return moment + digits + "Z"
	}
	return text + digits
}

// sortZeros is what the column's texts lack.
func (c *Column) sortZeros() string {
	if c.Precision == 0 {
		return ".000"
	}
	return "000"[:sortDigits-c.Precision]
}

// unsortable takes the digits off again. ok is false if they are not there.
func (c *Column) unsortable(text string) (canonical string, ok bool) {
	if !c.short() {
		return text, true
	}
	moment, isMoment := strings.CutSuffix(text, "Z")
	if moment, ok = strings.CutSuffix(moment, c.sortZeros()); !ok {
		return "", false
	}
	if isMoment {
		moment += "Z"
	}
	return moment, true
}

// reasonSortDigits is why a sort key is none that Item wrote.
const reasonSortDigits = "is a time with other digits than sort keys have"

// sortKeys notes which attributes are sort keys, and tells those that are made of
// several values.
func (e *Entity) sortKeys() {
	keys := []KeyAttribute{e.Table.SK}
	for _, index := range e.Table.Indexes {
		keys = append(keys, index.SK)
	}
	for _, k := range keys {
		i := e.AttributeIndex(k.Name)
		if k.IsZero() || i < 0 {
			continue
		}
		e.keyLimits[i].sorts = true
		if c := e.Attributes[i].Column; c >= 0 {
			e.Columns[c].sorted()
		}
	}
}

// sorted tells what computes the column that it is in a sort key.
func (c *Column) sorted() {
	switch made := c.computation.(type) {
	case *templated:
		made.sorts = true
	case *concatenated:
		made.sorts = true
	}
}

// sortTexts gives the texts of columns the digits of a sort key, in place.
func (e *Entity) sortTexts(columns []int, texts []string) {
	for i, c := range columns {
		if texts[i] != "" {
			texts[i] = e.Columns[c].sortable(texts[i])
		}
	}
}
