package fragment

import (
	"fmt"
	"slices"
	"strconv"
)

// A Kind is what a column or an expression holds when it isn't NULL.
type Kind uint8

// The kinds.
const (
	// Nothing is the kind of NULL itself.
	Nothing Kind = iota
	// Integer is a whole number of 64 bits.
	Integer
	// Decimal is an exact number with a fixed number of digits after the point.
	Decimal
	// Text is a text of characters.
	Text
	// Opaque is what a fragment may pass on and find to be NULL or not, but
	// neither compare nor calculate with: floating point numbers, dates and
	// times, JSON, bytes, ENUM and SET. The caller gives it as a text.
	Opaque
)

var kindTexts = [...]string{"NULL", "an integer", "a decimal", "a text", "of a type that fragments only pass on (a float, date, time, JSON, bytes, ENUM or SET)"}

// String says what the kind is, for errors.
func (k Kind) String() string { return kindTexts[k] }

// A Type is what is known of a column or an expression before there is a row.
// MySQL finds the digits of a result by the types, not by the values: 5 is
// 5.00 where it might have been 1.25.
type Type struct {
	Kind      Kind
	Scale     int    // of a Decimal, the digits after the point: 0 to 38
	Unsigned  bool   // of an Integer
	Collation string // of a Text: the column's, "" for none of its own
}

// A Program is a fragment that is ready to be evaluated: references are
// positions, types are checked, what MySQL leaves open is refused. It doesn't
// change and may be used by many goroutines.
type Program struct {
	fragment Fragment
	refs     []Ref
	types    []Type
	root     node
}

// A node evaluates a part of a fragment.
type node struct {
	typ Type
	// rough marks the result of a division. MySQL calculates more digits than
	// it shows, how many depends on the operands, and a comparison or another
	// calculation sees them. There the author has to say how many.
	rough bool
	eval  func(row []Value) (Value, error)
}

// Compile prepares a fragment. types says of each reference what it is, once,
// or why it is unknown. collate may be nil, for ByBytes. An *Error says what
// MySQL would do by guessing, or what it alone can do: to compare a text with a
// number, to calculate with a text, to use more digits than DECIMAL has.
func (f Fragment) Compile(types func(Ref) (Type, error), collate Collate) (*Program, error) {
	return f.compile(types, collate, false)
}

// CompileCondition is Compile for a fragment that decides something. It gives
// 1, 0 or NULL; Value.IsTrue tells whether the condition holds.
func (f Fragment) CompileCondition(types func(Ref) (Type, error), collate Collate) (*Program, error) {
	return f.compile(types, collate, true)
}

func (f Fragment) compile(types func(Ref) (Type, error), collate Collate, condition bool) (*Program, error) {
	if collate == nil {
		collate = ByBytes
	}
	p := &Program{fragment: f, refs: f.Refs()}
	for _, ref := range p.refs {
		t, err := types(ref)
		if err != nil {
			return nil, f.fault(f.place(ref), err.Error())
		}
		if t.Kind == Decimal && (t.Scale < 0 || t.Scale > maxColumnScale) || t.Kind > Opaque {
			return nil, f.fault(f.place(ref), "a column's type that does not exist")
		}
		p.types = append(p.types, t)
	}
	c := compiler{program: p, collate: collate, index: map[Ref]int{}}
	for i, ref := range p.refs {
		c.index[ref] = i
	}
	root, err := c.node(f.root)
	if err != nil {
		return nil, err
	}
	if condition {
		if root, err = c.truth(f.root, root); err != nil {
			return nil, err
		}
	}
	p.root = root
	return p, nil
}

func (f Fragment) place(ref Ref) int {
	columns := f.Columns()
	return columns[slices.IndexFunc(columns, func(c Column) bool { return c.Ref == ref })].At
}

// Columns returns the references in the order in which Eval wants their values.
// The slice must not be changed.
func (p *Program) Columns() []Ref { return p.refs }

// Type returns what the program gives.
func (p *Program) Type() Type { return p.root.typ }

// Eval returns the fragment's value for a row: for each of Columns its value. A
// decimal has the digits after the point that its type says. An *Error says
// what MySQL would refuse, or answer with a warning and a guess: an integer
// beyond 64 bits, a text in CAST that is not a number, more than 65 digits; also
// a value that its column's type can't have. It names no value.
func (p *Program) Eval(row []Value) (Value, error) {
	if len(row) != len(p.refs) {
		return Value{}, p.fault(fmt.Sprintf("%d values for %d columns", len(row), len(p.refs)))
	}
	v, err := p.root.eval(row)
	if err != nil {
		return Value{}, err
	}
	return settle(v, p.root.typ), nil
}

func (p *Program) fault(reason string) *Error { return p.fragment.fault(0, reason) }

// settle gives a number the digits that its type shows, rounded half away from
// zero (MySQL manual, "Rounding behavior").
func settle(v Value, t Type) Value {
	if v.form != numeric || -v.num.Exponent() == int32(t.Scale) {
		return v
	}
	return Value{form: numeric, num: widen(v.num.Round(int32(t.Scale)), t.Scale)}
}

// A compiler makes nodes of expressions.
type compiler struct {
	program *Program
	collate Collate
	index   map[Ref]int // of Columns
}

// fault is an error about an expression.
func (c *compiler) fault(e Expr, format string, args ...any) *Error {
	return c.program.fragment.fault(firstColumn(e), fmt.Sprintf(format, args...))
}

func (c *compiler) node(e Expr) (node, error) {
	switch e := e.(type) {
	case Column:
		return c.column(e), nil
	case Literal:
		return literal(e.Value), nil
	}
	operands, err := c.nodes(e.children())
	if err != nil {
		return node{}, err
	}
	n, err := c.operation(e, operands)
	if err == nil && constant(e) {
		// A server may calculate it before there is a row, and whether or not the
		// row needs it. So what has no value must not be there.
		_, err = n.eval(nil)
	}
	return n, err
}

func constant(e Expr) bool {
	is := true
	walk(e, func(Column) { is = false })
	return is
}

func (c *compiler) operation(e Expr, operands []node) (node, error) {
	switch e := e.(type) {
	case Unary:
		if e.Op == Not {
			return c.not(e, operands[0])
		}
		return c.negative(e, operands[0])
	case Binary:
		return c.binary(e, operands[0], operands[1])
	case IsNull:
		return isNull(operands[0], e.Not), nil
	case In:
		return c.in(e, operands[0], operands[1:])
	case Call:
		return c.call(e, operands)
	case Cast:
		return c.cast(e, operands[0])
	}
	return node{}, c.fault(e, "nothing that can be evaluated")
}

func (c *compiler) nodes(all []Expr) ([]node, error) {
	nodes := make([]node, len(all))
	for i, e := range all {
		var err error
		if nodes[i], err = c.node(e); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

func (c *compiler) binary(e Binary, l, r node) (node, error) {
	switch e.Op {
	case And, Or:
		return c.logic(e, l, r)
	case Plus, Minus, Times, Divide:
		return c.arithmetic(e, l, r)
	}
	return c.compared(e, l, r)
}

// column reads a value of the row, and holds it against the column's type: a
// caller's mistake must not become a wrong item.
func (c *compiler) column(e Column) node {
	p := c.program
	i := c.index[e.Ref]
	t := p.types[i]
	fault := p.fragment.fault(e.At, "the value is not "+t.describe())
	return node{typ: t, eval: func(row []Value) (Value, error) {
		v := row[i]
		if !t.holds(v) {
			return Value{}, fault
		}
		if v.form == numeric {
			v.num = widen(v.num, t.Scale)
		}
		return v, nil
	}}
}

func (t Type) describe() string {
	if t.Kind == Decimal {
		return t.Kind.String() + " with " + strconv.Itoa(t.Scale) + " digits after the point"
	}
	return t.Kind.String()
}

// holds reports whether a column of the type can have the value.
func (t Type) holds(v Value) bool {
	switch v.form {
	case numeric:
		return (t.Kind == Decimal || t.Kind == Integer) && int(-v.num.Exponent()) <= t.Scale && (t.Kind == Decimal || inRange(v.num, t.Unsigned))
	case textual:
		return (t.Kind == Text && v.valid()) || t.Kind == Opaque
	}
	return true
}

func literal(v Value) node {
	return node{typ: literalType(v), eval: func([]Value) (Value, error) { return v, nil }}
}

// literalType is the type MySQL gives a literal; numberType writes the same.
func literalType(v Value) Type {
	switch v.form {
	case numeric:
		_, as := numberType(v)
		if as == "SIGNED" || as == "UNSIGNED" {
			return Type{Kind: Integer, Unsigned: as == "UNSIGNED"}
		}
		return Type{Kind: Decimal, Scale: int(-v.num.Exponent())}
	case textual:
		return Type{Kind: Text}
	}
	return Type{}
}

// common is the type of an expression that gives one of several: a text if one
// is, else a decimal with the most digits after the point.
func (c *compiler) common(e Expr, nodes []node) (Type, error) {
	var t Type
	for _, n := range nodes {
		switch {
		case n.typ.Kind == Nothing:
		case t.Kind == Nothing:
			t = n.typ
		case (t.Kind == Opaque) != (n.typ.Kind == Opaque):
			return Type{}, c.fault(e, "gives values that are %s beside others; CAST is for what fragments can calculate with", Opaque)
		case t.Kind == Text || n.typ.Kind == Text:
			t = Type{Kind: Text}
		case t.Kind == Integer && n.typ.Kind == Integer && t.Unsigned != n.typ.Unsigned:
			// MySQL makes it a DECIMAL with no digits after the point.
			t = Type{Kind: Decimal}
		case t.Kind == Decimal || n.typ.Kind == Decimal:
			t = Type{Kind: Decimal, Scale: max(t.Scale, n.typ.Scale)}
		}
	}
	if t.Kind == Text {
		of, err := c.collation(e, nodes)
		return Type{Kind: Text, Collation: of}, err
	}
	return t, nil
}
