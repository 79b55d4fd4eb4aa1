package fragment

// truthType is the type of what is true, false or unknown.
var truthType = Type{Kind: Integer}

// truth makes a condition of a node: it gives 1, 0 or NULL.
func (c *compiler) truth(e Expr, n node) (node, error) {
	switch {
	case n.rough:
		return node{}, c.roughFault(e)
	case n.typ.Kind == Text || n.typ.Kind == Opaque:
		return node{}, c.fault(e, "needs something true or false, and this is %s, of which MySQL would make a number; compare it with something", n.typ.Kind)
	}
	return node{typ: truthType, eval: func(row []Value) (Value, error) {
		v, err := n.eval(row)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		return BoolValue(v.IsTrue()), nil
	}}, nil
}

func (c *compiler) not(e Unary, x node) (node, error) {
	x, err := c.truth(e.X, x)
	if err != nil {
		return node{}, err
	}
	return node{typ: truthType, eval: func(row []Value) (Value, error) {
		v, err := x.eval(row)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		return BoolValue(!v.IsTrue()), nil
	}}, nil
}

// logic is AND and OR. What decides by itself is known also where the other
// side is NULL: FALSE AND NULL is FALSE. The right side is not evaluated where
// the left one decides.
func (c *compiler) logic(e Binary, l, r node) (node, error) {
	l, err := c.truth(e.L, l)
	if err != nil {
		return node{}, err
	}
	if r, err = c.truth(e.R, r); err != nil {
		return node{}, err
	}
	decides := e.Op == Or // FALSE decides an AND, TRUE an OR
	return node{typ: truthType, eval: func(row []Value) (Value, error) {
		a, err := l.eval(row)
		if err != nil || !a.IsNull() && a.IsTrue() == decides {
			return a, err
		}
		b, err := r.eval(row)
		if err != nil || b.IsNull() || b.IsTrue() == decides {
			return b, err
		}
		return a, nil
	}}, nil
}

func isNull(x node, not bool) node {
	return node{typ: truthType, eval: func(row []Value) (Value, error) {
		v, err := x.eval(row)
		if err != nil {
			return Value{}, err
		}
		return BoolValue(v.IsNull() != not), nil
	}}
}

// An order compares two values that are not NULL.
type order func(a, b Value) int

// order finds out how MySQL compares the operands, and refuses what it would
// turn into floating point numbers.
func (c *compiler) order(e Expr, operands []node) (order, error) {
	t := Type{}
	for i, n := range operands {
		switch {
		case n.rough:
			return nil, c.roughFault(e)
		case n.typ.Kind == Opaque:
			return nil, c.fault(e.children()[i], "compares a column that is %s", Opaque)
		case n.typ.Kind == Nothing:
		case t.Kind == Nothing:
			t = n.typ
		case (t.Kind == Text) != (n.typ.Kind == Text):
			return nil, c.fault(e, "compares a text with a number, for which MySQL makes floating point numbers of both; write the number without quotes, or CAST one side")
		default:
			t.Collation = mix(t.Collation, n.typ.Collation)
		}
	}
	if t.Kind != Text {
		return func(a, b Value) int { return a.num.Cmp(b.num) }, nil
	}
	return c.textOrder(e, t.Collation)
}

func (c *compiler) textOrder(e Expr, collation string) (order, error) {
	switch collation {
	case "":
		return nil, c.fault(e, "compares texts that have no collation, as neither side is a column's; compare CAST(… AS CHAR)")
	case mixed:
		return nil, c.fault(e, "compares texts of different collations; use CAST(… AS CHAR) on one side")
	}
	compare, err := c.collate(collation)
	if err != nil {
		return nil, c.fault(e, "%s", err.Error())
	}
	return func(a, b Value) int { return compare(a.text, b.text) }, nil
}

// holds says of each comparison which results make it true.
var holds = map[Op]func(order int) bool{
	Equal: func(o int) bool { return o == 0 }, Unequal: func(o int) bool { return o != 0 },
	Less: func(o int) bool { return o < 0 }, Greater: func(o int) bool { return o > 0 },
	LessOrEqual: func(o int) bool { return o <= 0 }, GreaterOrEqual: func(o int) bool { return o >= 0 },
}

func (c *compiler) compared(e Binary, l, r node) (node, error) {
	compare, err := c.order(e, []node{l, r})
	if err != nil {
		return node{}, err
	}
	is := holds[e.Op]
	return node{typ: truthType, eval: func(row []Value) (Value, error) {
		a, b, err := both(l, r, row)
		if err != nil || a.IsNull() || b.IsNull() {
			return Value{}, err
		}
		return BoolValue(is(compare(a, b))), nil
	}}, nil
}

// both evaluates two operands. Where the first is NULL the second is not
// evaluated, and NULL in its place.
func both(l, r node, row []Value) (a, b Value, err error) {
	if a, err = l.eval(row); err != nil || a.IsNull() {
		return Value{}, Value{}, err
	}
	b, err = r.eval(row)
	return a, b, err
}

// in is true where an element is the same, else NULL where one is NULL.
func (c *compiler) in(e In, x node, list []node) (node, error) {
	compare, err := c.order(e, append([]node{x}, list...))
	if err != nil {
		return node{}, err
	}
	return node{typ: truthType, eval: func(row []Value) (Value, error) {
		v, err := x.eval(row)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		unknown := false
		for _, n := range list {
			w, err := n.eval(row)
			if err != nil {
				return Value{}, err
			}
			if unknown = unknown || w.IsNull(); !w.IsNull() && compare(v, w) == 0 {
				return BoolValue(!e.Not), nil
			}
		}
		if unknown {
			return Value{}, nil
		}
		return BoolValue(e.Not), nil
	}}, nil
}
