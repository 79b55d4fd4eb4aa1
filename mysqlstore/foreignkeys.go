package mysqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// A liveKey is a FOREIGN KEY of a table, as references are compared with it.
type liveKey struct {
	name     string
	table    string
	parent   string // with its database, if that is another one
	rule     string // ON DELETE
	onUpdate string
	pairs    []string // column NUL column of the parent, sorted
	columns  []string
	refers   []string // columns of the parent
}

// readForeignKeys returns the foreign keys of a table, in the order of their names.
func readForeignKeys(ctx context.Context, q querier, table string) ([]liveKey, error) {
	var all []liveKey
	err := each(ctx, q, func(rows *sql.Rows) error {
		var name, parent, rule, onUpdate, column, key, elsewhere string
		err := rows.Scan(&name, &parent, &rule, &onUpdate, &column, &key, &elsewhere)
		if len(all) == 0 || all[len(all)-1].name != name {
			if elsewhere != "" {
				parent = elsewhere + "." + parent
			}
			all = append(all, liveKey{name: name, table: table, parent: parent, rule: strings.ToUpper(rule), onUpdate: strings.ToUpper(onUpdate)})
		}
		k := &all[len(all)-1]
		k.columns, k.refers = append(k.columns, column), append(k.refers, key)
		k.pairs = append(k.pairs, columnPair(column, key))
		return err
	}, "SELECT r.constraint_name, r.referenced_table_name, r.delete_rule, r.update_rule, k.column_name, k.referenced_column_name,"+
		" IF(k.referenced_table_schema = DATABASE(), '', k.referenced_table_schema)"+
		" FROM information_schema.referential_constraints r JOIN information_schema.key_column_usage k"+
		" ON k.constraint_schema = r.constraint_schema AND k.constraint_name = r.constraint_name AND k.table_name = r.table_name"+
		" WHERE r.constraint_schema = DATABASE() AND r.table_name = ? ORDER BY r.constraint_name, k.ordinal_position", table)
	for i := range all {
		slices.Sort(all[i].pairs)
	}
	return all, err
}

func columnPair(column, key string) string { return strings.ToLower(column + "\x00" + key) }

// keeps reports whether the foreign key is the one of a reference, whatever it does
// on a delete.
func (k *liveKey) keeps(r *transform.Reference) bool {
	var pairs []string
	for i, c := range r.Columns {
		pairs = append(pairs, columnPair(r.Of().Columns[c].Name, r.To().Columns[r.To().KeyColumns[i]].Name))
	}
	slices.Sort(pairs)
	return strings.EqualFold(k.table, r.Of().Source) && strings.EqualFold(k.parent, r.To().Source) && slices.Equal(k.pairs, pairs)
}

// does reports whether the foreign key does on a delete what the reference says.
// InnoDB takes NO ACTION and RESTRICT for the same.
func (k *liveKey) does(r *transform.Reference) bool {
	if r.OnDelete == transform.OnDeleteRestrict {
		return k.rule == "RESTRICT" || k.rule == "NO ACTION"
	}
	return k.rule == ruleOf(r)
}

// ruleOf returns what ON DELETE of a reference's foreign key says.
func ruleOf(r *transform.Reference) string {
	return strings.ToUpper(strings.ReplaceAll(r.OnDelete, "-", " "))
}

// declared reports whether the foreign key is what a reference of one of the
// entities says.
func (k *liveKey) declared(entities ...*transform.Entity) bool {
	for _, e := range entities {
		for _, r := range e.References {
			if k.keeps(r) && k.does(r) {
				return true
			}
		}
	}
	return false
}

// compareReferences finds references that no foreign key keeps: with MySQL as the
// authority nothing else does.
func compareReferences(e *transform.Entity, live []liveKey, all *findings) {
	for _, r := range e.References {
		if slices.ContainsFunc(live, func(k liveKey) bool { return k.keeps(r) && k.does(r) }) {
			continue
		}
		what := fmt.Sprintf("the contract's reference of %s to %s (on_delete %s)", r.Field(), r.Target, r.OnDelete)
		if i := slices.IndexFunc(live, func(k liveKey) bool { return k.keeps(r) }); i >= 0 {
			all.add(transform.Error, fmt.Sprintf("%s is the foreign key %s of %s, which says ON DELETE %s", what, live[i].name, e.Source, live[i].rule),
				"mend the one or the other")
			continue
		}
		all.add(transform.Error, what+" is no foreign key of "+e.Source+", so nothing keeps it while MySQL is the authority",
			"create it, or take it out of the contract: "+createForeignKey(r))
	}
}

// createForeignKey says how the foreign key of a reference is made.
func createForeignKey(r *transform.Reference) string {
	var columns, keys []string
	for i, c := range r.Columns {
		columns = append(columns, quote(r.Of().Columns[c].Name))
		keys = append(keys, quote(r.To().Columns[r.To().KeyColumns[i]].Name))
	}
	return "ALTER TABLE " + quote(r.Of().Source) + " ADD FOREIGN KEY (" + strings.Join(columns, ", ") + ") REFERENCES " +
		quote(r.To().Source) + " (" + strings.Join(keys, ", ") + ") ON DELETE " + ruleOf(r)
}
