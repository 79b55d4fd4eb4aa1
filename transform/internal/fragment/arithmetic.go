package fragment

import (
	"github.com/shopspring/decimal"
)

const (
	reasonRange  = "a whole number beyond 64 bits, which MySQL refuses; CAST an operand AS DECIMAL"
	reasonDigits = "more digits than can be calculated exactly as MySQL does"
)

// widen gives a number at least so many digits after the point.
func widen(d decimal.Decimal, scale int) decimal.Decimal {
	if -d.Exponent() >= int32(scale) {
		return d
	}
	return d.Add(decimal.New(0, -int32(scale)))
}

// inRange reports whether a whole number fits MySQL's BIGINT.
func inRange(d decimal.Decimal, unsigned bool) bool {
	if unsigned {
		return d.Coefficient().IsUint64()
	}
	return d.Coefficient().IsInt64()
}

// negative is the sign. It makes a signed number of any.
func (c *compiler) negative(e Unary, x node) (node, error) {
	if err := c.calculable(e.X, x, false); err != nil {
		return node{}, err
	}
	t := x.typ
	t.Unsigned = false
	return node{typ: t, rough: x.rough, eval: func(row []Value) (Value, error) {
		v, err := x.eval(row)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		return c.program.number(v.num.Neg(), t)
	}}, nil
}

// calculable refuses operands with which MySQL would not calculate exactly.
func (c *compiler) calculable(e Expr, n node, settled bool) error {
	switch {
	case n.typ.Kind == Text || n.typ.Kind == Opaque:
		return c.fault(e, "calculates with a value that is %s; CAST it AS DECIMAL(digits, scale)", n.typ.Kind)
	case n.typ.Kind == Nothing:
		return c.fault(e, "calculates with NULL, of which MySQL makes a floating point number that is NULL; write NULL")
	case settled && n.rough:
		return c.roughFault(e)
	}
	return nil
}

func (c *compiler) roughFault(e Expr) error {
	return c.fault(e, "goes on with the result of a division, of which MySQL keeps more digits than it shows; say how many with CAST(… AS DECIMAL(digits, scale))")
}

// arithmetic is + - * /. A NULL makes the result NULL.
func (c *compiler) arithmetic(e Binary, l, r node) (node, error) {
	for i, n := range []node{l, r} {
		if err := c.calculable(e.children()[i], n, true); err != nil {
			return node{}, err
		}
	}
	t := resultType(e.Op, l.typ, r.typ)
	if t.Scale > maxScale {
		return node{}, c.fault(e, "a result with %d digits after the point, of which MySQL keeps 30 and MariaDB 38; CAST the operands AS DECIMAL with fewer", t.Scale)
	}
	calculate := calculations[e.Op]
	fault := c.fault(e, "a negative quotient too small for its digits, which MariaDB writes as -0; CAST the first operand AS DECIMAL with more digits")
	return node{typ: t, rough: e.Op == Divide, eval: func(row []Value) (Value, error) {
		a, b, err := both(l, r, row)
		if err != nil || a.IsNull() || b.IsNull() || e.Op == Divide && b.num.IsZero() {
			return Value{}, err
		}
		d := calculate(a.num, b.num)
		if e.Op == Divide && d.IsZero() && a.num.Sign()*b.num.Sign() < 0 && -d.Exponent() == int32(t.Scale) {
			return Value{}, fault // other scales are rounded, which takes the sign off
		}
		return c.program.number(d, t)
	}}, nil
}

var calculations = map[Op]func(a, b decimal.Decimal) decimal.Decimal{
	Plus: decimal.Decimal.Add, Minus: decimal.Decimal.Sub, Times: decimal.Decimal.Mul, Divide: quotient,
}

// resultType is that of MySQL (manual, "Arithmetic operators"): whole numbers
// give a whole number, unsigned if one of them is; but a division gives four
// digits more than its first operand has, div_precision_increment's default.
func resultType(op Op, l, r Type) Type {
	switch {
	case op == Divide:
		return Type{Kind: Decimal, Scale: l.Scale + divisionDigits}
	case l.Kind == Integer && r.Kind == Integer:
		return Type{Kind: Integer, Unsigned: l.Unsigned || r.Unsigned}
	case op == Times:
		return Type{Kind: Decimal, Scale: l.Scale + r.Scale}
	}
	return Type{Kind: Decimal, Scale: max(l.Scale, r.Scale)}
}

const (
	divisionDigits = 4
	wordDigits     = 9 // MySQL keeps decimals in words of nine digits
	maxWords       = 8 // it has nine; one is spared for zeros at the front
)

// words counts those that hold so many digits.
func words(digits int) int { return (digits + wordDigits - 1) / wordDigits }

// quotient divides as decimal_div of MySQL and MariaDB: to full words after the
// point, and cut there. The type's scale is then rounded to from these digits,
// so that 2.00000/3 is 0.666666666, where an exact division rounds up.
func quotient(a, b decimal.Decimal) decimal.Decimal {
	scaleA, scaleB := int(-a.Exponent()), int(-b.Exponent())
	fullA, fullB := words(scaleA)*wordDigits, words(scaleB)*wordDigits
	more := max(0, divisionDigits-(fullA-scaleA)-(fullB-scaleB))
	q, _ := a.QuoRem(b, int32(words(fullA+fullB+more)*wordDigits))
	return q
}

// number is the result of a calculation, if MySQL has such a number too.
func (p *Program) number(d decimal.Decimal, t Type) (Value, error) {
	if t.Kind == Integer && !inRange(d, t.Unsigned) {
		return Value{}, p.fault(reasonRange)
	}
	scale := int(-d.Exponent())
	whole := max(0, d.NumDigits()-scale)
	if words(whole)+words(scale) > maxWords || whole+t.Scale > maxDigits {
		return Value{}, p.fault(reasonDigits)
	}
	return Value{form: numeric, num: d}, nil
}
