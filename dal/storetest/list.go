package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func listCases() []testCase {
	return append(ruled(ruleQuery,
		ofLists("the table's own key", listByTableKey),
		ofLists("what is deleted is in no list", listDeleted),
		ofLists("beginnings of text", listTextPrefixes),
		ofLists("beginnings of bytes", listBytePrefixes),
		ofLists("bounds that nothing meets", listNothing),
		ofLists("exact numbers", listNumbers),
		ofLists("floats by size", listFloats),
		ofLists("bytes in order", listBytes),
		ofLists("moments in order", listMoments),
		ofLists("bounds beyond the column", listBeyondTheColumn),
		ofLists("beyond a megabyte", listMegabytes),
	), ruled(ruleList,
		ofLists("at once", listOwnWrites),
	)...)
}

// listByTableKey: the table's own key is an index, called "".
func listByTableKey(e *env) {
	var all []transform.Record
	for _, id := range []int{-20, -3, 0, 2, 10, 100} {
		all = append(all, e.note(7, id, "title", fmt.Sprint(id)))
	}
	e.fill(backwards(all)...)
	e.fill(e.note(6, 3), e.note(70, 3))
	q := e.ofTable("notes", "7")
	e.wantList(q, all...)
	e.wantList(e.between(q, "note_id", "-3", "!100"), all[1:5]...)
	e.wantList(e.between(q, "note_id", "!-3", "100"), all[2:]...)
	e.wantList(e.between(q, "note_id", "2", "2"), all[3])
	e.wantList(e.ofTable("notes", "8"))
	q.Limit, q.Descending = 2, true
	e.wantQuery(q, all[5], all[4])
}

// listDeleted: where tombstones are kept they are in the table's own key, and in
// an index of it.
func listDeleted(e *env) {
	var all []transform.Record
	for id := range 9 {
		all = append(all, e.note(7, id))
	}
	e.fill(all...)
	for _, rec := range all[2:8] {
		e.unset(rec)
	}
	e.wantList(e.ofTable("notes", "7"), all[0], all[1], all[8])
	q := store.Query{Entity: e.entities["notes"], Index: "NoteIndex", Equal: transform.IntValue(4), Limit: 10}
	e.wantQuery(q)
	e.set(all[4])
	e.wantQuery(q, all[4])
	e.wantList(e.ofTable("notes", "7"), all[0], all[1], all[4], all[8])
}

// listTextPrefixes: "%" and "_" are characters, and what follows the highest code
// point is the next one of the character before.
func listTextPrefixes(e *env) {
	paths := []string{"%", "A", "_", "a", "a%", "a_", "aa", "a\ud7ff", "a\ue000", "a\uffff", "a\U0001F600", "a\U0010FFFF",
		"a\U0010FFFFb", "a\U0010FFFF\U0010FFFF", "b", "é", "日本", "\uffff", "\U0010FFFF", "\U0010FFFF\U0010FFFFz"}
	slices.Sort(paths)
	var all, titled []transform.Record
	for i, path := range paths {
		all = append(all, e.listed("files", "owner", "o", "path", path))
		titled = append(titled, e.note(1, i, "folder", "f", "title", path))
	}
	e.fill(backwards(all)...)
	e.fill(titled...)
	for _, prefix := range []string{"", "%", "_", "a", "A", "a\U0010FFFF", "a\ud7ff", "\U0010FFFF", "b", "日", "c", "a\U0001F600"} {
		var want, wantTitled []transform.Record
		for i, path := range paths {
			if strings.HasPrefix(path, prefix) {
				want, wantTitled = append(want, all[i]), append(wantTitled, titled[i])
			}
		}
		q, byTitle := e.ofTable("files", "o"), e.inFolder("TitleIndex")
		for _, q.Descending = range []bool{false, true} {
			e.wantQuery(beginning(q, transform.TextValue(prefix)), want...)
			byTitle.Descending = q.Descending
			e.wantQuery(beginning(byTitle, transform.TextValue(prefix)), wantTitled...)
			e.wantPages(beginning(q, transform.TextValue(prefix)), 2, want)
			want, wantTitled = backwards(want), backwards(wantTitled)
		}
	}
}

// listBytePrefixes: what follows the byte 0xFF is the next one of the byte before.
func listBytePrefixes(e *env) {
	names := []string{"\x00", "a", "a\x00", "a\xfe", "a\xff", "a\xff\x00", "a\xff\xff", "a\xff\xffz", "b", "\xff", "\xff\x00", "\xff\xff"}
	slices.Sort(names)
	var all []transform.Record
	for _, name := range names {
		all = append(all, e.listed("chunks", "bucket", "\x01\xff", "name", name))
	}
	e.fill(backwards(all)...)
	for _, prefix := range []string{"", "a", "a\xff", "a\xff\xff", "\xff", "\xff\xff", "c", "\x00"} {
		var want []transform.Record
		for i, name := range names {
			if strings.HasPrefix(name, prefix) {
				want = append(want, all[i])
			}
		}
		q := e.ofTable("chunks", "\x01\xff")
		for _, q.Descending = range []bool{false, true} {
			e.wantQuery(beginning(q, transform.BytesValue([]byte(prefix))), want...)
			want = backwards(want)
		}
	}
}

// listNothing: a range that holds no value is an empty answer. An engine may have
// an error for it.
func listNothing(e *env) {
	all := []transform.Record{e.note(1, 1), e.note(1, 2), e.note(1, 3)}
	e.fill(all...)
	q := e.ofTable("notes", "1")
	for _, bounds := range [][2]string{{"3", "1"}, {"!2", "2"}, {"2", "!2"}, {"!2", "!2"}, {"!1", "!2"}, {"!3", "!1"}} {
		empty := e.between(q, "note_id", bounds[0], bounds[1])
		e.wantList(empty)
		empty.After = all[1]
		e.wantQuery(empty)
	}
	beyond := e.between(q, "note_id", "2", "2")
	beyond.After = all[2] // of which the one before is behind
	e.wantQuery(beyond)
	beyond.After, beyond.Descending = all[0], true
	e.wantQuery(beyond)
}

// listNumbers: 38 digits, compared as such.
func listNumbers(e *env) {
	scores := []string{"-9999999999999999999999999999999999.9999", "-9999999999999999999999999999999999.9998", "-10.0000", "-9.5000",
		"-0.0001", "0.0000", "0.0001", "1.5000", "2.0000", "10.0000", "9999999999999999999999999999999999.9998", "9999999999999999999999999999999999.9999"}
	var all []transform.Record
	for i, score := range scores {
		all = append(all, e.note(i, 1, "folder", "f", "score", score))
	}
	e.fill(backwards(all)...)
	e.fill(e.note(100, 1, "folder", "f"), e.note(101, 1, "score", "1"))
	q := e.inFolder("ScoreIndex")
	e.wantList(q, all...)
	e.wantList(e.between(q, "score", "!"+scores[0], "!"+scores[11]), all[1:11]...)
	e.wantList(e.between(q, "score", scores[10], ""), all[10:]...)
	e.wantList(e.between(q, "score", "1.5", "!10"), all[7:9]...)
	e.wantList(e.between(q, "score", "", "!-9.5"), all[:3]...)
	e.wantList(e.between(q, "score", "1.5", "1.5"), all[7])
}

// listFloats: an index that holds nothing but keys, of numbers with a fraction
// that no decimal text tells at a glance.
func listFloats(e *env) {
	weights := []string{"-1e+20", "-0.1", "0", "1e-7", "0.1", "0.30000000000000004", "9", "10", "16777217", "1e+20"}
	var all []transform.Record
	for i, weight := range weights {
		all = append(all, e.note(i, 1, "folder", "f", "weight", weight))
	}
	e.fill(backwards(all)...)
	q := e.inFolder("WeightIndex")
	e.wantList(q, all...)
	e.wantList(e.between(q, "weight", "!0.1", "10"), all[5:8]...)
	e.wantList(e.between(q, "weight", "0.3", "!9"), all[5])
}

// listBytes: bytes are no text.
func listBytes(e *env) {
	digests := []string{"\x00", "\x00\x00", "\x01", "A", "a", "\x7f", "\x80", "\xc3\x28", "\xff", "\xff\xff"}
	var all []transform.Record
	for i, digest := range digests {
		all = append(all, e.note(i, 1, "folder", "f", "digest", digest))
	}
	e.fill(backwards(all)...)
	q := e.inFolder("DigestIndex")
	e.wantList(q, all...)
	e.wantList(e.between(q, "digest", "\x00\x00", "!\x80"), all[1:6]...)
	q = store.Query{Entity: e.entities["notes"], Index: "OwnerIndex", Equal: transform.BytesValue([]byte("\xff")), Limit: 10}
	e.wantQuery(q, all[8])
	tied := e.note(-5, 1, "digest", "\xff")
	e.set(tied)
	e.wantList(q, tied, all[8])
}

// listMoments: whatever digits a column has, moments come in their order.
func listMoments(e *env) {
	var edited, taken []transform.Record
	for i, at := range []string{"1970-01-01T00:00:01Z", "1999-12-31T23:59:59Z", "2024-03-10T09:30:00Z", "2024-03-10T09:30:01Z", "2038-01-19T03:14:07Z"} {
		edited = append(edited, e.note(i, 1, "folder", "f", "edited", at))
	}
	for _, at := range []string{"1000-01-01T00:00:00.0", "2024-03-10T09:30:00.0", "2024-03-10T09:30:00.5", "2024-03-10T09:30:01.0", "9999-12-31T23:59:59.9"} {
		taken = append(taken, e.listed("readings", "sensor", "1", "taken", at))
	}
	e.fill(backwards(edited)...)
	e.fill(backwards(taken)...)
	q := e.inFolder("EditedIndex")
	e.wantList(q, edited...)
	e.wantList(e.between(q, "edited", "2024-03-10T09:30:00Z", "!2038-01-19T03:14:07Z"), edited[2:4]...)
	q = e.ofTable("readings", "1")
	e.wantList(q, taken...)
	e.wantList(e.between(q, "taken", "!2024-03-10T09:30:00.0", "2024-03-10T09:30:01.0"), taken[2:4]...)
	e.wantList(e.between(q, "taken", "2024-03-10T09:30:00.1", "!2024-03-10T09:30:00.6"), taken[2])
}

// listBeyondTheColumn: a bound need not be a value that the column, or the key of
// an item, can hold.
func listBeyondTheColumn(e *env) {
	top := "9999999999999999999999999999999999.9999"
	low, high := e.note(1, 1, "folder", "f", "score", "-"+top, "title", "a"), e.note(2, 1, "folder", "f", "score", top, "title", "z")
	e.fill(low, high)
	decimal := func(text string, exclusive bool) *store.Bound {
		v, err := transform.DecimalValue(text)
		require.NoError(e, err)
		return &store.Bound{Value: v, Exclusive: exclusive}
	}
	q := e.inFolder("ScoreIndex")
	for _, beyond := range []string{"10000000000000000000000000000000000", "9999999999999999999999999999999999.99991"} {
		q.Lower, q.Upper = decimal("-"+beyond, true), decimal(beyond, true)
		e.wantList(q, low, high)
		q.Lower, q.Upper = decimal(beyond, false), nil
		e.wantList(q)
		q.Lower, q.Upper = nil, decimal("-"+beyond, false)
		e.wantList(q)
	}
	q = e.inFolder("TitleIndex")
	long := strings.Repeat("b", 2000)
	e.wantList(e.between(q, "title", long, ""), high)
	e.wantList(e.between(q, "title", "", long), low)
	q.Lower = &store.Bound{Value: transform.TextValue("")}
	e.wantList(q, low, high)
	q.Lower, q.Upper = nil, q.Lower
	e.wantList(q)
	q = e.ofTable("notes", "1")
	q.Lower, q.Upper = nil, &store.Bound{Value: transform.UintValue(1 << 63)}
	e.wantList(q, low)
}

// megabytes is how many records of 1.6 KB are read in one list: five times what
// DynamoDB returns at once.
const megabytes = 3000

// listMegabytes: pages and their ends are the same however little an engine
// returns at once.
func listMegabytes(e *env) {
	body := strings.Repeat("x", 1600)
	all := make([]transform.Record, megabytes)
	for i := range all {
		all[i] = e.note(1, i, "folder", "f", "title", fmt.Sprintf("t%04d", i/7), "body", body)
	}
	e.pour(all)
	// The ties of a title in the order of the keys, which is that of the table's own.
	for _, q := range []store.Query{e.ofTable("notes", "1"), e.inFolder("TitleIndex")} {
		for _, q.Descending = range []bool{false, true} {
			want := all
			if q.Descending {
				want = backwards(all)
			}
			for _, q.Limit = range []int{megabytes + 1, 1100} {
				q.After = transform.Record{}
				for page := range slices.Chunk(want, q.Limit) {
					e.wantKeys(q, page)
					q.After = page[len(page)-1]
				}
			}
		}
	}
}

// listOwnWrites: no query of the table's own key is given time.
func listOwnWrites(e *env) {
	e.lag = 0
	q := e.ofTable("notes", "1")
	var all []transform.Record
	for id := range 12 {
		all = append(all, e.note(1, id, "title", "new"))
		e.set(all[id])
		e.wantQuery(q, all...)
	}
	for id := range all {
		all[id] = e.with(all[id], "title", "changed")
		e.set(all[id])
		e.wantQuery(q, all...)
	}
	for len(all) > 0 {
		e.unset(all[0])
		all = all[1:]
		e.wantQuery(q, all...)
	}
}
