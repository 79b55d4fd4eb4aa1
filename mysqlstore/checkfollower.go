package mysqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Check returns an error unless MySQL can be the follower: what Ready asks for,
// and no error among the findings of CheckFollower.
func (s *Store) Check(ctx context.Context) error {
	if err := s.checkSession(ctx); err != nil {
		return err
	}
	if err := s.ownReady(ctx); err != nil {
		return err
	}
	findings, err := s.CheckFollower(ctx)
	if err == nil {
		err = s.firstError("check", findings)
	}
	if err != nil {
		return err
	}
	return s.CheckTriggers(ctx)
}

// firstError returns the first finding that is an error, as an error.
func (s *Store) firstError(op string, findings []transform.Finding) error {
	i := slices.IndexFunc(findings, func(f transform.Finding) bool { return f.Severity == transform.Error })
	if i < 0 {
		return nil
	}
	return s.invalid(op, "", "", findings[i].String(), store.NoWrite)
}

// CheckFollower returns the findings of CheckSchema, and beside them everything
// of the schema that does not matter while MySQL is the authority and forbids
// that DynamoDB is: what MySQL would keep and DynamoDB does not know of, so that
// one day a write is committed there that can never be brought here.
func (s *Store) CheckFollower(ctx context.Context) ([]transform.Finding, error) {
	list, err := s.CheckSchema(ctx)
	if err != nil {
		return nil, err
	}
	all := findings{list: list}
	for _, e := range written(s.contract) {
		all.at = s.pointer(e)
		for _, check := range []func(context.Context, *transform.Entity, *findings) error{
			s.checkUniques, s.checkColumns, s.checkRules,
		} {
			if err := check(ctx, e, &all); err != nil {
				return nil, s.wrap("check follower", e, store.NoWrite, err)
			}
		}
	}
	return all.list, nil
}

// pointer returns where the contract says the entity's table.
func (s *Store) pointer(e *transform.Entity) string {
	return fmt.Sprintf("/tables/%d", slices.Index(s.contract.Tables, e.Table))
}

// checkUniques compares the table's unique indexes with those the contract
// declares. DynamoDB keeps unique what is declared, folded as the contract's
// collation says, and tells keys apart by their bytes.
func (s *Store) checkUniques(ctx context.Context, e *transform.Entity, all *findings) error {
	live, err := readIndexes(ctx, s.db, e.Source)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, i := range live {
		columns := strings.Join(i.Columns, ", ")
		what := "the unique index " + i.Name + " (" + columns + ") of " + e.Source
		if i.Partial {
			all.add(transform.Error, what+" looks at a part of a value or at an expression, which DynamoDB can't keep unique", "drop it, or make it one of whole columns")
			continue
		}
		kept[columnSet(i.Columns)] = true
		key := strings.EqualFold(i.Name, primary)
		if !key && !declares(e, i) {
			all.add(transform.Error, what+" is not in the contract, so DynamoDB would take what MySQL can't hold",
				fmt.Sprintf(`add {"name": %q, "columns": […]} to the table's "unique"`, i.Name))
		}
		for n, collation := range i.Collations {
			s.checkFold(e, what, i.Columns[n], collation, key, all)
		}
	}
	for _, u := range e.Unique {
		if names := columnNames(e, u.Columns); !kept[columnSet(names)] {
			all.add(transform.Error, "the contract's unique "+u.Name+" ("+strings.Join(names, ", ")+") is no unique index of "+e.Source,
				"create it, or take it out of the contract")
		}
	}
	return nil
}

// checkFold compares how an index and DynamoDB find that two values of a column are
// equal.
func (s *Store) checkFold(e *transform.Entity, what, column, collation string, key bool, all *findings) {
	i := columnOf(e.Own(), column)
	switch {
	case collation == "" || labelled(e, column) || i < 0:
	case key && !bytewise(collation):
		all.add(transform.Error, what+" compares "+column+" by the collation "+collation+
			", which takes different texts for equal; DynamoDB compares the bytes of keys", "give the column a binary collation, such as utf8mb4_bin")
	case !key && !transform.FoldsAlike(collation, e.Columns[i].Collation):
		all.add(transform.Error, what+" compares "+column+" by the collation "+collation+", and the contract says "+e.Columns[i].Collation+
			", which takes other texts for equal", "contract check --mysql DSN --write takes over what is there")
	}
}

// bytewise reports whether a collation tells all texts apart, the blanks at
// their end aside. Columns without one hold bytes or no text.
func bytewise(collation string) bool {
	return collation == "" || collation == "binary" || strings.HasSuffix(collation, "_bin")
}

// labelled reports whether a column is an ENUM or a SET, whose values are equal
// only if they are the same labels, whatever the collation.
func labelled(e *transform.Entity, column string) bool {
	return slices.ContainsFunc(e.Columns, func(c transform.Column) bool {
		return strings.EqualFold(c.Name, column) && (c.SQLType == "enum" || c.SQLType == "set")
	})
}

// declares reports whether the contract has a unique of the index's columns.
func declares(e *transform.Entity, i UniqueIndex) bool {
	return slices.ContainsFunc(e.Unique, func(u transform.Unique) bool {
		return columnSet(columnNames(e, u.Columns)) == columnSet(i.Columns)
	})
}

// columnSet is a form of names that is the same in any order and case.
func columnSet(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.ToLower(strings.Join(names, "\x00"))
}

func columnNames(e *transform.Entity, columns []int) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = e.Columns[c].Name
	}
	return names
}

// checkColumns finds columns that the contract does not have: their values
// would be lost with the first row that is put. MySQL computes generated ones
// again.
func (s *Store) checkColumns(ctx context.Context, e *transform.Entity, all *findings) error {
	live, err := s.columns(ctx, e.Source)
	if src := s.sources[e.Name]; src != nil && src.sql != nil {
		return err // the service's own Write makes them of the record
	}
	for _, l := range live {
		if l.Generated == "virtual" || l.Generated == "stored" {
			continue
		}
		if !slices.ContainsFunc(e.Columns, func(c transform.Column) bool { return strings.EqualFold(c.Name, l.Name) }) {
			all.add(transform.Error, "column "+e.Source+"."+l.Name+" is not in the contract, so a row that comes back from DynamoDB would be without it",
				"add it to the contract, or move it to another table")
		}
	}
	return err
}

// checkRules finds what else MySQL does with a row that is put: triggers that
// may change it, checks that may refuse it. Foreign keys are not checked when a
// row is put. Those that are references of the contract DynamoDB keeps as
// authority; that nothing refers by another one to what is not there is the
// service's own concern from then on.
func (s *Store) checkRules(ctx context.Context, e *transform.Entity, all *findings) error {
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		all.add(transform.Error, name+" of "+e.Source+" runs for rows that come back from DynamoDB too, and may change or refuse them",
			"drop it before phase 4")
		return err
	}, "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND event_object_table = ?"+
		notOurs+" ORDER BY trigger_name", e.Source)
	if err != nil {
		return err
	}
	live, err := readForeignKeys(ctx, s.db, e.Source)
	if err != nil {
		return err
	}
	mend := `declare it in the contract's "references"`
	if isPart(s.contract, e.Source) {
		mend = "the contract's references are of records, and these rows are part of one: keep it in the service"
	}
	for _, k := range live {
		if !k.declared(s.contract.Entities...) && !k.ties(s.contract, e.Source) {
			all.add(transform.Warning, k.name+" of "+e.Source+" is a foreign key, which nothing keeps while DynamoDB is the authority", mend)
		}
	}
	return s.checkChecks(ctx, e, all)
}

// checkChecks finds CHECK constraints, which a contract has no words for. That
// a text is JSON, as MariaDB checks, every JSON column of the contract fulfils.
func (s *Store) checkChecks(ctx context.Context, e *transform.Entity, all *findings) error {
	mariaDB, err := s.isMariaDB(ctx)
	if err != nil {
		return err
	}
	query := "SELECT c.constraint_name, c.check_clause FROM information_schema.check_constraints c" +
		" JOIN information_schema.table_constraints t ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name" +
		" WHERE t.table_schema = DATABASE() AND t.table_name = ? ORDER BY c.constraint_name"
	if mariaDB { // a constraint's name is not the schema's own there
		query = "SELECT constraint_name, check_clause FROM information_schema.check_constraints" +
			" WHERE constraint_schema = DATABASE() AND table_name = ? ORDER BY constraint_name"
	}
	return each(ctx, s.db, func(rows *sql.Rows) error {
		var name, clause string
		err := rows.Scan(&name, &clause)
		if i := e.ColumnIndex(name); !mariaDB || i < 0 || !isJSONCheck(clause, name) {
			all.add(transform.Error, "the check "+name+" of "+e.Source+" could refuse a row that DynamoDB has taken", "drop it before phase 4")
		}
		return err
	}, query, e.Source)
}
