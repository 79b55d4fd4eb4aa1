package template

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConcat(t *testing.T) {
	for _, c := range []struct {
		separator string
		values    []string
		present   []bool
		want      string
		ok        bool
	}{
		{" ", []string{"Ann", "Lee"}, nil, "Ann Lee", true},
		{" ", []string{"Ann", "", "Lee"}, []bool{true, false, true}, "Ann Lee", true},
		{" ", []string{"Ann", "", "Lee"}, []bool{true, true, true}, "Ann  Lee", true}, // empty is not absent
		{" ", []string{"", "Lee"}, []bool{false, true}, "Lee", true},
		{" ", []string{"", ""}, []bool{false, false}, "", false},
		{" ", []string{""}, []bool{true}, "", true},
		{"", []string{"a", "b"}, nil, "ab", true},
		{" > ", []string{"a > b", "c"}, nil, "a > b > c", true},
	} {
		got, ok := Concat{Separator: c.separator, Columns: len(c.values)}.Format(c.values, c.present)
		require.Equal(t, c.want, got)
		require.Equal(t, c.ok, ok)
	}
}

func TestConcatReversible(t *testing.T) {
	ok, reason := Concat{Separator: " ", Columns: 2}.Reversible()
	require.False(t, ok)
	require.Equal(t, `a column that is absent leaves no trace, and one that has the separator " " looks like two; `+
		`a string-format such as {a}#{b} can be read back`, reason)
	ok, reason = Concat{Columns: 2}.Reversible()
	require.False(t, ok)
	require.Equal(t, "without a separator nothing tells where one column ends and the next begins", reason)
	ok, reason = Concat{Separator: " ", Columns: 1}.Reversible()
	require.True(t, ok)
	require.Empty(t, reason)
}
