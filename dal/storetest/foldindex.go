package storetest

import (
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func foldedQueryCases() []testCase {
	return ruled(ruleQuery,
		ofNames("a folded key", foldedKey),
		ofNames("a folded partition in order", foldedPartition),
		ofNames("a folded sort key", foldedSort),
		ofNames("folded keys that change", foldedChanges),
		ofNames("blanks have no fold", foldedBlanks),
		ofNames("a page after a folded key", foldedPosition),
	)
}

// foldedKey: an index of a fold finds a text in every form that MySQL takes for equal
// in its column, and gives back the form that is there; it finds no other.
func foldedKey(e *env) {
	for column, index := range map[string]string{"login": "LoginIndex", "title": "TitleIndex"} {
		for i, pair := range taken[column] {
			held := e.account(1, column, pair[0])
			if pair[0] == "" {
				continue // has no fold: foldedBlanks
			}
			e.set(held)
			for _, form := range pair {
				e.wantQuery(e.by("accounts", index, form), held)
			}
			if column != "login" || i%2 == 0 {
				e.wantQuery(e.by("accounts", index, pair[1]+"  "), held)
			}
			e.unset(held)
			e.wantQuery(e.by("accounts", index, pair[1]))
		}
		for _, pair := range free[column] {
			one, two := e.account(1, column, pair[0]), e.account(2, column, pair[1])
			e.fill(one, two)
			e.wantQuery(e.by("accounts", index, pair[0]), one)
			e.wantQuery(e.by("accounts", index, pair[1]), two)
			e.unset(two)
			e.wantQuery(e.by("accounts", index, pair[1]))
			e.unset(one)
		}
	}
}

// foldedPartition: all records whose texts fold alike, in the order of the sort key,
// whichever form each has; pages and bounds too.
func foldedPartition(e *env) {
	var all, others []transform.Record
	for i, region := range []string{"Süd", "SUD", "sud ", "su\u0308d", "Sud", "ſud"} {
		all = append(all, e.account(10-i, "region", region, "code", fmt.Sprintf("c%d", i)))
	}
	for i, region := range []string{"Suda", "su d", "nord", "\u00a0sud", null, "süd"} {
		code := fmt.Sprintf("c%d", i)
		if region == "süd" {
			code = null // no sort key
		}
		others = append(others, e.account(20+i, "region", region, "code", code))
	}
	e.pour(slices.Concat(backwards(all), others))
	for _, form := range []string{"süd", "SUD", "Sud  "} {
		q := e.by("accounts", "RegionIndex", form)
		e.wantList(q, all...)
		e.wantList(e.between(q, "code", "!c1", "c4"), all[2:5]...)
		e.wantList(e.between(q, "code", "c3", "c3"), all[3])
	}
	e.wantList(e.by("accounts", "RegionIndex", "SUDA"), others[0])
	e.wantList(e.by("accounts", "RegionIndex", "su"))
}

// foldedSort: a sort key that is a fold, in the order of its digits, by one value and
// by a beginning.
func foldedSort(e *env) {
	var all []transform.Record
	for i, login := range []string{"Àb", "abc", "ABCD ", "B", "b_", "straße", "Strb", "x", "Ω", "日本", "😀"} {
		all = append(all, e.account(30-i, "login", login, "code", "c"))
	}
	e.pour(slices.Concat(backwards(all), []transform.Record{e.account(1, "login", null, "code", "c"), e.account(2, "login", " ", "code", "c"),
		e.account(3, "login", "abx", "code", "C"), e.account(4, "login", "aby")}))
	q := e.by("accounts", "CodeLoginIndex", "c")
	e.wantList(q, e.inOrder("loginKey", all...)...)
	fold := func(text string) *store.Bound {
		v, err := q.Entity.ShownOf(store.ColumnOf(q.Entity, transform.KeyAttribute{Name: "loginKey"}), text)
		require.NoError(e, err)
		return &store.Bound{Value: v}
	}
	for form, want := range map[string][]transform.Record{"AB  ": all[:1], "ábcd": all[2:3], "STRASE": all[5:6], "strasse": nil, "ω": all[8:9], "😁": all[10:], "  ": nil, "B_": all[4:5]} {
		one := q
		one.Lower, one.Upper = fold(form), fold(form)
		e.wantList(one, want...)
	}
	for part, want := range map[string][]transform.Record{"ÁB": all[:3], "b": all[3:5], "STR": all[5:7], "str_": nil, "": e.inOrder("loginKey", all...), "日": all[9:10]} {
		v, err := q.Entity.ShownBeginning(store.ColumnOf(q.Entity, transform.KeyAttribute{Name: "loginKey"}), part)
		require.NoError(e, err)
		e.wantList(beginning(q, v), want...)
	}
}

// foldedChanges: a record is found by the name that it has now, and another form of it
// moves it nowhere.
func foldedChanges(e *env) {
	one := e.account(1, "login", "alice", "region", "Süd", "code", "a")
	e.fill(one, e.account(2, "login", "bob", "region", "sud", "code", "b"))
	alice, bob := e.by("accounts", "LoginIndex", "ALICE"), e.by("accounts", "LoginIndex", "BOB")
	one = e.with(one, "login", "Àlice ")
	e.set(one)
	e.wantQuery(alice, one)
	one = e.with(one, "login", "carol", "region", "nord")
	e.set(one)
	e.wantQuery(alice)
	e.wantQuery(e.by("accounts", "LoginIndex", "Carol"), one)
	e.wantQuery(e.by("accounts", "RegionIndex", "NORD"), one)
	e.wantQuery(e.by("accounts", "RegionIndex", "SUD"), e.account(2, "login", "bob", "region", "sud", "code", "b"))
	two := e.account(2, "login", "Alice", "region", "NORD ", "code", "b")
	e.set(two)
	e.wantQuery(bob)
	e.wantQuery(alice, two)
	e.wantList(e.by("accounts", "RegionIndex", "nord"), one, two)
	e.set(e.with(two, "login", null))
	e.wantQuery(alice)
	e.unset(one)
	e.wantQuery(e.by("accounts", "LoginIndex", "carol"))
}

// foldedBlanks: a text of blanks is stored, and is in no index of its fold, as NULL is
// in none; what has such a text asked for finds nothing.
func foldedBlanks(e *env) {
	for i, blank := range []string{"", " ", "   "} {
		rec := e.account(1, "login", blank, "title", blank, "region", blank, "code", "c")
		e.set(rec)
		e.requireLive(rec)
		e.wantQuery(e.by("accounts", "CodeIndex", "c"), rec)
		for _, q := range []store.Query{e.by("accounts", "LoginIndex", blank), e.by("accounts", "TitleIndex", " "), e.by("accounts", "RegionIndex", ""),
			e.by("accounts", "CodeLoginIndex", "c")} {
			e.wantQuery(q)
		}
		named := e.with(rec, "login", fmt.Sprintf("n%d", i))
		e.set(named)
		e.wantQuery(e.by("accounts", "LoginIndex", fmt.Sprintf("N%d ", i)), named)
		e.set(rec)
		e.wantQuery(e.by("accounts", "LoginIndex", fmt.Sprintf("n%d", i)))
		e.unset(rec)
	}
	title := e.account(1, "title", "\u200d", "region", "\u3000\u00a0")
	e.set(title)
	e.requireLive(title)
	e.wantQuery(e.by("accounts", "TitleIndex", "\u200d"))
	e.wantQuery(e.by("accounts", "RegionIndex", "\u3000"))
}

// foldedPosition: a cursor has what the index's attributes show, in no record's form.
func foldedPosition(e *env) {
	var all []transform.Record
	for i, form := range []string{"Süd", "SUD", "sud ", "süd", "Sud"} {
		all = append(all, e.account(10-i, "region", form, "login", fmt.Sprintf("N%d ", i), "code", fmt.Sprintf("c%d", i)))
	}
	e.fill(all...)
	q := e.by("accounts", "RegionIndex", "sud")
	for i, rec := range all {
		q.After = e.position(q, rec)
		q.Descending = false
		e.wantQuery(q, all[i+1:]...)
		q.Descending = true
		e.wantQuery(q, backwards(all[:i])...)
	}
	for i, rec := range all {
		all[i] = e.with(rec, "code", "c", "region", fmt.Sprint("r", i))
		e.set(all[i])
	}
	q = e.by("accounts", "CodeLoginIndex", "c")
	for i, rec := range all {
		q.After = e.position(q, rec)
		e.wantQuery(q, all[i+1:]...)
	}
	e.unset(all[2])
	q.After = e.position(q, all[2])
	e.wantQuery(q, all[3:]...)
}
