package transform

import (
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/collation"
)

// A foldedText is a text as MySQL compares it in its column: the hexadecimal digits
// of its weights, which two texts share if MySQL takes them for equal, and which sort
// as the weights do. A text that folds to nothing, of blanks only, has no digits, and
// its attribute is absent as that of NULL is: DynamoDB has no empty keys, and would
// refuse an item whose attribute is the key of an index.
type foldedText struct{ column int }

func (f *foldedText) inputs() []int   { return []int{f.column} }
func (f *foldedText) absent() absence { return absentSometimes }

func (f *foldedText) value(r Record) (Value, string) {
	v, reason := r.computed(f.column)
	if v.kind == Null || reason != "" {
		return Value{}, reason
	}
	if v, reason = f.of(r.entity, []Value{v}); v.text == "" {
		return Value{}, reason
	}
	return v, reason
}

// of is the empty text of one that folds to nothing, which no record shows.
func (f *foldedText) of(e *Entity, inputs []Value) (Value, string) {
	text, known := e.Columns[f.column].Fold(inputs[0].text)
	return digitsOf(text, known)
}

// beginning are the digits with which those of the texts begin that MySQL takes to
// begin with a part.
func (f *foldedText) beginning(e *Entity, part string) (Value, string) {
	text, known := e.Columns[f.column].FoldPart(part)
	return digitsOf(text, known)
}

func digitsOf(folded string, known bool) (Value, string) {
	if !known {
		return Value{}, "which texts its collation takes for equal is not known here"
	}
	return TextValue(collation.Hex(folded)), ""
}

// alike returns a text of the column that has the digits, so that MySQL takes it for
// equal to each that has them; ok is false if none is found. One beyond the column's
// character set is none: MySQL has an error for comparing the column with it.
func (f *foldedText) alike(e *Entity, digits string) (text Value, ok bool) {
	of, known := collation.Named(e.Columns[f.column].Collation)
	if !known {
		return Value{}, false
	}
	folded, ok := collation.Unhex(digits)
	if !ok {
		return Value{}, false
	}
	found, ok := of.Unfold(folded)
	return TextValue(found), ok && fitCharset(e.Columns[f.column].Collation, found) == ""
}

func (f *foldedText) reversible() (bool, string) {
	return false, "the texts that MySQL takes for equal are one there"
}

func (f *foldedText) restore(*Entity, Value) ([]Value, string) { return nil, "" }

// FoldOf returns the column of which a computed one is the fold, -1 of any other
// column.
func (e *Entity) FoldOf(column int) int {
	if f, ok := e.Columns[column].computation.(*foldedText); ok {
		return f.column
	}
	return -1
}

// fold reads the folding of a text.
func (k *entityChecker) fold(at string, a *Attribute, c *Column) int {
	switch {
	case c.Kind == 0: // of which nothing is known yet
	case c.Kind != Text || c.isLabelled():
		k.err(at, "column "+c.Name+" is "+c.typeName()+", and only texts are folded", "take the fold out")
		return -1
	case c.computation != nil:
		k.err(at, "attribute "+a.Name+" is calculated, and has no collation of MySQL's", "fold a column")
		return -1
	case c.Collation == "":
		k.err(at, "the collation of "+c.Name+" is not known, and it says which texts are equal", mendColumns)
		return -1
	case collationIsBinary(c.Collation):
		k.err(at, "column "+c.Name+" has the collation "+c.Collation+", which compares bytes, as DynamoDB does", "take the fold out")
		return -1
	case !k.foldable(c, "is folded", at):
		return -1
	}
	return k.addComputed(a.Name, &foldedText{column: a.Column},
		Column{SQLType: "longtext", Kind: Text, Collation: binaryCollation, longest: longestFold(c)})
}

// longestFold returns how many digits the weights of a column's texts have at most, 0
// where that is not known.
func longestFold(c *Column) int {
	of, _ := collation.Named(c.Collation)
	return 4 * of.MostWeights() * c.Length
}

// foldName is the collation of utf8mb4 with which a server gives the weights that
// Fold has for a column, "" if there is none.
func foldName(name string) string {
	charset, rest, _ := strings.Cut(name, "_")
	if charset == "latin1" {
		return "" // its weights have one byte
	}
	return "utf8mb4_" + rest
}

// folded is WEIGHT_STRING. Digits come off at the end by the four of a blank: all
// weights have four, so none is cut in the middle. It is NULL where none are left.
func (v *viewer) folded(f *foldedText) Statement {
	c := &v.entity.Columns[f.column]
	name := foldName(c.Collation)
	if name == "" {
		return v.fail("the weights of " + c.Collation + " have another form on a server")
	}
	digits := sqlText(sqlOf("HEX(WEIGHT_STRING(CONVERT(", v.input(f.column), " USING utf8mb4) COLLATE "+name+"))"))
	if collationPads(c.Collation) {
		blank, _ := c.FoldPart(" ")
		digits = sqlOf("TRIM(TRAILING ", viewText(collation.Hex(blank)), " FROM ", digits, ")")
	}
	return sqlOf("NULLIF(", digits, ", '')")
}
