package dynamostore

import (
	"os"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// TestTypes: values of every type of MySQL come back from the engine as they
// were put: sets in whatever order it gives them, numbers to the last digit,
// NULL as a type, and the empty set, which is none.
func TestTypes(t *testing.T) {
	data, err := os.ReadFile("../transform/testdata/types.json")
	require.NoError(t, err)
	c, err := transform.Load(data)
	require.NoError(t, err)
	kinds := c.Entities[0]
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		s, err := New(client, c, &Options{TablePrefix: enginetest.Prefix(t)})
		require.NoError(t, err)
		deleteTables(t, client, s)
		f := &fixture{T: t, Store: s, ctx: t.Context(), real: client, users: kinds}
		require.NoError(t, f.Apply(f.ctx, nil, nil))
		for id, changes := range [][]string{
			{"needs", "a,c"}, {"needs", ""}, {"needs", "", "perks", ""}, {"needs", "", "perks", "wifi,bar,Pool", "marks", "a,b,c", "note", "NULL"},
			{"needs", "", "weight", "16777216", "ratio", "0.30000000000000004", "far", "1.7976931348623157e308", "fee", "-1.25"},
			{"needs", "", "weight", "3.4028234663852886e38", "ratio", "-9.99e125"}, {"needs", "", "weight", "1e-45", "ratio", "1e-130"},
			{"needs", "", "active", "1", "lit", "0", "mask", "511", "wide", "18446744073709551615", "raw", "2748"},
			{"needs", "", "opens", "100:00:00", "took", "-838:59:59", "year", "0000", "state", "é,ü", "mode", ""},
			{"needs", "", "made", "2024-00-31", "changed", "0000-00-00 00:00:00"},
			{"needs", "", "price", "999999999999999999999999999999999999.90", "exact", "1.5", "hash", " \x00", "token", ""},
		} {
			r := f.record(kinds, append(changes, "id", strconv.Itoa(id+1))...)
			f.put(f.row(r, store.Version(id+1)), true)
			require.Equal(f, f.row(r, store.Version(id+1)), f.get(r), "%q", changes)
		}
	})
}
