package transform

import (
	"slices"
	"strings"
)

const (
	reasonNotLabel  = "none of the column's labels as the contract spells them"
	reasonNotLabels = "has a label that is none of the column's as the contract spells them"
)

// isLabelled reports whether the column's values are labels, which MySQL
// compares by their numbers: two that differ are never equal, whatever the
// collation.
func (c *Column) isLabelled() bool { return c.SQLType == "enum" || c.SQLType == "set" }

// canonLabel reads the label of an ENUM. MySQL's "" for what was no label when
// it was inserted is none, unless the column has such a label.
func (c *Column) canonLabel(s string) (Value, string) {
	if !slices.Contains(c.Labels, s) {
		return Value{}, reasonNotLabel
	}
	return Value{kind: Text, text: s}, ""
}

// canonSet reads the labels of a SET and puts them in the order of the
// declaration, each once, as MySQL does.
func (c *Column) canonSet(s string) (Value, string) {
	if s == "" {
		return c.emptySet(), ""
	}
	if reason := c.checkSet(strings.Split(s, ",")); reason != "" {
		return Value{}, reason
	}
	return Value{kind: Text, text: c.joinSet(strings.Split(s, ","))}, ""
}

// emptySet is the value of a SET without members.
func (c *Column) emptySet() Value {
	if c.emptyIsNull {
		return Value{}
	}
	return Value{kind: Text}
}

func (c *Column) checkSet(members []string) string {
	for _, m := range members {
		if !slices.Contains(c.Labels, m) {
			return reasonNotLabels
		}
	}
	return ""
}

func (c *Column) joinSet(members []string) string {
	b := make([]string, 0, len(members))
	for _, label := range c.Labels {
		if slices.Contains(members, label) {
			b = append(b, label)
		}
	}
	return strings.Join(b, ",")
}

// decodeSet reads the members of an SS, which DynamoDB gives in any order.
func (c *Column) decodeSet(members []string) (Value, string) {
	if len(members) == 0 {
		return Value{}, "is an empty set, which DynamoDB does not have"
	}
	if reason := c.checkSet(members); reason != "" {
		return Value{}, reason
	}
	v := Value{kind: Text, text: c.joinSet(members)}
	if strings.Count(v.text, ",")+1 != len(members) {
		return Value{}, "has a member twice"
	}
	return v, ""
}

// fitLabels checks that a text is made of the column's labels, in their order.
func (c *Column) fitLabels(s string) string {
	v, reason := c.canonLabel(s)
	if c.SQLType == "set" {
		v, reason = c.canonSet(s)
	}
	if reason == "" && v.text != s {
		return "not in the form that the column gives it"
	}
	return reason
}

// longestLabels returns how many bytes a value of the column may have.
func (c *Column) longestLabels() int {
	longest, all := 0, 0
	for _, label := range c.Labels {
		longest, all = max(longest, len(label)), all+len(label)+1
	}
	if c.SQLType == "set" {
		return all - 1
	}
	return longest
}

// Sorted is SQL of a value that a column is compared with for its place in the
// order of an index. MySQL sorts labels by their numbers and compares them with a
// text as texts, so of an ENUM or SET it is the number: 0 of what is no label.
func (c *Column) Sorted(v Value) any {
	if !c.isLabelled() || v.IsNull() {
		return c.SQL(v)
	}
	if c.SQLType == "enum" {
		return int64(slices.Index(c.Labels, v.Text()) + 1)
	}
	var bits uint64
	for _, label := range strings.Split(v.Text(), ",") {
		if i := slices.Index(c.Labels, label); i >= 0 {
			bits |= 1 << i
		}
	}
	return bits
}
