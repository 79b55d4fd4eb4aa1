package transform

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A counter is an attribute of type N that stands for itself.
func TestCounterIsANumber(t *testing.T) {
	const total = `{"keep": {"mysql": "live", "dynamodb": "counter"}, "name": "total", "type": "N"`
	const at = `error /tables/0/entities/1/attributes/7/keep/dynamodb: "counter" can't keep this attribute: a counter is an attribute of type N`
	made := total + ` => {"name": "shown", "type": "S", "source_column": null, "transformation": {"type": "string-format", "format": "{total} EUR"}}, ` + total
	for name, c := range map[string]struct{ edit, want string }{
		"a number":              {total + " => " + total, ""},
		"a text":                {total + ` => {"keep": {"mysql": "live", "dynamodb": "counter"}, "name": "total", "type": "S"`, at + ", and total is of type S; make it N, or use copy"},
		"a text that is copied": {total + ` => {"keep": {"mysql": "live", "dynamodb": "copy"}, "name": "total", "type": "S"`, ""},
		"a text of the number": {total + ` => {"transformation": {"type": "number-format", "format": "000000000000000000000000000000000000.00"}, "keep": {"mysql": "live", "dynamodb": "counter"}, "name": "total", "type": "S"`,
			at + " that stands for itself, and total is a transformation of the number; use copy"},
		"what is made of the number": {made, `error /tables/0/entities/1/attributes/8/keep/dynamodb: "counter" can't keep this attribute: when total is counted anew shown stays, which is made of it; use copy`},
	} {
		t.Run(name, func(t *testing.T) {
			got := slices.DeleteFunc(checkedTexts(market(t, c.edit)), func(s string) bool { return !strings.HasPrefix(s, "error") })
			if c.want == "" {
				require.Empty(t, got)
				return
			}
			require.Equal(t, []string{c.want}, got)
		})
	}
}

// Where nothing is said yet, a counter is not proposed for what it can't be.
func TestCounterIsNotProposedForAText(t *testing.T) {
	const edit = `{"keep": {"mysql": "live", "dynamodb": "counter"}, "name": "total", "type": "N" => {"name": "total", "type": "S"`
	got := slices.DeleteFunc(checkedTexts(market(t, edit)), func(s string) bool { return slices.Contains(checkedTexts(market(t)), s) })
	require.Len(t, got, 1)
	require.Contains(t, got[0], `add "keep": {"mysql": "live", "dynamodb": …} with one of copy`)
	require.NotContains(t, got[0], "counter")
}
