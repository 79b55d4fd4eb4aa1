package mysqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// checkSideEffects looks for what changes rows of the contract's tables without
// a statement of this library: foreign keys that cascade and are no reference of
// the contract, and triggers. Neither leaves a change record, so the follower would
// keep what MySQL has not, and nothing would ever notice: the key is clean. Where the
// group captures by triggers they record what a foreign key does, or InstallTriggers
// has refused. Rows that are part of a record may go with it. It also finds references
// that are no foreign keys.
func (s *Store) checkSideEffects(ctx context.Context, e *transform.Entity, all *findings) error {
	live, err := readForeignKeys(ctx, s.db, e.Source)
	if err != nil {
		return err
	}
	compareReferences(e, live, all)
	recorded := s.triggered.Load()
	for _, k := range live {
		if cascades(k.rule) && !recorded && !k.ties(s.contract, e.Source) && !k.declared(s.contract.Entities...) {
			all.add(transform.Error, undeclaredCascade(e.Source, k), mendCascade(s.contract, e.Source))
		}
		if !recorded && !k.ties(s.contract, e.Source) {
			followed(s.contract, k, transform.Error, all)
		}
	}
	return each(ctx, s.db, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		all.add(transform.Warning, "table "+e.Source+" has the trigger "+name, "what it changes in other tables of the contract leaves no change record")
		return err
	}, "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND event_object_table = ?"+
		notOurs+" ORDER BY trigger_name", e.Source)
}

// undeclaredCascade says what a foreign key does that is no reference of the
// contract.
func undeclaredCascade(table string, k liveKey) string {
	return "deleting from " + k.parent + " changes rows of " + table + " by its foreign key " + k.name + " (ON DELETE " + k.rule +
		"), and leaves no change record"
}

// followed finds a foreign key that changes rows when what they refer to changes,
// which leaves no change record. That is of the given severity, but where they refer
// to the primary key of a table that the library writes: no update of the library
// changes that, and one of the service's own, which is then a change of each of these
// rows, can name them (Joining).
func followed(c *transform.Contract, k liveKey, severity transform.Severity, all *findings) {
	if !cascades(k.onUpdate) {
		return
	}
	mend := "make it ON UPDATE RESTRICT, or capture by triggers"
	for _, e := range written(c) {
		key := columnNames(e, e.KeyColumns)
		if strings.EqualFold(e.Source, k.parent) && !slices.ContainsFunc(k.refers, func(name string) bool { return !has(key, name) }) {
			severity, mend = transform.Warning, "declare it ON UPDATE RESTRICT, or never change that key"
		}
	}
	all.add(severity, fmt.Sprintf("changing %s of %s changes rows of %s by its foreign key %s (ON UPDATE %s), and leaves no change record",
		strings.Join(k.refers, ", "), k.parent, k.table, k.name, k.onUpdate), mend)
}

// mendCascade says what to do about it. References are of records: those of rows that
// are part of one can't be declared.
func mendCascade(c *transform.Contract, table string) string {
	mend := "make it ON DELETE RESTRICT and delete the rows through a repository, or capture by triggers"
	if isPart(c, table) {
		return mend
	}
	return `declare it in the contract's "references", or ` + mend
}

// notOurs leaves out the triggers that this library has made, of any group.
const notOurs = " AND LEFT(trigger_name, 10) <> 'crossfade_'"
