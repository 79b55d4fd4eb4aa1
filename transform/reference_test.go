package transform

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// referring is a contract of two tables: parents, and children of which each refers
// to one, with columns and references of the caller.
func referring(children, references string) []byte {
	return []byte(`{"tables": [
		{"table": "Parents", "type": "single-entity", "source_table": "parents", "pk": "id", "sk": "code",
			"columns": [{"name": "id", "type": "int"}, {"name": "code", "type": "varchar", "length": 20, "collation": "utf8mb4_bin"}],
			"primary_key": ["id", "code"],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "code", "type": "S", "source_column": "code"}]},
		{"table": "Singles", "type": "single-entity", "source_table": "singles", "pk": "id",
			"columns": [{"name": "id", "type": "int"}], "primary_key": ["id"], "attributes": [{"name": "id", "type": "N", "source_column": "id"}]},
		{"table": "Children", "type": "single-entity", "source_table": "children", "pk": "id",
			"columns": [{"name": "id", "type": "int"}, ` + children + `], "primary_key": ["id"],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "a", "type": "N", "source_column": "a"},
				{"name": "b", "type": "S", "source_column": "b"}, {"name": "c", "type": "N", "source_column": "c"}],
			"references": [` + references + `]}]}`)
}

const (
	childColumns = `{"name": "a", "type": "int", "null": true}, {"name": "b", "type": "varchar", "length": 30, "null": true, "collation": "utf8mb4_bin"}, {"name": "c", "type": "int", "null": true}`
	toParents    = `{"columns": ["a", "b"], "entity": "Parents", "on_delete": "restrict"}`
	at0          = "/tables/2/references/0"
)

// TestReferenceFindings: every finding about references, each with its pointer.
func TestReferenceFindings(t *testing.T) {
	for name, c := range map[string]struct {
		children, references string
		want                 []string
	}{
		"good":               {childColumns, toParents + `, {"columns": ["c"], "entity": "Singles", "on_delete": "set-null"}`, nil},
		"to itself":          {childColumns, `{"columns": ["a"], "entity": "Children", "on_delete": "cascade"}`, nil},
		"nothing said":       {childColumns, `{}`, []string{`error ` + at0 + `: has no columns`, `error ` + at0 + `: has no entity`, `error ` + at0 + `: has no on_delete; add it, as one of restrict, cascade, set-null`}},
		"misspelt":           {childColumns, `{"columns": ["c"], "entity": "Single", "on_delete": "set null"}`, []string{`error ` + at0 + `/on_delete: "set null" is none of restrict, cascade, set-null; did you mean "set-null"?`, `error ` + at0 + `/entity: there is no entity "Single"; did you mean "Singles"?`}},
		"unknown column":     {childColumns, `{"columns": ["d"], "entity": "Singles", "on_delete": "cascade"}`, []string{`error ` + at0 + `/columns/0: there is no column "d"`}},
		"column twice":       {childColumns, `{"columns": ["a", "a"], "entity": "Parents", "on_delete": "cascade"}`, []string{`error ` + at0 + `/columns/1: column "a" is in the reference already`}},
		"half a key":         {childColumns, `{"columns": ["a"], "entity": "Parents", "on_delete": "cascade"}`, []string{`error ` + at0 + `/columns: names 1 columns, and the primary key of Parents has 2`}},
		"another type":       {childColumns, `{"columns": ["b", "a"], "entity": "Parents", "on_delete": "cascade"}`, []string{`error ` + at0 + `/columns/0: column b is varchar(30), and id of Parents, whose key it is, int`, `error ` + at0 + `/columns/1: column a is int`}},
		"another sign":       {strings.Replace(childColumns, `"int", "null"`, `"int", "unsigned": true, "null"`, 1), toParents, []string{`error ` + at0 + `/columns/0: column a is int unsigned`}},
		"another collation":  {strings.Replace(childColumns, "utf8mb4_bin", "utf8mb4_general_ci", 1), toParents, []string{`error ` + at0 + `/columns/1: column b has the collation utf8mb4_general_ci, and code of Parents has utf8mb4_bin`}},
		"NULL in NOT NULL":   {strings.Replace(childColumns, `"int", "null": true`, `"int"`, 1), strings.Replace(toParents, "restrict", "set-null", 1), []string{`error ` + at0 + `/on_delete: column a is NOT NULL`}},
		"NULL in the key":    {childColumns, `{"columns": ["id"], "entity": "Singles", "on_delete": "set-null"}`, []string{`error ` + at0 + `/on_delete: column id is part of the primary key`}},
		"the same again":     {childColumns, toParents + `, ` + toParents, []string{`error /tables/2/references/1/columns: another reference has the columns a,b too`}},
		"shared and emptied": {childColumns, toParents + `, {"columns": ["a"], "entity": "Singles", "on_delete": "set-null"}`, []string{`error /tables/2/references/1/columns: shares a column with the reference a,b`}},
		"shared":             {childColumns, toParents + `, {"columns": ["a"], "entity": "Singles", "on_delete": "cascade"}`, nil},
		"order decides": {childColumns, `{"columns": ["a"], "entity": "Singles", "on_delete": "cascade"}, {"columns": ["c"], "entity": "Singles", "on_delete": "restrict"}`,
			[]string{`error /tables/1: deleting from Singles takes records of Children along, which by c keep those of Singles from being deleted`}},
		"order decides below": {childColumns, `{"columns": ["a"], "entity": "Singles", "on_delete": "cascade"}, {"columns": ["c"], "entity": "Children", "on_delete": "restrict"}`,
			[]string{`error /tables/1: deleting from Singles takes records of Children along, which by c keep those of Children`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := Check(referring(c.children, c.references))
			var got []string
			for _, f := range findings {
				if f.Severity == Error {
					got = append(got, f.String())
				}
			}
			require.Len(t, got, len(c.want), "%s", strings.Join(got, "\n"))
			for _, want := range c.want {
				require.Contains(t, strings.Join(got, "\n"), want)
			}
		})
	}
}

// TestReferenceInTheItemsKey: what would leave a record without an item is refused.
func TestReferenceInTheItemsKey(t *testing.T) {
	const finding = `error ` + at0 + `/on_delete: column c is part of the item's key, and no item has a key without it; use restrict or cascade`
	for rule, refused := range map[string]bool{OnDeleteRestrict: false, OnDeleteCascade: false, OnDeleteSetNull: true} {
		text := string(referring(childColumns, `{"columns": ["c"], "entity": "Singles", "on_delete": "`+rule+`"}`))
		_, findings := Check([]byte(strings.Replace(text, `"children", "pk": "id"`, `"children", "pk": "c"`, 1)))
		var all []string
		for _, f := range findings {
			all = append(all, f.String())
		}
		if refused {
			require.Contains(t, all, finding, rule)
		} else {
			require.NotContains(t, all, finding, rule)
		}
	}
}

// TestReferenceKey: of values, NULL, blanks that MySQL does not tell from none, and
// what no key can be.
func TestReferenceKey(t *testing.T) {
	c, findings := Check(referring(childColumns, toParents))
	require.NotNil(t, c, "%v", findings)
	f := c.Entity("Children").References[0]
	require.Equal(t, "a,b", f.Field())
	require.Equal(t, []*Reference{f}, c.Entity("Parents").ReferredBy())
	require.Same(t, c.Entity("Children"), f.Of())
	require.Same(t, c.Entity("Parents"), f.To())
	want, err := c.Entity("Parents").KeyOf(1, "x")
	require.NoError(t, err)
	rec := c.Entity("Children").NewRecord()
	for _, x := range []struct {
		a, b   Value
		key    Key
		refers bool
	}{
		{IntValue(1), TextValue("x"), want, true},
		{IntValue(1), TextValue("x  "), want, true},
		{Value{}, TextValue("x"), Key{}, false},
		{IntValue(1), Value{}, Key{}, false},
		{IntValue(1), TextValue(strings.Repeat("x", 25)), Key{}, true},
	} {
		rec.SetAt(1, x.a)
		rec.SetAt(2, x.b)
		key, refers := f.Key(rec)
		require.Equal(t, x.refers, refers)
		require.Equal(t, x.key, key)
		require.Equal(t, x.refers && !x.key.IsZero(), f.Refers(rec, want))
	}
	f.SetNull(rec)
	require.True(t, rec.At(1).IsNull() && rec.At(2).IsNull())
	require.False(t, f.Refers(rec, Key{}))
}

// TestDigestOfReferences: two processes must agree on them, and a contract without
// any has the digest it always had.
func TestDigestOfReferences(t *testing.T) {
	digest := func(references string) string {
		c, findings := Check(referring(childColumns, references))
		require.NotNil(t, c, "%v", findings)
		return c.Digest()
	}
	none := digest("")
	restrict := digest(toParents)
	cascade := digest(strings.Replace(toParents, "restrict", "cascade", 1))
	require.Len(t, map[string]bool{none: true, restrict: true, cascade: true}, 3)
}
