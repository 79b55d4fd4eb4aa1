package transform

import "github.com/crossfade-go/crossfade/transform/internal/collation"

// Fold returns a form of the text that two texts share exactly if MySQL takes them
// for equal under the collation, blanks at their end included where that ignores
// them: the text itself under a collation that compares bytes, else one character for
// each weight that MySQL compares. Forms sort byte by byte as the weights do. known is
// false of a collation of which it is not known here what it takes for equal.
//
// Known are the binary collations; utf8mb4_general_ci and utf8mb4_unicode_ci with
// their namesakes of utf8mb3 and utf8, latin1_swedish_ci and ascii_general_ci, which
// were compared with a server character by character and text by text; and
// utf8mb4_0900_ai_ci, which comes from its published weights and was not verified
// against a server.
func Fold(collationName, text string) (folded string, known bool) {
	c, known := collation.Named(collationName)
	if !known {
		return "", false
	}
	return c.Fold(text), true
}

// FoldsAlike reports whether two collations are known to take the same texts for
// equal, as far as the columns of both can hold them.
func FoldsAlike(a, b string) bool {
	x, known := collation.Named(a)
	y, alsoKnown := collation.Named(b)
	return known && alsoKnown && x.Equal(y)
}

// Fold returns the form that two texts of the column share exactly if MySQL takes
// them for equal in it: see the function Fold. Labels of an ENUM or a SET are equal
// only if they are the same. known is false of a column that is no text.
func (c *Column) Fold(text string) (folded string, known bool) {
	switch {
	case c.Kind != Text:
		return "", false
	case c.isLabelled():
		return text, true
	}
	return Fold(c.Collation, text)
}

// FoldPart is Fold for a text that others begin with, or contain. Blanks at its end
// count: a text of the column begins with a part, or contains it, if its own FoldPart
// does.
func (c *Column) FoldPart(part string) (folded string, known bool) {
	if c.Kind != Text || c.isLabelled() {
		return part, c.Kind == Text
	}
	of, known := collation.Named(c.Collation)
	if !known {
		return "", false
	}
	return of.FoldPart(part), true
}

// guarded is the column's text as unique values compare it. The check of a contract
// has refused those of which it is not known; without one, they compare bytes.
func (c *Column) guarded(v Value) Value {
	if v.kind != Text {
		return v
	}
	if folded, known := c.Fold(v.text); known {
		return TextValue(folded)
	}
	return v
}

// foldUnverified says of a collation which no server has confirmed.
const foldUnverified = "utf8mb4_0900_ai_ci"
