package dynamostore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// shelves is a desk of the suite's contract of counts, in process, with one shelf.
func shelves(t *testing.T) *desk {
	srv := dynamotest.Start(t)
	d := newDeskOf(t, NewClient(srv.Config(), &ClientOptions{AttemptTimeout: time.Minute}), storetest.CountContract(t))
	d.srv = srv
	d.write(d.create(d.shelf(1)))
	return d
}

func (d *desk) shelf(id int) transform.Record {
	return d.record(d.contract.Entity("Shelves"), "shelf_id", strconv.Itoa(id))
}

func (d *desk) good(number int, changes ...string) transform.Record {
	return d.record(d.contract.Entity("Goods"), append([]string{"shop", "s", "number", strconv.Itoa(number)}, changes...)...)
}

// onShelf asks how many goods are on shelf 1, but for some.
func (d *desk) onShelf(except ...transform.Record) (int64, error) {
	d.Helper()
	c := store.Count{By: d.contract.Entity("Goods").References[0], Keys: []transform.Key{d.keyOf(d.shelf(1))}}
	for _, r := range except {
		c.Except = append(c.Except, d.keyOf(r))
	}
	n, err := d.Count(d.ctx, d.at, c)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

func (d *desk) wantOnShelf(want int64, except ...transform.Record) {
	d.Helper()
	n, err := d.onShelf(except...)
	require.NoError(d, err)
	require.Equal(d, want, n)
}

// TestCountIsConsistent: it shows at once what was written, though other queries would
// not; it is asked again while the service is busy, and ends with its context.
func TestCountIsConsistent(t *testing.T) {
	d := shelves(t)
	d.srv.Fault(dynamotest.OnOperation("Query").Stale(dynamotest.Forever))
	for n := range 5 {
		d.write(d.create(d.good(n, "shelf_id", "1")))
		d.wantOnShelf(int64(n) + 1)
	}
	d.wantOnShelf(4, d.good(2))
	d.write(d.remove(d.good(1)))
	d.wantOnShelf(4)
	busy := d.srv.Fault(dynamotest.OnOperation("Query").Times(2).Throttle(dynamotest.KeyRangeThroughput))
	d.wantOnShelf(4)
	require.Equal(t, 2, busy.Hits())
	ctx, cancel := context.WithCancel(d.ctx)
	cancel()
	_, err := d.Count(ctx, d.at, store.Count{By: d.contract.Entity("Goods").References[0], Keys: []transform.Key{d.keyOf(d.shelf(1))}})
	require.ErrorIs(t, err, context.Canceled)
}

// TestCountBeyondAMegabyte: a query ends at a megabyte, and a count does not.
func TestCountBeyondAMegabyte(t *testing.T) {
	d := shelves(t)
	d.write(d.create(d.good(1)), d.create(d.good(2)))
	long := strings.Repeat("\U0001F600", 195)
	const all = 900
	review := func(n int) transform.Record {
		return d.record(d.contract.Entity("Reviews"), "review_id", fmt.Sprint(long, n), "grade", "1", "shop", "s", "number", "1")
	}
	var rows []store.Row
	for n := range all {
		rows = append(rows, store.Row{Key: d.keyOf(review(n)), Live: true, Record: review(n)})
	}
	errs, err := d.Insert(d.ctx, rows)
	require.NoError(t, err)
	for _, err := range errs {
		require.NoError(t, err)
	}
	d.requests()
	c := store.Count{By: d.contract.Entity("Reviews").References[0], Keys: []transform.Key{d.keyOf(d.good(1)), d.keyOf(d.good(2))}}
	n, err := d.Count(d.ctx, d.at, c)
	require.NoError(t, err)
	require.Equal(t, []int64{all, 0}, n)
	require.GreaterOrEqual(t, d.requests()["Query"], 3, "more than a page, and one for the other key")
	c.Except = []transform.Key{d.keyOf(review(0)), d.keyOf(review(all - 1))}
	n, err = d.Count(d.ctx, d.at, c)
	require.NoError(t, err)
	require.Equal(t, []int64{all - 2, 0}, n)
}

// TestCountBesideMarks: a delete that is half done, or that died so, has changed no
// number, and one that was refused neither; whoever takes the mark away neither.
func TestCountBesideMarks(t *testing.T) {
	d := shelves(t)
	for n := range 3 {
		d.write(d.create(d.good(n, "shelf_id", "1")))
	}
	d.rawMark(d.shelf(1), "01JDEADDELETER")
	d.rawMark(d.good(0), "01JDEADDELETER")
	d.wantOnShelf(3)
	d.write(d.create(d.good(7, "shelf_id", "1"))) // which takes the mark of the shelf away
	d.wantOnShelf(4)
	d.write(d.remove(d.good(0)))
	d.wantOnShelf(3)
	d.rawMark(d.shelf(1), "01JANOTHER")
	_, err := d.try(d.remove(d.shelf(1)), d.create(d.record(d.contract.Entity("Shelves"), "shelf_id", "1")))
	require.Error(t, err)
	d.wantOnShelf(3)
	d.write(d.remove(d.shelf(1)))
	d.wantOnShelf(0)
}

// TestCountAfterLostReplies: a write whose reply is lost is counted once.
func TestCountAfterLostReplies(t *testing.T) {
	d := shelves(t)
	for n := range 4 {
		lost := d.srv.Fault(dynamotest.OnOperation("TransactWriteItems").Times(1).LoseReply())
		_, err := d.try(d.create(d.good(n, "shelf_id", "1")))
		require.NoError(t, err)
		require.Equal(t, 1, lost.Hits())
		d.wantOnShelf(int64(n) + 1)
	}
}
