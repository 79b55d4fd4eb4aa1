package transform

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

// A generator makes contracts of tables with columns of every type, each carried
// by an attribute of one of the ways there are, and attributes that can't be read
// back beside them.
type generator struct {
	rnd        *rand.Rand
	columns    []map[string]any
	attributes []map[string]any
	notNull    []string // columns that no attribute carries yet, for templates of several
	object     map[string]any
}

// columnTypes are what a column is generated of.
var columnTypes = []map[string]any{
	{"type": "tinyint"}, {"type": "smallint", "unsigned": true}, {"type": "mediumint"}, {"type": "int"}, {"type": "bigint"},
	{"type": "bigint", "unsigned": true}, {"type": "bit", "length": 9}, {"type": "bit", "length": 1}, {"type": "year"},
	{"type": "decimal", "precision": 10, "scale": 2}, {"type": "decimal", "precision": 38, "scale": 5}, {"type": "decimal", "precision": 65, "scale": 30},
	{"type": "float"}, {"type": "double"},
	{"type": "char", "length": 10}, {"type": "varchar", "length": 20}, {"type": "text"},
	{"type": "binary", "length": 5}, {"type": "varbinary", "length": 9}, {"type": "blob"},
	{"type": "date"}, {"type": "datetime", "precision": 0}, {"type": "datetime", "precision": 6}, {"type": "timestamp", "precision": 3},
	{"type": "time", "precision": 2}, {"type": "enum", "values": []string{"on", "o#f", ""}}, {"type": "set", "values": []string{"a", "b#", "$c"}},
	{"type": "json"},
}

// generate makes a contract out of a seed.
func generate(rnd *rand.Rand) string {
	g := &generator{rnd: rnd, object: map[string]any{}}
	g.column(map[string]any{"type": "int", "unsigned": true}, false)
	g.column(map[string]any{"type": "varchar", "length": 20}, false)
	for range 3 + rnd.Intn(10) {
		g.column(columnTypes[rnd.Intn(len(columnTypes))], rnd.Intn(3) > 0)
	}
	for i := 2; i < len(g.columns); i++ {
		g.carrier(i)
	}
	g.together()
	g.irreversible()
	return g.contract()
}

func (g *generator) name(i int) string { return fmt.Sprintf("c%d", i) }

func (g *generator) column(of map[string]any, null bool) {
	c := map[string]any{"name": g.name(len(g.columns)), "null": null}
	for k, v := range of {
		c[k] = v
	}
	switch c["type"] {
	case "char", "varchar", "text", "enum", "set":
		c["collation"] = "utf8mb4_bin"
	}
	g.columns = append(g.columns, c)
}

func (g *generator) attribute(kind string, source any, more ...any) {
	a := map[string]any{"name": fmt.Sprintf("a%d", len(g.attributes)), "type": kind, "source_column": source}
	for i := 0; i < len(more); i += 2 {
		a[more[i].(string)] = more[i+1]
	}
	g.attributes = append(g.attributes, a)
}

// carrier adds an attribute from which column i can be read back.
func (g *generator) carrier(i int) {
	name, kind := g.name(i), g.columns[i]["type"].(string)
	null := g.columns[i]["null"].(bool)
	bytes := kind == "binary" || kind == "varbinary" || kind == "blob"
	for {
		switch g.rnd.Intn(6) {
		case 0:
			g.plain(i)
		case 1:
			if bytes { // a template is a text
				continue
			}
			g.attribute("S", nil, "transformation", map[string]any{"type": "string-format", "format": [...]string{"A#{%s}", "{%s}:x", "%%{%s}#"}[g.rnd.Intn(3)]})
			t := g.attributes[len(g.attributes)-1]["transformation"].(map[string]any)
			t["format"] = strings.ReplaceAll(fmt.Sprintf(t["format"].(string), name), "%%", "%")
		case 2:
			if bytes {
				continue
			}
			g.object["f#"+name] = name
		case 3:
			if null || bytes {
				continue
			}
			g.notNull = append(g.notNull, name)
		case 4:
			if !g.number(i) && !g.date(i) {
				continue
			}
		case 5:
			if bytes || kind == "json" {
				continue
			}
			g.attribute("S", []string{name}, "calculation", map[string]any{"type": "concat", "separator": "#"})
		}
		return
	}
}

// plain carries a column as it is.
func (g *generator) plain(i int) {
	kind := g.columns[i]["type"].(string)
	possible := map[string][]string{
		"tinyint": {"N", "S", "BOOL"}, "smallint": {"N", "S"}, "mediumint": {"N"}, "int": {"N"}, "bigint": {"N", "S"}, "bit": {"N", "B", "S"}, "year": {"N"},
		"float": {"N", "S"}, "double": {"N"}, "binary": {"B"}, "varbinary": {"B"}, "blob": {"B"}, "json": {"JSON", "S"},
		"decimal": {"S"}, "set": {"S", "SS"},
	}[kind]
	if possible == nil {
		possible = []string{"S"}
	}
	if kind == "bit" && g.columns[i]["length"] == 1 {
		possible = []string{"N", "S", "BOOL"}
	}
	if kind == "decimal" && g.columns[i]["precision"].(int) <= maxNumberDigits {
		possible = []string{"N", "S"}
	}
	null := "absent"
	of := possible[g.rnd.Intn(len(possible))]
	if of == "SS" || kind != "json" && g.rnd.Intn(3) == 0 {
		null = "type" // a set in a column that may be NULL would lose its empty value
	}
	g.attribute(of, g.name(i), "null", null)
}

// number carries a number by a format that has room for each of its values.
func (g *generator) number(i int) bool {
	format := ""
	switch c := g.columns[i]; c["type"] {
	case "tinyint", "mediumint", "int", "year":
		format = "0.0"
	case "smallint":
		format = "00000"
	case "decimal":
		format = "0." + strings.Repeat("0", c["scale"].(int))
	default:
		return false
	}
	g.attribute("S", g.name(i), "transformation", map[string]any{"type": "number-format", "format": format})
	return true
}

// date carries a date by a format that has all of it, after a calculation that
// can be undone or without one.
func (g *generator) date(i int) bool {
	format := map[string]string{"date": "DD.MM.YYYY", "datetime": "YYYYMMDDHHmmssSSSSSS", "timestamp": "[on] DD/MM/YYYY 'at' HH:mm:ss.SSS"}[g.columns[i]["type"].(string)]
	if format == "" {
		return false
	}
	more := []any{"transformation", map[string]any{"type": "date-format", "format": format}}
	switch g.rnd.Intn(3) {
	case 0:
		more = append(more, g.interval("day")...)
	case 1:
		more = g.interval([]string{"second", "minute", "hour", "day", "week"}[g.rnd.Intn(5)])
	}
	g.attribute("S", g.name(i), more...)
	return true
}

func (g *generator) interval(unit string) []any {
	return []any{"calculation", map[string]any{"type": "date-math", "operation": []string{"add", "subtract"}[g.rnd.Intn(2)],
		"interval": fmt.Sprint(1 + g.rnd.Intn(1000)), "unit": unit}}
}

// together adds the attributes that carry several columns.
func (g *generator) together() {
	for from := 0; from < len(g.notNull); from += 3 {
		group := g.notNull[from:min(from+3, len(g.notNull))]
		g.attribute("S", nil, "transformation", map[string]any{"type": "template", "template": "G#{" + strings.Join(group, "}#{") + "}"})
	}
	if len(g.object) > 0 {
		kind := []string{"M", "S", "JSON"}[g.rnd.Intn(3)]
		g.attribute(kind, nil, "join", map[string]any{"type": "json-construction", "target_table": "things", "join_condition": "things.c0 = things.c0 AND things.c1 = things.c1",
			"construction": map[string]any{"type": "object", "select_columns": g.object}})
	}
}

// irreversible adds attributes that carry nothing.
func (g *generator) irreversible() {
	g.attribute("S", []string{"c0", "c1"}, "calculation", map[string]any{"type": "concat", "separator": "-"})
	g.attribute("S", nil, "calculation", map[string]any{"type": "case", "cases": []any{map[string]any{"when": "c0 > 1000", "then": "c1"}}})
	g.attribute("N", nil, "literal", g.rnd.Intn(100))
	g.attribute("S", nil, "calculation", map[string]any{"type": "case", "cases": []any{map[string]any{"when": "c1 IS NULL", "then": "''"}}, "else": "CONCAT(c0, '#')"},
		"transformation", map[string]any{"type": "json-parse"})
	g.attributes = g.attributes[:len(g.attributes)-1] // whose texts are no JSON
}

func (g *generator) contract() string {
	key := []map[string]any{
		{"name": "PK", "type": "S", "source_column": nil, "transformation": map[string]any{"type": "string-format", "format": "T#{c1}"}},
		{"name": "SK", "type": "S", "source_column": nil, "transformation": map[string]any{"type": "string-format", "format": "{c0:010d}"}},
	}
	if g.rnd.Intn(2) == 0 {
		key[0]["transformation"] = map[string]any{"type": "template", "template": "{c1}"}
		key[1] = map[string]any{"name": "SK", "type": "N", "source_column": "c0"}
	}
	b, err := json.Marshal(map[string]any{"tables": []any{map[string]any{"table": "Things", "type": "single-entity", "source_table": "things",
		"pk": "PK", "sk": "SK", "columns": g.columns, "primary_key": []string{"c0", "c1"}, "attributes": append(key, g.attributes...)}}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// A record comes back from its item whatever the contract, as long as the check
// finds nothing lost; and the item's key is that which the record's key has.
func TestGeneratedContractsAreReversible(t *testing.T) {
	for seed := range int64(400) {
		rnd := rand.New(rand.NewSource(seed))
		contract := generate(rnd)
		c, findings := Check([]byte(contract))
		require.NotNil(t, c, "seed %d: %s\n%s", seed, findingLines(findings), contract)
		require.Empty(t, c.Entities[0].Losses(), "seed %d", seed)
		checkOnce(t, []byte(contract))
		for range 10 {
			generatedRoundTrip(t, rnd, c.Entities[0], fmt.Sprintf("seed %d: %s", seed, contract))
		}
	}
}

func generatedRoundTrip(t *testing.T, rnd *rand.Rand, e *Entity, hint string) {
	r := randomOwn(rnd, e)
	item, err := e.Item(r)
	if err != nil {
		// What has no date of the calendar has no item, and nothing else has none.
		require.ErrorContains(t, err, "year", hint)
		return
	}
	item = throughDynamoDB(item).(*types.AttributeValueMemberM).Value
	back, err := e.Record(item)
	require.NoError(t, err, hint)
	require.True(t, back.Equal(r), "%v differs, %s", back.Diff(r), hint)
	k, err := r.Key()
	require.NoError(t, err, hint)
	key, err := e.ItemKey(k)
	require.NoError(t, err, hint)
	require.True(t, equalItems(key, map[string]types.AttributeValue{"PK": item["PK"], "SK": item["SK"]}), hint)
}

// randomOwn is randomRecord of the columns that are not computed.
func randomOwn(rnd *rand.Rand, e *Entity) Record {
	r := e.NewRecord()
	for i := range e.Own() {
		c := &e.Columns[i]
		if c.Nullable && rnd.Intn(3) == 0 {
			continue
		}
		v, err := c.Parse(randomText(rnd, c))
		if err != nil {
			panic(err)
		}
		r.SetAt(i, v)
	}
	return r
}

// FuzzGenerated: no contract and no record makes the conversions panic, or an item
// that does not say what it was made of.
func FuzzGenerated(f *testing.F) {
	for seed := range int64(20) {
		f.Add(seed, seed*7)
	}
	f.Fuzz(func(t *testing.T, contract, record int64) {
		c, findings := Check([]byte(generate(rand.New(rand.NewSource(contract)))))
		require.NotNil(t, c, findingLines(findings))
		generatedRoundTrip(t, rand.New(rand.NewSource(record)), c.Entities[0], fmt.Sprint(contract, " ", record))
	})
}

// FuzzAttribute: no calculation or transformation that somebody writes makes the
// check panic, or an item of which the record does not come back.
func FuzzAttribute(f *testing.F) {
	for _, s := range []string{
		`"source_column": null, "transformation": {"type": "template", "template": "{n}#{note}"}`,
		`"source_column": null, "calculation": {"type": "case", "cases": [{"when": "n > 1", "then": "note"}], "else": "NULL"}`,
		`"source_column": ["n", "note"], "calculation": {"type": "concat", "separator": ""}`,
		`"source_column": "day", "calculation": {"type": "date-math", "operation": "add", "interval": "2147483647", "unit": "year"}`,
		`"source_column": "ts", "transformation": {"type": "date-format", "format": "YYYYMMDD"}`,
		`"source_column": "note", "transformation": {"type": "json-parse", "source_format": "canonical"}`,
		`"source_column": "price", "transformation": {"type": "number-format", "format": "0.00"}`,
		`"source_column": null, "literal": 1e30`,
		`"source_column": null, ` + ownObject(`"a": "doc", "b": "price"`),
	} {
		f.Add("S", s, int64(1))
		f.Add("M", s, int64(2))
	}
	f.Fuzz(func(t *testing.T, kind, attribute string, seed int64) {
		name, _ := json.Marshal(kind)
		c, _ := Check([]byte(thingsWith(fmt.Sprintf(`{"name": "x", "type": %s, %s}`, name, attribute))))
		if c == nil {
			return
		}
		e := c.Entities[0]
		r := randomOwn(rand.New(rand.NewSource(seed)), e)
		r.SetAt(e.ColumnIndex("doc"), Value{kind: JSON, text: "{}"})
		item, err := e.Item(r)
		if err != nil {
			return
		}
		back, err := e.Record(throughDynamoDB(item).(*types.AttributeValueMemberM).Value)
		require.NoError(t, err)
		require.True(t, back.Equal(r), "differs in %v", back.Diff(r))
	})
}
