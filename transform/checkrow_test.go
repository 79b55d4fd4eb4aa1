package transform_test

import (
	"database/sql"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

const examined = `[{"table": "Loans", "type": "single-entity", "source_table": "loans", "pk": "id", "sk": "sort", "primary_key": ["id"],
	"columns": [{"name": "id", "type": "int"}, {"name": "shelf", "type": "varchar", "length": 2000, "null": true, "collation": "utf8mb4_bin"},
		{"name": "lent", "type": "tinyint", "length": 1}, {"name": "since", "type": "date", "null": true}, {"name": "scan", "type": "longblob", "null": true}],
	"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "shelf", "type": "S", "source_column": "shelf"},
		{"name": "lent", "type": "BOOL", "source_column": "lent"}, {"name": "since", "type": "S", "source_column": "since"},
		{"name": "scan", "type": "B", "source_column": "scan"},
		{"name": "sort", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "{shelf}#{id}"}},
		{"name": "shown", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "{since} {shelf}"}}]}]`

// Examine tells every fault of a row once, and none that only follows from another;
// what can be made of the row is there.
func TestExamine(t *testing.T) {
	c, err := transform.Load([]byte(examined))
	require.NoError(t, err)
	e := c.Entities[0]
	const date = "since: a zero or partial date, for which the contract names no form"
	const bit = "lent: neither 0 nor 1, and the contract says BOOL"
	for name, row := range map[string]struct {
		texts []any
		want  []string
		has   string
	}{
		"nothing":       {[]any{"1", "a", "1", "2024-03-10", nil}, nil, "id lent shelf shown since sort"},
		"two columns":   {[]any{"1", "a", "2", "0000-00-00", nil}, []string{bit, date}, "id shelf sort"},
		"no key":        {[]any{"x", "a", "1", "2024-00-10", nil}, []string{"id: not an integer of up to 64 bits", date}, "lent shelf"},
		"NULL in a key": {[]any{"1", nil, "1", "0000-00-00", nil}, []string{date, "sort: NULL in the item's key"}, "id lent"},
		"long key": {[]any{"1", strings.Repeat("a", 1100), "2", nil, nil},
			[]string{bit, "sort: longer than the 1024 bytes that key attribute sort may have"}, "id shelf"},
		"large":              {[]any{"1", "a", "1", nil, strings.Repeat("x", 420000)}, []string{"the item would have 420026 bytes; 409494 are left of DynamoDB's 400 KB"}, "id lent scan shelf sort"},
		"large and a column": {[]any{"1", "a", "2", nil, strings.Repeat("x", 420000)}, []string{bit, "the item would have at least 420021 bytes; 409495 are left of DynamoDB's 400 KB"}, "id scan shelf sort"},
	} {
		t.Run(name, func(t *testing.T) {
			var texts []sql.NullString
			for _, v := range row.texts {
				text, ok := v.(string)
				texts = append(texts, sql.NullString{String: text, Valid: ok})
			}
			_, item, faults := e.Examine(texts)
			var got []string
			for _, err := range faults {
				var v *transform.ValueError
				require.ErrorAs(t, err, &v)
				got = append(got, strings.TrimPrefix(strings.TrimPrefix(v.Error(), "Loans."), "Loans: "))
			}
			require.Equal(t, row.want, got)
			require.Equal(t, row.has, strings.Join(slices.Sorted(maps.Keys(item)), " "))
		})
	}
	_, _, faults := e.Examine(nil)
	require.Len(t, faults, 1)
}

// TestExamineOfHydrated: what is joined as a record is read is not among what a row tells.
func TestExamineOfHydrated(t *testing.T) {
	c, err := transform.LoadFile(copies)
	require.NoError(t, err)
	for _, test := range []struct {
		entity string
		texts  []string
		fault  string
		has    string
	}{
		{"Baskets", []string{"1", "2", "s", "x", "4"}, "Baskets.number: not an integer of up to 64 bits", "basketId line quantity shop"},
		{"Wares", []string{"s", "1", "pen", "2.00", "2", "5", "7"}, "Wares.sold_out: neither 0 nor 1, and the contract says BOOL", "name number price sectionId shop stock"},
		{"Sections", []string{"1", "one", "x"}, "Sections.above_id: not an integer of up to 64 bits", "name sectionId"},
	} {
		e := c.Entity(test.entity)
		require.Len(t, test.texts, e.Selected())
		var texts []sql.NullString
		for _, text := range test.texts {
			texts = append(texts, sql.NullString{String: text, Valid: true})
		}
		_, item, faults := e.Examine(texts)
		require.Len(t, faults, 1)
		require.EqualError(t, faults[0], test.fault)
		require.Equal(t, test.has, strings.Join(slices.Sorted(maps.Keys(item)), " "))
	}
}
