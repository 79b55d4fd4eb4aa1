package transform_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// items returns the text of each row's item, or of what is wrong with the row, by
// entity and key.
func (j *joins) items() map[string]string {
	j.t.Helper()
	all := map[string]string{}
	for _, e := range j.c.Entities {
		for _, row := range j.rows(e.Name) {
			text := fmt.Sprint(row.Err)
			for i, c := range e.Columns {
				if row.Err == nil && !c.IsComputed() {
					text += fmt.Sprintf("|%s=%v %s", c.Name, row.Record.At(i).IsNull(), row.Record.At(i).Text())
				}
			}
			all[e.Name+" "+row.Key.ID] = text
		}
	}
	return all
}

// sourceRow reads the only row of a table that fits a condition, nil if none does.
func (j *joins) sourceRow(s *transform.Source, where string) []transform.Value {
	j.t.Helper()
	var list []string
	for _, c := range s.Columns {
		x := "`" + c.Name + "`"
		if c.SQLType == "bit" {
			x += " + 0"
		}
		list = append(list, x)
	}
	all, err := read(j.t, j.db, transform.Statement{SQL: "SELECT " + strings.Join(list, ", ") + " FROM `" + s.Name + "` WHERE " + where}, len(list))
	require.NoError(j.t, err)
	if len(all) == 0 {
		return nil
	}
	require.Len(j.t, all, 1)
	values := make([]transform.Value, len(list))
	for i, text := range all[0] {
		if text.Valid {
			values[i], err = s.Columns[i].Parse(text.String)
			require.NoError(j.t, err)
		}
	}
	return values
}

// touched asks every inverse for the keys that a change from old to new touches.
func (j *joins) touched(s *transform.Source, old, new []transform.Value) []string {
	j.t.Helper()
	var keys []string
	for _, e := range j.c.Entities {
		for _, v := range e.Touched(s.Name) {
			if old != nil && new != nil && !slices.ContainsFunc(v.Reads, func(i int) bool { return old[i] != new[i] }) {
				continue
			}
			for _, row := range [][]transform.Value{old, new} {
				if row == nil {
					continue
				}
				var values []transform.Value
				for _, i := range v.Needs {
					values = append(values, row[i])
				}
				if statement, ok := v.Keys(values); ok {
					keys = append(keys, j.keys(e, statement)...)
				}
			}
		}
		if e.Source == s.Name {
			for _, row := range [][]transform.Value{old, new} {
				if row != nil {
					keys = append(keys, e.Name+" "+row[e.KeyColumns[0]].Text())
				}
			}
		}
	}
	return keys
}

func (j *joins) keys(e *transform.Entity, s transform.Statement) []string {
	j.t.Helper()
	var keys []string
	all, err := read(j.t, j.db, s, len(e.KeyColumns))
	require.NoError(j.t, err, s.SQL)
	for _, texts := range all {
		key, err := e.ReadKey(texts)
		require.NoError(j.t, err)
		keys = append(keys, e.Name+" "+key.ID)
	}
	return keys
}

// changes of one row each, with the condition that finds it before and after.
var changes = []struct{ table, where, change string }{
	{"regions", "id = 1", "UPDATE regions SET name = 'other' WHERE id = 1"},
	{"regions", "id = 1", "DELETE FROM regions WHERE id = 1"},
	{"countries", "code = 'Ax'", "UPDATE countries SET region = 1 WHERE code = 'Ax'"},
	{"countries", "code = 'Zz'", "INSERT INTO countries VALUES ('Zz', 1, 'new')"},
	{"people", "id = 3", "UPDATE people SET name = 'changed', balance = 77 WHERE id = 3"},
	{"people", "id = 3", "DELETE FROM people WHERE id = 3"},
	{"people", "id = 77", "INSERT INTO people (id, name) VALUES (77, 'late')"},
	{"orders", "id = 4", "UPDATE orders SET buyer = 1, total = 5 WHERE id = 4"},
	{"orders", "id = 4", "UPDATE orders SET buyer = NULL WHERE id = 4"},
	{"orders", "id = 8", "DELETE FROM orders WHERE id = 8"},
	{"order_lines", "`order` = 5 AND line = 8", "INSERT INTO order_lines (`order`, line, product, price) VALUES (5, 8, 'p', 3)"},
	{"order_lines", "line = 8", "UPDATE order_lines SET `order` = 6 WHERE line = 8"},
	{"order_lines", "line = 8", "UPDATE order_lines SET quantity = 6 WHERE line = 8"},
	{"order_lines", "line = 8", "UPDATE order_lines SET day = '2020-02-02' WHERE line = 8"}, // of a map and nothing else
	{"order_lines", "line = 8", "DELETE FROM order_lines WHERE line = 8"},
	{"nodes", "id = 2", "UPDATE nodes SET name = 'two' WHERE id = 2"},
	{"nodes", "id = 2", "UPDATE nodes SET parent = 19 WHERE id = 2"},
	{"nodes", "id = 99", "INSERT INTO nodes VALUES (99, 1, 'found')"},
	{"nodes", "id = 1", "DELETE FROM nodes WHERE id = 1"},
	{"nodes", "id = 5", "UPDATE nodes SET parent = NULL WHERE id = 5"},
}

// TestTouchedItems: whatever changes of a row in any table, the inverses find every
// key whose item it changed, and of the others no more than the joins reach.
func TestTouchedItems(t *testing.T) {
	j := newJoins(t)
	changed := map[string]int{}
	for seed := range uint64(4) {
		for _, table := range []string{"regions", "countries", "people", "nodes", "orders", "order_lines"} {
			j.exec("DELETE FROM " + table)
		}
		j.fill(rand.New(rand.NewPCG(seed, 9)))
		for _, change := range changes {
			s := j.source(change.table)
			before, old := j.items(), j.sourceRow(s, change.where)
			j.exec(change.change)
			after, now := j.items(), j.sourceRow(s, change.where)
			touched := j.touched(s, old, now)
			for key, item := range after {
				if was, ok := before[key]; ok && was != item {
					require.Contains(t, touched, key, "seed %d, %s:\n%s\n%s", seed, change.change, was, item)
					changed[change.change]++
				}
			}
			if change.table == "regions" || change.table == "countries" {
				for _, key := range touched {
					require.True(t, strings.HasPrefix(key, "People ") || strings.HasPrefix(key, "Orders "), key)
				}
			}
		}
	}
	for _, change := range changes {
		require.Positive(t, changed[change.change], "no item was changed by %s", change.change)
	}
}

// source returns the described table.
func (j *joins) source(name string) *transform.Source {
	for _, s := range j.c.Sources {
		if s.Name == name {
			return s
		}
	}
	j.t.Fatalf("no table %s", name)
	return nil
}

// The statements are those of the rule: the condition of the join turned round,
// the joins before it, and the key.
func TestInverseStatements(t *testing.T) {
	c, err := transform.LoadFile("testdata/joins.json")
	require.NoError(t, err)
	e := c.Entity("People")
	var region, place transform.Inverse
	for _, v := range e.Touched("regions") {
		switch e.Columns[v.Column].Name {
		case "region":
			region = v
		case "place":
			place = v
		}
	}
	s, ok := region.Keys([]transform.Value{transform.IntValue(7)})
	require.True(t, ok)
	require.Equal(t, "SELECT r.`id` FROM `people` AS r JOIN `countries` AS j1 ON j1.`code` = r.`country` WHERE j1.`region` = ?", s.SQL)
	require.Equal(t, []any{int64(7)}, s.Args)
	require.Equal(t, []int{0, 1}, place.Reads)
	_, ok = region.Keys([]transform.Value{{}})
	require.False(t, ok, "NULL joins nothing")
	require.Empty(t, e.Touched("order_lines"))

	v := c.Entity("Orders").Touched("order_lines")[0] // by two columns
	require.Equal(t, []int{0, 1}, v.Needs)
	s, ok = v.Keys([]transform.Value{transform.IntValue(1), transform.IntValue(2)})
	require.True(t, ok)
	require.Equal(t, "SELECT r.`id` FROM `orders` AS r WHERE r.`id` = ? AND r.`amount` = ?", s.SQL)
}
