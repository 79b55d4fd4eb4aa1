package partiql

import (
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// A termKind is what a part of a statement is before it is known what it
// stands for.
type termKind byte

const (
	termPath termKind = iota
	termValue
	termParameter
	termList
	termBag
	termTuple
	termCall
	termOperator // also AND, OR, NOT, IN, BETWEEN
	termMissing  // the word by itself
	termStar
)

// A term is a part of a statement: an expression of PartiQL's own grammar,
// which is wider than what DynamoDB has a use for.
type term struct {
	kind termKind
	at   token // where it is: of an operator, the operator itself
	name string
	args []*term

	paren  bool // stood in parentheses
	path   expr.Path
	value  attr.Value // nil for a parameter that was not given
	number string     // of a number, its text
}

// typeName is what messages call the kind of a term that is no literal.
func (t *term) typeName() string {
	switch t.kind {
	case termPath:
		return "VariableReference"
	case termParameter:
		return "Parameter"
	case termMissing:
		return "MISSING"
	}
	return t.at.text
}

// expression reads PartiQL's expressions, AND below OR and NOT below AND.
func (p *parser) expression() *term {
	t := p.conjunction()
	for p.acceptAs("OR") {
		t = p.operator("OR", t, p.conjunction)
	}
	return t
}

func (p *parser) conjunction() *term {
	t := p.negation()
	for p.acceptAs("AND") {
		t = p.operator("AND", t, p.negation)
	}
	return t
}

// operator returns the operator that was accepted last.
func (p *parser) operator(name string, left *term, right func() *term) *term {
	at := p.tokens[p.pos-1]
	return &term{kind: termOperator, name: name, at: at, args: []*term{left, right()}}
}

func (p *parser) negation() *term {
	if p.acceptAs("NOT") {
		at := p.tokens[p.pos-1]
		return &term{kind: termOperator, name: "NOT", at: at, args: []*term{p.negation()}}
	}
	return p.comparison()
}

// comparison reads a sum and what it is compared with.
func (p *parser) comparison() *term {
	left := p.sum()
	if p.peek().is("IS") {
		return p.is(left)
	}
	not := p.peek().is("NOT")
	if not {
		p.pos++
	}
	t := p.test(left, not)
	if not {
		return &term{kind: termOperator, name: "NOT", at: t.at, args: []*term{t}}
	}
	return t
}

// test reads IN, BETWEEN or LIKE, or, where no NOT came before, a comparison.
func (p *parser) test(left *term, not bool) *term {
	switch {
	case p.acceptAs("IN"):
		return p.operator("IN", left, p.sum)
	case p.acceptAs("BETWEEN"):
		t := p.operator("BETWEEN", left, p.sum)
		p.expect("AND")
		t.args = append(t.args, p.sum())
		return t
	case p.acceptAs("LIKE"):
		return p.operator("like", left, p.sum)
	case not:
		p.malformed()
		return left
	}
	for _, o := range []string{"=", "<>", "!=", "<=", "<", ">=", ">"} {
		if p.acceptAs(o) {
			if o == "!=" {
				o = "<>"
			}
			return p.operator(o, left, p.sum)
		}
	}
	return left
}

// is reads IS MISSING and IS NULL, with NOT or without. A value that is NULL
// is one of that type; an attribute that is not there is MISSING.
func (p *parser) is(left *term) *term {
	at := p.peek()
	p.pos++
	not := p.acceptAs("NOT")
	var t *term
	switch {
	case p.acceptAs("MISSING"):
		t = &term{kind: termCall, name: "attribute_not_exists", at: at, args: []*term{left}}
	case p.acceptAs("NULL"):
		null := &term{kind: termValue, at: at, value: attr.String(attr.KindNull)}
		t = &term{kind: termCall, name: "attribute_type", at: at, args: []*term{left, null}}
	default:
		p.malformed()
		return left
	}
	if not {
		return &term{kind: termOperator, name: "NOT", at: at, args: []*term{t}}
	}
	return t
}

// sum reads terms with + and -, and the operators that PartiQL has beside them
// and DynamoDB has not.
func (p *parser) sum() *term {
	t := p.sign()
	for {
		name := p.peek().text
		switch name {
		case "+", "-", "*", "/", "%", "||":
		default:
			return t
		}
		if !p.acceptAs(name) {
			return t
		}
		t = p.operator(name, t, p.sign)
	}
}

// sign reads a term with + or - before it. A signed number is a literal.
func (p *parser) sign() *term {
	name := p.peek().text
	if name != "-" && name != "+" || !p.acceptAs(name) {
		return p.primary()
	}
	at := p.tokens[p.pos-1]
	t := p.sign()
	if t.kind == termValue && t.number != "" {
		t.setNumber(p, name+t.number)
		return t
	}
	return &term{kind: termOperator, name: name, at: at, args: []*term{t}}
}
