package transform

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// DynamoDB adds to numbers only, and changes nothing that is made of one: a counter
// is an attribute of type N that stands for itself.
func TestCounterIsANumber(t *testing.T) {
	const total = `{"keep": {"mysql": "live", "dynamodb": "counter"}, "name": "total", "type": "N"`
	const at = `error /tables/0/entities/1/attributes/7/keep/dynamodb: "counter" can't keep this attribute: DynamoDB adds to attributes of type N only, and `
	made := total + ` => {"name": "shown", "type": "S", "source_column": null, "transformation": {"type": "string-format", "format": "{total} EUR"}}, ` + total
	for name, c := range map[string]struct{ edit, want string }{
		"a number":              {total + " => " + total, ""},
		"a text":                {total + ` => {"keep": {"mysql": "live", "dynamodb": "counter"}, "name": "total", "type": "S"`, at + "total is of type S; make it N, or use copy"},
		"a text that is copied": {total + ` => {"keep": {"mysql": "live", "dynamodb": "copy"}, "name": "total", "type": "S"`, ""},
		"a text of the number": {total + ` => {"transformation": {"type": "number-format", "format": "000000000000000000000000000000000000.00"}, "keep": {"mysql": "live", "dynamodb": "counter"}, "name": "total", "type": "S"`,
			at + "total is a transformation of the number; use copy"},
		"what is made of the number": {made, `error /tables/0/entities/1/attributes/8/keep/dynamodb: "counter" can't keep this attribute: what DynamoDB adds to total does not change shown, which is made of it; use copy`},
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
