package storetest

import (
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// rowsOf answers with those rows whose text in a column is kept.
func rowsOf(column string, keep func(text transform.Value) bool) func(*broken, store.Query, []store.Row) []store.Row {
	return func(_ *broken, _ store.Query, rows []store.Row) []store.Row {
		return slices.DeleteFunc(rows, func(row store.Row) bool {
			v, _ := row.Record.Get(column)
			return !keep(v)
		})
	}
}

// withEvery answers with the rows of the index and those of all whose login is.
func withEvery(is func(q store.Query, login transform.Value) bool) func(*broken, store.Query, []store.Row) []store.Row {
	return func(b *broken, q store.Query, rows []store.Row) []store.Row {
		for _, row := range everyRow(b, "accounts") {
			if login, _ := row.Record.Get("login"); is(q, login) {
				rows = append(rows, row)
			}
		}
		return rows
	}
}

var foldIndexFaults = []fault{
	{name: "only small letters are found", breaks: everywhere(ruleQuery, "a folded key"),
		in: answering("accounts", "LoginIndex", rowsOf("login", func(v transform.Value) bool { return v.Text() == strings.ToLower(v.Text()) }))},
	{name: "an index of a fold has what begins so", breaks: everywhere(ruleQuery, "a folded key"),
		in: asking(func(q *store.Query) {
			if v := q.Equal; q.Index == "LoginIndex" && len(v.Text()) > 4 {
				q.Equal = transform.TextValue(strings.TrimSuffix(v.Text(), "002E")) // a dot
			}
		})},
	{name: "a folded partition is sorted by its forms", breaks: everywhere(ruleQuery, "a folded partition in order"),
		in: answering("accounts", "RegionIndex", resortedAs("region"))},
	{name: "a folded sort key is sorted by its bytes", breaks: everywhere(ruleQuery, "a folded sort key"),
		in: answering("accounts", "CodeLoginIndex", resortedAs("login"))},
	{name: "an index of a fold keeps what a record was", breaks: everywhere(ruleQuery, "folded keys that change"),
		in: answering("accounts", "LoginIndex", withEvery(func(q store.Query, login transform.Value) bool {
			return q.Equal.Text() == "0041004C004900430045" && login.Text() == "carol"
		}))},
	{name: "blanks are in the index of a fold", breaks: everywhere(ruleQuery, "blanks have no fold"),
		in: answering("accounts", "LoginIndex", withEvery(func(q store.Query, login transform.Value) bool {
			return q.Equal.Text() == "" && !login.IsNull() && strings.TrimSpace(login.Text()) == ""
		}))},
	{name: "a page goes on after whole accounts only", breaks: everywhere(ruleQuery, "a page after a folded key"),
		in: asking(func(q *store.Query) {
			if !q.After.IsZero() && q.Entity.Source == "accounts" && q.After.At(q.Entity.ColumnIndex("login")).IsNull() {
				q.After = transform.Record{}
			}
		})},
}
