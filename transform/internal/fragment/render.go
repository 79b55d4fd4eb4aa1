package fragment

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// String returns the canonical form: names in backticks, words in upper case,
// every operation but the outermost in parentheses. Parsing it gives the same
// tree, so two fragments that mean the same by grouping and case are one text.
func (f Fragment) String() string {
	var r renderer
	r.literal = r.written
	r.top(f.root)
	return string(r.b)
}

// SQL returns the fragment for a statement, in parentheses unless it is a
// single operand, and the arguments for its placeholders in their order.
// Nothing of the fragment's text is in it but names in backticks: every literal
// is bound. Numbers are bound within a CAST, because a number that the driver
// sends as text would make MySQL calculate with floating point.
//
// It runs on MariaDB 10.11 and MySQL 8, under any sql_mode.
func (f Fragment) SQL() (string, []any) {
	var r renderer
	r.cast, r.literal = castSQL, r.bound
	r.node(f.root)
	return string(r.b), r.args
}

// ViewSQL is SQL for where nothing can be bound, the definition of a view.
// Texts are written as hexadecimal digits, so that nothing of a fragment can
// end them.
func (f Fragment) ViewSQL() string {
	var r renderer
	r.cast, r.literal = castSQL, r.inline
	r.node(f.root)
	return string(r.b)
}

// A renderer writes a tree.
type renderer struct {
	b       []byte
	args    []any
	literal func(Value)
	cast    func(CastType) (name, after string)
}

// castSQL says what follows AS, and what follows the parentheses. A text that
// comes of a CAST would have the session's collation; with one of its own it
// compares in the same way everywhere.
func castSQL(to CastType) (name, after string) {
	if to.Name == "CHAR" {
		return "CHAR CHARACTER SET utf8mb4", " COLLATE " + castCollation
	}
	return to.String(), ""
}

// String returns the type as a fragment writes it.
func (t CastType) String() string {
	if t.Name == "DECIMAL" {
		return "DECIMAL(" + strconv.Itoa(t.Digits) + ", " + strconv.Itoa(t.Scale) + ")"
	}
	return t.Name
}

func (r *renderer) put(s string) { r.b = append(r.b, s...) }

// node writes an operand: parentheses are left out only where nothing beside
// it could bind to a part of it.
func (r *renderer) node(e Expr) {
	switch e.(type) {
	case Unary, Binary, IsNull, In:
		r.put("(")
		r.top(e)
		r.put(")")
	case Cast:
		if r.cast == nil {
			r.top(e)
			return
		}
		r.put("(")
		r.top(e)
		r.put(")")
	default:
		r.top(e)
	}
}

// top writes an expression without parentheses around it.
func (r *renderer) top(e Expr) {
	switch e := e.(type) {
	case Column:
		r.b = appendRef(r.b, e.Ref)
	case Literal:
		r.literal(e.Value)
	case Unary:
		r.put(e.Op.String())
		if e.Op == Not {
			r.put(" ")
		}
		r.operand(e.X, e.Op == Minus && !isLiteral(e.X) && mayBeWhole(e.X))
	case Binary:
		widen := e.Op.wholeGivesWhole() && mayBeWhole(e.L) && mayBeWhole(e.R)
		r.operand(e.L, widen)
		r.put(" " + e.Op.String() + " ")
		r.node(e.R)
	case IsNull:
		r.node(e.X)
		r.put(" IS ")
		r.not(e.Not)
		r.put("NULL")
	case In:
		r.node(e.X)
		r.put(" ")
		r.not(e.Not)
		r.put("IN ")
		r.list(e.List)
	case Call:
		r.put(e.Func)
		r.list(e.Args)
	case Cast:
		r.castNode(e)
	}
}

// operand writes what is calculated with. Widened, a whole number becomes a
// DECIMAL of the same digits, and a number with digits after the point keeps
// them: of two BIGINTs MySQL refuses a result beyond 64 bits, and with it the
// whole statement and every other row.
func (r *renderer) operand(e Expr, widen bool) {
	if !widen || r.cast == nil {
		r.node(e)
		return
	}
	r.put("(")
	r.node(e)
	r.put(" + CAST(0 AS DECIMAL(1, 0)))")
}

// mayBeWhole reports whether an operand may be a BIGINT in a statement.
func mayBeWhole(e Expr) bool {
	switch e := e.(type) {
	case Literal:
		return e.Value.form == numeric && e.Value.num.Exponent() == 0
	case Cast:
		return e.To.Name != "DECIMAL"
	case Binary:
		return e.Op != Divide && !e.Op.wholeGivesWhole() // those are widened
	case Unary:
		return e.Op == Not || isLiteral(e.X)
	}
	return true
}

func isLiteral(e Expr) bool {
	_, is := e.(Literal)
	return is
}

func (r *renderer) not(not bool) {
	if not {
		r.put("NOT ")
	}
}

// list writes the elements with nothing between a function's name and its
// parenthesis, which MySQL takes for a function under every sql_mode.
func (r *renderer) list(all []Expr) {
	r.put("(")
	for i, e := range all {
		if i > 0 {
			r.put(", ")
		}
		r.top(e)
	}
	r.put(")")
}

func (r *renderer) castNode(e Cast) {
	name, after := e.To.String(), ""
	if r.cast != nil {
		name, after = r.cast(e.To)
	}
	r.put("CAST(")
	r.top(e.X)
	r.put(" AS " + name + ")" + after)
}

// appendRef writes a name in backticks, the ones within it doubled.
func appendRef(b []byte, ref Ref) []byte {
	if ref.Table != "" {
		b = append(appendName(b, ref.Table), '.')
	}
	return appendName(b, ref.Name)
}

func appendName(b []byte, name string) []byte {
	b = append(b, '`')
	b = append(b, strings.ReplaceAll(name, "`", "``")...)
	return append(b, '`')
}

// written writes a literal as a fragment does.
func (r *renderer) written(v Value) {
	switch v.form {
	case null:
		r.put("NULL")
	case numeric:
		r.put(v.Text())
	case textual:
		r.put("'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(v.text) + "'")
	}
}

// bound writes a placeholder and keeps the argument.
func (r *renderer) bound(v Value) {
	switch v.form {
	case null:
		r.put("NULL")
	case textual:
		r.put("?")
		r.args = append(r.args, v.text)
	case numeric:
		arg, as := numberType(v)
		r.put("CAST(? AS " + as + ")")
		r.args = append(r.args, arg)
	}
}

// numberType returns the argument for a number, and the type MySQL gives the
// literal: BIGINT where it fits, signed before unsigned, else DECIMAL.
func numberType(v Value) (arg any, as string) {
	if v.num.Exponent() == 0 {
		whole := v.num.Coefficient()
		switch {
		case whole.IsInt64():
			return whole.Int64(), "SIGNED"
		case whole.IsUint64():
			return whole.Uint64(), "UNSIGNED"
		}
	}
	s := v.Text()
	scale := int(-v.num.Exponent())
	to := CastType{Name: "DECIMAL", Digits: max(1, len(strings.Replace(s, ".", "", 1))), Scale: scale}
	to.Digits = min(to.Digits, maxDigits)
	return s, to.String()
}

// inline writes a literal without a placeholder. A text's character set is
// named, because the bytes alone would be a binary string.
func (r *renderer) inline(v Value) {
	switch v.form {
	case null:
		r.put("NULL")
	case numeric:
		r.put(v.Text())
	case textual:
		r.put("_utf8mb4 X'" + hex.EncodeToString([]byte(v.text)) + "'")
	}
}
