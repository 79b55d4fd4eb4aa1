package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// TestTotalsAreMySQLs: what is shown of the rows is what MySQL's own functions give, with
// the fence and without, and of a column of the reference itself too; a row whose value
// has no canonical form fails them.
func TestTotalsAreMySQLs(t *testing.T) {
	db, c := openDB(t, enginetest.MySQL(t)), storetest.TotalContract(t)
	for _, statement := range storetest.Schema(c) {
		db.MustExec(statement)
	}
	s, err := mysqlstore.New(db, c, nil)
	require.NoError(t, err)
	require.NoError(t, s.Init(t.Context()))
	db.MustExec("INSERT INTO jars (jar_id) VALUES (1), (2)")
	db.MustExec(`INSERT INTO coins (coin_id, tray, jar_id, worth, grains, chipped, minted) VALUES
		('a', 1, 1, 0.10, -3, 1, '2001-01-02'), ('b', 1, 1, -4.35, 5, NULL, '1999-12-31'), ('c', 1, 1, NULL, NULL, 0, NULL), ('d', 1, 2, 9, 9, 2, NULL), ('e', 1, NULL, 7, 7, 1, NULL)`)
	e, jar := c.Entity("Jars"), func(id int) transform.Key {
		key, err := c.Entity("Jars").KeyOf(id)
		require.NoError(t, err)
		return key
	}
	for _, at := range []store.At{{}, {Epoch: store.FirstEpoch}} {
		shown := map[string]string{}
		for _, h := range e.Hydrated() {
			by, column := h.Totals()
			all, err := s.Totals(t.Context(), at, store.Totals{Count: store.Count{By: by, Keys: []transform.Key{jar(1)}}, Column: column})
			require.NoError(t, err)
			v, err := h.Shown(all[0])
			require.NoError(t, err)
			if !v.IsNull() {
				shown[e.Columns[h.Column].Name] = v.Text()
			}
		}
		require.Equal(t, map[string]string{"worth": "-4.25", "worth_mean": "-2.125000", "worth_least": "-4.35", "worth_most": "0.10",
			"grains": "2", "grains_mean": "1.0000", "grains_least": "-3", "chipped": "1", "minted_first": "1999-12-31"}, shown)
	}
	by := c.Entity("Coins").References[0]
	ask := func(column string) ([]transform.Total, error) {
		return s.Totals(t.Context(), store.At{}, store.Totals{Count: store.Count{By: by, Keys: []transform.Key{jar(2), jar(1)}}, Column: by.Of().ColumnIndex(column)})
	}
	all, err := ask("jar_id")
	require.NoError(t, err)
	require.Equal(t, transform.Total{}.With(transform.IntValue(2)), all[0])
	_, err = ask("chipped")
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "neither 0 nor 1")
}
