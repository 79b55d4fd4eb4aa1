package mysqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Ready returns an error that says what to do unless Init was done, the
// contract's tables are there as it says, so are the triggers if the group captures
// by them, and the sessions of the pool are such
// that values and transactions mean what this package takes them to mean.
func (s *Store) Ready(ctx context.Context) error {
	for _, check := range []func(context.Context) error{s.checkSession, s.ownReady, s.schemaReady, s.CheckTriggers} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ownReady looks at the library's own tables, at the group, and at whether the
// account may lock the fence.
func (s *Store) ownReady(ctx context.Context) error {
	if err := s.checkServer(ctx, "ready", store.NoWrite); err != nil {
		return err
	}
	if err := s.checkOwnTables(ctx, "ready"); err != nil {
		return err
	}
	if _, err := s.phase(ctx); err != nil {
		return s.wrap("ready", nil, store.NoWrite, err)
	}
	var f fenceRow
	found, err := one(ctx, s.db, "SELECT epoch, state, capture FROM crossfade_fence WHERE grp=? LOCK IN SHARE MODE",
		[]any{s.group}, f.dest()...)
	if err != nil {
		return s.unprivileged("ready", store.NoWrite, "SELECT … LOCK IN SHARE MODE from crossfade_fence", err)
	}
	if !found {
		return s.notInitialised("ready", store.NoWrite)
	}
	return nil
}

// schemaReady returns the first error of CheckSchema.
func (s *Store) schemaReady(ctx context.Context) error {
	findings, err := s.CheckSchema(ctx)
	if err != nil {
		return err
	}
	return s.firstError("ready", findings)
}

// A session is what a connection of the pool says of itself.
type session struct {
	client, connection, results sql.NullString // character sets
	autocommit                  bool
	winter, summer, epoch       string // known moments as the session shows them
	isolation                   string
	list                        uint64 // bytes that GROUP_CONCAT gives
}

// checkSession returns an error if a session of the pool is not as it must be.
// It looks at one and takes it for all: what a DSN says holds for each of them.
func (s *Store) checkSession(ctx context.Context) error {
	var n session
	found, err := one(ctx, s.db, "SELECT @@session.character_set_client, @@session.character_set_connection,"+
		" @@session.character_set_results, @@session.autocommit,"+
		" CAST(FROM_UNIXTIME(1705000000) AS CHAR), CAST(FROM_UNIXTIME(1720000000) AS CHAR), CAST(FROM_UNIXTIME(1) AS CHAR),"+
		" @@session.group_concat_max_len", nil, &n.client, &n.connection, &n.results, &n.autocommit, &n.winter, &n.summer, &n.epoch, &n.list)
	if err != nil || !found {
		return s.wrap("ready", nil, store.NoWrite, err)
	}
	// The variable's name differs between the two servers, and each knows its
	// own only.
	err = each(ctx, s.db, func(rows *sql.Rows) error {
		var name string
		return rows.Scan(&name, &n.isolation)
	}, "SHOW SESSION VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')")
	if err != nil {
		return s.wrap("ready", nil, store.NoWrite, err)
	}
	if fault := n.fault(s.hasTimestamps(), s.hasChildren()); fault != "" {
		return s.invalid("ready", "", "", fault, store.NoWrite)
	}
	return nil
}

// fault returns what is wrong with the session and how to mend it, or "".
func (n *session) fault(timestamps, children bool) string {
	for _, charset := range []sql.NullString{n.client, n.connection, n.results} {
		if charset.String != "utf8mb4" {
			return "the sessions of the pool do not speak utf8mb4; add charset=utf8mb4 to the DSN"
		}
	}
	switch {
	case !n.autocommit:
		return "autocommit is off in the sessions of the pool, so single statements would never commit; take autocommit=0 out of the DSN"
	case strings.EqualFold(n.isolation, "READ-UNCOMMITTED"):
		return "the sessions of the pool read uncommitted data; take READ-UNCOMMITTED out of the DSN or the server's settings"
	case timestamps && (n.winter != "2024-01-11 19:06:40" || n.summer != "2024-07-03 09:46:40" || n.epoch != "1970-01-01 00:00:01"):
		return "the sessions of the pool do not count time in UTC, and the contract has TIMESTAMP columns;" +
			" add time_zone=%27%2B00%3A00%27 to the DSN"
	case children && n.list < listBytes:
		return "the sessions of the pool cut lists short, and the contract has records with rows of other tables;" +
			" add group_concat_max_len=" + strconv.Itoa(listBytes) + " to the DSN"
	}
	return ""
}

// hasTimestamps reports whether the session's time zone has a say in any value.
func (s *Store) hasTimestamps() bool {
	return slices.ContainsFunc(s.contract.Entities, func(e *transform.Entity) bool {
		return slices.ContainsFunc(e.Columns, isTimestamp) ||
			slices.ContainsFunc(e.Children(), func(ch *transform.Children) bool { return slices.ContainsFunc(ch.Rows.Columns, isTimestamp) })
	})
}

func isTimestamp(c transform.Column) bool { return c.Kind == transform.Timestamp }

// listBytes is what GROUP_CONCAT must give: rows that are part of a record are
// selected as one string of hexadecimal digits, and this holds those of every item
// of 400 KB. A list that is cut all the same is an error of its row.
const listBytes = 16 << 20

// hasChildren reports whether records have rows of other tables.
func (s *Store) hasChildren() bool {
	return slices.ContainsFunc(s.contract.Entities, func(e *transform.Entity) bool { return len(e.Children()) > 0 })
}
