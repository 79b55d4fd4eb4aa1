package collation

import (
	"strings"
	"unicode/utf8"
)

// A Collation compares texts.
type Collation struct {
	pads    bool
	weights func() *table // nil: it compares bytes
}

// known are the collations that fold. Those that compare bytes are told by their
// names.
var known = map[string]Collation{
	"utf8mb4_general_ci": {true, general}, "utf8mb3_general_ci": {true, general}, "utf8_general_ci": {true, general},
	"utf8mb4_unicode_ci": {true, uca4}, "utf8mb3_unicode_ci": {true, uca4}, "utf8_unicode_ci": {true, uca4},
	"utf8mb4_0900_ai_ci": {false, uca9},
	"latin1_swedish_ci":  {true, swedish}, "ascii_general_ci": {true, general},
}

// Named returns the collation with that name, as MySQL writes it. isKnown is false of
// one of which it is not known here what it takes for equal.
func Named(name string) (c Collation, isKnown bool) {
	if IsBinary(name) {
		return Collation{pads: Pads(name)}, true
	}
	c, isKnown = known[name]
	return c, isKnown
}

// Pads reports whether the collation compares texts as if they had no blanks at the
// end. Only MySQL 8's newer ones, MariaDB's nopad ones, and binary don't.
func Pads(name string) bool {
	return name != "binary" && !strings.Contains(name, "_0900_") && !strings.Contains(name, "_nopad_")
}

// IsBinary reports whether texts are equal only if their bytes are, blanks at the end
// aside.
func IsBinary(name string) bool { return name == "binary" || strings.HasSuffix(name, "_bin") }

// Folds reports whether the collation takes texts for equal that differ in more than
// blanks at their end.
func (c Collation) Folds() bool { return c.weights != nil }

// Fold returns a form of the text that two texts share exactly if the collation takes
// them for equal: the text itself, or one character for each weight. The form sorts
// byte by byte as the weights do, and is valid UTF-8 if the text is.
func (c Collation) Fold(text string) string {
	blank := " "
	if c.weights != nil {
		t := c.weights()
		text, blank = t.fold(text), t.blank
	}
	for c.pads && strings.HasSuffix(text, blank) {
		text = text[:len(text)-len(blank)]
	}
	return text
}

// FoldPart is Fold for a text that others begin with or contain: blanks at its end
// count. A text begins with a part, or contains it, if its own FoldPart does.
func (c Collation) FoldPart(part string) string {
	if c.weights == nil {
		return part
	}
	return c.weights().fold(part)
}

// fold returns the weights of a text as characters.
func (t *table) fold(text string) string {
	var b strings.Builder
	b.Grow(len(text) * t.grows)
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			i++
			if w := t.ascii[c]; w >= 0 {
				b.WriteRune(w)
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		t.write(&b, r)
	}
	return b.String()
}

// Surrogates are no characters, so the weights from there on are moved up by as many
// as there are of them. This keeps their order.
const (
	surrogateMin = 0xD800
	surrogates   = 0x800
)

// character returns the character that stands for a weight.
func character(weight uint16) rune {
	if weight >= surrogateMin {
		return rune(weight) + surrogates
	}
	return rune(weight)
}

// weight returns the weight that a character stands for.
func weight(character rune) uint16 {
	if character >= surrogateMin {
		return uint16(character - surrogates)
	}
	return uint16(character)
}

const digits = "0123456789ABCDEF"

// Hex returns a folded text as the hexadecimal digits of its weights, four each, as
// HEX(WEIGHT_STRING(…)) has them.
func Hex(folded string) string {
	var b strings.Builder
	b.Grow(4 * utf8.RuneCountInString(folded))
	for _, r := range folded {
		w := weight(r)
		b.WriteByte(digits[w>>12])
		b.WriteByte(digits[w>>8&15])
		b.WriteByte(digits[w>>4&15])
		b.WriteByte(digits[w&15])
	}
	return b.String()
}

// Unhex returns the folded text of which Hex makes the digits; ok is false of anything
// else.
func Unhex(hex string) (folded string, ok bool) {
	var b strings.Builder
	for ; len(hex) >= 4; hex = hex[4:] {
		var w uint16
		for i := range 4 {
			d := strings.IndexByte(digits, hex[i])
			if d < 0 {
				return "", false
			}
			w = w<<4 | uint16(d)
		}
		b.WriteRune(character(w))
	}
	return b.String(), hex == ""
}

// Equal reports whether two collations take the same texts for equal.
func (c Collation) Equal(o Collation) bool {
	if c.weights == nil || o.weights == nil {
		return c.pads == o.pads && c.weights == nil && o.weights == nil
	}
	return c.pads == o.pads && c.weights() == o.weights()
}

// MostWeights returns how many weights a character has at most.
func (c Collation) MostWeights() int {
	if c.weights == nil {
		return 1
	}
	return c.weights().most
}
