package mysqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// CheckSchema compares the live schema with the contract: tables, their engine
// and primary key, columns and their types. Each finding points to the table of
// the contract. The error says that the schema could not be read. A foreign key
// that changes rows by itself is an error unless the group captures by triggers;
// see CheckSchemaForTriggers.
func (s *Store) CheckSchema(ctx context.Context) ([]transform.Finding, error) {
	_, _ = s.phase(ctx) // learns how the group captures, where there is one already
	return s.checkSchema(ctx)
}

// CheckSchemaForTriggers is CheckSchema for a group that is about to capture by
// triggers: InstallTriggers says what of the foreign keys they can't follow.
func (s *Store) CheckSchemaForTriggers(ctx context.Context) ([]transform.Finding, error) {
	s.triggered.Store(true)
	return s.checkSchema(ctx)
}

func (s *Store) checkSchema(ctx context.Context) ([]transform.Finding, error) {
	tables, err := s.tables(ctx)
	if err != nil {
		return nil, s.wrap("check schema", nil, store.NoWrite, err)
	}
	var all findings
	for _, e := range written(s.contract) {
		all.at = s.pointer(e)
		info, ok := tables[e.Source]
		if !ok {
			all.add(transform.Error, "table "+e.Source+" is missing, or the account may not see it",
				"create it, or mend source_table or the DSN")
			continue
		}
		if !strings.EqualFold(info.engine, "InnoDB") {
			all.add(transform.Error, notInnoDB(e.Source, info.engine), "")
		}
		if err := s.checkTable(ctx, e, &all); err != nil {
			return nil, s.wrap("check schema", e, store.NoWrite, err)
		}
	}
	return all.list, nil
}

// findings collects findings at one place of the contract.
type findings struct {
	at   string
	list []transform.Finding
}

func (f *findings) add(severity transform.Severity, reason, mend string) {
	f.list = append(f.list, transform.Finding{Severity: severity, Pointer: f.at, Reason: reason, Mend: mend})
}

// checkTable compares a table that is there with its entity.
func (s *Store) checkTable(ctx context.Context, e *transform.Entity, all *findings) error {
	live, err := s.columns(ctx, e.Source)
	if err != nil {
		return err
	}
	key, err := s.primaryKey(ctx, e.Source)
	if err != nil {
		return err
	}
	compareKey(e.Source, key, columnNames(e, e.KeyColumns), all)
	compared := comparedColumns(s.contract)
	left := s.leftToService(e, all)
	for n, c := range e.Own() {
		if left[n] {
			continue
		}
		i := columnOf(live, c.Name)
		if i < 0 {
			all.add(transform.Error, "table "+e.Source+" has no column "+c.Name, "mend the contract or the table")
			continue
		}
		compareColumn(e.Source, c, live[i], compared.has(e.Source, c.Name), all)
	}
	compareSequence(e, live, all)
	unmapped(e.Source, e.Own(), live, all)
	return s.checkSideEffects(ctx, e, all)
}

// columnOf returns the position of the named column, or -1.
func columnOf(columns []transform.Column, name string) int {
	return slices.IndexFunc(columns, func(c transform.Column) bool { return strings.EqualFold(c.Name, name) })
}

// compareKey compares the primary key of a table with the contract's.
func compareKey(table string, key, want []string, all *findings) {
	switch {
	case len(key) == 0:
		all.add(transform.Error, "table "+table+" has no primary key", "add one; its columns are the entity's identity")
	case !slices.EqualFunc(key, want, strings.EqualFold):
		all.add(transform.Error, fmt.Sprintf("the primary key of %s is (%s), the contract's (%s)",
			table, strings.Join(key, ", "), strings.Join(want, ", ")), "mend the contract or the table")
	}
}

// compareSequence finds a sequence that MySQL does not count.
func compareSequence(e *transform.Entity, live []transform.Column, all *findings) {
	if e.Sequence < 0 {
		return
	}
	name := e.Columns[e.Sequence].Name
	if i := columnOf(live, name); i >= 0 && live[i].Generated != "auto_increment" {
		all.add(transform.Error, "column "+e.Source+"."+name+" is the contract's sequence and not AUTO_INCREMENT, so MySQL assigns no ids",
			"make it AUTO_INCREMENT, or take the sequence out of the contract")
	}
}

// unmapped finds columns that the contract does not have.
func unmapped(table string, columns, live []transform.Column, all *findings) {
	for _, l := range live {
		if columnOf(columns, l.Name) < 0 {
			all.add(transform.Warning, "column "+table+"."+l.Name+" is not in the contract and stays in MySQL only", "")
		}
	}
}

// compareColumn compares what the contract says of a column with what is there.
// Whatever would change a value's form is an error, and another collation where
// MySQL compares the column; see comparedColumns.
func compareColumn(table string, want, live transform.Column, compared bool, all *findings) {
	name := "column " + table + "." + want.Name
	if w, l := typeName(want), typeName(live); w != l {
		all.add(transform.Error, name+" is "+l+", the contract says "+w, "contract check --mysql DSN --write takes over what is there")
	}
	if (want.Generated == "auto_increment") != (live.Generated == "auto_increment") {
		all.add(transform.Warning, fmt.Sprintf("%s: AUTO_INCREMENT: %t; the contract says %t", name,
			live.Generated == "auto_increment", want.Generated == "auto_increment"), "")
	}
	if want.Nullable != live.Nullable {
		all.add(transform.Warning, fmt.Sprintf("%s: NULL is allowed: %t; the contract says %t", name, live.Nullable, want.Nullable), "")
	}
	if want.Collation != "" && want.Collation != live.Collation {
		compareCollation(name, want, live, compared, all)
	}
}

// typeName returns a column's type as a declaration has it, with everything in
// it that decides about the form of values.
func typeName(c transform.Column) string {
	name := c.SQLType
	switch name {
	case "char", "varchar", "binary", "varbinary":
		// CHAR alone is CHAR(1).
		name += fmt.Sprintf("(%d)", max(1, c.Length))
	case "decimal":
		name += fmt.Sprintf("(%d,%d)", c.Precision, c.Scale)
	case "bit":
		name += fmt.Sprintf("(%d)", max(1, c.Length))
	case "float", "double":
		if c.Precision > 0 {
			name += fmt.Sprintf("(%d,%d)", c.Precision, c.Scale)
		}
	case "enum", "set":
		name += "('" + strings.Join(c.Labels, "','") + "')"
	case "datetime", "timestamp", "time":
		name += fmt.Sprintf("(%d)", c.Precision)
	}
	if c.Unsigned {
		name += " unsigned"
	}
	return name
}
