package mysqlstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// TestWritersLeaveFanOuts: a writer leaves a mark where copies are old, and only there.
func TestWritersLeaveFanOuts(t *testing.T) {
	section := func(c *copying, id int, name string) store.Mutation {
		rec := c.c.Entity("Sections").NewRecord()
		require.NoError(t, set(rec, "section_id", fmt.Sprint(id)))
		require.NoError(t, set(rec, "name", name))
		return store.Mutation{Op: store.Create, Key: c.key("Sections", id), Record: rec}
	}
	for _, test := range []struct {
		name string
		make func(c *copying) []store.Mutation
		want []string
		sent string // the first words of the statements
	}{
		{"a create", func(c *copying) []store.Mutation { return []store.Mutation{section(c, 9, "nine")} }, nil,
			"START INSERT INSERT COMMIT"},
		{"an update of what is shown", func(c *copying) []store.Mutation {
			return []store.Mutation{c.set(c.key("Wares", "a", 1), "name", "A1")}
		}, []string{"Wares a/1"}, "START INSERT SELECT UPDATE INSERT COMMIT"},
		{"an update to NULL", func(c *copying) []store.Mutation {
			return []store.Mutation{c.set(c.key("Sections", 2), "name", "NULL")}
		}, []string{"Sections 2"}, "START INSERT SELECT UPDATE INSERT COMMIT"},
		{"an update of another column", func(c *copying) []store.Mutation {
			return []store.Mutation{c.set(c.key("Wares", "a", 1), "stock", "4")}
		}, nil, "START INSERT SELECT UPDATE COMMIT"},
		{"an update of what nobody shows", func(c *copying) []store.Mutation {
			return []store.Mutation{c.set(c.key("Baskets", 1, 1), "quantity", "4")}
		}, nil, "START INSERT SELECT UPDATE COMMIT"},
		{"an update of nothing", func(c *copying) []store.Mutation {
			return []store.Mutation{c.set(c.key("Wares", "a", 1), "name", "a1")}
		}, nil, "START INSERT SELECT ROLLBACK"},
		{"moving to another source", func(c *copying) []store.Mutation {
			return []store.Mutation{c.set(c.key("Wares", "a", 1), "section_id", "2")}
		}, nil, "START INSERT SELECT UPDATE COMMIT"},
		{"a put over it", func(c *copying) []store.Mutation {
			return []store.Mutation{c.put(c.key("Wares", "a", 1), "price", "1.01")}
		}, []string{"Wares a/1"}, "START INSERT SELECT UPDATE INSERT COMMIT"},
		{"a put that shows the same", func(c *copying) []store.Mutation {
			return []store.Mutation{c.put(c.key("Wares", "a", 1), "stock", "1")}
		}, nil, "START INSERT SELECT UPDATE COMMIT"},
		{"a put where nothing is", func(c *copying) []store.Mutation {
			m := section(c, 9, "nine")
			m.Op = store.Put
			return []store.Mutation{m}
		}, nil, "START INSERT SELECT INSERT COMMIT"},
		{"a delete that sets NULL", func(c *copying) []store.Mutation {
			return []store.Mutation{c.set(c.key("Sections", 2), "above_id", "NULL"), c.set(c.key("Sections", 3), "above_id", "NULL"), {Op: store.Delete, Key: c.key("Sections", 1)}}
		}, nil, ""},
		{"many at once", func(c *copying) []store.Mutation {
			return []store.Mutation{c.set(c.key("Wares", "b", 1), "sold_out", "0"), c.set(c.key("Sections", 3), "name", "three"),
				c.set(c.key("Wares", "a", 1), "price", "NULL"), c.set(c.key("Wares", "a", 2), "stock", "1"), section(c, 9, "nine")}
		}, []string{"Sections 3", "Wares a/1", "Wares b/1"}, "START INSERT INSERT INSERT INSERT INSERT SELECT UPDATE SELECT UPDATE SELECT UPDATE SELECT UPDATE INSERT INSERT COMMIT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if strings.HasPrefix(test.name, "a delete") {
				enginetest.NeedsRealMySQL(t, "sets columns of foreign keys to NULL")
			}
			c := newCopying(t, shop)
			m := test.make(c)
			c.hooks.reset(nil, nil)
			c.write(m...)
			if test.sent != "" {
				require.Equal(t, test.sent, strings.Join(firstWords(c.hooks.seen()), " "))
			}
			require.ElementsMatch(t, test.want, c.marks())
		})
	}
}

// A contract in which basket lines also have the section of their ware, which a foreign
// key may set to NULL.
var wareSection = []string{`{"name": "ware_price"`, `{"name": "ware_section", "type": "N", "source_column": "number", "keep": {"dynamodb": "edge"},
	"join": {"type": "multi-column", "target_table": "wares", "join_conditions": ["wares.shop = basket_lines.shop", "wares.number = basket_lines.number"], "select_column": "wares.section_id"}},
	{"name": "ware_price"`}

// TestSetNullLeavesFanOuts: what a delete sets to NULL by a foreign key may be shown.
func TestSetNullLeavesFanOuts(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "sets columns of foreign keys to NULL")
	c := newCopying(t, append(shop, "UPDATE sections SET above_id = NULL"), wareSection...)
	c.write(store.Mutation{Op: store.Delete, Key: c.key("Sections", 1)}, store.Mutation{Op: store.Delete, Key: c.key("Sections", 3)})
	require.Equal(t, []string{"Wares a/1", "Wares b/1"}, c.marks())
}

// TestPutOverWhatCanNotBeRead: nobody knows what the copies of such a row show.
func TestPutOverWhatCanNotBeRead(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "stores a text as bytes of whatever form")
	c := newCopying(t, shop)
	m := c.put(c.key("Wares", "a", 1))
	c.db.MustExec("ALTER TABLE wares MODIFY name VARBINARY(64) NOT NULL")
	c.db.MustExec("UPDATE wares SET name = X'FF' WHERE shop = 'a'")
	c.write(m)
	require.Equal(t, []string{"Wares a/1"}, c.marks())
}

// TestColumnThatMySQLSets: a column may be shown that MySQL sets with any other one.
func TestColumnThatMySQLSets(t *testing.T) {
	enginetest.NeedsRealMySQL(t, hasTriggers)
	c := newCopying(t, nil, `{"name": "stock", "type": "N"`, `{"name": "at", "type": "S", "source_column": "at"}, {"name": "stock", "type": "N"`,
		`{"name": "stock", "type": "int"}`, `{"name": "at", "type": "datetime", "precision": 6, "null": true, "on_update": "CURRENT_TIMESTAMP(6)"}, {"name": "stock", "type": "int"}`,
		`"select_column": "wares.name"`, `"select_column": "wares.at"`,
		"stock INT NOT NULL,", "stock INT NOT NULL, at DATETIME(6) NULL ON UPDATE CURRENT_TIMESTAMP(6),")
	for _, statement := range shop {
		c.db.MustExec(statement)
	}
	require.NoError(t, c.Ready(c.ctx))
	c.write(c.set(c.key("Wares", "a", 1), "stock", "4"))
	require.Equal(t, []string{"Wares a/1"}, c.marks())
	c.write(c.put(c.key("Wares", "a", 1), "stock", "3"))
	require.Equal(t, []string{"Wares a/1"}, c.marks())

	_, _, err := c.InstallTriggers(c.ctx)
	require.NoError(t, err)
	c.db.MustExec("UPDATE wares SET stock = 2 WHERE shop = 'a' AND number = 2")
	require.Equal(t, []string{"Wares a/2"}, c.marks())
}

// TestBareWritesLeaveNoFanOuts: in phase 1 without capture there is nobody to tell.
func TestBareWritesLeaveNoFanOuts(t *testing.T) {
	c := newCopying(t, shop)
	from, err := c.Phase(c.ctx)
	require.NoError(t, err)
	to := from
	to.Epoch, to.Capture, to.CaptureEpoch = from.Epoch+1, false, 0
	require.NoError(t, c.Advance(c.ctx, from, to, store.AuditEntry{}))
	c.at = store.At{Epoch: to.Epoch}
	c.hooks.reset(nil, nil)
	c.write(c.set(c.key("Wares", "a", 1), "name", "A1"))
	require.Equal(t, "START SELECT UPDATE COMMIT", strings.Join(firstWords(c.hooks.seen()), " "))
	require.Empty(t, c.marks())
}

// TestFanOutsInVain: a write that does not commit leaves none.
func TestFanOutsInVain(t *testing.T) {
	c := newCopying(t, shop)
	rename := c.set(c.key("Wares", "a", 1), "name", "A1")
	_, err := c.Write(c.ctx, c.at, store.Write{Mutations: []store.Mutation{rename, {Op: store.Delete, Key: c.key("Wares", "z", 1)}}})
	refused(t, err, store.ErrNotFound)
	require.Empty(t, c.marks())

	// Nor does it commit without its mark.
	c.db.MustExec("RENAME TABLE crossfade_fanout TO elsewhere")
	_, err = c.Write(c.ctx, c.at, store.Write{Mutations: []store.Mutation{rename}})
	require.Error(t, err)
	c.db.MustExec("RENAME TABLE elsewhere TO crossfade_fanout")
	var name string
	require.NoError(t, c.db.Get(&name, "SELECT name FROM wares WHERE shop = 'a' AND number = 1"))
	require.Equal(t, "a1", name)
	require.Zero(t, c.version(c.key("Wares", "a", 1)))
	require.Empty(t, c.marks())
}

// TestFanOutMarks: they come page by page, and are changed at their version only.
func TestFanOutMarks(t *testing.T) {
	c := newCopying(t, shop)
	c.write(c.set(c.key("Wares", "a", 2), "name", "A2"), c.set(c.key("Sections", 3), "name", "Three"), c.set(c.key("Sections", 1), "name", "One"),
		c.set(c.key("Wares", "a", 1), "name", "A1"))
	var found []string
	r := store.DirtyRange{Limit: 1}
	for n := 0; n == 0 || r.After != ""; n++ {
		page, err := c.FanOuts(c.ctx, r)
		require.NoError(t, err)
		for _, f := range page.Marks {
			found = append(found, f.Sources[0].Entity+" "+f.Sources[0].ID)
			require.GreaterOrEqual(t, f.Age, int64(0))
		}
		r.After = page.Next
	}
	require.Equal(t, []string{"Sections 1", "Sections 3", "Wares a/1", "Wares a/2"}, found)
	c.hooks.reset(nil, nil)
	b, err := c.Backlog(c.ctx)
	require.NoError(t, err)
	require.Len(t, c.hooks.seen(), 1, "in one snapshot")
	require.EqualValues(t, 4, b.FanOuts)
	require.EqualValues(t, 4, b.Dirty, "of which marks are no part")
	for _, r := range []store.DirtyRange{{Shard: 1, Limit: 1}, {}, {After: "nowhere", Limit: 1}} {
		_, err := c.FanOuts(c.ctx, r)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	require.ErrorIs(t, c.CleanFanOut(c.ctx, store.FanOut{}), store.ErrInvalid)

	first := func() store.FanOut {
		page, err := c.FanOuts(c.ctx, store.DirtyRange{Limit: 1})
		require.NoError(t, err)
		return page.Marks[0]
	}
	const reached = "\x00\xff far"
	was := first()
	require.NoError(t, c.Reach(c.ctx, was, reached))
	require.Equal(t, reached, first().Reached)
	c.write(c.set(was.Sources[0], "name", "uno"))
	now := first()
	require.Greater(t, now.Version, was.Version)
	require.Equal(t, c.version(now.Sources[0]), now.Version)
	require.Equal(t, reached, now.Reached, "it goes on")
	require.Equal(t, was.Version, now.Since)
	require.NoError(t, c.Reach(c.ctx, was, "further"))
	require.Equal(t, "further", first().Reached)
	require.NoError(t, c.Reach(c.ctx, now, ""), "and then does all of it once more")
	require.Empty(t, first().Reached)
	require.Equal(t, now.Version, first().Since)
	require.NoError(t, c.Reach(c.ctx, first(), "a bit"))
	require.NoError(t, c.Reach(c.ctx, was, reached), "which is too late")
	require.Equal(t, "a bit", first().Reached)
	require.NoError(t, c.CleanFanOut(c.ctx, was), "which is too early")
	require.Equal(t, now.Sources, first().Sources)
	require.NoError(t, c.CleanFanOut(c.ctx, now))
	require.NoError(t, c.CleanFanOut(c.ctx, now))
	require.Equal(t, c.key("Sections", 3), first().Sources[0])
	require.NoError(t, c.Reach(c.ctx, now, reached), "of a mark that is gone")
	require.Equal(t, c.key("Sections", 3), first().Sources[0])
}

// TestFanOutsGoOnAfterAnEpoch: no version of a mark comes again, whatever became of
// capture meanwhile.
func TestFanOutsGoOnAfterAnEpoch(t *testing.T) {
	c := newCopying(t, shop)
	key := c.key("Sections", 1)
	c.write(c.set(key, "name", "uno"))
	page, err := c.FanOuts(c.ctx, store.DirtyRange{Limit: 1})
	require.NoError(t, err)
	for _, capture := range []bool{false, true} {
		from, err := c.Phase(c.ctx)
		require.NoError(t, err)
		to := from
		to.Epoch, to.Capture, to.CaptureEpoch = from.Epoch+1, capture, 0
		if capture {
			to.CaptureEpoch = to.Epoch
		}
		require.NoError(t, c.Advance(c.ctx, from, to, store.AuditEntry{}))
		c.at = store.At{Epoch: to.Epoch, Captured: capture}
	}
	c.write(c.set(key, "name", "un"))
	require.NoError(t, c.CleanFanOut(c.ctx, page.Marks[0]))
	require.Equal(t, []string{"Sections 1"}, c.marks())
}

// dependents returns the keys of all pages.
func (c *copying) dependents(by *transform.Reference, to transform.Key, limit int) []string {
	c.t.Helper()
	ids := []string{}
	r := store.DependentsRange{By: by, To: to, Limit: limit}
	for n := 0; n == 0 || r.After != ""; n++ {
		page, err := c.Dependents(c.ctx, r)
		require.NoError(c.t, err)
		require.LessOrEqual(c.t, len(page.Keys), limit)
		for _, key := range page.Keys {
			require.Equal(c.t, by.Of().Name, key.Entity)
			ids = append(ids, key.ID)
		}
		r.After = page.Next
	}
	return ids
}

// TestDependents: all that refer to a key, and no others, in the order of their keys.
func TestDependents(t *testing.T) {
	c := newCopying(t, shop)
	reference := func(entity string) *transform.Reference { return c.c.Entity(entity).References[0] }
	for limit := 1; limit <= 4; limit++ {
		require.Equal(t, []string{"a/1", "b/1"}, c.dependents(reference("Wares"), c.key("Sections", 1), limit))
		require.Equal(t, []string{"2", "3"}, c.dependents(reference("Sections"), c.key("Sections", 1), limit))
		require.Equal(t, []string{"1/1", "2/1"}, c.dependents(reference("Baskets"), c.key("Wares", "a", 1), limit))
		require.Empty(t, c.dependents(reference("Baskets"), c.key("Wares", "z", 9), limit), "which is not there")
		require.Empty(t, c.dependents(reference("Wares"), c.key("Sections", 3), limit))
	}
	for _, r := range []store.DependentsRange{{Limit: 0, To: c.key("Sections", 1)}, {Limit: 1, To: c.key("Sections", 1), After: "/"}, {Limit: 1, To: c.key("Wares", "a", 1)}} {
		r.By = reference("Wares")
		_, err := c.Dependents(c.ctx, r)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
}

// TestDependentsAsMySQLCompares: what the foreign key takes for a reference is one.
func TestDependentsAsMySQLCompares(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "takes texts for equal that differ in blanks at their end")
	c := newCopying(t, shop[:2])
	c.db.MustExec("INSERT INTO basket_lines VALUES (1, 1, 'a', 1, 1), (5, 2, 'a  ', 1, 1), (6, 1, 'a', 1, 1)")
	for limit := 1; limit <= 5; limit++ {
		require.Equal(t, []string{"1/1", "5/2", "6/1"}, c.dependents(c.c.Entity("Baskets").References[0], c.key("Wares", "a", 1), limit))
	}
}

// TestDependentsWithoutARecord: a row whose key is too long for a change record, or has no
// form, can't be renewed. It does not keep the others from it, however many such rows there
// are, and contract check finds them.
func TestDependentsWithoutARecord(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "takes texts for equal that differ in blanks at their end")
	c := newCopying(t, shop[:2], `"gsis": [{"index_name": "WareIndex", "pk": "shop", "sk": "basketId", "projection": "INCLUDE", "projected_attributes": ["ware_name", "ware_price"]}],`, "",
		`{"name": "basketId", "type": "N"`, `{"name": "basketId", "type": "S"`,
		`{"name": "basket_id", "type": "int"}`, `{"name": "basket_id", "type": "varchar", "length": 1100, "collation": "ascii_bin"}`,
		"basket_id INT", "basket_id VARCHAR(1100) CHARACTER SET ascii COLLATE ascii_bin")
	c.db.MustExec("INSERT INTO basket_lines VALUES ('a', 1, 'a', 1, 1), ('z', 1, 'a', 1, 1)")
	for n := range 5 { // a "/" in a key is two bytes of its ID
		c.db.MustExec("INSERT INTO basket_lines VALUES (REPEAT('/', 1100), ?, 'a', 1, 1), ('x ', ?, 'a', 1, 1)", n, n)
	}
	for limit := 1; limit <= 13; limit++ {
		require.Equal(t, []string{"a/1", "z/1"}, c.dependents(c.c.Entity("Baskets").References[0], c.key("Wares", "a", 1), limit))
	}
	c.write(c.set(c.key("Wares", "a", 1), "name", "A1"))
	page, err := c.FanOuts(c.ctx, store.DirtyRange{Limit: 9})
	require.NoError(t, err)
	require.Len(t, page.Marks, 1)
	require.NoError(t, dal.CarryOut(c.ctx, c.Store, page.Marks[0]))
	require.Empty(t, c.marks())
	require.NotZero(t, c.version(c.key("Baskets", "z", 1)))

	found, err := mysqlstore.CheckData(c.ctx, c.db, c.c, nil)
	require.NoError(t, err)
	var rows []int64
	for _, f := range found {
		require.Equal(t, "Baskets", f.Entity)
		rows = append(rows, f.Count)
	}
	require.Equal(t, []int64{5, 5}, rows)
	require.Contains(t, found[0].Reason, "2048 bytes")
}

// TestDependentsReadTheirRowsAlone: each page reads its own rows by the foreign key's
// index, and neither those before it nor those of other sources.
func TestDependentsReadTheirRowsAlone(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "counts the rows that a session reads")
	c := newCopying(t, shop)
	for n := range 40 {
		rows := make([]string, 50)
		for i := range rows {
			rows[i] = fmt.Sprintf("('s%d', %d, '', 0, 0, %d)", n, i, n%2+1)
		}
		c.db.MustExec("INSERT INTO wares (shop, number, name, sold_out, stock, section_id) VALUES " + strings.Join(rows, ", "))
	}
	c.db.MustExec("ANALYZE TABLE wares")
	c.pool.SetMaxOpenConns(1) // whose session tells
	reads := func() (n int) {
		rows, err := c.pool.Query("SHOW SESSION STATUS LIKE 'Handler_read%'")
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
	before := reads()
	idle := reads() - before
	r := store.DependentsRange{By: c.c.Entity("Wares").References[0], To: c.key("Sections", 2), Limit: 20}
	all := 0
	for n := 0; n == 0 || r.After != ""; n++ {
		before := reads()
		page, err := c.Dependents(c.ctx, r)
		require.NoError(t, err)
		require.Less(t, reads()-before-idle, 3*r.Limit, "page %d", n)
		all, r.After = all+len(page.Keys), page.Next
	}
	require.Equal(t, 1001, all)
}

// TestRenew: the keys have new versions and are dirty, also while the fence is closed,
// and not where another store leads.
func TestRenew(t *testing.T) {
	c := newCopying(t, shop)
	clean, dirty := c.key("Wares", "a", 1), c.key("Wares", "a", 2)
	c.write(c.set(clean, "stock", "1"), c.set(dirty, "stock", "1"))
	c.db.MustExec("UPDATE crossfade_change SET dirty = 0 WHERE id = 'a/1'")
	was := []store.Version{c.version(clean), c.version(dirty)}
	c.mark(store.Closed)
	require.NoError(t, c.Renew(c.ctx, []transform.Key{dirty, clean}))
	require.Greater(t, c.version(clean), was[0])
	require.Greater(t, c.version(dirty), was[1])
	page, err := c.Dirty(c.ctx, store.DirtyRange{Limit: 9})
	require.NoError(t, err)
	require.Len(t, page.Changes, 2)
	c.mark(store.GivenAway)
	require.ErrorIs(t, c.Renew(c.ctx, []transform.Key{clean}), store.ErrWrongPhase)

	require.False(t, c.KeepsCopies())
	copies, err := c.Copies(c.ctx, []transform.Key{clean})
	require.NoError(t, err)
	require.Nil(t, copies)
}
