package mysqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
)

// Init creates the library's own tables, and the group's fence and phase record
// in phase 1 without capture. What is there stays, so it may be called again,
// also by several processes at once. It refuses a server that voids the
// promises, and source tables that are not InnoDB's.
//
// It needs CREATE on the database, and SELECT, INSERT, UPDATE and DELETE on its
// tables; the error says which statement was refused.
func (s *Store) Init(ctx context.Context) error {
	if err := s.checkServer(ctx, "init", store.NotApplied); err != nil {
		return err
	}
	if err := s.checkEngines(ctx); err != nil {
		return err
	}
	for _, t := range ownTables() {
		if _, _, err := s.run(ctx, t.create()); err != nil {
			return s.unprivileged("init", store.NotApplied, "CREATE TABLE "+t.name, err)
		}
	}
	if err := s.checkOwnTables(ctx, "init"); err != nil {
		return err
	}
	err := s.transact(ctx, func(t *tx) error { return s.createGroup(ctx, t) })
	if number(err) == erDupEntry {
		return nil // another process was quicker; its transaction made both rows
	}
	return s.unprivileged("init", store.NotApplied, "INSERT INTO crossfade_fence and crossfade_phase", err)
}

// createGroup makes the group's two rows, unless they are there.
func (s *Store) createGroup(ctx context.Context, t *tx) error {
	there := false
	if err := t.query(ctx, func(*sql.Rows) error { there = true; return nil },
		"SELECT 1 FROM crossfade_phase WHERE grp=? LOCK IN SHARE MODE", s.group); err != nil || there {
		return err
	}
	if _, err := t.exec(ctx, "INSERT INTO crossfade_phase (grp, phase, capture, epoch, state, revision,"+
		" next_phase, next_capture, driver, capture_epoch, follower_empty, contract, changed_at)"+
		" VALUES (?, ?, 0, ?, ?, 1, 0, 0, '', 0, 0, '', UTC_TIMESTAMP(6))",
		s.group, store.MySQLOnly, store.FirstEpoch, markText(store.Open)); err != nil {
		return err
	}
	_, err := t.exec(ctx, "INSERT INTO crossfade_fence (grp, epoch, state, capture, floor) VALUES (?, ?, ?, 0, ?)",
		s.group, store.FirstEpoch, markText(store.Open), uint64(store.Floor(store.FirstEpoch)))
	return err
}

// unprivileged is wrap for a statement that an account may lack the right to
// send; the error names the statement.
func (s *Store) unprivileged(op string, outcome store.Outcome, statement string, err error) error {
	if err == nil {
		return nil
	}
	switch number(err) {
	case 1044, 1142, 1143, 1227, 1370:
		e := s.invalid(op, "", "", "the account may not "+statement+"; grant it", outcome)
		e.Cause = err
		return e
	}
	return s.wrap(op, nil, outcome, err)
}

// checkServer returns an error if there is no database to work in, or the
// server voids the promises.
func (s *Store) checkServer(ctx context.Context, op string, outcome store.Outcome) error {
	var database sql.NullString
	var version string
	if _, err := one(ctx, s.db, "SELECT DATABASE(), VERSION()", nil, &database, &version); err != nil {
		return s.wrap(op, nil, outcome, err)
	}
	if !database.Valid {
		return s.invalid(op, "", "", "no database is selected; name it in the DSN, after the slash", outcome)
	}
	vars := map[string]string{"version": version}
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var name, value string
		err := rows.Scan(&name, &value)
		vars[strings.ToLower(name)] = value
		return err
	}, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version_comment', 'wsrep_on',"+
		" 'group_replication_group_name', 'group_replication_single_primary_mode')")
	if err != nil {
		return s.wrap(op, nil, outcome, err)
	}
	if fault := voided(vars); fault != "" {
		return s.invalid(op, "", "", fault, outcome)
	}
	return nil
}

// voided returns why a server with these variables can't keep the promises, or
// "". They rest on row locks that hold for every writer until it commits.
func voided(vars map[string]string) string {
	about := strings.ToLower(vars["version"] + " " + vars["version_comment"])
	switch {
	case strings.Contains(about, "tidb"):
		return "the server is TiDB, whose shared locks don't keep other writers out; use MySQL or MariaDB with InnoDB"
	case strings.Contains(about, "vitess") || strings.Contains(about, "planetscale"):
		return "the server is Vitess, where a transaction over shards has no common lock; use MySQL or MariaDB with InnoDB"
	case on(vars["wsrep_on"]):
		return "Galera replication is on (wsrep_on), and row locks of one node don't hold on another; use a single primary"
	case vars["group_replication_group_name"] != "" && vars["group_replication_single_primary_mode"] != "" &&
		!on(vars["group_replication_single_primary_mode"]):
		return "group replication runs with several primaries, and row locks of one don't hold on another; use single-primary mode"
	}
	return ""
}

func on(value string) bool { return strings.EqualFold(value, "ON") || value == "1" }

// checkEngines returns an error if a source table is there and not InnoDB's.
func (s *Store) checkEngines(ctx context.Context) error {
	engines, err := s.tables(ctx)
	if err != nil {
		return s.wrap("init", nil, store.NotApplied, err)
	}
	for _, e := range s.contract.Entities {
		if t, ok := engines[e.Source]; ok && !strings.EqualFold(t.engine, "InnoDB") {
			return s.invalid("init", e.Name, "", notInnoDB(e.Source, t.engine), store.NotApplied)
		}
	}
	return nil
}

func notInnoDB(table, engine string) string {
	if engine == "" {
		return "table " + table + " is a view; an entity needs a table"
	}
	return "table " + table + " is kept by " + engine + ", which has no row locks or no transactions; ALTER TABLE it to ENGINE=InnoDB"
}

// A tableInfo is what information_schema says of a table.
type tableInfo struct{ engine, comment string }

// tables returns the tables of the database that the account may see.
func (s *Store) tables(ctx context.Context) (map[string]tableInfo, error) {
	return readTables(ctx, s.db)
}

func readTables(ctx context.Context, q querier) (map[string]tableInfo, error) {
	all := map[string]tableInfo{}
	err := each(ctx, q, func(rows *sql.Rows) error {
		var name string
		var engine, comment sql.NullString
		err := rows.Scan(&name, &engine, &comment)
		all[name] = tableInfo{engine.String, comment.String}
		return err
	}, "SELECT table_name, engine, table_comment FROM information_schema.tables WHERE table_schema = DATABASE()")
	return all, err
}

// checkOwnTables returns an error unless all own tables are there, as this
// version makes them.
func (s *Store) checkOwnTables(ctx context.Context, op string) error {
	all, err := s.tables(ctx)
	if err != nil {
		return s.wrap(op, nil, store.NoWrite, err)
	}
	for _, t := range ownTables() {
		info, ok := all[t.name]
		fault := ""
		switch {
		case t.copies && !s.copies:
		case !ok:
			fault = "table " + t.name + " is missing, or the account may not see it; run migrationctl init"
		case info.comment != schemaMark:
			fault = fmt.Sprintf("table %s was not made by this version of the library, whose mark is %q in the table's comment", t.name, schemaMark)
		case !strings.EqualFold(info.engine, "InnoDB"):
			fault = notInnoDB(t.name, info.engine)
		}
		if fault != "" {
			return s.invalid(op, "", "", fault, store.NoWrite)
		}
	}
	return nil
}
