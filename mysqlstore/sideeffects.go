package mysqlstore

import (
	"context"
	"database/sql"

	"github.com/crossfade-go/crossfade/transform"
)

// checkSideEffects looks for what changes rows of the contract's tables without
// a statement of this library: foreign keys that cascade, and triggers. Neither
// leaves a change record, so the follower would keep what MySQL has not, and
// nothing would ever notice: the key is clean.
func (s *Store) checkSideEffects(ctx context.Context, e *transform.Entity, all *findings) error {
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var name, parent, rule string
		err := rows.Scan(&name, &parent, &rule)
		all.add(transform.Error, "deleting from "+parent+" changes rows of "+e.Source+" by its foreign key "+name+" (ON DELETE "+rule+
			"), and leaves no change record", "declare it ON DELETE RESTRICT and delete the rows through a repository")
		return err
	}, "SELECT constraint_name, referenced_table_name, delete_rule FROM information_schema.referential_constraints"+
		" WHERE constraint_schema = DATABASE() AND table_name = ? AND delete_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT')"+
		" ORDER BY constraint_name", e.Source)
	if err != nil {
		return err
	}
	return each(ctx, s.db, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		all.add(transform.Warning, "table "+e.Source+" has the trigger "+name, "what it changes in other tables of the contract leaves no change record")
		return err
	}, "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND event_object_table = ?"+
		" ORDER BY trigger_name", e.Source)
}
