package dynamostore

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// jars is a desk of the suite's contract of totals, in process, with two jars.
func jars(t *testing.T) *desk {
	srv := dynamotest.Start(t)
	d := newDeskOf(t, NewClient(srv.Config(), &ClientOptions{AttemptTimeout: time.Minute}), storetest.TotalContract(t))
	d.srv = srv
	d.write(d.create(d.jar(1)), d.create(d.jar(2)))
	return d
}

func (d *desk) jar(id int) transform.Record {
	return d.record(d.contract.Entity("Jars"), "jar_id", strconv.Itoa(id))
}

func (d *desk) coin(id string, jar int, worth string) transform.Record {
	return d.record(d.contract.Entity("Coins"), "coin_id", id, "tray", "1", "jar_id", strconv.Itoa(jar), "worth", worth)
}

// worths asks what the coins of jars are worth together, "" where there are none.
func (d *desk) worths(ctx context.Context, ids ...int) ([]string, error) {
	d.Helper()
	h := d.contract.Entity("Jars").Hydrated()[0]
	var q store.Totals
	q.By, q.Column = h.Totals()
	for _, id := range ids {
		q.Keys = append(q.Keys, d.keyOf(d.jar(id)))
	}
	all, err := d.Totals(ctx, d.at, q)
	var texts []string
	for _, t := range all {
		v, err := h.Shown(t)
		require.NoError(d, err)
		texts = append(texts, v.Text())
	}
	return texts, err
}

func (d *desk) wantWorths(want ...string) {
	d.Helper()
	got, err := d.worths(d.ctx, 1, 2)
	require.NoError(d, err)
	require.Equal(d, want, got)
}

// TestTotalsAreConsistent: they show at once what was written, though other reads would
// not; keys that the service did not get to are asked for again, and a total ends with its
// context.
func TestTotalsAreConsistent(t *testing.T) {
	d := jars(t)
	d.srv.Fault(dynamotest.OnOperation("Query").Stale(dynamotest.Forever))
	d.srv.Fault(dynamotest.OnOperation("BatchGetItem").Stale(dynamotest.Forever))
	for n := range 3 {
		d.write(d.create(d.coin(fmt.Sprint(n), 1, "1.5")))
	}
	d.wantWorths("4.50", "")
	d.write(d.update(d.coin("2", 1, "1.5"), "jar_id", "2", "tray", "9"))
	d.write(d.remove(d.coin("0", 1, "1.5")))
	d.wantWorths("1.50", "1.50")
	busy := d.srv.Fault(dynamotest.OnOperation("BatchGetItem").Times(2).Throttle(dynamotest.KeyRangeThroughput))
	d.wantWorths("1.50", "1.50")
	require.Equal(t, 2, busy.Hits())
	ctx, cancel := context.WithCancel(d.ctx)
	cancel()
	_, err := d.worths(ctx, 1)
	require.ErrorIs(t, err, context.Canceled)
}

// TestTotalsAreOfRecords: an edge is not believed, whose record is gone or refers
// elsewhere by now.
func TestTotalsAreOfRecords(t *testing.T) {
	d := jars(t)
	d.write(d.create(d.coin("a", 1, "1")), d.create(d.coin("b", 1, "2")))
	f := d.contract.Entity("Coins").References[0]
	for _, id := range []string{"a", "gone"} {
		r := d.coin(id, 2, "1")
		e := d.edgesAt(f.Of(), store.Row{Key: d.keyOf(r), Live: true, Record: r})[0]
		it := libraryKey(scalarText(e.key[libraryPK]), scalarText(e.key[librarySK]))
		it[attrEntity], it[attrKey] = text(e.record.Entity), keyID(e.record)
		require.NoError(t, d.rawPut(d.library, it))
	}
	d.wantWorths("3.00", "")
}

// TestTotalsReadAHundredAtOnce: the records are read page by page, and none besides.
func TestTotalsReadAHundredAtOnce(t *testing.T) {
	d := jars(t)
	for n := range 201 {
		d.write(d.create(d.coin(fmt.Sprint(n), 1, "0.01")))
	}
	d.requests()
	got, err := d.worths(d.ctx, 2, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"", "2.01"}, got)
	asked := d.requests()
	require.Equal(t, 2, asked["Query"])
	require.Equal(t, 6, asked["BatchGetItem"], "of where the items are, which move, and of the items")
}
