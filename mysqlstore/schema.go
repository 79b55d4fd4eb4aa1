package mysqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Introspect returns the columns of a table as a contract says them, and the
// names of its primary key's columns. A type that the library can't convert has
// its name and no Kind. MariaDB keeps JSON as text with a check, and that is
// given as "json". The error is ErrInvalid if there is no such table, or the
// account may not see it.
func Introspect(ctx context.Context, db *sqlx.DB, table string) (columns []transform.Column, primaryKey []string, err error) {
	s := &Store{db: db}
	err = reading(ctx, db, func(conn *sqlx.Conn) (err error) {
		if columns, err = readColumns(ctx, conn, table); err != nil || len(columns) == 0 {
			return err
		}
		primaryKey, err = readPrimaryKey(ctx, conn, table)
		return err
	})
	if err != nil {
		return nil, nil, s.wrap("introspect", nil, store.NoWrite, err)
	}
	if len(columns) == 0 {
		return nil, nil, s.invalid("introspect", "", "", "there is no table "+table+
			" in the DSN's database, or the account may not see it", store.NoWrite)
	}
	return columns, primaryKey, nil
}

// IntrospectUnique returns the unique indexes of a table but its primary key.
func IntrospectUnique(ctx context.Context, db *sqlx.DB, table string) ([]UniqueIndex, error) {
	s := &Store{db: db}
	var all []UniqueIndex
	err := reading(ctx, db, func(conn *sqlx.Conn) (err error) {
		all, err = readIndexes(ctx, conn, table)
		return err
	})
	if err != nil {
		return nil, s.wrap("introspect", nil, store.NoWrite, err)
	}
	return slices.DeleteFunc(all, func(i UniqueIndex) bool { return strings.EqualFold(i.Name, primary) }), nil
}

// Foldable reports whether it is known which values the index takes for equal, so
// that DynamoDB can keep it too: see transform.Fold. The columns are those of its
// table.
func (i UniqueIndex) Foldable(columns []transform.Column) bool {
	for n, collation := range i.Collations {
		c := columnOf(columns, i.Columns[n])
		labelled := c >= 0 && (columns[c].SQLType == "enum" || columns[c].SQLType == "set")
		if _, known := transform.Fold(collation, ""); collation != "" && !labelled && !known {
			return false
		}
	}
	return !i.Partial
}

// columns reads the columns of a table, none if it is not there.
func (s *Store) columns(ctx context.Context, table string) ([]transform.Column, error) {
	return readColumns(ctx, s.db, table)
}

func readColumns(ctx context.Context, q querier, table string) ([]transform.Column, error) {
	mariaDB, err := isMariaDB(ctx, q)
	if err != nil {
		return nil, err
	}
	var columns []transform.Column
	err = each(ctx, q, func(rows *sql.Rows) error {
		var i columnInfo
		err := rows.Scan(&i.name, &i.dataType, &i.columnType, &i.nullable, &i.length, &i.precision, &i.scale,
			&i.fraction, &i.collation, &i.initial, &i.extra)
		columns = append(columns, i.column(mariaDB))
		return err
	}, "SELECT column_name, data_type, column_type, is_nullable, character_maximum_length, numeric_precision,"+
		" numeric_scale, datetime_precision, collation_name, column_default, extra FROM information_schema.columns"+
		" WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position", table)
	if err != nil || !mariaDB {
		return columns, err
	}
	return columns, markJSON(ctx, q, table, columns)
}

// markJSON finds the columns that MariaDB keeps as text and checks to be JSON.
func markJSON(ctx context.Context, q querier, table string, columns []transform.Column) error {
	return each(ctx, q, func(rows *sql.Rows) error {
		var clause string
		err := rows.Scan(&clause)
		for i, c := range columns {
			if c.SQLType == "longtext" && isJSONCheck(clause, c.Name) {
				columns[i] = transform.Column{Name: c.Name, SQLType: "json", Kind: transform.JSON, Nullable: c.Nullable,
					Default: c.Default, OnUpdate: c.OnUpdate, Generated: c.Generated}
			}
		}
		return err
	}, "SELECT check_clause FROM information_schema.check_constraints"+
		" WHERE constraint_schema = DATABASE() AND table_name = ?", table)
}

// isJSONCheck reports whether a clause checks a column to be JSON and no more.
func isJSONCheck(clause, column string) bool {
	unquoted := strings.NewReplacer("`", "", `"`, "") // which ones depends on sql_mode
	return strings.EqualFold(unquoted.Replace(clause), "json_valid("+unquoted.Replace(column)+")")
}

// isMariaDB reports whether the server is MariaDB.
func (s *Store) isMariaDB(ctx context.Context) (bool, error) { return isMariaDB(ctx, s.db) }

func isMariaDB(ctx context.Context, q querier) (bool, error) {
	var version string
	_, err := one(ctx, q, "SELECT VERSION()", nil, &version)
	return strings.Contains(version, "MariaDB"), err
}

// primaryKey returns the names of the columns of a table's primary key.
func (s *Store) primaryKey(ctx context.Context, table string) ([]string, error) {
	return readPrimaryKey(ctx, s.db, table)
}

func readPrimaryKey(ctx context.Context, q querier, table string) ([]string, error) {
	var names []string
	err := each(ctx, q, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	}, "SELECT column_name FROM information_schema.statistics WHERE table_schema = DATABASE()"+
		" AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index", table)
	return names, err
}

// A columnInfo is a row of information_schema.columns.
type columnInfo struct {
	name, dataType, columnType, nullable, extra string
	length, precision, scale, fraction          sql.Null[int64]
	collation, initial                          sql.NullString
}

// kindOf returns the kind of value that a type of MySQL holds.
func kindOf(dataType string) transform.Kind {
	switch dataType {
	case "tinyint", "smallint", "mediumint", "int", "bigint", "bit", "year":
		return transform.Int
	case "float", "double":
		return transform.Float
	case "time":
		return transform.Time
	case "decimal":
		return transform.Decimal
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set":
		return transform.Text
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		return transform.Bytes
	case "date":
		return transform.Date
	case "datetime":
		return transform.DateTime
	case "timestamp":
		return transform.Timestamp
	case "json":
		return transform.JSON
	}
	return transform.Null
}

// column turns what the server says into the contract's words.
func (i *columnInfo) column(mariaDB bool) transform.Column {
	c := transform.Column{
		Name:     i.name,
		SQLType:  strings.ToLower(i.dataType),
		Unsigned: strings.Contains(strings.ToLower(i.columnType), "unsigned"),
		Nullable: strings.EqualFold(i.nullable, "YES"),
	}
	c.Kind = kindOf(c.SQLType)
	switch c.SQLType {
	case "char", "varchar", "binary", "varbinary":
		c.Length = int(i.length.V)
	case "enum", "set":
		c.Labels = labelsOf(i.columnType)
	case "bit":
		c.Length = int(i.precision.V)
	case "float", "double":
		if i.scale.Valid { // FLOAT(7,2); FLOAT alone has a precision, and no scale
			c.Precision, c.Scale = int(i.precision.V), int(i.scale.V)
		}
	case "decimal":
		c.Precision, c.Scale = int(i.precision.V), int(i.scale.V)
	case "datetime", "timestamp", "time":
		c.Precision = int(i.fraction.V)
	}
	if c.Kind == transform.Text {
		c.Collation = i.collation.String
	}
	c.Default = i.defaultSQL(mariaDB, c.Kind)
	extra := strings.ToLower(i.extra)
	if _, update, ok := strings.Cut(extra, "on update "); ok {
		c.OnUpdate = currentTimestamp(update)
	}
	switch {
	case strings.Contains(extra, "auto_increment"):
		c.Generated = "auto_increment"
	case strings.Contains(extra, "virtual"):
		c.Generated = "virtual"
	case strings.Contains(extra, "stored generated"), strings.Contains(extra, "persistent"):
		c.Generated = "stored"
	}
	return c
}

// defaultSQL returns the column's default as SQL. MariaDB says it so; MySQL
// says the value, and marks what is an expression.
func (i *columnInfo) defaultSQL(mariaDB bool, kind transform.Kind) string {
	text := i.initial.String
	switch {
	case !i.initial.Valid || mariaDB && strings.EqualFold(text, "NULL"):
		return ""
	case strings.HasPrefix(strings.ToLower(text), "current_timestamp"):
		return currentTimestamp(text)
	case mariaDB, strings.Contains(strings.ToUpper(i.extra), "DEFAULT_GENERATED"),
		kind == transform.Int, kind == transform.Decimal, kind == transform.Float:
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// labelsOf reads the labels of enum('a','it”s'). Both servers double quotes and
// escape backslashes and control characters, whatever the sql_mode.
func labelsOf(columnType string) []string {
	_, list, _ := strings.Cut(columnType, "(")
	var labels []string
	for list != "" && list[0] != ')' {
		var label string
		label, list = cutLabel(list)
		labels = append(labels, label)
		list = strings.TrimPrefix(list, ",")
	}
	return labels
}

// cutLabel reads one quoted label and returns what follows it.
func cutLabel(s string) (label, rest string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\'' && (i+1 == len(s) || s[i+1] != '\''):
			return b.String(), s[i+1:]
		case s[i] == '\'':
			i++
			b.WriteByte('\'')
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(unescaped(s[i]))
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}

// unescaped returns what follows a backslash stands for.
func unescaped(c byte) byte {
	switch c {
	case '0':
		return 0
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	}
	return c
}

// currentTimestamp writes the function the way MySQL does: with its digits, and
// without empty brackets.
func currentTimestamp(text string) string {
	name, _, _ := strings.Cut(strings.ToUpper(text), " ")
	return strings.TrimSuffix(name, "()")
}
