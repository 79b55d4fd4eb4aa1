package transform

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// link makes entities that refer to each other: "B>A cascade".
func link(links ...[3]string) map[string]*Entity {
	all := map[string]*Entity{}
	at := func(name string) *Entity {
		if all[name] == nil {
			all[name] = &Entity{Name: name, Columns: []Column{{Name: "ref"}}}
		}
		return all[name]
	}
	for _, l := range links {
		f := &Reference{Columns: []int{0}, Target: l[1], OnDelete: l[2], of: at(l[0]), to: at(l[1])}
		f.of.References, f.to.referredBy = append(f.of.References, f), append(f.to.referredBy, f)
	}
	return all
}

// TestWhatCanBeStaged: a delete can be staged if nothing that it takes along may have to
// stay, and if it reaches no deeper than MySQL's deletes.
func TestWhatCanBeStaged(t *testing.T) {
	cascade, null, restrict := OnDeleteCascade, OnDeleteSetNull, OnDeleteRestrict
	var deep, deeper [][3]string
	for i := range maxLevels {
		deep = append(deep, [3]string{fmt.Sprint("A", i+1), fmt.Sprint("A", i), cascade})
	}
	deeper = append(deep, [3]string{"Z", fmt.Sprint("A", maxLevels), null})
	for name, c := range map[string]struct {
		links [][3]string
		of    string
		why   string
	}{
		"by nothing":                    {[][3]string{{"B", "A", restrict}}, "A", ""},
		"two levels":                    {[][3]string{{"B", "A", cascade}, {"C", "B", cascade}, {"D", "B", null}}, "A", ""},
		"its own is looked at first":    {[][3]string{{"B", "A", cascade}, {"C", "A", restrict}}, "A", ""},
		"what it takes along is kept":   {[][3]string{{"B", "A", cascade}, {"C", "B", restrict}}, "A", "C.ref keeps records of B"},
		"the same by itself":            {[][3]string{{"B", "A", cascade}, {"C", "B", restrict}}, "B", ""},
		"deeper down":                   {[][3]string{{"B", "A", cascade}, {"C", "B", cascade}, {"D", "C", restrict}}, "A", "D.ref keeps records of C"},
		"what is set to NULL is not":    {[][3]string{{"B", "A", null}, {"C", "B", restrict}}, "A", ""},
		"two ways to one":               {[][3]string{{"B", "A", cascade}, {"C", "A", cascade}, {"D", "B", cascade}, {"D", "C", cascade}}, "A", ""},
		"a circle":                      {[][3]string{{"B", "A", cascade}, {"A", "B", cascade}}, "A", "by A.ref it may take along any number"},
		"a circle below":                {[][3]string{{"B", "A", cascade}, {"B", "B", cascade}}, "A", "by B.ref it may take along any number"},
		"a circle that NULL ends":       {[][3]string{{"B", "A", cascade}, {"A", "B", null}}, "A", ""},
		"as many levels as MySQL takes": {deep, "A0", ""},
		"one more":                      {deeper, "A0", "15 levels of records, and MySQL takes 14"},
		"one less below":                {deeper, "A1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			why := link(c.links...)[c.of].Unstaged()
			if c.why == "" {
				require.Empty(t, why)
				return
			}
			require.Contains(t, why, c.why)
		})
	}
}
