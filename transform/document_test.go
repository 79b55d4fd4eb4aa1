package transform

import (
	"os"
	"strings"
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
	want := strings.Replace(withoutColumns, `"source_table": "users", "pk"`, `"source_table": "users",
    "columns": [
      {"name": "user_id", "type": "bigint", "unsigned": true, "null": false, "generated": "auto_increment"},
      {"name": "price", "type": "decimal", "null": true, "precision": 10, "scale": 0, "default": "0"}
    ],
    "primary_key": ["user_id"], "pk"`, 1)
	require.NotEqual(t, withoutColumns, want)
	require.Equal(t, want, string(d.JSON()))

	for _, want := range []bool{true, false} {
		added, err := d.AddSequence("Users", "user_id")
		require.NoError(t, err)
		require.Equal(t, want, added, "once")
	}
	_, err := d.AddSequence("users", "user_id")
	require.EqualError(t, err, "the contract has no entity users")
	require.Contains(t, string(d.JSON()), `"primary_key": ["user_id"],
    "sequence": {"column": "user_id"}, "pk"`)

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

// withJoins is a contract with tabs, whose joins read two tables that no entity
// has, one of them through a chain.
const withJoins = `{
	"group": "shop", "tables": [{
		"table": "Lines", "type": "single-entity", "source_table": "lines", "pk": "id",
		"attributes": [
			{"name": "id", "type": "N", "source_column": "id"},
			{"name": "title", "type": "S", "source_column": null, "join": {"type": "foreign-key",
				"target_table": "items", "join_condition": "lines.item_id = items.id", "select_column": "title"}},
			{"name": "maker", "type": "S", "source_column": null, "join": {"type": "chain", "joins": [
				{"target_table": "items", "join_condition": "lines.item_id = items.id", "select_column": "title"},
				{"target_table": "makers", "join_condition": "items.maker_id = makers.id", "select_column": "name"}]}}
		]
	}],
	"$schema": "x"
}
`

// Tables that only joins read get a place of their own, and everything else
// stays byte for byte.
func TestSetTable(t *testing.T) {
	d := mustParse(t, []byte(withJoins))
	require.Equal(t, []SourceTable{{Table: "items"}, {Table: "makers"}}, d.JoinedTables())
	require.Equal(t, []SourceTable{{Entity: "Lines", Table: "lines"}}, d.SourceTables())
	id := []Column{{Name: "id", SQLType: "int"}}
	d.SetTable("items", id, []string{"id"})
	d.SetTable("makers", id, []string{"id"})
	for _, want := range []bool{true, false} {
		added, err := d.AddUnique(SourceTable{Table: "makers"}, "by_id", []string{"ID"})
		require.NoError(t, err)
		require.Equal(t, want, added)
	}
	_, err := d.AddUnique(SourceTable{Table: "others"}, "x", []string{"id"})
	require.EqualError(t, err, "the contract's source_tables have no table others")
	want := strings.Replace(withJoins, "\t}],\n", `	}],
	"source_tables": [
		{
			"table": "items",
			"columns": [
				{"name": "id", "type": "int", "null": false}
			],
			"primary_key": ["id"]
		},
		{
			"table": "makers",
			"columns": [
				{"name": "id", "type": "int", "null": false}
			],
			"primary_key": ["id"],
			"unique": [
				{
					"name": "by_id",
					"columns": ["ID"]
				}
			]
		}
	],
`, 1)
	require.Equal(t, want, string(d.JSON()))
	again := mustParse(t, d.JSON())
	require.Equal(t, []SourceTable{{Table: "items", Columns: true}, {Table: "makers", Columns: true}}, again.JoinedTables())

	// Into what is there already: the second table again, and a third.
	again.SetTable("makers", append(id, Column{Name: "name", SQLType: "text", Nullable: true}), []string{"id"})
	again.SetTable("towns", id, nil)
	want = strings.Replace(want, `false}
			],
			"primary_key": ["id"],`, `false},
				{"name": "name", "type": "text", "null": true}
			],
			"primary_key": ["id"],`, 1)
	want = strings.Replace(want, "\t\t}\n\t],\n", `		},
		{
			"table": "towns",
			"columns": [
				{"name": "id", "type": "int", "null": false}
			],
			"primary_key": []
		}
	],
`, 1)
	require.Equal(t, want, string(again.JSON()))
}

// The forms that a document can have: an array has no place for tables that
// only joins read, and one line stays one line.
func TestSetTableForms(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`[]`, "{\n  \"tables\": [],\n  \"source_tables\": [\n    {\"table\": \"t\", \"columns\": [], \"primary_key\": []}\n  ]\n}\n"},
		{`{"tables":[]}`, `{"tables":[], "source_tables": [{"table": "t", "columns": [], "primary_key": []}]}`},
		{`{"source_tables": []}`, `{"source_tables": [{"table": "t", "columns": [], "primary_key": []}]}`},
		{`{}`, `{"source_tables": [{"table": "t", "columns": [], "primary_key": []}]}`},
		{"{\n}", "{\n  \"source_tables\": [\n    {\"table\": \"t\", \"columns\": [], \"primary_key\": []}\n  ]\n}"},
		{"{\n \"source_tables\": [ ]\n}", "{\n \"source_tables\": [\n  {\n   \"table\": \"t\",\n   \"columns\": [],\n   \"primary_key\": []\n  }\n ]\n}"},
		{`{"source_tables": 7}`, `{"source_tables": [{"table": "t", "columns": [], "primary_key": []}]}`},
	} {
		d := mustParse(t, []byte(c.text))
		d.SetTable("t", nil, nil)
		require.Equal(t, squeeze(c.want), squeeze(string(d.JSON())))
		if strings.Contains(c.text, "\n") {
			require.Contains(t, string(d.JSON()), "\n")
		}
		again := mustParse(t, d.JSON())
		require.Equal(t, []SourceTable{{Table: "t", Columns: true}}, again.JoinedTables())
		require.Equal(t, string(d.JSON()), string(again.JSON()))
	}
}

// squeeze leaves out the blanks, where they are not the matter.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// What says what is to be said already stays as it is written, however that is.
func TestSetTableAgain(t *testing.T) {
	const text = `{"tables": [], "source_tables": [{"table": "t", "primary_key":["id"  ],
	"columns": [ {"name": "id", "type": "int",
		"null": false} ]}]}`
	d := mustParse(t, []byte(text))
	d.SetTable("t", []Column{{Name: "id", SQLType: "int"}}, []string{"id"})
	require.Equal(t, text, string(d.JSON()))
	d.SetTable("t", []Column{{Name: "id", SQLType: "bigint"}}, []string{"id"})
	require.NotEqual(t, text, string(d.JSON()))
}

// A table that an entity has is no joined one, though it is joined; and what is
// new stands as its neighbours do, however far that is.
func TestSetColumnsIndent(t *testing.T) {
	const text = `{"tables": [
  {
        "table": "T", "source_table": "t",
        "attributes": [{"name": "a", "join": {"type": "foreign-key", "target_table": "t"}}, {"name": "b", "join": {"target_table": "u"}}]
  }]}`
	d := mustParse(t, []byte(text))
	require.Equal(t, []SourceTable{{Table: "u"}}, d.JoinedTables())
	require.NoError(t, d.SetColumns("T", nil, []string{"id"}))
	require.Equal(t, strings.Replace(text, `"t",`, `"t",
        "columns": [],
        "primary_key": ["id"],`, 1), string(d.JSON()))
}
