package mysqlstore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// newShelves is a store of the suite's contract of counts, bare.
func newShelves(t testing.TB) (*mysqlstore.Store, *sqlx.DB, *transform.Contract) {
	db, c := openDB(t, enginetest.MySQL(t)), storetest.CountContract(t)
	for _, statement := range storetest.Schema(c) {
		db.MustExec(statement)
	}
	s, err := mysqlstore.New(db, c, nil)
	require.NoError(t, err)
	require.NoError(t, s.Init(context.Background()))
	return s, db, c
}

// TestCountAsMySQLCompares: a row counts for the key that its foreign key means, which
// under a collation that pads is also one with blanks at the end.
func TestCountAsMySQLCompares(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "compares texts without the blanks at their ends")
	s, db, c := newShelves(t)
	db.MustExec("INSERT INTO goods (shop, number) VALUES ('a', 1), ('A', 1)")
	db.MustExec("INSERT INTO reviews (review_id, grade, shop, number) VALUES ('1', 1, 'a', 1), ('2', 1, 'a  ', 1), ('3', 1, 'A ', 1)")
	var keys []transform.Key
	for _, shop := range []string{"a", "A"} {
		key, err := c.Entity("Goods").KeyOf(shop, 1)
		require.NoError(t, err)
		keys = append(keys, key)
	}
	n, err := s.Count(t.Context(), store.At{}, store.Count{By: c.Entity("Reviews").References[0], Keys: keys})
	require.NoError(t, err)
	require.Equal(t, []int64{2, 1}, n)
}

// TestCountReadsItsRowsAlone: the rows are found by the index of the foreign key, and
// those of other keys are not read, with the fence and without.
func TestCountReadsItsRowsAlone(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "counts the rows that a session reads")
	s, db, c := newShelves(t)
	db.MustExec("INSERT INTO shelves (shelf_id) VALUES (1), (2), (3)")
	for n := range 300 {
		db.MustExec("INSERT INTO goods (shop, number, shelf_id) VALUES ('s', ?, ?)", n, n%100/98+1) // 6 on shelf 2
	}
	db.SetMaxOpenConns(1) // whose session tells
	reads := func() (n int) {
		rows, err := db.Query("SHOW SESSION STATUS LIKE 'Handler_read%'")
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var name string
			var value int
			require.NoError(t, rows.Scan(&name, &value))
			n += value
		}
		return n
	}
	var keys []transform.Key
	for _, id := range []int{2, 3} {
		key, err := c.Entity("Shelves").KeyOf(id)
		require.NoError(t, err)
		keys = append(keys, key)
	}
	for _, at := range []store.At{{}, {Epoch: store.FirstEpoch}} {
		before := reads()
		idle := reads() - before
		before = reads()
		n, err := s.Count(t.Context(), at, store.Count{By: c.Entity("Goods").References[0], Keys: keys})
		require.NoError(t, err)
		require.Equal(t, []int64{6, 0}, n)
		require.Less(t, reads()-before-idle, 40, fmt.Sprintf("%+v", at))
	}
}
