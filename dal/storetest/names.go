package storetest

import (
	_ "embed" // the contract
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

//go:embed testdata/names.json
var namesContract []byte

// NamesContract returns the contract of the cases about texts that differ and are
// equal to MySQL, freshly loaded. It has one entity:
//
//   - Accounts: account_id BIGINT (the key); login VARCHAR under utf8mb4_general_ci,
//     unique; title VARCHAR under utf8mb4_unicode_ci, unique; region VARCHAR under
//     utf8mb4_unicode_ci and code VARCHAR under utf8mb4_bin, unique together;
//     CodeIndex by code; LoginIndex, TitleIndex and RegionIndex by the folds of those
//     columns, the second sorted by account_id, the third by code; CodeLoginIndex by
//     code, sorted by the fold of login.
//
// Everything but the key may be NULL.
func NamesContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, namesContract)
}

// ofNames is a check on the tables of NamesContract.
func ofNames(name string, run func(*env)) check {
	return check{name: name, run: run, on: NamesContract}
}

func foldedCases() []testCase {
	return bothWays(ruled(ruleUnique,
		ofNames("as the collation compares", foldedTaken),
		ofNames("of several columns, folded", foldedTogether),
		ofNames("twice in one write, folded", foldedTwice),
		ofNames("given up, folded", foldedGivenUp),
	))
}

func foldedHolderCases() []testCase {
	return ruled(ruleHolder,
		ofNames("by put, folded", foldedPut),
		ofNames("exchanged together, folded", foldedExchanged),
		ofNames("by insert, folded", foldedInsert),
	)
}

// account returns a record of NamesContract. changes are pairs of column and text.
func (e *env) account(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("accounts", append([]string{"account_id", strconv.Itoa(id)}, changes...)...)
}

// sameAccounts calls do and requires that no account has changed.
func (e *env) sameAccounts(do func()) {
	e.Helper()
	all := func() map[transform.Key]string {
		lines := map[transform.Key]string{}
		for _, row := range e.scan(e.entities["accounts"], 100) {
			lines[row.Key] = describe(row)
		}
		return lines
	}
	before := all()
	do()
	require.Equal(e, before, all(), "nothing has changed")
}

// taken are pairs of which the second can't be stored beside the first, by the
// column's collation; free are pairs that can.
var (
	taken = map[string][][2]string{
		"login": {{"alice", "ALICE"}, {"José", "jose"}, {"bob", "bob  "}, {"", "  "}, {"Straße", "strase"}, {"Ω", "ω"}, {"😀", "😁"}, {"x😀", "X\ufffd"}, {"a_%", "A_%"}},
		"title": {{"alice", "ALICE"}, {"José", "jose\u0301"}, {"bob", "BOB  "}, {"Straße", "STRASSE"}, {"one two", "One\u00a0Two"}, {"end", "end\u3000"},
			{"soft", "so\u200dft"}, {"😀", "😁"}, {"ﬁn", "FIN"}, {"ὈΔΥΣΣΕΎΣ", "οδυσσευς"}},
	}
	free = map[string][][2]string{
		"login": {{"alice", "alice."}, {"Straße", "strasse"}, {"José", "jose\u0301"}, {"bob", " bob"}, {"end", "end\u00a0"}, {"a%", "ab"}, {"a_", "ab"}, {"a", "a\t"}},
		"title": {{"alice", "alice."}, {"Straße", "strase"}, {"bob", " bob"}, {"a%", "ab"}, {"a", "a\t"}, {"😀", "\ufffd"}, {"一", "丁"}},
	}
)

// foldedTaken: a value is taken if MySQL says that it is equal to one that is held.
// The record keeps the form it was given.
func foldedTaken(e *env) {
	for column, pairs := range taken {
		for _, pair := range pairs {
			held, asked := e.account(1, column, pair[0]), e.account(2, column, pair[1])
			e.write(e.create(held), e.create(e.account(3)))
			e.sameAccounts(func() {
				for _, m := range []store.Mutation{e.create(asked), e.replace(asked), e.update(e.account(3), column, pair[1])} {
					_, err := e.try(m)
					e.requireTaken(err, column)
				}
			})
			e.requireLive(held)
			e.write(e.remove(held), e.remove(e.account(3)))
		}
	}
	for column, pairs := range free {
		for _, pair := range pairs {
			held, asked := e.account(1, column, pair[0]), e.account(2, column, pair[1])
			e.write(e.create(held))
			e.write(e.create(asked))
			e.requireLive(held)
			e.requireLive(asked)
			e.write(e.remove(held), e.remove(asked))
		}
	}
}

// foldedTogether: each column is folded as its own collation folds, and none of their
// weights run into the next.
func foldedTogether(e *env) {
	e.write(e.create(e.account(1, "region", "Süd", "code", "a")))
	for i, free := range [][2]string{{"Süd", "A"}, {"Sud ", "b"}, {"Suda", "a"}, {"", "suda"}, {"nord", "a"}, {null, "a"}, {"SÜD", null}, {"sud", null}} {
		e.write(e.create(e.account(10+i, "region", free[0], "code", free[1])))
	}
	e.sameAccounts(func() {
		for _, taken := range [][2]string{{"sud", "a"}, {"SU\u0308D", "a "}, {"süd ", "b"}, {"", "suda"}, {" ", "suda"}} {
			_, err := e.try(e.create(e.account(2, "region", taken[0], "code", taken[1])))
			e.requireTaken(err, "region,code")
		}
	})
}

// foldedTwice: two records of one transaction, neither of which is there yet.
func foldedTwice(e *env) {
	e.sameAccounts(func() {
		_, err := e.try(e.create(e.account(1, "login", "alice")), e.create(e.account(2, "login", "Alice ")))
		e.requireTaken(err, "login")
		_, err = e.try(e.create(e.account(1, "title", "ss")), e.create(e.account(2, "title", "ß")))
		e.requireTaken(err, "title")
	})
	e.write(e.create(e.account(1, "login", "ss")), e.create(e.account(2, "login", "ß")))
}

// foldedGivenUp: a key may write its own name in another way, and holds it still. Who
// gives a name up frees all forms of it.
func foldedGivenUp(e *env) {
	one, two := e.account(1, "login", "alice", "title", "Straße"), e.account(2, "login", "bob", "title", "Weg")
	e.write(e.create(one), e.create(two))
	e.write(e.update(one, "login", "ALICE ", "title", "strasse"))
	e.requireLive(e.account(1, "login", "ALICE ", "title", "strasse"))
	e.sameAccounts(func() {
		_, err := e.try(e.update(two, "login", "alice"))
		e.requireTaken(err, "login")
		_, err = e.try(e.update(two, "title", "STRASSE"))
		e.requireTaken(err, "title")
	})
	e.write(e.update(one, "login", "Bobby", "title", null))
	e.write(e.update(two, "login", "Àlice", "title", "Straße"))
	e.write(e.remove(two))
	e.write(e.create(e.account(3, "login", "aliCE", "title", "STRASSE")))
	e.write(e.create(e.account(2, "login", "BOB")))
	_, err := e.try(e.replace(e.account(1, "login", "bób")))
	e.requireTaken(err, "login")
}

// foldedPut: a follower names the key that holds an equal value.
func foldedPut(e *env) {
	collide := func(row store.Row, field string, holder transform.Record) {
		e.Helper()
		e.sameAccounts(func() {
			took, err := e.Follower.Put(e.ctx, e.to, row)
			require.False(e, took)
			require.Equal(e, e.key(holder), e.requireTaken(err, field).Holder, "the error says who holds the value")
		})
	}
	one, two := e.account(1, "login", "alice", "title", "Straße"), e.account(2, "region", "Süd", "code", "a")
	e.put(e.live(one, 5))
	e.put(e.live(two, 5))
	collide(e.live(e.account(3, "login", "ÀLICE "), 9), "login", one)
	collide(e.live(e.account(3, "title", "STRASSE"), 9), "title", one)
	collide(e.live(e.account(3, "region", "sud", "code", "a "), 9), "region,code", two)
	e.put(e.live(e.account(3, "login", "strasse", "title", "strase", "region", "sud", "code", "A"), 9))
	e.put(e.live(e.account(1, "login", "Alice", "title", "STRASSE"), 6))
	e.requireLive(e.account(1, "login", "Alice", "title", "STRASSE"))
	e.put(e.dead(one, 7))
	e.put(e.live(e.account(4, "login", "alicE", "title", "strasse"), 1))
}

// foldedExchanged: keys that hold each other's names, written in another way.
func foldedExchanged(e *env) {
	e.put(e.live(e.account(1, "login", "alice", "title", "Straße"), 5))
	e.put(e.live(e.account(2, "login", "bob", "title", "Weg"), 5))
	one, two := e.account(1, "login", "BÓB", "title", "weg "), e.account(2, "login", "Alice", "title", "STRASSE")
	require.NoError(e, e.together(e.live(one, 6), e.live(two, 6)))
	e.requireLive(one)
	e.requireLive(two)
	e.sameAccounts(func() {
		took, err := e.Follower.Put(e.ctx, e.to, e.live(e.account(3, "login", "bob"), 9))
		require.False(e, took)
		require.Equal(e, e.key(one), e.requireTaken(err, "login").Holder)
	})
}

// foldedInsert: a backfill that read a row before its name went to another key.
func foldedInsert(e *env) {
	two := e.account(2, "login", "Alice")
	e.put(e.live(two, 5))
	errs, err := e.Follower.Insert(e.ctx, []store.Row{
		e.live(e.account(1, "login", "àlice"), 0), e.live(e.account(3, "title", "alice"), 0), e.live(e.account(4, "title", "Straße"), 0)})
	require.NoError(e, err)
	require.Len(e, errs, 3)
	require.Equal(e, e.key(two), e.requireTaken(errs[0], "login").Holder)
	require.NoError(e, errs[1])
	require.NoError(e, errs[2])
	e.requireGone(e.account(1))
	e.requireLive(e.account(4, "title", "Straße"))
}
