package fragment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const reasonDeep = "nested deeper than 64 levels (a chain such as a + b + c has a level for each sign)"

// Parse reads one expression. An *Error says what is not in the language,
// where, and what is.
//
// The signs bind as in MySQL: first the sign of a number, then * and /, + and
// -, the comparisons with IS and IN, NOT, AND, OR. Comparisons can't be chained:
// a = b = c compares a truth value with c, which nobody means.
func Parse(fragment string) (Fragment, error) {
	p := parser{lexer: lexer{input: fragment}}
	if err := p.check(); err != nil {
		return Fragment{}, err
	}
	if err := p.advance(); err != nil {
		return Fragment{}, err
	}
	if p.tok.kind == end {
		return Fragment{}, &Error{Fragment: fragment, Reason: "empty; allowed is " + allowedOperands}
	}
	root, err := p.or()
	if err != nil {
		return Fragment{}, err
	}
	if p.tok.kind != end {
		return Fragment{}, p.unexpected("one expression; between its parts are allowed " + allowedOperators)
	}
	if depth(root) > maxDepth {
		return Fragment{}, &Error{Fragment: fragment, Reason: reasonDeep}
	}
	return Fragment{text: fragment, root: root}, nil
}

// A parser has read one token more than it has used.
type parser struct {
	lexer
	tok    token
	nested int // calls of nest that have not returned
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

// unexpected is the error for a token that stands where it can't.
func (p *parser) unexpected(allowed string) error {
	if p.tok.kind == end {
		return p.fault(p.tok.at, "ends too early; allowed here: %s", allowed)
	}
	found := p.tok.text
	if p.tok.kind == text {
		found = "a text"
	}
	return p.fault(p.tok.at, "unexpected %s; allowed here: %s", quote(found), allowed)
}

// is reports whether the token is this sign, or this word in any case.
func (p *parser) is(s string) bool {
	return p.tok.kind == sign && p.tok.text == s || p.tok.kind == word && strings.EqualFold(p.tok.text, s)
}

// accept uses the token if it is this sign or word.
func (p *parser) accept(s string) (bool, error) {
	if !p.is(s) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) expect(s string) error {
	if !p.is(s) {
		return p.unexpected(s)
	}
	return p.advance()
}

// maxNested leaves room for parentheses that the tree does not need.
const maxNested = 3 * maxDepth

// nest bounds the recursion, which a tree's depth does not: parentheses and
// signs leave no node. Without it a kilobyte of parentheses grows the stack.
func (p *parser) nest(parse func() (Expr, error)) (Expr, error) {
	if p.nested++; p.nested > maxNested {
		return nil, p.fault(p.tok.at, "more than %d parentheses, functions and signs within each other", maxNested)
	}
	e, err := parse()
	p.nested--
	return e, err
}

func (p *parser) or() (Expr, error)  { return p.chain(p.and, Or) }
func (p *parser) and() (Expr, error) { return p.chain(p.not, And) }
func (p *parser) sum() (Expr, error) { return p.chain(p.product, Plus, Minus) }
func (p *parser) product() (Expr, error) {
	return p.chain(p.signed, Times, Divide)
}

// chain reads operands with operators of one rank between them; they group to
// the left.
func (p *parser) chain(operand func() (Expr, error), ops ...Op) (Expr, error) {
	left, err := operand()
	for err == nil {
		op, found := p.operator(ops)
		if !found {
			return left, nil
		}
		if err = p.advance(); err != nil {
			break
		}
		var right Expr
		right, err = operand()
		left = Binary{Op: op, L: left, R: right}
	}
	return nil, err
}

func (p *parser) operator(ops []Op) (Op, bool) {
	for _, op := range ops {
		if p.is(op.String()) {
			return op, true
		}
	}
	return 0, false
}

func (p *parser) not() (Expr, error) {
	if ok, err := p.accept("NOT"); err != nil || !ok {
		if err != nil {
			return nil, err
		}
		return p.comparison()
	}
	x, err := p.nest(p.not)
	return Unary{Op: Not, X: x}, err
}

var comparisons = []Op{LessOrEqual, GreaterOrEqual, Unequal, Equal, Less, Greater}

// comparison reads a sum, and at most one comparison with it.
func (p *parser) comparison() (Expr, error) {
	x, err := p.sum()
	if err != nil {
		return nil, err
	}
	e, err := p.compared(x)
	if err != nil {
		return nil, err
	}
	if _, again := p.operator(comparisons); again || p.is("IS") || p.is("IN") {
		return nil, p.unexpected("AND, OR or the end; to compare the result of a comparison, put it in parentheses")
	}
	return e, nil
}

func (p *parser) compared(x Expr) (Expr, error) {
	if op, ok := p.operator(comparisons); ok {
		if err := p.advance(); err != nil {
			return nil, err
		}
		y, err := p.sum()
		return Binary{Op: op, L: x, R: y}, err
	}
	if ok, err := p.accept("IS"); ok || err != nil {
		if err != nil {
			return nil, err
		}
		return p.isNull(x)
	}
	not, err := p.accept("NOT")
	if err != nil {
		return nil, err
	}
	if p.is("IN") {
		return p.in(x, not)
	}
	if not {
		return nil, p.unexpected("IN (…)")
	}
	return x, nil
}

func (p *parser) isNull(x Expr) (Expr, error) {
	not, err := p.accept("NOT")
	if err != nil {
		return nil, err
	}
	return IsNull{X: x, Not: not}, p.expect("NULL")
}

func (p *parser) in(x Expr, not bool) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	list, err := p.list()
	return In{X: x, Not: not, List: list}, err
}

// list reads (a, b, …), with at least one element.
func (p *parser) list() ([]Expr, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var all []Expr
	for {
		x, err := p.nest(p.or)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
		if more, err := p.accept(","); err != nil {
			return nil, err
		} else if !more {
			return all, p.closing(", or )")
		}
	}
}

func (p *parser) closing(allowed string) error {
	if !p.is(")") {
		return p.unexpected(allowed)
	}
	return p.advance()
}

// signed reads an operand, with any signs before it. A plus is left out.
func (p *parser) signed() (Expr, error) {
	if ok, err := p.accept("-"); err != nil {
		return nil, err
	} else if ok {
		x, err := p.nest(p.signed)
		return Unary{Op: Minus, X: x}, err
	}
	return p.operand()
}

func (p *parser) operand() (Expr, error) {
	switch tok := p.tok; tok.kind {
	case text:
		return Literal{TextValue(tok.text)}, p.advance()
	case number:
		v, err := ParseNumber(tok.text)
		if err != nil {
			return nil, p.fault(tok.at, "%s", err.Error())
		}
		return Literal{v}, p.advance()
	case quoted:
		return p.column()
	case word:
		return p.named()
	}
	if ok, err := p.accept("("); err != nil {
		return nil, err
	} else if !ok {
		return nil, p.unexpected(allowedOperands)
	}
	e, err := p.nest(p.or)
	if err != nil {
		return nil, err
	}
	return e, p.closing(") or one of " + allowedOperators)
}

// refusedWords begin something that is not in the language, and can't be names
// without backticks in MySQL either.
var refusedWords = []string{"ALL", "AND", "ANY", "AS", "BETWEEN", "BINARY", "CASE", "COLLATE", "DEFAULT", "DELETE", "DISTINCT",
	"DIV", "DROP", "ELSE", "EXISTS", "FROM", "GROUP", "HAVING", "IN", "INSERT", "INTERVAL", "IS", "LIKE", "LIMIT", "MATCH",
	"MOD", "NOT", "OR", "ORDER", "REGEXP", "RLIKE", "ROW", "SELECT", "SOME", "THEN", "UNION", "UPDATE", "VALUES", "WHEN",
	"WHERE", "WITH", "XOR"}

// named reads what begins with a word: a literal, a function, a column.
func (p *parser) named() (Expr, error) {
	name := strings.ToUpper(p.tok.text)
	switch name {
	case "NULL":
		return Literal{}, p.advance()
	case "TRUE", "FALSE":
		return Literal{BoolValue(name == "TRUE")}, p.advance()
	}
	if slices.Contains(refusedWords, name) {
		return nil, p.fault(p.tok.at, "%s can't stand here; allowed here: %s; a column of that name needs backticks", name, allowedOperands)
	}
	at := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.is("(") {
		return p.columnFrom(at)
	}
	if name == "CAST" {
		return p.cast()
	}
	return p.call(at, name)
}

func (p *parser) column() (Expr, error) {
	first := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.columnFrom(first)
}

// columnFrom reads the rest of a reference, the first part of which is used.
func (p *parser) columnFrom(first token) (Expr, error) {
	c := Column{Ref: Ref{Name: first.text}, At: p.fault(first.at, "").Column}
	dotted, err := p.accept(".")
	if err != nil {
		return nil, err
	}
	if dotted {
		if p.tok.kind != word && p.tok.kind != quoted {
			return nil, p.unexpected("a column's name")
		}
		c.Ref = Ref{Table: first.text, Name: p.tok.text}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if p.is(".") {
		return nil, p.fault(p.tok.at, "a reference has one part or two, column or table.column")
	}
	if p.is("(") {
		return nil, p.fault(first.at, "%s is not a function of the language; allowed are %s", quote(c.Ref.Name), allowedFunctions)
	}
	return c, nil
}

// arities are the functions, and how many arguments they take; -1 is any.
var arities = map[string][2]int{"CONCAT": {1, -1}, "CONCAT_WS": {2, -1}, "COALESCE": {1, -1}, "LOWER": {1, 1}, "UPPER": {1, 1},
	"TRIM": {1, 1}, "SUBSTRING": {2, 3}, "IF": {3, 3}}

func (p *parser) call(at token, name string) (Expr, error) {
	arity, known := arities[name]
	if !known {
		return nil, p.fault(at.at, "%s is not a function of the language; allowed are %s", quote(at.text), allowedFunctions)
	}
	args, err := p.list()
	if err != nil {
		return nil, err
	}
	if len(args) < arity[0] || arity[1] >= 0 && len(args) > arity[1] {
		return nil, p.fault(at.at, "%s has %d arguments; it takes %s", name, len(args), arityText(arity))
	}
	return Call{Func: name, Args: args}, nil
}

func arityText(arity [2]int) string {
	switch {
	case arity[1] < 0:
		return fmt.Sprintf("%d or more", arity[0])
	case arity[0] == arity[1]:
		return strconv.Itoa(arity[0])
	}
	return fmt.Sprintf("%d or %d", arity[0], arity[1])
}

// cast reads (x AS type).
func (p *parser) cast() (Expr, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	x, err := p.nest(p.or)
	if err != nil {
		return nil, err
	}
	if err := p.expect("AS"); err != nil {
		return nil, err
	}
	to, err := p.castType()
	if err != nil {
		return nil, err
	}
	return Cast{X: x, To: to}, p.closing(")")
}

func (p *parser) castType() (CastType, error) {
	for _, name := range []string{"CHAR", "SIGNED", "UNSIGNED"} {
		if ok, err := p.accept(name); ok || err != nil {
			return CastType{Name: name}, err
		}
	}
	if !p.is("DECIMAL") {
		return CastType{}, p.unexpected(allowedTypes)
	}
	at := p.tok.at
	if err := p.advance(); err != nil {
		return CastType{}, err
	}
	to := CastType{Name: "DECIMAL"}
	for _, part := range []struct {
		sign  string
		value *int
	}{{"(", &to.Digits}, {",", &to.Scale}} {
		if err := p.expect(part.sign); err != nil {
			return CastType{}, err
		}
		n, err := strconv.Atoi(p.tok.text)
		if p.tok.kind != number || err != nil {
			return CastType{}, p.unexpected("DECIMAL(digits, scale)")
		}
		*part.value = n
		if err := p.advance(); err != nil {
			return CastType{}, err
		}
	}
	if to.Digits < 1 || to.Digits > maxDigits || to.Scale > min(maxScale, to.Digits) {
		return CastType{}, p.fault(at, "a DECIMAL has 1 to %d digits, up to %d of them after the point", maxDigits, maxScale)
	}
	return to, p.expect(")")
}
