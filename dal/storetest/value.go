package storetest

import (
	"fmt"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func valueCases() []testCase {
	return ruled(ruleValue,
		check{name: "text", run: func(e *env) { valuesComeBack(e, "note", plainTexts...) }},
		check{name: "whole numbers", run: func(e *env) { valuesComeBack(e, "rank", "0", "-1", "1", "2147483647", "-2147483648") }},
		check{name: "dates", run: func(e *env) {
			valuesComeBack(e, "registration_date", "2024-02-29", "1000-01-01", "9999-12-31", "1970-01-01", "2024-03-31")
		}},
		check{name: "moments", run: func(e *env) { valuesComeBack(e, "last_login", moments...) }},
		check{name: "JSON", run: func(e *env) { valuesComeBack(e, "profile_data", jsons...) }},
		check{name: "nothing but NULL", run: onlyNull},
		check{name: "each on its own", run: eachOnItsOwn},
	)
}

// Texts that some layer between here and the disk is known to change.
var plainTexts = []string{
	"", " ", "x", " x ", "x ", "\t", "\n", "null", "NULL", "nil", "0", "false", "é", "e\u0301", "日本語", "😀👩‍👩‍👧", "\U0010FFFF",
	`"`, "'", `\`, `\n`, "%", "_", "a\x00b", "\u200b", "--", "?", "${x}", "{}", "[]",
}

// Moments about the change of clocks in Europe and America, the ends of the
// type, and a leap day.
var moments = []string{
	"1970-01-01T00:00:01Z", "2038-01-19T03:14:07Z", "2024-02-29T23:59:59Z",
	"2024-03-31T00:59:59Z", "2024-03-31T01:30:00Z", "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z",
	"2024-03-10T02:30:00Z", "2024-03-10T07:30:00Z", "2024-11-03T05:30:00Z", "2024-11-03T06:30:00Z",
}

var jsons = []string{
	`{}`, `[]`, `null`, `true`, `false`, `0`, `-1`, `1.5`, `123456789012`, `""`, `"null"`, `"text"`, `{"bio":"likes birds"}`,
	`{"a":null,"b":[1,2,{"c":""}],"d":{"e":false}}`, `[null,[],{}]`, `{" ":1}`, `{"é":"😀"}`, `{"a b":"line\nbreak \"quoted\" \\ /"}`,
}

// valuesComeBack stores each text in a record of its own, and NULL in another,
// and reads them in every way.
func valuesComeBack(e *env, column string, contents ...string) {
	contents = append([]string{null}, contents...)
	var records []transform.Record
	for i, content := range contents {
		if e.users.ColumnIndex(column) >= 0 {
			records = append(records, e.user(i+1, column, content))
		} else {
			records = append(records, e.visit("v", i, "place", "here", "title", strconv.Itoa(i), column, content))
		}
	}
	e.fill(records...)
	scanned := e.liveText(e.scan(records[0].Entity(), 10))
	for i, rec := range records {
		require.Equal(e, text(rec), text(e.get(e.key(rec)).Record), "%s %q by get", column, contents[i])
		require.Equal(e, text(rec), scanned[e.key(rec)], "%s %q by scan", column, contents[i])
		q := e.byName(fmt.Sprintf("user-%d", i+1))
		if rec.Entity() == e.visits {
			title := &store.Bound{Value: transform.TextValue(strconv.Itoa(i))}
			q = e.byTitle("here")
			q.Lower, q.Upper = title, title
		}
		e.wantQuery(q, rec)
	}
}

// onlyNull: a record of which nothing but the key is known is a record.
func onlyNull(e *env) {
	rec := e.users.NewRecord()
	rec = e.with(rec, "user_id", "1")
	e.fill(rec)
	e.requireLive(rec)
	visit := e.visit("v", 1)
	e.fill(visit)
	e.requireLive(visit)
}

// eachOnItsOwn replaces one value after the other by NULL and back: none takes
// another one with it.
func eachOnItsOwn(e *env) {
	rec := e.user(1)
	e.fill(rec)
	for _, c := range e.users.Columns {
		if c.Name == "user_id" {
			continue
		}
		without := e.with(rec, c.Name, null)
		e.set(without)
		e.requireLive(without)
		e.set(rec)
		e.requireLive(rec)
	}
}
