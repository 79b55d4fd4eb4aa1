package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/mysqlstore"
)

// TestCheckDataOrphans: rows that refer to nothing are found where copies follow the
// reference, each once, whatever it shows, and what refers to nothing by a NULL is not.
func TestCheckDataOrphans(t *testing.T) {
	c := newCopying(t, shop)
	check := func() (reasons []string, rows []int64, keys [][]string) {
		found, err := mysqlstore.CheckData(c.ctx, c.db, c.c, &mysqlstore.DataOptions{Keys: 2})
		require.NoError(t, err)
		for _, f := range found {
			reasons, rows, keys = append(reasons, f.Entity+" "+f.Reason), append(rows, f.Count), append(keys, f.Keys)
		}
		return reasons, rows, keys
	}
	reasons, _, _ := check()
	require.Empty(t, reasons)

	conn, err := c.db.Connx(c.ctx)
	require.NoError(t, err)
	defer conn.Close()
	for _, statement := range []string{
		"SET foreign_key_checks = 0",
		"INSERT INTO sections VALUES (7, 'seven', 9)",
		"INSERT INTO basket_lines VALUES (0, 1, 'a', 9, 1), (7, 1, 'z', 1, 1), (7, 2, 'z', 1, 1), (7, 3, 'z', NULL, 1), (7, 4, NULL, 9, 1)",
		"SET foreign_key_checks = 1",
	} {
		_, err := conn.ExecContext(c.ctx, statement)
		require.NoError(t, err)
	}
	reasons, rows, keys := check()
	const stay = " that is not there, and copies would stay as they are if it were created"
	require.Equal(t, []string{"Sections refers by above_id to a record of Sections" + stay, "Baskets refers by shop,number to a record of Wares" + stay}, reasons)
	require.Equal(t, []int64{1, 3}, rows)
	require.Equal(t, [][]string{{"7"}, {"0/1", "7/1"}}, keys)
}
