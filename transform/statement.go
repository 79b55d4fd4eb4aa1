package transform

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// A Statement is SQL, or a part of it, with the arguments for its placeholders
// in their order. Of a contract it has names in backticks and nothing else:
// what a contract says is bound, or in a view, where nothing can be, written as
// hexadecimal digits. It runs on MariaDB 10.11 and MySQL 8, under any sql_mode.
type Statement struct {
	SQL  string
	Args []any
}

// sqlOf puts a statement together of texts, which are SQL, and of statements. A
// text never comes from a contract.
func sqlOf(parts ...any) Statement {
	var b strings.Builder
	var args []any
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b.WriteString(p)
		case Statement:
			b.WriteString(p.SQL)
			args = append(args, p.Args...)
		}
	}
	return Statement{b.String(), args}
}

// sqlList puts statements together with a text between them.
func sqlList(all []Statement, between string) Statement {
	parts := make([]any, 0, 2*len(all))
	for i, s := range all {
		if i > 0 {
			parts = append(parts, between)
		}
		parts = append(parts, s)
	}
	return sqlOf(parts...)
}

// sqlName is an identifier.
func sqlName(name string) Statement {
	return Statement{SQL: "`" + strings.ReplaceAll(name, "`", "``") + "`"}
}

// sqlColumn is a column of the table with an alias.
func sqlColumn(alias, name string) Statement { return sqlOf(alias, ".", sqlName(name)) }

// A sqlWriter writes expressions over one row of an entity.
type sqlWriter struct {
	entity *Entity
	row    string // the row's alias
	// inline says that nothing can be bound.
	inline bool
	// form makes what is shown of a column's value.
	form func(c *Column, x Statement) Statement
	// otherwise makes what is shown of the null_value of a self-join.
	otherwise func(c *Column) Statement
	// element makes what is shown of a row that is a map or an element of a list,
	// list puts elements together.
	element func(j *Join) Statement
	list    func(j *Join) Statement
	// begin and endless are what a path begins with, and what is shown of a tree
	// without a root within reach.
	begin, endless string
	// lock is what locks the rows of children.
	lock string
}

// text is a text of the contract.
func (w *sqlWriter) text(s string) Statement {
	if w.inline {
		return Statement{SQL: "_utf8mb4 X'" + hex.EncodeToString([]byte(s)) + "'"}
	}
	return Statement{"?", []any{s}}
}

// own is a column of the row.
func (w *sqlWriter) own(column int) Statement {
	return sqlColumn(w.row, w.entity.Columns[column].Name)
}

// fragment is an expression of the contract whose own row has the alias ownAlias.
func (w *sqlWriter) fragment(f fragment.Fragment) Statement {
	f, err := f.Resolve(func(r fragment.Ref) (fragment.Ref, error) {
		if r.Table == ownAlias {
			r.Table = w.row
		}
		return r, nil
	})
	if err != nil {
		return Statement{SQL: "NULL"} // not reached: the references were resolved once
	}
	if w.inline {
		return Statement{SQL: f.ViewSQL()}
	}
	sql, args := f.SQL()
	return Statement{sql, args}
}

// Placeholder returns the placeholder for a value that is compared with the
// column: a question mark, for DECIMAL in a CAST, or MySQL would compare a text
// with it by turning both into floating point numbers.
func (c Column) Placeholder() string {
	if c.Kind == Decimal {
		return fmt.Sprintf("CAST(? AS DECIMAL(%d,%d))", c.Precision, c.Scale)
	}
	return "?"
}
