package mysqlstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// previewed returns the items that a preview shows, in the form "key attribute=text …",
// of the attributes that have one.
func previewed(t *testing.T, c *copying, entity string, limit int, attributes ...string) []string {
	t.Helper()
	c.pool.SetMaxOpenConns(1) // all is read on one connection
	p, err := mysqlstore.NewPreview(c.pool, c.c)
	require.NoError(t, err)
	var all []string
	require.NoError(t, p.Rows(t.Context(), entity, limit, func(r store.Row) error {
		line := r.Key.ID
		if r.Err != nil {
			require.True(t, r.Record.IsZero())
			all = append(all, line+" "+r.Err.Error())
			return nil
		}
		item, err := r.Record.Entity().Item(r.Record)
		require.NoError(t, err)
		for _, name := range attributes {
			if v, there := item[name]; there {
				line += fmt.Sprintf(" %s=%v", name, strings.Trim(fmt.Sprint(v), "&{} "))
			}
		}
		all = append(all, line)
		return nil
	}))
	return all
}

// TestPreviewShowsCopies: the items have copies of the rows that they refer to.
func TestPreviewShowsCopies(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has time zones and GROUP_CONCAT as MySQL does")
	c := newCopying(t, shop)
	require.Equal(t, []string{"a/1 section_name=one", "a/2 section_name=two", "b/1 section_name=one", "c/1"}, previewed(t, c, "Wares", 0, "section_name"))
	require.Equal(t, []string{"1 above_name=none", "2 above_name=one", "3 above_name=one"}, previewed(t, c, "Sections", 0, "above_name"))
	require.Equal(t, []string{"1/1 ware_name=a1 ware_price=1 sold_out=0", "1/2 ware_name=a2 sold_out=0"},
		previewed(t, c, "Baskets", 2, "ware_name", "ware_price", "sold_out", "section_name"))

	// The view shows the same.
	for _, v := range c.c.Views("item_") {
		require.Empty(t, v.Findings)
		c.db.MustExec(v.SQL)
	}
	var lines []string
	require.NoError(t, c.db.Select(&lines, "SELECT CONCAT_WS(' ', basketId, line, ware_name, ware_price, sold_out) FROM item_Baskets ORDER BY basketId, line"))
	require.Equal(t, []string{"1 1 a1 1 0", "1 2 a2 0", "2 1 a1 1 0", "3 1", "4 1"}, lines)
	lines = nil
	require.NoError(t, c.db.Select(&lines, "SELECT CONCAT_WS(' ', sectionId, name, above_name) FROM item_Sections ORDER BY sectionId"))
	require.Equal(t, []string{"1 one none", "2 two one", "3 one"}, lines)
}

// TestPreviewOfManyCopies: page after page, each row once and with its copy.
func TestPreviewOfManyCopies(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has time zones and GROUP_CONCAT as MySQL does")
	c := newCopying(t, nil)
	var sections, wares []string
	for n := range 160 {
		sections = append(sections, fmt.Sprintf("(%d, 'n%d')", n, n))
		wares = append(wares, fmt.Sprintf("('s', %d, '', 0, 0, %d)", n, 159-n))
	}
	c.db.MustExec("INSERT INTO sections (section_id, name) VALUES " + strings.Join(sections, ", "))
	c.db.MustExec("INSERT INTO wares (shop, number, name, sold_out, stock, section_id) VALUES " + strings.Join(wares, ", "))
	for _, limit := range []int{0, 1, 49, 50, 51, 100, 160, 200} {
		want := 160
		if limit > 0 {
			want = min(want, limit)
		}
		all := previewed(t, c, "Wares", limit, "section_name")
		require.Len(t, all, want)
		for n, line := range all {
			require.Equal(t, fmt.Sprintf("s/%d section_name=n%d", n, 159-n), line)
		}
	}
	p, err := mysqlstore.NewPreview(c.pool, c.c)
	require.NoError(t, err)
	stop := errors.New("enough")
	require.ErrorIs(t, p.Rows(t.Context(), "Wares", 0, func(store.Row) error { return stop }), stop)
}

// TestPreviewOfUnfitCopies: a row whose copy can't be shown has an error, and those beside
// it have none.
func TestPreviewOfUnfitCopies(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "stores a text as bytes of whatever form")
	c := newCopying(t, shop)
	c.db.MustExec("ALTER TABLE wares MODIFY name VARBINARY(64) NOT NULL")
	c.db.MustExec("UPDATE wares SET name = X'FF' WHERE shop = 'a' AND number = 1")
	all := previewed(t, c, "Baskets", 3, "ware_name")
	require.Len(t, all, 3)
	require.Equal(t, "1/2 ware_name=a2", all[1])
	for _, n := range []int{0, 2} {
		require.Contains(t, all[n], "not valid UTF-8")
		require.NotContains(t, all[n], "ware_name=")
	}
}
