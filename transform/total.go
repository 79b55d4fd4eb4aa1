package transform

import (
	"database/sql"
	"math/big"
	"strconv"
	"strings"
)

// A Total is what the values of one column are together, of records that refer to one
// key: their sum, where they are exact numbers, how many there are, the least and the
// most. The zero Total is that of none. Totals are immutable, and those of the same values are
// deeply equal, whatever the order of these.
type Total struct {
	n           int64
	scale       int      // of sum
	sum         *big.Int // in units of the last digit; nil where there is none
	least, most Value
}

// With returns the total of one value more, which is of the same column. NULL adds nothing.
func (t Total) With(v Value) Total {
	if v.kind == Null {
		return t
	}
	if t.n == 0 || v.Compare(t.least) < 0 {
		t.least = v
	}
	if t.n == 0 || v.Compare(t.most) > 0 {
		t.most = v
	}
	t.n++
	unscaled, scale, ok := v.unscaled()
	if !ok {
		return t
	}
	if t.sum != nil {
		unscaled.Add(unscaled, t.sum)
	}
	if unscaled.Sign() == 0 {
		unscaled = new(big.Int) // in one form, so that equal totals are deeply equal
	}
	t.sum, t.scale = unscaled, scale
	return t
}

// unscaled returns an exact number in units of its last digit, and how many digits it
// has after the point.
func (v Value) unscaled() (n *big.Int, scale int, ok bool) {
	text := ""
	switch v.kind {
	case Int:
		text = v.Text()
	case Bool:
		text = strconv.FormatUint(v.num, 10)
	case Decimal:
		whole, fraction, _ := strings.Cut(v.text, ".")
		text, scale = whole+fraction, len(fraction)
	default:
		return nil, 0, false
	}
	n, ok = new(big.Int).SetString(text, 10)
	return n, scale, ok
}

// divisionDigits is how many digits the server's division works with at once: it has a
// quotient up to a multiple of them after the point, and drops the rest.
const divisionDigits = 9

// mean is what AVG gives: the quotient as the server has it, which is cut, and then
// rounded half away from zero to four digits more than the values have. Where these have
// 5, 14 or 23 the cut leaves nothing to round.
func (t Total) mean() string {
	scale := t.scale + averageDigits
	kept := (scale + divisionDigits - 1) / divisionDigits * divisionDigits
	quotient := new(big.Int).Mul(t.sum, tenTo(kept-t.scale))
	quotient.Quo(quotient, big.NewInt(t.n))
	if drop := kept - scale; drop > 0 {
		half := new(big.Int).Quo(tenTo(drop), big.NewInt(2))
		if quotient.Sign() < 0 {
			half.Neg(half)
		}
		quotient.Quo(quotient.Add(quotient, half), tenTo(drop))
	}
	return scaled(quotient, scale)
}

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// scaled is the text of a number of units of the last digit.
func scaled(n *big.Int, scale int) string {
	text := new(big.Int).Abs(n).String()
	if missing := scale + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	if scale > 0 {
		text = text[:len(text)-scale] + "." + text[len(text)-scale:]
	}
	if n.Sign() < 0 {
		return "-" + text
	}
	return text
}

// Totals returns the reference and the column, a position in the columns of its Of, of
// which the column shows the sum, the mean, the least or the most; nil and -1 for any other.
func (h *Hydration) Totals() (by *Reference, column int) {
	if h.totals == nil {
		return nil, -1
	}
	return h.totals, h.value
}

// Shown returns what the column shows of a total, NULL if it is of no value. The error is
// a *ValueError: the attribute can't show it.
func (h *Hydration) Shown(t Total) (Value, error) {
	if t.n == 0 {
		return Value{}, nil
	}
	c := &h.entity.Columns[h.Column]
	v, text := Value{}, ""
	switch c.Join.Operation {
	case "SUM":
		text = scaled(t.sum, t.scale)
	case "AVG":
		text = t.mean()
	case "MIN":
		v = t.least
	case "MAX":
		v = t.most
	}
	if text == "" {
		if v.kind == c.Kind {
			return v, nil
		}
		text = v.within() // one of the two attributes is a BOOL, and the other a number
	}
	v, reason := c.parse(text)
	if reason != "" {
		return Value{}, h.entity.fault(h.Column, reason)
	}
	return v, nil
}

// SelectWith returns the expressions of Select, and that of another column of Of after them.
func (f *Reference) SelectWith(column int, alias string) Statement {
	w := &sqlWriter{entity: f.of, row: alias, form: textForm}
	return sqlList([]Statement{f.Select(alias), w.column(column)}, ", ")
}

// ReadWith is ReadKey of the texts that SelectWith selected, and the other column's value.
func (f *Reference) ReadWith(column int, texts []sql.NullString) (key Key, v Value, err error) {
	last := len(f.Columns)
	key, refers, err := f.ReadKey(texts[:last])
	if err != nil || !refers || !texts[last].Valid {
		return key, Value{}, err
	}
	v, reason := f.of.Columns[column].parse(texts[last].String)
	if reason != "" {
		return Key{}, Value{}, f.of.fault(column, reason)
	}
	return key, v, nil
}
