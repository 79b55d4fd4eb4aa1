package versions

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// A Table is a table for the engine. Its definition is that of one version; rows
// are those that the session sees when they are asked for.
type Table struct {
	store    *Store
	database string
	*table
}

var (
	_ sql.IndexAddressableTable = (*Table)(nil)
	_ sql.IndexAlterableTable   = (*Table)(nil)
	_ sql.InsertableTable       = (*Table)(nil)
	_ sql.ReplaceableTable      = (*Table)(nil)
	_ sql.UpdatableTable        = (*Table)(nil)
	_ sql.DeletableTable        = (*Table)(nil)
	_ sql.TruncateableTable     = (*Table)(nil)
	_ sql.AutoIncrementTable    = (*Table)(nil)
	_ sql.PrimaryKeyTable       = (*Table)(nil)
	_ sql.CommentedTable        = (*Table)(nil)
	_ sql.StatisticsTable       = (*Table)(nil)
	_ sql.RewritableTable       = (*Table)(nil)
	_ sql.ForeignKeyTable       = (*Table)(nil)
	_ sql.CheckTable            = (*Table)(nil)
	_ sql.CheckAlterableTable   = (*Table)(nil)
)

// see returns the table as the session sees it.
func (t *Table) see(ctx *sql.Context) *table {
	if now := t.store.of(ctx).table(t.database, t.name); now != nil {
		return now
	}
	return t.table
}

// change returns the table for changing it.
func (t *Table) change(ctx *sql.Context) (*table, error) { return t.editor(ctx).change() }

// Name implements sql.Nameable.
func (t *Table) Name() string { return t.name }

// String implements fmt.Stringer.
func (t *Table) String() string { return t.name }

// Schema implements sql.Table.
func (t *Table) Schema() sql.Schema { return t.columns.Schema }

// PrimaryKeySchema implements sql.PrimaryKeyTable.
func (t *Table) PrimaryKeySchema() sql.PrimaryKeySchema { return t.columns }

// Collation implements sql.Table.
func (t *Table) Collation() sql.CollationID { return t.collation }

// Comment implements sql.CommentedTable.
func (t *Table) Comment() string { return t.comment }

// RowCount implements sql.StatisticsTable.
func (t *Table) RowCount(ctx *sql.Context) (uint64, bool, error) {
	return uint64(t.see(ctx).primary.rows.Len()), true, nil
}

// DataLength implements sql.StatisticsTable; it is a guess.
func (t *Table) DataLength(ctx *sql.Context) (uint64, error) {
	return uint64(t.see(ctx).primary.rows.Len()) * 64 * uint64(len(t.columns.Schema)), nil
}

// A partition is all of a table, or what a lookup finds of it.
type partition struct{ lookup *sql.IndexLookup }

func (partition) Key() []byte { return []byte("all") }

// Partitions implements sql.Table.
func (t *Table) Partitions(*sql.Context) (sql.PartitionIter, error) {
	return sql.PartitionsToPartitionIter(partition{}), nil
}

// PartitionRows implements sql.Table. The rows are those that are there now,
// whatever the statement changes while it reads them.
func (t *Table) PartitionRows(ctx *sql.Context, p sql.Partition) (sql.RowIter, error) {
	now := t.see(ctx)
	if of, ok := p.(partition); ok && of.lookup != nil {
		rows, err := now.lookup(*of.lookup)
		return sql.RowsToRowIter(rows...), err
	}
	return sql.RowsToRowIter(now.primary.all()...), nil
}

// Inserter implements sql.InsertableTable.
func (t *Table) Inserter(ctx *sql.Context) sql.RowInserter { return t.editor(ctx) }

// Replacer implements sql.ReplaceableTable.
func (t *Table) Replacer(ctx *sql.Context) sql.RowReplacer { return t.editor(ctx) }

// Updater implements sql.UpdatableTable.
func (t *Table) Updater(ctx *sql.Context) sql.RowUpdater { return t.editor(ctx) }

// Deleter implements sql.DeletableTable.
func (t *Table) Deleter(ctx *sql.Context) sql.RowDeleter { return t.editor(ctx) }

// AutoIncrementSetter implements sql.AutoIncrementTable.
func (t *Table) AutoIncrementSetter(ctx *sql.Context) sql.AutoIncrementSetter { return t.editor(ctx) }

// Truncate implements sql.TruncateableTable.
func (t *Table) Truncate(ctx *sql.Context) (int, error) {
	c, err := t.change(ctx)
	if err != nil {
		return 0, err
	}
	return c.truncate(), nil
}

// PeekNextAutoIncrementValue implements sql.AutoIncrementTable.
func (t *Table) PeekNextAutoIncrementValue(ctx *sql.Context) (uint64, error) {
	return t.see(ctx).auto, nil
}

// GetNextAutoIncrementValue implements sql.AutoIncrementTable.
func (t *Table) GetNextAutoIncrementValue(ctx *sql.Context, given any) (uint64, error) {
	c, err := t.change(ctx)
	if err != nil {
		return 0, err
	}
	if given == nil {
		return c.auto, c.assignable(ctx)
	}
	greater, err := types.Uint64.Compare(ctx, given, c.auto)
	if err != nil || greater <= 0 {
		return c.auto, err
	}
	v, _, err := types.Uint64.Convert(ctx, given)
	if err == nil {
		c.auto = v.(uint64)
	}
	return c.auto, err
}

// assignable returns an error if the next AUTO_INCREMENT value is above what its
// column holds. The engine would give the highest value for it.
func (t *table) assignable(ctx *sql.Context) error {
	for _, c := range t.columns.Schema {
		if !c.AutoIncrement {
			continue
		}
		if _, in, err := c.Type.Convert(ctx, t.auto); err != nil || in != sql.InRange {
			return sql.ErrValueOutOfRange.New(t.auto, c.Type)
		}
	}
	return nil
}

// IsTemporary implements sql.TemporaryTable. The engine asks it of tables that do
// not implement it, too.
func (t *Table) IsTemporary() bool { return false }
