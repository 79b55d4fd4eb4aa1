package transform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// TestStrangeTouched: of a strange contract's tables every row is deleted and
// inserted again, and has each of its columns set to what the table's other rows
// have there. Whatever item changes by that is one that the inverses find, or the
// row's own.
func TestStrangeTouched(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has BIT, SET, YEAR and TIME as MySQL does")
	// A test in which hardly any change reaches an item of another row would say
	// nothing.
	for name, least := range map[string]int{"clinic": 20, "logistics": 40, "forum": 10} {
		t.Run(name, func(t *testing.T) {
			c, err := transform.LoadFile("testdata/strange/" + name + ".json")
			require.NoError(t, err)
			changer := &changer{joins: &joins{t, strangeDB(t, name), c}}
			for _, s := range c.Sources {
				changer.table(s)
			}
			require.Greater(t, changer.reached, least)
		})
	}
}

// A changer changes rows and looks at what that changes of the items.
type changer struct {
	*joins
	reached int // changes that reached items of other rows
}

func (c *changer) table(s *transform.Source) {
	c.t.Helper()
	rows := c.sourceRows(s)
	for n, row := range rows {
		c.replace(s, row, nil)
		for i, column := range s.Columns {
			others := []transform.Value{rows[(n+1)%len(rows)][i]}
			if column.Nullable {
				others = append(others, transform.Value{})
			}
			for _, other := range others {
				if other == row[i] {
					continue
				}
				changed := slices.Clone(row)
				changed[i] = other
				if slices.Contains(s.Key, i) && slices.ContainsFunc(rows, func(r []transform.Value) bool { return sameKey(s, r, changed) }) {
					continue
				}
				c.replace(s, row, changed)
			}
		}
	}
}

// replace puts another row in the place of one, or none, looks at what that did,
// and puts the first one back.
func (c *changer) replace(s *transform.Source, old, new []transform.Value) {
	c.t.Helper()
	before := c.items()
	c.delete(s, old)
	if new != nil && !c.put(s, new) {
		require.True(c.t, c.put(s, old))
		return // another row has the unique value
	}
	after := c.items()
	touched := c.touched(s, old, new) // after the change, as Entity.Touched says
	own := c.own(s, old, new)
	reached := false
	for key, item := range before {
		now, there := after[key]
		if !there || now == item || slices.Contains(own, key) {
			continue
		}
		reached = true
		require.Contains(c.t, touched, key, "%s from %v to %v", s.Name, old, new)
	}
	if reached {
		c.reached++
	}
	if new != nil {
		c.delete(s, new)
	}
	require.True(c.t, c.put(s, old))
}

// own returns the items of the row itself.
func (c *changer) own(s *transform.Source, rows ...[]transform.Value) []string {
	var keys []string
	for _, e := range c.c.Entities {
		for _, row := range rows {
			if e.Source != s.Name || row == nil {
				continue
			}
			var values []transform.Value
			for _, i := range e.KeyColumns {
				values = append(values, row[i])
			}
			key, err := e.Key(values...)
			require.NoError(c.t, err)
			keys = append(keys, e.Name+" "+key.ID)
		}
	}
	return keys
}

func sameKey(s *transform.Source, a, b []transform.Value) bool {
	return !slices.ContainsFunc(s.Key, func(i int) bool { return a[i] != b[i] })
}

func (c *changer) delete(s *transform.Source, row []transform.Value) {
	c.t.Helper()
	var where []string
	var args []any
	for _, i := range s.Key {
		where, args = append(where, "`"+s.Columns[i].Name+"` = "+s.Columns[i].Placeholder()), append(args, s.Columns[i].SQL(row[i]))
	}
	c.exec("DELETE FROM `"+s.Name+"` WHERE "+strings.Join(where, " AND "), args...)
}

// put inserts a row and reports whether the table takes it.
func (c *changer) put(s *transform.Source, row []transform.Value) bool {
	c.t.Helper()
	var args []any
	for i, v := range row {
		args = append(args, s.Columns[i].SQL(v))
	}
	_, err := c.db.Exec("INSERT INTO `"+s.Name+"` VALUES (?"+strings.Repeat(", ?", len(args)-1)+")", args...)
	if err != nil {
		require.ErrorContains(c.t, err, "Duplicate entry", fmt.Sprint(s.Name))
	}
	return err == nil
}

// sourceRows reads all rows of a table.
func (c *changer) sourceRows(s *transform.Source) [][]transform.Value {
	c.t.Helper()
	var key []string
	for _, i := range s.Key {
		key = append(key, "CONCAT(`"+s.Columns[i].Name+"`)")
	}
	keys, err := read(c.t, c.db, transform.Statement{SQL: "SELECT CONCAT_WS('/', " + strings.Join(key, ", ") + ") FROM `" + s.Name + "`"}, 1)
	require.NoError(c.t, err)
	var rows [][]transform.Value
	for _, k := range keys {
		rows = append(rows, c.sourceRow(s, "CONCAT_WS('/', "+strings.Join(key, ", ")+") = '"+k[0].String+"'"))
	}
	return rows
}
