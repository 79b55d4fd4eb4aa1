package expr

// parseCondition reads a whole condition. Its grammar is the Developer
// Guide's "Condition and filter expressions, operators, and functions":
//
//	or       = and { OR and }
//	and      = not { AND not }
//	not      = NOT not | test
//	test     = "(" or ")" | call | operand compare operand
//	         | operand BETWEEN operand AND operand
//	         | operand IN "(" operand { "," operand } ")"
func parseCondition(kind, text string) (*Node, *parser, error) {
	p, err := newParser(kind, text)
	if err != nil {
		return nil, nil, err
	}
	n := p.or(false)
	return n, p, p.finish()
}

// or reads a condition. With inside set it may also be a lone operand, because
// a parenthesis was opened: what follows it decides what (a) is.
func (p *parser) or(inside bool) *Node {
	n := p.and(inside)
	for n.isTest() && p.accept("OR") {
		n = &Node{op: opOr, args: []*Node{n, p.and(false)}}
	}
	return n
}

func (p *parser) and(inside bool) *Node {
	n := p.not(inside)
	for n.isTest() && p.accept("AND") {
		n = &Node{op: opAnd, args: []*Node{n, p.not(false)}}
	}
	return n
}

func (p *parser) not(inside bool) *Node {
	if p.accept("NOT") {
		return &Node{op: opNot, args: []*Node{p.not(false)}}
	}
	return p.test(inside)
}

// isTest reports whether n can stand as a condition by itself.
func (n *Node) isTest() bool { return n.isCondition() || n.op == opCall }

func (p *parser) test(inside bool) *Node {
	var n *Node
	if p.accept("(") {
		n = p.closed(p.or(true))
		if n.isCondition() {
			return n
		}
	} else {
		n = p.operand()
	}
	if whole := p.compare(n); whole != nil {
		return whole
	}
	if n.op != opCall && !inside {
		p.unexpected()
	}
	return n
}

// compare reads what follows the first operand of a comparison; nil if there
// is none.
func (p *parser) compare(left *Node) *Node {
	switch {
	case p.accept("BETWEEN"):
		low := p.operand()
		p.expect("AND")
		return &Node{op: opBetween, args: []*Node{left, low, p.operand()}}
	case p.accept("IN"):
		p.expect("(")
		n := &Node{op: opIn, args: append([]*Node{left}, p.operands()...)}
		p.expect(")")
		return n
	}
	for _, o := range []op{opEqual, opNotEqual, opLessOrEqual, opLess, opGreaterOrEqual, opGreater} {
		if p.accept(string(o)) {
			return &Node{op: o, args: []*Node{left, p.operand()}}
		}
	}
	return nil
}
