package dynamostore

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// home is a record whose items move, and which others refer to.
func (d *desk) home(id int, address string, changes ...string) transform.Record {
	return d.record(d.contract.Entity("Homes"), append([]string{"home_id", strconv.Itoa(id), "address", address}, changes...)...)
}

func (d *desk) room(id int, changes ...string) transform.Record {
	return d.record(d.contract.Entity("Rooms"), append([]string{"room_id", strconv.Itoa(id)}, changes...)...)
}

// addresses returns the places where items of homes are.
func (d *desk) addresses() []string {
	d.Helper()
	out, err := d.client.Scan(d.ctx, &dynamodb.ScanInput{TableName: aws.String(d.places["Homes"].table), ConsistentRead: aws.Bool(true)})
	require.NoError(d, err)
	var all []string
	for _, it := range out.Items {
		all = append(all, scalarText(it["address"]))
	}
	return all
}

// TestMarkIsOnTheStand: a record whose item moves is marked where every write of its
// key comes by. A dead deleter's mark there keeps nobody from anything for long, nor
// the record from moving.
func TestMarkIsOnTheStand(t *testing.T) {
	d := families(t)
	d.write(d.create(d.home(1, "a")), d.create(d.home(2, "b")))
	m := &meddler{Client: d.client}
	hasty := d.with(d.client, Options{RetryBudget: time.Millisecond})
	m.before = func() {
		require.Contains(t, d.rawItem(d.home(1, "a")), attrMark)
		_, err := hasty.try(d.create(d.room(1, "home_id", "1")))
		requireRefused(t, err, store.ErrConflict, store.NotApplied)
		d.holds(d.home(1, "a"))
	}
	d.with(m, Options{}).write(d.remove(d.home(1, "a")))
	require.Nil(t, m.before)
	require.NotContains(t, d.rawItem(d.home(1, "a")), attrMark)
	_, err := d.try(d.create(d.room(1, "home_id", "1")))
	requireRefused(t, err, store.ErrNoTarget, store.NotApplied)

	d = d.with(d.client, Options{RetryBudget: 600 * time.Millisecond})
	d.rawMark(d.home(2, "b"), "dead")
	d.write(d.create(d.room(1, "home_id", "2")))
	require.NotContains(t, d.rawItem(d.home(2, "b")), attrMark)
	d.rawMark(d.home(2, "b"), "dead again")
	read := d.row(d.home(2, "b"))
	d.write(store.Mutation{Op: store.Check, Key: read.Key, Expect: &read}, d.create(d.room(2, "home_id", "2")))
	d.rawMark(d.home(2, "b"), "and again")
	d.write(d.update(d.home(2, "b"), "address", "a"))
	require.NotContains(t, d.rawItem(d.home(2, "b")), attrMark)
	require.Equal(t, []string{"a"}, d.addresses())
}

// TestMovedBeneathItsDelete: a record that moves after it was marked has lost its
// mark, so that the delete looks again, where the record is now, and takes along what
// began to refer to it.
func TestMovedBeneathItsDelete(t *testing.T) {
	d := families(t)
	d.write(d.create(d.home(1, "a")))
	m := &meddler{Client: d.client, skip: len(d.contract.Entity("Homes").ReferredBy()) - 1}
	m.before = func() {
		d.write(d.update(d.home(1, "a"), "address", "b"))
		d.write(d.create(d.home(2, "a", "main_id", "1")))
		d.write(d.create(d.room(1, "last_id", "1")))
	}
	d.with(m, Options{}).write(d.remove(d.home(1, "a")))
	require.Nil(t, m.before)
	require.False(t, d.row(d.home(1, "b")).Live)
	require.False(t, d.row(d.home(2, "a")).Live)
	d.holds(d.room(1))
	require.Empty(t, d.addresses())
}

// TestTakenAlongMovesMeanwhile: what a delete takes along has moved between the look
// at it and the delete's transaction.
func TestTakenAlongMovesMeanwhile(t *testing.T) {
	d := families(t)
	d.write(d.create(d.person(1)), d.create(d.home(1, "a", "owner_id", "1")), d.create(d.home(2, "b", "guest_id", "1")))
	// At a query for what refers to the home that goes along, which was looked at then.
	m := &meddler{Client: d.client, skip: len(d.contract.Entity("People").ReferredBy())}
	m.before = func() {
		d.write(d.update(d.home(1, "a"), "address", "c"))
		d.write(d.update(d.home(2, "b"), "address", "d"))
	}
	d.with(m, Options{}).write(d.remove(d.person(1)))
	require.Nil(t, m.before)
	require.False(t, d.row(d.home(1, "c")).Live)
	d.holds(d.home(2, "d"))
	require.Equal(t, []string{"d"}, d.addresses())
	require.Empty(t, d.edgesTo(1))
}

// TestRepliesOfAMovingDeleteAreLost: as of one whose items stay.
func TestRepliesOfAMovingDeleteAreLost(t *testing.T) {
	for n := 1; n <= 3; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			d := families(t)
			d.T = t
			d.write(d.create(d.home(1, "a")), d.create(d.home(2, "b", "main_id", "1")), d.create(d.room(1, "last_id", "2")))
			d = d.with(NewClient(d.srv.Config(), &ClientOptions{Attempts: 1, AttemptTimeout: time.Minute}), Options{})
			fault := d.srv.Fault(dynamotest.OnOperation("TransactWriteItems").Nth(n).LoseReply())
			d.write(d.remove(d.home(1, "a")))
			require.Equal(t, 1, fault.Hits())
			for _, r := range []transform.Record{d.home(1, "a"), d.home(2, "b")} {
				require.False(t, d.row(r).Live)
				require.NotContains(t, d.rawItem(r), attrMark)
			}
			d.holds(d.room(1))
			require.Empty(t, d.addresses())
		})
	}
}
