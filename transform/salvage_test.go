package transform

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// broken has an attribute that is wrong, an attribute whose type can't hold its
// column, an entity whose key can't be made, one without columns, and one that
// is well.
const broken = `{"tables": [
	{"table": "Users", "type": "single-entity", "source_table": "users", "pk": "id", "tabel": 1,
		"columns": [{"name": "id", "type": "int"}, {"name": "name", "type": "text"}, {"name": "lost", "type": "int"}], "primary_key": ["id"],
		"attributes": [
			{"name": "wrong", "type": "S", "source_column": "nmae"},
			{"name": "id", "type": "N", "source_column": "id"},
			{"name": "number", "type": "N", "source_column": "name"},
			{"name": "name", "type": "S", "source_column": "name"},
			{"name": "name", "type": "S", "source_column": "name"}]},
	{"table": "Keyless", "type": "single-entity", "source_table": "users", "pk": "wrong",
		"attributes": [{"name": "wrong", "type": "S", "source_column": "nmae"}, {"name": "id", "type": "N", "source_column": "id"}]},
	{"table": "Bare", "type": "single-entity", "source_table": "things", "pk": "id", "attributes": [{"name": "id", "type": "N", "source_column": "id"}]},
	{"table": "Joined", "type": "single-entity", "source_table": "users", "pk": "id", "attributes": [
		{"name": "id", "type": "N", "source_column": "id"},
		{"name": "thing", "type": "S", "source_column": null, "join": {"type": "foreign-key", "target_table": "things",
			"join_condition": "users.id = things.id", "select_column": "name"}}]}
]}`

// What is right of a contract with errors can be looked at: no more than that,
// and with the places that it has in the contract.
func TestSalvage(t *testing.T) {
	d := mustParse(t, []byte(broken))
	c, _ := d.Check()
	require.Nil(t, c)
	c = d.Salvage()
	require.NotEmpty(t, c.NotYet, "no store takes it")
	require.Len(t, c.Entities, 1)
	require.Len(t, c.Tables, 1)
	e := c.Entities[0]
	require.Equal(t, "Users", e.Name)
	require.Equal(t, []Attribute{{Name: "id", Type: "N", Column: 0}, {Name: "name", Type: "S", Column: 1}}, e.Attributes)
	require.Equal(t, "/tables/0/attributes/1", e.AttributePointer(0))
	require.Equal(t, "/tables/0/attributes/3", e.AttributePointer(1))
	r := e.NewRecord()
	r.SetAt(0, IntValue(7))
	item, err := e.Item(r)
	require.NoError(t, err)
	require.Len(t, item, 1)

	require.Nil(t, mustParse(t, []byte(`{"tables": []}`)).Salvage())
	require.Nil(t, mustParse(t, []byte(`[7]`)).Salvage())
}

// Of an entity that the contract names twice the first is looked at: who asks for
// findings by its name can't tell the two apart.
func TestSalvageOfOneNameTwice(t *testing.T) {
	entity := func(name, source string) string {
		return `{"entity_type": "` + name + `", "source_table": "` + source + `", "pk_template": "` + source + `#{id}", "sk_template": "#",
			"columns": [{"name": "id", "type": "int"}], "primary_key": ["id"], "attributes": [{"name": "id", "type": "N", "source_column": "id"}]}`
	}
	d := mustParse(t, []byte(`{"tables": [
		{"table": "Things", "type": "multi-entity", "source_table": "things", "pk": "PK", "sk": "SK", "entities": [
			`+entity("THING", "things")+`, `+entity("OTHER", "others")+`, `+entity("THING", "relics")+`]},
		{"table": "More", "type": "multi-entity", "source_table": "more", "pk": "PK", "sk": "SK", "entities": [`+entity("OTHER", "more")+`]}]}`))
	c, findings := d.Check()
	require.Nil(t, c)
	require.NotEmpty(t, findings)
	c = d.Salvage()
	left := map[string]string{}
	for _, e := range c.Entities {
		left[e.Name] += e.Source
		require.Same(t, e, c.Entity(e.Name))
	}
	require.Equal(t, map[string]string{"THING": "things", "OTHER": "others"}, left)
	require.Len(t, c.Tables, 1, "a table of which no entity is left")
}

// FuzzSalvage: whatever is left of a document, its rows can be selected and made
// items of without a panic.
func FuzzSalvage(f *testing.F) {
	for _, file := range []string{"testdata/users.json", "testdata/everything.json", "../mysqlstore/testdata/library.json"} {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte(broken))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		c := d.Salvage()
		if c == nil {
			return
		}
		for _, e := range c.Entities {
			e.SelectList("r")
			e.ItemKeyColumns()
			e.Item(e.NewRecord())
			for i := range e.Attributes {
				require.NotEmpty(t, e.AttributePointer(i))
			}
		}
	})
}
