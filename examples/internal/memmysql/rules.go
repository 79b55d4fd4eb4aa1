package memmysql

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// castDatesRule is an id that the engine's own rules do not have.
const castDatesRule analyzer.RuleId = 1000

// castDates makes CAST(date AS CHAR) a date: the engine writes a time of day
// behind it.
func castDates(_ *sql.Context, _ *analyzer.Analyzer, n sql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
	return transform.NodeExprsWithOpaque(n, func(e sql.Expression) (sql.Expression, transform.TreeIdentity, error) {
		cast, ok := e.(*expression.Convert)
		if !ok || !types.IsText(cast.Type()) || !types.IsDateType(cast.Child.Type()) {
			return e, transform.SameTree, nil
		}
		text := function.NewDateFormat(cast.Child, expression.NewLiteral("%Y-%m-%d", types.LongText))
		changed, err := cast.WithChildren(text)
		return changed, transform.NewTree, err
	})
}

// binaryUnionsRule is another one.
const binaryUnionsRule analyzer.RuleId = 1001

// binaryUnions makes a column of a UNION binary if it is in one of its parts. The
// engine makes it text, and NULL of bytes that are none, without a word.
func binaryUnions(_ *sql.Context, _ *analyzer.Analyzer, n sql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
	return transform.NodeWithOpaque(n, func(n sql.Node) (sql.Node, transform.TreeIdentity, error) {
		union, ok := n.(*plan.SetOp)
		if !ok {
			return n, transform.SameTree, nil
		}
		left, isLeft := union.Left().(*plan.Project)
		right, isRight := union.Right().(*plan.Project)
		if !isLeft || !isRight || len(left.Projections) != len(right.Projections) {
			return n, transform.SameTree, nil
		}
		a, b, changed := asBinary(left.Projections, right.Projections)
		if !changed {
			return n, transform.SameTree, nil
		}
		made, err := union.WithChildren(plan.NewProject(a, left.Child), plan.NewProject(b, right.Child))
		return made, transform.NewTree, err
	})
}

// asBinary returns the columns of both parts, with the engine's conversions to
// text replaced by such to bytes where one part has bytes.
func asBinary(left, right []sql.Expression) (a, b []sql.Expression, changed bool) {
	a, b = append(a, left...), append(b, right...)
	for i := range a {
		l, lName, lOK := converted(a[i])
		r, rName, rOK := converted(b[i])
		if lOK && rOK && (types.IsBinaryType(l.Type()) || types.IsBinaryType(r.Type())) {
			a[i] = expression.NewAlias(lName, expression.NewConvert(l, expression.ConvertToBinary))
			b[i] = expression.NewAlias(rName, expression.NewConvert(r, expression.ConvertToBinary))
			changed = true
		}
	}
	return a, b, changed
}

// converted returns what a column of a UNION's part is converted to text from.
func converted(e sql.Expression) (from sql.Expression, name string, ok bool) {
	alias, ok := e.(*expression.Alias)
	if !ok {
		return nil, "", false
	}
	cast, ok := alias.Child.(*expression.Convert)
	if !ok || !types.IsText(cast.Type()) || types.IsBinaryType(cast.Type()) {
		return nil, "", false
	}
	return cast.Child, alias.Name(), true
}

// exactIntegersRule is another one.
const exactIntegersRule analyzer.RuleId = 1002

// exactIntegers makes a literal that is compared with unsigned integers unsigned
// too. The engine compares signed with unsigned integers as floats, for which
// neighbours above 2⁵³ are equal.
func exactIntegers(_ *sql.Context, _ *analyzer.Analyzer, n sql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
	return transform.NodeExprsWithOpaque(n, func(e sql.Expression) (sql.Expression, transform.TreeIdentity, error) {
		c, ok := e.(expression.Comparer)
		if !ok {
			return e, transform.SameTree, nil
		}
		left, leftChanged := unsigned(c.Left(), c.Right())
		right, rightChanged := unsigned(c.Right(), c.Left())
		if !leftChanged && !rightChanged {
			return e, transform.SameTree, nil
		}
		changed, err := e.WithChildren(left, right)
		return changed, transform.NewTree, err
	})
}

// unsigned returns an expression as an unsigned literal if it is a signed one
// that the other side, which is unsigned, may equal.
func unsigned(e, other sql.Expression) (sql.Expression, bool) {
	literal, ok := e.(*expression.Literal)
	if !ok || !types.IsSigned(literal.Type()) || !types.IsUnsigned(other.Type()) {
		return e, false
	}
	v, _, err := types.Int64.Convert(sql.NewEmptyContext(), literal.Value())
	if i, ok := v.(int64); err == nil && ok && i >= 0 {
		return expression.NewLiteral(uint64(i), types.Uint64), true
	}
	return e, false
}
