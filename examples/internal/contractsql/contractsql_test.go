package contractsql

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/examples/internal/memmysql"
	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// What go-mysql-server does not have, and what stands for it here: the digits of a
// TIME, and GROUP_CONCAT of many expressions in the order of several columns.
var wants = strings.NewReplacer("TIME(1)", "TIME", `"order_by": "price DESC, product", "select_columns": {`, `"select_columns": {`,
	`"price": "price", "at": "at", "day": "day", "took": "took", "wide": "wide", "doc": "doc", "bits": "bits"}`, `"price": "price"}`)

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile("../../../transform/testdata/" + file)
	require.NoError(t, err)
	return wants.Replace(string(b))
}

func newDatabase(t *testing.T) (*sqlx.DB, *transform.Contract) {
	t.Helper()
	s, err := memmysql.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	admin, err := sqlx.Connect("mysql", s.DSN())
	require.NoError(t, err)
	defer admin.Close()
	admin.MustExec("CREATE DATABASE d")
	db, err := mysqlstore.OpenDB(s.DSN() + "d")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	for _, statement := range strings.Split(read(t, "joins.sql"), ";") {
		if strings.TrimSpace(statement) != "" {
			db.MustExec(statement)
		}
	}
	c, err := transform.Load([]byte(read(t, "joins.json")))
	require.NoError(t, err)
	return db, c
}

// TestStatementsOnMySQLsSyntax: the statements of every join and calculation are
// understood, and give what the contract says.
func TestStatementsOnMySQLsSyntax(t *testing.T) {
	db, c := newDatabase(t)
	for _, statement := range []string{
		"INSERT INTO regions VALUES (1, 'Europe')",
		"INSERT INTO countries VALUES ('PL', 1, 'Polska')",
		"INSERT INTO people (id, country, name, balance) VALUES (1, 'PL', 'Ala', 1.5), (2, NULL, NULL, NULL)",
		"INSERT INTO nodes VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 2, 'c'), (7, 7, 'loop')",
		"INSERT INTO orders (id, buyer, status, total, amount, gift, placed) VALUES (1, 1, 'new', 2.5, 1, 0, '2024-01-01 00:00:00'), (2, 1, 'paid', 0.5, 3, 1, '2024-01-02 00:00:00'), (3, NULL, 'new', NULL, 1, 0, NULL)",
		"INSERT INTO order_lines (`order`, line, product, quantity, price) VALUES (1, 2, 'second', 2, 1.5), (1, 1, 'first', 1, NULL)",
	} {
		db.MustExec(statement)
	}
	want := map[string]map[string]any{
		"People 1": {"region": "Europe", "place": "Polska / Europe", "spent": "3", "orders": "2", "average": "2", "mine": "3"},
		"People 2": {"region": nil, "place": nil, "spent": nil, "orders": "0", "average": nil, "mine": nil},
		"Nodes 1":  {"depth": "0", "path": "a", "above": "RO'OT", "aboveId": "-1", "kind": "ROOT", "level": "0"},
		"Nodes 3":  {"depth": "2", "path": "a > b > c", "above": "b", "aboveId": "2", "kind": "b", "level": "3"},
		"Orders 1": {"buyer_name": "Ala", "buyer_balance": "1.5", "line1": "first", "sum": "3", "lineCount": "2", "lineText": `[{"n":1,"p":"first"}]`},
		"Orders 3": {"buyer_name": nil, "line1": nil, "sum": nil, "lineCount": "0", "lineText": "[]"},
	}
	preview, err := mysqlstore.NewPreview(db, c)
	require.NoError(t, err)
	for _, e := range c.Entities {
		require.NoError(t, preview.Rows(t.Context(), e.Name, 0, func(r store.Row) error {
			if e.Name == "Nodes" && r.Key.ID == "7" {
				require.ErrorContains(t, r.Err, "above itself")
				return nil
			}
			require.NoError(t, r.Err)
			item, err := e.Item(r.Record)
			require.NoError(t, err)
			for name, value := range want[e.Name+" "+r.Key.ID] {
				require.Equal(t, value, plain(item[name]), "%s %s.%s", e.Name, r.Key.ID, name)
			}
			switch e.Name + " " + r.Key.ID {
			case "People 1":
				recent := item["recent"].(*types.AttributeValueMemberL).Value
				require.Len(t, recent, 2)
				require.Equal(t, "2", plain(recent[0].(*types.AttributeValueMemberM).Value["id"]))
			case "Orders 1":
				lines := item["lines"].(*types.AttributeValueMemberL).Value
				require.Len(t, lines, 2)
				require.NotContains(t, lines[0].(*types.AttributeValueMemberM).Value, "price", "a NULL is absent")
			case "Orders 3":
				require.Empty(t, item["lines"].(*types.AttributeValueMemberL).Value)
			}
			return nil
		}), e.Name)
	}
}

// TestInversesOnMySQLsSyntax: so are the statements that find touched keys.
func TestInversesOnMySQLsSyntax(t *testing.T) {
	db, c := newDatabase(t)
	db.MustExec("INSERT INTO nodes VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 2, 'c'), (4, NULL, 'd')")
	asked := 0
	for _, e := range c.Entities {
		for _, source := range c.Sources {
			for _, inverse := range e.Touched(source.Name) {
				values := make([]transform.Value, len(inverse.Needs))
				for i := range values {
					values[i] = transform.IntValue(1)
				}
				s, ok := inverse.Keys(values)
				require.True(t, ok)
				var keys []string
				require.NoError(t, db.Select(&keys, s.SQL, s.Args...), s.SQL)
				if name := e.Columns[inverse.Column].Name; name == "depth" || name == "path" {
					require.ElementsMatch(t, []string{"2", "3"}, keys)
				}
				asked++
			}
		}
	}
	require.Greater(t, asked, 30)
}

// TestViewsOnMySQLsSyntax: the server takes the views and reads them.
func TestViewsOnMySQLsSyntax(t *testing.T) {
	db, c := newDatabase(t)
	db.MustExec("INSERT INTO nodes VALUES (1, NULL, 'a'), (2, 1, 'b')")
	for _, v := range c.Views(transform.ViewPrefix) {
		db.MustExec(v.SQL)
		rows, err := db.Queryx("SELECT * FROM `" + v.Name + "`")
		require.NoError(t, err, v.Name)
		for rows.Next() {
			row, err := rows.SliceScan()
			require.NoError(t, err)
			if v.Entity == "Nodes" && fmt.Sprintf("%s", row[0]) == "2" {
				require.Equal(t, "2 1 b 1 01 a > b a", fmt.Sprintf("%s %s %s %s %s %s %s", row[0], row[1], row[2], row[3], row[4], row[5], row[6]))
			}
		}
		require.NoError(t, rows.Err(), v.Name)
		rows.Close()
	}
}

// plain is the text of a scalar attribute, nil of one that is absent.
func plain(av types.AttributeValue) any {
	switch x := av.(type) {
	case *types.AttributeValueMemberS:
		return x.Value
	case *types.AttributeValueMemberN:
		return x.Value
	}
	return nil
}
