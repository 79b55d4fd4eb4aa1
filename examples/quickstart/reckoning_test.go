package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// quiet is books and stores that agree: user 1 was put, user 2 deleted, user 3
// loaded and left alone, and user 4 is in doubt.
func quiet() (books, evidence) {
	b := books{acked: 2, accounts: map[int64]*account{
		1: {now: some(1, "uno"), before: some(1, "one"), wrote: true},
		2: {before: some(2, "two"), wrote: true},
		3: {now: some(3, "three")},
		4: {now: some(4, "four"), doubt: &entry{N: 9, Op: "put", ID: 4, Want: some(4, "vier")}},
	}}
	e := evidence{
		rows:      map[int64]plain{1: *some(1, "uno"), 3: *some(3, "three"), 4: *some(4, "four")},
		items:     map[int64]plain{1: *some(1, "uno"), 3: *some(3, "three"), 4: *some(4, "four")},
		usernames: map[string][]int64{"uno": {1}, "three": {3}, "four": {4}},
		emails:    map[string][]int64{"uno@x": {1}, "three@x": {3}, "four@x": {4}},
		answers:   []answer{{usernameIndex, 1, []int64{1}, []int64{1}}, {usernameIndex, 2, nil, nil}},
	}
	return b, e
}

// set puts a state into all of DynamoDB, nil for nothing.
func (e *evidence) setItem(id int64, p *plain) {
	if old, ok := e.items[id]; ok {
		delete(e.usernames, old.Username)
		delete(e.emails, old.Email)
		delete(e.items, id)
	}
	if p != nil {
		e.items[id] = *p
		e.usernames[p.Username] = []int64{id}
		e.emails[p.Email] = []int64{id}
	}
}

// wrongLines returns what the reckoning found: "verdict: line".
func wrongLines(b books, e evidence) []string {
	var lines []string
	for _, v := range reckon(b, e) {
		for _, line := range v.Wrong {
			lines = append(lines, v.What+": "+line)
		}
	}
	return lines
}

func TestReckonQuiet(t *testing.T) {
	b, e := quiet()
	require.Empty(t, wrongLines(b, e))
}

// TestReckonDoubt: a key in doubt may be as it was or as it was to become, in
// both stores alike, and nothing else.
func TestReckonDoubt(t *testing.T) {
	b, e := quiet()
	e.rows[4] = *some(4, "vier")
	e.setItem(4, some(4, "vier"))
	require.Empty(t, wrongLines(b, e))

	e.rows[4] = *some(4, "quattro")
	e.setItem(4, some(4, "quattro"))
	require.Len(t, wrongLines(b, e), 2) // in either store

	b, e = quiet()
	b.accounts[4].doubt = &entry{Op: "delete", ID: 4}
	delete(e.rows, 4)
	e.setItem(4, nil)
	require.Empty(t, wrongLines(b, e))
}

// TestReckonFinds: every fault that is planted is found, by the verdict that is
// meant for it.
func TestReckonFinds(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(*books, *evidence)
		want  []string
	}{
		"write lost in both": {func(b *books, e *evidence) {
			delete(e.rows, 1)
			e.setItem(1, nil)
		}, []string{"acknowledged writes lost: user_id 1: MySQL has nothing", "acknowledged writes lost: user_id 1: DynamoDB has nothing"}},
		"write lost in DynamoDB": {func(b *books, e *evidence) { e.setItem(1, nil) },
			[]string{"lost: user_id 1: DynamoDB has nothing", "row against item: user_id 1: there is a row and no item"}},
		"older state in both": {func(b *books, e *evidence) {
			e.rows[1] = *some(1, "one")
			e.setItem(1, some(1, "one"))
		}, []string{"lost: user_id 1: MySQL has another state than was acknowledged last: username, email"}},
		"older state in DynamoDB": {func(b *books, e *evidence) { e.setItem(1, some(1, "one")) },
			[]string{"lost: user_id 1: DynamoDB has another state", "row against item: user_id 1: row and item differ in username, email"}},
		"loaded row lost": {func(b *books, e *evidence) { delete(e.rows, 3) },
			[]string{"lost: user_id 3: MySQL has nothing", "row against item: user_id 3: there is an item and no row"}},
		"deleted key back in DynamoDB": {func(b *books, e *evidence) { e.setItem(2, some(2, "two")) },
			[]string{"deleted keys back: user_id 2: DynamoDB has it", "there is an item and no row"}},
		"deleted key back in both": {func(b *books, e *evidence) {
			e.rows[2] = *some(2, "two")
			e.setItem(2, some(2, "two"))
		}, []string{"deleted keys back: user_id 2: MySQL has it", "deleted keys back: user_id 2: DynamoDB has it"}},
		"key that nobody wrote": {func(b *books, e *evidence) { e.setItem(5, some(5, "five")) },
			[]string{"nobody wrote: user_id 5: DynamoDB has it"}},
		"refused create applied": {func(b *books, e *evidence) {
			b.accounts[6] = &account{}
			e.rows[6] = *some(6, "six")
			e.setItem(6, some(6, "six"))
		}, []string{"nobody wrote: user_id 6: MySQL has it"}},
		"index lacks an item": {func(b *books, e *evidence) { delete(e.usernames, "uno") },
			[]string{"usernames in UsernameIndex that differ from MySQL's: user_id 1"}},
		"index keeps an old value": {func(b *books, e *evidence) { e.emails["one@x"] = []int64{1} },
			[]string{"emails in EmailIndex that differ from MySQL's: user_id 1: the index holds it under a value that no row has"}},
		"index has two": {func(b *books, e *evidence) { e.emails["uno@x"] = []int64{1, 3} },
			[]string{"emails in EmailIndex that differ from MySQL's: user_id 1: the index holds 2 items"}},
		"lookup answers a deleted user": {func(b *books, e *evidence) { e.answers[1].dynamo = []int64{2} },
			[]string{"lookups answered otherwise than by MySQL: user_id 2: UsernameIndex answers 1 users, MySQL 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			b, e := quiet()
			c.plant(&b, &e)
			got := strings.Join(wrongLines(b, e), "\n")
			for _, want := range c.want {
				require.Contains(t, got, want)
			}
		})
	}
}

func TestPrintVerdicts(t *testing.T) {
	var out strings.Builder
	v := verdict{What: "things", Of: 9}
	require.Zero(t, printVerdicts(&out, []verdict{v}))
	require.Equal(t, "  things  0 of 9  ok\n", out.String())

	out.Reset()
	for id := range int64(7) {
		v.blame(id, "gone")
	}
	require.Equal(t, 1, printVerdicts(&out, []verdict{v}))
	require.Contains(t, out.String(), "  things  7 of 9  FAILED\n")
	require.Contains(t, out.String(), "  things: user_id 4: gone\n  things: and 2 more\n")

	out.Reset()
	require.Equal(t, 1, printVerdicts(&out, []verdict{{What: "counted", Of: 9, extra: 1}}))
}
