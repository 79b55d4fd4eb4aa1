package template

import (
	"slices"
	"strconv"
	"unicode/utf8"
)

// A Template is a text with placeholders, and a codec between lists of values
// and texts. It is immutable. Use Parse to make one.
type Template struct {
	text   string
	names  []string
	pieces []piece
}

// A piece is a literal or a placeholder.
type piece struct {
	literal string // of a literal, never empty
	name    int    // of a placeholder: the index in names; -1 for a literal
	width   int    // of a padded number, else 0
	at      int    // where it begins in the template's text

	// Of a placeholder that has no width.
	escapes *escapes
	stop    string // the delimiter that ends it, "" for the last one
	after   int    // bytes between its end and stop, or the end of the text
}

// String returns the text that Parse was given.
func (t *Template) String() string { return t.text }

// Names returns the names of the placeholders, each once, in the order in
// which they first appear. It is the order of the values.
func (t *Template) Names() []string { return slices.Clone(t.names) }

// Has reports whether a placeholder has the name.
func (t *Template) Has(name string) bool { return slices.Contains(t.names, name) }

// Constant reports whether the template has no placeholder, so that its only
// text is its own.
func (t *Template) Constant() bool { return len(t.names) == 0 }

// Reversible is true: the values can always be read from the text. The reason
// is there for the other codecs.
func (t *Template) Reversible() (ok bool, reason string) { return true, "" }

// UnpaddedNumbers returns the names of the placeholders that are numbers, as
// isNumber knows, and appear without padding: they sort as text, 10 before 9.
// In a sort key that calls for a warning, and for {name:010d}.
func (t *Template) UnpaddedNumbers(isNumber func(name string) bool) []string {
	var names []string
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.name < 0 || p.width > 0 {
			continue
		}
		if name := t.names[p.name]; isNumber(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// A Placeholder is one place of a template, as whoever writes it in another
// language needs it: SQL, for one. LPAD cuts what is longer than Width, where
// Format has an error; and REPLACE knows no error for text that is not UTF-8.
type Placeholder struct {
	Literal string   // the text between the placeholder before, or the beginning, and this one
	Name    string   // "" for what stands after the last placeholder
	Width   int      // digits of a padded number, else 0
	Escapes []Escape // to be replaced one after the other, in this order
}

// Placeholders returns the template's places in order. If text follows the
// last placeholder, or the template has none, a place without name ends them.
func (t *Template) Placeholders() []Placeholder {
	var out []Placeholder
	literal := ""
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.name < 0 {
			literal = p.literal
			continue
		}
		place := Placeholder{Literal: literal, Name: t.names[p.name], Width: p.width}
		if p.escapes != nil {
			place.Escapes = slices.Clone(p.escapes.list)
		}
		out, literal = append(out, place), ""
	}
	if literal != "" {
		out = append(out, Placeholder{Literal: literal})
	}
	return out
}

// Format returns the text for the values, which are in the order of Names. A
// padded number takes an integer without sign and leading zeros; every other
// placeholder takes any text in UTF-8, the empty one too. The error is a
// *ValueError, and the row's.
func (t *Template) Format(values []string) (string, error) {
	// Most keys fit, and the string is then the only allocation.
	var array [256]byte
	b, err := t.Append(array[:0], values)
	if err != nil {
		return "", err
	}
	return string(b), nil
}

// Append appends the text for the values to b, which is returned as it was if
// there is an error.
func (t *Template) Append(b []byte, values []string) ([]byte, error) {
	if len(values) != len(t.names) {
		return b, t.wrongCount()
	}
	out := b
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.name < 0 {
			out = append(out, p.literal...)
			continue
		}
		var reason string
		if out, reason = p.append(out, values[p.name]); reason != "" {
			return b, t.fault(p, reason)
		}
	}
	return out, nil
}

func (t *Template) wrongCount() error {
	return &ValueError{Reason: "the template takes " + strconv.Itoa(len(t.names)) + " values, and was given another number of them"}
}

func (t *Template) fault(p *piece, reason string) error {
	return &ValueError{Name: t.names[p.name], Reason: reason, TooLarge: reason == reasonTooLong}
}

// append appends a placeholder's value, or returns a reason.
func (p *piece) append(b []byte, value string) (out []byte, reason string) {
	if p.width == 0 {
		if !utf8.ValidString(value) {
			return b, reasonNotUTF8
		}
		return p.escapes.append(b, value), ""
	}
	if reason := wholeNumber(value); reason != "" {
		return b, reason
	}
	if len(value) > p.width {
		return b, reasonTooLong
	}
	for range p.width - len(value) {
		b = append(b, '0')
	}
	return append(b, value...), ""
}

// wholeNumber returns what keeps a text from being the one form of an integer
// that is not negative. 007 would come back as 7, so it is none.
func wholeNumber(s string) string {
	switch {
	case len(s) > 1 && s[0] == '-' && allDigits(s[1:]):
		return reasonNegative
	case s == "" || !allDigits(s):
		return "the value is not an integer"
	case len(s) > 1 && s[0] == '0':
		return "the integer has leading zeros, which would not come back"
	}
	return ""
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
