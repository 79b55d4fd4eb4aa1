package dynamostore

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

func TestGetOfWhatTheLibraryDidNotWrite(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.user(1, "city", "Rome")
		require.Equal(f, store.Row{Key: keyOf(f, r)}, f.get(r))
		it, err := f.users.Item(r)
		require.NoError(f, err)
		f.rawPut(f.users, it)
		require.Equal(f, f.row(r, 0), f.get(r))
	})
}

// TestGetOfAnotherKeysItem has items in the wrong place, and items that are not
// as the contract says. No error shows anything of them.
func TestGetOfAnotherKeysItem(t *testing.T) {
	each(t, func(f *fixture) {
		good, err := f.users.Item(f.user(1, "city", "Rome"))
		require.NoError(f, err)
		for name, change := range map[string]item{
			"key":       {attrEntity: text("Users"), attrKey: text("2")},
			"entity":    {attrEntity: text("Others"), attrKey: text("1")},
			"tombstone": {attrEntity: text("Users"), attrKey: text("2"), attrTombstone: &types.AttributeValueMemberBOOL{Value: true}},
			"version":   {attrVersion: text("secret")},
			"number":    {attrVersion: &types.AttributeValueMemberN{Value: "-5"}},
			"type":      {"profile": text("secret")},
			"attribute": {"other": text("secret")},
		} {
			it := item{}
			for k, v := range good {
				it[k] = v
			}
			for k, v := range change {
				it[k] = v
			}
			f.rawPut(f.users, it)
			_, err := f.Get(f.ctx, store.At{}, keyOf(f, f.user(1)))
			require.ErrorIs(f, err, store.ErrInvalid, name)
			require.ErrorContains(f, err, f.places["Users"].table, name)
			require.NotContains(f, err.Error(), "secret", name)
			require.NotContains(f, err.Error(), "Rome", name)
			rows, err := f.GetMany(f.ctx, store.At{}, []transform.Key{keyOf(f, f.user(1))})
			require.NoError(f, err, name)
			require.ErrorIs(f, rows[0].Err, store.ErrInvalid, name)
			var unfit *transform.ValueError
			require.ErrorAs(f, rows[0].Err, &unfit, name)
		}
	})
}

// TestGetManyKeepsTheOrder asks for more keys than one call takes, of two
// tables, some twice, some of nothing, some of tombstones.
func TestGetManyKeepsTheOrder(t *testing.T) {
	each(t, func(f *fixture) {
		var records []transform.Record
		for i := range 230 {
			records = append(records, f.user(i))
		}
		thing := f.record(f.things, "code", "\x00", "part", "1.50", "price", "2.00")
		f.insert(append(records[:220:220], thing)...)
		f.put(f.gone(records[7], 9), true)

		keys := []transform.Key{keyOf(f, thing)}
		for i := range records {
			keys = append(keys, keyOf(f, records[len(records)-1-i]))
		}
		keys = append(keys, keys[5], keys[0], keys[5])
		rows, err := f.GetMany(f.ctx, store.At{}, keys)
		require.NoError(f, err)
		require.Len(f, rows, len(keys))
		for i, key := range keys {
			want, err := f.Get(f.ctx, store.At{}, key)
			require.NoError(f, err)
			require.Equal(f, want, rows[i], i)
		}
		require.True(f, rows[0].Live)
		require.False(f, rows[1].Live)
		require.True(f, rows[230-7].Tombstone)

		rows, err = f.GetMany(f.ctx, store.At{}, nil)
		require.NoError(f, err)
		require.Empty(f, rows)
	})
}

// TestGetManyOfMoreThanAReplyHolds makes the service leave keys unprocessed: a
// reply ends at 16 MB.
func TestGetManyOfMoreThanAReplyHolds(t *testing.T) {
	each(t, func(f *fixture) {
		records := f.largeThings(45, 390<<10)
		f.insert(records...)
		var keys []transform.Key
		for _, r := range records {
			keys = append(keys, keyOf(f, r))
		}
		counting := &flaky{Client: f.real, batchGet: func(int, *dynamodb.BatchGetItemInput) (int, error) { return maxGet, nil }}
		rows, err := f.with(counting, Options{}).GetMany(f.ctx, store.At{}, keys)
		require.NoError(f, err)
		require.Greater(f, counting.calls, 1)
		for i, row := range rows {
			require.True(f, row.Live, i)
			require.Equal(f, keys[i], row.Key)
		}
	})
}

// BatchGetItem leaves keys beyond the test's number unprocessed.
func (c *flaky) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	if c.batchGet == nil {
		return c.Client.BatchGetItem(ctx, in, o...)
	}
	keep, err := c.batchGet(c.next(), in)
	if err != nil {
		return nil, err
	}
	ask, left := map[string]types.KeysAndAttributes{}, map[string]types.KeysAndAttributes{}
	for table, k := range in.RequestItems {
		n := min(keep, len(k.Keys))
		if n > 0 {
			ask[table] = types.KeysAndAttributes{Keys: k.Keys[:n], ConsistentRead: k.ConsistentRead}
		}
		if n < len(k.Keys) {
			left[table] = types.KeysAndAttributes{Keys: k.Keys[n:]}
		}
	}
	out := &dynamodb.BatchGetItemOutput{}
	if len(ask) > 0 {
		if out, err = c.Client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: ask}, o...); err != nil {
			return nil, err
		}
	}
	for table, k := range out.UnprocessedKeys {
		left[table] = types.KeysAndAttributes{Keys: append(left[table].Keys, k.Keys...)}
	}
	out.UnprocessedKeys = left
	return out, nil
}

func TestGetManyAsksAgainForUnprocessedKeys(t *testing.T) {
	client := enginetest.DynamoDB(t)
	base := newFixture(t, client)
	require.NoError(t, base.Apply(base.ctx, nil, nil))
	var records []transform.Record
	var keys []transform.Key
	for i := range 30 {
		records = append(records, base.user(i))
		keys = append(keys, keyOf(t, records[i]))
	}
	base.insert(records...)
	var sizes []int
	f := base.with(&flaky{Client: client, batchGet: func(call int, in *dynamodb.BatchGetItemInput) (int, error) {
		for _, k := range in.RequestItems {
			require.True(t, *k.ConsistentRead, "asked again as consistently as before")
			sizes = append(sizes, len(k.Keys))
		}
		return [...]int{0, 10, 0, 5, 0, 100}[call-1], map[int]error{5: &types.ProvisionedThroughputExceededException{}}[call]
	}}, Options{})
	rows, err := f.GetMany(f.ctx, store.At{}, keys)
	require.NoError(t, err)
	for i, row := range rows {
		require.Equal(t, f.row(records[i], 0), row)
	}
	require.Equal(t, []int{30, 30, 20, 20, 15, 15}, sizes)

	f = base.with(&flaky{Client: client, batchGet: func(int, *dynamodb.BatchGetItemInput) (int, error) { return 0, nil }}, Options{RetryBudget: 1})
	_, err = f.GetMany(f.ctx, store.At{}, keys)
	require.ErrorIs(t, err, store.ErrThrottled)
	require.NotErrorIs(t, err, store.ErrUnavailable)
}

// TestKeyTextIsOneForEqualKeys holds what GetMany and Insert tell keys by.
func TestKeyTextIsOneForEqualKeys(t *testing.T) {
	n := func(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }
	for _, same := range [][]string{{"1", "1.0", "1e0", "10E-1"}, {"0", "-0", "0.00"}, {"-1.5", "-1.50"}, {"1e20", "100000000000000000000"}} {
		for _, s := range same {
			require.Equal(t, scalarText(n(same[0])), scalarText(n(s)), s)
		}
	}
	require.NotEqual(t, scalarText(n("1")), scalarText(n("10")))
	p := &place{keys: []string{"a", "b"}}
	require.NotEqual(t, p.keyText(item{"a": text("x"), "b": text("yz")}), p.keyText(item{"a": text("xy"), "b": text("z")}))
	require.Equal(t, -1, compareScalars(n("9"), n("10")))
	require.Equal(t, 1, compareScalars(text("9"), text("10")))
}

// TestReadsAreConsistent holds what no engine on one machine can show.
func TestReadsAreConsistent(t *testing.T) {
	f := offline(t)
	asked := map[string]bool{}
	client := dynamodb.New(dynamodb.Options{Region: "nowhere", HTTPClient: wire(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		asked[operation(r)] = strings.Contains(string(body), `"ConsistentRead":true`)
		return nil, errors.New("no engine")
	}), Retryer: aws.NopRetryer{}})
	f = f.with(client, Options{})
	key := keyOf(t, f.user(1))
	_, get := f.Get(f.ctx, store.At{}, key)
	_, many := f.GetMany(f.ctx, store.At{}, []transform.Key{key})
	_, scan := f.Scan(f.ctx, store.At{}, store.Range{Entity: f.users, Limit: 1})
	for _, err := range []error{get, many, scan} {
		require.ErrorIs(t, err, store.ErrUnavailable)
	}
	require.Equal(t, map[string]bool{"GetItem": true, "BatchGetItem": true, "Scan": true}, asked)
}
