package transform

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// The graph of the market: written from the contract, table by table. Under each
// column is every attribute that is made of it, and how that is kept.
const marketGraph = `users
  id
    USER.id
    USER.orders
    ORDER.email: live, then edge; users.id = orders.user_id
    ORDER.PK: live, then edge; users.id = orders.user_id
  email
    USER.email
    USER.PK
    ORDER.email: live, then edge; users.id = orders.user_id
    ORDER.PK: live, then edge; users.id = orders.user_id
  username
    USER.username
  city_id
    USER.city
    USER.city_id
orders
  id
    USER.orders: live, then counter; orders.user_id = users.id
    ORDER.id
    ORDER.lines
    ORDER.total
    ORDER.SK
  user_id
    USER.orders: live, then counter; orders.user_id = users.id
    ORDER.email
    ORDER.user_id
    ORDER.PK
  placed
    ORDER.placed
    ORDER.SK
  kind_id
    ORDER.kind_id
    ORDER.kind
  note
    ORDER.note
kinds
  id
    ORDER.kind: live, then edge; kinds.id = orders.kind_id
    Kinds.id
    Kinds.level
    Kinds.level: live, then edge; the rows below in the tree
  name
    ORDER.kind: live, then edge; kinds.id = orders.kind_id
    Kinds.name
  parent_id
    Kinds.parent_id
    Kinds.level
    Kinds.level: live, then edge; the rows below in the tree
cities
  id
    USER.city: live, then copy; cities.id = users.city_id
  name
    USER.city: live, then copy; cities.id = users.city_id
lines
  id
    ORDER.lines: own; lines.order_id = orders.id
  order_id
    ORDER.lines: own; lines.order_id = orders.id
    ORDER.total: live, then counter; lines.order_id = orders.id
  quantity
    ORDER.lines: own; lines.order_id = orders.id
    ORDER.total: live, then counter; lines.order_id = orders.id
  price
    ORDER.lines: own; lines.order_id = orders.id
    ORDER.total: live, then counter; lines.order_id = orders.id
`

func TestGraph(t *testing.T) {
	c, err := Load(market(t))
	require.NoError(t, err)
	require.Equal(t, marketGraph, c.Graph().String())

	text, err := json.Marshal(c.Graph().Feeds[2])
	require.NoError(t, err)
	require.JSONEq(t, `{"table": "users", "column": "id", "entity": "ORDER", "attribute": "email",
		"through": "users.id = orders.user_id", "mysql": "live", "dynamodb": "edge"}`, string(text))
	text, err = json.Marshal(c.Graph().Feeds[0])
	require.NoError(t, err)
	require.JSONEq(t, `{"table": "users", "column": "id", "entity": "USER", "attribute": "id", "mysql": "own", "dynamodb": "own"}`, string(text))
}

// A joined column that nothing is said of is kept in no way, and a chain names the
// whole way back.
func TestGraphOfChains(t *testing.T) {
	c, err := Load(market(t, `"join": {"type": "foreign-key", "target_table": "kinds", "join_condition": "kinds.id = orders.kind_id", "select_column": "kinds.name"} => "join": {"type": "chain", "joins": [{"target_table": "kinds", "join_alias": "k", "join_condition": "k.id = orders.kind_id", "select_column": "k.name"}, {"target_table": "kinds", "join_alias": "p", "join_condition": "p.id = k.parent_id", "select_column": "p.name"}]}`,
		`"keep": {"mysql": "live", "dynamodb": "edge"}, "name": "kind", => "keep": {"mysql": "copy"}, "name": "kind",`))
	require.NoError(t, err)
	require.Equal(t, []string{"kind"}, c.Entity("ORDER").Unkept())
	var got []Feed
	for _, f := range c.Graph().Feeds {
		if f.Attribute == "kind" {
			f.source, f.column, f.entity, f.attribute = 0, 0, 0, 0
			got = append(got, f)
		}
	}
	feed := func(table, column, through, mysql, dynamodb string) Feed {
		return Feed{Table: table, Column: column, Entity: "ORDER", Attribute: "kind", Through: through, MySQL: mysql, DynamoDB: dynamodb}
	}
	const one, two = "kinds.id = orders.kind_id", "kinds.id = kinds.parent_id and kinds.id = orders.kind_id"
	require.Equal(t, []Feed{
		feed("orders", "kind_id", "", "own", "own"),
		feed("kinds", "id", two, "copy", "none"),
		feed("kinds", "id", one, "copy", "none"),
		feed("kinds", "name", two, "copy", "none"),
		feed("kinds", "parent_id", one, "copy", "none"),
	}, got)
}

// What a change of a column touches: attributes of its own record, and of those that
// join the row.
func TestTouchedAttributes(t *testing.T) {
	c, err := Load(market(t))
	require.NoError(t, err)
	column := func(entity, attribute string) int {
		e := c.Entity(entity)
		return e.Attributes[e.AttributeIndex(attribute)].Column
	}
	require.Equal(t, []Touch{
		{Entity: "USER", Attributes: []string{"email", "PK"}, Own: true},
		{Entity: "ORDER", Attributes: []string{"email", "PK"}, Joined: []int{column("ORDER", "email")}},
	}, c.Touched("users", "email"))
	require.Equal(t, []Touch{{Entity: "USER", Attributes: []string{"username"}, Own: true}}, c.Touched("users", "username"))
	require.Equal(t, []Touch{
		{Entity: "ORDER", Attributes: []string{"kind"}, Joined: []int{column("ORDER", "kind")}},
		{Entity: "Kinds", Attributes: []string{"id", "name", "parent_id", "level"}, Own: true, Joined: []int{column("Kinds", "level")}},
	}, c.Touched("kinds"), "a row that comes or goes")
	require.Equal(t, []Touch{{Entity: "ORDER", Attributes: []string{"lines", "total"}, Joined: []int{column("ORDER", "lines"), column("ORDER", "total")}}},
		c.Touched("lines", "price"))
	require.Empty(t, c.Touched("lines", "weight"))
	require.Empty(t, c.Touched("elsewhere"))
}

// What a transformation makes of a calculation, and a template of an attribute that
// is calculated, is made of columns: a graph that names the steps between would be
// of no use, and a change of the column be missed.
func TestGraphOfTwoSteps(t *testing.T) {
	c, findings := Check([]byte(thingsWith(
		`{"name": "due", "type": "S", "source_column": "day", "calculation": {"type": "date-math", "operation": "add", "interval": "1", "unit": "day"}, "transformation": {"type": "date-format", "format": "DD.MM.YYYY"}}`,
		`{"name": "heat", "type": "S", "source_column": null, "calculation": {"type": "case", "cases": [{"when": "n > 1", "then": "note"}]}}`,
		`{"name": "label", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "A#{heat}#{id}"}}`)))
	require.NotNil(t, c, "%v", findings)
	e := c.Entities[0]
	names := func(attribute string) (names []string, told bool) {
		columns, told := e.MadeOf(e.AttributeIndex(attribute))
		for _, i := range columns {
			names = append(names, e.Columns[i].Name)
		}
		return names, told
	}
	for attribute, want := range map[string][]string{"due": {"day"}, "heat": {"n", "note"}, "label": {"n", "note", "id"}} {
		got, told := names(attribute)
		require.Equal(t, want, got, attribute)
		require.Equal(t, attribute == "due", told, attribute)
	}
	require.Contains(t, c.Graph().String(), "  day\n    Things.due\n    Things.cday\n")
	require.Equal(t, []Touch{{Entity: "Things", Attributes: []string{"heat", "label", "cn"}, Own: true}}, c.Touched("things", "n"))
}
