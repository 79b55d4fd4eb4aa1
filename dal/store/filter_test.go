package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// A note with a value in every column, and one with none but its key.
func filtered(t *testing.T) (e *transform.Entity, full, bare transform.Record) {
	e = storetest.ListContract(t).Entity("Notes")
	full, bare = e.NewRecord(), e.NewRecord()
	for column, text := range map[string]string{"user_id": "1", "note_id": "-10", "folder": "f%", "title": "Ärger", "score": "1.5",
		"weight": "1e-7", "edited": "2024-03-10 09:30:00", "digest": "\x00\xff", "pinned": "0", "body": ""} {
		v, err := e.Columns[e.ColumnIndex(column)].Parse(text)
		require.NoError(t, err)
		require.NoError(t, full.Set(column, v))
	}
	bare.SetAt(0, full.At(0))
	bare.SetAt(1, full.At(1))
	return e, full, bare
}

// TestFilters: numbers by size, everything else by its bytes, and nothing is true
// of NULL but that it is.
func TestFilters(t *testing.T) {
	e, full, bare := filtered(t)
	score := func(text string) transform.Value {
		v, err := transform.DecimalValue(text)
		require.NoError(t, err)
		return v
	}
	i, text, octets := transform.IntValue, transform.TextValue, func(s string) transform.Value { return transform.BytesValue([]byte(s)) }
	for _, c := range []struct {
		column string
		op     store.FilterOp
		values []transform.Value
		want   bool
	}{
		{"note_id", store.Less, []transform.Value{i(-9)}, true},
		{"note_id", store.Less, []transform.Value{i(-10)}, false},
		{"note_id", store.AtMost, []transform.Value{i(-10)}, true},
		{"note_id", store.Greater, []transform.Value{i(-100)}, true},
		{"note_id", store.AtLeast, []transform.Value{i(-9)}, false},
		{"note_id", store.Less, []transform.Value{transform.UintValue(1 << 63)}, true},
		{"score", store.Equals, []transform.Value{score("1.50")}, true},
		{"score", store.Differs, []transform.Value{score("1.5")}, false},
		{"score", store.Less, []transform.Value{score("10")}, true},
		{"score", store.Greater, []transform.Value{score("1.49999999")}, true},
		{"score", store.OneOf, []transform.Value{score("2"), score("1.5")}, true},
		{"score", store.OneOf, nil, false},
		{"title", store.Equals, []transform.Value{text("ärger")}, false},
		{"title", store.Begins, []transform.Value{text("Ä")}, true},
		{"title", store.Begins, []transform.Value{text("")}, true},
		{"title", store.Begins, []transform.Value{text("A")}, false},
		{"title", store.Contains, []transform.Value{text("rge")}, true},
		{"title", store.Contains, []transform.Value{text("RGE")}, false},
		{"title", store.Greater, []transform.Value{text("Z")}, true},
		{"folder", store.Contains, []transform.Value{text("%")}, true},
		{"folder", store.Contains, []transform.Value{text("_")}, false},
		{"digest", store.Begins, []transform.Value{octets("\x00")}, true},
		{"digest", store.Contains, []transform.Value{octets("\xff")}, true},
		{"digest", store.Less, []transform.Value{octets("\x01")}, true},
		{"pinned", store.Equals, []transform.Value{transform.BoolValue(false)}, true},
		{"body", store.Equals, []transform.Value{text("")}, true},
		{"body", store.NotNull, nil, true},
		{"body", store.IsNull, nil, false},
	} {
		f := store.Filter{Column: e.ColumnIndex(c.column), Op: c.op, Values: c.values}
		require.NoError(t, f.Check(e))
		require.Equal(t, c.want, f.Passes(full), "%s %s", c.column, c.op)
		if e.Columns[f.Column].Nullable {
			require.Equal(t, c.op == store.IsNull, f.Passes(bare), "%s %s of NULL", c.column, c.op)
		}
	}
}

func TestFilterCheck(t *testing.T) {
	e, _, _ := filtered(t)
	users := storetest.Contract(t).Entity("Users")
	document, err := transform.JSONValue([]byte("{}"))
	require.NoError(t, err)
	for want, c := range map[string]struct {
		e *transform.Entity
		store.Filter
	}{
		"no condition":         {e, store.Filter{Column: 0}},
		"no such column":       {e, store.Filter{Column: -1, Op: store.IsNull}},
		"0 values and takes 1": {e, store.Filter{Column: 0, Op: store.Equals}},
		"1 values and takes 0": {e, store.Filter{Column: 0, Op: store.IsNull, Values: []transform.Value{transform.IntValue(1)}}},
		"compared with text":   {e, store.Filter{Column: 0, Op: store.Equals, Values: []transform.Value{transform.TextValue("1")}}},
		"compared with null":   {e, store.Filter{Column: 0, Op: store.OneOf, Values: []transform.Value{{}}}},
		"looks into text":      {e, store.Filter{Column: 0, Op: store.Contains, Values: []transform.Value{transform.IntValue(1)}}},
		"documents have no":    {users, store.Filter{Column: users.ColumnIndex("profile_data"), Op: store.Less, Values: []transform.Value{document}}},
		"there is no such col": {e, store.Filter{Column: 99, Op: store.NotNull}},
	} {
		require.ErrorContains(t, c.Check(c.e), want)
	}
	equal := store.Filter{Column: users.ColumnIndex("profile_data"), Op: store.Equals, Values: []transform.Value{document}}
	require.NoError(t, equal.Check(users), "documents are equal or not")
}

// TestFoldedFilters: texts are compared as the column's collation compares them, "%"
// and "_" are characters, and NULL is nothing.
func TestFoldedFilters(t *testing.T) {
	e := storetest.NamesContract(t).Entity("Accounts")
	for _, c := range []struct {
		column, content string
		op              store.FilterOp
		values          []string
		want            bool
	}{
		{"login", "José ", store.Equals, []string{"JOSE"}, true},
		{"login", "straße", store.Equals, []string{"strasse"}, false},
		{"title", "straße", store.Equals, []string{"STRASSE  "}, true},
		{"title", "straße", store.Differs, []string{"STRASSE"}, false},
		{"title", "straße", store.Differs, []string{"Weg"}, true},
		{"title", "straße", store.OneOf, []string{"Weg", "Strasse"}, true},
		{"title", "straße", store.OneOf, nil, false},
		{"title", "Königstraße 1", store.Contains, []string{"STRASSE"}, true},
		{"title", "Königstraße 1", store.Contains, []string{"strase"}, false},
		{"title", "Königstraße 1", store.Begins, []string{"konigs"}, true},
		{"title", "Königstraße 1", store.Begins, []string{"onigs"}, false},
		{"title", "Königstraße 1", store.Contains, []string{"strasse "}, true},
		{"title", "Königstraße", store.Contains, []string{"strasse "}, false},
		{"title", "Königstraße", store.Contains, []string{""}, true},
		{"title", "100%", store.Contains, []string{"0%"}, true},
		{"title", "1000", store.Contains, []string{"0%"}, false},
		{"title", "a_b", store.Contains, []string{"A_B"}, true},
		{"title", "axb", store.Contains, []string{"A_B"}, false},
		{"code", "Süd", store.Contains, []string{"SÜD"}, false},
		{"code", "Süd ", store.Equals, []string{"Süd"}, true},
	} {
		f := store.Filter{Column: e.ColumnIndex(c.column), Op: c.op, Folded: true}
		for _, v := range c.values {
			f.Values = append(f.Values, transform.TextValue(v))
		}
		require.NoError(t, f.Check(e))
		rec := e.NewRecord()
		require.False(t, f.Passes(rec), "%s %s of NULL", c.column, c.op)
		rec.SetAt(f.Column, transform.TextValue(c.content))
		require.Equal(t, c.want, f.Passes(rec), "%q %s %q", c.content, c.op, c.values)
	}
	one := []transform.Value{transform.TextValue("x")}
	e.Columns[e.ColumnIndex("region")].Collation = "utf8mb4_german2_ci"
	for want, f := range map[string]store.Filter{
		"only text is folded":               {Column: 0, Op: store.Equals, Values: []transform.Value{transform.IntValue(1)}, Folded: true},
		`the collation "utf8mb4_german2_ci`: {Column: e.ColumnIndex("region"), Op: store.Equals, Values: one, Folded: true},
		`"less" of column title can't`:      {Column: e.ColumnIndex("title"), Op: store.Less, Values: one, Folded: true},
		`"is null" of column title can't`:   {Column: e.ColumnIndex("title"), Op: store.IsNull, Folded: true},
	} {
		require.ErrorContains(t, f.Check(e), want)
	}
}
