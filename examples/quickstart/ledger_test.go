package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// newLedger returns an empty ledger and its path.
func newLedger(t *testing.T) (*ledger, string) {
	path := ledgerPath(t.TempDir(), 0)
	l, err := openLedger(path)
	require.NoError(t, err)
	t.Cleanup(func() { l.close() })
	return l, path
}

// do writes an operation and its outcome, "" for none.
func do(t *testing.T, l *ledger, op string, id int64, want *plain, outcome string) {
	e, err := l.intend(op, id, want)
	require.NoError(t, err)
	if outcome != "" {
		require.NoError(t, l.settle(e, outcome))
	}
}

func some(id int64, name string) *plain { return &plain{ID: id, Username: name, Email: name + "@x"} }

func TestLedgerAccounts(t *testing.T) {
	l, path := newLedger(t)
	require.NoError(t, l.begin([]plain{*some(1, "one"), *some(2, "two")}))
	do(t, l, "put", 1, some(1, "uno"), applied)
	do(t, l, "delete", 2, nil, applied)
	do(t, l, "create", 3, some(3, "three"), notApplied)
	do(t, l, "create", 4, some(4, "four"), unknown)
	do(t, l, "login", 1, some(1, "eins"), "")
	require.NoError(t, l.close())

	l, err := openLedger(path)
	require.NoError(t, err)
	defer l.close()
	require.Equal(t, some(1, "uno"), l.accounts[1].now)
	require.Equal(t, some(1, "one"), l.accounts[1].before)
	require.Equal(t, some(1, "eins"), l.accounts[1].doubt.Want)
	require.Nil(t, l.accounts[2].now)
	require.Nil(t, l.accounts[2].doubt)
	require.True(t, l.accounts[2].wrote)
	require.Nil(t, l.accounts[3].doubt)
	require.False(t, l.accounts[3].wrote)
	require.Equal(t, some(4, "four"), l.accounts[4].doubt.Want)
	require.Len(t, l.open, 2)
	require.Equal(t, 2, l.acked)
	require.Equal(t, int64(7), l.last)

	// A retry settles what was unknown, under the number it began with.
	require.NoError(t, l.settle(l.open[6], applied))
	require.Equal(t, some(4, "four"), l.accounts[4].now)
	require.Nil(t, l.accounts[4].doubt)
}

// TestLedgerCutAnywhere: a ledger that ends at any byte says exactly what its
// whole lines say, and can be gone on with.
func TestLedgerCutAnywhere(t *testing.T) {
	l, path := newLedger(t)
	require.NoError(t, l.begin([]plain{*some(1, "one")}))
	do(t, l, "put", 1, some(1, "uno"), applied)
	do(t, l, "delete", 1, nil, applied)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	for n := range len(whole) + 1 {
		path := write(t, "cut.ledger", string(whole[:n]))
		l, err := openLedger(path)
		require.NoError(t, err)
		a := l.account(1)
		switch bytes.Count(whole[:n], []byte("\n")) {
		case 0:
			require.Equal(t, &account{}, a)
		case 1:
			require.Equal(t, some(1, "one"), a.now)
			require.Nil(t, a.doubt)
		case 2:
			require.Equal(t, some(1, "one"), a.now)
			require.Equal(t, some(1, "uno"), a.doubt.Want)
		case 3:
			require.Equal(t, some(1, "uno"), a.now)
			require.Nil(t, a.doubt)
		case 4:
			require.Equal(t, some(1, "uno"), a.now)
			require.Nil(t, a.doubt.Want)
			require.Equal(t, "delete", a.doubt.Op)
		case 5:
			require.Nil(t, a.now)
			require.Nil(t, a.doubt)
		}
		do(t, l, "put", 2, some(2, "more"), applied)
		require.NoError(t, l.close())
		l, err = openLedger(path)
		require.NoError(t, err)
		require.Equal(t, some(2, "more"), l.accounts[2].now)
		require.NoError(t, l.close())
	}
}

func TestLedgerOfSomebodyElse(t *testing.T) {
	for _, content := range []string{"hello\n", `{"n":5,"out":"applied"}` + "\n"} {
		_, err := openLedger(write(t, "x.ledger", content))
		require.ErrorContains(t, err, "line 1 of a ledger")
	}
}

func TestBooksHaveOneOwnerForEachKey(t *testing.T) {
	dir := t.TempDir()
	rows := []plain{*some(-7, "minus"), *some(0, "zero"), *some(1, "one"), *some(5, "five")}
	require.NoError(t, beginBooks(dir, 3, rows))
	b, err := readBooks(dir, 3)
	require.NoError(t, err)
	require.Len(t, b.accounts, 4)
	for _, row := range rows {
		require.Equal(t, &row, b.accounts[row.ID].now)
		l, err := openLedger(ledgerPath(dir, ownerOf(row.ID, 3)))
		require.NoError(t, err)
		require.Contains(t, l.accounts, row.ID)
		require.NoError(t, l.close())
	}
	require.Zero(t, b.acked)
}
