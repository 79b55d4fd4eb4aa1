package memmysql

import (
	"fmt"
	"regexp"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// ownClassesRule is another one.
const ownClassesRule analyzer.RuleId = 1003

// plainClass is a class of digits or none, in which case and collation say nothing.
var plainClass = regexp.MustCompile(`^\[\^?[0-9-]+\]$`)

// ownClasses looks for characters of a plain class by Go's regular expressions. The
// engine's own are another program, which it translates for each expression of each
// statement: tenths of a second for a statement with a few of them.
func ownClasses(_ *sql.Context, _ *analyzer.Analyzer, n sql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
	return transform.NodeExprsWithOpaque(n, func(e sql.Expression) (sql.Expression, transform.TreeIdentity, error) {
		like, ok := e.(*function.RegexpLike)
		if !ok || like.Flags != nil {
			return e, transform.SameTree, nil
		}
		literal, ok := like.Pattern.(*expression.Literal)
		if !ok {
			return e, transform.SameTree, nil
		}
		pattern, ok := literal.Value().(string)
		if !ok || !plainClass.MatchString(pattern) {
			return e, transform.SameTree, nil
		}
		class, err := regexp.Compile(pattern)
		if err != nil {
			return e, transform.SameTree, nil // the engine says what is wrong with it
		}
		return &classMatch{expression.UnaryExpression{Child: like.Text}, class}, transform.NewTree, nil
	})
}

// A classMatch is whether a text has a character of a class.
type classMatch struct {
	expression.UnaryExpression
	class *regexp.Regexp
}

var (
	_ sql.Expression         = (*classMatch)(nil)
	_ sql.CollationCoercible = (*classMatch)(nil)
)

// Type implements sql.Expression.
func (*classMatch) Type() sql.Type { return types.Boolean }

// CollationCoercibility implements sql.CollationCoercible.
func (*classMatch) CollationCoercibility(*sql.Context) (sql.CollationID, byte) {
	return sql.Collation_binary, 5
}

func (m *classMatch) String() string { return fmt.Sprintf("%s REGEXP '%s'", m.Child, m.class) }

// WithChildren implements sql.Expression.
func (m *classMatch) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	if len(children) != 1 {
		return nil, sql.ErrInvalidChildrenNumber.New(m, len(children), 1)
	}
	return &classMatch{expression.UnaryExpression{Child: children[0]}, m.class}, nil
}

// Eval implements sql.Expression.
func (m *classMatch) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	value, err := m.Child.Eval(ctx, row)
	if value == nil || err != nil {
		return nil, err
	}
	text, _, err := types.LongText.Convert(ctx, value)
	if err != nil {
		return nil, err
	}
	plain, _, err := sql.Unwrap[string](ctx, text)
	if err != nil {
		return nil, err
	}
	if m.class.MatchString(plain) {
		return int8(1), nil
	}
	return int8(0), nil
}
