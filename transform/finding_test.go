package transform

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// A finding quotes the beginning of what is long, wherever it comes from.
func TestFindingsAreBrief(t *testing.T) {
	long := strings.Repeat("é lang ", 100000)
	word := strings.Repeat("é", 100000)
	for _, edit := range []string{
		`"type": "multi-entity" => "type": "` + long + `"`,
		`"type": "multi-entity" => "type": "` + word + `"`,
		`"table": "Market" => "table": "` + long + `"`,
		`"select_column": "users.email" => "select_column": "` + long + `"`,
		`"select_column": "users.email" => "select_column": "` + word + `"`,
		`"join_condition": "users.id = orders.user_id" => "join_condition": "users.id = orders.` + word + `"`,
		`"sk_template": "#USER" => "sk_template": "{` + word + `}"`,
		`"sk_template": "#USER" => "sk_template": "{` + long + `"`,
		`"target_table": "users" => "target_table": "` + word + `"`,
		`"entity": "ORDER" => "entity": "` + long + `"`,
		`"name": "kind_id", "type": "int" => "name": "kind_id", "type": "` + long + `"`,
	} {
		texts := checkedTexts(market(t, edit))
		require.NotEmpty(t, texts)
		for _, text := range texts {
			require.Less(t, len(text), maxFinding+500, edit[:60])
			require.True(t, utf8.ValidString(text), edit[:60])
		}
		require.Contains(t, strings.Join(texts, "\n"), "…", edit[:60])
	}
}

func TestBrief(t *testing.T) {
	a := strings.Repeat("a", 250)
	require.Equal(t, "short", brief("short"))
	require.Equal(t, `no `+a[:200]+`… and "`+a[:199]+`…" here, but `+strings.Repeat("word ", 100), brief(`no `+a+` and "`+a+`" here, but `+strings.Repeat("word ", 100)))
	require.Equal(t, `"`+a[:199]+`…`, brief(`"`+a), "a quotation without an end")
	require.Equal(t, `x "a\"b" `+a[:200]+"…", brief(`x "a\"b" `+a))
}

// What was probably meant is another name, and shares something with the one there.
func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		name  string
		known []string
		want  string
	}{
		{"emial", []string{"id", "email"}, `did you mean "email"?`},
		{"ALL", []string{"all"}, `did you mean "all"?`},
		{"x", []string{"x", "y"}, "known are y"},
		{"x", []string{"x"}, ""},
		{"id", []string{"no"}, "known are no"},
		{"a", []string{"b", "b", "", "a", "c"}, "known are b, c"},
		{"abcd", []string{"efgh"}, "known are efgh"},
		{"ab", []string{"abc"}, `did you mean "abc"?`},
	} {
		require.Equal(t, c.want, suggest(c.name, c.known), "%s of %v", c.name, c.known)
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("column%d", i))
	}
	text := suggest("something else", many)
	require.True(t, strings.HasSuffix(text, ", … and 70 more"), text)
}

// An enumeration is said once.
func TestEnumerationsAreSaidOnce(t *testing.T) {
	for _, edit := range []string{
		`"type": "multi-entity" => "type": "zzz"`,
		`"type": "depth" => "type": "zzz"`,
	} {
		for _, text := range checkedTexts(market(t, edit)) {
			if strings.Contains(text, "is none of") {
				require.NotContains(t, text, "known are")
			}
		}
	}
}

// What is wrong in a long contract is found in a moment.
func TestCheckOfManyFaults(t *testing.T) {
	var wrong []string
	for i := range 60000 {
		wrong = append(wrong, fmt.Sprintf(`{"name": "w%d", "type": "N", "source_column": "w%d"}`, i, i))
	}
	d := mustParse(t, withAttribute(t, strings.Join(wrong, ",")))
	_, findings := d.Check()
	require.Len(t, findings, len(wrong))
	require.Len(t, d.Salvage().Entity("Orders").Attributes, 12)
}
