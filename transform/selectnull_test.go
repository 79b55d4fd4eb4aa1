package transform_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// newTables is a joins of tables and a contract of its own.
func newTables(t testing.TB, schema, contract string) *joins {
	t.Helper()
	enginetest.NeedsRealMySQL(t, itemsNeed)
	db, err := mysqlstore.OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	for _, statement := range strings.Split(schema, ";") {
		if strings.TrimSpace(statement) != "" {
			db.MustExec(statement)
		}
	}
	c, err := transform.Load([]byte(contract))
	require.NoError(t, err)
	return &joins{t, db, c}
}

const rootSchema = `CREATE TABLE nodes (id INT PRIMARY KEY, parent INT NULL,
	name VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, worth DECIMAL(10,2) NULL)`

const rootContract = `[{"table": "Nodes", "type": "single-entity", "source_table": "nodes", "pk": "id", "primary_key": ["id"],
	"columns": [{"name": "id", "type": "int"}, {"name": "parent", "type": "int", "null": true},
		{"name": "name", "type": "varchar", "null": true, "length": 60, "collation": "utf8mb4_bin"},
		{"name": "worth", "type": "decimal", "null": true, "precision": 10, "scale": 2}],
	"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "parent", "type": "N", "source_column": "parent"},
		{"name": "name", "type": "S", "source_column": "name"}, {"name": "worth", "type": "N", "source_column": "worth"},
		{"name": "above", "type": "S", "source_column": "parent", "join": {"type": "self-join", "join_alias": "up", "join_condition": "up.id = nodes.parent", "select_column": "up.name", "null_value": "ROOT"}},
		{"name": "aboveWorth", "type": "N", "source_column": "parent", "join": {"type": "self-join", "join_alias": "up", "join_condition": "up.id = nodes.parent", "select_column": "up.worth", "null_value": "-1"}},
		{"name": "pair", "type": "S", "source_column": "parent", "join": {"type": "self-join", "join_alias": "up", "join_condition": "up.id = nodes.parent", "select_column": "CONCAT(up.name, '/', nodes.name)", "null_value": "none"}}]}]`

// A null_value is for the row that is not there. A row that is there and has NULL
// makes an absent attribute, as without a null_value.
func TestNullValueIsForAMissingRow(t *testing.T) {
	j := newTables(t, rootSchema, rootContract)
	j.insert("nodes", 1, nil, "a", "1.50")
	j.insert("nodes", 2, 1, nil, nil)
	j.insert("nodes", 3, 2, "c", nil)
	j.insert("nodes", 4, 99, "d", nil)
	j.apply()

	j.requireItem("Nodes", 1, map[string]string{"above": `"ROOT"`, "aboveWorth": "-1", "pair": `"none"`})
	j.requireItem("Nodes", 2, map[string]string{"above": `"a"`, "aboveWorth": "1.5", "pair": ""})
	j.requireItem("Nodes", 3, map[string]string{"above": "", "aboveWorth": "", "pair": ""})
	j.requireItem("Nodes", 4, map[string]string{"above": `"ROOT"`, "aboveWorth": "-1", "pair": `"none"`})
	j.requireViews()

	e := j.c.Entity("Nodes")
	for _, name := range []string{"above", "aboveWorth", "pair"} {
		require.True(t, e.Columns[e.ColumnIndex(name)].Nullable, name)
	}
}

// requireViews requires that each row of each view is the item.
func (j *joins) requireViews() {
	j.t.Helper()
	for _, e := range j.c.Entities {
		for _, row := range j.rows(e.Name) {
			require.NoError(j.t, row.Err)
			item, err := e.Item(row.Record)
			require.NoError(j.t, err)
			shown := j.shown(e.Name, row.Key.ID)
			for _, a := range e.Attributes {
				if text, ok := shown[a.Name]; ok {
					requireShown(j.t, e, a, item[a.Name], text, e.Name+" "+row.Key.ID)
				}
			}
		}
	}
}
