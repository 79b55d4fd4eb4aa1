package transform_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// Texts that would do something if they reached a server as they are.
var pieces = []string{"'); DROP TABLE users; -- ", "` = 1 OR 1=1 -- ", `\'; SELECT SLEEP(9) #`, "\" UNION SELECT @@version /*", "?", "X'27'", "${x}", "é😀`'"}

// What a statement may be made of: names in backticks, literals of this package,
// hexadecimal digits, words and operators. The names are looked at in themselves.
var (
	quotedName = regexp.MustCompile("`(?:[^`]|``)+`")
	hexLiteral = regexp.MustCompile(`_utf8mb4 X'(?:[0-9a-f]{2})*'`)
	ownLiteral = regexp.MustCompile(`'(?:[-.,:;=!0{}[\] TZ"]|00|0000|false|true|\[\^0-9\]|0%|0000%|%Y-%m-%d|\+00:00|1970-01-01 00:00:00)?'`)
	foreign    = regexp.MustCompile(`[^A-Za-z0-9_ ,.()=<>+*/?\n-]+.*`)
	rest       = regexp.MustCompile(`^[A-Za-z0-9_ ,.()=<>+*/?\n-]*$`)
)

// requireSafe requires that of a statement nothing is left but the package's own
// words.
func requireSafe(t testing.TB, statement string) {
	t.Helper()
	left := quotedName.ReplaceAllString(statement, "")
	left = hexLiteral.ReplaceAllString(left, "")
	left = ownLiteral.ReplaceAllString(left, "")
	if !rest.MatchString(left) {
		t.Fatalf("%q is left of\n%s", foreign.FindString(left), statement)
	}
	for _, word := range []string{"DROP", "SLEEP", "@@", "1=1", "UNION SELECT @", "version"} {
		require.NotContains(t, left, word)
	}
}

// everyStatement calls do with every statement that a contract makes.
func everyStatement(t testing.TB, c *transform.Contract, do func(s transform.Statement)) {
	t.Helper()
	for _, e := range c.Entities {
		do(e.SelectList("r"))
		do(e.SelectKey("r"))
		key, err := e.KeyOf(1)
		require.NoError(t, err)
		for _, keys := range [][]transform.Key{{}, {key}, {key, key}} {
			s, err := e.SelectKeys(keys...)
			require.NoError(t, err)
			do(s)
		}
		for _, after := range []transform.Key{{}, key} {
			s, err := e.SelectAfter(after, 10)
			require.NoError(t, err)
			do(s)
		}
		for _, s := range c.Sources {
			for _, v := range e.Touched(s.Name) {
				values := make([]transform.Value, len(v.Needs))
				for i := range values {
					values[i] = transform.TextValue(pieces[0])
					if s.Columns[v.Needs[i]].Kind == transform.Int {
						values[i] = transform.IntValue(1)
					}
				}
				statement, ok := v.Keys(values)
				require.True(t, ok)
				do(statement)
			}
		}
	}
	for _, v := range c.Views("v`'") {
		do(transform.Statement{SQL: v.SQL})
	}
}

// TestNothingOfAContractIsPasted fills every text of a contract with pieces of
// SQL, one text at a time. Most contracts are
// refused; of those that are not, no statement has a piece outside of backticks
// and hexadecimal digits, and every placeholder has an argument.
func TestNothingOfAContractIsPasted(t *testing.T) {
	data, err := os.ReadFile("testdata/joins.json")
	require.NoError(t, err)
	var texts []string
	eachText(parse(t, data), func(s string, _ func(string)) { texts = append(texts, s) })
	accepted, seen := map[string]int{}, map[string]bool{}
	for n := range texts {
		piece := pieces[n%len(pieces)]
		document := parse(t, data)
		i := 0
		eachText(document, func(s string, set func(string)) {
			if i == n {
				set(piece)
			}
			i++
		})
		changed, err := json.Marshal(document)
		require.NoError(t, err)
		c, _ := transform.Check(changed)
		if c == nil {
			continue
		}
		accepted[piece]++
		everyStatement(t, c, func(s transform.Statement) {
			if seen[s.SQL] {
				return // without the piece
			}
			seen[s.SQL] = true
			requireSafe(t, s.SQL)
			require.Equal(t, strings.Count(hexLiteral.ReplaceAllString(quotedName.ReplaceAllString(s.SQL, ""), ""), "?"), len(s.Args), s.SQL)
		})
	}
	for _, piece := range pieces[:5] {
		require.Greater(t, accepted[piece], 5, "%q is hardly ever accepted: %v", piece, accepted)
	}
}

// TestNamesAreQuoted: tables, columns and attributes may be called anything that
// MySQL takes for a name, and the server understands what is said of them.
func TestNamesAreQuoted(t *testing.T) {
	enginetest.NeedsRealMySQL(t, itemsNeed)
	db, err := mysqlstore.OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	defer db.Close()
	for i, piece := range []string{"t`a", "'); DROP TABLE x; -- ", "a\"b", `c\'d`, "?", "é #"} {
		table, id, name, parent := fmt.Sprint("t", i, piece, "x"), piece+"i", piece+"n", piece+"p"
		sql := func(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }
		q := func(s string) string { b, _ := json.Marshal(s); return string(b) }
		c, findings := transform.Check([]byte(`[{"table": "Items", "type": "single-entity", "source_table": ` + q(table) + `, "pk": ` + q(id) + `,
			"columns": [{"name": ` + q(id) + `, "type": "int"}, {"name": ` + q(name) + `, "type": "varchar", "length": 50, "null": true, "collation": "utf8mb4_bin"}, {"name": ` + q(parent) + `, "type": "int", "null": true}],
			"primary_key": [` + q(id) + `], "attributes": [
			{"name": ` + q(id) + `, "type": "N", "source_column": ` + q(id) + `}, {"name": ` + q(name) + `, "type": "S", "source_column": ` + q(name) + `},
			{"name": ` + q(parent) + `, "type": "N", "source_column": ` + q(parent) + `},
			{"name": "above", "type": "S", "source_column": null, "join": {"type": "self-join", "join_alias": "up", "join_condition": ` + q("up."+sql(id)+" = "+sql(table)+"."+sql(parent)) + `,
				"select_column": ` + q("up."+sql(name)) + `, "null_value": ` + q(piece) + `}},
			{"name": "path", "type": "S", "source_column": null, "calculation": {"type": "hierarchy-path", "parent_column": ` + q(parent) + `, "select_column": ` + q(name) + `, "separator": ` + q(piece) + `}},
			{"name": "below", "type": "L", "source_column": null, "join": {"type": "json-construction", "target_table": ` + q(table) + `, "join_alias": "down", "join_condition": ` + q("down."+sql(parent)+" = "+sql(table)+"."+sql(id)) + `,
				"construction": {"type": "array", "select_columns": {` + q(piece) + `: ` + q(sql(name)) + `}}}}]}]`))
		require.NotNil(t, c, "%v", findings)
		everyStatement(t, c, func(s transform.Statement) { requireSafe(t, s.SQL) })
		db.MustExec("CREATE TABLE " + sql(table) + " (" + sql(id) + " INT PRIMARY KEY, " + sql(name) + " VARCHAR(50) COLLATE utf8mb4_bin, " + sql(parent) + " INT)")
		db.MustExec("INSERT INTO "+sql(table)+" VALUES (1, ?, NULL), (2, 'b', 1)", piece)
		j := &joins{t, db, c}
		j.apply()
		j.requireItem("Items", 1, map[string]string{"above": q(piece), "path": q(piece), "below": `[{` + q(piece) + `: "b"}]`})
		j.requireItem("Items", 2, map[string]string{"above": q(piece), "path": q(piece + piece + "b"), "below": "[]"})
		for _, v := range c.Entities[0].Touched(table) {
			s, ok := v.Keys([]transform.Value{transform.IntValue(1)})
			require.True(t, ok)
			require.Contains(t, []int{0, 1}, len(j.keys(c.Entities[0], s)))
		}
	}
}

func parse(t testing.TB, data []byte) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(data, &v))
	return v
}

// eachText calls do for every text of a document in one order, and for the names
// of the maps that it constructs. Any other name would be an unknown property.
func eachText(v any, do func(s string, set func(string))) {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			if s, ok := x.(string); ok {
				do(s, func(to string) { v[i] = to })
			} else {
				eachText(x, do)
			}
		}
	case map[string]any:
		for _, name := range sortedNames(v) {
			if s, ok := v[name].(string); ok {
				do(s, func(to string) { v[name] = to })
			} else {
				eachText(v[name], do)
			}
			if fields, ok := v[name].(map[string]any); ok && name == "select_columns" {
				for _, field := range sortedNames(fields) {
					do(field, func(to string) { fields[to] = fields[field]; delete(fields, field) })
				}
			}
		}
	}
}

func sortedNames(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
