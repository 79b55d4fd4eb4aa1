package versions

import (
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
)

// GetDeclaredForeignKeys implements sql.ForeignKeyTable.
func (t *Table) GetDeclaredForeignKeys(ctx *sql.Context) ([]sql.ForeignKeyConstraint, error) {
	return t.foreignKeys(ctx, func(f sql.ForeignKeyConstraint) string { return f.Table }), nil
}

// GetReferencedForeignKeys implements sql.ForeignKeyTable.
func (t *Table) GetReferencedForeignKeys(ctx *sql.Context) ([]sql.ForeignKeyConstraint, error) {
	return t.foreignKeys(ctx, func(f sql.ForeignKeyConstraint) string { return f.ParentTable }), nil
}

// foreignKeys returns those of the database's foreign keys whose table is this.
func (t *Table) foreignKeys(ctx *sql.Context, side func(sql.ForeignKeyConstraint) string) []sql.ForeignKeyConstraint {
	var some []sql.ForeignKeyConstraint
	for _, f := range (&Database{t.store, t.database}).see(ctx).foreign {
		if strings.EqualFold(side(f), t.name) {
			some = append(some, f)
		}
	}
	return some
}

// AddForeignKey implements sql.ForeignKeyTable.
func (t *Table) AddForeignKey(ctx *sql.Context, key sql.ForeignKeyConstraint) error {
	d, err := (&Database{t.store, t.database}).change(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(d.foreign, named(key.Name)) {
		return sql.ErrForeignKeyDuplicateName.New(key.Name)
	}
	d.foreign = append(d.foreign, key)
	return nil
}

// DropForeignKey implements sql.ForeignKeyTable.
func (t *Table) DropForeignKey(ctx *sql.Context, name string) error {
	d, err := (&Database{t.store, t.database}).change(ctx)
	if err != nil {
		return err
	}
	before := len(d.foreign)
	if d.foreign = slices.DeleteFunc(d.foreign, named(name)); len(d.foreign) == before {
		return sql.ErrForeignKeyNotFound.New(name, t.name)
	}
	return nil
}

// UpdateForeignKey implements sql.ForeignKeyTable.
func (t *Table) UpdateForeignKey(ctx *sql.Context, name string, key sql.ForeignKeyConstraint) error {
	if err := t.DropForeignKey(ctx, name); err != nil {
		return err
	}
	return t.AddForeignKey(ctx, key)
}

func named(name string) func(sql.ForeignKeyConstraint) bool {
	return func(f sql.ForeignKeyConstraint) bool { return strings.EqualFold(f.Name, name) }
}

// CreateIndexForForeignKey implements sql.ForeignKeyTable.
func (t *Table) CreateIndexForForeignKey(ctx *sql.Context, def sql.IndexDef) error {
	return t.CreateIndex(ctx, def)
}

// GetForeignKeyEditor implements sql.ForeignKeyTable.
func (t *Table) GetForeignKeyEditor(ctx *sql.Context) sql.ForeignKeyEditor { return t.editor(ctx) }
