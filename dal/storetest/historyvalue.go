package storetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// edges are the values of a history: few, so that records meet, and each of them
// one that some layer between here and the disk is known to change.
var edges = map[transform.Kind][]string{
	transform.Text: {"", " ", "a", "A", "aa", "null", "0", "x ", "%", "_", "ä", "日", "😀", `'"\`},
	transform.Bool: {"0", "1"},
	// Money, and the ends of DECIMAL(38,4).
	transform.Decimal: {"0", "0.10", "10.50", "99999999.99", "-0.01", "0.0001", strings.Repeat("9", 34) + ".9999",
		"-" + strings.Repeat("9", 34) + ".9999"},
	transform.Float: {"0", "0.1", "-1.5", "1e20", "1e-20", "16777217", "-0.3333333333333333"},
	transform.Bytes: {"", "\x00", "a", "A", "\x7f", "\x80", "\xff", "\xff\xff"},
	transform.Date:  {"1000-01-01", "1970-01-01", "2024-02-29", "2024-03-31", "9999-12-31"},
	transform.DateTime: {"1000-01-01T00:00:00.0", "2024-03-10T02:30:00.0", "2024-03-10T02:30:00.5", "2024-10-27T02:30:00.0",
		"9999-12-31T23:59:59.9"},
	transform.Timestamp: moments,
	transform.JSON:      {"null", "{}", "[]", `""`, `"null"`, "0", "1.5", `{"a":null,"b":[1,"😀"]}`},
}

// ints are the edges of whole numbers, by the column's type.
var ints = map[string][]string{
	"tinyint": {"0", "1", "-1", "127", "-128"},
	"int":     {"0", "1", "2", "10", "-1", "-20", "2147483647", "-2147483648"},
	"bigint":  {"0", "1", "2", "10", "-1", "-20", "9223372036854775807", "-9223372036854775808", "9007199254740993"},
}

func edgesOf(c *transform.Column) []string {
	switch {
	case c.Kind == transform.Int && c.Unsigned:
		return []string{"0", "1", "2", "10", "20", "2147483647", "4294967295"}
	case len(c.Labels) > 0:
		return c.Labels
	case c.Kind == transform.Int:
		return ints[c.SQLType]
	}
	return edges[c.Kind]
}

// valuePool chooses edges of a column that an item can hold: nothing empty where
// an index has it for a key. They are few where an index or a unique value is
// made of them, or queries would find single records and no value be taken.
func (g *generator) valuePool(table string, i int) []string {
	entity := g.e.entities[table]
	column := &entity.Columns[i]
	if texts := g.referred(entity, i); texts != nil {
		return texts
	}
	pool := slices.DeleteFunc(slices.Clone(edgesOf(column)), func(text string) bool {
		return !canHold(column, text) || !g.isItem(named{table, g.pools[table][0]}, content{column.Name: text})
	})
	g.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	n := 6
	if slices.ContainsFunc(entity.Unique, func(u transform.Unique) bool { return slices.Contains(u.Columns, i) }) {
		n = 3
	}
	for _, index := range entity.Table.Indexes {
		if store.ColumnOf(entity, index.PK) == i {
			n = min(n, 2+n/5)
		}
		if store.ColumnOf(entity, index.SK) == i {
			n = min(n, 4) // so that there are ties
		}
	}
	return pool[:min(n, len(pool))]
}

// canHold reports whether a column can hold what a text says.
func canHold(c *transform.Column, text string) bool {
	v, err := c.Parse(text)
	return err == nil && c.Fit(v) == nil
}

func (g *generator) isItem(n named, c content) bool {
	rec := g.e.record(n, g.filled(n, c))
	_, err := rec.Key()
	if err == nil {
		_, err = rec.Entity().Item(rec)
	}
	return err == nil
}

// keyPool chooses the keys that the history of a table is about: none that the
// contract refuses, as it does one that is empty or ends in a blank.
func (g *generator) keyPool(table string) [][]string {
	entity := g.e.entities[table]
	var pool [][]string
	for len(pool) < g.keys() {
		var key []string
		for _, i := range entity.KeyColumns {
			texts := edgesOf(&entity.Columns[i])
			if referred := g.referred(entity, i); referred != nil {
				texts = referred
			}
			if i == entity.Sequence {
				texts = []string{"1", "3", "5", "7", "12", "40", "41"} // below ownIDsEnd
			}
			key = append(key, texts[g.IntN(min(len(texts), 4+g.IntN(len(texts))))])
		}
		if g.isItem(named{table, key}, nil) && !slices.ContainsFunc(pool, func(other []string) bool { return slices.Equal(key, other) }) {
			pool = append(pool, key)
		}
	}
	return pool
}

// A content is a record's columns as texts; what is not named is NULL.
type content map[string]string

// String returns the columns in the order of their names.
func (c content) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		text := fmt.Sprintf("%q", c[name])
		if c[name] == null {
			text = "NULL"
		}
		parts = append(parts, name+"="+text)
	}
	return strings.Join(parts, " ")
}

// columns chooses a value for columns that are not of the key, each with a chance.
func (g *generator) columns(table string, chance float64) content {
	c, entity := content{}, g.e.entities[table]
	for i := range entity.Columns {
		column := &entity.Columns[i]
		if slices.Contains(entity.KeyColumns, i) || !isOwn(column) || g.Float64() >= chance && (column.Nullable || chance < whole) {
			continue
		}
		texts := g.values[table+"."+column.Name]
		switch n := g.IntN(40); {
		case n < 6 && column.Nullable:
			c[column.Name] = null
		case n == 6 && g.referred(entity, i) == nil && column.Kind == transform.Text && column.Length > 0:
			c[column.Name] = strings.Repeat("é", column.Length) // as long as it may be
		default:
			c[column.Name] = texts[g.IntN(len(texts))]
		}
	}
	g.aim(table, c)
	return c
}

// A named is a record's place: its table and its key's columns as texts.
type named struct {
	table string
	key   []string
}

// String returns table and key.
func (n named) String() string {
	if n.key == nil {
		return n.table + " by sequence"
	}
	return fmt.Sprintf("%s %q", n.table, n.key)
}

func (g *generator) table() string { return g.tables[g.IntN(len(g.tables))] }

func (g *generator) name() named { return g.nameIn(g.table()) }

func (g *generator) nameIn(table string) named {
	pool := g.pools[table]
	return named{table, pool[g.IntN(len(pool))]}
}

// names chooses up to n different ones, more often few: one that fails takes the
// others of its write with it.
func (g *generator) names(n int) []named {
	var all []named
	for range 1 + g.IntN(1+g.IntN(n)) {
		one := g.name()
		if !slices.ContainsFunc(all, func(o named) bool { return o.String() == one.String() }) {
			all = append(all, one)
		}
	}
	return all
}

// record returns the record that a step has in mind.
func (e *env) record(n named, c content) transform.Record {
	e.Helper()
	entity := e.entities[n.table]
	rec := entity.NewRecord()
	for i, text := range n.key {
		rec = e.with(rec, entity.Columns[entity.KeyColumns[i]].Name, text)
	}
	return e.withAll(rec, c)
}

// withAll sets columns of a record.
func (e *env) withAll(rec transform.Record, c content) transform.Record {
	e.Helper()
	for column, text := range c {
		rec = e.with(rec, column, text)
	}
	return rec
}

func (e *env) keyNamed(n named) transform.Key {
	e.Helper()
	require.NotNil(e, n.key)
	return e.key(e.record(n, nil))
}
