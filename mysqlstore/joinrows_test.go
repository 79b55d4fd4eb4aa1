package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// TestJoinedRows: what the transaction leaves at its keys, and nobody else sees yet, in
// the order in which it is asked for. One statement reads it, and the commit does not
// look at the change records twice.
func TestJoinedRows(t *testing.T) {
	for own, all := range map[string]func(*transform.Contract) map[string]mysqlstore.SQL{"the library's SQL": nil, "the service's own": plainSQL} {
		t.Run(own, func(t *testing.T) {
			eachCapture(t, func(t *testing.T, bare bool) {
				f := newFixture(t, setting{bare: bare, own: all})
				changed, gone, same, made, nothing := f.user(1), f.user(2), f.user(3), f.user(4), f.user(5)
				shelf := f.shelf("a", 7, 1)
				for _, rec := range []transform.Record{changed, gone, same, shelf} {
					f.prepare(rec)
				}
				tx := f.begin()
				joining, _ := f.join(tx, gone, nothing, made, same, shelf, changed)
				require.NoError(t, rename(f.ctx, tx, 1))
				for _, statement := range []string{"DELETE FROM users WHERE user_id = 2",
					"INSERT INTO users (user_id, username, email) VALUES (4, 'user-4', 'user-4@example.com')",
					"UPDATE stock SET quantity = 5"} {
					_, err := tx.Exec(statement)
					require.NoError(t, err)
				}
				f.hooks.reset(nil, nil)
				asked := f.keys(shelf, made, nothing, changed, same, gone)
				rows, err := joining.Rows(f.ctx, asked)
				require.NoError(t, err)
				f.set(changed, "username", transform.TextValue("changed-1"))
				f.set(shelf, "quantity", transform.IntValue(5))
				want := map[transform.Key]transform.Record{f.key(shelf): shelf, f.key(made): made, f.key(changed): changed, f.key(same): same}
				for i, row := range rows {
					rec, there := want[asked[i]]
					require.Equal(t, asked[i], row.Key)
					require.NoError(t, row.Err)
					require.Equal(t, there, row.Live)
					require.True(t, row.Record.Equal(rec), "%v", row.Key)
				}
				require.Equal(t, "user-1", f.text(changed, "username"), "nothing is committed")
				require.NoError(t, joining.Commit(f.ctx))
				statements := []string{"RELEASE", "SELECT", "SELECT", "COMMIT"}
				if bare {
					statements = statements[1:]
				}
				require.Equal(t, statements, firstWords(f.hooks.seen()), "change records, users, stock")
				require.Equal(t, "changed-1", f.text(changed, "username"))
			})
		})
	}
}

// TestJoinedRowsThatCanNotBeRead: such a row does not hide the others, and what its error
// is about is the caller's to judge.
func TestJoinedRowsThatCanNotBeRead(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "stores the date 0000-00-00 where its sql_mode lets it")
	eachCapture(t, func(t *testing.T, bare bool) {
		f := newFixture(t, setting{bare: bare, params: "sql_mode=%27%27"})
		f.prepare(f.user(1))
		f.prepare(f.user(2))
		tx := f.begin()
		joining, _ := f.join(tx, f.user(1), f.user(2))
		tx.MustExec("UPDATE users SET registration_date = '0000-00-00' WHERE user_id = 1")
		rows, err := joining.Rows(f.ctx, f.keys(f.user(1), f.user(2)))
		require.NoError(t, err)
		var fault *transform.ValueError
		require.ErrorAs(t, rows[0].Err, &fault)
		require.Equal(t, "registration_date", fault.Column)
		require.True(t, rows[0].Live)
		require.True(t, rows[0].Record.IsZero())
		require.True(t, rows[1].Record.Equal(f.user(2)))
		require.NoError(t, joining.Commit(f.ctx))
	})
}

// TestJoinedRowsTakenBack: a transaction that lost its change records is refused as by
// Commit, and what has committed by itself is brought to the follower.
func TestJoinedRowsTakenBack(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "rolls back by a statement")
	f := newFixture(t, setting{})
	was := f.prepare(f.user(1))
	tx := f.begin()
	joining, _ := f.join(tx, f.user(1))
	tx.MustExec("ROLLBACK") // as a deadlock does
	require.NoError(t, rename(f.ctx, tx, 1))
	_, err := joining.Rows(f.ctx, f.keys(f.user(1)))
	require.ErrorIs(t, err, store.ErrInvalid)
	require.Equal(t, store.Unknown, store.OutcomeOf(err))
	row := f.row(f.user(1))
	require.True(t, row.Dirty)
	require.Greater(t, row.Version, was)
	require.True(t, f.fenceIsFree())
	require.Zero(t, f.pool.Stats().InUse)
}

// TestJoinedRowsTakenBackAfterwards: what is named after Rows is looked for by Commit.
func TestJoinedRowsTakenBackAfterwards(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has savepoints")
	f := newFixture(t, setting{})
	tx := f.begin()
	joining, _ := f.join(tx, f.user(1))
	_, err := joining.Rows(f.ctx, f.keys(f.user(1)))
	require.NoError(t, err)
	tx.MustExec("SAVEPOINT mine")
	_, err = joining.Record(f.ctx, f.at, f.keys(f.user(2)))
	require.NoError(t, err)
	tx.MustExec("ROLLBACK TO SAVEPOINT mine")
	require.ErrorContains(t, joining.Commit(f.ctx), "rolled the transaction back")

	// Nor does it hide that what was named before Rows is gone.
	tx = f.begin()
	joining, _ = f.join(tx, f.user(1))
	_, err = joining.Rows(f.ctx, f.keys(f.user(1)))
	require.NoError(t, err)
	tx.MustExec("ROLLBACK")
	tx.MustExec("START TRANSACTION")
	_, err = joining.Record(f.ctx, f.at, f.keys(f.user(2)))
	require.NoError(t, err)
	require.ErrorContains(t, joining.Commit(f.ctx), "rolled the transaction back")
}

// TestJoinedRowsOfOtherTables: rows of other tables that are part of a record are those
// that it has at the commit, also what came after the transaction had first read.
func TestJoinedRowsOfOtherTables(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "reads from a snapshot")
	o := newOrders(t)
	from, err := o.store.Phase(t.Context())
	require.NoError(t, err)
	to := from
	to.Epoch++
	to.Capture, to.CaptureEpoch = true, to.Epoch
	require.NoError(t, o.store.Advance(t.Context(), from, to, entry))
	o.at = store.At{Epoch: to.Epoch, Captured: true}
	o.create(1, `[{"product":"a"}]`)

	tx, err := o.db.Beginx()
	require.NoError(t, err)
	defer tx.Rollback()
	var n int
	require.NoError(t, tx.Get(&n, "SELECT COUNT(*) FROM orders"))
	o.db.MustExec("INSERT INTO order_lines (order_id, product) VALUES (1, 'b')")
	joining := o.store.Joining(tx)
	_, err = joining.Record(t.Context(), o.at, []transform.Key{o.key(1)})
	require.NoError(t, err)
	tx.MustExec("INSERT INTO order_lines (order_id, product) VALUES (1, 'c')")
	rows, err := joining.Rows(t.Context(), []transform.Key{o.key(1)})
	require.NoError(t, err)
	lines, err := rows[0].Record.Entity().Children()[0].Of(rows[0].Record)
	require.NoError(t, err)
	require.Len(t, lines, 3)
	require.NoError(t, joining.Commit(t.Context()))
}
