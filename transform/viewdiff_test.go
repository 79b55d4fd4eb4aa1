package transform_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

const itemsNeed = "knows views, JSON and GROUP_CONCAT as MySQL does"

// A joins is a database with the tables of testdata/joins.sql, and the contract
// of testdata/joins.json over them: every join, calculation and transformation.
type joins struct {
	t  testing.TB
	db *sqlx.DB
	c  *transform.Contract
}

func newJoins(t testing.TB) *joins {
	t.Helper()
	enginetest.NeedsRealMySQL(t, itemsNeed)
	db, err := mysqlstore.OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	schema, err := os.ReadFile("testdata/joins.sql")
	require.NoError(t, err)
	for _, statement := range strings.Split(string(schema), ";") {
		if strings.TrimSpace(statement) != "" {
			db.MustExec(statement)
		}
	}
	c, err := transform.LoadFile("testdata/joins.json")
	require.NoError(t, err)
	return &joins{t, db, c}
}

func (j *joins) exec(query string, args ...any) {
	j.t.Helper()
	_, err := j.db.Exec(query, args...)
	require.NoError(j.t, err, query)
}

// insert puts a row of a value for each column; nil is NULL.
func (j *joins) insert(table string, values ...any) {
	j.t.Helper()
	j.exec("INSERT INTO "+table+" VALUES (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
}

// rows returns what Preview reads of an entity.
func (j *joins) rows(entity string) []store.Row {
	j.t.Helper()
	p, err := mysqlstore.NewPreview(j.db, j.c)
	require.NoError(j.t, err)
	var all []store.Row
	require.NoError(j.t, p.Rows(j.t.Context(), entity, 0, func(r store.Row) error {
		all = append(all, r)
		return nil
	}))
	return all
}

// item is the item of the row with that id.
func (j *joins) item(entity string, id int) (map[string]types.AttributeValue, error) {
	j.t.Helper()
	for _, r := range j.rows(entity) {
		if r.Key.ID == strconv.Itoa(id) {
			if r.Err != nil {
				return nil, r.Err
			}
			return j.c.Entity(entity).Item(r.Record)
		}
	}
	j.t.Fatalf("%s has no row %d", entity, id)
	return nil, nil
}

// apply creates the views.
func (j *joins) apply() {
	j.t.Helper()
	for _, v := range j.c.Views(transform.ViewPrefix) {
		j.exec(v.SQL)
	}
}

// shown returns the row of a view, by column. The session is in another zone
// than UTC.
func (j *joins) shown(entity, id string, settings ...string) map[string]sql.NullString {
	j.t.Helper()
	conn, err := j.db.Connx(context.Background())
	require.NoError(j.t, err)
	defer conn.Close()
	for _, s := range append([]string{"SET time_zone = '+05:30'", "SET group_concat_max_len = 16777216"}, settings...) {
		_, err := conn.ExecContext(context.Background(), s)
		require.NoError(j.t, err)
	}
	rows, err := conn.QueryxContext(context.Background(), "SELECT * FROM `"+transform.ViewPrefix+entity+"` WHERE id = "+id)
	require.NoError(j.t, err)
	defer rows.Close()
	require.True(j.t, rows.Next(), "%v", rows.Err())
	names, err := rows.Columns()
	require.NoError(j.t, err)
	texts, dest := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range texts {
		dest[i] = &texts[i]
	}
	require.NoError(j.t, rows.Scan(dest...))
	row := map[string]sql.NullString{}
	for i, name := range names {
		row[name] = texts[i]
	}
	require.NoError(j.t, rows.Close())
	_, err = conn.ExecContext(context.Background(), "SET time_zone = DEFAULT, group_concat_max_len = DEFAULT, sql_mode = DEFAULT")
	require.NoError(j.t, err)
	return row
}

// Values that the columns of the generated rows have, of each type some that
// something could go wrong with.
var (
	hostile = []any{nil, nil, "", "a", "O'Reilly", `back\slash`, `"quoted"`, "x#y$z", "#", "$0", "😀 4 bytes", "a,b;c.d:", "-", "=", "!",
		"tab\tline\nend\r", "\x01\x1d\x1e\x1f", "Ünï", " blank ", "null", "NULL", "%s?", "`tick`", "{\"a\": [1, 2.50, null]}", "[]", "12", "007", "true", "<>&/"}
	latin     = []any{nil, "", "Größe", "it's", "€"}
	amounts   = []any{nil, "0", "0.0000", "1.5", "-0.5", "12345678.1234", "-12345678.1234", "100", "0.0001"}
	huges     = []any{nil, "0", "12345678901234567890123456789012345.123456789012345678901234567891", "-0.000000000000000000000000000001", "1.50"}
	prices    = []any{nil, "0", "1.50", "99999999.99", "-3.10", "10"}
	flags     = []any{0, 1}
	days      = []any{nil, "2024-02-29", "1000-01-01", "9998-12-31", "2023-01-31"}
	clocks    = []any{nil, "2024-02-29 23:59:59.999", "2025-01-01 00:00:00", "1000-01-01 00:00:00.001", "2024-03-10 09:30:00.120"}
	moments   = []any{nil, "1970-01-01 00:00:01", "2038-01-19 03:14:07", "2024-03-31 01:30:00", "2024-10-27 00:30:00.25"}
	times     = []any{nil, "00:00:00", "08:30:00", "-08:30:00", "838:59:59", "-838:59:59", "123:00:00.5", "-00:00:01"}
	documents = []any{nil, "null", "{}", `{"b": 1.0, "a": "x'\"y\\", "c": [1, {"d": null}]}`, "[1e2, 2]", `"text"`, "7"}
)

func pick(r *rand.Rand, from []any) any { return from[r.IntN(len(from))] }

// fill generates rows. Only values that an item can hold are among them.
func (j *joins) fill(r *rand.Rand) {
	for i := range 3 {
		j.insert("regions", i, pick(r, hostile))
		j.insert("countries", string(rune('A'+i))+"x", pick(r, []any{nil, 0, 1, 2, 9}), pick(r, hostile))
	}
	for i := range 12 {
		j.insert("people", i, pick(r, []any{nil, "Ax", "Bx", "Cx", "Zz"}), pick(r, hostile), pick(r, latin), pick(r, amounts), pick(r, huges),
			pick(r, append(flags, nil)), pick(r, []any{nil, 0, uint64(18446744073709551615), 7}), pick(r, days), pick(r, clocks), pick(r, moments),
			pick(r, times), pick(r, []any{nil, 0, 1901, 2155}), pick(r, []any{nil, []byte{1, 255}, []byte{0}}), pick(r, []any{nil, "a", "b c"}),
			pick(r, []any{nil, "", "z,x", "y", "x,y,z"}), pick(r, []any{nil, 0.1, -1.5e-30, 1e20, 12345678.9, 0}), pick(r, []any{nil, 1.1, 16777216}),
			pick(r, documents), pick(r, []any{nil, "", "\x00\xff'\\"}))
	}
	for i := range 20 {
		j.insert("nodes", i, pick(r, []any{nil, i / 2, i - 1, 99}), pick(r, hostile))
	}
	for i := range 25 {
		j.insert("orders", i, pick(r, []any{nil, 0, 1, 2, 3, 4, 77}), pick(r, []any{nil, 5, 6, 7}), pick(r, []any{nil, 3}), pick(r, []any{"new", "paid"}), pick(r, prices),
			r.IntN(9), pick(r, hostile), pick(r, flags), pick(r, clocks), pick(r, []any{nil, "2024-03-31 01:30:00", "1970-01-01 00:00:01"}), pick(r, days), pick(r, documents))
		for line := range r.IntN(5) {
			j.insert("order_lines", i, line, pick(r, hostile), pick(r, []any{nil, 0, 3, -2}), pick(r, prices), pick(r, []any{nil, "2024-03-31 01:30:00"}),
				pick(r, days), pick(r, []any{nil, "08:30:00", "-123:00:00"}), pick(r, huges), pick(r, documents), pick(r, []any{nil, []byte{5}}))
		}
	}
}

// TestViewIsItem: of generated rows the view shows what the item has, row by row
// and attribute by attribute. Rows that no item can hold are not compared.
func TestViewIsItem(t *testing.T) {
	j := newJoins(t)
	j.apply()
	compared, present, selected := map[string]int{}, map[string]int{}, 0
	for seed := range uint64(3) {
		for _, table := range []string{"regions", "countries", "people", "nodes", "orders", "order_lines"} {
			j.exec("DELETE FROM " + table)
		}
		r := rand.New(rand.NewPCG(seed, 5))
		j.fill(r)
		for _, e := range j.c.Entities {
			for _, row := range j.rows(e.Name) {
				if e.Name != "Nodes" {
					require.NoError(t, row.Err, e.Name)
				}
				if row.Err != nil {
					continue
				}
				item, err := e.Item(row.Record)
				if err != nil {
					t.Log(err)
					continue
				}
				selected += j.requireSelected(e, row)
				shown := j.shown(e.Name, row.Key.ID)
				for _, a := range e.Attributes {
					if text, ok := shown[a.Name]; ok {
						requireShown(t, e, a, item[a.Name], text, fmt.Sprintf("seed %d, %s %s", seed, e.Name, row.Key.ID))
						compared[e.Name]++
						if text.Valid {
							present[e.Name+"."+a.Name]++
						}
					}
				}
			}
		}
	}
	t.Log("compared:", compared, "selected:", selected)
	require.Greater(t, selected, 500)
	for _, e := range j.c.Entities {
		require.Greater(t, compared[e.Name], 15*len(e.Attributes), "of %s too few items were compared", e.Name)
		for _, a := range e.Attributes {
			if a.Name != "weight" && a.Name != "buyer_weight" { // which no view has
				require.Greater(t, present[e.Name+"."+a.Name], 2, "%s.%s was hardly ever there", e.Name, a.Name)
			}
		}
	}
}

// requireSelected requires that the expression of every computed column, which a
// query compares by its bytes, gives what the record shows. It returns their number.
func (j *joins) requireSelected(e *transform.Entity, row store.Row) (compared int) {
	j.t.Helper()
	for i, c := range e.Columns {
		if !c.IsComputed() {
			continue
		}
		x, err := e.SelectShown(i, "t")
		if err != nil {
			continue // of which NotYet tells, were it a key's
		}
		require.Empty(j.t, x.Args)
		want, err := row.Record.Shown(i)
		require.NoError(j.t, err)
		var text sql.NullString
		require.NoError(j.t, j.db.Get(&text, "SELECT CAST(CONVERT("+x.SQL+" USING utf8mb4) AS BINARY) FROM `"+e.Source+"` t WHERE t.id = ?", row.Key.ID))
		require.Equal(j.t, sql.NullString{String: want.Text(), Valid: !want.IsNull()}, text, "%s.%s of %s", e.Name, c.Name, row.Key.ID)
		compared++
	}
	return compared
}

// requireShown requires that a view shows an attribute.
func requireShown(t testing.TB, e *transform.Entity, a transform.Attribute, av types.AttributeValue, text sql.NullString, at string) {
	t.Helper()
	at += "." + a.Name
	isJSON := a.Type == "M" || a.Type == "L" || a.Type == "JSON"
	if _, null := av.(*types.AttributeValueMemberNULL); av == nil || null && !isJSON {
		require.False(t, text.Valid && !(isJSON && text.String == "null"), "%s is shown as %q and absent", at, text.String)
		return
	}
	require.True(t, text.Valid, "%s is not shown", at)
	switch x := av.(type) {
	case *types.AttributeValueMemberN:
		if e.Columns[a.Column].Kind == transform.Float {
			want, err := strconv.ParseFloat(x.Value, 64)
			require.NoError(t, err)
			got, err := strconv.ParseFloat(text.String, 64)
			require.NoError(t, err)
			require.Equal(t, want, got, at)
			return
		}
		if !isJSON {
			require.Equal(t, x.Value, text.String, at)
			return
		}
	case *types.AttributeValueMemberS:
		if !isJSON {
			require.Equal(t, x.Value, text.String, at)
			return
		}
	case *types.AttributeValueMemberB:
		require.Equal(t, string(x.Value), text.String, at)
		return
	case *types.AttributeValueMemberSS:
		require.Equal(t, strings.Join(x.Value, ","), text.String, at)
		return
	case *types.AttributeValueMemberBOOL:
		if !isJSON {
			require.Equal(t, strconv.FormatBool(x.Value), text.String, at)
			return
		}
	}
	require.Equal(t, canonical(t, plain(av)), canonical(t, json.RawMessage(text.String)), at)
}

func canonical(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	s, err := transform.CanonicalJSON(b)
	require.NoError(t, err)
	return s
}

// plain is an attribute value as encoding/json has it.
func plain(av types.AttributeValue) any {
	switch x := av.(type) {
	case *types.AttributeValueMemberS:
		return x.Value
	case *types.AttributeValueMemberN:
		return json.Number(x.Value)
	case *types.AttributeValueMemberBOOL:
		return x.Value
	case *types.AttributeValueMemberL:
		list := []any{}
		for _, v := range x.Value {
			list = append(list, plain(v))
		}
		return list
	case *types.AttributeValueMemberM:
		m := map[string]any{}
		for name, v := range x.Value {
			m[name] = plain(v)
		}
		return m
	}
	return nil
}
