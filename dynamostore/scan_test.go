package dynamostore

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// large returns a user whose item has about so many bytes.
func (f *fixture) large(id, size int, changes ...string) transform.Record {
	return f.user(id, append(changes, "profile", `{"a":"`+strings.Repeat("x", size)+`"}`)...)
}

// largeThings returns records of Things whose items have about so many bytes.
func (f *fixture) largeThings(n, size int) []transform.Record {
	var records []transform.Record
	for i := range n {
		records = append(records, f.record(f.things, "code", "a", "part", strconv.Itoa(i), "word", strings.Repeat("x", size)))
	}
	return records
}

// scanAll goes through a whole entity in pages and counts them.
func (f *fixture) scanAll(e *transform.Entity, limit int) (rows []store.Row, pages int) {
	f.Helper()
	r := store.Range{Entity: e, Limit: limit}
	for {
		page, err := f.Scan(f.ctx, store.At{}, r)
		require.NoError(f, err)
		require.LessOrEqual(f, len(page.Rows), limit)
		rows = append(rows, page.Rows...)
		pages++
		if r.After = page.Next; r.After == "" {
			return rows, pages
		}
		require.Len(f, page.Rows, limit, "only the last page may be short")
	}
}

// TestScanBeyondAMegabyte has pages that end because the service returns 1 MB
// at a time, not because they are full.
func TestScanBeyondAMegabyte(t *testing.T) {
	each(t, func(f *fixture) {
		want := map[transform.Key]bool{}
		for i := range 12 {
			r := f.large(i, 300<<10)
			f.put(f.row(r, store.Version(i+1)), true)
			want[keyOf(f, r)] = true
		}
		f.put(f.gone(f.user(3), 50), true)
		for _, limit := range []int{1, 5, 7, 12, 100} {
			rows, _ := f.scanAll(f.users, limit)
			require.Len(f, rows, len(want))
			got := map[transform.Key]bool{}
			for _, row := range rows {
				got[row.Key] = true
				require.Equal(f, row.Key != keyOf(f, f.user(3)), row.Live)
				require.Equal(f, row.Tombstone, !row.Live)
				require.NotZero(f, row.Version)
			}
			require.Equal(f, want, got)
		}
	})
}

func TestScanPositionsOfEveryKeyType(t *testing.T) {
	each(t, func(f *fixture) {
		var records []transform.Record
		for _, code := range []string{"\x00", "a", "\xff\xfe", "'"} {
			for _, part := range []string{"-1.50", "0.00", "10.00"} {
				records = append(records, f.record(f.things, "code", code, "part", part))
			}
		}
		f.insert(records...)
		rows, _ := f.scanAll(f.things, 5)
		got := map[transform.Key]bool{}
		for _, row := range rows {
			got[row.Key] = true
		}
		require.Len(f, rows, len(records))
		require.Len(f, got, len(records))
	})
}

func TestScanOfWhatTheLibraryDidNotWrite(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.user(1, "city", "Rome")
		it, err := f.users.Item(r)
		require.NoError(f, err)
		f.rawPut(f.users, it)
		rows, _ := f.scanAll(f.users, 10)
		require.Equal(f, []store.Row{f.row(r, 0)}, rows)

		// An item of another entity in the same table is none of ours.
		f.put(f.row(f.user(2), 1), true)
		other := f.rawItem(f.user(2))
		other["userId"] = &types.AttributeValueMemberN{Value: "3"}
		other[attrEntity] = text("Others")
		f.rawPut(f.users, other)
		for _, shared := range []bool{false, true} {
			f.places["Users"].shared = shared
			rows, _ = f.scanAll(f.users, 1)
			require.Len(f, rows, 2)
		}
		f.places["Users"].shared = false

		// What is ours and can't be read hides no neighbour.
		mine := f.rawItem(f.user(2))
		mine["unknown"] = text("secret")
		f.rawPut(f.users, mine)
		rows, _ = f.scanAll(f.users, 10)
		require.Len(f, rows, 2)
		for _, row := range rows {
			if row.Key == keyOf(f, f.user(2)) {
				require.ErrorIs(f, row.Err, store.ErrInvalid)
				require.True(f, row.Live)
			}
		}

		it["unknown"] = text("secret")
		f.rawPut(f.users, it)
		_, err = f.Scan(f.ctx, store.At{}, store.Range{Entity: f.users, Limit: 10})
		require.ErrorIs(f, err, store.ErrInvalid)
		require.NotContains(f, err.Error(), "secret")
	})
}

func TestScanRefusesBadRanges(t *testing.T) {
	f := offline(t)
	encode := base64.RawURLEncoding.EncodeToString
	for name, r := range map[string]store.Range{
		"no entity":     {Limit: 1},
		"no limit":      {Entity: f.users},
		"not encoded":   {Entity: f.users, Limit: 1, After: "?"},
		"not JSON":      {Entity: f.users, Limit: 1, After: encode([]byte("x"))},
		"no attributes": {Entity: f.users, Limit: 1, After: encode([]byte("{}"))},
		"another table": {Entity: f.users, Limit: 1, After: encode([]byte(`{"id":{"n":"1"}}`))},
		"one more":      {Entity: f.users, Limit: 1, After: encode([]byte(`{"userId":{"n":"1"},"id":{"n":"1"}}`))},
		"no value":      {Entity: f.users, Limit: 1, After: encode([]byte(`{"userId":{}}`))},
	} {
		_, err := f.Scan(f.ctx, store.At{}, r)
		require.ErrorIs(t, err, store.ErrInvalid, name)
	}
}

// Scan fails as the test says.
func (c *flaky) Scan(ctx context.Context, in *dynamodb.ScanInput, o ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	if c.page != nil {
		if err := c.page(c.next()); err != nil {
			return nil, err
		}
	}
	return c.Client.Scan(ctx, in, o...)
}

func TestScanAndQueryWaitWhenThrottled(t *testing.T) {
	client := enginetest.DynamoDB(t)
	base := newFixture(t, client)
	require.NoError(t, base.Apply(base.ctx, nil, nil))
	base.insert(base.user(1, "city", "Rome", "score", "1"))
	fails := func(call int) error {
		if call == 2 {
			return nil
		}
		return &types.ProvisionedThroughputExceededException{}
	}
	f := base.with(&flaky{Client: client, page: fails}, Options{})
	rows, _ := f.scanAll(f.users, 10)
	require.Len(t, rows, 1)
	f = base.with(&flaky{Client: client, page: fails}, Options{})
	rows, err := f.Query(f.ctx, store.At{}, f.inCity("Rome", 10))
	require.NoError(t, err)
	require.Len(t, rows, 1)

	f = base.with(&flaky{Client: client, page: fails}, Options{RetryBudget: 1})
	_, err = f.Scan(f.ctx, store.At{}, store.Range{Entity: f.users, Limit: 10})
	require.ErrorIs(t, err, store.ErrThrottled)
	f = base.with(&flaky{Client: client, page: fails}, Options{RetryBudget: 1})
	_, err = f.Query(f.ctx, store.At{}, f.inCity("Rome", 10))
	require.ErrorIs(t, err, store.ErrThrottled)
}
