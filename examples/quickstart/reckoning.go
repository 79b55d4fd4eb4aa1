package main

import (
	"fmt"
	"slices"
	"strings"
)

// An evidence is what the two stores hold when all is quiet, read without the
// library.
type evidence struct {
	rows  map[int64]plain // of MySQL
	items map[int64]plain // of DynamoDB, without what deletes left
	// graves counts the tombstones.
	graves int
	// Indexes are the contents of DynamoDB's indexes, value by value.
	usernames, emails map[string][]int64
	// Answers are single lookups made in both stores, of values that are
	// there and of values that are gone.
	answers []answer
}

// A holding is what one store has.
type holding struct {
	name string
	has  map[int64]plain
}

func (e evidence) stores() []holding { return []holding{{"MySQL", e.rows}, {"DynamoDB", e.items}} }

// An answer is what both stores say to one lookup.
type answer struct {
	index         string
	id            int64 // the key that has, or had, the value
	mysql, dynamo []int64
}

// A verdict is one line of the reckoning: how many of how many are wrong.
type verdict struct {
	What  string
	Of    int
	Wrong []string // one line each
	extra int      // more that are only counted
}

// count returns how many are wrong.
func (v verdict) count() int { return len(v.Wrong) + v.extra }

func (v *verdict) blame(id int64, format string, args ...any) {
	v.Wrong = append(v.Wrong, fmt.Sprintf("user_id %d: ", id)+fmt.Sprintf(format, args...))
}

// reckon compares what the ledgers were promised with what the stores hold.
func reckon(b books, e evidence) []verdict {
	return []verdict{
		lost(b, e),
		differ(e),
		deletedBack(b, e),
		uncalled(b, e),
		indexed("usernames in "+usernameIndex, e.rows, e.usernames, func(p plain) string { return p.Username }),
		indexed("emails in "+emailIndex, e.rows, e.emails, func(p plain) string { return p.Email }),
		answered(e),
	}
}

// lost finds acknowledged writes that a store does not hold. A key in doubt may
// be as acknowledged last or as its last intent wanted.
func lost(b books, e evidence) verdict {
	v := verdict{What: "acknowledged writes lost", Of: b.acked}
	for _, id := range sortedIDs(b.accounts) {
		a := b.accounts[id]
		if a.now == nil && a.doubt == nil {
			continue // see deletedBack
		}
		for _, s := range e.stores() {
			if reason := a.contradicts(s.has, id); reason != "" {
				v.blame(id, "%s %s", s.name, reason)
			}
		}
	}
	return v
}

// contradicts says how a store's content is not what the account allows, or
// "".
func (a *account) contradicts(has map[int64]plain, id int64) string {
	got, there := has[id]
	if a.allows(a.now, got, there) || (a.doubt != nil && a.allows(a.doubt.Want, got, there)) {
		return ""
	}
	switch {
	case !there:
		return "has nothing"
	case a.now == nil:
		return "has another state than the write in doubt wanted"
	}
	return "has another state than was acknowledged last: " + strings.Join(got.differs(*a.now), ", ")
}

func (a *account) allows(want *plain, got plain, there bool) bool {
	if want == nil {
		return !there
	}
	return there && got == *want
}

// differ compares row with item, key by key, both ways.
func differ(e evidence) verdict {
	v := verdict{What: "keys that differ, row against item"}
	all := make(map[int64]bool, len(e.rows))
	for id := range e.rows {
		all[id] = true
	}
	for id := range e.items {
		all[id] = true
	}
	v.Of = len(all)
	for _, id := range sortedIDs(all) {
		row, inMySQL := e.rows[id]
		item, inDynamo := e.items[id]
		switch {
		case !inDynamo:
			v.blame(id, "there is a row and no item")
		case !inMySQL:
			v.blame(id, "there is an item and no row")
		case row != item:
			v.blame(id, "row and item differ in %s", strings.Join(row.differs(item), ", "))
		}
	}
	return v
}

// deletedBack finds users whose delete was acknowledged and who are there.
func deletedBack(b books, e evidence) verdict {
	v := verdict{What: "deleted keys back"}
	for _, id := range sortedIDs(b.accounts) {
		a := b.accounts[id]
		if a.now != nil || a.doubt != nil || !a.wrote {
			continue
		}
		v.Of++
		for _, s := range e.stores() {
			if _, there := s.has[id]; there {
				v.blame(id, "%s has it", s.name)
			}
		}
	}
	return v
}

// uncalled finds users that nobody wrote.
func uncalled(b books, e evidence) verdict {
	v := verdict{What: "keys that nobody wrote", Of: len(e.rows)}
	for _, s := range e.stores() {
		for _, id := range sortedIDs(s.has) {
			if a := b.accounts[id]; a == nil || (!a.wrote && a.now == nil && a.doubt == nil) {
				v.blame(id, "%s has it", s.name)
			}
		}
	}
	return v
}

// indexed compares an index's content with the rows.
func indexed(what string, rows map[int64]plain, index map[string][]int64, of func(plain) string) verdict {
	v := verdict{What: what + " that differ from MySQL's", Of: len(rows)}
	want := make(map[string]int64, len(rows))
	for _, id := range sortedIDs(rows) {
		value := of(rows[id])
		want[value] = id
		if got := index[value]; !slices.Equal(got, []int64{id}) {
			v.blame(id, "the index holds %d items under its value, not its own alone", len(got))
		}
	}
	for value, ids := range index {
		if _, ok := want[value]; !ok {
			v.blame(ids[0], "the index holds it under a value that no row has")
		}
	}
	return v
}

// answered compares single lookups.
func answered(e evidence) verdict {
	v := verdict{What: "lookups answered otherwise than by MySQL", Of: len(e.answers)}
	for _, a := range e.answers {
		if !slices.Equal(a.mysql, a.dynamo) {
			v.blame(a.id, "%s answers %d users, MySQL %d, or others", a.index, len(a.dynamo), len(a.mysql))
		}
	}
	return v
}

func sortedIDs[V any](m map[int64]V) []int64 {
	ids := make([]int64, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
