package transform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

// sortedContract has the column "at" in four sort keys: alone, in a template, in
// a concat and in the table's own key; and twice in no key.
func sortedContract(sqlType string, precision int) string {
	return fmt.Sprintf(`{"tables": [{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "id", "sk": "SK",
		"gsis": [{"index_name": "ByA", "pk": "kind", "sk": "at"}, {"index_name": "ByB", "pk": "kind", "sk": "both"}, {"index_name": "ByC", "pk": "when", "sk": "id"}],
		"columns": [{"name": "id", "type": "int", "null": false}, {"name": "kind", "type": "varchar", "length": 9, "collation": "utf8mb4_bin", "null": false},
			{"name": "at", "type": %q, "precision": %d, "null": false}],
		"primary_key": ["id", "at"],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "kind", "type": "S", "source_column": "kind"},
			{"name": "at", "type": "S", "source_column": "at"}, {"name": "when", "type": "S", "source_column": "at"},
			{"name": "SK", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "AT#{at}"}},
			{"name": "both", "type": "S", "source_column": ["at", "kind"], "calculation": {"type": "concat", "separator": "/"}},
			{"name": "told", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "at {at}"}}]}]}`, sqlType, precision)
}

// A time has milliseconds at least in every sort key, and the digits of its
// column elsewhere; the record comes back from the item, and a time with other
// digits is refused.
func TestTimesInSortKeys(t *testing.T) {
	for _, c := range []struct {
		sqlType          string
		precision        int
		text, own, sorts string
	}{
		{"datetime", 0, "2025-08-14 21:16:07", "2025-08-14T21:16:07", "2025-08-14T21:16:07.000"},
		{"datetime", 2, "2025-08-14 21:16:07.25", "2025-08-14T21:16:07.25", "2025-08-14T21:16:07.250"},
		{"datetime", 3, "2025-08-14 21:16:07.250", "2025-08-14T21:16:07.250", "2025-08-14T21:16:07.250"},
		{"datetime", 6, "2025-08-14 21:16:07.250001", "2025-08-14T21:16:07.250001", "2025-08-14T21:16:07.250001"},
		{"timestamp", 0, "2025-08-14 21:16:07", "2025-08-14T21:16:07Z", "2025-08-14T21:16:07.000Z"},
		{"timestamp", 1, "2025-08-14 21:16:07.2", "2025-08-14T21:16:07.2Z", "2025-08-14T21:16:07.200Z"},
	} {
		t.Run(fmt.Sprintf("%s(%d)", c.sqlType, c.precision), func(t *testing.T) {
			e := thing(t, sortedContract(c.sqlType, c.precision))
			r := rowOf(t, e, map[string]string{"id": "1", "kind": "k", "at": c.text})
			item, err := e.Item(r)
			require.NoError(t, err)
			require.Equal(t, map[string]types.AttributeValue{"id": &types.AttributeValueMemberN{Value: "1"}, "kind": avS("k"), "at": avS(c.sorts),
				"when": avS(c.own), "SK": avS("AT#" + c.sorts), "both": avS(c.sorts + "/k"), "told": avS("at " + c.own)}, item)
			back, err := e.Record(item)
			require.NoError(t, err)
			require.True(t, r.Equal(back))
			k, err := r.Key()
			require.NoError(t, err)
			key, err := e.ItemKey(k)
			require.NoError(t, err)
			require.Equal(t, avS("AT#"+c.sorts), key["SK"])
			for _, attribute := range []string{"at", "SK"} {
				item[attribute] = avS(strings.Replace(avText(item[attribute]), c.sorts, insertFraction(c.sorts, "0"), 1))
				_, err = e.Record(item)
				require.Error(t, err, attribute)
				item[attribute] = avS(strings.Replace(avText(item[attribute]), insertFraction(c.sorts, "0"), c.sorts, 1))
			}
		})
	}
}

func avText(av types.AttributeValue) string { return av.(*types.AttributeValueMemberS).Value }
