package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// pattern is what is said of a pattern that nobody defined.
func pattern(table, at int, name string) transform.Finding {
	return transform.Finding{Severity: transform.Warning, Pointer: fmt.Sprintf("/tables/%d/satisfies/%d", table, at),
		Reason: fmt.Sprintf("nothing says what %s asks for, so it can't be checked", name), Mend: fmt.Sprintf(`add {"name": %q, "entity": …}`, name)}
}

// TestFindingsOfNamesFolded holds that more than five findings that differ in one
// name only are one line with all places, while the document has each.
func TestFindingsOfNamesFolded(t *testing.T) {
	d := &contractDoc{Contract: "c.json"}
	for i := range 26 {
		d.add(pattern(0, i, fmt.Sprint("AP", i)))
	}
	d.add(transform.Finding{Severity: transform.Warning, Pointer: "/tables/0/sk", Reason: "the item moves"})
	d.add(pattern(1, 3, "AP30"), pattern(1, 5, "AP31"))
	require.Equal(t, []string{
		`warning /tables/0/satisfies/0 to 25, /tables/1/satisfies/3, /tables/1/satisfies/5: nothing says what AP0 asks for, so it can't be checked; ` +
			`add {"name": "AP0", "entity": …}; likewise for AP1, AP2, AP3, AP4 and 23 more`,
		"warning /tables/0/sk: the item moves",
		"c.json: 0 errors, 29 warnings",
	}, d.lines())
	require.Len(t, d.Findings, 29)
}

// TestFindingsOfFewNames holds that few have a line each, and that nothing is
// folded that differs in more than a name, or is about another kind of place.
func TestFindingsOfFewNames(t *testing.T) {
	for name, make := range map[string]func(i int) transform.Finding{
		"five": func(i int) transform.Finding { return pattern(0, i, fmt.Sprint("AP", i%5)) },
		"two names": func(i int) transform.Finding {
			f := pattern(0, i, fmt.Sprint("AP", i))
			f.Reason += fmt.Sprint(" of ", i*i)
			return f
		},
		"another mend": func(i int) transform.Finding {
			f := pattern(0, i, fmt.Sprint("AP", i))
			f.Mend = fmt.Sprint("add ", i*i)
			return f
		},
		"more words": func(i int) transform.Finding {
			f := pattern(0, i, "AP")
			f.Reason += strings.Repeat(" more", i)
			return f
		},
		"another kind": func(i int) transform.Finding {
			f := pattern(0, i, fmt.Sprint("AP", i))
			f.Pointer = fmt.Sprintf("/tables/%d/%s", i, strings.Repeat("x", i))
			return f
		},
		"errors are apart": func(i int) transform.Finding {
			f := pattern(0, i, fmt.Sprint("AP", i))
			f.Severity = transform.Severity(1 + i%2)
			return f
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := &contractDoc{Contract: "c.json"}
			n := 9
			if name == "five" {
				n = 5
			}
			for i := range n {
				d.add(make(i))
			}
			require.Len(t, d.lines(), n+1)
		})
	}
}
