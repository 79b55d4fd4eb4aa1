package migrationctl_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// newDynamoWorldOf is a world with MySQL in memory, and a DynamoDB whose table of the
// library a test may change by hand.
func newDynamoWorldOf(t *testing.T, client *dynamodb.Client, c *transform.Contract) (*world, *attic) {
	t.Helper()
	w, prefix := newMemoryWorldOf(t, c, faultstore.New()), enginetest.Prefix(t)
	dynamo, err := dynamostore.New(client, c, &dynamostore.Options{TablePrefix: prefix})
	require.NoError(t, err)
	createTables(t, client, dynamo, prefix, c)
	w.dynamo = dynamo
	return w, &attic{t, client, aws.String(prefix + dynamostore.LibraryTable)}
}

// An attic is the library's table, as somebody sees it who should not.
type attic struct {
	t      *testing.T
	client *dynamodb.Client
	table  *string
}

// find returns the guards or edges whose partition has a text, in the order of their keys.
func (a *attic) find(text string) []map[string]types.AttributeValue {
	a.t.Helper()
	out, err := a.client.Scan(a.t.Context(), &dynamodb.ScanInput{TableName: a.table, ConsistentRead: aws.Bool(true)})
	require.NoError(a.t, err)
	all := slices.DeleteFunc(out.Items, func(it map[string]types.AttributeValue) bool { return !strings.Contains(partition(it), text) })
	slices.SortFunc(all, func(x, y map[string]types.AttributeValue) int { return strings.Compare(partition(x), partition(y)) })
	return all
}

func partition(it map[string]types.AttributeValue) string {
	return it["p"].(*types.AttributeValueMemberS).Value
}

func (a *attic) remove(it map[string]types.AttributeValue) {
	a.t.Helper()
	_, err := a.client.DeleteItem(a.t.Context(), &dynamodb.DeleteItemInput{TableName: a.table,
		Key: map[string]types.AttributeValue{"p": it["p"], "s": it["s"]}})
	require.NoError(a.t, err)
}

// copy puts an item once more, under another partition and of another record.
func (a *attic) copy(it map[string]types.AttributeValue, partition, key string) {
	a.t.Helper()
	it["p"], it["_cf_k"] = &types.AttributeValueMemberS{Value: partition}, &types.AttributeValueMemberS{Value: key}
	_, err := a.client.PutItem(a.t.Context(), &dynamodb.PutItemInput{TableName: a.table, Item: it})
	require.NoError(a.t, err)
}

// spoil does by hand what no code does: a guard and an edge go, a guard comes of a
// record that is not there, and one changes hands.
func (a *attic) spoil() {
	a.t.Helper()
	guards := a.find("#unique#Pets#")
	require.Len(a.t, guards, 2)
	a.remove(guards[0])
	a.copy(guards[1], partition(guards[1]), "2/none")
	a.copy(guards[1], partition(guards[1])+"-secret", "77/gone")
	edges := a.find("#edge#Pets#Toys#")
	require.Len(a.t, edges, 2)
	a.remove(edges[0])
}

// spoilt is how verify names that.
var spoilt = map[string][]string{
	"Pets 2/rex": {"guard of chip is missing"}, "Pets 102/rex": {"guard of chip is another record's"},
	"Pets 2/none": {"guard of chip is left over"}, "Pets 77/gone": {"guard of chip is left over"},
	"Toys 101": {"edge of pet_owner,pet_name is missing"},
}

// besides is what reports name, by entity and key.
func besides(t *testing.T, reports []migrationctl.VerifyReport) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	for _, r := range reports {
		require.Equal(t, r.Differences, int64(len(r.Named)))
		require.Equal(t, r.Differences == 0 || r.Repaired == r.Differences, r.Clean())
		for _, c := range r.Named {
			all[c.Key.Entity+" "+c.Key.ID] = c.Beside
		}
	}
	return all
}

// TestVerifyComparesGuardsAndEdges: a guard or an edge that is missing, another
// record's or nobody's is named by its columns, in every phase that has capture. The
// step to phase 4 is refused because of it, until verify has mended it.
func TestVerifyComparesGuardsAndEdges(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		w, attic := newDynamoWorldOf(t, client, storetest.FamilyContract(t))
		w.to(t, store.Validate)
		p := w.open(t, leading())
		f := newFamily(t, p)
		f.settle(t, 1)
		f.settle(t, 101)
		p.drained(t)
		p.verified(t)
		for phase := store.Validate; phase <= store.DynamoDBOnly; phase++ {
			if phase > store.Validate {
				p.step(t, phase)
			}
			attic.spoil()
			op := w.operator(t)
			found, err := op.Verify(t.Context(), migrationctl.VerifyOptions{})
			require.NoError(t, err)
			require.Equal(t, spoilt, besides(t, found), phase)
			if phase == store.Validate {
				var refused *migrationctl.RefusedError
				require.ErrorAs(t, p.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{Force: true}), &refused)
				require.Len(t, refused.Unmet, 1)
				require.Equal(t, "verified", refused.Unmet[0].Guard)
				require.ErrorContains(t, refused, "Pets, Toys")
			}
			mended, err := op.Verify(t.Context(), migrationctl.VerifyOptions{Repair: true})
			require.NoError(t, err)
			now := maps.Clone(spoilt)
			now["Pets 102/rex"] = []string{"guard of chip is missing"} // what was there was left over, and is taken away first
			require.Equal(t, now, besides(t, mended))
			require.Zero(t, slices.IndexFunc(mended, migrationctl.VerifyReport.Clean))
			clean, err := op.Verify(t.Context(), migrationctl.VerifyOptions{})
			require.NoError(t, err)
			require.Empty(t, besides(t, clean))
			require.Len(t, attic.find("#unique#Pets#"), 2)
			require.Len(t, attic.find("#edge#Pets#Toys#"), 2)
		}
		f.bury(t, 1)
	})
}

// TestVerifyNamesARecordOnce: a record that is wrong, and whose guards are with it, is
// one difference.
func TestVerifyNamesARecordOnce(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		w, attic := newDynamoWorldOf(t, client, storetest.Contract(t))
		w.outside(t, user(1), user(2))
		w.to(t, store.DualWrite)
		w.corrupt(t, 2, "email", "wrong@example.com")
		for _, guard := range attic.find("#unique#Users#") {
			attic.remove(guard)
		}
		op := w.operator(t)
		found, err := op.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users"})
		require.NoError(t, err)
		require.Equal(t, int64(2), found[0].Differences)
		require.Len(t, found[0].Named, 2)
		for _, c := range found[0].Named {
			require.NotEmpty(t, c.Beside)
			require.Equal(t, c.Key == w.key(t, 2), len(c.Columns) > 0)
		}
		mended, err := op.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Users", Repair: true})
		require.NoError(t, err)
		require.Equal(t, int64(2), mended[0].Repaired)
		require.True(t, mended[0].Clean())
		clean, err := op.Verify(t.Context(), migrationctl.VerifyOptions{})
		require.NoError(t, err)
		require.Empty(t, besides(t, clean))
	})
}
