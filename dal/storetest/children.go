package storetest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func childCases() []testCase {
	return bothWays(ruled(ruleChildren,
		ofOrders("created", childrenCreated),
		ofOrders("none", childrenNone),
		ofOrders("added, changed and taken out", childrenChanged),
		ofOrders("put over others", childrenPut),
		ofOrders("left alone", childrenLeftAlone),
		ofOrders("gone with their record", childrenDeleted),
		ofOrders("in order", childrenInOrder),
		ofOrders("values of every type", childrenValues),
		ofOrders("ids of their own", childIDs),
		ofOrders("ids are not brought", childIDsBrought),
		ofOrders("ids above what they were raised to", childIDsRaised),
		ofOrders("rows that no table holds", childrenUnfit),
		ofOrders("all or nothing", childrenTogether),
		ofOrders("two writers of one record", childrenAtOnce),
		ofOrders("expected", childrenExpected),
		ofOrders("in every way of reading", childrenRead),
		ofOrders("many", childrenMany),
	))
}

// followedChildCases are a follower's.
func followedChildCases() []testCase {
	return ruled(ruleChildren,
		ofOrders("put", childrenFollow),
		ofOrders("put, taken out and put together", childrenFollowTogether),
		ofOrders("inserted", childrenInserted),
		check{name: "ids after the store has followed", run: followedChildIDs, only: aFence | byLease, on: OrderContract},
	)
}

// order returns an order's record. Lines are JSON objects.
func (e *env) order(id string, lines ...string) transform.Record {
	e.Helper()
	rec := e.with(e.entities["orders"].NewRecord(), "order_id", id, "customer", "c", "address", "here", "total", "10.50")
	return e.withLines(rec, lines...)
}

func (e *env) withLines(rec transform.Record, lines ...string) transform.Record {
	e.Helper()
	rec = e.with(rec, "lines", "["+strings.Join(lines, ",")+"]")
	require.NoError(e, rec.Entity().Settle(rec))
	return rec
}

// parcel returns a parcel's record, with a stop at each place.
func (e *env) parcel(code string, places ...string) transform.Record {
	e.Helper()
	var stops []string
	for i, place := range places {
		stops = append(stops, fmt.Sprintf(`{"number":%d,"place":%q}`, i+1, place))
	}
	rec := e.with(e.entities["parcels"].NewRecord(), "code", code, "stops", "["+strings.Join(stops, ",")+"]")
	require.NoError(e, rec.Entity().Settle(rec))
	return rec
}

// linesOf returns the lines of an order, decoded.
func (e *env) linesOf(rec transform.Record) []map[string]any {
	e.Helper()
	v, _ := rec.Get("lines")
	var lines []map[string]any
	d := json.NewDecoder(strings.NewReader(v.Text()))
	d.UseNumber()
	require.NoError(e, d.Decode(&lines))
	return lines
}

// stored writes an order and returns it as the answer has it, which must be what
// is there, and what was given but for the ids.
func (e *env) stored(m store.Mutation) transform.Record {
	e.Helper()
	row := e.write(m).Rows[0]
	require.False(e, row.Record.IsZero())
	if !m.Record.IsZero() && !m.Key.IsZero() && !m.Record.Entity().LacksIDs(m.Record) {
		require.Equal(e, text(m.Record), text(row.Record))
	}
	return e.requireLive(row.Record).Record
}

// idsOf returns the ids of an order's lines, which all have one.
func (e *env) idsOf(rec transform.Record) []int64 {
	e.Helper()
	var ids []int64
	for _, line := range e.linesOf(rec) {
		id, err := line["id"].(json.Number).Int64()
		require.NoError(e, err)
		require.Positive(e, id)
		ids = append(ids, id)
	}
	return ids
}

// childrenCreated: with the record, whose id may be assigned in the same write.
func childrenCreated(e *env) {
	e.stored(e.create(e.order("1", `{"product":"p","quantity":2}`, `{"product":"q"}`)))
	m := store.Mutation{Op: store.Create, Record: e.order(null, `{"product":"r"}`)}
	rec := e.stored(m)
	require.Len(e, e.idsOf(rec), 1)
	v, _ := m.Record.Get("lines")
	require.Equal(e, `[{"product":"r"}]`, v.Text(), "the caller's record stays as it is")
	e.stored(e.create(e.parcel("p", "a", "b")))
	_, err := e.try(e.create(e.parcel("p", "c")))
	e.requireError(err, store.ErrExists)
	e.requireLive(e.parcel("p", "a", "b"))
}

// childrenNone: a record without rows has an empty list, whatever it had before.
func childrenNone(e *env) {
	rec := e.stored(e.create(e.order("1")))
	v, _ := rec.Get("lines")
	require.Equal(e, transform.JSON, v.Kind())
	require.Equal(e, "[]", v.Text())
	e.stored(e.create(e.order("2", `{"product":"p"}`)))
	e.stored(e.replace(e.order("2")))
	rec = e.stored(e.create(e.order("3", `{"product":"p"}`)))
	e.stored(e.update(rec, "lines", "[]"))
}

// childrenChanged: an update says what the list is then, and each row keeps its id.
func childrenChanged(e *env) {
	rec := e.stored(e.create(e.order("1", `{"product":"a","quantity":1}`, `{"product":"b"}`, `{"product":"c"}`)))
	ids := e.idsOf(rec)
	now := e.stored(e.update(rec, "lines", fmt.Sprintf(`[{"id":%d,"product":"a","quantity":2},{"id":%d,"product":"c"},{"product":"d"}]`, ids[0], ids[2])))
	after := e.idsOf(now)
	require.Len(e, after, 3)
	require.Equal(e, []int64{ids[0], ids[2]}, after[:2])
	require.NotContains(e, ids, after[2], "an id is given once")
	// Unique values change hands within one record.
	parcel := e.parcel("p", "a", "b")
	e.stored(e.create(parcel))
	e.stored(e.update(parcel, "stops", `[{"number":1,"place":"b"},{"number":2,"place":"a"},{"number":3,"place":"c"}]`))
	e.stored(e.update(parcel, "stops", `[{"number":2,"place":"c"},{"number":4,"place":"a"}]`))
}

// childrenPut: a put leaves what it says and nothing of before.
func childrenPut(e *env) {
	rec := e.stored(e.replace(e.order("1", `{"product":"a"}`, `{"product":"b"}`)))
	ids := e.idsOf(rec)
	rec = e.stored(e.replace(e.order("1", fmt.Sprintf(`{"id":%d,"product":"B"}`, ids[1]), `{"product":"c"}`)))
	require.Equal(e, ids[1], e.idsOf(rec)[0])
	e.stored(e.replace(rec))
	e.stored(e.replace(e.parcel("p", "a", "b")))
	e.stored(e.replace(e.parcel("p", "b")))
}

// childrenLeftAlone: what an update does not say stays, and no one else's rows
// change.
func childrenLeftAlone(e *env) {
	rec := e.stored(e.create(e.order("1", `{"product":"a","price":1.5}`, `{"product":"b"}`)))
	other := e.stored(e.create(e.order("2", `{"product":"a"}`)))
	now := e.stored(e.update(rec, "address", "there"))
	was, _ := rec.Get("lines")
	is, _ := now.Get("lines")
	require.Equal(e, was, is)
	e.stored(e.update(rec, "lines", "[]"))
	e.requireLive(other)
	_, err := e.try(e.update(e.order("9"), "lines", `[{"product":"x"}]`))
	e.requireError(err, store.ErrNotFound)
}

// childrenDeleted: the rows go with their record, and do not come back with it.
func childrenDeleted(e *env) {
	rec := e.stored(e.create(e.order("1", `{"product":"a"}`, `{"product":"b"}`)))
	parcel := e.parcel("p", "a", "b")
	e.stored(e.create(parcel))
	e.stored(e.create(e.parcel("q", "a")))
	e.write(e.remove(rec))
	e.write(e.remove(parcel))
	e.requireGone(rec)
	e.requireGone(parcel)
	e.requireLive(e.parcel("q", "a"))
	e.stored(e.create(e.order("1")))
	e.stored(e.create(e.parcel("p", "b")))
	_, err := e.try(e.remove(e.parcel("r")))
	e.requireError(err, store.ErrNotFound)
}

// childrenInOrder: by the contract's order, texts by their bytes and NULL before
// all, or behind all where the order is descending.
func childrenInOrder(e *env) {
	rec := e.with(e.entities["parcels"].NewRecord(), "code", "p",
		"stops", `[{"number":1,"place":"b"},{"number":5},{"number":2,"place":"B"},{"number":3,"place":"é"},{"number":4,"place":""},{"number":6,"place":"ba"}]`)
	e.write(store.Mutation{Op: store.Put, Key: e.key(rec), Record: rec})
	v, _ := e.row(e.key(rec)).Record.Get("stops")
	require.Equal(e, `[{"number":3,"parcel":"p","place":"é"},{"number":6,"parcel":"p","place":"ba"},{"number":1,"parcel":"p","place":"b"},`+
		`{"number":2,"parcel":"p","place":"B"},{"number":4,"parcel":"p","place":""},{"number":5,"parcel":"p"}]`, v.Text())
}

// everyLine has lines with values that some layer is known to change.
var everyLine = []string{
	`{}`,
	`{"product":"","quantity":0,"price":0,"weight":0,"gift":0,"options":null}`,
	`{"product":"null","price":99999999.99,"weight":0.1,"sent":"2024-03-31T01:30:00.000Z","due":"2024-02-29","state":"new","gift":1,"options":{"a":[1,{"b":null}]}}`,
	`{"product":"\"\\,;:.!-\n😀","quantity":-2147483648,"price":-0.1,"weight":1e+100,"sent":"2038-01-19T03:14:07.999Z","due":"9999-12-31","state":"back","options":"text"}`,
	`{"price":1234567890123456.7891,"weight":-1.5e-30,"sent":"1970-01-01T00:00:01.001Z","options":[0.10,-7]}`,
}

// childrenValues: what is stored comes back, exactly.
func childrenValues(e *env) {
	rec := e.stored(e.create(e.order("1", everyLine...)))
	require.Len(e, e.idsOf(rec), len(everyLine))
	for i, line := range everyLine {
		want, err := transform.CanonicalJSON([]byte(line))
		require.NoError(e, err)
		delete(e.linesOf(rec)[i], "id")
		have := e.linesOf(rec)[i]
		delete(have, "id")
		text, err := json.Marshal(have)
		require.NoError(e, err)
		got, err := transform.CanonicalJSON(text)
		require.NoError(e, err)
		require.Equal(e, want, got)
	}
	e.stored(e.replace(rec))
}

func (e *env) lineSequence() *transform.Entity {
	return e.entities["orders"].Children()[0].Rows
}

// childIDs: an id is assigned once, over all records, and a hand-off learns where
// the next one lies.
func childIDs(e *env) {
	seen := map[int64]bool{}
	learn := func(rec transform.Record) {
		for _, id := range e.idsOf(rec) {
			seen[id] = true
		}
	}
	learn(e.stored(e.create(e.order("1", `{"product":"a"}`, `{"id":0,"product":"b"}`))))
	learn(e.stored(e.create(e.order("2", `{"product":"c"}`))))
	learn(e.stored(e.replace(e.order("3", `{"product":"d"}`, `{"product":"e"}`, `{"product":"f"}`))))
	require.Len(e, seen, 6)
	last, err := e.other().Control.LastID(e.ctx, e.lineSequence())
	require.NoError(e, err)
	for id := range seen {
		require.LessOrEqual(e, id, last, "no id above the last one was assigned")
	}
}

// childIDsBrought: an id that the record does not have may be another record's.
func childIDsBrought(e *env) {
	rec := e.stored(e.create(e.order("1", `{"product":"a"}`)))
	other := e.stored(e.create(e.order("2", `{"product":"b"}`)))
	taken := fmt.Sprintf(`[{"id":%d,"product":"x"}]`, e.idsOf(other)[0])
	for _, m := range []store.Mutation{
		e.create(e.order("3", `{"id":7,"product":"x"}`)),
		e.replace(e.with(rec, "lines", taken)),
		e.update(rec, "lines", taken),
	} {
		_, err := e.try(m)
		e.requireError(err, store.ErrInvalid)
	}
	e.requireLive(rec)
	e.requireLive(other)
	e.requireGone(e.order("3"))
}

// childIDsRaised: what the other store has given is not given again here.
func childIDsRaised(e *env) {
	require.NoError(e, e.Control.RaiseID(e.ctx, e.lineSequence(), 1000))
	for _, id := range e.idsOf(e.stored(e.create(e.order("1", `{"product":"a"}`, `{"product":"b"}`)))) {
		require.Greater(e, id, int64(1000))
	}
	e.requireError(e.Control.RaiseID(e.ctx, e.lineSequence(), 1<<31), store.ErrInvalid)
}

// childrenUnfit: rows that their table can't hold, or can't hold beside each other.
func childrenUnfit(e *env) {
	parcel := e.parcel("p", "a")
	e.stored(e.create(parcel))
	for _, stops := range []string{
		`[{"number":1},{"number":1}]`,
		`[{"number":1,"place":"a"},{"number":2,"place":"a"}]`,
		`[{"place":"a"}]`,
		`[{"number":2147483648}]`,
		`[{"number":1,"parcel":"q"}]`,
		`[{"number":1,"other":1}]`,
		`[{"number":"1"}]`,
		`{"number":1}`,
		`[1]`,
		`[{"number":1,"place":"` + strings.Repeat("x", 65) + `"}]`,
	} {
		spoilt := e.with(parcel, "stops", stops)
		for _, m := range []store.Mutation{e.replace(spoilt), e.update(parcel, "stops", stops), e.create(e.with(spoilt, "code", "new"))} {
			_, err := e.try(m)
			e.requireError(err, store.ErrInvalid)
		}
		e.requireLive(parcel)
		e.requireGone(e.parcel("new"))
	}
}

// childrenTogether: several records and their rows commit together or not at all.
func childrenTogether(e *env) {
	first := e.stored(e.create(e.order("1", `{"product":"a"}`)))
	second := e.stored(e.create(e.order("2", `{"product":"b"}`)))
	_, err := e.try(e.update(first, "lines", "[]"), e.create(e.order("3", `{"product":"x"}`)), e.create(e.order("2")))
	e.requireError(err, store.ErrExists)
	e.requireLive(first)
	e.requireGone(e.order("3"))
	w := e.write(e.update(first, "lines", "[]"), e.remove(second), e.create(e.order("3", `{"product":"x"}`)), e.replace(e.parcel("p", "a")))
	e.requireLive(e.withLines(first))
	e.requireGone(second)
	e.requireLive(w.Rows[2].Record)
	e.requireLive(e.parcel("p", "a"))
}

// childrenAtOnce: two that change different lines of one order, or add some, at
// once: all of it is there.
func childrenAtOnce(e *env) {
	const each = 10
	rec := e.stored(e.create(e.order("1", `{"product":"a","quantity":0}`, `{"product":"b","quantity":0}`)))
	handles := []Subject{e.Subject, e.other()}
	for _, err := range together(4, func(g int) error {
		for n := range each {
			m := e.modify(rec, func(now transform.Record) error {
				ch := now.Entity().Children()[0]
				rows, err := ch.Of(now)
				if err != nil {
					return err
				}
				if g < 2 {
					v, _ := rows[g].Get("quantity")
					quantity, _ := v.Int()
					err = rows[g].Set("quantity", transform.IntValue(quantity+1))
				} else {
					row := ch.Rows.NewRecord()
					err = row.Set("product", transform.TextValue(strconv.Itoa(g*each+n)))
					rows = append(rows, row)
				}
				ch.Set(now, rows)
				return err
			})
			if err := persist(func() error {
				_, err := handles[g%2].Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{m}})
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(e, err)
	}
	lines := e.linesOf(e.row(e.key(rec)).Record)
	require.Len(e, lines, 2+2*each)
	for _, line := range lines[:2] {
		require.Equal(e, json.Number(strconv.Itoa(each)), line["quantity"])
	}
}

// childrenExpected: the rows are part of what was read.
func childrenExpected(e *env) {
	rec := e.stored(e.create(e.order("1", `{"product":"a"}`)))
	read := e.row(e.key(rec))
	e.write(e.update(rec, "lines", fmt.Sprintf(`[{"id":%d,"product":"b"}]`, e.idsOf(rec)[0])))
	for _, m := range []store.Mutation{e.update(rec, "address", "x"), e.remove(rec), {Op: store.Check, Key: e.key(rec)}} {
		m.Expect = &read
		_, err := e.try(m, e.replace(e.parcel("p")))
		e.requireError(err, store.ErrChanged)
	}
	read = e.row(e.key(rec))
	m := e.update(rec, "address", "x")
	m.Expect = &read
	e.write(m)
}

// childrenRead: by key, by keys, by index and in a pass.
func childrenRead(e *env) {
	first := e.stored(e.create(e.order("1", `{"product":"a"}`, `{"product":"b","price":0.5}`)))
	second := e.stored(e.create(e.order("2")))
	for _, at := range []store.At{e.at, relay} {
		rows, err := e.Authority.GetMany(e.ctx, at, []transform.Key{e.key(second), e.key(first), e.key(e.order("3"))})
		require.NoError(e, err)
		require.Equal(e, text(second), text(rows[0].Record))
		require.Equal(e, text(first), text(rows[1].Record))
		require.False(e, rows[2].Live)
		row, err := e.Authority.Get(e.ctx, at, e.key(first))
		require.NoError(e, err)
		require.Equal(e, text(first), text(row.Record))
	}
	e.wantQuery(store.Query{Entity: first.Entity(), Index: "CustomerIndex", Equal: transform.TextValue("c"), Limit: 10}, first, second)
	require.Equal(e, map[transform.Key]string{e.key(first): text(first), e.key(second): text(second)}, e.liveText(e.scan(first.Entity(), 1)))
}

// childrenMany: a list longer than what a server strings together by default.
func childrenMany(e *env) {
	lines := make([]string, 1500)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"product":"%060d","quantity":%d}`, i, i)
	}
	rec := e.stored(e.create(e.order("1", lines...)))
	require.Len(e, e.idsOf(rec), len(lines))
	e.stored(e.update(rec, "lines", "[]"))
}

// childrenFollow: a follower takes records with the ids they have.
func childrenFollow(e *env) {
	v := store.Version(1)
	put := func(rec transform.Record) {
		e.Helper()
		e.put(e.live(rec, v))
		e.requireLive(rec)
		v++
	}
	put(e.order("1", `{"id":7,"product":"a"}`, `{"id":9,"product":"b"}`))
	put(e.order("1", `{"id":7,"product":"A"}`, `{"id":8,"product":"c"}`))
	put(e.order("1"))
	put(e.order("1", `{"id":7,"product":"a"}`))
	row := e.live(e.order("1"), 1)
	took, err := e.Follower.Put(e.ctx, e.to, row)
	require.NoError(e, err)
	require.False(e, took)
	e.requireLive(e.order("1", `{"id":7,"product":"a"}`))
	e.put(e.dead(e.order("1"), v))
	e.requireGone(e.order("1"))
	// The rows are gone too: another record may have them.
	put(e.order("2", `{"id":7,"product":"a"}`))
	var every []string
	for i, line := range everyLine {
		every = append(every, fmt.Sprintf(`{"id":%d,`, 100+i)+strings.TrimPrefix(strings.Replace(line, "{}", `{"product":"x"}`, 1), "{"))
	}
	put(e.order("3", every...))
	put(e.parcel("p", "a", "b"))
	put(e.parcel("p", "b", "a"))
	put(e.parcel("p"))
}

// childrenFollowTogether: rows go from one record to another in one transaction.
func childrenFollowTogether(e *env) {
	e.put(e.live(e.order("1", `{"id":7,"product":"a"}`), 1))
	e.put(e.live(e.order("2", `{"id":8,"product":"b"}`), 1))
	require.NoError(e, e.Follower.PutTogether(e.ctx, e.to, []store.Row{
		e.live(e.order("1", `{"id":8,"product":"b"}`), 2), e.live(e.order("2", `{"id":7,"product":"a"}`), 2), e.dead(e.order("3"), 2)}))
	e.requireLive(e.order("1", `{"id":8,"product":"b"}`))
	e.requireLive(e.order("2", `{"id":7,"product":"a"}`))
}

// childrenInserted: a backfill brings rows with their records, and none where
// something is.
func childrenInserted(e *env) {
	e.put(e.live(e.order("1", `{"id":7,"product":"a"}`), 5))
	insert := []store.Row{e.live(e.order("1", `{"id":20,"product":"x"}`), 0), e.live(e.order("2", `{"id":21}`, `{"id":22}`), 0),
		e.live(e.order("3"), 0), e.live(e.parcel("p", "a", "b"), 0)}
	for range 2 {
		errs, err := e.Follower.Insert(e.ctx, insert)
		require.NoError(e, err)
		for _, err := range errs {
			require.NoError(e, err)
		}
		e.requireLive(e.order("1", `{"id":7,"product":"a"}`))
		for _, row := range insert[1:] {
			e.requireLive(row.Record)
		}
	}
}

// followedChildIDs: ids that a store has met while it followed are not given again.
func followedChildIDs(e *env) {
	e.put(e.live(e.order("1", `{"id":900,"product":"a"}`), 1))
	require.NoError(e, e.Control.RaiseID(e.ctx, e.lineSequence(), 950))
	require.NoError(e, e.Control.RaiseID(e.ctx, e.entities["orders"], 1))
	if !e.leased() {
		e.mark(store.Sealed)
	}
	e.lead()
	rec := e.stored(e.create(e.order("2", `{"product":"b"}`)))
	require.Greater(e, e.idsOf(rec)[0], int64(950))
}
