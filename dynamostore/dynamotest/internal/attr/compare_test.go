package attr

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// different are values of which none equals another.
func different() []Value {
	return []Value{
		nil, String(""), String("1"), String("a"), Binary(""), Binary("1"), Int(0), Int(1), Int(-1),
		Bool(true), Bool(false), Null{}, List{}, List{Int(1)}, List{Int(1), Int(2)}, List{Int(2), Int(1)},
		Map{}, Map{"a": Int(1)}, Map{"b": Int(1)}, Map{"a": Int(1), "b": Int(1)}, Map{"a": List{}},
		NewStringSet("1"), NewStringSet("1", "2"), NewNumberSet(Int(1)), NewNumberSet(Int(1), Int(2)),
		NewBinarySet("1"), NewBinarySet("1", "2"),
	}
}

func TestEqual(t *testing.T) {
	for i, a := range different() {
		for j, b := range different() {
			require.Equal(t, i == j, Equal(a, b), "%v %v", a, b)
		}
	}
	require.True(t, Equal(NewStringSet("b", "a", "a"), NewStringSet("a", "b")))
	require.True(t, Equal(NewNumberSet(Int(10), Int(9)), NewNumberSet(Int(9), Int(10))))
	require.True(t, Equal(Map{"a": List{number(t, "1.0")}}, Map{"a": List{number(t, "1e0")}}))
	require.True(t, Equal(List(nil), List{}))
}

func TestCompare(t *testing.T) {
	for _, ascending := range [][]Value{
		{String(""), String("A"), String("AA"), String("a"), String("é"), String("\uffff"), String("😀")},
		{Binary(""), Binary("\x00"), Binary("\x7f"), Binary("\x80"), Binary("\xff"), Binary("\xff\x00")},
		{number(t, "-1E125"), number(t, "-11"), number(t, "-10"), number(t, "-1.5"), number(t, "-1"), number(t, "-1E-130"), Int(0),
			number(t, "1E-130"), number(t, "0.5"), Int(1), number(t, "1.5"), Int(2), Int(9), Int(10), Int(11), Int(100), number(t, "1E125")},
	} {
		for i, a := range ascending {
			for j, b := range ascending {
				order, ok := Compare(a, b)
				require.True(t, ok)
				require.Equal(t, sign(i-j), order, "%v %v", a, b)
				keyA, _ := Key(a)
				keyB, _ := Key(b)
				require.Equal(t, sign(i-j), strings.Compare(keyA, keyB), "%v %v", a, b)
			}
		}
	}
	values := different()
	for _, a := range values {
		for _, b := range values {
			_, ok := Compare(a, b)
			_, isKey := Key(a)
			require.Equal(t, ok, isKey && b != nil && a.Kind() == b.Kind(), "%v %v", a, b)
		}
	}
}

func TestSets(t *testing.T) {
	a, b := NewStringSet("a", "c"), NewStringSet("b", "c")
	require.Equal(t, NewStringSet("a", "b", "c"), Union(a, b))
	require.Equal(t, NewStringSet("a"), Difference(a, b))
	require.Nil(t, Difference(a, a))
	require.Equal(t, NewNumberSet(Int(1), Int(2)), Union(NewNumberSet(Int(2)), NewNumberSet(Int(1), Int(2))))
	require.Equal(t, NewNumberSet(Int(1)), Difference(NewNumberSet(Int(2), Int(1)), NewNumberSet(Int(2))))
	require.Nil(t, Difference(NewNumberSet(Int(2)), NewNumberSet(Int(2))))
	require.Equal(t, NewBinarySet("a", "b"), Union(NewBinarySet("b"), NewBinarySet("a")))
	require.Equal(t, NewBinarySet("b"), Difference(NewBinarySet("a", "b"), NewBinarySet("a")))
	require.Nil(t, Difference(NewBinarySet("a"), NewBinarySet("a")))
	require.Equal(t, NewStringSet("a", "c"), a, "sets are not changed")

	require.True(t, HasMember(a, String("c")))
	require.False(t, HasMember(a, String("b")))
	require.False(t, HasMember(a, Binary("a")))
	require.True(t, HasMember(NewNumberSet(Int(10), Int(9)), number(t, "9.0")))
	require.True(t, HasMember(NewBinarySet("x"), Binary("x")))
	require.False(t, HasMember(List{Int(1)}, Int(1)))
}

// TestSize holds what DynamoDB Local and dynoxide count, found by filling
// items up to the limit.
func TestSize(t *testing.T) {
	for text, want := range map[string]int{
		"0": 1, "1": 2, "10": 2, "12": 2, "99": 2, "100": 2, "123": 3, "1234": 3, "12345": 4,
		"-1": 3, "-12": 3, "-123": 4, "0.1": 2, "0.12": 2, "0.01": 2, "0.001": 2, "1.5": 3,
		"12.5": 3, "12.34": 3, "1E10": 2, "1E125": 2, "1E-130": 2, "1.0": 2,
		"12345678901234567890123456789012345678":  20,
		"-12345678901234567890123456789012345678": 21,
	} {
		require.Equal(t, want, Size(number(t, text)), text)
	}
	for _, c := range []struct {
		v    Value
		want int
	}{
		{String(""), 0}, {String("é"), 2}, {Binary("\x01\x02"), 2}, {Bool(true), 1}, {Null{}, 1},
		{List{}, 3}, {Map{}, 3}, {List{String("a")}, 5}, {List{String("a"), String("b")}, 7},
		{Map{"k": String("a")}, 6}, {Map{"k": String("a"), "l": String("b")}, 9},
		{NewStringSet("a", "bb"), 3}, {NewNumberSet(Int(1), Int(2)), 4}, {NewBinarySet("x"), 1},
		{List{List{}}, 7}, {Map{"k": Map{}}, 8}, {List{Int(1)}, 6},
	} {
		require.Equal(t, c.want, Size(c.v), "%v", c.v)
	}
	require.Equal(t, 7, ItemSize(Item{"pké": String("x"), "n": Int(0)}))
}

func TestLength(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want int
	}{
		{String("héllo"), 5}, {String("😀"), 2}, {Binary("\x00\x01"), 2}, {List{Int(1)}, 1}, {Map{"a": Int(1)}, 1},
		{NewStringSet("a", "b"), 2}, {NewNumberSet(Int(1)), 1}, {NewBinarySet("a", "b"), 2},
	} {
		n, ok := Length(c.v)
		require.True(t, ok)
		require.Equal(t, c.want, n, "%v", c.v)
	}
	for _, v := range []Value{nil, Int(5), Bool(true), Null{}} {
		_, ok := Length(v)
		require.False(t, ok, "%v", v)
	}
}

// What follows a key directly is the key with a zero byte: ranges rely on it.
func TestKeySuccessor(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		a, errA := ParseNumber(randomNumber(r))
		b, errB := ParseNumber(randomNumber(r))
		if errA != nil || errB != nil {
			continue
		}
		if a.Compare(b) < 0 {
			require.Less(t, a.key()+"\x00", b.key(), "%v %v", a, b)
		}
	}
}
