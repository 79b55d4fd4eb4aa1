package partiql

import (
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

const onIndex = "This operation is not supported on an index"

// insert reads what follows INSERT: INTO "T" VALUE {…}. The members of the
// tuple may be parameters; what is inside them may not.
func (p *parser) insert() *Insert {
	p.expect("INTO")
	s := &Insert{Table: p.table("FROM clause may only contain a single table name in data manipulation statements")}
	p.expect("VALUE")
	item := p.expression()
	if p.peek().is("RETURNING") {
		p.returning()
		p.refuse("RETURNING is not supported in INSERT")
	}
	if item.kind != termTuple {
		p.refuse("Unsupported format in item expression. Please use struct format {...} to express item values for insert statement. at %s", p.position(item.at))
		return s
	}
	s.Item = p.mapOf(item, root, func(_ string, t *term) attr.Value { return p.literalOf(t, root) })
	for _, v := range s.Item {
		p.checkDepth(v)
	}
	return s
}

// checkDepth refuses a literal with more levels than an attribute may have.
func (p *parser) checkDepth(v attr.Value) {
	if attr.TooDeep(v) {
		p.refuse(attr.TooDeepMessage)
	}
}

// delete reads what follows DELETE: FROM "T" WHERE … RETURNING ….
func (p *parser) delete() *Delete {
	p.expect("FROM")
	s := &Delete{Table: p.table(onIndex), Where: p.where()}
	if s.Returning = p.returning(); s.Returning != "" && s.Returning != AllOld {
		p.refuse("Invalid returning clause: RETURNING %s. Only RETURNING ALL OLD * is allowed in DELETE statements.", string(s.Returning))
	}
	return s
}

// update reads what follows UPDATE. SET and REMOVE come as often as one likes,
// in any order, but a REMOVE has one path only.
func (p *parser) update() *Update {
	s := &Update{Table: p.table(onIndex)}
	var actions []expr.Action
	for first := true; !p.broken; first = false {
		switch {
		case p.acceptAs("SET"):
			actions = append(actions, p.set())
			for p.acceptAs(",") {
				actions = append(actions, p.set())
			}
			continue
		case p.acceptAs("REMOVE"):
			actions = append(actions, expr.Action{Verb: "REMOVE", Path: p.path().path})
			continue
		case first:
			p.malformed()
		}
		break
	}
	s.Where = p.where()
	s.Returning = p.returning()
	if p.broken || p.fault != nil {
		return s
	}
	var err error
	if s.Update, err = expr.NewUpdate(actions); err != nil {
		p.fault = err
	}
	return s
}

// set reads path = value. set_add and set_delete, which stand for ADD and
// DELETE, must be of the path they are assigned to.
func (p *parser) set() expr.Action {
	path := p.path().path
	p.expect("=")
	value := p.expression()
	if value.kind == termCall && (value.name == "set_add" || value.name == "set_delete") {
		return p.setAction(path, value)
	}
	return expr.Action{Verb: "SET", Path: path, Operand: p.operand(value, updating)}
}

// setAction returns the ADD or DELETE that a set_add or set_delete stands for.
// A refused one still has an operand, so that the caller need not ask.
func (p *parser) setAction(path expr.Path, call *term) expr.Action {
	name := strings.ToUpper(call.name)
	a := expr.Action{Verb: strings.TrimPrefix(name, "SET_"), Path: path, Operand: expr.NewValue(attr.Null{})}
	if len(call.args) != 2 {
		p.refuse("%s must have exactly two arguments at %s", name, p.position(call.at))
		return a
	}
	first, second := call.args[0], call.args[1]
	if first.kind != termPath || !slices.Equal(first.path, path) {
		p.refuse("The first argument to %s must equal the assignment value", name)
		return a
	}
	switch second.kind {
	case termBag, termParameter:
		v := p.literalOf(second, root)
		switch v.(type) {
		case attr.StringSet, attr.NumberSet, attr.BinarySet:
			a.Operand = expr.NewValue(v)
			return a
		}
	}
	p.refuse("The second argument to %s must be a value with type SET at %s", name, p.position(first.at))
	return a
}
