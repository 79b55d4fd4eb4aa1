package transform

import (
	"cmp"
	"strings"
)

// Compare orders two values of one column the way both stores do under a binary
// collation: numbers by size and exactly, also beyond what a float64 tells apart;
// false before true; a TIME by its duration; everything else by the bytes of its
// canonical text, which for dates is their order in time. NULL comes before every
// other value. Values of different kinds, which no column has, are ordered by kind.
//
// It is not the order of a MySQL column under a collation that folds, nor of the
// numbers of an ENUM: what the library sorts and compares, it sorts and compares
// like this in both stores.
func (v Value) Compare(o Value) int {
	if v.kind != o.kind {
		return cmp.Compare(v.kind, o.kind)
	}
	switch v.kind {
	case Int:
		return compareInts(v, o)
	case Bool:
		return cmp.Compare(v.num, o.num)
	case Decimal, Float:
		return compareNumbers(v.text, o.text)
	case Time:
		return cmp.Compare(durationOf(v.text), durationOf(o.text))
	}
	return strings.Compare(v.text, o.text)
}

func compareInts(a, b Value) int {
	switch {
	case a.neg && b.neg:
		return cmp.Compare(int64(a.num), int64(b.num))
	case a.neg:
		return -1
	case b.neg:
		return 1
	}
	return cmp.Compare(a.num, b.num)
}

// compareNumbers orders two numbers in canonical text.
func compareNumbers(a, b string) int {
	if a == b {
		return 0
	}
	x, _ := parseNumber(a)
	y, _ := parseNumber(b)
	return x.compare(y)
}

// compare orders two numbers. Their digits have no zeros at either end, so those
// of numbers with the same first place compare as text.
func (n number) compare(o number) int {
	if n.digits == "" || o.digits == "" || n.neg != o.neg {
		return cmp.Compare(n.sign(), o.sign())
	}
	c := cmp.Or(cmp.Compare(n.first(), o.first()), strings.Compare(n.digits, o.digits))
	if n.neg {
		return -c
	}
	return c
}

func (n number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.neg:
		return -1
	}
	return 1
}
