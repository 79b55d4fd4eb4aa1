package attr

import (
	"cmp"
	"slices"
	"strings"
)

// Equal reports whether two values are the same: same type, and numbers by
// amount, sets in any order, lists and maps by what they hold.
func Equal(a, b Value) bool {
	switch a := a.(type) {
	case List:
		b, ok := b.(List)
		return ok && slices.EqualFunc(a, b, Equal)
	case Map:
		b, ok := b.(Map)
		return ok && equalMaps(a, b)
	case StringSet:
		b, ok := b.(StringSet)
		return ok && slices.Equal(a, b)
	case BinarySet:
		b, ok := b.(BinarySet)
		return ok && slices.Equal(a, b)
	case NumberSet:
		b, ok := b.(NumberSet)
		return ok && slices.Equal(a, b)
	}
	switch b.(type) {
	case List, Map, StringSet, BinarySet, NumberSet:
		return false // == would panic on them
	}
	return a == b
}

func equalMaps(a, b Map) bool {
	if len(a) != len(b) {
		return false
	}
	for name, value := range a {
		if other, ok := b[name]; !ok || !Equal(value, other) {
			return false
		}
	}
	return true
}

// Compare returns -1, 0 or 1 as a is below, equal to or above b, and whether
// they have an order: two strings (by their UTF-8 bytes), two binaries (by
// unsigned bytes) or two numbers (by amount). Nothing else has one.
func Compare(a, b Value) (order int, ok bool) {
	switch a := a.(type) {
	case String:
		if b, ok := b.(String); ok {
			return cmp.Compare(a, b), true
		}
	case Binary:
		if b, ok := b.(Binary); ok {
			return cmp.Compare(a, b), true
		}
	case Number:
		if b, ok := b.(Number); ok {
			return a.Compare(b), true
		}
	}
	return 0, false
}

// Key returns text that sorts as Compare orders, for values of one type: the
// bytes of a String or Binary, and for a Number a sign, its exponent and its
// digits. ok is false for other types, which can't be keys.
func Key(v Value) (key string, ok bool) {
	switch v := v.(type) {
	case String:
		return string(v), true
	case Binary:
		return string(v), true
	case Number:
		return v.key(), true
	}
	return "", false
}

// The first byte of a number's key. The exponent and the digits of a negative
// number are complemented, so that what is further from zero comes first.
const (
	keyNegative = 'a'
	keyZero     = 'b'
	keyPositive = 'c'
)

func (n Number) key() string {
	switch n.Sign() {
	case 0:
		return string(byte(keyZero))
	case 1:
		var b strings.Builder
		b.WriteByte(keyPositive)
		b.WriteByte(byte(int(n.first) - minFirst))
		b.WriteString(n.digits)
		return b.String()
	}
	b := make([]byte, 0, len(n.digits)+3)
	b = append(b, keyNegative, ^byte(int(n.first)-minFirst))
	for i := range len(n.digits) {
		b = append(b, ^n.digits[i])
	}
	// Of two that begin alike, the longer is further from zero: -12 above -123.
	return string(append(b, 0xff))
}
