package transform_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// orderRecord is a record of the entity ORDER of storetest.SharedContract.
func orderRecord(t *testing.T, e *transform.Entity, texts map[string]string) transform.Record {
	t.Helper()
	r := e.NewRecord()
	for name, text := range texts {
		v, err := e.Columns[e.ColumnIndex(name)].Parse(text)
		require.NoError(t, err)
		require.NoError(t, r.Set(name, v))
	}
	return r
}

// columnOf returns the column that an attribute shows.
func columnOf(e *transform.Entity, attribute string) int {
	return e.Attributes[e.AttributeIndex(attribute)].Column
}

// TestShown: what a record shows, what is made of the same values one by one, and
// what is told from that, are one.
func TestShown(t *testing.T) {
	e := storetest.SharedContract(t).Entity("ORDER")
	r := orderRecord(t, e, map[string]string{"member_id": "7", "number": "12", "status": "a#b", "placed": "2024-03-10T09:30:00", "total": "1.50"})
	item, err := e.Item(r)
	require.NoError(t, err)
	for attribute, want := range map[string]struct {
		text  string
		parts []any
		told  []string
	}{
		"PK":     {"MEMBER#7", []any{7}, []string{"member_id"}},
		"SK":     {"ORDER#0000000012", []any{12}, []string{"number"}},
		"GSI1PK": {`STATUS#a$1b`, []any{"a#b"}, []string{"status"}},
		"GSI1SK": {"2024-03-10T09:30:00.000#0000000012", []any{"2024-03-10T09:30:00", 12}, []string{"placed", "number"}},
		"month":  {"2024-03", []any{"2024-03-10T09:30:00"}, nil},
	} {
		t.Run(attribute, func(t *testing.T) {
			column := columnOf(e, attribute)
			v, err := r.Shown(column)
			require.NoError(t, err)
			require.Equal(t, item[attribute], &types.AttributeValueMemberS{Value: v.Text()}, "the item has what is shown")
			if attribute != "GSI1PK" { // the escape is the template's own affair
				require.Equal(t, want.text, v.Text())
			}
			made, err := e.ShownOf(column, want.parts...)
			require.NoError(t, err)
			require.Equal(t, v, made)
			require.Len(t, e.Parts(column), len(want.parts))
			columns, values := e.Told(column, v)
			require.Len(t, columns, len(want.told))
			for i, name := range want.told {
				require.Equal(t, name, e.Columns[columns[i]].Name)
				require.Equal(t, r.At(columns[i]), values[i])
			}
			require.True(t, strings.HasPrefix(v.Text(), e.ShownPrefix(column)))
		})
	}
	require.Equal(t, "ORDER#", e.ShownPrefix(columnOf(e, "SK")))
	columns, _ := e.Told(columnOf(e, "SK"), transform.TextValue("ORDER#12"))
	require.Empty(t, columns, "which no order shows")
	require.NoError(t, r.Set("status", transform.Value{}))
	v, err := r.Shown(columnOf(e, "GSI1PK"))
	require.NoError(t, err)
	require.True(t, v.IsNull(), "an attribute that is absent")
	require.NoError(t, r.Fit(), "a record has no values of computed columns")
}

// TestShownBeginning: the first values, whole, and what stands before the next.
func TestShownBeginning(t *testing.T) {
	e := storetest.SharedContract(t).Entity("ORDER")
	sort := columnOf(e, "GSI1SK")
	for want, of := range map[string]struct {
		partial string
		parts   []any
	}{
		"":                                   {"", nil},
		"2024-0":                             {"2024-0", nil},
		"2024-03-10T09:30:00.000#":           {"", []any{"2024-03-10T09:30:00"}},
		"2024-03-10T09:30:00.000#0000000012": {"", []any{"2024-03-10T09:30:00", 12}},
	} {
		v, err := e.ShownBeginning(sort, of.partial, of.parts...)
		require.NoError(t, err)
		require.Equal(t, want, v.Text())
	}
	for want, column := range map[string]int{
		"is no template":           columnOf(e, "month"),
		"number is given whole":    columnOf(e, "SK"),
		"placed, number, and more": sort,
	} {
		parts := map[bool][]any{true: {"2024-03-10T09:30:00", 1, 2}}[column == sort]
		_, err := e.ShownBeginning(column, "1", parts...)
		require.ErrorContains(t, err, want)
	}
}
