package expr

import (
	"slices"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// A KeyTest is a condition on one top-level attribute that says which keys can
// meet it: a comparison with a value, a BETWEEN, a begins_with or an IN.
type KeyTest struct {
	name   string
	op     op
	values []attr.Value
}

// Name returns the attribute the test is about.
func (t KeyTest) Name() string { return t.name }

// Values returns the values an attribute that meets the test can only have; ok
// is false if it is a range.
func (t KeyTest) Values() (values []attr.Value, ok bool) {
	return t.values, t.op == opEqual || t.op == opIn
}

// IsList reports whether the test is an IN.
func (t KeyTest) IsList() bool { return t.op == opIn }

// Meets reports whether an attribute with the value v meets the test.
func (t KeyTest) Meets(v attr.Value) bool {
	if values, exact := t.Values(); exact {
		return slices.ContainsFunc(values, func(one attr.Value) bool { return attr.Equal(one, v) })
	}
	key, ok := attr.Key(v)
	if !ok || v.Kind() != t.values[0].Kind() {
		return false
	}
	from, to := t.bounds()
	return KeyRange{From: from, To: to}.Contains(key)
}

// Fits checks that the values could be those of a key attribute.
func (t KeyTest) Fits(key KeyAttribute) error {
	for _, v := range t.values {
		switch {
		case v.Kind() != key.Kind:
			return attr.Invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
		case v == attr.String("") || v == attr.Binary(""):
			return EmptyKey(key)
		}
	}
	return nil
}

// EmptyKey returns the service's error for a key attribute that is an empty
// string or an empty binary.
func EmptyKey(key KeyAttribute) error {
	kind := "string"
	if key.Kind == attr.KindBinary {
		kind = "binary"
	}
	return attr.Invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", kind, key.Name)
}

// A KeyRange is what a key condition selects: the items of one partition whose
// sort keys lie in a range. From and To are texts as attr.Key gives them: From
// is the lowest that is in, To the lowest that is out. To is empty where there
// is no upper bound.
type KeyRange struct {
	Hash     attr.Value
	From, To string
}

// Contains reports whether a sort key, as attr.Key gives it, is in the range.
func (r KeyRange) Contains(sort string) bool {
	return sort >= r.From && (r.To == "" || sort < r.To)
}

// Ranges returns the ranges of sort keys that meet the test, within the
// partition of hash, lowest first. Only an IN has several.
func (t KeyTest) Ranges(hash attr.Value) []KeyRange {
	if t.op != opIn {
		from, to := t.bounds()
		return []KeyRange{{Hash: hash, From: from, To: to}}
	}
	var keys []string
	for _, v := range t.values {
		key, _ := attr.Key(v)
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var ranges []KeyRange
	for _, key := range slices.Compact(keys) {
		ranges = append(ranges, KeyRange{Hash: hash, From: key, To: key + "\x00"})
	}
	return ranges
}

// bounds returns the range of sort keys that meet the test. What follows a
// text directly is the text with a zero byte at its end.
func (t KeyTest) bounds() (from, to string) {
	low, _ := attr.Key(t.values[0])
	switch t.op {
	case opLess:
		return "", low
	case opLessOrEqual:
		return "", low + "\x00"
	case opGreater:
		return low + "\x00", ""
	case opGreaterOrEqual:
		return low, ""
	case opBetween:
		high, _ := attr.Key(t.values[1])
		return low, high + "\x00"
	case opBeginsWith:
		return low, afterPrefix(low)
	}
	return low, low + "\x00"
}

// afterPrefix returns the lowest text above all that begin with prefix, empty
// if there is none.
func afterPrefix(prefix string) string {
	for end := len(prefix); end > 0; end-- {
		if last := prefix[end-1]; last < 0xff {
			return prefix[:end-1] + string([]byte{last + 1})
		}
	}
	return ""
}
