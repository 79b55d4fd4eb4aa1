package transform_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

const caseSchema = `CREATE TABLE parts (id INT PRIMARY KEY, n INT NULL,
	state ENUM('new', '0', '2', '', '''q"\\ż') CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
	other ENUM('2', 'new') CHARACTER SET latin1 NULL, tags SET('a', 'b') CHARACTER SET utf8mb4 NULL,
	lent TINYINT(1) NULL, bits BIT(9) NULL, day DATE NULL, made DATETIME(2) NULL, seen TIMESTAMP NULL, took TIME(1) NULL,
	price DECIMAL(6,2) NULL, born YEAR NULL, title VARCHAR(20) CHARACTER SET utf8mb4 NULL, raw VARBINARY(4) NULL, doc JSON NULL, flag BIT(1) NULL)`

const caseColumns = `{"name": "id", "type": "int"}, {"name": "n", "type": "int", "null": true},
	{"name": "state", "type": "enum", "values": ["new", "0", "2", "", "'q\"\\ż"], "null": true, "collation": "utf8mb4_general_ci"},
	{"name": "other", "type": "enum", "values": ["2", "new"], "null": true, "collation": "latin1_swedish_ci"},
	{"name": "tags", "type": "set", "values": ["a", "b"], "null": true, "collation": "utf8mb4_general_ci"},
	{"name": "lent", "type": "tinyint", "length": 1, "null": true}, {"name": "bits", "type": "bit", "length": 9, "null": true},
	{"name": "day", "type": "date", "null": true}, {"name": "made", "type": "datetime", "precision": 2, "null": true},
	{"name": "seen", "type": "timestamp", "null": true}, {"name": "took", "type": "time", "precision": 1, "null": true},
	{"name": "price", "type": "decimal", "precision": 6, "scale": 2, "null": true}, {"name": "born", "type": "year", "null": true},
	{"name": "title", "type": "varchar", "length": 20, "null": true, "collation": "utf8mb4_general_ci"},
	{"name": "raw", "type": "varbinary", "length": 4, "null": true}, {"name": "doc", "type": "json", "null": true}, {"name": "flag", "type": "bit", "length": 1, "null": true}`

// caseAttributes carry the columns.
func caseAttributes() string {
	var all []string
	for name, attrType := range map[string]string{"n": "N", "state": "S", "other": "S", "tags": "S", "lent": "BOOL", "bits": "N", "day": "S", "made": "S", "seen": "S",
		"took": "S", "price": "N", "born": "N", "title": "S", "raw": "B", "doc": "JSON", "flag": "BOOL"} {
		all = append(all, fmt.Sprintf(`{"name": %q, "type": %q, "source_column": %q}`, name, attrType, name))
	}
	return strings.Join(all, ", ")
}

// caseOf is a contract of which attribute x is a case.
func caseOf(attrType, then, otherwise string) string {
	return fmt.Sprintf(`[{"table": "Parts", "type": "single-entity", "source_table": "parts", "pk": "id", "primary_key": ["id"], "columns": [%s],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, %s,
			{"name": "x", "type": %q, "source_column": null, "calculation": {"type": "case", "cases": [{"when": "n = 1", "then": %q}], "else": %q}}]}]`,
		caseColumns, caseAttributes(), attrType, then, otherwise)
}

// caseRows fills the table; what no item can hold is not in it.
const caseRows = `INSERT INTO parts VALUES
	(1, 1, 'new', '2', 'b,a', 1, b'101', '2024-03-10', '2024-03-10 09:30:00.5', '2024-03-10 09:30:00', '-01:02:03.5', '1.50', 2024, 'Ala', X'00ff', '{"a": 1}', b'1'),
	(2, 0, '2', 'new', '', 0, 0, '0001-01-01', '9999-12-31 23:59:59', '2024-03-31 01:30:00', '100:00:00', '-0.10', 1901, '', '', '[]', b'0'),
	(3, NULL, '', '2', 'a', 1, b'111111111', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(4, 1, '\'q"\\ż', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, b'1'),
	(5, 1, '0', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(6, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`

var caseNames = []string{"n", "state", "other", "tags", "lent", "bits", "day", "made", "seen", "took", "price", "born", "title", "raw", "doc", "flag"}

// compare requires that the views of a contract show its items, and returns whether
// there is such a contract, and nothing is left out of the views.
func (j *joins) compare(name, contract string) (shown bool) {
	c, err := transform.Load([]byte(contract))
	if err != nil {
		return false
	}
	j.t.(*testing.T).Run(name, func(t *testing.T) {
		own := &joins{t, j.db, c}
		shown = true
		for _, v := range c.Views(transform.ViewPrefix) {
			own.exec(v.SQL)
			shown = shown && len(v.Findings) == 0
		}
		own.requireViews()
	})
	return shown
}

// newParts is a database with those rows.
func newParts(t *testing.T) *joins {
	t.Helper()
	contract := caseOf("N", "1", "2")
	j := newTables(t, caseSchema, contract)
	j.exec(caseRows)
	return j
}

// A case that passes a column on shows it in the view as the item has it, whatever
// its type and whatever stands beside it. Of an ENUM or SET it tells NULL only.
func TestCaseOfAnyColumnInViews(t *testing.T) {
	j := newParts(t)
	expressions := []string{"NULL", "'2'", "1.50"}
	for _, c := range caseNames {
		expressions = append(expressions, c, "IF(n = 1, "+c+", NULL)", "IF(n = 0, "+c+", state)", "IF("+c+" IS NULL, 1, 0)", "COALESCE("+c+", state)", "COALESCE("+c+", title)", "COALESCE("+c+", n)")
	}
	shown := map[string]bool{}
	for _, then := range expressions {
		for _, otherwise := range []string{"NULL", "state", "'2'", "n", then} {
			for _, attrType := range []string{"S", "N", "BOOL", "B", "JSON"} {
				if strings.Contains(then, "born") && attrType == "BOOL" {
					continue // which is neither 0 nor 1
				}
				name := then + " else " + otherwise + " as " + attrType
				shown[name] = j.compare(name, caseOf(attrType, then, otherwise))
			}
		}
	}
	for name, want := range map[string]bool{"title else '2' as S": true, "lent else NULL as BOOL": true, "flag else NULL as BOOL": false, "IF(state IS NULL, 1, 0) else n as N": true,
		"state else NULL as S": false, "IF(n = 1, state, NULL) else NULL as S": false, "COALESCE(state, title) else '2' as S": false} {
		require.Equal(t, want, shown[name], name)
	}
}

// partJoin is a contract of which attribute x is joined.
func partJoin(attrType, join string) string {
	return fmt.Sprintf(`[{"table": "Parts", "type": "single-entity", "source_table": "parts", "pk": "id", "primary_key": ["id"], "columns": [%s],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, %s,
			{"name": "x", "type": %q, "source_column": "n", "keep": {"dynamodb": "copy"}, "join": %s}]}]`, caseColumns, caseAttributes(), attrType, join)
}

// A join that gives a column under a condition, or something else where there is no
// row, shows it in the view as the item has it, whatever its type.
func TestConditionalOfAnyColumnInViews(t *testing.T) {
	j := newParts(t)
	others := []string{"", `, "else_value": "2"`, `, "else_value": "new"`, `, "else_value": ""`, `, "else_value": "2024-03-10"`, `, "else_value": "1"`}
	for _, c := range []string{"n", "state", "lent", "title"} {
		others = append(others, `, "else_column": "parts.`+c+`"`)
	}
	shown := 0
	for _, c := range caseNames {
		for _, attrType := range []string{"S", "N", "BOOL", "B", "SS", "JSON"} {
			for _, other := range others {
				for _, condition := range []string{"parts.n = 1", "up.state IS NULL"} {
					join := fmt.Sprintf(`{"type": "conditional", "condition": %q, "target_table": "parts", "join_alias": "up", "join_condition": "up.id = parts.n", "select_column": "up.%s"%s}`, condition, c, other)
					if j.compare(c+" if "+condition+other+" as "+attrType, partJoin(attrType, join)) {
						shown++
					}
				}
			}
			null := strings.Replace(strings.TrimPrefix(others[1], ", "), "else_value", "null_value", 1)
			for _, nothing := range []string{"", ", " + null} {
				join := fmt.Sprintf(`{"type": "self-join", "join_alias": "up", "join_condition": "up.id = parts.n", "select_column": "up.%s"%s}`, c, nothing)
				if j.compare(c+nothing+" as "+attrType, partJoin(attrType, join)) {
					shown++
				}
			}
		}
	}
	require.Greater(t, shown, 100)
	require.False(t, j.compare("IF of an ENUM", partJoin("S", `{"type": "self-join", "join_alias": "up", "join_condition": "up.id = parts.n", "select_column": "IF(up.n = 1, up.state, NULL)"}`)))
}
