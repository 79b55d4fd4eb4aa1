package versions

import (
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
)

// An index is a tree for the engine.
type index struct {
	*tree
	table *Table
}

var _ sql.Index = (*index)(nil)

func (x *index) ID() string                                 { return x.name }
func (x *index) Database() string                           { return x.table.database }
func (x *index) Table() string                              { return x.table.name }
func (x *index) IsUnique() bool                             { return x.unique }
func (x *index) IsSpatial() bool                            { return false }
func (x *index) IsFullText() bool                           { return false }
func (x *index) IsVector() bool                             { return false }
func (x *index) Comment() string                            { return x.comment }
func (x *index) IndexType() string                          { return "BTREE" }
func (x *index) IsGenerated() bool                          { return false }
func (x *index) CanSupportOrderBy(sql.Expression) bool      { return false }
func (x *index) PrefixLengths() []uint16                    { return x.lengths }
func (x *index) CanSupport(*sql.Context, ...sql.Range) bool { return x.lengths == nil }

// Expressions implements sql.Index.
func (x *index) Expressions() []string {
	all := make([]string, len(x.columns))
	for i, c := range x.columns {
		all[i] = x.table.name + "." + x.table.columns.Schema[c].Name
	}
	return all
}

// ColumnExpressionTypes implements sql.Index.
func (x *index) ColumnExpressionTypes() []sql.ColumnExpressionType {
	all := make([]sql.ColumnExpressionType, len(x.columns))
	for i, e := range x.Expressions() {
		all[i] = sql.ColumnExpressionType{Expression: e, Type: x.types[i]}
	}
	return all
}

// GetIndexes implements sql.IndexAddressable.
func (t *Table) GetIndexes(ctx *sql.Context) ([]sql.Index, error) {
	var all []sql.Index
	now := t.see(ctx)
	if len(now.primary.columns) > 0 {
		all = append(all, &index{now.primary, t})
	}
	for _, tree := range now.indexes {
		all = append(all, &index{tree, t})
	}
	return all, nil
}

// PreciseMatch implements sql.IndexAddressable: the engine keeps its filters.
func (t *Table) PreciseMatch() bool { return false }

// IndexedAccess implements sql.IndexAddressable.
func (t *Table) IndexedAccess(*sql.Context, sql.IndexLookup) sql.IndexedTable { return &indexed{t} }

// An indexed table is read through one of its indexes.
type indexed struct{ *Table }

// LookupPartitions implements sql.IndexedTable.
func (t *indexed) LookupPartitions(_ *sql.Context, l sql.IndexLookup) (sql.PartitionIter, error) {
	return sql.PartitionsToPartitionIter(partition{&l}), nil
}

// CreateIndex implements sql.IndexAlterableTable.
func (t *Table) CreateIndex(ctx *sql.Context, def sql.IndexDef) error {
	c, err := t.change(ctx)
	if err != nil {
		return err
	}
	if def.Constraint != sql.IndexConstraint_None && def.Constraint != sql.IndexConstraint_Unique {
		return sql.ErrUnsupportedFeature.New("full text, spatial and vector indexes in memory")
	}
	var columns []int
	var lengths []uint16
	for i, column := range def.Columns {
		at := c.columns.Schema.IndexOfColName(column.Name)
		if at < 0 {
			return sql.ErrKeyColumnDoesNotExist.New(column.Name)
		}
		columns = append(columns, at)
		if column.Length > 0 && lengths == nil {
			lengths = make([]uint16, len(def.Columns))
		}
		if column.Length > 0 {
			lengths[i] = uint16(column.Length)
		}
	}
	x := newTree(c.indexName(def), def.IsUnique(), columns, lengths, c.columns.Schema)
	x.comment = def.Comment
	if c.index(x.name) != nil {
		return sql.ErrDuplicateKey.New(x.name)
	}
	return c.fill(x)
}

// indexName returns the name of a new index: its first column's if it has none.
func (t *table) indexName(def sql.IndexDef) string {
	if def.Name != "" {
		return def.Name
	}
	return def.Columns[0].Name
}

// fill adds an index over the rows that are there.
func (t *table) fill(x *tree) (err error) {
	t.primary.rows.Ascend(func(e entry) bool {
		if x.unique && !x.hasNull(e.row) {
			if there, ok := x.find(e.row); ok {
				err = t.duplicate(x, e.row, there.row)
				return false
			}
		}
		x.rows.ReplaceOrInsert(e)
		return true
	})
	if err == nil {
		t.indexes = append(t.indexes, x)
	}
	return err
}

// DropIndex implements sql.IndexAlterableTable.
func (t *Table) DropIndex(ctx *sql.Context, name string) error {
	c, err := t.change(ctx)
	if err != nil {
		return err
	}
	if c.index(name) == nil {
		return sql.ErrIndexNotFound.New(name)
	}
	c.indexes = slices.DeleteFunc(c.indexes, func(x *tree) bool { return strings.EqualFold(x.name, name) })
	return nil
}

// RenameIndex implements sql.IndexAlterableTable.
func (t *Table) RenameIndex(ctx *sql.Context, from, to string) error {
	c, err := t.change(ctx)
	if err != nil {
		return err
	}
	if c.index(from) == nil {
		return sql.ErrIndexNotFound.New(from)
	}
	c.index(from).name = to
	return nil
}
