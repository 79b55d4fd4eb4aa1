package dal_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// foldAccount is a record of NamesContract.
type foldAccount struct {
	ID     int64   `db:"account_id"`
	Login  *string `db:"login"`
	Title  *string `db:"title"`
	Region *string `db:"region"`
	Code   *string `db:"code"`
}

func accountID(a foldAccount) string { return fmt.Sprint(a.ID) }

// accountsOf is a store in memory with these logins, by id from 1 on, all of code c.
func accountsOf(t *testing.T, logins ...string) *dal.Repository[foldAccount] {
	t.Helper()
	return accountsIn(t, storetest.NamesContract(t), logins...)
}

// accountsIn is the same by a contract.
func accountsIn(t *testing.T, c *transform.Contract, logins ...string) *dal.Repository[foldAccount] {
	t.Helper()
	s := memstore.New(c, nil)
	require.NoError(t, s.Init(t.Context()))
	r, err := dal.NewRepository[foldAccount](dal.Standalone(c, s), "Accounts")
	require.NoError(t, err)
	code := "c"
	for i, login := range logins {
		require.NoError(t, r.Create(t.Context(), &foldAccount{ID: int64(i + 1), Login: &login, Code: &code}))
	}
	return r
}

// TestFoldedIndex: a value is asked for in any form, over the index or by the column,
// and the page goes on where it ended.
func TestFoldedIndex(t *testing.T) {
	r := accountsOf(t, "Dora", "dorothy ", "Émile", "emil", "  ")
	ids := func(q dal.Query) []string { return found(t, r, q, accountID) }
	for _, q := range []dal.IndexQuery{dal.Index("LoginIndex"), dal.By("login")} {
		require.Equal(t, []string{"1"}, ids(q.Equal("DORA  ")))
		require.Equal(t, []string{"3"}, ids(q.Equal(dal.Parts{"emile"})))
		require.Empty(t, ids(q.Equal("dor")))
		require.Empty(t, ids(q.Equal("  ")), "blanks have no fold")
	}
	sorted := dal.By("code", "login").Equal("c")
	require.Equal(t, []string{"1", "2", "4", "3"}, ids(sorted))
	require.Equal(t, []string{"2"}, ids(sorted.Exactly("DOROTHY")))
	require.Equal(t, []string{"1", "2"}, ids(sorted.BeginsWith("DÓR")))
	require.Equal(t, []string{"3"}, ids(sorted.BeginsWith(dal.Beginning("emile"))))
	require.Empty(t, ids(sorted.BeginsWith("dora ")), "blanks at the end of a text are not there")
	require.Equal(t, []string{"3", "4"}, ids(sorted.BeginsWith("E").Descending()))
	require.Empty(t, ids(sorted.BeginsWith("E").Exactly("dora")))
	page, err := r.Page(t.Context(), sorted, "", 3)
	require.NoError(t, err)
	page, err = r.Page(t.Context(), sorted, page.Next, 3)
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, int64(3), page.Items[0].ID)
}

// TestFoldedIndexRefused: what has no order and what no text is.
func TestFoldedIndexRefused(t *testing.T) {
	r := accountsOf(t)
	sorted := dal.Index("CodeLoginIndex").Equal("c")
	const order = "a sort key that is a fold is asked for by Exactly or BeginsWith"
	for name, of := range map[string]struct {
		q    dal.Query
		want string
	}{
		"AtLeast":           {sorted.AtLeast("a"), order},
		"Above":             {sorted.Above("a"), order},
		"AtMost":            {sorted.AtMost("a"), order},
		"Below":             {sorted.Below("a"), order},
		"Between":           {sorted.Between("a", "a"), order},
		"NULL":              {dal.Index("LoginIndex").Equal(nil), "NULL"},
		"a number":          {sorted.BeginsWith(7), "begin with"},
		"several":           {sorted.BeginsWith(dal.Parts{"a", "b"}), "made of one value, and 2 are given"},
		"several, of Equal": {dal.Index("LoginIndex").Equal(dal.Parts{"a", "b"}), "made of 1 values"},
		"a beginning":       {dal.Index("LoginIndex").Equal(dal.Beginning("a")), "only BeginsWith takes a Beginning"},
		"a part of one":     {sorted.Exactly(dal.Beginning("a")), "only BeginsWith takes a Beginning"},
		"no text":           {sorted.BeginsWith("\xff"), "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Page(t.Context(), of.q, "", 1)
			require.ErrorIs(t, err, dal.ErrInvalid)
			require.ErrorContains(t, err, of.want)
		})
	}
}

// TestByPrefersThePlainColumn: a fold is taken only where no index has the column
// itself, wherever that stands in the contract.
func TestByPrefersThePlainColumn(t *testing.T) {
	r := accountsOf(t, "b", "a")
	require.Equal(t, []string{"1"}, found(t, r, dal.By("login").Equal("B"), accountID))
	require.Equal(t, []string{"2", "1"}, found(t, r, dal.By("code", "login").Equal("c"), accountID))
	_, err := r.Page(t.Context(), dal.By("login", "code").Equal("a"), "", 1)
	require.ErrorContains(t, err, `add {"index_name":"ByLoginCode","pk":"login","sk":"code","projection":"ALL"}`)
	text, err := os.ReadFile("storetest/testdata/names.json")
	require.NoError(t, err)
	const last = `"sk": "loginKey", "projection": "ALL"}`
	require.Contains(t, string(text), last)
	c, err := transform.Load([]byte(strings.Replace(string(text), last, last+`, {"index_name": "Plain", "pk": "login", "projection": "ALL"}`, 1)))
	require.NoError(t, err)
	r = accountsIn(t, c, "b", "a")
	require.Empty(t, found(t, r, dal.By("login").Equal("B"), accountID), "compared byte by byte")
	require.Equal(t, []string{"1"}, found(t, r, dal.By("login").Equal("b"), accountID))
	require.Equal(t, []string{"1"}, found(t, r, dal.Index("LoginIndex").Equal("B"), accountID))
}
