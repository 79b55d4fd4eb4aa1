package transform

import (
	"slices"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// A text that would be longer than max_allowed_packet is NULL on the server, with
// a warning. Where a join selects one that CONCAT or CONCAT_WS makes, the
// statement tells such a NULL from the others.

// grows reports whether an expression has a function that the server may have no
// room for: the others make nothing longer than what they are given.
func grows(e fragment.Expr) bool {
	if call, ok := e.(fragment.Call); ok && (call.Func == "CONCAT" || call.Func == "CONCAT_WS") {
		return true
	}
	return slices.ContainsFunc(operands(e), grows)
}

// operands are what an expression is made of.
func operands(e fragment.Expr) []fragment.Expr {
	switch e := e.(type) {
	case fragment.Unary:
		return []fragment.Expr{e.X}
	case fragment.Binary:
		return []fragment.Expr{e.L, e.R}
	case fragment.IsNull:
		return []fragment.Expr{e.X}
	case fragment.In:
		return append([]fragment.Expr{e.X}, e.List...)
	case fragment.Call:
		return e.Args
	case fragment.Cast:
		return []fragment.Expr{e.X}
	}
	return nil
}

// cut is true where the server had no room for a text that the expression is made
// of. It is never NULL.
func (w *sqlWriter) cut(e fragment.Expr) Statement {
	if !grows(e) {
		return Statement{SQL: "FALSE"}
	}
	call, _ := e.(fragment.Call)
	switch call.Func {
	case "IF":
		return sqlOf("CASE WHEN ", w.cut(call.Args[0]), " THEN TRUE WHEN ", w.expr(call.Args[0]), " THEN ", w.cut(call.Args[1]), " ELSE ", w.cut(call.Args[2]), " END")
	case "COALESCE":
		return w.cutFirst(call.Args)
	case "CONCAT":
		return w.cutAny(call.Args, w.cutHere(e, call.Args))
	case "CONCAT_WS":
		return w.cutAny(call.Args, w.cutHere(e, call.Args[:1]))
	}
	return w.cutAny(operands(e))
}

// cutHere is true where an expression is NULL, and none of the operands that make
// it NULL is.
func (w *sqlWriter) cutHere(e fragment.Expr, of []fragment.Expr) Statement {
	parts := []Statement{sqlOf(w.expr(e), " IS NULL")}
	for _, x := range of {
		if _, literal := x.(fragment.Literal); !literal {
			parts = append(parts, sqlOf(w.expr(x), " IS NOT NULL"))
		}
	}
	return sqlOf("(", sqlList(parts, " AND "), ")")
}

// cutAny is true where one of the expressions was cut, or one of the conditions
// holds.
func (w *sqlWriter) cutAny(all []fragment.Expr, or ...Statement) Statement {
	for _, x := range all {
		if grows(x) {
			or = append(or, w.cut(x))
		}
	}
	return sqlOf("(", sqlList(or, " OR "), ")")
}

// cutFirst is cutAny of those arguments of a COALESCE that are looked at.
func (w *sqlWriter) cutFirst(args []fragment.Expr) Statement {
	if len(args) == 1 || !slices.ContainsFunc(args[1:], grows) {
		return w.cut(args[0])
	}
	return sqlOf("(", w.cut(args[0]), " OR ", w.expr(args[0]), " IS NULL AND ", w.cutFirst(args[1:]), ")")
}

// expr is a part of a fragment.
func (w *sqlWriter) expr(e fragment.Expr) Statement {
	f, err := fragment.Of(e)
	if err != nil {
		return Statement{SQL: "NULL"} // not reached: a part is not deeper than the whole
	}
	return w.fragment(f)
}

// uncut is a value, or what is shown of one that was cut. A value begins with
// what no mark begins with.
func (w *sqlWriter) uncut(cut, value Statement) Statement {
	if w.begin == "" {
		return sqlOf("CASE WHEN NOT ", cut, " THEN ", value, " END")
	}
	begun := w.begun(value)
	return sqlOf("CASE WHEN ", cut, " OR ", begun, " IS NULL AND ", value, " IS NOT NULL THEN "+tooLong+" ELSE ", begun, " END")
}

// begun is a value with what it begins with.
func (w *sqlWriter) begun(value Statement) Statement {
	if w.begin == "" {
		return value
	}
	return sqlOf("CONCAT("+w.begin, value, ")")
}
