package fragment

import (
	"strings"
)

// cast is CAST. Where MySQL guesses with a warning, a text that is not a number
// or a number that doesn't fit, there is an error.
func (c *compiler) cast(e Cast, x node) (node, error) {
	if x.typ.Kind == Opaque {
		return node{}, c.fault(e, "casts a column that is %s", Opaque)
	}
	if e.To.Name == "CHAR" {
		n := textOf(x)
		n.typ = Type{Kind: Text, Collation: castCollation}
		return n, nil
	}
	t := Type{Kind: Integer, Unsigned: e.To.Name == "UNSIGNED"}
	if e.To.Name == "DECIMAL" {
		t = Type{Kind: Decimal, Scale: e.To.Scale}
	}
	if x.rough && t.Scale > x.typ.Scale {
		return node{}, c.fault(e, "casts a division to more digits than the %d it has after the point; CAST its first operand AS DECIMAL with more", x.typ.Scale)
	}
	return node{typ: t, eval: func(row []Value) (Value, error) {
		v, err := x.eval(row)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		return c.program.castNumber(v, e.To, t)
	}}, nil
}

func (p *Program) castNumber(v Value, to CastType, t Type) (Value, error) {
	if v.IsText() {
		s := strings.TrimLeft(v.text, " ")
		n, err := ParseNumber(s)
		if err != nil || t.Kind == Integer && strings.Contains(s, ".") {
			return Value{}, p.fault("a text in CAST that is not such a number; MySQL would take what it begins with")
		}
		v = n
	}
	d := v.num.Round(int32(t.Scale))
	if t.Kind == Integer && !inRange(d, t.Unsigned) || t.Kind == Decimal && d.NumDigits() > to.Digits && !d.IsZero() {
		return Value{}, p.fault("a number that does not fit the type of the CAST; MySQL would take the nearest that does")
	}
	return Value{form: numeric, num: widen(d, t.Scale)}, nil
}
