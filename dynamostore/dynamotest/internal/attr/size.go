package attr

import "unicode/utf16"

// Sizes as Amazon counts them (Developer Guide, "DynamoDB item sizes and
// formats"): the overhead of a list or map, and of each element in one.
const (
	containerSize = 3
	elementSize   = 1
)

// ItemSize returns the bytes an item counts for: its names in UTF-8, and its
// values. Limits and capacity units are of this size.
func ItemSize(item Item) int {
	size := 0
	for name, value := range item {
		size += len(name) + Size(value)
	}
	return size
}

// Size returns the bytes a value counts for, without a name.
func Size(v Value) int {
	switch v := v.(type) {
	case String:
		return len(v)
	case Binary:
		return len(v)
	case Number:
		return v.size()
	case Bool, Null:
		return 1
	case StringSet:
		return totalLength(v)
	case BinarySet:
		return totalLength(v)
	case NumberSet:
		size := 0
		for _, n := range v {
			size += n.size()
		}
		return size
	case List:
		size := containerSize
		for _, element := range v {
			size += elementSize + Size(element)
		}
		return size
	case Map:
		return containerSize + len(v)*elementSize + ItemSize(v)
	}
	return 0
}

// size returns one byte for every two digits and one more, plus one for a
// sign: the Guide says no closer than this. Digits are paired around the
// point, as 1|23 and 12|.3 are.
func (n Number) size() int {
	if n.digits == "" {
		return 1
	}
	pairs := pairIndex(int(n.first)) - pairIndex(n.last()) + 1
	size := pairs + 1
	if n.neg {
		size++
	}
	return size
}

// pairIndex returns which pair of digits an exponent is in; 0 and 1 share one.
func pairIndex(exponent int) int { return exponent >> 1 }

func totalLength(members []string) int {
	size := 0
	for _, m := range members {
		size += len(m)
	}
	return size
}

// Length is what the size function of expressions returns: the length of a
// String in UTF-16 units, as DynamoDB Local counts it, the bytes of a Binary,
// the elements of a set, list or map. ok is false for the types that have none.
func Length(v Value) (n int, ok bool) {
	switch v := v.(type) {
	case String:
		return utf16Length(string(v)), true
	case Binary:
		return len(v), true
	case StringSet:
		return len(v), true
	case NumberSet:
		return len(v), true
	case BinarySet:
		return len(v), true
	case List:
		return len(v), true
	case Map:
		return len(v), true
	}
	return 0, false
}

func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
