package transform

import (
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonReader reads the tokens of a JSON text whose bytes are valid UTF-8. It
// is strict (RFC 8259). Reasons never quote the text.
type jsonReader struct {
	s   string
	pos int
}

const (
	reasonNotJSON   = "not valid JSON"
	reasonSurrogate = "JSON with half a surrogate pair, which is no character"
)

// peek returns the next byte that is no blank, 0 at the end.
func (r *jsonReader) peek() byte {
	for r.pos < len(r.s) {
		switch b := r.s[r.pos]; b {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return b
		}
	}
	return 0
}

// take reads b if it is next.
func (r *jsonReader) take(b byte) bool {
	if r.peek() != b {
		return false
	}
	r.pos++
	return true
}

// word reads a literal name.
func (r *jsonReader) word(w string) bool {
	if len(r.s)-r.pos < len(w) || r.s[r.pos:r.pos+len(w)] != w {
		return false
	}
	r.pos += len(w)
	return true
}

// str reads a string, its opening quote being next. A string without escapes
// is a part of the text and costs no allocation.
func (r *jsonReader) str() (string, string) {
	if !r.take('"') {
		return "", reasonNotJSON
	}
	start := r.pos
	for ; r.pos < len(r.s); r.pos++ {
		switch b := r.s[r.pos]; {
		case b == '"':
			r.pos++
			return r.s[start : r.pos-1], ""
		case b == '\\':
			return r.escaped(start)
		case b < ' ':
			return "", reasonNotJSON
		}
	}
	return "", reasonNotJSON
}

// escaped reads the rest of a string that has an escape at pos.
func (r *jsonReader) escaped(start int) (string, string) {
	out := append(make([]byte, 0, r.pos-start+16), r.s[start:r.pos]...)
	for r.pos < len(r.s) {
		b := r.s[r.pos]
		r.pos++
		switch {
		case b == '"':
			return string(out), ""
		case b < ' ':
			return "", reasonNotJSON
		case b != '\\':
			out = append(out, b)
			continue
		}
		var reason string
		if out, reason = r.escape(out); reason != "" {
			return "", reason
		}
	}
	return "", reasonNotJSON
}

// escape reads what follows a backslash and appends what it stands for.
func (r *jsonReader) escape(out []byte) ([]byte, string) {
	if r.pos == len(r.s) {
		return nil, reasonNotJSON
	}
	b := r.s[r.pos]
	r.pos++
	switch b {
	case '"', '\\', '/':
		return append(out, b), ""
	case 'b':
		return append(out, '\b'), ""
	case 'f':
		return append(out, '\f'), ""
	case 'n':
		return append(out, '\n'), ""
	case 'r':
		return append(out, '\r'), ""
	case 't':
		return append(out, '\t'), ""
	case 'u':
		return r.unicode(out)
	}
	return nil, reasonNotJSON
}

// unicode reads the digits of \uXXXX, and the other half of a pair.
func (r *jsonReader) unicode(out []byte) ([]byte, string) {
	c, ok := r.hex4()
	if !ok {
		return nil, reasonNotJSON
	}
	if utf16.IsSurrogate(c) {
		if !r.word(`\u`) {
			return nil, reasonSurrogate
		}
		low, ok := r.hex4()
		if c = utf16.DecodeRune(c, low); !ok || c == utf8.RuneError {
			return nil, reasonSurrogate
		}
	}
	return utf8.AppendRune(out, c), ""
}

func (r *jsonReader) hex4() (rune, bool) {
	if len(r.s)-r.pos < 4 {
		return 0, false
	}
	var c rune
	for _, b := range []byte(r.s[r.pos : r.pos+4]) {
		switch {
		case b >= '0' && b <= '9':
			c = c<<4 | rune(b-'0')
		case b|0x20 >= 'a' && b|0x20 <= 'f':
			c = c<<4 | rune(b|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	r.pos += 4
	return c, true
}

// number reads a number and returns its text, and whether that is an integer
// without leading zero or sign of zero, which is canonical as it stands.
func (r *jsonReader) number() (text string, integer, ok bool) {
	start := r.pos
	r.word("-")
	first := r.pos
	if !r.digits() || (r.s[first] == '0' && r.pos > first+1) {
		return "", false, false
	}
	integer = r.s[first] != '0' || first == start
	if r.word(".") {
		integer = false
		if !r.digits() {
			return "", false, false
		}
	}
	if r.word("e") || r.word("E") {
		integer = false
		if !r.word("-") {
			r.word("+")
		}
		if !r.digits() {
			return "", false, false
		}
	}
	return r.s[start:r.pos], integer, true
}

// digits reads at least one digit.
func (r *jsonReader) digits() bool {
	start := r.pos
	for r.pos < len(r.s) && r.s[r.pos] >= '0' && r.s[r.pos] <= '9' {
		r.pos++
	}
	return r.pos > start
}

// appendJSONString appends s as a JSON string with as few escapes as JSON
// allows: the quote, the backslash, and control characters.
func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(append(b, s[from:i]...), '\\')
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, c)
		case '\b':
			b = append(b, 'b')
		case '\f':
			b = append(b, 'f')
		case '\n':
			b = append(b, 'n')
		case '\r':
			b = append(b, 'r')
		case '\t':
			b = append(b, 't')
		default:
			b = append(b, 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}
