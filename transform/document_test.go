package transform

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// withoutColumns is the users contract as people write it, before the columns
// are filled in.
const withoutColumns = `[
  {
    "table": "Users", "type": "single-entity", "source_table": "users", "pk": "userId", "sk": null,
    "attributes": [
      {"name": "userId", "type": "N", "source_table": "users", "source_column": "user_id"},
      {"name": "price", "type": "N", "source_table": "users", "source_column": "price", "justification": "a \"<>\" price"}
    ],
    "estimated_item_size_bytes": 4.0e2
  }
]`

// The columns of a contract that has none are filled in, in place, and nothing
// else of the document changes.
func TestSetColumns(t *testing.T) {
	d := mustParse(t, []byte(withoutColumns))
	c, findings := d.Check()
	require.Nil(t, c)
	require.Equal(t, []Finding{{Error, "/0", "does not say the columns of its source table users", mendColumns}}, findings)
	require.Equal(t, []SourceTable{{Entity: "Users", Table: "users"}}, d.SourceTables())

	columns := []Column{
		{Name: "user_id", SQLType: "bigint", Unsigned: true, Generated: "auto_increment"},
		{Name: "price", SQLType: "decimal", Precision: 10, Scale: 0, Nullable: true, Default: "0"},
	}
	require.EqualError(t, d.SetColumns("users", columns, nil), "the contract has no entity users")
	require.NoError(t, d.SetColumns("Users", columns, []string{"user_id"}))
	require.Equal(t, `[
  {
    "table": "Users",
    "type": "single-entity",
    "source_table": "users",
    "columns": [
      {"name": "user_id", "type": "bigint", "unsigned": true, "null": false, "generated": "auto_increment"},
      {"name": "price", "type": "decimal", "null": true, "precision": 10, "scale": 0, "default": "0"}
    ],
    "primary_key": ["user_id"],
    "pk": "userId",
    "sk": null,
    "attributes": [
      {"name": "userId", "type": "N", "source_table": "users", "source_column": "user_id"},
      {
        "name": "price",
        "type": "N",
        "source_table": "users",
        "source_column": "price",
        "justification": "a \"<>\" price"
      }
    ],
    "estimated_item_size_bytes": 4.0e2
  }
]
`, string(d.JSON()))

	c, findings = d.Check()
	require.Empty(t, findings)
	require.Equal(t, columns[0].Name, c.Entities[0].Columns[0].Name)
	require.True(t, d.SourceTables()[0].Columns)

	// Again, with other columns: they take the place of the first.
	require.NoError(t, d.SetColumns("Users", columns[:1], []string{"user_id"}))
	_, findings = d.Check()
	require.Equal(t, "/0/attributes/1/source_column", findings[0].Pointer)
}

// A contract written by SetColumns says the same columns when it is read.
func TestColumnsRoundTrip(t *testing.T) {
	data, err := os.ReadFile("testdata/everything.json")
	require.NoError(t, err)
	before, err := Load(data)
	require.NoError(t, err)
	e := before.Entities[0]
	d := mustParse(t, data)
	require.NoError(t, d.SetColumns("Everything", e.Columns, []string{"region", "number"}))
	after, err := Load(d.JSON())
	require.NoError(t, err)
	require.Equal(t, e.Columns, after.Entities[0].Columns)
}
