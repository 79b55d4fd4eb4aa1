package mysqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
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
	return otherTriggers(ctx, s.db, s.contract, e.Source, transform.Error, all)
}

// otherTriggers finds the triggers of a table that are not this library's. Those that may
// set what copies show are of the given severity: an update leaves a fan-out mark by what
// it sets itself.
func otherTriggers(ctx context.Context, q querier, c *transform.Contract, table string, severity transform.Severity, all *findings) error {
	return each(ctx, q, func(rows *sql.Rows) error {
		var name, timing, event, text string
		if err := rows.Scan(&name, &timing, &event, &text); err != nil {
			return err
		}
		what := "table " + table + " has the trigger " + name
		all.add(transform.Warning, what, "what it changes in other tables of the contract leaves no change record")
		if timing != "BEFORE" || event != "UPDATE" {
			return nil // no other one changes a row that is there
		}
		for _, column := range shownIn(c, table) {
			if mayName(text, column) {
				all.add(severity, what+", which names "+column+" and runs before each update: where it sets that, copies in items stay as they were",
					"set "+column+" in the service, or let the trigger run AFTER UPDATE if it sets nothing")
			}
		}
		return nil
	}, "SELECT trigger_name, action_timing, event_manipulation, action_statement FROM information_schema.triggers"+
		" WHERE trigger_schema = DATABASE() AND event_object_table = ?"+notOurs+" ORDER BY trigger_name", table)
}

// shownIn returns the names of a table's columns that copies show.
func shownIn(c *transform.Contract, table string) []string {
	var names []string
	for _, e := range c.Entities {
		if strings.EqualFold(e.Source, table) {
			names = append(names, columnNames(e, shows(e))...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// plainName is a name that SQL has one form for.
var plainName = regexp.MustCompile(`^\w+$`)

// mayName reports whether the text of a trigger names a column. There is no way to set
// one without; of a name that may be written otherwise it is taken for granted.
func mayName(text, column string) bool {
	return !plainName.MatchString(column) || regexp.MustCompile(`(?i)\b`+column+`\b`).MatchString(text)
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
