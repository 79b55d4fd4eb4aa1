package transform

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// keyContract is a contract of one table with an index. parts is the column that
// its keys are made of, p.
func keyContract(column, tableSK, indexSK, more string) []byte {
	return []byte(`{"tables": [{"table": "Parts", "type": "single-entity", "source_table": "parts", "pk": "shelf", "sk": "place",
		"gsis": [{"index_name": "ByP", "pk": "shelf", "sk": "listed"}],
		"columns": [{"name": "shelf", "type": "int"}, {"name": "id", "type": "int", "unsigned": true}, ` + column + more + `],
		"primary_key": ["shelf", "id"],
		"attributes": [{"name": "shelf", "type": "N", "source_column": "shelf"}, {"name": "id", "type": "N", "source_column": "id"},
			{"name": "p", "type": "` + typeOfP(column) + `", "source_column": "p"},
			{"name": "place", "type": "S", "source_column": null, "transformation": {"type": "string-format", "format": "` + tableSK + `"}},
			{"name": "listed", "type": "S", "source_column": null, ` + indexSK + `}]}]}`)
}

func typeOfP(column string) string {
	switch {
	case strings.Contains(column, `"int"`), strings.Contains(column, `"decimal"`):
		return "N"
	case strings.Contains(column, `"json"`):
		return "M"
	}
	return "S"
}

const (
	pNumber  = `{"name": "p", "type": "int"}`
	pTime    = `{"name": "p", "type": "time"}`
	atListed = " /tables/0/gsis/0/sk: "
)

func pText(length, collation string) string {
	return `{"name": "p", "type": "varchar", "length": ` + length + `, "collation": "` + collation + `"}`
}

// A column that stands in a template means for a key what it means alone.
func TestKeyTemplates(t *testing.T) {
	const idKey = "{id:010d}"
	template := func(text string) string {
		return `"transformation": {"type": "string-format", "format": "` + text + `"}`
	}
	for name, c := range map[string]struct {
		column, tableSK, indexSK string
		want                     []string
	}{
		"nothing to say":               {pNumber, idKey, template("{shelf:010d}#{id:010d}"), []string{"warning /tables/0/attributes/4: column shelf has a sign"}},
		"a long text":                  {pText("300", "utf8mb4_bin"), idKey, template("X#{p}"), []string{`warning` + atListed + `a text of "X#{p}" may have 1202 bytes, and this key at most 1024`}},
		"texts that are long together": {pText("200", "utf8mb4_bin"), idKey, template("{p}#{p}"), []string{`warning` + atListed + `a text of "{p}#{p}" may have 1601 bytes, and this key at most 1024`}},
		"a text that fits":             {pText("250", "utf8mb4_bin"), idKey, template("X#{p}"), nil},
		"in the table's key":           {pText("300", "utf8mb4_bin"), idKey + "#{p}", template(idKey), []string{`warning /tables/0/sk: a text of "{id:010d}#{p}" may have 1211 bytes`, `warning /tables/0/sk: the item's key depends on column p`}},
		"a collation":                  {pText("20", "utf8mb4_general_ci"), idKey, template("C#{p}"), []string{`warning` + atListed + `MySQL compares p by utf8mb4_general_ci, the index byte for byte`}},
		"a collation, pk and sk":       {pText("20", "utf8mb4_general_ci"), idKey, `"transformation": {"type": "template", "template": "{p}#{id:010d}"}`, []string{`warning /tables/0/gsis/0/pk: MySQL compares p by utf8mb4_general_ci`}},
		"a collation, table":           {pText("20", "utf8mb4_general_ci"), idKey + "#{p}", template(idKey), []string{`warning /tables/0/sk: MySQL compares p by utf8mb4_general_ci, the item's key byte for byte`, `warning /tables/0/sk: the item's key depends on column p`}},
		"a collation unknown":          {pText("20", "nonsense_ci"), idKey, template("C#{p}"), []string{`error` + atListed + `which values of p are equal is not known here: its collation nonsense_ci is none`, `warning /tables/0/columns/2/collation`}},
		"a collation untested, table":  {pText("20", "utf8mb4_swedish_ci"), idKey + "#{p}", template(idKey), []string{`error /tables/0/sk: which values of p are equal is not known here`, `warning /tables/0/sk: the item's key depends on column p`}},
		"a collation untested, alone":  {pText("20", "utf8mb4_swedish_ci"), idKey, template("{p}"), []string{`error` + atListed + `which values of p are equal is not known here: its collation utf8mb4_swedish_ci is none of those that are tested; give the column utf8mb4_bin`}},
		"published weights":            {pText("20", "utf8mb4_0900_ai_ci"), idKey, template("C#{p}"), []string{`warning` + atListed + `MySQL compares p by`}},
		"a binary collation":           {pText("20", "latin1_bin"), idKey, template("C#{p}"), nil},
		"numbers unpadded":             {pNumber, idKey, template("{p}#{id:010d}"), []string{`warning` + atListed + `attribute listed has the numbers of p as they are, and sorts 10 before 9; pad whole`}},
		"numbers in a concat":          {pNumber, idKey, `"source_column": ["p", "id"], "calculation": {"type": "concat", "separator": "-"}`, []string{`warning` + atListed + `attribute listed has the numbers of p as they are`, `warning` + atListed + `attribute listed has the numbers of id as they are`}},
		"a time":                       {pTime, idKey, template("{p}#{id:010d}"), []string{`warning` + atListed + `a TIME below zero in p is refused`}},
		"a time in a concat":           {pTime, idKey, `"source_column": ["p"], "calculation": {"type": "concat", "separator": "-"}`, []string{`warning` + atListed + `a TIME below zero in p is refused`}},
		"JSON":                         {`{"name": "p", "type": "json"}`, idKey, template("{p}"), []string{`warning /tables/0/attributes/4/type: attribute listed holds the JSON`, `error` + atListed + `attribute listed is JSON`}},
		"JSON within":                  {`{"name": "p", "type": "json"}`, idKey, template("J#{p}"), []string{`error` + atListed + `attribute listed is made of p, which is JSON and can't be in a key`}},
		"a sign":                       {pNumber, idKey, template("{p:010d}"), []string{`warning /tables/0/attributes/4: column p has a sign, and the template pads no number below zero: rows with one are refused; declare the column "unsigned"`}},
		"a decimal's sign":             {`{"name": "p", "type": "decimal", "precision": 5, "scale": 0}`, idKey, template("{p:010d}"), []string{`warning /tables/0/attributes/4: column p has a sign`}},
		"no sign":                      {`{"name": "p", "type": "int", "unsigned": true}`, idKey, template("{p:010d}"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			data := string(keyContract(c.column, c.tableSK, c.indexSK, ""))
			if strings.Contains(name, "pk and sk") {
				data = strings.Replace(data, `"ByP", "pk": "shelf"`, `"ByP", "pk": "p"`, 1)
			}
			data = strings.Replace(data, `"source_column": null, "source_column"`, `"source_column"`, 1)
			got := checkedTexts([]byte(data))
			got = slices.DeleteFunc(got, func(s string) bool { // of indexes whose keys can change
				return strings.Contains(s, "warning /tables/0/gsis/0: the key of index ByP depends on")
			})
			require.Len(t, got, len(c.want), "%s", strings.Join(got, "\n"))
			for _, want := range c.want {
				require.True(t, slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }), "%s\n\nis not in\n\n%s", want, strings.Join(got, "\n"))
			}
		})
	}
}

// Ids that MySQL hands out are never below zero, and so is what a join finds them by.
func TestPaddedIDs(t *testing.T) {
	contract := func(generated string) []byte {
		return []byte(`{"tables": [{"table": "Notes", "type": "single-entity", "source_table": "notes", "pk": "id",
			"columns": [{"name": "id", "type": "int", "generated": "auto_increment"}, {"name": "user", "type": "int"}], "primary_key": ["id"], "sequence": {"column": "id"},
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "user", "type": "N", "source_column": "user"},
				{"name": "padded", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "{id:010d}.{user:010d}"}},
				{"name": "called", "type": "S", "source_column": "user", "keep": {"dynamodb": "copy"}, "join": {"type": "foreign-key", "target_table": "users",
					"join_condition": "users.id = notes.user", "select_column": "users.name"}}]}],
			"source_tables": [{"table": "users", "primary_key": ["id"], "columns": [{"name": "id", "type": "int"` + generated + `},
				{"name": "name", "type": "varchar", "length": 9, "collation": "utf8mb4_bin"}]}]}`)
	}
	require.Empty(t, checkedTexts(contract(`, "generated": "auto_increment"`)))
	require.Empty(t, checkedTexts([]byte(strings.NewReplacer(`"name": "user"`, `"name": "user_id"`, `"source_column": "user"`, `"source_column": "user_id"`,
		"{user:", "{user_id:", "notes.user", "notes.user_id").Replace(string(contract(""))))), "it is called so")
	got := checkedTexts(contract(""))
	require.Len(t, got, 1)
	require.Contains(t, got[0], "column user has a sign")
}

// Nothing is sorted where no two records have the same partition key, and that
// the contract's "unique" says.
func TestKeyOfUniqueColumns(t *testing.T) {
	contract := func(unique string) []byte {
		data := string(keyContract(pText("20", "utf8mb4_bin"), "{id:010d}", `"transformation": {"type": "template", "template": "I#{id}"}`, ""))
		data = strings.Replace(data, `"ByP", "pk": "shelf"`, `"ByP", "pk": "p"`, 1)
		return []byte(strings.Replace(data, `"primary_key"`, `"unique": [`+unique+`], "primary_key"`, 1))
	}
	sorted := func(texts []string) bool {
		return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "sorts 10 before 9") })
	}
	require.True(t, sorted(checkedTexts(contract(""))))
	require.True(t, sorted(checkedTexts(contract(`{"columns": ["p", "shelf"]}`))))
	require.False(t, sorted(checkedTexts(contract(`{"columns": ["p"]}`))))
}
