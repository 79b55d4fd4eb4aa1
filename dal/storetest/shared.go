package storetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func sharedReadCases() []testCase {
	return ruled(ruleRead, ofShared("keys of several texts", sharedKeys))
}

func sharedScanCases() []testCase {
	return ruled(ruleScan, ofShared("entities of one table", sharedScan))
}

func sharedQueryCases() []testCase {
	return ruled(ruleQuery,
		ofShared("entities of one partition", sharedPartition),
		ofShared("a partition of many others", sharedCrowd),
		ofShared("partitions of several texts", sharedTexts),
		ofShared("padded numbers", sharedNumbers),
		ofShared("a literal and a template", sharedLiteral),
		ofShared("moments in a template", sharedMoments),
		ofShared("a format of a date", sharedMonth),
		ofShared("computed attributes that change", sharedChanges),
		ofShared("a page after a key", sharedPosition),
	)
}

// ofShared is a check on the table of SharedContract.
func ofShared(name string, run func(*env)) check {
	return check{name: name, run: run, on: SharedContract}
}

func (e *env) member(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("club_members", append([]string{"member_id", strconv.Itoa(id)}, changes...)...)
}

func (e *env) clubOrder(member, number int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("club_orders", append([]string{"member_id", strconv.Itoa(member), "number", strconv.Itoa(number)}, changes...)...)
}

func (e *env) label(owner, kind, tag, lang string) transform.Record {
	e.Helper()
	return e.listed("club_labels", "owner", owner, "kind", kind, "tag", tag, "lang", lang)
}

// by is a query of an index of SharedContract, "" for the table's key, by the values
// that its partition key is made of.
func (e *env) by(table, index string, parts ...any) store.Query {
	e.Helper()
	entity := e.entities[table]
	key, err := store.KeyNamed(entity, index)
	require.NoError(e, err)
	equal, err := entity.ShownOf(store.ColumnOf(entity, key.PK), parts...)
	require.NoError(e, err)
	return store.Query{Entity: entity, Index: index, Equal: equal, Limit: 100}
}

// bounded gives a query bounds on what its sort key shows; "" is open, and a "!"
// excludes the value.
func bounded(q store.Query, lower, upper string) store.Query {
	for _, end := range []struct {
		bound **store.Bound
		text  string
	}{{&q.Lower, lower}, {&q.Upper, upper}} {
		if end.text != "" {
			value, exclusive := strings.CutPrefix(end.text, "!")
			*end.bound = &store.Bound{Value: transform.TextValue(value), Exclusive: exclusive}
		}
	}
	return q
}

// inOrder returns the records in the order of the bytes of an attribute, those that
// have none left out.
func (e *env) inOrder(attribute string, records ...transform.Record) []transform.Record {
	e.Helper()
	entity := records[0].Entity()
	column := entity.Attributes[entity.AttributeIndex(attribute)].Column
	text := func(r transform.Record) string {
		v, err := r.Shown(column)
		require.NoError(e, err)
		return v.Text()
	}
	records = slices.DeleteFunc(slices.Clone(records), func(r transform.Record) bool { return text(r) == "" })
	slices.SortStableFunc(records, func(a, b transform.Record) int { return strings.Compare(text(a), text(b)) })
	return records
}

// sharedScan: a scan of one entity has nothing of another's, live or deleted.
func sharedScan(e *env) {
	var members, orders []transform.Record
	for i := range 7 {
		members, orders = append(members, e.member(i+1)), append(orders, e.clubOrder(i+1, 1), e.clubOrder(1, i+2))
	}
	label := e.label("1", "PROFILE", "ORDER#0000000001", "")
	e.fill(slices.Concat(members, orders, []transform.Record{label})...)
	e.unset(orders[3])
	for _, of := range [][]transform.Record{members, slices.Delete(slices.Clone(orders), 3, 4), {label}} {
		for _, limit := range []int{1, 2, 100} {
			var keys, want []string
			for _, row := range e.scan(of[0].Entity(), limit) {
				require.Equal(e, of[0].Entity().Name, row.Key.Entity)
				if row.Live {
					keys = append(keys, row.Key.ID)
				}
			}
			for _, rec := range of {
				want = append(want, e.key(rec).ID)
			}
			require.ElementsMatch(e, want, keys)
		}
	}
}

// hostile are texts that a key made of several could take for one another.
var hostile = []string{"a", "a#", "#a", "a#b", "b", "#", "##", "$", "$0", "$1", "\"0", "%", "%23", "_", "\\", "'", "é", "😀", "\U0010FFFF", "A", "a%", "{a}", "~", "!", ""}

// sharedKeys: two keys are one only if all of their texts are.
func sharedKeys(e *env) {
	all := []transform.Record{e.label("x", "a#b", "t", "z"), e.label("x#a", "b", "t", "z"), e.label("x#a", "b#t", "", "z"), e.label("x#a", "b", "t#", "z")}
	for i, a := range hostile {
		b := hostile[(i*7+3)%len(hostile)]
		all = append(all, e.label("x"+a, b, "t", "l"), e.label("x", a, b, "m"), e.label(a, "y", "t"+a, b))
	}
	e.pour(all)
	for i, rec := range all {
		e.set(e.with(rec, "weight", strconv.Itoa(i)))
	}
	for i, rec := range all {
		e.requireLive(e.with(rec, "weight", strconv.Itoa(i)))
	}
	require.Len(e, e.scan(all[0].Entity(), 100), len(all))
	var keys []transform.Key
	for _, rec := range all {
		keys = append(keys, e.key(rec))
	}
	rows, err := e.reader().GetMany(e.ctx, e.at, keys)
	require.NoError(e, err)
	for i, row := range rows {
		require.Equal(e, text(e.with(all[i], "weight", strconv.Itoa(i))), text(row.Record))
	}
	e.unset(all[0])
	e.requireLive(e.with(all[1], "weight", "1"))
}

// sharedPartition: a query finds the records of one entity, and its limit is one of
// these.
func sharedPartition(e *env) {
	one, twelve := e.member(1, "name", "Ann"), e.member(12, "name", "Bob")
	orders := []transform.Record{e.clubOrder(1, 1), e.clubOrder(1, 2), e.clubOrder(1, 12), e.clubOrder(1, 4294967295)}
	e.fill(slices.Concat(backwards(orders), []transform.Record{one, twelve, e.clubOrder(12, 1), e.clubOrder(2, 1)})...)
	e.wantList(e.by("club_members", "", 1), one)
	e.wantList(e.by("club_orders", "", 1), orders...)
	e.wantList(e.by("club_members", "", 2))
	e.wantList(e.by("club_orders", "", 3))
	e.wantList(bounded(e.by("club_orders", "", 1), "ORDER#0000000002", ""), orders[1:]...)
	e.wantList(bounded(e.by("club_orders", "", 1), "A", "ORDER#0000000012"), orders[:3]...)
	e.wantList(bounded(e.by("club_orders", "", 1), "P", ""))
	e.wantList(bounded(e.by("club_members", "", 1), "PROFILE", "PROFILE"), one)
	e.unset(one)
	e.wantList(e.by("club_members", "", 1))
	e.wantList(e.by("club_orders", "", 1), orders...)
}

// sharedCrowd: what a page takes of one entity lies behind many items of another, and
// behind what deletes left.
func sharedCrowd(e *env) {
	var crowd, few []transform.Record
	for i := range 250 {
		crowd = append(crowd, e.clubOrder(1, i+1, "status", "new", "placed", fmt.Sprintf("2024-03-10T09:%02d:%02d", i/60, i%60)))
	}
	e.pour(crowd)
	member := e.member(1, "name", "Ann")
	e.fill(member)
	for _, rec := range crowd[:40] {
		e.unset(rec)
	}
	few = crowd[40:]
	q := e.by("club_members", "", 1)
	for _, q.Limit = range []int{1, 2} {
		e.wantQuery(q, member)
	}
	q = e.by("club_orders", "", 1)
	for _, q.Limit = range []int{1, 7, 210, 300} {
		e.wantKeys(q, few[:min(q.Limit, len(few))])
	}
	q = e.by("club_orders", "GSI1", "new")
	q.Limit = 20
	e.wantKeys(q, few[:20])
}

// sharedTexts: a partition is one of all its texts, and its sort keys are in the order
// of their bytes, in which a delimiter counts as it is written.
func sharedTexts(e *env) {
	var all, others []transform.Record
	for i, a := range hostile {
		all = append(all, e.label("a#b", "c", a, "l"), e.label("a#b", "c", "p", a))
		others = append(others, e.label("a", "b#c", a, "l"), e.label("a#b", "c"+a+"x", "t", strconv.Itoa(i)))
	}
	e.pour(slices.Concat(backwards(all), others))
	e.wantList(e.by("club_labels", "", "a#b", "c"), e.inOrder("SK", all...)...)
	e.wantList(e.by("club_labels", "", "a", "b#c"), e.inOrder("SK", func() (own []transform.Record) {
		for i := 0; i < len(others); i += 2 {
			own = append(own, others[i])
		}
		return own
	}()...)...)
	e.wantList(e.by("club_labels", "", "a", "b"))
}

// sharedNumbers: whole numbers that are padded come by their size.
func sharedNumbers(e *env) {
	var all []transform.Record
	for _, number := range []int{0, 1, 2, 9, 10, 11, 99, 100, 4294967294, 4294967295} {
		all = append(all, e.clubOrder(7, number))
	}
	e.fill(backwards(all)...)
	q := e.by("club_orders", "", 7)
	e.wantList(q, all...)
	e.wantList(bounded(q, "!ORDER#0000000002", "ORDER#0000000100"), all[3:8]...)
	e.wantList(bounded(q, "ORDER#0000000010", "ORDER#0000000010"), all[4])
	e.wantList(bounded(q, "ORDER#0000000003", "!ORDER#0000000009"))
}

// sharedLiteral: all records of an entity in one partition, those without the
// attribute left out, and sort keys of which one is the beginning of another.
func sharedLiteral(e *env) {
	var all []transform.Record
	for i, name := range append([]string{"Ann", "Ann", "Anna", "Ann#", "ann", "ANN", "Ann 2", null}, hostile...) {
		all = append(all, e.member(i+1, "name", name))
	}
	e.pour(all)
	e.fill(e.clubOrder(1, 1, "status", "MEMBERS"), e.clubOrder(2, 1, "status", "S"))
	q := e.by("club_members", "GSI1", "MEMBERS")
	inOrder := e.inOrder("GSI1SK", slices.Delete(slices.Clone(all), 7, 8)...)
	e.wantList(q, inOrder...)
	e.wantList(bounded(q, "Ann#", "Ann$"), all[0], all[1])
	e.wantList(bounded(q, "!Ann#0000000001", "!Ann#0000000002"))
	e.wantList(e.by("club_members", "GSI1", "OTHERS"))
}

// sharedMoments: in a template too a moment has as many digits as in a sort key.
func sharedMoments(e *env) {
	var all []transform.Record
	for i, placed := range []string{"1999-12-31T23:59:59", "2024-03-10T09:30:00", "2024-03-10T09:30:00", "2024-03-10T09:30:01"} {
		all = append(all, e.clubOrder(9-i, i+1, "status", "a#b", "placed", placed))
	}
	tied := e.clubOrder(3, 4, "status", "a#b", "placed", "2024-03-10T09:30:01")
	e.fill(backwards(all)...)
	e.fill(tied, e.clubOrder(1, 1, "status", "a#b"), e.clubOrder(1, 2, "placed", "2024-03-10T09:30:01"), e.clubOrder(1, 3, "status", "a", "placed", "2024-03-10T09:30:01"))
	q := e.by("club_orders", "GSI1", "a#b")
	want := []transform.Record{all[0], all[1], all[2], tied, all[3]} // of equal sort keys the key decides
	e.wantList(q, want...)
	e.wantList(bounded(q, "2024-03-10T09:30:00.000#", "2024-03-10T09:30:00.000$"), want[1:3]...)
	e.wantList(bounded(q, "!2024-03-10T09:30:00.000#0000000002", ""), want[2:]...)
}

// sharedMonth: a format of which the date can't be told finds all dates that have it.
func sharedMonth(e *env) {
	var all []transform.Record
	for i, placed := range []string{"2024-02-01T00:00:00", "2024-02-29T23:59:59", "2024-02-29T23:59:59"} {
		all = append(all, e.clubOrder(i+1, i+1, "placed", placed))
	}
	e.fill(backwards(all)...)
	e.fill(e.clubOrder(1, 7, "placed", "2024-03-01T00:00:00"), e.clubOrder(1, 8), e.clubOrder(1, 9, "placed", "2023-02-01T00:00:00"))
	member := e.member(2, "joined", "2024-02-29T23:59:59") // beside them, in an index that does not say whose an entry is
	e.fill(member)
	entity := e.entities["club_orders"]
	q := store.Query{Entity: entity, Index: "MonthIndex", Equal: transform.TextValue("2024-02"), Limit: 100}
	e.wantList(q, all...)
	e.wantList(e.between(q, "placed", "!2024-02-01T00:00:00", ""), all[1:]...)
	e.wantList(store.Query{Entity: member.Entity(), Index: "MonthIndex", Equal: q.Equal, Limit: 100}, member)
	q.Equal = transform.TextValue("2024-2")
	e.wantList(q)
}

// sharedChanges: a record is at one place of an index, that of what it is made of now.
func sharedChanges(e *env) {
	order := e.clubOrder(1, 1, "status", "new", "placed", "2024-03-10T09:30:00")
	e.fill(order, e.clubOrder(1, 2, "status", "new", "placed", "2024-03-11T09:30:00"))
	fresh, paid := e.by("club_orders", "GSI1", "new"), e.by("club_orders", "GSI1", "paid")
	e.set(e.with(order, "status", "paid"))
	e.wantQuery(paid, e.with(order, "status", "paid"))
	e.wantQuery(fresh, e.clubOrder(1, 2, "status", "new", "placed", "2024-03-11T09:30:00"))
	e.set(e.with(order, "placed", "2025-01-01T00:00:00"))
	e.wantQuery(fresh, e.clubOrder(1, 2, "status", "new", "placed", "2024-03-11T09:30:00"), e.with(order, "placed", "2025-01-01T00:00:00"))
	e.set(e.with(order, "status", null))
	e.wantQuery(fresh, e.clubOrder(1, 2, "status", "new", "placed", "2024-03-11T09:30:00"))
	e.wantQuery(paid)
	e.unset(e.clubOrder(1, 2))
	e.wantQuery(fresh)
	e.wantQuery(e.by("club_orders", "", 1), e.with(order, "status", null))
}

// sharedPosition: a cursor has the key of the page's last record, and what the index's
// attributes show; the record may be gone.
func sharedPosition(e *env) {
	var all []transform.Record
	for i := range 5 {
		all = append(all, e.clubOrder(1, i+1, "status", "s", "placed", fmt.Sprintf("2024-03-10T09:30:0%d", i/2)))
	}
	e.fill(all...)
	for _, index := range []string{"", "GSI1"} {
		q := e.by("club_orders", index, map[string]any{"": 1, "GSI1": "s"}[index])
		for i, rec := range all {
			q.After = e.position(q, rec)
			q.Descending = false
			e.wantQuery(q, all[i+1:]...)
			q.Descending = true
			e.wantQuery(q, backwards(all[:i])...)
		}
	}
	e.unset(all[2])
	q := e.by("club_orders", "GSI1", "s")
	q.After = e.position(q, all[2])
	e.wantQuery(q, all[3:]...)
}

// position returns what a cursor after the record has of it.
func (e *env) position(q store.Query, rec transform.Record) transform.Record {
	e.Helper()
	l, err := store.NewLookup(q)
	require.NoError(e, err)
	at := rec.Entity().NewRecord()
	for _, i := range []int{l.Partition, l.Sort} {
		at.SetAt(i, l.At(rec, i))
	}
	for _, i := range rec.Entity().KeyColumns {
		at.SetAt(i, rec.At(i))
	}
	return at
}
