package versions

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// unresolved returns a copy of columns as the engine wants them stored: their
// expressions as text, for it resolves them whenever it reads the schema.
func unresolved(columns sql.Schema, table string) sql.Schema {
	copied := columns.Copy()
	for _, c := range copied {
		c.Source = table
		c.Default, c.Generated, c.OnUpdate = asText(c.Default), asText(c.Generated), asText(c.OnUpdate)
		if c.OnUpdate != nil && c.Extra == "" { // the engine does not tell of it
			c.Extra = "DEFAULT_GENERATED on update CURRENT_TIMESTAMP"
		}
		if c.PrimaryKey {
			c.Nullable = false
		}
	}
	return copied
}

func asText(v *sql.ColumnDefaultValue) *sql.ColumnDefaultValue {
	if v == nil {
		return nil
	}
	bare, _, err := transform.Expr(v, func(e sql.Expression) (sql.Expression, transform.TreeIdentity, error) {
		if f, ok := e.(*expression.GetField); ok {
			return f.WithTable(""), transform.NewTree, nil
		}
		return e, transform.SameTree, nil
	})
	if err != nil {
		return v
	}
	return sql.NewUnresolvedColumnDefaultValue(bare.String())
}

// ShouldRewriteTable implements sql.RewritableTable: every change of columns is
// one, so that there is one way only.
func (t *Table) ShouldRewriteTable(*sql.Context, sql.PrimaryKeySchema, sql.PrimaryKeySchema, *sql.Column, *sql.Column) bool {
	return true
}

// RewriteInserter implements sql.RewritableTable. The engine reads the rows of
// the table as it was and inserts them as they become.
func (t *Table) RewriteInserter(ctx *sql.Context, _, to sql.PrimaryKeySchema, from, became *sql.Column, _ []sql.IndexColumn) (sql.RowInserter, error) {
	old := t.see(ctx)
	next := newTable(old.name, to, old.collation, old.comment)
	next.auto, next.checks = old.auto, slices.Clone(old.checks)
	for _, x := range old.indexes {
		var columns []int
		for _, c := range x.columns {
			name := old.columns.Schema[c].Name
			if from != nil && became != nil && strings.EqualFold(name, from.Name) {
				name = became.Name
			}
			if at := next.columns.Schema.IndexOfColName(name); at >= 0 {
				columns = append(columns, at)
			}
		}
		if len(columns) == len(x.columns) {
			tree := newTree(x.name, x.unique, columns, x.lengths, next.columns.Schema)
			tree.comment = x.comment
			next.indexes = append(next.indexes, tree)
		}
	}
	return &rewriter{t.editor(ctx), next}, nil
}

// A rewriter fills the table that takes another one's place.
type rewriter struct {
	*editor
	next *table
}

// Insert implements sql.RowInserter.
func (r *rewriter) Insert(ctx *sql.Context, row sql.Row) error {
	if err := r.next.insert(row); err != nil {
		return err
	}
	return r.next.advance(ctx, row)
}

// Close implements sql.Closer: the new table takes the old one's place.
func (r *rewriter) Close(*sql.Context) error {
	d := r.session.changeSchema(r.database)
	if d == nil {
		return sql.ErrDatabaseNotFound.New(r.database)
	}
	d.tables[strings.ToLower(r.next.name)] = r.next
	return nil
}

// DiscardChanges implements sql.EditOpenerCloser.
func (r *rewriter) DiscardChanges(*sql.Context, error) error {
	r.next = r.Table.table
	return nil
}

var errRewrite = errors.New("columns change by a rewrite of the table")

// AddColumn implements sql.AlterableTable. The engine does not call it.
func (t *Table) AddColumn(*sql.Context, *sql.Column, *sql.ColumnOrder) error { return errRewrite }

// DropColumn implements sql.AlterableTable. The engine does not call it.
func (t *Table) DropColumn(*sql.Context, string) error { return errRewrite }

// ModifyColumn implements sql.AlterableTable. The engine does not call it.
func (t *Table) ModifyColumn(*sql.Context, string, *sql.Column, *sql.ColumnOrder) error {
	return errRewrite
}

// GetChecks implements sql.CheckTable.
func (t *Table) GetChecks(ctx *sql.Context) ([]sql.CheckDefinition, error) {
	return slices.Clone(t.see(ctx).checks), nil
}

// CreateCheck implements sql.CheckAlterableTable.
func (t *Table) CreateCheck(ctx *sql.Context, check *sql.CheckDefinition) error {
	c, err := t.change(ctx)
	if err != nil {
		return err
	}
	added := *check
	named := func(name string) bool {
		return slices.ContainsFunc(c.checks, func(d sql.CheckDefinition) bool { return strings.EqualFold(d.Name, name) })
	}
	for i := 1; added.Name == ""; i++ {
		if name := fmt.Sprintf("%s_chk_%d", c.name, i); !named(name) {
			added.Name = name
		}
	}
	if named(added.Name) {
		return fmt.Errorf("duplicate check constraint name '%s'", added.Name)
	}
	c.checks = append(c.checks, added)
	return nil
}

// DropCheck implements sql.CheckAlterableTable.
func (t *Table) DropCheck(ctx *sql.Context, name string) error {
	c, err := t.change(ctx)
	if err != nil {
		return err
	}
	before := len(c.checks)
	c.checks = slices.DeleteFunc(c.checks, func(d sql.CheckDefinition) bool { return strings.EqualFold(d.Name, name) })
	if len(c.checks) == before {
		return fmt.Errorf("check constraint '%s' is not found in the table", name)
	}
	return nil
}

// CreatePrimaryKey implements sql.PrimaryKeyAlterableTable. The engine does not
// call it.
func (t *Table) CreatePrimaryKey(*sql.Context, []sql.IndexColumn) error { return errRewrite }

// DropPrimaryKey implements sql.PrimaryKeyAlterableTable. The engine does not call
// it.
func (t *Table) DropPrimaryKey(*sql.Context) error { return errRewrite }
