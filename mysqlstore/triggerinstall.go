package mysqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
)

// InstallTriggers makes the group capture by triggers: every writer of the
// contract's tables leaves change records while capture is on, in the
// transaction of its own write, and is refused while MySQL is not where the data
// is written (ErrnoClosed, ErrnoNotHere). It needs what Init has made, and
// returns how many triggers it made and dropped; what is there stays, so it may
// be called again, and goes on where it stopped.
//
// CREATE TRIGGER waits for the transactions that use the table, at most
// Options.FenceWait, and statements of others wait behind it. So a write that
// was begun before leaves no record, and every later one does: it belongs before
// capture on.
//
// The account needs TRIGGER on the tables, and on those whose foreign keys take
// their rows; it stays the triggers' definer, with whose rights they write into
// the library's tables, so it must not be dropped. With binary logging the server
// may also want log_bin_trust_function_creators. Foreign keys that do what no
// trigger can follow are refused, each with the reason, before anything changes.
func (s *Store) InstallTriggers(ctx context.Context) (made, dropped int, err error) {
	const op = "install triggers"
	if err := s.ownReady(ctx); err != nil {
		return 0, 0, err
	}
	want, err := s.wantedTriggers(ctx, op)
	if err != nil {
		return 0, 0, err
	}
	there, err := s.liveTriggers(ctx)
	if err != nil {
		return 0, 0, s.wrap(op, nil, store.NotApplied, err)
	}
	err = s.aside(ctx, func(conn *sqlx.Conn) error {
		if err := s.prepareDDL(ctx, conn); err != nil {
			return s.wrap(op, nil, store.NotApplied, err)
		}
		for _, t := range want {
			if _, ok := there[t.name]; ok {
				continue
			}
			if _, err := conn.ExecContext(ctx, t.create()); err != nil && number(err) != erTriggerExists {
				return s.triggerFault(op, "CREATE TRIGGER "+t.what(), err)
			}
			made++
		}
		dropped, err = s.dropTriggers(ctx, conn, op, there, want)
		return err
	})
	if err != nil {
		return made, dropped, s.wrap(op, nil, store.Unknown, err)
	}
	if err := s.SaveProgress(ctx, store.Progress{Name: triggersName, Done: true, Detail: "capture by triggers"}); err != nil {
		return made, dropped, err
	}
	s.triggered.Store(true)
	return made, dropped, s.CheckTriggers(ctx)
}

// DropTriggers drops the group's triggers: from then on writers outside the
// library leave no change records. It returns how many there were.
func (s *Store) DropTriggers(ctx context.Context) (dropped int, err error) {
	const op = "drop triggers"
	there, err := s.liveTriggers(ctx)
	if err != nil {
		return 0, s.wrap(op, nil, store.NotApplied, err)
	}
	err = s.aside(ctx, func(conn *sqlx.Conn) (err error) {
		if err := s.prepareDDL(ctx, conn); err != nil {
			return err
		}
		dropped, err = s.dropTriggers(ctx, conn, op, there, nil)
		return err
	})
	if err != nil {
		return dropped, s.wrap(op, nil, store.Unknown, err)
	}
	_, outcome, err := s.run(ctx, "DELETE FROM crossfade_progress WHERE grp=? AND name='"+triggersName+"'", s.group)
	if err == nil {
		s.triggered.Store(false)
	}
	return dropped, s.wrap(op, nil, outcome, err)
}

// CheckTriggers returns an error unless the triggers are as the contract and the
// foreign keys want them, nil where the group does not capture by triggers.
func (s *Store) CheckTriggers(ctx context.Context) error {
	const op = "check triggers"
	if _, err := s.Phase(ctx); err != nil || !s.triggered.Load() {
		return err
	}
	want, err := s.wantedTriggers(ctx, op)
	if err != nil {
		return err
	}
	there, err := s.liveTriggers(ctx)
	if err != nil {
		return s.wrap(op, nil, store.NoWrite, err)
	}
	var faults []string
	for _, t := range want {
		if body, ok := there[t.name]; !ok {
			faults = append(faults, "the trigger "+t.what()+" is missing, or not as this contract wants it")
		} else if body.text != t.body {
			faults = append(faults, "the trigger "+t.name+" was changed")
		}
	}
	if faults == nil {
		return nil
	}
	return s.invalid(op, "", "", strings.Join(faults, "; ")+": other writers may leave no change record; migrationctl init"+
		" --capture triggers mends it. An account without TRIGGER on the tables sees none of them", store.NoWrite)
}

// wantedTriggers returns the triggers that the contract and the foreign keys
// want, by their tables.
func (s *Store) wantedTriggers(ctx context.Context, op string) ([]trigger, error) {
	var all []trigger
	byTable := map[string][]tracked{}
	for _, t := range s.tracked() {
		if err := s.keyAsSaid(ctx, op, t); err != nil {
			return nil, err
		}
		byTable[t.table] = append(byTable[t.table], t)
	}
	for table, of := range byTable {
		some, err := s.rowTriggers(table, of)
		if err != nil {
			return nil, s.invalid(op, of[0].entity.Name, "", "triggers can't capture its writes: "+err.Error(), store.NotApplied)
		}
		all = append(all, some...)
	}
	keys, err := foreignKeys(ctx, s.db)
	if err != nil {
		return nil, s.wrap(op, nil, store.NotApplied, err)
	}
	mariaDB, err := s.isMariaDB(ctx)
	if err != nil {
		return nil, s.wrap(op, nil, store.NotApplied, err)
	}
	some, refused, err := s.cascadeTriggers(keys, mariaDB)
	if err != nil {
		refused = append(refused, err.Error())
	}
	if refused != nil {
		return nil, s.invalid(op, "", "", "triggers can't follow what the foreign keys do: "+strings.Join(refused, "; ")+
			". Declare them RESTRICT, or take the rows away by statements of their own", store.NotApplied)
	}
	all = append(all, some...)
	slices.SortFunc(all, func(a, b trigger) int {
		return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.timing, b.timing), cmp.Compare(a.event, b.event))
	})
	return all, nil
}

// keyAsSaid refuses a table whose primary key is not the contract's: the change
// records would be of other keys than the library's.
func (s *Store) keyAsSaid(ctx context.Context, op string, t tracked) error {
	if t.isPart() {
		return nil
	}
	live, err := s.primaryKey(ctx, t.table)
	if err != nil {
		return s.wrap(op, t.entity, store.NoWrite, err)
	}
	all := findings{at: s.pointer(t.entity)}
	compareKey(t.table, live, columnNames(t.entity, t.entity.KeyColumns), &all)
	return s.firstError(op, all.list)
}

// A liveTrigger is one of the group's in the database.
type liveTrigger struct{ table, text string }

// liveTriggers returns the group's triggers by name, as far as the account may
// see them.
func (s *Store) liveTriggers(ctx context.Context) (map[string]liveTrigger, error) {
	all := map[string]liveTrigger{}
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var name string
		var t liveTrigger
		err := rows.Scan(&name, &t.table, &t.text)
		all[name] = t
		return err
	}, "SELECT trigger_name, event_object_table, action_statement FROM information_schema.triggers"+
		" WHERE trigger_schema = DATABASE() AND LEFT(trigger_name, ?) = ?", len(triggerPrefix(s.group)), triggerPrefix(s.group))
	return all, err
}

// dropTriggers drops what is there and not wanted.
func (s *Store) dropTriggers(ctx context.Context, conn *sqlx.Conn, op string, there map[string]liveTrigger, want []trigger) (int, error) {
	dropped := 0
	for name, t := range there {
		if slices.ContainsFunc(want, func(w trigger) bool { return w.name == name }) {
			continue
		}
		if _, err := conn.ExecContext(ctx, "DROP TRIGGER IF EXISTS "+quote(name)); err != nil {
			return dropped, s.triggerFault(op, "DROP TRIGGER of "+t.table, err)
		}
		dropped++
	}
	return dropped, nil
}

// prepareDDL sets the session that makes triggers, which keep its sql_mode and
// character set, and bounds how long it waits for a table. The connection ends
// after it.
func (s *Store) prepareDDL(ctx context.Context, conn *sqlx.Conn) error {
	seconds := strconv.FormatInt(max(1, int64(s.opts.FenceWait/time.Second)), 10)
	_, err := conn.ExecContext(ctx, "SET NAMES utf8mb4")
	if err == nil {
		_, err = conn.ExecContext(ctx, "SET SESSION sql_mode = 'STRICT_ALL_TABLES', lock_wait_timeout = "+seconds)
	}
	return err
}

// Numbers of errors that only making triggers meets.
const (
	erTriggerExists = 1359
	erLogBinTrust   = 1419
)

// triggerFault returns the error of a statement that makes or drops a trigger.
func (s *Store) triggerFault(op, statement string, err error) error {
	detail := ""
	switch number(err) {
	case erLogBinTrust:
		detail = "the server writes a binary log and does not trust this account with triggers: SET GLOBAL" +
			" log_bin_trust_function_creators = 1 (and in its configuration file), or take an account with SUPER"
	case 1235:
		detail = "the server allows one trigger of a kind on a table, and " + statement + " would be a second; it needs MySQL 5.7 or MariaDB 10.2"
	case erLockTimeout:
		detail = fmt.Sprintf("a transaction keeps the table busy, and %s waited %v for it; the same command goes on", statement, s.opts.FenceWait)
	default:
		return s.unprivileged(op, store.NotApplied, statement, err)
	}
	e := s.invalid(op, "", "", detail, store.NotApplied)
	e.Cause = err
	if number(err) == erLockTimeout {
		e.Kind = store.ErrConflict
	}
	return e
}
