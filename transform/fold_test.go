package transform_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// foldContract has a column of each collation that folds, with its fold; more are
// attributes that follow.
func foldContract(more ...string) []byte {
	columns := []string{`{"name": "id", "type": "int", "null": false}`, `{"name": "bin", "type": "varchar", "length": 60, "null": true, "collation": "utf8mb4_bin"}`,
		`{"name": "german", "type": "varchar", "length": 60, "null": true, "collation": "utf8mb4_german2_ci"}`,
		`{"name": "label", "type": "enum", "values": ["a"], "null": true, "collation": "utf8mb4_general_ci"}`}
	var attributes []string
	for _, name := range []string{"id", "bin", "german", "label"} {
		attributes = append(attributes, fmt.Sprintf(`{"name": %q, "type": "S", "source_column": %q}`, name, name))
	}
	for name, collation := range foldColumns {
		columns = append(columns, fmt.Sprintf(`{"name": %q, "type": "varchar", "length": 60, "null": true, "collation": %q}`, name, collation))
		attributes = append(attributes, fmt.Sprintf(`{"name": %q, "type": "S", "source_column": %q}`, name, name),
			fmt.Sprintf(`{"name": "%sKey", "type": "S", "source_column": %q, "transformation": {"type": "fold"}}`, name, name))
	}
	return fmt.Appendf(nil, `[{"table": "Folds", "type": "single-entity", "source_table": "folds", "pk": "id", "primary_key": ["id"],
		"columns": [%s], "attributes": [%s]}]`, strings.Join(columns, ", "), strings.Join(append(attributes, more...), ", "))
}

var foldColumns = map[string]string{"general": "utf8mb4_general_ci", "unicode": "utf8mb4_unicode_ci", "three": "utf8mb3_unicode_ci", "ascii": "ascii_general_ci"}

// TestFoldServesItsColumn: an access pattern that asks by a column is served by an
// index of its fold, as dal.By is. An index of the column itself is told of the fold.
func TestFoldServesItsColumn(t *testing.T) {
	check := func(pk, equal string) (texts []string) {
		table := strings.TrimSuffix(strings.TrimPrefix(string(foldContract()), "["), "]")
		table = strings.Replace(table, `"pk": "id",`, fmt.Sprintf(`"pk": "id", "gsis": [{"index_name": "ByText", "pk": %q, "sk": "bin", "projection": "ALL"}],`, pk), 1)
		_, findings := transform.Check(fmt.Appendf(nil, `{"tables": [%s], "access_patterns": [{"name": "find", "entity": "Folds", "index": "ByText", "equal": [%q]}]}`, table, equal))
		for _, f := range findings {
			if !strings.Contains(f.Reason, "bytes, and this key at most") {
				texts = append(texts, f.String())
			}
		}
		return texts
	}
	require.Empty(t, check("generalKey", "general"))
	require.Empty(t, check("generalKey", "generalKey"))
	require.Contains(t, strings.Join(check("generalKey", "unicode"), "\n"), "can't serve it: the partition key generalKey is made of generalKey")
	got := check("general", "general")
	require.Len(t, got, 1)
	require.Contains(t, got[0], "MySQL compares general by utf8mb4_general_ci, the index byte for byte")
	require.Contains(t, got[0], `make the key an attribute with the transformation "fold" of it; else look values up as they are stored`)
}

// TestFoldTransformation: what can be folded, and why something can't.
func TestFoldTransformation(t *testing.T) {
	_, findings := transform.Check(foldContract())
	require.Empty(t, findings)
	for column, want := range map[string]string{
		"bin":    "error /0/attributes/12/transformation: column bin has the collation utf8mb4_bin, which compares bytes, as DynamoDB does; take the fold out",
		"german": "error /0/attributes/12/transformation: column german is folded in the collation utf8mb4_german2_ci, of which it is not known here",
		"label":  "error /0/attributes/12/transformation: column label is enum('a'), and only texts are folded; take the fold out",
		"id":     "error /0/attributes/12/transformation: column id is int, and only texts are folded; take the fold out",
	} {
		_, findings := transform.Check(foldContract(fmt.Sprintf(`{"name": "x", "type": "S", "source_column": %q, "transformation": {"type": "fold"}}`, column)))
		require.Len(t, findings, 1)
		require.Contains(t, findings[0].String(), want)
	}
	_, findings = transform.Check(foldContract(`{"name": "x", "type": "S", "source_column": ["general"], "calculation": {"type": "concat"}, "transformation": {"type": "fold"}}`))
	require.Contains(t, findings[0].String(), "attribute x is calculated, and has no collation of MySQL's; fold a column")
	_, findings = transform.Check([]byte(strings.Replace(string(foldContract()), "utf8mb4_unicode_ci", "utf8mb4_0900_ai_ci", 1)))
	require.Len(t, findings, 1)
	require.Contains(t, findings[0].String(), "warning ")
	require.Contains(t, findings[0].String(), "was not verified against a server")
}

// TestFoldShown: what an item holds of a text is what is asked for by any that MySQL
// takes for equal, and one of these is told from it.
func TestFoldShown(t *testing.T) {
	c, err := transform.Load(foldContract())
	require.NoError(t, err)
	e := c.Entities[0]
	column := columnOf(e, "unicodeKey")
	rec := e.NewRecord()
	require.NoError(t, rec.Set("id", transform.IntValue(1)))
	require.NoError(t, rec.Set("unicode", transform.TextValue("Straße")))
	item, err := e.Item(rec)
	require.NoError(t, err)
	key, err := e.ShownOf(column, "STRASSE ")
	require.NoError(t, err)
	require.Equal(t, &types.AttributeValueMemberS{Value: key.Text()}, item["unicodeKey"])
	begins, err := e.ShownBeginning(column, "strass")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(key.Text(), begins.Text()))
	columns, values := e.Told(column, key)
	require.Equal(t, []int{e.ColumnIndex("unicode")}, columns)
	folded, _ := transform.Fold("utf8mb4_unicode_ci", values[0].Text())
	want, _ := transform.Fold("utf8mb4_unicode_ci", "strasse")
	require.Equal(t, want, folded)
	for _, digits := range []string{"STRASSE", "0", "0001"} {
		columns, _ = e.Told(column, transform.TextValue(digits))
		require.Empty(t, columns, "which no text has")
	}
	for name, text := range map[string]string{"asciiKey": "日", "threeKey": "😀"} {
		beyond, err := e.ShownOf(columnOf(e, name), text)
		require.NoError(t, err)
		columns, _ = e.Told(columnOf(e, name), beyond)
		require.Empty(t, columns, "no text of the column's character set")
	}
	require.Equal(t, e.ColumnIndex("unicode"), e.FoldOf(column))
	require.Equal(t, -1, e.FoldOf(e.ColumnIndex("unicode")))
	_, err = e.ShownOf(column, nil)
	require.ErrorContains(t, err, "NULL")
}

// TestFoldOfNothing: a text of blanks has no fold, and so no attribute, as NULL has
// none; its item is read back all the same.
func TestFoldOfNothing(t *testing.T) {
	c, err := transform.Load(foldContract())
	require.NoError(t, err)
	e := c.Entities[0]
	for _, blank := range []transform.Value{{}, transform.TextValue(""), transform.TextValue("  "), transform.TextValue("\u200d ")} {
		rec := e.NewRecord()
		require.NoError(t, rec.Set("id", transform.IntValue(1)))
		require.NoError(t, rec.Set("unicode", blank))
		item, err := e.Item(rec)
		require.NoError(t, err)
		require.NotContains(t, item, "unicodeKey")
		back, err := e.Record(item)
		require.NoError(t, err)
		require.True(t, rec.Equal(back))
		item["unicodeKey"] = &types.AttributeValueMemberS{Value: "0E33"}
		_, err = e.Record(item)
		require.Error(t, err, "an attribute that is not what the item makes")
	}
	v, err := e.ShownOf(columnOf(e, "unicodeKey"), "  ")
	require.NoError(t, err)
	require.Empty(t, v.Text(), "it can be asked for, and is nowhere")
}

// TestFoldsAlike: collations of several character sets, and those that pad or not.
func TestFoldsAlike(t *testing.T) {
	alike := [][]string{{"utf8mb4_general_ci", "utf8mb3_general_ci", "utf8_general_ci"}, {"utf8mb4_unicode_ci", "utf8_unicode_ci"},
		{"utf8mb4_bin", "latin1_bin"}, {"utf8mb4_0900_bin", "binary"}, {"utf8mb4_0900_ai_ci"}, {"latin1_swedish_ci"}}
	for i, some := range alike {
		for j, others := range alike {
			for _, a := range some {
				for _, b := range others {
					require.Equal(t, i == j, transform.FoldsAlike(a, b), "%s and %s", a, b)
				}
			}
		}
	}
	require.False(t, transform.FoldsAlike("utf8mb4_german2_ci", "utf8mb4_german2_ci"))
}

// TestFoldView: the view shows what items hold, and the server's order of it is the
// order of the items' bytes.
func TestFoldView(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "the weights of its collations")
	db, err := mysqlstore.OpenDB(enginetest.MySQL(t))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	columns := []string{"id INT PRIMARY KEY", "bin VARCHAR(60) NULL", "german VARCHAR(60) NULL", "label ENUM('a') NULL"}
	for name, collation := range foldColumns {
		charset, _, _ := strings.Cut(collation, "_")
		columns = append(columns, fmt.Sprintf("%s VARCHAR(60) CHARACTER SET %s COLLATE %s NULL", name, charset, strings.Replace(collation, "utf8mb3_", "utf8_", 1)))
	}
	db.MustExec("CREATE TABLE folds (" + strings.Join(columns, ", ") + ")")
	c, err := transform.Load(foldContract())
	require.NoError(t, err)
	e := c.Entities[0]
	for _, v := range c.Views(transform.ViewPrefix) {
		db.MustExec(v.SQL)
	}
	pieces := []string{"a", "A", "á", "ß", "ss", " ", "  ", "\u00a0", "é", "一", "\u5800", "😀", "z", "0", "\t", "\x00", "K", "Σ", "ς", "_"}
	r := rand.New(rand.NewPCG(3, 4))
	for id := range 300 {
		rec := e.NewRecord()
		require.NoError(t, rec.Set("id", transform.IntValue(int64(id))))
		names, marks, args := []string{"id"}, []string{"?"}, []any{id}
		for name, collation := range foldColumns {
			var b strings.Builder
			for range r.IntN(6) {
				p := pieces[r.IntN(len(pieces))]
				if collation == "ascii_general_ci" && p[0] > 0x7f || collation == "utf8mb3_unicode_ci" && len(p) == 4 {
					continue
				}
				b.WriteString(p)
			}
			require.NoError(t, rec.Set(name, transform.TextValue(b.String())))
			names, marks, args = append(names, name), append(marks, "?"), append(args, b.String())
		}
		db.MustExec("INSERT INTO folds ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", args...)
		item, err := e.Item(rec)
		require.NoError(t, err)
		for name := range foldColumns {
			var shown sql.NullString
			require.NoError(t, db.Get(&shown, fmt.Sprintf("SELECT `%sKey` FROM `%sFolds` WHERE id = %d", name, transform.ViewPrefix, id)))
			held, holds := item[name+"Key"].(*types.AttributeValueMemberS)
			require.Equal(t, shown.Valid, holds, "%s of %q", name, rec.At(e.ColumnIndex(name)).Text())
			if holds {
				require.Equal(t, shown.String, held.Value, "%s of %q", name, rec.At(e.ColumnIndex(name)).Text())
			}
		}
	}
	for name := range foldColumns {
		var sorted []string
		require.NoError(t, db.Select(&sorted, fmt.Sprintf("SELECT `%[1]sKey` FROM `%[2]sFolds` WHERE `%[1]sKey` IS NOT NULL ORDER BY `%[1]sKey` COLLATE utf8mb4_bin", name, transform.ViewPrefix)))
		require.True(t, slices.IsSorted(sorted), name)
		var apart int
		require.NoError(t, db.Get(&apart, fmt.Sprintf("SELECT COUNT(*) FROM folds a JOIN folds b ON (a.%[1]s = b.%[1]s) <> "+
			"((SELECT `%[1]sKey` FROM `%[2]sFolds` x WHERE x.id = a.id) <=> (SELECT `%[1]sKey` FROM `%[2]sFolds` y WHERE y.id = b.id)) WHERE a.id < 60 AND b.id < 60", name, transform.ViewPrefix)))
		require.Zero(t, apart, "two are equal to MySQL and not by their keys, or the other way round, of %s", name)
	}
}
