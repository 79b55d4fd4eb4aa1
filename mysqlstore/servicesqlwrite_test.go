package mysqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// writing is what a test's Write does; plain is one statement that is right.
type writing func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change, plain func() error) error

// newServiced is a fixture whose users and tickets are written by SQL of the service's
// own. Each Write that is right leaves a line in the table audit, in its transaction.
func newServiced(t testing.TB, s setting, do writing) *fixture {
	t.Helper()
	s.own = func(c *transform.Contract) map[string]mysqlstore.SQL {
		all := plainSQL(c)
		for name, own := range all {
			plain := own.Write
			own.Write = func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change) error {
				if do == nil {
					return audited(ctx, tx, c, plain)
				}
				return do(ctx, tx, c, func() error { return audited(ctx, tx, c, plain) })
			}
			all[name] = own
		}
		return all
	}
	f := newFixture(t, s)
	f.db.MustExec("CREATE TABLE audit (n INT AUTO_INCREMENT PRIMARY KEY, line VARCHAR(200) NOT NULL) ENGINE=InnoDB")
	return f
}

// audited writes a line for what plain writes: what there was, and what there is.
func audited(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change, plain func(context.Context, sqlx.ExtContext, *mysqlstore.Change) error) error {
	if err := plain(ctx, tx, c); err != nil {
		return err
	}
	shown := func(rec transform.Record) string {
		if rec.IsZero() {
			return "none"
		}
		return rec.At(1).Text()
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO audit (line) VALUES (?)", c.Key.ID+": "+shown(c.Before)+" -> "+shown(c.After))
	return err
}

// lines returns the audit.
func (f *fixture) lines() []string {
	f.t.Helper()
	lines := []string{}
	require.NoError(f.t, f.db.Select(&lines, "SELECT line FROM audit ORDER BY n"))
	return lines
}

// eachCapture runs a test bare and captured.
func eachCapture(t *testing.T, do func(t *testing.T, bare bool)) {
	for _, bare := range []bool{true, false} {
		t.Run(fmt.Sprintf("bare=%t", bare), func(t *testing.T) { do(t, bare) })
	}
}

// TestServiceSQLIsUsed: every change goes through Write, which is told what there was
// and what there is to be, and what it writes beside commits with it or not at all.
func TestServiceSQLIsUsed(t *testing.T) {
	eachCapture(t, func(t *testing.T, bare bool) {
		f := newServiced(t, setting{bare: bare}, nil)
		one, two := f.user(1), f.user(2)
		f.write(f.create(one))
		f.write(f.update(one, "username", "ann"))
		f.write(f.update(one, "username", "ann")) // nothing to write
		f.write(f.put(two))
		f.write(f.put(two)) // nothing either
		f.write(f.update(two, "username", "bo"), f.remove(one))
		done := f.write(store.Mutation{Op: store.Create, Record: f.ticket(0, "a1")})
		require.Equal(t, "1", done.Rows[0].Key.ID)
		require.Equal(t, []string{"1: none -> user-1", "1: user-1 -> ann", "2: none -> user-2", "2: user-2 -> bo", "1: ann -> none", ": none -> a1"}, f.lines())
		require.False(t, f.row(one).Live)
		require.Equal(t, "bo", f.text(two, "username"))
		require.Equal(t, "a1", f.text(f.ticket(1, ""), "seat"))

		_, err := f.try(f.create(f.user(3)), f.create(two))
		refused(t, err, store.ErrExists)
		_, err = f.try(f.update(one, "username", "x"))
		refused(t, err, store.ErrNotFound)
		_, err = f.try(f.remove(one))
		refused(t, err, store.ErrNotFound)
		_, err = f.try(f.create(f.user(3)), store.Mutation{Op: store.Create, Record: f.ticket(0, "a1")})
		e := refused(t, err, store.ErrUnique)
		require.Equal(t, "seat", e.Field)
		require.Len(t, f.lines(), 6)
		require.False(t, f.row(f.user(3)).Live)
	})
}

// TestServiceSQLBelowTheFence: Write is not called where the fence lets nothing pass,
// and what it does comes after the fence's lock and the change record.
func TestServiceSQLBelowTheFence(t *testing.T) {
	eachCapture(t, func(t *testing.T, bare bool) {
		called := 0
		f := newServiced(t, setting{bare: bare}, func(_ context.Context, _ sqlx.ExtContext, _ *mysqlstore.Change, plain func() error) error {
			called++
			return plain()
		})
		f.write(f.put(f.user(1)))
		statements := f.hooks.seen()
		at := func(part string) int {
			for i, q := range statements {
				if strings.Contains(q, part) {
					return i
				}
			}
			t.Fatalf("no %s in %q", part, statements)
			return 0
		}
		require.Less(t, at("crossfade_fence f"), at("INSERT INTO `users`"))
		require.Equal(t, 1, called)
		f.at.Epoch++
		for _, m := range []store.Mutation{f.put(f.user(2)), f.create(f.user(2)), f.update(f.user(1), "username", "x"), f.remove(f.user(1)),
			{Op: store.Create, Record: f.ticket(0, "a1")}} {
			_, err := f.try(m)
			refused(t, err, store.ErrWrongPhase)
		}
		require.Equal(t, 1, called)
		require.Len(t, f.lines(), 1)
		_, err := f.store.Get(f.ctx, f.at, f.key(f.user(1)))
		require.ErrorIs(t, err, store.ErrWrongPhase)
	})
}

// TestServiceSQLStatements: what the library adds to the service's own statements, which
// are here one of Read and one of Write.
func TestServiceSQLStatements(t *testing.T) {
	count := func(bare bool, m func(f *fixture) store.Mutation) int {
		f := newFixture(t, setting{bare: bare, own: plainSQL})
		f.write(f.put(f.user(1)))
		f.hooks.reset(nil, nil)
		f.write(m(f))
		return len(f.hooks.seen())
	}
	update := func(f *fixture) store.Mutation { return f.update(f.user(1), "username", "x") }
	create := func(f *fixture) store.Mutation { return f.create(f.user(2)) }
	assign := func(f *fixture) store.Mutation {
		return store.Mutation{Op: store.Create, Record: f.ticket(0, "a1")}
	}
	// START, Read, fence, SAVEPOINT, Write, RELEASE, Read, COMMIT; an update locks the
	// row too, and one that is captured leaves its record in the fence's place.
	require.Equal(t, []int{8, 8, 9, 9}, []int{count(true, create), count(false, create), count(true, update), count(false, update)})
	// Nothing is there to read before, and the record comes after.
	require.Equal(t, []int{7, 8}, []int{count(true, assign), count(false, assign)})
}

var errQuota = errors.New("no more users")

// TestServiceSQLThatIsWrong: whatever a Write does otherwise than it was told, nothing
// of the write is there, and the error names entity and field.
func TestServiceSQLThatIsWrong(t *testing.T) {
	exec := func(ctx context.Context, tx sqlx.ExtContext, query string, args ...any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
	var kept sqlx.ExtContext
	for name, c := range map[string]struct {
		op    store.Op // Create unless said
		do    writing
		field string
		says  string
		kind  error // ErrInvalid unless said
	}{
		"writes another value": {field: "email", says: "left another value than the record has",
			do: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change, plain func() error) error {
				c.After.SetAt(2, transform.TextValue("x@example.com"))
				return plain()
			}},
		"forgets a column": {field: "email", says: "left another value",
			do: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change, _ func() error) error {
				return exec(ctx, tx, "INSERT INTO users (user_id, username) VALUES (?, ?)", c.Key.ID, c.After.At(1).Text())
			}},
		"updates nothing": {op: store.Update, field: "email", says: "left another value",
			do: func(context.Context, sqlx.ExtContext, *mysqlstore.Change, func() error) error { return nil }},
		"updates one column too many": {op: store.Update, field: "username", says: "left another value",
			do: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change, plain func() error) error {
				return errors.Join(plain(), exec(ctx, tx, "UPDATE users SET username = 'x' WHERE user_id = ?", c.Key.ID))
			}},
		"writes another key": {says: "left no record under the key",
			do: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change, plain func() error) error {
				c.After.SetAt(0, transform.IntValue(77))
				return plain()
			}},
		"deletes nothing": {op: store.Delete, says: "left a record that was to go",
			do: func(context.Context, sqlx.ExtContext, *mysqlstore.Change, func() error) error { return nil }},
		"deletes another key": {op: store.Delete, says: "left a record that was to go",
			do: func(ctx context.Context, tx sqlx.ExtContext, _ *mysqlstore.Change, _ func() error) error {
				return exec(ctx, tx, "DELETE FROM users WHERE user_id = 2")
			}},
		"swallows an error": {says: "email", kind: store.ErrUnique, field: "email",
			do: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change, plain func() error) error {
				_ = exec(ctx, tx, "INSERT INTO users (user_id, email) VALUES (99, 'user-2@example.com')")
				_ = plain()
				return nil
			}},
		"swallows the error of a query": {says: "the table is missing",
			do: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change, plain func() error) error {
				_ = tx.QueryRowxContext(ctx, "SELECT 1 FROM no_such_table").Err()
				_ = plain()
				return nil
			}},
		"has an error of its own": {says: "refused the record",
			do: func(_ context.Context, _ sqlx.ExtContext, _ *mysqlstore.Change, plain func() error) error {
				return errors.Join(plain(), fmt.Errorf("users: %w", errQuota))
			}},
		"commits": {says: "the transaction is the library's",
			do: func(ctx context.Context, tx sqlx.ExtContext, _ *mysqlstore.Change, plain func() error) error {
				return errors.Join(plain(), exec(ctx, tx, " commit"))
			}},
		"rolls back and says nothing": {says: "the transaction is the library's",
			do: func(ctx context.Context, tx sqlx.ExtContext, _ *mysqlstore.Change, plain func() error) error {
				_ = exec(ctx, tx, "ROLLBACK")
				_ = plain()
				return nil
			}},
		"begins another transaction": {says: "the transaction is the library's",
			do: func(ctx context.Context, tx sqlx.ExtContext, _ *mysqlstore.Change, plain func() error) error {
				_, err := tx.QueryContext(ctx, "START TRANSACTION")
				return errors.Join(err, plain())
			}},
		"goes on when it has returned": {says: "Read or Write has returned", op: store.Delete,
			do: func(ctx context.Context, _ sqlx.ExtContext, _ *mysqlstore.Change, _ func() error) error {
				_, err := kept.ExecContext(ctx, "DELETE FROM users")
				return err
			}},
	} {
		t.Run(name, func(t *testing.T) {
			eachCapture(t, func(t *testing.T, bare bool) {
				broken := false
				f := newServiced(t, setting{bare: bare}, func(ctx context.Context, tx sqlx.ExtContext, ch *mysqlstore.Change, plain func() error) error {
					if !broken {
						kept = tx
						return plain()
					}
					return c.do(ctx, tx, ch, plain)
				})
				one := f.user(1)
				f.write(f.put(f.user(2)))
				if c.op != 0 && c.op != store.Create {
					f.write(f.put(one))
				}
				f.clean()
				before := f.dump()
				broken = true
				m := f.create(one)
				switch c.op {
				case store.Update:
					m = f.update(one, "email", "new@example.com")
				case store.Delete:
					m = f.remove(one)
				}
				// Beside a mutation that is right, of an entity of the library's own.
				_, err := f.try(m, store.Mutation{Op: store.Check, Key: f.key(f.user(9)), Expect: &store.Row{}})
				kind := c.kind
				if kind == nil {
					kind = store.ErrInvalid
				}
				e := refused(t, err, kind)
				require.Equal(t, "Users", e.Entity)
				require.Equal(t, c.field, e.Field)
				require.ErrorContains(t, err, c.says)
				require.Equal(t, before, f.dump(), "nothing of it is there")
				if name == "has an error of its own" {
					require.ErrorIs(t, err, errQuota)
				}
				broken = false
				f.write(f.put(f.user(3))) // the connection is as it was
			})
		})
	}
}

// TestServiceSQLAssignsAnID: a Write that sets no id, or that of another row, is found.
func TestServiceSQLAssignsAnID(t *testing.T) {
	eachCapture(t, func(t *testing.T, bare bool) {
		id := int64(0)
		f := newServiced(t, setting{bare: bare}, func(_ context.Context, _ sqlx.ExtContext, c *mysqlstore.Change, plain func() error) error {
			err := plain()
			if id >= 0 {
				c.AssignedID = id
			}
			return err
		})
		f.db.MustExec("INSERT INTO tickets (ticket_id, seat) VALUES (7, 'z9')")
		for _, id = range []int64{0, 7, 100} {
			_, err := f.try(store.Mutation{Op: store.Create, Record: f.ticket(0, "a1")})
			e := refused(t, err, store.ErrInvalid)
			require.Equal(t, "Tickets", e.Entity)
			require.Empty(t, f.lines())
		}
		id = -1
		f.write(store.Mutation{Op: store.Create, Record: f.ticket(0, "a1")})
		require.Len(t, f.lines(), 1)
	})
}

// TestServiceSQLThatEndsTheTransaction: where a statement of a Write commits or rolls
// back without saying so, the outcome is unknown, and under capture the key is dirty
// whatever became of it.
func TestServiceSQLThatEndsTheTransaction(t *testing.T) {
	for name, calls := range map[string][]string{
		"commits":                    {"CALL ends_it(1)"},
		"commits, and begins anew":   {"CALL ends_it(2)"},
		"rolls back":                 {"CALL ends_it(3)"},
		"commits in passing":         {"CREATE TABLE in_passing (n INT)"},
		"commits, and fails later":   {"CALL ends_it(1)", "INSERT INTO users (user_id) VALUES (2)"},
		"rolls back and fails later": {"CALL ends_it(3)", "SELECT nothing"},
	} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, first=%t", name, first), func(t *testing.T) {
				enginetest.NeedsRealMySQL(t, "has procedures that end a transaction")
				broken := false
				f := newServiced(t, setting{}, func(ctx context.Context, tx sqlx.ExtContext, _ *mysqlstore.Change, plain func() error) error {
					if !broken {
						return plain()
					}
					var err error
					if !first {
						err = plain()
					}
					for _, call := range calls {
						_, failed := tx.ExecContext(ctx, call)
						err = errors.Join(err, failed)
					}
					if first && err == nil {
						err = plain() // commits by itself
					}
					return err
				})
				f.db.MustExec("CREATE PROCEDURE ends_it(how INT) BEGIN IF how = 3 THEN ROLLBACK; ELSE COMMIT; END IF; IF how = 2 THEN START TRANSACTION; END IF; END")
				f.write(f.put(f.user(2)))
				f.clean()
				broken = true
				_, err := f.try(f.put(f.user(1)))
				require.ErrorIs(t, err, store.ErrInvalid)
				require.ErrorContains(t, err, "ended the transaction")
				var e *store.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, store.Unknown, e.Outcome)
				row := f.row(f.user(1))
				require.True(t, row.Dirty && row.Version > 0, "the follower learns what became of it: %v", row)
				broken = false
				f.write(f.put(f.user(3)))
			})
		}
	}
}

// TestServiceSQLLocksTheRow: an update reads what others have written before it could
// have the row.
func TestServiceSQLLocksTheRow(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	eachCapture(t, func(t *testing.T, bare bool) {
		f := newServiced(t, setting{bare: bare}, nil)
		one := f.shelf("a", 1, 0)
		f.write(f.create(one))
		other, err := f.db.Beginx()
		require.NoError(t, err)
		defer other.Rollback()
		other.MustExec("UPDATE stock SET quantity = 10")
		done := make(chan error, 1)
		go func() {
			_, err := f.try(f.increment(one))
			done <- err
		}()
		f.waits(1)
		require.NoError(t, other.Commit())
		require.NoError(t, <-done)
		require.Equal(t, "11", f.text(one, "quantity"))
	})
}
