package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// LastID returns the highest id that the AUTO_INCREMENT of an entity's table
// has given or would not give any more, 0 if none. Rows that were deleted count,
// and those of transactions that were rolled back.
func (s *Store) LastID(ctx context.Context, e *transform.Entity) (int64, error) {
	if fault := checkSequence(e); fault != "" {
		return 0, s.invalid("last id", e.Name, "", fault, store.NoWrite)
	}
	last := int64(0)
	err := s.aside(ctx, func(conn *sqlx.Conn) (err error) {
		last, err = lastID(ctx, conn, e)
		return err
	})
	return last, s.wrap("last id", e, store.NoWrite, err)
}

func checkSequence(e *transform.Entity) string {
	if e.Sequence < 0 {
		return "the entity has no sequence"
	}
	return ""
}

// RaiseID makes AUTO_INCREMENT go on above id, by an ALTER TABLE that rebuilds
// nothing; id must be one that the column holds. It never goes back: one process at a time looks where the table is
// before it alters it. It waits no longer than Options.FenceWait for
// transactions that use the table, and needs ALTER on it.
func (s *Store) RaiseID(ctx context.Context, e *transform.Entity, id int64) error {
	if fault := checkSequence(e); fault != "" {
		return s.invalid("raise id", e.Name, "", fault, store.NotApplied)
	}
	column := e.Columns[e.Sequence]
	if column.Fit(transform.IntValue(id)) != nil {
		// ALTER TABLE would take it, and no insert after that.
		return s.invalid("raise id", e.Name, column.Name, "the other store's sequence stands above what the column holds", store.NotApplied)
	}
	err := s.aside(ctx, func(conn *sqlx.Conn) error {
		seconds := strconv.FormatInt(max(1, int64(s.opts.FenceWait/time.Second)), 10)
		if _, err := conn.ExecContext(ctx, "SET SESSION lock_wait_timeout="+seconds); err != nil {
			return err
		}
		// The lock ends with the connection.
		var got sql.Null[int64]
		if _, err := one(ctx, conn, "SELECT GET_LOCK(CONCAT('crossfade ', MD5(CONCAT(DATABASE(), '.', ?))), "+seconds+")",
			[]any{e.Source}, &got); err != nil {
			return err
		}
		if got.V != 1 {
			return &store.Error{Op: "raise id", Entity: e.Name, Store: s.Name(), Kind: store.ErrConflict,
				Outcome: store.NotApplied, Detail: "another process raises it at the moment"}
		}
		last, err := lastID(ctx, conn, e)
		if err != nil || last >= id {
			return err
		}
		_, err = conn.ExecContext(ctx, "ALTER TABLE "+quote(e.Source)+" AUTO_INCREMENT = "+strconv.FormatUint(uint64(id)+1, 10))
		return s.unprivileged("raise id", store.NotApplied, "ALTER TABLE "+e.Source, err)
	})
	return s.wrap("raise id", e, store.Unknown, err)
}

// aside runs do on a connection that is ended after it, whatever do did to its
// session.
func (s *Store) aside(ctx context.Context, do func(*sqlx.Conn) error) error {
	conn, err := s.db.Connx(ctx)
	if err != nil {
		return err
	}
	defer release(conn, true)
	return do(conn)
}

// counterOption finds the counter in the last line of SHOW CREATE TABLE that
// begins with a bracket. Before it stand columns and keys, each in a line that
// begins with blanks; after it at most partitions.
var counterOption = regexp.MustCompile(`(?m)^\).*? ENGINE=\S+(?: AUTO_INCREMENT=(\d+))?`)

// errNoOptions says that SHOW CREATE TABLE leaves out what it was asked for.
var errNoOptions = errors.New("SHOW CREATE TABLE tells no AUTO_INCREMENT")

// lastID reads the table's counter. It is SHOW CREATE TABLE that tells it as it
// is: MySQL 8 answers from information_schema, and SHOW TABLE STATUS, what was
// true up to a day ago. Several sql_modes leave the counter out.
func lastID(ctx context.Context, conn *sqlx.Conn, e *transform.Entity) (int64, error) {
	if _, err := conn.ExecContext(ctx, "SET SESSION sql_mode = 'STRICT_ALL_TABLES'"); err != nil {
		return 0, err
	}
	var name, create string
	if _, err := one(ctx, conn, "SHOW CREATE TABLE "+quote(e.Source), nil, &name, &create); err != nil {
		return 0, err
	}
	option := counterOption.FindStringSubmatch(create)
	if option == nil {
		return 0, errNoOptions
	}
	last := int64(0)
	if option[1] != "" {
		next, err := strconv.ParseInt(option[1], 10, 64)
		if err != nil {
			return 0, err
		}
		last = next - 1
	}
	var highest sql.Null[int64]
	_, err := one(ctx, conn, "SELECT MAX("+quote(e.Columns[e.Sequence].Name)+") FROM "+quote(e.Source), nil, &highest)
	return max(last, highest.V), err
}
