package mysqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// newFollower is a fixture whose store was given away, with f.at as refreshes
// carry it.
func newFollower(t testing.TB, s setting) *fixture {
	t.Helper()
	f := newFixture(t, s)
	f.mark(store.GivenAway)
	f.at = store.At{Epoch: f.at.Epoch}
	return f
}

func (f *fixture) live(rec transform.Record, v store.Version) store.Row {
	f.t.Helper()
	return store.Row{Key: f.key(rec), Version: v, Live: true, Record: rec}
}

func (f *fixture) dead(rec transform.Record, v store.Version) store.Row {
	f.t.Helper()
	return store.Row{Key: f.key(rec), Version: v}
}

// follow puts a row and requires that it took effect.
func (f *fixture) follow(row store.Row) {
	f.t.Helper()
	took, err := f.store.Put(f.ctx, f.at, row)
	require.NoError(f.t, err)
	require.True(f.t, took)
}

// contents returns all that a follower's put could change.
func (f *fixture) contents() []string {
	f.t.Helper()
	var tickets []string
	require.NoError(f.t, f.db.Select(&tickets, "SELECT CONCAT_WS(' ', ticket_id, seat, grade, changed_at) FROM tickets ORDER BY ticket_id"))
	return append(f.dump(), tickets...)
}

// Nothing lands in MySQL but under the epoch of the authority that it was given
// away to, and nothing while it is sealed.
func TestFollowerNeedsTheFence(t *testing.T) {
	f := newFixture(t, setting{})
	there := f.user(1)
	f.write(f.create(there))
	attempts := func(at store.At) map[string]error {
		_, put := f.store.Put(f.ctx, at, f.live(f.user(2), 1<<60))
		_, over := f.store.Put(f.ctx, at, f.live(f.user(1), 1<<60))
		_, old := f.store.Put(f.ctx, at, f.live(f.user(1), 1))
		_, dead := f.store.Put(f.ctx, at, f.dead(there, 1<<60))
		return map[string]error{"put": put, "put over a row": over, "put of an old version": old, "tombstone": dead,
			"together": f.store.PutTogether(f.ctx, at, []store.Row{f.live(f.user(2), 1<<60), f.dead(there, 1<<60)})}
	}
	refuse := func(at store.At, why string) {
		t.Helper()
		before := f.contents()
		for name, err := range attempts(at) {
			refused(t, err, store.ErrWrongPhase)
			require.Equal(t, before, f.contents(), "%s: %s", why, name)
		}
	}
	bulk := func(why string) {
		t.Helper()
		before := f.contents()
		_, err := f.store.Insert(f.ctx, []store.Row{f.live(f.user(2), 0)})
		refused(t, err, store.ErrWrongPhase)
		refused(t, f.store.Keep(f.ctx, []store.Token{{Token: "t", Created: time.Now()}}), store.ErrWrongPhase)
		require.Equal(t, before, f.contents(), why)
	}
	refuse(f.at, "open")
	bulk("open")
	f.mark(store.Closed)
	refuse(f.at, "closed")
	bulk("closed")
	old := f.at
	f.mark(store.GivenAway)
	refuse(old, "the epoch before")
	refuse(store.At{Epoch: f.at.Epoch + 1}, "the epoch after")
	refuse(store.At{}, "no epoch")
	f.mark(store.Sealed)
	refuse(f.at, "sealed")
	bulk("sealed")
	f.mark(store.GivenAway)
	f.follow(f.dead(there, 1<<60))
}

// A put that waits for a fence which is being sealed lands before or not at all.
func TestPutHoldsTheFence(t *testing.T) {
	f := newFollower(t, setting{})
	commits := 0
	f.hooks.reset(func(_ int, query string) bool {
		if query == "COMMIT" {
			commits++
			require.False(t, f.fenceIsFree(), "the fence is locked at COMMIT")
		}
		return false
	}, nil)
	f.follow(f.live(f.user(1), 1))
	require.NoError(t, f.store.PutTogether(f.ctx, f.at, []store.Row{f.live(f.user(2), 1), f.dead(f.user(3), 1)}))
	_, err := f.store.Insert(f.ctx, []store.Row{f.live(f.user(4), 0)})
	require.NoError(t, err)
	require.NoError(t, f.store.Keep(f.ctx, []store.Token{{Token: "t", Created: time.Now()}}))
	require.Equal(t, 4, commits)
	f.hooks.reset(nil, nil)

	sealing := f.db.MustBegin()
	defer sealing.Rollback()
	sealing.MustExec("UPDATE crossfade_fence SET state = 'sealed'")
	before, done := f.contents(), make(chan error)
	go func() { _, err := f.store.Put(f.ctx, f.at, f.live(f.user(9), 9)); done <- err }()
	f.waits(1)
	require.NoError(t, sealing.Commit())
	refused(t, <-done, store.ErrWrongPhase)
	require.Equal(t, before, f.contents())
}

// The version guard is the key's change record, which the authority's own
// versions begin from.
func TestPutOverTheAuthoritysVersions(t *testing.T) {
	f := newFixture(t, setting{})
	rec := f.user(1)
	version := f.write(f.create(rec)).Rows[0].Version
	f.mark(store.GivenAway)
	for _, v := range []store.Version{0, 1, version - 1, version} {
		took, err := f.store.Put(f.ctx, f.at, f.live(f.user(1), v))
		require.NoError(t, err)
		require.False(t, took, "version %d", v)
	}
	require.True(t, f.row(rec).Dirty, "a put that is too old cleans nothing")
	renamed := f.user(1)
	f.set(renamed, "username", transform.TextValue("newer"))
	f.follow(f.live(renamed, version+1))
	row := f.row(rec)
	require.Equal(t, version+1, row.Version)
	require.False(t, row.Dirty)
	require.Equal(t, "newer", f.text(rec, "username"))
	f.mark(store.Open)
	f.at.Captured = true
	require.Greater(t, f.write(f.update(rec, "username", "back")).Rows[0].Version, version+1)
}

// What is put is what is there: ids, and columns that MySQL would fill, update
// or compute by itself.
func TestPutStoresWhatItIsGiven(t *testing.T) {
	f := newFollower(t, setting{params: "sql_mode=%27%27"})
	f.db.MustExec("ALTER TABLE tickets ADD COLUMN twice INT AS (grade * 2) STORED")
	zero := f.ticket(1, "0A")
	f.set(zero, "ticket_id", transform.IntValue(0))
	for i, rec := range []transform.Record{zero, f.ticket(7, "1A"), f.ticket(5, "1B")} {
		f.follow(f.live(rec, 1))
		require.True(t, rec.Equal(f.row(rec).Record))
		again := rec.Clone()
		f.set(again, "grade", transform.IntValue(int64(10+i)))
		f.follow(f.live(again, 2))
		require.True(t, again.Equal(f.row(rec).Record), "changed_at is put, and not set again")
		f.follow(f.live(again, 3))
		same := f.ticket(9, "9")
		f.set(same, "seat", transform.Value{})
		f.set(same, "grade", transform.Value{})
		f.set(same, "ticket_id", rec.At(0))
		require.NoError(t, f.store.PutTogether(f.ctx, f.at, []store.Row{f.live(same, 4)}))
		require.True(t, same.Equal(f.row(rec).Record))
	}
	inserted := f.ticket(1, "1C")
	errs, err := f.store.Insert(f.ctx, []store.Row{f.live(inserted, 0)})
	require.NoError(t, errors.Join(append(errs, err)...))
	require.True(t, inserted.Equal(f.row(inserted).Record))
	var twice int
	require.NoError(t, f.db.Get(&twice, "SELECT twice FROM tickets WHERE ticket_id = 1"))
	require.Equal(t, 6, twice)
}

// A value that does not fit is refused, whatever the service's sessions do with
// it.
func TestPutRefusesWhatDoesNotFit(t *testing.T) {
	f := newFollower(t, setting{params: "sql_mode=%27%27"})
	long := f.user(1)
	f.set(long, "username", transform.TextValue(strings.Repeat("x", 61)))
	before := f.contents()
	_, err := f.store.Put(f.ctx, f.at, f.live(long, 1))
	require.Equal(t, "username", refused(t, err, store.ErrInvalid).Field)
	require.Equal(t, "username", refused(t, f.store.PutTogether(f.ctx, f.at, []store.Row{f.live(long, 1)}), store.ErrInvalid).Field)
	errs, err := f.store.Insert(f.ctx, []store.Row{f.live(long, 0), f.live(f.user(2), 0)})
	require.NoError(t, err)
	refused(t, errs[0], store.ErrInvalid)
	require.NoError(t, errs[1])
	f.db.MustExec("DELETE FROM users")
	require.Equal(t, before, f.contents())
	for name, row := range map[string]store.Row{
		"no entity":        {Key: transform.Key{Entity: "Orders", ID: "1"}, Version: 1},
		"no key":           {Key: transform.Key{Entity: "Users", ID: "x"}, Version: 1},
		"no record":        {Key: f.key(f.user(1)), Version: 1, Live: true},
		"of another key":   {Key: f.key(f.user(1)), Version: 1, Live: true, Record: f.user(2)},
		"of another table": {Key: f.key(f.user(1)), Version: 1, Live: true, Record: f.ticket(1, "1A")},
	} {
		_, err := f.store.Put(f.ctx, f.at, row)
		require.Error(t, err, name)
		refused(t, err, store.ErrInvalid)
	}
	refused(t, f.store.PutTogether(f.ctx, f.at, []store.Row{f.live(f.user(1), 1), f.dead(f.user(1), 2)}), store.ErrInvalid)
}

// Rows come in any order, also those that refer to each other, and one that is
// replaced takes nothing with it.
func TestPutChecksNoForeignKeys(t *testing.T) {
	f := newFollower(t, setting{})
	f.db.MustExec("ALTER TABLE tickets ADD CONSTRAINT owned FOREIGN KEY (grade) REFERENCES users (user_id) ON DELETE CASCADE")
	f.follow(f.live(f.ticket(1, "1A"), 1)) // of user 3, who is not there yet
	f.follow(f.live(f.user(3), 1))
	require.NoError(t, f.store.PutTogether(f.ctx, f.at, []store.Row{f.live(f.user(3), 2)}))
	require.Equal(t, []string{"1 1A"}, f.seatsThere())
	f.follow(f.dead(f.user(3), 3))
	require.Equal(t, []string{"1 1A"}, f.seatsThere())
	errs, err := f.store.Insert(f.ctx, []store.Row{f.live(f.ticket(2, "1B"), 0)})
	require.NoError(t, errors.Join(append(errs, err)...))
}

// The service's own statements on the same connections are checked as before,
// also after puts that failed.
func TestFollowerLeavesSessionsAsTheyWere(t *testing.T) {
	f := newFollower(t, setting{})
	db, h := openHooked(t, withParams(f.dsn, "sql_mode=%27ANSI%27"))
	db.SetMaxOpenConns(1)
	s := f.storeOn(db)
	session := func() (line string) {
		require.NoError(t, db.Get(&line, "SELECT CONCAT_WS(' ', @@SESSION.foreign_key_checks + 0, @@SESSION.sql_mode, CONNECTION_ID())"))
		return line
	}
	want := session()
	require.Regexp(t, "^1 .*ANSI", want)
	clash := f.user(2)
	f.set(clash, "email", transform.TextValue("user-1@example.com"))
	for _, c := range []struct {
		name string
		kind error
		do   func() error
	}{
		{"put", nil, func() error { _, err := s.Put(f.ctx, f.at, f.live(f.user(1), 1)); return err }},
		{"put of old", nil, func() error { _, err := s.Put(f.ctx, f.at, f.live(f.user(1), 0)); return err }},
		{"together", nil, func() error { return s.PutTogether(f.ctx, f.at, []store.Row{f.live(f.user(3), 1)}) }},
		{"insert", nil, func() error { _, err := s.Insert(f.ctx, []store.Row{f.live(f.user(4), 0)}); return err }},
		{"wrong phase", store.ErrWrongPhase, func() error { _, err := s.Put(f.ctx, store.At{Epoch: 1}, f.live(f.user(1), 9)); return err }},
		{"unique", store.ErrUnique, func() error { _, err := s.Put(f.ctx, f.at, f.live(clash, 1)); return err }},
	} {
		require.ErrorIs(t, c.do(), c.kind, c.name)
		require.Equal(t, want, session(), c.name)
	}
	// A connection that can't be made as it was is ended.
	h.reset(func(_ int, query string) bool {
		return strings.HasPrefix(query, "SET @@SESSION.foreign_key_checks = @")
	}, nil)
	took, err := s.Put(f.ctx, f.at, f.live(f.user(1), 5))
	require.NoError(t, err)
	require.True(t, took)
	h.reset(nil, nil)
	require.NotEqual(t, want, session())
	require.Regexp(t, "^1 .*ANSI", session())
}

// A unique value that another row holds is told with that row's key.
func TestUniqueTakenInTheFollower(t *testing.T) {
	f := newFollower(t, setting{})
	one, two := f.user(1), f.user(2)
	f.follow(f.live(one, 1))
	f.follow(f.live(two, 1))
	before := f.contents()
	for column, holder := range map[string]transform.Record{"username": one, "email": one} {
		stolen, fresh := two.Clone(), f.user(3)
		value, _ := one.Get(column)
		f.set(stolen, column, value)
		f.set(fresh, column, transform.TextValue(strings.ToUpper(value.Text()))) // equal by the collation
		for name, rec := range map[string]transform.Record{"over a row": stolen, "a new row": fresh} {
			_, err := f.store.Put(f.ctx, f.at, f.live(rec, 9))
			e := refused(t, err, store.ErrUnique)
			require.Equal(t, column, e.Field, name)
			require.Equal(t, f.key(holder), e.Holder, name)
			e = refused(t, f.store.PutTogether(f.ctx, f.at, []store.Row{f.live(rec, 9)}), store.ErrUnique)
			require.Equal(t, f.key(holder), e.Holder, name)
			require.NotContains(t, err.Error(), f.key(holder).ID+"@", "no content of a row")
		}
		errs, err := f.store.Insert(f.ctx, []store.Row{f.live(fresh, 0), f.live(f.shelf("p", 1, 1), 0)})
		require.NoError(t, err)
		require.Equal(t, f.key(holder), refused(t, errs[0], store.ErrUnique).Holder)
		require.NoError(t, errs[1])
		require.Equal(t, before, f.contents(), "nothing of a put that failed is left, its version neither")
	}
}

// A key that the column's collation takes for another row's is that row's until
// it goes.
func TestKeyTakenInTheFollower(t *testing.T) {
	f := newFollower(t, setting{})
	f.db.MustExec("ALTER TABLE stock MODIFY place VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL")
	lower, upper := f.shelf("a", 1, 1), f.shelf("A", 1, 2)
	f.follow(f.live(lower, 1))
	_, err := f.store.Put(f.ctx, f.at, f.live(upper, 1))
	require.Equal(t, f.key(lower), refused(t, err, store.ErrUnique).Holder)
	f.follow(f.dead(upper, 2))
	require.True(t, f.row(lower).Live, "a delete of the other key leaves the row")
	_, err = f.store.Put(f.ctx, f.at, f.live(upper, 3))
	require.Equal(t, f.key(lower), refused(t, err, store.ErrUnique).Holder, "and so does a put, whatever came before")
	require.Equal(t, "1", f.text(lower, "quantity"))
	require.NoError(t, f.store.PutTogether(f.ctx, f.at, []store.Row{f.live(upper, 3), f.dead(lower, 2)}))
	require.True(t, f.row(upper).Live)
	require.False(t, f.row(lower).Live)
}

// Keys exchange unique values in one transaction, and what is not newer stays.
func TestPutTogetherSwaps(t *testing.T) {
	f := newFollower(t, setting{})
	seats := []string{"1A", "1B", "1C"}
	var rows []store.Row
	for i, seat := range seats {
		f.follow(f.live(f.ticket(int64(i+1), seat), 5))
		rows = append(rows, f.live(f.ticket(int64(i+1), seats[(i+1)%3]), 6))
	}
	_, err := f.store.Put(f.ctx, f.at, rows[0])
	require.Equal(t, rows[1].Key, refused(t, err, store.ErrUnique).Holder)
	require.NoError(t, f.store.PutTogether(f.ctx, f.at, []store.Row{rows[2], rows[0], rows[1], f.dead(f.ticket(4, ""), 1)}))
	require.Equal(t, []string{"1 1B", "2 1C", "3 1A"}, f.seatsThere())

	mixed := []store.Row{f.live(f.ticket(1, "2A"), 7), f.live(f.ticket(2, "2B"), 6), f.dead(f.ticket(3, ""), 5), f.live(f.ticket(4, "1A"), 1)}
	require.NoError(t, f.store.PutTogether(f.ctx, f.at, mixed))
	require.Equal(t, []string{"1 2A", "2 1C", "3 1A"}, f.seatsThere(), "of each key the newest")
	require.EqualValues(t, 7, f.row(f.ticket(1, "")).Version)
	require.EqualValues(t, 6, f.row(f.ticket(2, "")).Version)
	require.NoError(t, f.store.PutTogether(f.ctx, f.at, mixed), "again changes nothing")
	require.NoError(t, f.store.PutTogether(f.ctx, f.at, nil))
	require.Equal(t, []string{"1 2A", "2 1C", "3 1A"}, f.seatsThere())
}

// Refreshes of many keys at once, in any order, end with the newest of each.
func TestPutsAtOnce(t *testing.T) {
	f := newFollower(t, setting{})
	other, _ := f.open("", nil)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			for n := range 12 {
				s := []interface {
					Put(context.Context, store.At, store.Row) (bool, error)
				}{f.store, other}[i%2]
				rec := f.shelf("new", uint64(n), int64(i))
				_, err := s.Put(f.ctx, f.at, f.live(rec, store.Version(1+(i*7+n)%8)))
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	for n := range 12 {
		row := f.row(f.shelf("new", uint64(n), 0))
		require.EqualValues(t, 8, row.Version)
		quantity, _ := row.Record.Get("quantity")
		i, _ := quantity.Int()
		require.EqualValues(t, 7, (int(i)*7+n)%8)
	}
}

// Whatever happens at any statement of a put: row and version change together,
// and the error says what became of it.
func TestPutWithFaultAtEveryStatement(t *testing.T) {
	f := newFollower(t, setting{})
	for name, put := range map[string]func(ctx context.Context, row store.Row) error{
		"put": func(ctx context.Context, row store.Row) error { _, err := f.store.Put(ctx, f.at, row); return err },
		"together": func(ctx context.Context, row store.Row) error {
			return f.store.PutTogether(ctx, f.at, []store.Row{row})
		},
	} {
		for _, before := range []store.Version{0, 1} {
			t.Run(fmt.Sprint(name, before), func(t *testing.T) {
				f.sweep(t, func(t *testing.T, ctx context.Context, run int) {
					rec := f.shelf(fmt.Sprint(name, before), uint64(run), 1)
					if before > 0 {
						seed(t, f.db, rec)
						f.db.MustExec("INSERT INTO crossfade_change VALUES ('default', 'Stock', ?, 1, 0, UTC_TIMESTAMP(6))", f.key(rec).ID)
					}
					changed := rec.Clone()
					f.set(changed, "quantity", transform.IntValue(2))
					err := put(ctx, f.live(changed, 9))
					f.hooks.reset(nil, nil)
					require.Eventually(t, f.fenceIsFree, 30*time.Second, 5*time.Millisecond)
					row := f.row(rec)
					landed := row.Live && f.text(rec, "quantity") == "2"
					require.Equal(t, landed, row.Version == 9, "row and version")
					if !landed {
						require.Equal(t, before, row.Version)
					}
					switch {
					case err == nil:
						require.True(t, landed)
					case store.OutcomeOf(err) == store.NotApplied:
						require.False(t, landed, "%v", err)
					}
				})
			})
		}
	}
}
