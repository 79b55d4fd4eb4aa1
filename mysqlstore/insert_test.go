package mysqlstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

// A delete that is refreshed between a backfill's look and its insert must not
// be undone: the refresh waits, or the insert sees it.
func TestInsertBesideADelete(t *testing.T) {
	for _, level := range []string{"READ-COMMITTED", "REPEATABLE-READ"} {
		f := newFollower(t, setting{params: isolated(t, level)})
		other, _ := f.open("", nil)
		rec, done := f.user(1), make(chan error, 1)
		asked, waits := false, false
		f.hooks.reset(nil, func(_ int, query string) bool {
			if len(query) > 20 && query[:20] == "SELECT id FROM cross" && !asked {
				asked = true
				go func() { _, err := other.Put(f.ctx, f.at, f.dead(rec, 5)); done <- err }()
				for deadline := time.Now().Add(30 * time.Second); !waits && time.Now().Before(deadline); {
					time.Sleep(120 * time.Millisecond) // a failure in here would leave the connection in use
					waits = f.waiting() == 1
				}
			}
			return false
		})
		errs, err := f.store.Insert(f.ctx, []store.Row{f.live(rec, 0)})
		require.NoError(t, errors.Join(append(errs, err)...))
		require.NoError(t, <-done)
		require.True(t, asked && waits, "the refresh waits for the insert")
		row := f.row(rec)
		require.False(t, row.Live, "deleted, and not back")
		require.EqualValues(t, 5, row.Version)
		require.True(t, row.Tombstone)
	}
}

// One row that can't be stored does not keep the others of its statement out,
// and rows that came from elsewhere stay.
func TestInsertOneByOne(t *testing.T) {
	f := newFollower(t, setting{})
	f.db.MustExec("INSERT INTO tickets (ticket_id, seat, grade) VALUES (2, 'there', 1), (9, 'taken', 1)")
	rows := []store.Row{f.live(f.ticket(1, "1A"), 0), f.live(f.ticket(2, "1B"), 0), f.live(f.ticket(3, "taken"), 0),
		f.dead(f.ticket(4, ""), 0), f.live(f.ticket(5, "1C"), 0), f.live(f.ticket(5, "1D"), 0)}
	errs, err := f.store.Insert(f.ctx, rows)
	require.NoError(t, err)
	for i, err := range errs {
		if i == 2 {
			e := refused(t, err, store.ErrUnique)
			require.Equal(t, "insert", e.Op)
			require.Equal(t, f.key(f.ticket(9, "")), e.Holder)
			continue
		}
		require.NoError(t, err, "row %d", i)
	}
	require.Equal(t, []string{"1 1A", "2 there", "5 1C", "9 taken"}, f.seatsThere())
	var records int
	require.NoError(t, f.db.Get(&records, "SELECT COUNT(*) FROM crossfade_change"))
	require.Zero(t, records, "a backfill leaves no change records")
}

// The one row of several that no refresh has put, and that is there: it is found to be,
// and not inserted again and again for as long as a conflict is worth.
func TestInsertOfOneThatIsThere(t *testing.T) {
	f := newFollower(t, setting{})
	f.db.MustExec("INSERT INTO tickets (ticket_id, seat, grade) VALUES (1, 'there', 1)")
	took, err := f.store.Put(f.ctx, f.at, f.live(f.ticket(2, "2A"), 5))
	require.NoError(t, err)
	require.True(t, took)
	f.hooks.reset(nil, nil)
	errs, err := f.store.Insert(f.ctx, []store.Row{f.live(f.ticket(1, "1A"), 0), f.live(f.ticket(2, "2B"), 0)})
	require.NoError(t, errors.Join(append(errs, err)...))
	require.Equal(t, []string{"1 there", "2 2A"}, f.seatsThere())
	begun := 0
	for _, query := range f.hooks.seen() {
		if strings.HasPrefix(query, "START TRANSACTION") {
			begun++
		}
	}
	require.Equal(t, 1, begun, "transactions")
}
