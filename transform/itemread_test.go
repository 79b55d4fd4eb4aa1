package transform

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

// An item whose attribute is not as Item writes it is refused.
func TestRecordOfStrangeItem(t *testing.T) {
	e := load(t, "everything.json")
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	n := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	for name, c := range map[string]struct {
		attribute string
		value     types.AttributeValue
		want      string
	}{
		"another type":          {"price", s("1.50"), "is of type S, and the contract says N"},
		"unknown attribute":     {"prise", s("1"), "attribute prise that the contract does not name"},
		"no number":             {"small", n("1.5"), "not an integer"},
		"more digits":           {"price", n("1.505"), "more digits after the point"},
		"other precision":       {"moment", s("2024-03-10T09:30:00Z"), "not in the form"},
		"a zone on a wall":      {"wall", s("2024-03-10T09:30:00.000000Z"), "not a date and time"},
		"zero date":             {"day", s("0000-00-00"), "a zero or partial date, for which"},
		"no such day":           {"day", s("2023-02-29"), "no day of the calendar"},
		"set":                   {"tags", &types.AttributeValueMemberSS{Value: []string{"a"}}, "is of type SS"},
		"set in a document":     {"doc", &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberSS{}}}, "holds SS"},
		"list in place of map":  {"tags", &types.AttributeValueMemberM{}, "is of type M, and the contract says L"},
		"copies differ":         {"flagText", s("8"), "differs from another attribute"},
		"canonical integer":     {"flagText", s("07"), "not in the form"},
		"canonical decimal":     {"huge", s("1.5"), "not in the form"},
		"blank at the end":      {"code", s("ab "), "not in the form"},
		"zero and one are BOOL": {"flag", n("1"), "is of type N, and the contract says BOOL"},
	} {
		t.Run(name, func(t *testing.T) {
			item := map[string]types.AttributeValue{"region": s("eu"), "number": n("1"), "medium": n("7"), "flagText": s("7")}
			_, err := e.Record(item)
			require.NoError(t, err)
			item[c.attribute] = c.value
			_, err = e.Record(item)
			require.ErrorContains(t, err, c.want)
			var v *ValueError
			require.ErrorAs(t, err, &v)
			require.Equal(t, "Everything", v.Entity)
		})
	}
	_, err := e.Record(map[string]types.AttributeValue{"region": s("eu")})
	require.EqualError(t, err, "Everything.number: attribute number is absent, and the column is NOT NULL")
	_, err = e.Record(map[string]types.AttributeValue{"region": s("eu"), "number": n("1"), "medium": n("7")})
	require.ErrorContains(t, err, "flagText is absent, and another attribute")
	r, err := e.Record(map[string]types.AttributeValue{"region": s("eu"), "number": n("18446744073709551615")})
	require.NoError(t, err)
	require.Equal(t, UintValue(1<<64-1), r.At(1))
	_, err = e.Record(map[string]types.AttributeValue{"region": s("eu"), "number": n("1e2")})
	require.NoError(t, err)
}
