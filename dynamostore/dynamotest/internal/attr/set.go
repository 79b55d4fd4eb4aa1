package attr

import "slices"

// NewStringSet returns the set of the given strings; one that is given twice
// is in it once. The slice is not kept.
func NewStringSet(members ...string) StringSet { return sorted(members) }

// NewBinarySet is NewStringSet for raw bytes.
func NewBinarySet(members ...string) BinarySet { return sorted(members) }

// NewNumberSet is NewStringSet for numbers.
func NewNumberSet(members ...Number) NumberSet {
	set := slices.Clone(members)
	slices.SortFunc(set, Number.Compare)
	return slices.Compact(set)
}

func sorted(members []string) []string {
	set := slices.Clone(members)
	slices.Sort(set)
	return slices.Compact(set)
}

// Union returns the members of both sets, which are of the same type.
func Union(a, b Value) Value {
	switch a := a.(type) {
	case StringSet:
		return NewStringSet(slices.Concat(a, b.(StringSet))...)
	case BinarySet:
		return NewBinarySet(slices.Concat(a, b.(BinarySet))...)
	case NumberSet:
		return NewNumberSet(slices.Concat(a, b.(NumberSet))...)
	}
	return nil
}

// Difference returns the members of a that b does not have; the sets are of
// the same type. It is nil if none are left: there are no empty sets.
func Difference(a, b Value) Value {
	switch a := a.(type) {
	case StringSet:
		if left := without(a, func(m string) bool { return HasMember(b, String(m)) }); len(left) > 0 {
			return StringSet(left)
		}
	case BinarySet:
		if left := without(a, func(m string) bool { return HasMember(b, Binary(m)) }); len(left) > 0 {
			return BinarySet(left)
		}
	case NumberSet:
		if left := without(a, func(n Number) bool { return HasMember(b, n) }); len(left) > 0 {
			return NumberSet(left)
		}
	}
	return nil
}

func without[T any](members []T, drop func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(members), drop)
}

// HasMember reports whether a set has a member. It is false for other types.
func HasMember(set, member Value) bool {
	found := false
	switch set := set.(type) {
	case StringSet:
		if m, ok := member.(String); ok {
			_, found = slices.BinarySearch(set, string(m))
		}
	case BinarySet:
		if m, ok := member.(Binary); ok {
			_, found = slices.BinarySearch(set, string(m))
		}
	case NumberSet:
		if m, ok := member.(Number); ok {
			_, found = slices.BinarySearchFunc(set, m, Number.Compare)
		}
	}
	return found
}
