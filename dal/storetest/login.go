package storetest

import (
	_ "embed" // the contract
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

//go:embed testdata/logins.json
var loginContract []byte

// LoginContract returns the contract of the cases about queries by a unique value,
// freshly loaded:
//
//   - Logins: login_id INT (the key), name VARCHAR under utf8mb4_unicode_ci, unique,
//     email VARCHAR, unique, area VARCHAR and code INT, unique together, rank INT, note
//     VARCHAR; NameIndex by the fold of name, FormIndex by name as it is and rank,
//     EmailIndex by email, with nothing but keys, SpotIndex by area and code, PlaceIndex
//     by both in a template, sorted by login_id.
//   - Badges: badge_id INT (the key), room VARCHAR, tag VARCHAR, unique; items by room and
//     badge_id, so that they move; TagIndex by tag.
//
// Everything but the keys and room may be NULL.
func LoginContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, loginContract)
}

// ofLogins is a check on the tables of LoginContract.
func ofLogins(name string, run func(*env)) check {
	return check{name: name, run: func(e *env) { e.lag = 0; run(e) }, on: LoginContract}
}

// loginCases are of readers. None of their queries is given time.
func loginCases() []testCase {
	return ruled(ruleLogin,
		ofLogins("at once", loginAtOnce),
		ofLogins("in any form", loginInAnyForm),
		ofLogins("of several columns", loginOfSeveral),
		ofLogins("in the index's terms", loginInTheIndex),
		ofLogins("of an item that moves", loginOfBadge),
		ofLogins("handed over", loginHandedOver),
	)
}

// RunLogins runs the cases of queries by a unique value alone, for a harness whose
// indexes never show what was written.
func RunLogins(t *testing.T, h Harness) {
	runAll(t, h, bothWays(loginCases()))
	t.Run("Follower", func(t *testing.T) { runAll(t, h, followedCases(loginCases())) })
}

func (e *env) login(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("logins", append([]string{"login_id", strconv.Itoa(id)}, changes...)...)
}

// exactly gives a query one value of its sort key, as a text.
func (e *env) exactly(q store.Query, column, value string) store.Query {
	e.Helper()
	return e.between(q, column, value, value)
}

// loginAtOnce: values that are new, changed, given up, taken over and gone.
func loginAtOnce(e *env) {
	for _, v := range []struct{ column, index string }{{"name", "NameIndex"}, {"email", "EmailIndex"}} {
		by := func(value string) store.Query { return e.by("logins", v.index, value) }
		ann, bob := e.login(1, v.column, "ann", "note", "one"), e.login(2, v.column, "bob")
		e.wantQuery(by("ann"))
		e.set(ann)
		e.wantQuery(by("ann"), ann)
		e.set(bob)
		e.wantQuery(by("bob"), bob)
		e.set(e.with(ann, "note", "two"))
		e.wantQuery(by("ann"), e.with(ann, "note", "two"))
		e.set(e.with(ann, v.column, "anna"))
		e.wantQuery(by("ann"))
		e.wantQuery(by("anna"), e.with(ann, v.column, "anna"))
		e.set(e.with(bob, v.column, "ann"))
		e.wantQuery(by("ann"), e.with(bob, v.column, "ann"))
		e.wantQuery(by("bob"))
		e.unset(bob)
		e.wantQuery(by("ann"))
		e.set(e.with(ann, v.column, null))
		e.wantQuery(by("anna"))
		e.set(bob)
		e.wantQuery(by("bob"), bob)
		e.unset(ann)
		e.unset(bob)
	}
}

// loginInAnyForm: an index of a fold finds each form, one of the text as it is the form
// that is there, although no other record may have the others.
func loginInAnyForm(e *env) {
	rec := e.login(1, "name", "Zoë ", "rank", "1")
	e.set(rec)
	for _, form := range []string{"zoe", "ZOË", "Zoë", "zoe  "} {
		e.wantQuery(e.by("logins", "NameIndex", form), rec)
		e.wantQuery(e.by("logins", "FormIndex", form))
	}
	e.wantQuery(e.by("logins", "FormIndex", "Zoë "), rec)
	e.set(e.with(rec, "name", "zoe"))
	e.wantQuery(e.by("logins", "NameIndex", "ZOE"), e.with(rec, "name", "zoe"))
	e.wantQuery(e.by("logins", "FormIndex", "Zoë "))
	e.wantQuery(e.by("logins", "FormIndex", "zoe"), e.with(rec, "name", "zoe"))
	e.set(e.with(rec, "name", " "))
	e.wantQuery(e.by("logins", "NameIndex", "zoe"))
	e.wantQuery(e.by("logins", "NameIndex", " "))
	e.wantQuery(e.by("logins", "FormIndex", " "), e.with(rec, "name", " "))
}

// loginOfSeveral: by partition and sort key, and by a partition key that is made of both.
func loginOfSeveral(e *env) {
	both := func(area, code string) []store.Query {
		return []store.Query{e.exactly(e.by("logins", "SpotIndex", area), "code", code),
			e.by("logins", "PlaceIndex", area, e.value(e.entities["logins"], "code", code))}
	}
	want := func(area, code string, records ...transform.Record) {
		e.Helper()
		for _, q := range both(area, code) {
			e.wantQuery(q, records...)
		}
	}
	one, two := e.login(1, "area", "a", "code", "1"), e.login(2, "area", "a", "code", "2")
	e.set(one)
	want("a", "1", one)
	want("a", "2")
	e.set(two)
	want("a", "2", two)
	e.set(e.with(one, "area", "a#1"))
	want("a", "1")
	want("a#1", "1", e.with(one, "area", "a#1"))
	e.set(e.with(two, "code", "1"))
	want("a", "1", e.with(two, "code", "1"))
	e.set(e.with(two, "code", null))
	want("a", "1")
	e.unset(one)
	want("a#1", "1")
}

// loginInTheIndex: bounds, pages and what is in no index mean what they do elsewhere.
func loginInTheIndex(e *env) {
	rec := e.login(1, "name", "ann", "rank", "5", "area", "a", "code", "7")
	q := e.by("logins", "FormIndex", "ann")
	e.set(e.with(rec, "rank", null))
	e.wantQuery(q)
	e.set(rec)
	for _, q.Descending = range []bool{false, true} {
		for _, q.Limit = range []int{1, 2} {
			e.wantQuery(q, rec)
			e.wantQuery(e.between(q, "rank", "5", "5"), rec)
			e.wantQuery(e.between(q, "rank", "4", "!6"), rec)
			e.wantQuery(e.between(q, "rank", "!5", ""))
			e.wantQuery(e.between(q, "rank", "", "4"))
			e.wantQuery(e.between(q, "rank", "6", "4"))
			after := q
			after.After = rec
			e.wantQuery(after)
			after.After = e.with(rec, "rank", "9")
			if !q.Descending {
				after.After = e.with(rec, "rank", "1")
			}
			e.wantQuery(after, rec)
		}
	}
	spot := e.exactly(e.by("logins", "SpotIndex", "a"), "code", "7")
	e.wantQuery(spot, rec)
	spot.After = rec
	e.wantQuery(spot)
	e.wantQuery(e.by("logins", "NameIndex", ""))
}

// loginOfBadge: the key of an item that moves does not say where it is.
func loginOfBadge(e *env) {
	badge := e.listed("badges", "badge_id", "1", "room", "a", "tag", "x")
	for _, rec := range []transform.Record{badge, e.with(badge, "room", "b"), e.with(badge, "room", "c", "tag", "y"), e.with(badge, "tag", "y")} {
		e.set(rec)
		tag, _ := rec.Get("tag")
		e.wantQuery(e.by("badges", "TagIndex", tag), rec)
	}
	e.wantQuery(e.by("badges", "TagIndex", "x"))
	e.unset(badge)
	e.wantQuery(e.by("badges", "TagIndex", "y"))
}

// handOver gives a name from one login to another, in one transaction.
func (e *env) handOver(from, to transform.Record, v store.Version) error {
	if e.part == asFollower {
		return e.together(e.live(from, v), e.live(to, v))
	}
	return persist(func() error { _, err := e.try(e.replace(from), e.replace(to)); return err })
}

// loginHandedOver: a value that passes from key to key, which one of them has at every
// moment, is always found.
func loginHandedOver(e *env) {
	const times, readers = 30, 2
	one, two := e.login(1, "name", "the one"), e.login(2, "name", "spare 0")
	e.fill(one, two)
	from := max(e.row(e.key(one)).Version, e.row(e.key(two)).Version)
	var done atomic.Bool
	for _, err := range together(1+readers, func(i int) error {
		if i == 0 {
			defer done.Store(true)
			for n := range times {
				one, two = two, one
				if err := e.handOver(e.with(two, "name", fmt.Sprint("spare ", n+1)), e.with(one, "name", "the one"), from+store.Version(n)+1); err != nil {
					return err
				}
			}
			return nil
		}
		for last := false; !last; {
			last = done.Load()
			rows, err := e.reader().Query(e.ctx, e.at, e.by("logins", "NameIndex", "The One"))
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(rows, func(row store.Row) bool { return row.Record.At(1).Text() == "the one" }) || len(rows) != 1 {
				return errors.New("a name that is somebody's is nobody's, or two have it")
			}
		}
		return nil
	}) {
		require.NoError(e, err)
	}
}
