package transform_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// person inserts a row of which only these columns are not NULL.
func (j *joins) person(id int, country, name, balance any) {
	j.t.Helper()
	j.exec("INSERT INTO people (id, country, name, balance) VALUES (?, ?, ?, ?)", id, country, name, balance)
}

func (j *joins) order(id int, buyer any, amount int) {
	j.t.Helper()
	j.exec("INSERT INTO orders (id, buyer, status, amount, gift) VALUES (?, ?, 'new', ?, 0)", id, buyer, amount)
}

func (j *joins) line(order, line int, product, quantity, price any) {
	j.t.Helper()
	j.exec("INSERT INTO order_lines (`order`, line, product, quantity, price) VALUES (?, ?, ?, ?, ?)", order, line, product, quantity, price)
}

// requireItem requires attributes of an item, as encoding/json has them; "" is an
// absent one.
func (j *joins) requireItem(entity string, id int, want map[string]string) {
	j.t.Helper()
	item, err := j.item(entity, id)
	require.NoError(j.t, err)
	for name, text := range want {
		av, ok := item[name]
		if text == "" {
			require.False(j.t, ok, "%s %d has %s: %#v", entity, id, name, av)
			continue
		}
		require.True(j.t, ok, "%s %d has no %s", entity, id, name)
		require.JSONEq(j.t, text, canonical(j.t, plain(av)), "%s %d.%s", entity, id, name)
	}
}

// lax runs a statement under a mode in which zero dates are stored.
func (j *joins) lax(query string) {
	j.t.Helper()
	conn, err := j.db.Connx(j.t.Context())
	require.NoError(j.t, err)
	defer conn.Close()
	for _, q := range []string{"SET @mode = @@SESSION.sql_mode, sql_mode = ''", query, "SET sql_mode = @mode"} {
		_, err := conn.ExecContext(j.t.Context(), q)
		require.NoError(j.t, err)
	}
}

// A row that is not there, or whose column is NULL, makes an absent attribute.
func TestJoinLookups(t *testing.T) {
	j := newJoins(t)
	j.insert("regions", 1, "Eu'rope")
	j.insert("regions", 2, nil)
	j.insert("countries", "PL", 1, "Polska 😀")
	j.insert("countries", "XX", 9, nil)
	j.insert("countries", "YY", 2, "Y")
	j.person(1, "PL", "Ala", "1.5000")
	j.person(2, "XX", nil, nil)
	j.person(3, "YY", "", "-0.0100")
	j.person(4, nil, "Ola", nil)
	j.person(5, "ZZ", "Zoe", nil)
	j.order(1, 1, 1)
	j.order(2, 2, 1)
	j.order(3, nil, 1)
	j.order(4, 99, 1)
	j.order(5, 3, 7)
	j.line(5, 7, "seventh", 1, nil)

	j.requireItem("People", 1, map[string]string{"region": `"Eu'rope"`, "place": `"Polska 😀 / Eu'rope"`, "country2": `{"code": "PL", "in": 1, "name": "Polska 😀"}`})
	j.requireItem("People", 2, map[string]string{"region": "", "place": "", "country2": `{"code": "XX", "in": 9}`})
	j.requireItem("People", 3, map[string]string{"region": "", "place": `"Y"`})
	j.requireItem("People", 4, map[string]string{"region": "", "place": "", "country2": ""})
	j.requireItem("People", 5, map[string]string{"region": "", "place": "", "country2": ""})
	j.requireItem("Orders", 1, map[string]string{"buyer_name": `"Ala"`, "buyer_balance": "1.5", "buyer_balanceText": `"1.5000"`, "line1": ""})
	j.requireItem("Orders", 2, map[string]string{"buyer_name": "", "buyer_balance": ""})
	j.requireItem("Orders", 3, map[string]string{"buyer_name": "", "buyer_id": ""})
	j.requireItem("Orders", 4, map[string]string{"buyer_name": "", "buyer_country": ""})
	j.requireItem("Orders", 5, map[string]string{"buyer_name": `""`, "buyer_balanceText": `"-0.0100"`, "line1": `"seventh"`})
}

// COUNT of none is 0, the others are absent. AVG has four digits more.
func TestJoinAggregates(t *testing.T) {
	j := newJoins(t)
	j.person(1, nil, "a", "2.5000")
	j.person(2, nil, "b", "2.5000")
	j.order(1, 1, 1)
	j.order(2, 1, 2)
	j.order(3, 1, 2)
	j.exec("UPDATE orders SET total = '1.10', paid = '2024-03-31 01:30:00', due = '2024-01-31' WHERE id = 1")
	j.exec("UPDATE orders SET total = '2.20', paid = '2024-03-31 00:30:00' WHERE id = 2")
	j.line(1, 1, "x", 3, "1.50")
	j.line(1, 2, nil, 2, "0.25")
	j.line(1, 3, "y", nil, "9.99")

	j.requireItem("People", 1, map[string]string{"spent": "3.3", "orders": "3", "average": "1.6667", "first": `"2024-03-31T00:30:00Z"`,
		"last": `"2024-01-31"`, "mine": "7.5"})
	j.requireItem("People", 2, map[string]string{"spent": "", "orders": "0", "average": "", "first": "", "last": "", "mine": ""})
	j.requireItem("Orders", 1, map[string]string{"sum": "5", "lineCount": "2"})
	j.requireItem("Orders", 2, map[string]string{"sum": "", "lineCount": "0"})
}

// Lists are in their order, ties in that of the primary key, and as long as their
// limit; fields that are NULL are absent, and no row is an empty list.
func TestJoinLists(t *testing.T) {
	j := newJoins(t)
	j.person(1, nil, "a", nil)
	for id, placed := range []any{nil, "2024-01-01 00:00:00", "2024-01-02 00:00:00", "2024-01-02 00:00:00"} {
		j.order(10-id, 1, id)
		j.exec("UPDATE orders SET placed = ? WHERE id = ?", placed, 10-id)
	}
	j.line(9, 3, `a"\`+"\x1e\n😀", 1, "1.50")
	j.line(9, 1, nil, 2, "1.50")
	j.line(9, 2, "b", nil, nil)
	j.line(9, 4, "", 0, "20")

	j.requireItem("People", 1, map[string]string{"recent": `[
		{"gift": 0, "id": 7, "placed": "2024-01-02T00:00:00.000", "status": "new"},
		{"gift": 0, "id": 8, "placed": "2024-01-02T00:00:00.000", "status": "new"}]`})
	j.requireItem("Orders", 10, map[string]string{"lines": "[]", "lineText": `"[]"`})
	j.requireItem("Orders", 9, map[string]string{
		"lines": `[{"line": 4, "price": 20, "product": "", "q\"t": 0}, {"line": 1, "price": 1.5, "q\"t": 2},
			{"line": 3, "price": 1.5, "product": "a\"\\\u001e\n😀", "q\"t": 1}, {"line": 2, "product": "b"}]`,
		"lineText": `"[{\"n\":1}]"`})
	j.apply()
	require.JSONEq(t, `[{"n": 1}]`, j.shown("Orders", "9")["lineText"].String)

	// A text of a map has the bytes that the item has, escapes and all.
	j.exec("DELETE FROM order_lines WHERE line < 3")
	item, err := j.item("Orders", 9)
	require.NoError(t, err)
	require.Equal(t, `[{"n":3,"p":"a\"\\\u001e\n😀"}]`, item["lineText"].(*types.AttributeValueMemberS).Value)
	require.Equal(t, `[{"n":3,"p":"a\"\\\u001e\n😀"}]`, j.shown("Orders", "9")["lineText"].String)
}

// A list that the server cuts is an error that names the setting, and NULL in the
// view; a limit is served as long as its elements are whole.
func TestListsAreNeverCut(t *testing.T) {
	j := newJoins(t)
	j.apply()
	j.person(1, nil, "a", nil)
	for id := range 40 {
		j.order(id, 1, 1)
	}
	for line := range 40 {
		j.line(1, line, "product", nil, nil)
	}
	e := j.c.Entity("Orders")
	conn, err := j.db.Connx(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	key, err := e.KeyOf(1)
	require.NoError(t, err)
	read := func(size int) error {
		_, err := conn.ExecContext(t.Context(), fmt.Sprintf("SET group_concat_max_len = %d", size))
		require.NoError(t, err)
		return readOne(t, conn, e, key)
	}
	cut := 0
	for size := 4; size < 2200; size += 7 {
		if err := read(size); err != nil {
			require.ErrorContains(t, err, "group_concat_max_len")
			require.NotContains(t, err.Error(), "product\x00")
			cut++
		} else {
			require.Greater(t, size, 40*len("-,70726F64756374,31.;"), "a list that must have been cut was read")
		}
	}
	require.Greater(t, cut, 100)

	for size := 4; size < 1600; size += 7 {
		row := j.shown("Orders", "1", fmt.Sprintf("SET group_concat_max_len = %d", size))
		if row["lines"].Valid {
			require.Equal(t, 40, strings.Count(row["lines"].String, "product\":"), "size %d", size)
		}
		if row["lineText"].Valid {
			require.Equal(t, `[{"n":0,"p":"product"}]`, row["lineText"].String)
		}
	}
	require.True(t, j.shown("Orders", "1", "SET group_concat_max_len = 100")["lineText"].Valid)
}

// A path goes from the root to the row. Whoever has more than 31 rows above, or
// itself, can't be read; the others still can.
func TestTrees(t *testing.T) {
	j := newJoins(t)
	for i := range 34 {
		j.insert("nodes", i, map[bool]any{true: nil, false: i - 1}[i == 0], fmt.Sprint("n", i))
	}
	j.insert("nodes", 50, 51, "c1")
	j.insert("nodes", 51, 50, "c2")
	j.insert("nodes", 52, 52, "c3")
	j.insert("nodes", 60, 99, "lost")
	j.insert("nodes", 61, 60, nil)
	j.insert("nodes", 62, nil, nil)
	j.insert("nodes", 63, 62, "b")

	j.requireItem("Nodes", 0, map[string]string{"depth": "0", "path": `"n0"`, "above": `"RO'OT"`, "aboveId": "-1", "kind": `"ROOT"`, "level": "0",
		"below": `[{"id": 1, "name": "n1"}]`})
	j.requireItem("Nodes", 2, map[string]string{"depth": "2", "path": `"n0 > n1 > n2"`, "above": `"n1"`, "aboveId": "1", "kind": `"n1"`, "level": "2"})
	j.requireItem("Nodes", 60, map[string]string{"depth": "0", "path": `"lost"`, "above": `"RO'OT"`, "kind": "", "level": "0"})
	j.requireItem("Nodes", 61, map[string]string{"depth": "1", "path": `"lost"`, "below": "[]"})
	j.requireItem("Nodes", 62, map[string]string{"depth": "0", "path": ""})
	j.requireItem("Nodes", 63, map[string]string{"depth": "1", "path": `"b"`, "above": ""})
	item, err := j.item("Nodes", 31)
	require.NoError(t, err)
	require.Equal(t, "31", item["depth"].(*types.AttributeValueMemberN).Value)
	require.Equal(t, 31, strings.Count(item["path"].(*types.AttributeValueMemberS).Value, " > "))
	for _, id := range []int{32, 33, 50, 51, 52} {
		_, err := j.item("Nodes", id)
		require.ErrorContains(t, err, "more than 31 rows above the row, or the row is above itself", "%d", id)
	}
	j.apply()
	for _, id := range []string{"32", "50", "52"} {
		row := j.shown("Nodes", id)
		require.False(t, row["depth"].Valid || row["path"].Valid, id)
	}
}

// What no item can hold is NULL in a view, and not something else.
func TestViewShowsNothingWrong(t *testing.T) {
	j := newJoins(t)
	j.apply()
	j.order(1, nil, 123456)
	j.lax("UPDATE orders SET due = '2024-00-10', placed = '0000-00-00 00:00:00', paid = '0000-00-00 00:00:00', gift = 2, extra = '{' WHERE id = 1")
	row := j.shown("Orders", "1")
	for _, name := range []string{"due", "placed", "paid", "gift", "due7", "paidBefore", "placedDay", "paidDay", "amountText", "key", "parsed"} {
		require.False(t, row[name].Valid, "%s is %q", name, row[name].String)
	}
	j.exec("UPDATE orders SET amount = -1, note = 'x', due = '9999-12-31' WHERE id = 1")
	row = j.shown("Orders", "1")
	for _, name := range []string{"amountText", "key", "due7"} {
		require.False(t, row[name].Valid, "%s is %q", name, row[name].String)
	}
	j.exec("UPDATE orders SET amount = 12345, due = NULL WHERE id = 1")
	row = j.shown("Orders", "1")
	require.Equal(t, "12345", row["amountText"].String)
	require.False(t, row["key"].Valid, "LPAD would cut %q", row["key"].String)
	require.Equal(t, "x", row["either"].String)
	j.exec("UPDATE orders SET amount = 12, note = NULL WHERE id = 1")
	require.False(t, j.shown("Orders", "1")["either"].Valid, "an empty text for what is absent")
}

// Statements and views are the same under every sql_mode.
func TestStatementsUnderEveryMode(t *testing.T) {
	j := newJoins(t)
	r := rand.New(rand.NewPCG(1, 2))
	j.fill(r)
	conn, err := j.db.Connx(context.Background())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "SET sql_mode = 'ANSI_QUOTES,IGNORE_SPACE,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'")
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), "SET group_concat_max_len = 16777216")
	require.NoError(t, err)
	for _, e := range j.c.Entities {
		for _, row := range j.rows(e.Name) {
			if row.Err == nil {
				require.NoError(t, readOne(t, conn, e, row.Key))
			}
		}
	}
	for _, v := range j.c.Views("other_") {
		_, err := conn.ExecContext(t.Context(), v.SQL)
		require.NoError(t, err)
		var all, different int
		require.NoError(t, j.db.Get(&all, "SELECT COUNT(*) FROM `"+j.defaultView(v.Entity)+"`"))
		require.NoError(t, j.db.Get(&different, "SELECT COUNT(*) FROM (SELECT * FROM `"+v.Name+"` UNION SELECT * FROM `"+j.defaultView(v.Entity)+"`) AS x"))
		require.Equal(t, all, different, v.Name)
	}
}

// defaultView creates the view of an entity under the usual mode.
func (j *joins) defaultView(entity string) string {
	j.t.Helper()
	for _, v := range j.c.Views(transform.ViewPrefix) {
		if v.Entity == entity {
			j.exec(v.SQL)
			return v.Name
		}
	}
	return ""
}

// The list of an entity without joins is its columns, each in a form that both
// protocols give alike; a key's rows are found by it, and a page by the order of
// the key.
func TestSelectStatements(t *testing.T) {
	c, err := transform.Load([]byte(`[{"table": "Seats", "type": "single-entity", "source_table": "seats", "pk": "row", "sk": "at",
		"columns": [{"name": "row", "type": "decimal", "precision": 5, "scale": 1}, {"name": "at", "type": "datetime", "precision": 0}, {"name": "f", "type": "float"}, {"name": "b", "type": "bit"}, {"name": "n", "type": "int"}],
		"primary_key": ["row", "at"], "attributes": [{"name": "row", "type": "N", "source_column": "row"}, {"name": "at", "type": "S", "source_column": "at"},
		{"name": "f", "type": "N", "source_column": "f"}, {"name": "b", "type": "N", "source_column": "b"}, {"name": "n", "type": "N", "source_column": "n"}]}]`))
	require.NoError(t, err)
	e := c.Entities[0]
	const list = "r.`row`, CAST(r.`at` AS CHAR), (r.`f` + 0e0), CAST(r.`b` AS UNSIGNED), r.`n`"
	require.Equal(t, transform.Statement{SQL: list}, e.SelectList("r"))
	require.Equal(t, "x.`row`, CAST(x.`at` AS CHAR)", e.SelectKey("x").SQL)
	key, err := e.KeyOf("1.5", "2024-01-02 03:04:05")
	require.NoError(t, err)

	s, err := e.SelectKeys(key, key)
	require.NoError(t, err)
	require.Equal(t, "SELECT "+list+" FROM `seats` AS r WHERE (r.`row` = CAST(? AS DECIMAL(5,1)) AND r.`at` = ?) OR (r.`row` = CAST(? AS DECIMAL(5,1)) AND r.`at` = ?)", s.SQL)
	require.Equal(t, []any{"1.5", "2024-01-02 03:04:05", "1.5", "2024-01-02 03:04:05"}, s.Args)

	s, err = e.SelectAfter(transform.Key{}, 7)
	require.NoError(t, err)
	require.Equal(t, transform.Statement{SQL: "SELECT " + list + " FROM `seats` AS r WHERE TRUE ORDER BY r.`row`, r.`at` LIMIT ?", Args: []any{7}}, s)
	s, err = e.SelectAfter(key, 7)
	require.NoError(t, err)
	require.Equal(t, "SELECT "+list+" FROM `seats` AS r WHERE ((r.`row` > CAST(? AS DECIMAL(5,1))) OR (r.`row` = CAST(? AS DECIMAL(5,1)) AND r.`at` > ?)) ORDER BY r.`row`, r.`at` LIMIT ?", s.SQL)
	require.Equal(t, []any{"1.5", "1.5", "2024-01-02 03:04:05", 7}, s.Args)

	_, err = e.SelectKeys(transform.Key{Entity: "Other", ID: "1"})
	require.Error(t, err)
	_, err = e.ReadRow(nil)
	require.ErrorContains(t, err, "another number of columns")
}

// What no view can have is left out by name: FLOAT, names of attributes that MySQL
// takes for none or for one another, and an entity whose name is too long.
func TestViewFindings(t *testing.T) {
	c, err := transform.Load([]byte(`[{"table": "Seats", "type": "single-entity", "source_table": "seats", "pk": "id",
		"columns": [{"name": "id", "type": "int"}, {"name": "f", "type": "float"}, {"name": "d", "type": "double"}, {"name": "j", "type": "json"}],
		"primary_key": ["id"], "attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "ID", "type": "N", "source_column": "id"},
		{"name": "f", "type": "N", "source_column": "f"}, {"name": "d", "type": "S", "source_column": "d"}, {"name": "d ", "type": "N", "source_column": "d"},
		{"name": "j", "type": "S", "source_column": "j"}, {"name": "😀", "type": "JSON", "source_column": "j"}]}]`))
	require.NoError(t, err)
	v := c.Views("show_")[0]
	require.Equal(t, "CREATE OR REPLACE SQL SECURITY INVOKER VIEW `show_Seats` AS SELECT\n  CAST((r.`id` + 0) AS CHAR CHARACTER SET utf8mb4) AS `id`\nFROM `seats` AS r", v.SQL)
	var reasons []string
	for _, f := range v.Findings {
		require.Equal(t, transform.Warning, f.Severity)
		reasons = append(reasons, f.Reason)
	}
	const float = "SQL writes floating point numbers with other digits than items have"
	require.Equal(t, []string{
		"attribute ID of entity Seats is not in the view: another column of the view has the name, but for the case of letters",
		"attribute f of entity Seats is not in the view: " + float,
		"attribute d of entity Seats is not in the view: " + float,
		"attribute d  of entity Seats is not in the view: ends in a blank, as no name in MySQL does",
		"attribute j of entity Seats is not in the view: SQL writes JSON in another form than the canonical one",
		"attribute 😀 of entity Seats is not in the view: has a character that no name in MySQL has",
	}, reasons)
	v = c.Views(strings.Repeat("v", 60))[0]
	require.Empty(t, v.SQL)
	require.ErrorContains(t, fmt.Errorf("%s", v.Findings[0]), "is longer than the 64 characters of a name in MySQL")
}

// MySQL would compare a text with a DECIMAL as floating point numbers.
func TestSelectKeysOfDecimals(t *testing.T) {
	c, findings := transform.Check([]byte(`[{"table": "Prices", "type": "single-entity", "source_table": "prices", "pk": "at",
		"columns": [{"name": "at", "type": "decimal", "precision": 30, "scale": 2}], "primary_key": ["at"], "attributes": [{"name": "at", "type": "N", "source_column": "at"}]}]`))
	require.NotNil(t, c, "%v", findings)
	key, err := c.Entities[0].KeyOf("12345678901234567890.10")
	require.NoError(t, err)
	s, err := c.Entities[0].SelectKeys(key, key)
	require.NoError(t, err)
	require.Contains(t, s.SQL, "WHERE r.`at` IN (CAST(? AS DECIMAL(30,2)), CAST(? AS DECIMAL(30,2)))")
	require.Equal(t, []any{"12345678901234567890.10", "12345678901234567890.10"}, s.Args)
}
