package mysqlstore

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// An index leads to rows by what it begins with, and a unique one also where more
// is known of the row than the index has: that much tells it.
func TestLiveIndexFinds(t *testing.T) {
	index := func(columns ...string) liveIndex { return liveIndex{columns: columns} }
	unique := func(columns ...string) liveIndex { return liveIndex{columns: columns, unique: true} }
	for name, c := range map[string]struct {
		index   liveIndex
		columns []string
		want    bool
	}{
		"itself":                           {index("a"), []string{"a"}, true},
		"another column":                   {index("a"), []string{"b"}, false},
		"letters of either case":           {index("A", "b"), []string{"B", "a"}, true},
		"a beginning":                      {index("a", "b"), []string{"a"}, true},
		"an end":                           {index("a", "b"), []string{"b"}, false},
		"a beginning in another order":     {index("a", "b", "c"), []string{"b", "a"}, true},
		"a gap":                            {index("a", "b", "c"), []string{"a", "c"}, false},
		"an expression before":             {index("", "a"), []string{"a"}, false},
		"an expression behind":             {index("a", ""), []string{"a"}, true},
		"less than is known":               {index("a"), []string{"a", "b"}, false},
		"less than is known, unique":       {unique("a"), []string{"b", "a"}, true},
		"two of three, unique":             {unique("a", "b"), []string{"a", "b", "c"}, true},
		"begins only, unique":              {unique("a", "c"), []string{"a", "b"}, false},
		"begins otherwise, unique":         {unique("c"), []string{"a", "b"}, false},
		"nothing of a unique expression":   {unique(""), []string{"a"}, false},
		"a column and a unique expression": {unique("a", ""), []string{"a", "b"}, false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, c.index.finds(c.columns)) })
	}
}

// Two attributes of one column look records up by it once: an index that has it
// twice is none.
func TestOwnNames(t *testing.T) {
	e := &transform.Entity{Columns: []transform.Column{{Name: "a"}, {Name: "b"}, {Name: "joined", Join: &transform.Join{}}}}
	names, own := ownNames(e, []int{1, 0, 1})
	require.True(t, own)
	require.Equal(t, []string{"b", "a"}, names)
	_, own = ownNames(e, []int{0, 2})
	require.False(t, own)
}
