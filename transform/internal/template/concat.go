package template

import "strings"

// A Concat joins columns with a separator and leaves absent ones out.
type Concat struct {
	Separator string
	Columns   int
}

// Format returns the values joined, those left out for which present is false;
// a nil present has them all. ok is false, and the attribute absent, if none is
// left. There are as many of both as columns.
func (c Concat) Format(values []string, present []bool) (text string, ok bool) {
	var b strings.Builder
	for i, v := range values {
		if present != nil && !present[i] {
			continue
		}
		if ok {
			b.WriteString(c.Separator)
		}
		b.WriteString(v)
		ok = true
	}
	return b.String(), ok
}

// Reversible reports whether the columns can be read from the text, which is so
// for one column only, and why not.
func (c Concat) Reversible() (ok bool, reason string) {
	switch {
	case c.Columns == 1:
		return true, ""
	case c.Separator == "":
		return false, "without a separator nothing tells where one column ends and the next begins"
	}
	return false, "a column that is absent leaves no trace, and one that has the separator " + quote(c.Separator) +
		" looks like two; a string-format such as {a}#{b} can be read back"
}
