package transform

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

// keyedContract is a table whose item keys are made of the columns given.
func keyedContract(primaryKey, pk, sk string) string {
	return fmt.Sprintf(`{"tables": [{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "PK", "sk": "SK",
		"columns": [{"name": "id", "type": "int", "unsigned": true, "null": false}, {"name": "at", "type": "timestamp", "precision": 3, "null": false},
			{"name": "name", "type": "varchar", "length": 300, "collation": "utf8mb4_bin", "null": false}],
		"primary_key": [%s],
		"attributes": [{"name": "PK", "type": "S", "source_column": null, %s}, {"name": "SK", "type": "S", "source_column": null, %s},
			{"name": "id", "type": "N", "source_column": "id"}, {"name": "at", "type": "S", "source_column": "at"}, {"name": "name", "type": "S", "source_column": "name"}]}]}`,
		primaryKey, pk, sk)
}

func aTemplate(format string) string {
	return fmt.Sprintf(`"transformation": {"type": "template", "template": %q}`, format)
}

// The key of a record says where its item is whenever it is made of the primary
// key and nothing else, in whatever way.
func TestItemKeyOfTemplates(t *testing.T) {
	texts := map[string]string{"id": "42", "at": "2025-08-14 21:16:07", "name": "a#b$"}
	for name, c := range map[string]struct{ primaryKey, pk, sk, wantPK, wantSK string }{
		"of all":   {`"name", "at", "id"`, aTemplate("USER#{name}"), aTemplate("ORDER#{at}#{id}"), "USER#a$0b$1", "ORDER#2025-08-14T21:16:07.000Z#42"},
		"constant": {`"id"`, aTemplate("THING#{id:010d}"), `"literal": "META"`, "THING#0000000042", "META"},
		"a number": {`"id"`, `"calculation": {"type": "case", "cases": [{"when": "id > 41", "then": "'high'"}], "else": "'low'"}`, aTemplate("{id:010d}"), "high", "0000000042"},
		"a part":   {`"id", "at"`, aTemplate("{id}#x"), aTemplate("AT#{at}"), "42#x", "AT#2025-08-14T21:16:07.000Z"},
	} {
		t.Run(name, func(t *testing.T) {
			e := thing(t, keyedContract(c.primaryKey, c.pk, c.sk))
			r := rowOf(t, e, texts)
			k, err := r.Key()
			require.NoError(t, err)
			key, err := e.ItemKey(k)
			require.NoError(t, err)
			want := map[string]types.AttributeValue{"PK": avS(c.wantPK), "SK": avS(c.wantSK)}
			require.Equal(t, want, key)
			item, err := e.Item(r)
			require.NoError(t, err)
			require.Equal(t, want, map[string]types.AttributeValue{"PK": item["PK"], "SK": item["SK"]})
		})
	}
}

// An item that moves is not found by its record's key alone, and that is an error
// and no wrong key.
func TestItemKeyOfWhatMoves(t *testing.T) {
	for _, sk := range []string{aTemplate("{name}#x"), aTemplate("{name}"), aTemplate("{id}#{at}")} {
		e := thing(t, keyedContract(`"id"`, aTemplate("T#{id}"), sk))
		k, err := e.KeyOf(42)
		require.NoError(t, err)
		_, err = e.ItemKey(k)
		require.ErrorContains(t, err, "is part of the item's key and not of the primary key")
		require.True(t, e.moves)
	}
}

// What DynamoDB wants of keys is asked of computed ones too.
func TestComputedKeyLimits(t *testing.T) {
	e := thing(t, keyedContract(`"id"`, aTemplate("T#{id}"), aTemplate("{name}#{name}#{name}#{name}")))
	r := rowOf(t, e, map[string]string{"id": "1", "at": "2025-08-14 21:16:07", "name": strings.Repeat("n", 255)})
	_, err := e.Item(r) // 4 * 255 + 3
	require.NoError(t, err)
	require.NoError(t, r.Set("name", TextValue(strings.Repeat("n", 256))))
	_, err = e.Item(r)
	var fault *ValueError
	require.ErrorAs(t, err, &fault)
	require.True(t, fault.TooLarge)
	require.Equal(t, "SK", fault.Column)

	e = thing(t, keyedContract(`"id"`, aTemplate("T#{id}"), `"calculation": {"type": "case", "cases": [{"when": "id = 1", "then": "name"}]}`))
	require.NoError(t, err2(e.Item(rowOf(t, e, map[string]string{"id": "1", "at": "2025-08-14 21:16:07", "name": "n"}))))
	for id, reason := range map[string]string{"1": "empty, and part of a key", "2": "NULL in the item's key"} {
		_, err = e.Item(rowOf(t, e, map[string]string{"id": id, "at": "2025-08-14 21:16:07", "name": ""}))
		require.ErrorContains(t, err, reason)
	}
}

func err2(_ any, err error) error { return err }

// Names and texts that are computed count: an item of exactly 400 KB with what the
// library adds is taken, one byte more is not.
func TestComputedItemSize(t *testing.T) {
	e := thing(t, `{"tables": [{"table": "TTT", "type": "single-entity", "source_table": "things", "pk": "id",
		"columns": [{"name": "id", "type": "int", "null": false}, {"name": "body", "type": "longtext", "collation": "utf8mb4_bin", "null": false}], "primary_key": ["id"],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"},
			{"name": "twice", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "{body}#{body}"}}]}]}`)
	r := e.NewRecord()
	require.NoError(t, r.Set("id", IntValue(1)))
	// id and 1: 2 + 2 bytes; twice and the #: 5 + 1.
	room := (maxItemSize - reservedSize - len("TTT") - len("1") - 2 - 2 - 5 - 1) / 2
	require.NoError(t, r.Set("body", TextValue(strings.Repeat("x", room))))
	item, err := e.Item(r)
	require.NoError(t, err)
	require.Equal(t, 2+2+5+1+2*room, ItemSize(item))
	require.NoError(t, r.Set("body", TextValue(strings.Repeat("x", room+1))))
	_, err = e.Item(r)
	require.ErrorContains(t, err, "the item would have")
}

// A zero date that the contract makes NULL makes what is computed of it absent,
// though the column is NOT NULL.
func TestComputedOfZeroDate(t *testing.T) {
	e := thing(t, `{"tables": [{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "id",
		"columns": [{"name": "id", "type": "int", "null": false}, {"name": "day", "type": "date", "null": false}], "primary_key": ["id"],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "day", "type": "S", "source_column": "day", "zero_dates": "null"},
			{"name": "on", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "ON#{day}"}}]}]}`)
	r := rowOf(t, e, map[string]string{"id": "1", "day": "0000-00-00"})
	item, err := e.Item(r)
	require.NoError(t, err)
	require.Equal(t, map[string]types.AttributeValue{"id": avN("1")}, item)
	back, err := e.Record(item)
	require.NoError(t, err)
	require.True(t, back.Equal(r))
}

// A number that is calculated is held to the digits of an N as others are.
func TestComputedNumberTooLong(t *testing.T) {
	e := thing(t, `{"tables": [{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "id",
		"columns": [{"name": "id", "type": "int", "null": false}, {"name": "wide", "type": "decimal", "precision": 60, "scale": 0, "null": false}], "primary_key": ["id"],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "wide", "type": "S", "source_column": "wide"},
			{"name": "n", "type": "N", "source_column": null, "calculation": {"type": "case", "cases": [{"when": "id = 1", "then": "wide"}]}}]}]}`)
	for digits, want := range map[int]string{38: "", 39: "more than 38 significant digits"} {
		_, err := e.Item(rowOf(t, e, map[string]string{"id": "1", "wide": strings.Repeat("7", digits)}))
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}

// An item whose computed attributes are not what the others make is refused.
func TestRecordOfChangedItem(t *testing.T) {
	e := thing(t, `{"tables": [{"table": "TTT", "type": "single-entity", "source_table": "things", "pk": "PK",
		"columns": [{"name": "id", "type": "int", "null": false}, {"name": "a", "type": "varchar", "length": 20, "collation": "utf8mb4_bin", "null": true},
			{"name": "d", "type": "datetime", "precision": 0, "null": false}, {"name": "j", "type": "text", "collation": "utf8mb4_bin", "null": true}], "primary_key": ["id"],
		"attributes": [
			{"name": "PK", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "T#{id:010d}"}},
			{"name": "a", "type": "S", "source_column": "a", "null": "type"},
			{"name": "tagged", "type": "S", "source_column": null, "null": "type", "transformation": {"type": "template", "template": "A#{a}"}},
			{"name": "loud", "type": "S", "source_column": ["id", "a"], "calculation": {"type": "concat", "separator": "/"}},
			{"name": "kind", "type": "S", "source_column": null, "literal": "t"},
			{"name": "day", "type": "S", "source_column": "d", "transformation": {"type": "date-format", "format": "YYYY-MM-DD"}},
			{"name": "map", "type": "M", "source_column": null, "join": {"type": "json-construction", "target_table": "things", "join_condition": "things.id = things.id",
				"construction": {"type": "object", "select_columns": {"a": "a", "n": "id"}}}},
			{"name": "j", "type": "M", "source_column": "j", "transformation": {"type": "json-parse", "source_format": "canonical"}}]}]}`)
	require.Equal(t, []string{"d"}, e.Lost())
	require.False(t, e.Columns[e.ColumnIndex("loud")].Nullable, "id is never NULL")
	require.True(t, e.Columns[e.ColumnIndex("tagged")].Nullable, "a may be")
	r := rowOf(t, e, map[string]string{"id": "7", "a": "x#y", "d": "2024-03-10 09:30:00", "j": `{"n":1}`})
	item, err := e.Item(r)
	require.NoError(t, err)
	back, err := e.Record(item)
	require.NoError(t, err)
	require.Equal(t, []string{"d"}, back.Diff(r)) // and it is NULL, not a guess
	for name, c := range map[string]struct {
		attribute string
		value     types.AttributeValue
		want      string
	}{
		"another key":       {"PK", avS("T#0000000008"), "is made of another id"},
		"no such key":       {"PK", avS("T#8"), "the text is not one that the template"},
		"key absent":        {"PK", nil, "the item has no PK, which its other attributes make"},
		"another text":      {"tagged", avS("A#x"), "is made of another a"},
		"text not escaped":  {"tagged", avS("A#x#y"), "the text is not one that the template"},
		"text absent":       {"tagged", nil, "the item has no tagged, which its other attributes make"},
		"text NULL":         {"tagged", avNull(), "the item has no tagged, which its other attributes make"},
		"not typed":         {"tagged", avN("1"), "is of type N, and the contract says S"},
		"source NULL":       {"a", avNull(), "attribute a is NULL, and another attribute of the column is not"},
		"source absent":     {"a", nil, "attribute a is absent, and the contract says that NULL is a type"},
		"concat":            {"loud", avS("7/x"), "the item's loud is not what its other attributes make"},
		"concat absent":     {"loud", nil, "the item has no loud, which its other attributes make"},
		"literal":           {"kind", avS("u"), "the item's kind is not what its other attributes make"},
		"map of another":    {"map", avM("a", avS("z"), "n", avN("7")), "is made of another a"},
		"map of more":       {"map", avM("a", avS("x#y"), "n", avN("7"), "b", avN("1")), "the item's map is not what its other attributes make"},
		"map of less":       {"map", avM("n", avN("7")), "is made of another a"},
		"map of null":       {"map", avM("a", avNull(), "n", avN("7")), "field a: not the text that belongs there"},
		"map of a number":   {"map", avM("a", avN("1"), "n", avN("7")), "field a: not the text that belongs there"},
		"map of a text":     {"map", avM("a", avS("x#y"), "n", avS("7")), "field n: a text where a number belongs"},
		"unknown attribute": {"more", avS("x"), "attribute more that the contract does not name"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := maps.Clone(item)
			changed[c.attribute] = c.value
			if c.value == nil {
				delete(changed, c.attribute)
			}
			_, err := e.Record(changed)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "x#y")
		})
	}
	// What nothing can be held against is taken as it is.
	changed := maps.Clone(item)
	changed["day"] = avS("1999-01-01")
	_, err = e.Record(changed)
	require.NoError(t, err)
}

func avM(pairs ...any) types.AttributeValue {
	m := map[string]types.AttributeValue{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1].(types.AttributeValue)
	}
	return &types.AttributeValueMemberM{Value: m}
}

// Templates are codecs whatever the values: delimiters, empty ones, four bytes,
// two kilobytes, and what looks like another placeholder.
func TestTemplatesOfHostileValues(t *testing.T) {
	hostile := []string{"", "#", "##", "$", "$0", "#$", "a#b", "{b}", "}{", "%s", "'; DROP TABLE things; --", "\x00", "\n", "😀#😀", "\U0010ffff", "\u0301",
		strings.Repeat("#", 300), strings.Repeat("é", 1000), "null", " ", " x "}
	for _, format := range []string{"{a}#{b}", "A#{a}|{b}", "{a}x{b}#", "#{a}##{b}", "{a} {b}", "{a}$#{b}{id:010d}"} {
		e := thing(t, `{"tables": [{"table": "TTT", "type": "single-entity", "source_table": "things", "pk": "id",
			"columns": [{"name": "id", "type": "int", "unsigned": true, "null": false}, {"name": "a", "type": "text", "collation": "utf8mb4_bin", "null": false}, {"name": "b", "type": "text", "collation": "utf8mb4_bin", "null": false}], "primary_key": ["id"],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "x", "type": "S", "source_column": null, `+aTemplate(format)+`}]}]}`)
		require.Empty(t, e.Lost())
		seen := map[string]string{}
		for _, a := range hostile {
			for _, b := range hostile {
				r := rowOf(t, e, map[string]string{"id": "1", "a": a, "b": b})
				item, err := e.Item(r)
				require.NoError(t, err)
				text := item["x"].(*types.AttributeValueMemberS).Value
				require.NotContains(t, seen, text, "%q and %q as %s", a, b, format)
				seen[text] = a + "\x01" + b
				back, err := e.Record(item)
				require.NoError(t, err)
				require.True(t, back.Equal(r))
			}
		}
	}
}
