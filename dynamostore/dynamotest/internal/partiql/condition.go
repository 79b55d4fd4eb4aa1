package partiql

import (
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// A purpose is what terms are read for: the conditions of WHERE, or the values
// of SET. Messages name it.
type purpose string

const (
	selecting purpose = "Condition Expression"
	updating  purpose = "Update Expression"
)

// condition returns a term as a condition. What PartiQL knows and DynamoDB
// does not is refused; the rest is expr's to check.
func (p *parser) condition(t *term) *expr.Node {
	switch t.kind {
	case termCall:
		return p.function(t, selecting)
	case termOperator:
		switch t.name {
		case "AND", "OR", "NOT":
			return expr.NewOperator(t.name, p.conditions(t.args)...)
		case "IN":
			return p.in(t)
		case "=", "<>", "<", "<=", ">", ">=", "BETWEEN":
			return expr.NewOperator(t.name, p.operands(t.args, selecting)...)
		}
		return p.unsupported(t, selecting)
	}
	p.refuse("WHERE clause must contain an expression that resolves to a boolean")
	return expr.NewValue(attr.Null{})
}

// conditions returns the operands of AND, OR and NOT.
func (p *parser) conditions(terms []*term) []*expr.Node {
	var nodes []*expr.Node
	for _, t := range terms {
		if t.kind != termCall && t.kind != termOperator {
			p.refuse("The arguments to AND/OR must be Expressions")
		}
		nodes = append(nodes, p.condition(t))
	}
	return nodes
}

// in returns a IN [1, 2]; the list may also be a set or in parentheses.
func (p *parser) in(t *term) *expr.Node {
	var members []*term
	switch list := t.args[1]; {
	case list.kind == termList || list.kind == termBag:
		members = list.args
	case list.paren && list.kind != termPath:
		members = []*term{list} // (1) reads as 1
	}
	if t.args[0].kind != termPath || len(members) == 0 {
		p.refuse("IN operator must have a left hand argument of type Variable Reference and right hand argument of type Seq with at least one member")
	}
	return expr.NewOperator("IN", p.operands(append([]*term{t.args[0]}, members...), selecting)...)
}

func (p *parser) unsupported(t *term, use purpose) *expr.Node {
	p.refuse("Unsupported operator in %s. Operator: %s", string(use), lowered(t.name))
	return expr.NewValue(attr.Null{})
}

// lowered returns an operator's name as messages about unsupported ones do.
func lowered(name string) string {
	switch name {
	case "AND":
		return "and"
	case "OR":
		return "or"
	case "NOT":
		return "not"
	case "IN":
		return "in"
	case "BETWEEN":
		return "between"
	}
	return name
}

func (p *parser) operands(terms []*term, use purpose) []*expr.Node {
	var nodes []*expr.Node
	for _, t := range terms {
		nodes = append(nodes, p.operand(t, use))
	}
	return nodes
}

// operand returns a term as an attribute, a value, a sum or a call.
func (p *parser) operand(t *term, use purpose) *expr.Node {
	switch t.kind {
	case termPath:
		return expr.NewPath(t.path)
	case termCall:
		return p.function(t, use)
	case termMissing:
		p.refuse("MISSING must be compared using IS operator")
	case termOperator:
		return p.arithmetic(t, use)
	default:
		v := p.literalOf(t, root)
		p.checkDepth(v)
		return expr.NewValue(v)
	}
	return expr.NewValue(attr.Null{})
}

// arithmetic returns a sum or a difference, which only SET has.
func (p *parser) arithmetic(t *term, use purpose) *expr.Node {
	if use != updating || t.name != "+" && t.name != "-" {
		return p.unsupported(t, use)
	}
	if len(t.args) == 1 {
		p.refuse("Incorrect number of operands for operator or function; operator or function: %s, number of operands: 1", t.name)
	}
	return expr.NewOperator(t.name, p.operands(t.args, use)...)
}

// function returns a call. Its name is known in any case, unlike those of
// expressions; where it may stand is expr's to check.
func (p *parser) function(t *term, use purpose) *expr.Node {
	if !expr.IsFunction(t.name) {
		p.refuse("Unrecognized function: %s", t.at.text)
	}
	return expr.NewCall(t.name, p.operands(t.args, use)...)
}
