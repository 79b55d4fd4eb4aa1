package storetest

import (
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// deliveryCases are about references of records that have rows of other tables, and to
// them: what becomes of a record becomes of its rows.
func deliveryCases() []testCase {
	return append(bothWays(ruled(ruleRefer,
		ofDeliveries("no target for a record with rows", rowsWithoutTarget),
		ofDeliveries("restricted, with rows", rowsRestricted),
		ofDeliveries("taken along with rows", rowsTakenAlong),
		ofDeliveries("set to NULL beside rows", rowsBesideNull),
	)), ruled(ruleRefer,
		ofDeliveries("the caller is told of rows", rowsTold),
	)...)
}

// followedDeliveryCases are a follower's.
func followedDeliveryCases() []testCase {
	return ruled(ruleRefers,
		ofDeliveries("once the store is the authority, with rows", func(e *env) {
			if e.Control == nil {
				return // it never is
			}
			rowsByFollower(e)
		}),
	)
}

// ofDeliveries is a check on the tables of DeliveryContract.
func ofDeliveries(name string, run func(*env)) check {
	return check{name: name, run: run, on: DeliveryContract}
}

func (e *env) sender(id int) transform.Record {
	e.Helper()
	return e.listed("senders", "sender_id", strconv.Itoa(id), "name", "sender "+strconv.Itoa(id))
}

// shipment returns a shipment with two stops and a piece.
func (e *env) shipment(id int, changes ...string) transform.Record {
	e.Helper()
	rec := e.listed("shipments", append([]string{"shipment_id", strconv.Itoa(id),
		"stops", `[{"number":1,"place":"a","fee":1.5},{"number":2,"due":"2024-02-29"}]`, "pieces", `[{"content":"x"}]`}, changes...)...)
	require.NoError(e, rec.Entity().Settle(rec))
	return rec
}

func (e *env) claim(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("claims", append([]string{"claim_id", strconv.Itoa(id)}, changes...)...)
}

// noRows are the changes of a record that has none.
var noRows = []string{"stops", "[]", "pieces", "[]"}

// rowsWithoutTarget: a record whose target is not there leaves none of its rows, and
// keeps those that it has.
func rowsWithoutTarget(e *env) {
	e.fill(e.sender(1))
	there := e.stored(e.create(e.shipment(1, "sender_id", "1")))
	e.unchanged(func() {
		for _, m := range []store.Mutation{
			e.create(e.shipment(2, "sender_id", "9")),
			e.replace(e.with(there, "sender_id", "9", "stops", `[{"number":7}]`)),
			e.modify(there, func(now transform.Record) error {
				rec := e.with(there, "sender_id", "9", "stops", `[{"number":1,"place":"b"}]`, "pieces", "[]")
				for i := range now.Entity().Columns {
					now.SetAt(i, rec.At(i))
				}
				return nil
			}),
		} {
			_, err := e.try(m)
			e.requireReferred(err, store.ErrNoTarget, "Shipments", "sender_id")
		}
	}, e.key(e.shipment(2)))
	e.stored(e.create(e.shipment(2, noRows...)))
	e.requireLive(there)
}

// rowsRestricted: what refers to a record with rows keeps it, and them.
func rowsRestricted(e *env) {
	e.fill(e.sender(1))
	first := e.stored(e.create(e.shipment(1, "sender_id", "1")))
	second := e.stored(e.create(e.shipment(2, "sender_id", "1")))
	e.fill(e.claim(1, "shipment_id", "2"), e.claim(2, "other_id", "1"))
	e.unchanged(func() {
		_, err := e.try(e.remove(second))
		e.requireReferred(err, store.ErrReferenced, "Shipments", "Claims.shipment_id")
		_, err = e.try(e.remove(e.sender(1)))
		e.requireError(err, store.ErrReferenced)
	})
	e.requireLive(first)
	e.requireLive(second)
	e.write(e.remove(first))
	e.requireLive(e.claim(2))
	e.write(e.remove(e.claim(1)), e.remove(e.sender(1)))
	e.requireGone(first)
	e.requireGone(second)
	e.stored(e.create(e.shipment(2, noRows...)))
}

// rowsTakenAlong: the rows go with their record, though their own foreign key may say
// otherwise, and do not come back with another of its key.
func rowsTakenAlong(e *env) {
	e.fill(e.sender(1), e.sender(2))
	first := e.stored(e.create(e.shipment(1, "sender_id", "1")))
	second := e.stored(e.create(e.shipment(2, "sender_id", "2")))
	third := e.stored(e.create(e.shipment(3, append(noRows, "sender_id", "1")...)))
	fourth := e.stored(e.create(e.shipment(4, "sender_id", "1", "payer_id", "2")))
	e.fill(e.claim(1, "other_id", "4"))
	e.write(e.remove(e.sender(1)))
	for _, rec := range []transform.Record{first, third, fourth} {
		e.requireGone(rec)
	}
	e.requireLive(second)
	e.requireLive(e.claim(1))
	e.stored(e.create(e.shipment(1, noRows...)))
	e.stored(e.create(e.shipment(4)))
}

// rowsBesideNull: a record that loses its target keeps its rows as they are.
func rowsBesideNull(e *env) {
	e.fill(e.sender(1), e.sender(2))
	rec := e.stored(e.create(e.shipment(1, "sender_id", "2", "payer_id", "1")))
	e.write(e.remove(e.sender(1)))
	e.requireLive(e.with(rec, "payer_id", null))
	rec = e.stored(e.update(rec, "stops", "[]"))
	e.requireLive(rec)
}

// rowsTold: records that are taken along are told whole, so that what they cost
// DynamoDB is counted alike in every phase.
func rowsTold(e *env) {
	e.start()
	e.capture()
	e.fill(e.sender(1))
	gone := e.stored(e.create(e.shipment(1, "sender_id", "1")))
	left := e.stored(e.create(e.shipment(2, "payer_id", "1")))
	var told []store.Along
	_, err := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{e.remove(e.sender(1))},
		Along: func(all []store.Along) error { told = all; return nil }})
	require.NoError(e, err)
	require.Len(e, told, 2)
	for _, a := range told {
		if a.Key == e.key(gone) {
			require.Equal(e, text(gone), text(a.Before))
			require.True(e, a.After.IsZero(), "it is deleted")
			continue
		}
		require.Equal(e, text(left), text(a.Before))
		require.Equal(e, text(e.with(left, "payer_id", null)), text(a.After))
	}
}

// rowsByFollower: what a follower was given is taken along with its rows, once it is
// the authority.
func rowsByFollower(e *env) {
	first := e.shipment(1, "sender_id", "1", "pieces", `[{"id":7,"content":"x"}]`)
	errs, err := e.Follower.Insert(e.ctx, []store.Row{e.live(first, 0), e.live(e.sender(1), 0), e.live(e.sender(2), 0)})
	require.NoError(e, err)
	for _, err := range errs {
		require.NoError(e, err)
	}
	second := e.shipment(2, "payer_id", "1", "pieces", `[{"id":8,"content":"y"}]`)
	e.put(e.live(second, 5))
	e.put(e.live(e.shipment(3, "sender_id", "1", "pieces", `[{"id":9}]`), 5))
	third := e.shipment(3, "sender_id", "2", "pieces", `[{"id":9}]`)
	e.put(e.live(third, 6))
	e.lead()
	e.write(e.remove(e.sender(1)))
	e.requireGone(first)
	e.requireLive(e.with(second, "payer_id", null))
	e.requireLive(third)
	e.stored(e.create(e.shipment(1, noRows...)))
}
