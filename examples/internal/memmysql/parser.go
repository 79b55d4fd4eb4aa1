package memmysql

import (
	"context"
	"slices"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/vt/sqlparser"
)

// A parser puts statements that the engine does not carry into another form that
// means the same.
//
// The engine plans an UPDATE or a DELETE of one table without looking into an
// EXISTS of its condition, and fails when it comes to it; within a scalar
// subquery it finds it. After INSERT … SELECT it does not know VALUES(column), but
// what the SELECT returns by its name. And it takes LEFT JOIN … ON TRUE for a
// CROSS JOIN, which has no rows if the right side has none.
type parser struct{ sql.Parser }

func (p parser) ParseSimple(query string) (sqlparser.Statement, error) {
	st, err := p.Parser.ParseSimple(query)
	return rewrite(st), err
}

func (p parser) Parse(ctx *sql.Context, query string, multi bool) (sqlparser.Statement, string, string, error) {
	st, first, rest, err := p.Parser.Parse(ctx, query, multi)
	return rewrite(st), first, rest, err
}

func (p parser) ParseWithOptions(ctx context.Context, query string, delimiter rune, multi bool, o sqlparser.ParserOptions) (sqlparser.Statement, string, string, error) {
	st, first, rest, err := p.Parser.ParseWithOptions(ctx, query, delimiter, multi, o)
	return rewrite(st), first, rest, err
}

func (p parser) ParseOneWithOptions(ctx context.Context, query string, o sqlparser.ParserOptions) (sqlparser.Statement, int, error) {
	st, end, err := p.Parser.ParseOneWithOptions(ctx, query, o)
	return rewrite(st), end, err
}

// rewrite changes a parsed statement in place, and returns it.
func rewrite(st sqlparser.Statement) sqlparser.Statement {
	if st == nil {
		return nil
	}
	_ = sqlparser.Walk(keepOuter, st)
	switch st := st.(type) {
	case *sqlparser.Update:
		wrapExists(st.Where)
	case *sqlparser.Delete:
		wrapExists(st.Where)
	case *sqlparser.Insert:
		if from, ok := st.Rows.(*sqlparser.Select); ok {
			nameValues(st, from)
		}
	}
	return st
}

// keepOuter makes LEFT JOIN … ON TRUE one ON 1 = 1, which is not planned as if
// both sides had to have rows.
func keepOuter(n sqlparser.SQLNode) (bool, error) {
	join, ok := n.(*sqlparser.JoinTableExpr)
	if !ok || (join.Join != sqlparser.LeftJoinStr && join.Join != sqlparser.RightJoinStr) {
		return true, nil
	}
	if on, ok := join.Condition.On.(sqlparser.BoolVal); ok && bool(on) {
		one := sqlparser.NewIntVal([]byte("1"))
		join.Condition.On = &sqlparser.ComparisonExpr{Operator: sqlparser.EqualStr, Left: one, Right: one}
	}
	return true, nil
}

// wrapExists makes (SELECT EXISTS (…)) = 1 of every EXISTS (…).
func wrapExists(where *sqlparser.Where) {
	if where == nil {
		return
	}
	var found []*sqlparser.ExistsExpr
	_ = sqlparser.Walk(func(n sqlparser.SQLNode) (bool, error) {
		switch n := n.(type) {
		case *sqlparser.ExistsExpr:
			found = append(found, n)
			return false, nil
		case *sqlparser.Subquery:
			return false, nil
		}
		return true, nil
	}, where.Expr)
	for _, exists := range found {
		st, err := sqlparser.Parse("SELECT 1")
		if err != nil {
			return
		}
		scalar := st.(*sqlparser.Select)
		scalar.SelectExprs = sqlparser.SelectExprs{&sqlparser.AliasedExpr{Expr: exists}}
		where.Expr = sqlparser.ReplaceExpr(where.Expr, exists, &sqlparser.ComparisonExpr{
			Operator: sqlparser.EqualStr, Left: &sqlparser.Subquery{Select: scalar}, Right: sqlparser.NewIntVal([]byte("1"))})
	}
}

// nameValues makes every VALUES(column) the name of what the SELECT returns for
// that column.
func nameValues(st *sqlparser.Insert, from *sqlparser.Select) {
	for _, set := range st.OnDup {
		var found []*sqlparser.ValuesFuncExpr
		_ = sqlparser.Walk(func(n sqlparser.SQLNode) (bool, error) {
			if v, ok := n.(*sqlparser.ValuesFuncExpr); ok {
				found = append(found, v)
			}
			return true, nil
		}, set.Expr)
		for _, v := range found {
			if name, ok := nameValue(st, from, v.Name.Name); ok {
				set.Expr = sqlparser.ReplaceExpr(set.Expr, v, sqlparser.NewColName(name))
			}
		}
	}
}

// nameValue gives a name to what the SELECT returns for a column.
func nameValue(st *sqlparser.Insert, from *sqlparser.Select, column sqlparser.ColIdent) (string, bool) {
	i := slices.IndexFunc(st.Columns, column.Equal)
	if i < 0 || i >= len(from.SelectExprs) {
		return "", false
	}
	of, ok := from.SelectExprs[i].(*sqlparser.AliasedExpr)
	if !ok {
		return "", false
	}
	name := "__values_" + column.Lowered()
	of.As, of.InputExpression = sqlparser.NewColIdent(name), ""
	return name, true
}
