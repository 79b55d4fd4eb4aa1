package transform

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// catalogue returns what the package's documentation says a contract can say:
// attributes, and the fragments below "Conditions" and "Expressions".
func catalogue(t testing.TB) (attributes, conditions, expressions []string) {
	t.Helper()
	data, err := os.ReadFile("doccatalogue.go")
	require.NoError(t, err)
	section, open := "", ""
	for _, line := range strings.Split(string(data), "\n") {
		text, indented := strings.CutPrefix(line, "//\t")
		switch {
		case !indented:
			require.Empty(t, open, "an attribute without its end")
			if word, _, _ := strings.Cut(strings.TrimPrefix(line, "// "), " "); slices.Contains([]string{"Conditions,", "Expressions,", "Joins.", "Transformations."}, word) {
				section = word
			}
		case section == "Conditions,":
			conditions = append(conditions, text)
		case section == "Expressions,":
			expressions = append(expressions, text)
		default:
			open += text
			if json.Valid([]byte(open)) {
				attributes, open = append(attributes, open), ""
			}
		}
	}
	return attributes, conditions, expressions
}

// withAttribute returns testdata/catalogue.json with one attribute more, first in
// its entity.
func withAttribute(t testing.TB, attribute string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/catalogue.json")
	require.NoError(t, err)
	return []byte(strings.Replace(string(data), `"attributes": [`, `"attributes": [`+attribute+`,`, 1))
}

// TestCatalogue: all that the documentation says a contract can say passes the
// check without findings, and is all that there is.
func TestCatalogue(t *testing.T) {
	attributes, conditions, expressions := catalogue(t)
	said := make(map[string]bool)
	for _, a := range attributes {
		require.Empty(t, checkedTexts(withAttribute(t, a)), a)
		var parsed map[string]any
		require.NoError(t, json.Unmarshal([]byte(a), &parsed))
		for _, part := range []string{"join", "calculation", "transformation"} {
			m, _ := parsed[part].(map[string]any)
			if m == nil {
				continue
			}
			kind := part + " " + m["type"].(string)
			said[kind] = true
			for field, v := range m {
				said[kind+" "+field] = true
				if object, ok := v.(map[string]any); ok {
					for inner := range object {
						said[kind+" "+inner] = true
					}
				}
			}
			if operation, ok := m["operation"].(string); ok {
				said[kind+" "+operation] = true
			}
		}
	}
	for _, c := range conditions {
		a := `{"name": "x", "type": "N", "source_column": null, "calculation": {"type": "case", "cases": [{"when": "` + c + `", "then": "1"}]}}`
		require.Empty(t, checkedTexts(withAttribute(t, a)), c)
	}
	for _, e := range expressions {
		a := `{"name": "x", "type": "T", "source_column": null, "calculation": {"type": "case", "cases": [{"when": "id = 1", "then": "` + e + `"}]}}`
		texts := checkedTexts(withAttribute(t, strings.Replace(a, `"T"`, `"S"`, 1)))
		if len(texts) > 0 {
			texts = checkedTexts(withAttribute(t, strings.Replace(a, `"T"`, `"N"`, 1)))
		}
		require.Empty(t, texts, e)
	}
	for part, shapes := range map[string]map[string]*shape{"join": joinShapes, "calculation": calculationShapes, "transformation": transformationShapes} {
		for kind, s := range shapes {
			if part == "transformation" && calculationShapes[kind] != nil {
				continue // which are calculations wherever they stand
			}
			require.True(t, said[part+" "+kind], "nothing is said of %s %s", part, kind)
			for _, p := range s.props {
				field := part + " " + kind + " " + p.name
				switch {
				case p.name == "join_alias", slices.Contains(unusedFields, field):
					continue
				}
				require.True(t, said[field], "nothing is said of %s", field)
				for _, operation := range p.enum {
					require.True(t, said[part+" "+kind+" "+operation], "nothing is said of %s", operation)
				}
				if p.of != nil && p.form == formObject {
					for _, inner := range p.of.props {
						require.True(t, said[part+" "+kind+" "+inner.name], "nothing is said of %s %s", field, inner.name)
					}
				}
			}
		}
	}
}

// unusedFields are those that the published format has and that say nothing, or
// what another says.
var unusedFields = []string{
	"join self-join target_table", "transformation string-format source_format", "transformation number-format source_format",
	"transformation json-parse format", "transformation static format", "transformation static source_format",
	"transformation template format", "transformation template source_format",
}

// Every function and operator of fragments is in the catalogue.
func TestCatalogueOfFragments(t *testing.T) {
	_, conditions, expressions := catalogue(t)
	all := " " + strings.Join(append(conditions, expressions...), " ") + " "
	for _, word := range []string{" = ", " <> ", " < ", " > ", " <= ", " >= ", " AND ", " OR ", "NOT (", " IS NULL", " IS NOT NULL", " IN (", " NOT IN (",
		" + ", " - ", " * ", " / ", "CONCAT(", "CONCAT_WS(", "COALESCE(", "LOWER(", "UPPER(", "TRIM(", "SUBSTRING(", "IF(",
		"AS CHAR)", "AS SIGNED)", "AS UNSIGNED)", "AS DECIMAL("} {
		require.Contains(t, all, word)
	}
}

// TestOpaqueColumns: columns of types that conditions can't compare are refused,
// and what the documentation says to do about an ENUM is possible.
func TestOpaqueColumns(t *testing.T) {
	when := func(condition string) string {
		return `{"name": "x", "type": "N", "source_column": null, "calculation": {"type": "case", "cases": [{"when": "` + condition + `", "then": "1"}]}}`
	}
	for _, condition := range []string{"placed > '2024-01-01'", "status = 'new'"} {
		texts := checkedTexts(withAttribute(t, when(condition)))
		require.NotEmpty(t, texts, condition)
		require.Contains(t, texts[0], "compares a column that is of a type that fragments only pass on")
	}
	lookup := `{"name": "open", "type": "N", "source_column": "status", "keep": {"dynamodb": "copy"}, "join": {"type": "lookup-table",
		"target_table": "statuses", "join_condition": "statuses.code = orders.status", "select_column": "statuses.open"}}`
	require.Empty(t, checkedTexts(withAttribute(t, when("open = 1")+","+lookup)))
}
