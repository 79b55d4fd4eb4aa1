package transform

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// withColumn returns the users contract with a column x of the declaration, and its
// attributes, "type" and what more they say.
func withColumn(t testing.TB, column string, attributes ...string) []byte {
	t.Helper()
	const first = `{"name": "user_id", "type": "int", "null": false}`
	list := ""
	for i, a := range attributes {
		list += `{"name": "x` + strings.Repeat("x", i) + `", "source_column": "x", ` + a + `}, `
	}
	return edited(t, first, first+`, {"name": "x", `+column+`}`, `"attributes": [`, `"attributes": [`+list)
}

const (
	atColumn = "/tables/0/columns/1"
	atX      = "/tables/0/attributes/0"
)

// Every type is taken as the attribute types that hold it, and refused as the
// others, with the reason and the mend.
func TestFindingsOfTypes(t *testing.T) {
	for _, c := range []struct {
		column     string
		attributes []string
		want       []string
	}{
		// What is taken.
		{`"type": "float"`, []string{`"type": "N"`, `"type": "S"`}, nil},
		{`"type": "REAL", "precision": 7, "scale": 2, "unsigned": true`, []string{`"type": "N"`}, nil},
		{`"type": "bit"`, []string{`"type": "BOOL"`}, nil},
		{`"type": "bit", "length": 64`, []string{`"type": "N"`, `"type": "B"`, `"type": "S"`}, nil},
		{`"type": "time", "precision": 6`, []string{`"type": "S"`}, nil},
		{`"type": "year"`, []string{`"type": "N"`, `"type": "S"`}, nil},
		{`"type": "enum", "values": ["", "a,b"]`, []string{`"type": "S"`}, nil},
		{`"type": "set", "values": ["a"]`, []string{`"type": "S"`, `"type": "SS"`}, nil},
		{`"type": "set", "values": ["a"], "null": true`, []string{`"type": "SS", "null": "type"`}, nil},
		{`"type": "set", "values": ["a"], "null": true`, []string{`"type": "SS"`, `"type": "S"`}, nil},
		{`"type": "date"`, []string{`"type": "S", "zero_dates": "text"`}, nil},
		{`"type": "date"`, []string{`"type": "S", "zero_dates": "error"`, `"type": "S"`}, nil},
		{`"type": "int", "null": true`, []string{`"type": "N", "null": "type"`}, nil},
		{`"type": "int", "null": true`, []string{`"type": "N", "null": "absent"`}, nil},

		// What would be lost.
		{`"type": "set", "values": ["a"], "null": true`, []string{`"type": "SS"`}, []string{
			`warning ` + atX + `/type: the empty set of x is lost: it becomes NULL, since both are an absent attribute; add "null": "type" to the attribute, or make it S, or the column NOT NULL`}},
		{`"type": "date", "null": true`, []string{`"type": "S", "zero_dates": "null"`}, []string{
			`warning ` + atX + `/zero_dates: zero and partial dates of x become NULL, and come back as NULL; use "text" to keep them as they are`}},
		{`"type": "datetime"`, []string{`"type": "S", "zero_dates": "null"`}, []string{
			`warning ` + atX + `/zero_dates: zero and partial dates of x become NULL, and all come back as 0000-00-00`}},

		// What is refused.
		{`"type": "geometry"`, []string{`"type": "S"`}, []string{`error ` + atColumn + `/type: geometry has no form in an item: DynamoDB has no spatial type, and a text of it loses the reference system; keep ST_AsWKB`}},
		{`"type": "POINT"`, []string{`"type": "M"`}, []string{`error ` + atColumn + `/type: point has no form in an item`}},
		{`"type": "uuid"`, []string{`"type": "S"`}, []string{`error ` + atColumn + `/type: uuid is a type of MariaDB alone`}},
		{`"type": "vector"`, []string{`"type": "B"`}, []string{`error ` + atColumn + `/type: vector has no form in an item`}},
		{`"type": "bit", "length": 65`, []string{`"type": "N"`}, []string{`error ` + atColumn + `/length: a bit has at most 64`}},
		{`"type": "bit", "length": 2`, []string{`"type": "BOOL"`}, []string{`error ` + atX + `/type: BOOL can't hold column x, which is bit(2); use N or B or S`}},
		{`"type": "bit", "unsigned": true`, []string{`"type": "N"`}, []string{`error ` + atColumn + `/unsigned: a bit has no sign`}},
		{`"type": "year", "unsigned": true`, []string{`"type": "N"`}, []string{`error ` + atColumn + `/unsigned: a year has no sign`}},
		{`"type": "float"`, []string{`"type": "BOOL"`}, []string{`error ` + atX + `/type: BOOL can't hold column x, which is float; use N or S`}},
		{`"type": "float", "precision": 7`, []string{`"type": "N"`}, []string{`error ` + atColumn + `: a float has precision and scale, or neither`}},
		{`"type": "double", "precision": 2, "scale": 3`, []string{`"type": "N"`}, []string{`error ` + atColumn + `/scale: the scale is greater`}},
		{`"type": "time", "precision": 7`, []string{`"type": "S"`}, []string{`error ` + atColumn + `/precision: precision is not an integer from 0 to 6`}},
		{`"type": "time"`, []string{`"type": "N"`}, []string{`error ` + atX + `/type: N can't hold column x, which is time; use S`}},
		{`"type": "enum"`, []string{`"type": "S"`}, []string{`error ` + atColumn + `: says no values of its enum; run migrationctl`}},
		{`"type": "enum", "values": ["a", "a"]`, []string{`"type": "S"`}, []string{`error ` + atColumn + `/values/1: value "a" is there twice`}},
		{`"type": "enum", "values": ["a"]`, []string{`"type": "SS"`}, []string{`error ` + atX + `/type: SS can't hold column x, which is enum('a'); use S`}},
		{`"type": "set", "values": ["a,b"]`, []string{`"type": "SS"`}, []string{`error ` + atColumn + `/values/0: a value of a set has no comma`}},
		{`"type": "set", "values": ["", "b"]`, []string{`"type": "SS"`}, []string{`error ` + atColumn + `/values/0: a set with an empty value: MySQL gives it and no value at all the same text; give the value a name`}},
		{`"type": "set", "values": ["a"]`, []string{`"type": "L"`}, []string{`error ` + atX + `/type: L can't hold column x, which is set('a'); use S or SS`}},
		{`"type": "int"`, []string{`"type": "NS"`}, []string{`error ` + atX + `/type: no column of MySQL is a set of numbers or bytes, so none could come back from an NS; use SS for a SET, and L for`}},
		{`"type": "blob"`, []string{`"type": "BS"`}, []string{`error ` + atX + `/type: no column of MySQL is a set of numbers or bytes, so none could come back from an BS`}},
		{`"type": "int", "null": true`, []string{`"type": "NULL"`}, []string{`error ` + atX + `/type: an attribute of type NULL holds nothing of its column; give the attribute the type of its values; "null": "type" beside it`}},
		{`"type": "json", "null": true`, []string{`"type": "M", "null": "type"`}, []string{`error ` + atX + `/null: JSON's null is of type NULL already, and column x could not tell it from SQL's; take "null" out`}},
		{`"type": "int"`, []string{`"type": "N", "null": "NULL"`}, []string{`error ` + atX + `/null: "NULL" is none of absent, type`}},
		{`"type": "int"`, []string{`"type": "N", "zero_dates": "null"`}, []string{`error ` + atX + `/zero_dates: column x is int and has no dates; take it out`}},
		{`"type": "date"`, []string{`"type": "S", "zero_dates": "zero"`}, []string{`error ` + atX + `/zero_dates: "zero" is none of error, null, text`}},
		{`"type": "date"`, []string{`"type": "S", "zero_dates": "text"`, `"type": "S"`}, []string{`error /tables/0/attributes/1: the attributes of column x do not say the same of zero dates; say it in each of them`}},
	} {
		t.Run(c.column+" "+strings.Join(c.attributes, ", "), func(t *testing.T) {
			_, findings := Check(withColumn(t, c.column, c.attributes...))
			var got []string
			for _, f := range findings {
				got = append(got, f.String())
			}
			require.Len(t, got, len(c.want), "%s", strings.Join(got, "\n"))
			for i, want := range c.want {
				require.True(t, strings.HasPrefix(got[i], want), "%s\nis not\n%s", got[i], want)
			}
		})
	}
}

// What a type means for keys.
func TestFindingsOfTypesInKeys(t *testing.T) {
	for _, c := range []struct{ column, attribute, want string }{
		{`"type": "double"`, `"type": "N"`, ""},
		{`"type": "double"`, `"type": "S"`, `error /tables/0/gsis/1/sk: attribute x sorts the numbers of x as text, 10 before 9; make the attribute N`},
		{`"type": "year"`, `"type": "S"`, `error /tables/0/gsis/1/sk: attribute x sorts the numbers of x as text`},
		{`"type": "bit", "length": 64`, `"type": "B"`, ""},
		{`"type": "time"`, `"type": "S"`, `warning /tables/0/gsis/1/sk: a TIME below zero in x is refused, since DynamoDB would sort it the wrong way round`},
		{`"type": "enum", "values": ["a"], "collation": "utf8mb4_general_ci"`, `"type": "S"`, ""},
		{`"type": "set", "values": ["a"]`, `"type": "SS"`, `error /tables/0/gsis/1/sk: attribute x is of type SS, and a key is S, N or B`},
		{`"type": "int", "null": true`, `"type": "N", "null": "type"`, `error /tables/0/gsis/1/sk: attribute x writes NULL as a type, which no key of DynamoDB takes; take "null" out`},
	} {
		data := strings.Replace(string(withColumn(t, c.column, c.attribute)), `"sk": "lastLogin"`, `"sk": "x"`, 1)
		_, findings := Check([]byte(data))
		if c.want == "" {
			require.Empty(t, findings, c.column)
			continue
		}
		require.Len(t, findings, 1, "%v", findings)
		require.True(t, strings.HasPrefix(findings[0].String(), c.want), "%s", findings[0])
	}
}

// SetColumns writes what the new types have, and reads it again.
func TestSetColumnsOfTypes(t *testing.T) {
	e := load(t, "types.json")
	d, err := Parse([]byte(`[{"table": "Kinds", "type": "single-entity", "source_table": "kinds", "pk": "id", "attributes": []}]`))
	require.NoError(t, err)
	require.NoError(t, d.SetColumns("Kinds", e.Columns, []string{"id"}))
	text := string(d.JSON())
	for _, want := range []string{`"values": [`, `"it's"`, `"type": "float"`, `"length": 9`, `"precision": 3`} {
		require.Contains(t, text, want)
	}
	again, err := Parse(d.JSON())
	require.NoError(t, err)
	require.Equal(t, text, string(again.JSON()))
}
