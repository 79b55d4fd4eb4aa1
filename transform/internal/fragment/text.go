package fragment

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// maxText bounds what CONCAT may make, in bytes. An item has 400 KB; MySQL
// gives NULL with a warning beyond max_allowed_packet, 16 MB where it is small.
const maxText = 4 << 20

// call is a function.
func (c *compiler) call(e Call, args []node) (node, error) {
	switch e.Func {
	case "COALESCE":
		return c.coalesce(e, args)
	case "IF":
		return c.either(e, args)
	}
	texts, err := c.texts(e, args)
	if err != nil {
		return node{}, err
	}
	of, err := c.collation(e, texts)
	if err != nil {
		return node{}, err
	}
	t := Type{Kind: Text, Collation: of}
	switch e.Func {
	case "CONCAT":
		return c.concat(t, texts), nil
	case "CONCAT_WS":
		return c.concatWS(t, texts), nil
	case "SUBSTRING":
		return c.substring(e, texts[0], args[1:])
	case "TRIM":
		return c.each(texts[0], func(s string) (string, bool) { return strings.Trim(s, " "), true }), nil
	case "LOWER":
		return c.each(texts[0], func(s string) (string, bool) { return mapCase(s, unicode.ToLower) }), nil
	case "UPPER":
		return c.each(texts[0], func(s string) (string, bool) { return mapCase(s, unicode.ToUpper) }), nil
	}
	return node{}, c.fault(e, "%s can't be evaluated", e.Func)
}

// texts makes texts of the arguments that the function takes as texts.
func (c *compiler) texts(e Call, args []node) ([]node, error) {
	n := len(args)
	if e.Func == "SUBSTRING" {
		n = 1
	}
	texts := make([]node, n)
	for i := range texts {
		if args[i].typ.Kind == Opaque {
			return nil, c.fault(e.Args[i], "makes a text of a column that is %s", Opaque)
		}
		texts[i] = textOf(args[i])
	}
	return texts, nil
}

// textOf makes a text of a number, with the digits its type shows.
func textOf(n node) node {
	if n.typ.Kind == Text || n.typ.Kind == Nothing || n.typ.Kind == Opaque {
		return n
	}
	return node{typ: Type{Kind: Text}, eval: func(row []Value) (Value, error) {
		v, err := n.eval(row)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		return TextValue(settle(v, n.typ).Text()), nil
	}}
}

// each applies a function to a text that is not NULL.
func (c *compiler) each(x node, apply func(string) (string, bool)) node {
	fault := c.program.fault("a letter that MySQL's servers and collations don't agree on how to write in the other case")
	return node{typ: Type{Kind: Text, Collation: x.typ.Collation}, eval: func(row []Value) (Value, error) {
		v, err := x.eval(row)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		s, ok := apply(v.text)
		if !ok {
			return Value{}, fault
		}
		return TextValue(s), nil
	}}
}

// sameCase are the letters that MariaDB's tables and Go's map to the same
// upper and lower case: Latin, Greek, Cyrillic, Armenian, the Latin of
// Vietnamese, and full width.
var sameCase = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x00, Hi: 0x17F, Stride: 1}, {Lo: 0x386, Hi: 0x3CE, Stride: 1}, {Lo: 0x400, Hi: 0x481, Stride: 1},
	{Lo: 0x531, Hi: 0x586, Stride: 1}, {Lo: 0x1E00, Hi: 0x1E95, Stride: 1}, {Lo: 0x1EA0, Hi: 0x1EF9, Stride: 1},
	{Lo: 0xFF21, Hi: 0xFF5A, Stride: 1},
}}

// mapCase maps each letter by itself, as MySQL does: ß stays ß in UPPER, and a
// sigma at the end of a word becomes σ in LOWER. It gives up at a letter that
// Go maps and that is not in sameCase; how MySQL maps these depends on version
// and collation.
func mapCase(s string, to func(rune) rune) (string, bool) {
	ok := true
	mapped := strings.Map(func(r rune) rune {
		other := to(r)
		if other != r && !unicode.Is(sameCase, r) {
			ok = false
		}
		return other
	}, s)
	return mapped, ok
}

// collation returns that of a text made of several. MySQL makes no text of some
// whose collations differ.
func (c *compiler) collation(e Expr, nodes []node) (string, error) {
	all := ""
	for _, n := range nodes {
		if n.typ.Kind == Text {
			all = mix(all, n.typ.Collation)
		}
	}
	if all == mixed {
		return "", c.fault(e, "puts texts of different collations together; use CAST(… AS CHAR) on all but one")
	}
	return all, nil
}

// concat is NULL if one of its arguments is.
func (c *compiler) concat(t Type, args []node) node {
	return node{typ: t, eval: func(row []Value) (Value, error) {
		var b strings.Builder
		for _, n := range args {
			v, err := n.eval(row)
			if err != nil || v.IsNull() {
				return Value{}, err
			}
			if err := c.program.grow(&b, v.text); err != nil {
				return Value{}, err
			}
		}
		return TextValue(b.String()), nil
	}}
}

// concatWS leaves out arguments that are NULL, but a separator that is NULL
// makes it NULL.
func (c *compiler) concatWS(t Type, args []node) node {
	return node{typ: t, eval: func(row []Value) (Value, error) {
		separator, err := args[0].eval(row)
		if err != nil || separator.IsNull() {
			return Value{}, err
		}
		var b strings.Builder
		first := true
		for _, n := range args[1:] {
			v, err := n.eval(row)
			if err != nil {
				return Value{}, err
			}
			if v.IsNull() {
				continue
			}
			s := separator.text + v.text
			if first {
				s, first = v.text, false
			}
			if err := c.program.grow(&b, s); err != nil {
				return Value{}, err
			}
		}
		return TextValue(b.String()), nil
	}}
}

func (p *Program) grow(b *strings.Builder, s string) error {
	if b.Len()+len(s) > maxText {
		return p.fault("makes a text of more than 4 MB")
	}
	b.WriteString(s)
	return nil
}

// substring counts characters from 1, or from the end if the position is
// negative; what is not there is an empty text, as is all from position 0.
func (c *compiler) substring(e Call, x node, numbers []node) (node, error) {
	for i, n := range numbers {
		if n.typ.Kind != Integer && n.typ.Kind != Nothing {
			return node{}, c.fault(e.Args[i+1], "SUBSTRING takes whole numbers for position and length, not a value that is %s", n.typ.Kind)
		}
	}
	return node{typ: Type{Kind: Text, Collation: x.typ.Collation}, eval: func(row []Value) (Value, error) {
		v, err := x.eval(row)
		if err != nil || v.IsNull() {
			return Value{}, err
		}
		at := [2]decimal.Decimal{1: decimal.New(int64(len(v.text)), 0)}
		for i, n := range numbers {
			w, err := n.eval(row)
			if err != nil || w.IsNull() {
				return Value{}, err
			}
			at[i] = w.num
		}
		return TextValue(cut(v.text, clamp(at[0]), clamp(at[1]))), nil
	}}, nil
}

// clamp makes an int of a number, the nearest where it is beyond what a text
// can have.
func clamp(d decimal.Decimal) int {
	const most = 1 << 40
	if n := d.Coefficient(); n.IsInt64() {
		return int(max(-most, min(most, n.Int64())))
	}
	return most * d.Sign()
}

func cut(s string, position, length int) string {
	n := utf8.RuneCountInString(s)
	if position < 0 {
		position += n + 1
	}
	if position < 1 || position > n || length < 1 {
		return ""
	}
	from := offset(s, position-1)
	return s[from : from+offset(s[from:], length)]
}

// offset returns where the character is that so many are before.
func offset(s string, before int) int {
	for i := range s {
		if before == 0 {
			return i
		}
		before--
	}
	return len(s)
}

// coalesce is the first argument that is not NULL.
func (c *compiler) coalesce(e Call, args []node) (node, error) {
	return c.choice(e, args, func(row []Value) (node, error) {
		for _, n := range args[:len(args)-1] {
			if v, err := n.eval(row); err != nil || !v.IsNull() {
				return n, err
			}
		}
		return args[len(args)-1], nil
	})
}

// either is IF. Only what is chosen is evaluated.
func (c *compiler) either(e Call, args []node) (node, error) {
	condition, err := c.truth(e.Args[0], args[0])
	if err != nil {
		return node{}, err
	}
	return c.choice(e, args[1:], func(row []Value) (node, error) {
		v, err := condition.eval(row)
		if err == nil && v.IsTrue() {
			return args[1], nil
		}
		return args[2], err
	})
}

// choice gives the value of the node that choose names, in the type common to
// all. It is as rough as the roughest, as the type does not depend on the row.
func (c *compiler) choice(e Expr, nodes []node, choose func(row []Value) (node, error)) (node, error) {
	t, err := c.common(e, nodes)
	if err != nil {
		return node{}, err
	}
	rough := false
	for _, n := range nodes {
		rough = rough || n.rough && t.Kind != Text
	}
	return node{typ: t, rough: rough, eval: func(row []Value) (Value, error) {
		n, err := choose(row)
		if err != nil {
			return Value{}, err
		}
		if t.Kind == Text {
			n = textOf(n)
		}
		return n.eval(row)
	}}, nil
}
