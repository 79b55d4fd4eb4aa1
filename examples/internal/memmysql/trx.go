package memmysql

import (
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/information_schema"
)

// An infoSchema is information_schema with one table that the engine leaves
// empty: innodb_trx, which shows who has the turn and who waits for it. Its tables
// are made anew for each statement that names them: the engine writes into a table
// which catalog and procedures it shows, and keeps one for all connections.
type infoSchema struct {
	sql.Database
	turn *turn
}

// GetTableInsensitive implements sql.Database.
func (d infoSchema) GetTableInsensitive(ctx *sql.Context, name string) (sql.Table, bool, error) {
	t, ok, err := information_schema.NewInformationSchemaDatabase().GetTableInsensitive(ctx, name)
	if ok && strings.EqualFold(name, information_schema.InnoDBTrxName) {
		t = transactions{t, d.turn}
	}
	return t, ok, err
}

// transactions is information_schema.innodb_trx.
type transactions struct {
	sql.Table
	turn *turn
}

// Partitions implements sql.Table.
func (transactions) Partitions(*sql.Context) (sql.PartitionIter, error) {
	return sql.PartitionsToPartitionIter(everything{}), nil
}

type everything struct{}

func (everything) Key() []byte { return []byte("all") }

// PartitionRows implements sql.Table. A transaction counts as one that locks a
// row from its turn on; when it began is not known.
func (t transactions) PartitionRows(ctx *sql.Context, _ sql.Partition) (sql.RowIter, error) {
	holder, waiting := t.turn.line()
	var rows []sql.Row
	if holder != nil {
		rows = append(rows, t.row(ctx, holder, "RUNNING", 1))
	}
	for _, s := range waiting {
		rows = append(rows, t.row(ctx, s, "LOCK WAIT", 0))
	}
	return sql.RowsToRowIter(rows...), nil
}

// row returns a row with what is known, and the type's zero for the rest.
func (t transactions) row(ctx *sql.Context, s *session, state string, locked uint64) sql.Row {
	known := map[string]any{"trx_id": s.id, "trx_state": state, "trx_mysql_thread_id": s.id, "trx_rows_locked": locked, "trx_started": s.began}
	var row sql.Row
	for _, c := range t.Schema() {
		v, ok := known[strings.ToLower(c.Name)]
		if !ok {
			v = c.Type.Zero()
		}
		if converted, _, err := c.Type.Convert(ctx, v); err == nil {
			v = converted
		}
		row = append(row, v)
	}
	return row
}
