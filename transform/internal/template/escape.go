package template

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// An Escape is one character that a value has written otherwise.
type Escape struct {
	From string // one character
	To   string // two characters, the second a digit
}

// escapes is what one placeholder escapes. It is nil for a placeholder whose
// values all stand as they are.
type escapes struct {
	list   []Escape
	from   []rune               // the characters of list
	ascii  [utf8.RuneSelf]uint8 // index in list plus 1
	delims []rune               // the delimiters among them
}

// newEscapes returns the escapes for a set of delimiters, which holds no digit
// and no control character.
func newEscapes(delims []rune) *escapes {
	if len(delims) == 0 {
		return nil
	}
	delims = slices.Clone(delims)
	slices.Sort(delims)
	e := &escapes{delims: slices.Compact(delims)}
	for i := 0; i < len(e.delims); {
		// Delimiters that are neighbours share the escape beside them.
		n := i + 1
		for n < len(e.delims) && e.delims[n] == next(e.delims[n-1]) {
			n++
		}
		e.addRun(e.delims[i:n])
		i = n
	}
	for i, x := range e.list {
		r, _ := utf8.DecodeRuneInString(x.From)
		e.from = append(e.from, r)
		if r < utf8.RuneSelf {
			e.ascii[r] = uint8(i + 1)
		}
	}
	return e
}

// addRun adds the escapes of neighbouring delimiters. The digits rise with the
// characters they stand for, the escape's own among them: that keeps the order.
// The escape comes first in the list: REPLACE after REPLACE in the list's order
// is then the same as all at once.
func (e *escapes) addRun(run []rune) {
	above, below := next(run[len(run)-1]), run[0]-1
	escape, chars := above, append(slices.Clone(run), above)
	if !mark(above) && mark(below) {
		escape, chars = below, append([]rune{below}, run...)
	}
	first := len(e.list)
	for i, c := range chars {
		x := Escape{From: string(c), To: string(escape) + string(rune('0'+i))}
		if c == escape {
			e.list = slices.Insert(e.list, first, x)
		} else {
			e.list = append(e.list, x)
		}
	}
}

// next returns the character after r in Unicode, which is the order of UTF-8.
func next(r rune) rune {
	switch r {
	case 0xD7FF:
		return 0xE000 // surrogates are no characters
	case utf8.MaxRune:
		return 0 // none; 0 is no mark
	}
	return r + 1
}

// mark reports whether r is neither letter nor digit nor control character of
// ASCII. Beyond ASCII everything is as good as anything else.
func mark(r rune) bool {
	return r >= ' ' && r != 0x7f && !asciiLetter(r) && !digit(r)
}

func digit(r rune) bool       { return r >= '0' && r <= '9' }
func asciiLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

// delimits reports whether no value has r as it is.
func (e *escapes) delimits(r rune) bool { return e != nil && slices.Contains(e.delims, r) }

// find returns the escape of r, nil if it stands as it is.
func (e *escapes) find(r rune) *Escape {
	if r < utf8.RuneSelf {
		if i := e.ascii[r]; i > 0 {
			return &e.list[i-1]
		}
		return nil
	}
	if i := slices.Index(e.from, r); i >= 0 {
		return &e.list[i]
	}
	return nil
}

// append appends s as it is written.
func (e *escapes) append(b []byte, s string) []byte {
	if e == nil {
		return append(b, s...)
	}
	from := 0
	for i, r := range s {
		if x := e.find(r); x != nil {
			b = append(b, s[from:i]...)
			b = append(b, x.To...)
			from = i + len(x.From)
		}
	}
	return append(b, s[from:]...)
}

// value returns the value that is written as s, false if none is.
func (e *escapes) value(s string) (string, bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	if e == nil || !e.any(s) {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if e.find(r) == nil {
			b = append(b, s[i:i+n]...)
			i += n
			continue
		}
		x := e.written(s[i:])
		if x == nil {
			return "", false
		}
		b = append(b, x.From...)
		i += len(x.To)
	}
	return string(b), true
}

// any reports whether s has a delimiter or an escape.
func (e *escapes) any(s string) bool {
	for _, r := range s {
		if e.find(r) != nil {
			return true
		}
	}
	return false
}

// written returns the escape that s begins with.
func (e *escapes) written(s string) *Escape {
	for i := range e.list {
		if strings.HasPrefix(s, e.list[i].To) {
			return &e.list[i]
		}
	}
	return nil
}
