package fragment

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What bounds the work that a fragment can make.
const (
	maxLength     = 4096 // bytes
	maxDepth      = 64   // nodes from the root to a leaf
	maxIdentifier = 64   // characters, as MySQL's names have
)

const reasonName = "not one that MySQL can have: 1 to 64 characters of the basic multilingual plane, none of them NUL, no blank at the end"

// A kind is what a token is.
type kind uint8

const (
	end kind = iota
	word
	quoted // an identifier in backticks
	number
	text
	sign // an operator, a parenthesis, a comma or a point
)

// A token is a piece of a fragment. What text is depends on the kind: an
// identifier or a literal without its quotes, a number's digits, a sign.
type token struct {
	kind kind
	text string
	at   int // byte offset
}

// A lexer cuts a fragment into tokens, one at a time.
type lexer struct {
	input string
	pos   int
}

// fault is an error at a byte offset.
func (l *lexer) fault(at int, format string, args ...any) *Error {
	return &Error{Fragment: l.input, Column: utf8.RuneCountInString(l.input[:at]) + 1, Reason: fmt.Sprintf(format, args...)}
}

// check refuses what no token can hold.
func (l *lexer) check() error {
	if len(l.input) > maxLength {
		return &Error{Fragment: l.input, Reason: fmt.Sprintf("longer than the %d bytes a fragment may have", maxLength)}
	}
	if !utf8.ValidString(l.input) {
		return &Error{Fragment: l.input, Reason: "not valid UTF-8"}
	}
	if at := strings.IndexByte(l.input, 0); at >= 0 {
		return l.fault(at, "a NUL character")
	}
	return nil
}

// next returns the next token; past the last one that is an end.
func (l *lexer) next() (token, error) {
	for l.pos < len(l.input) && strings.IndexByte(" \t\r\n", l.input[l.pos]) >= 0 {
		l.pos++
	}
	at := l.pos
	if at == len(l.input) {
		return token{kind: end, at: at}, nil
	}
	switch c := l.input[at]; {
	case c == '\'':
		return l.text(at)
	case c == '`':
		return l.quoted(at)
	case isDigit(c), c == '.' && at+1 < len(l.input) && isDigit(l.input[at+1]) && !l.afterName(at):
		return l.number(at)
	case isWord(rune(c)), c >= utf8.RuneSelf:
		return l.word(at)
	}
	return l.sign(at)
}

// afterName reports whether a point stands behind a name, as in t.1c, where it
// doesn't begin a number.
func (l *lexer) afterName(at int) bool {
	if at == 0 {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(l.input[:at])
	return r == '`' || isWord(r)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isWord reports whether a character may stand in a name without backticks
// (MySQL manual, "Schema object names").
func isWord(r rune) bool {
	return r == '_' || r == '$' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' ||
		r >= 0x80 && r <= 0xFFFF && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r))
}

func (l *lexer) word(at int) (token, error) {
	rest := l.input[at:]
	n := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
	if n < 0 {
		n = len(rest)
	}
	if n == 0 {
		return token{}, l.unknown(at)
	}
	l.pos = at + n
	name := rest[:n]
	if !fitsServer(name) {
		return token{}, l.fault(at, "the name is %s", reasonName)
	}
	return token{kind: word, text: name, at: at}, nil
}

// quoted reads an identifier in backticks; two of them stand for one.
func (l *lexer) quoted(at int) (token, error) {
	name, n, ok := unquote(l.input[at+1:], '`')
	if !ok {
		return token{}, l.fault(at, "a backtick without its partner")
	}
	if !fitsServer(name) {
		return token{}, l.fault(at, "the name is %s", reasonName)
	}
	l.pos = at + 1 + n
	return token{kind: quoted, text: name, at: at}, nil
}

// unquote reads up to the closing quote and returns what was quoted, and how
// many bytes it took with the closing quote.
func unquote(s string, quote byte) (content string, length int, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == quote {
			if i+1 == len(s) || s[i+1] != quote {
				return b.String(), i + 1, true
			}
			i++
		}
		b.WriteByte(s[i])
	}
	return "", 0, false
}

// fitsServer reports whether the server can have a name (MySQL manual, "Schema
// object names"). Any other is refused here, where the fragment can be quoted.
func fitsServer(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= maxIdentifier && utf8.ValidString(name) &&
		!strings.HasSuffix(name, " ") &&
		strings.IndexFunc(name, func(r rune) bool { return r == 0 || r > 0xFFFF }) < 0
}

// escapes are those of MySQL's default mode (manual, "String literals"). Others
// stand for the character itself, or in patterns for something else, so here
// they are refused.
var escapes = map[byte]byte{'\\': '\\', '\'': '\'', '"': '"', 'n': '\n', 'r': '\r', 't': '\t'}

// text reads a literal in single quotes; two of them stand for one.
func (l *lexer) text(at int) (token, error) {
	var b strings.Builder
	for i := at + 1; i < len(l.input); i++ {
		c := l.input[i]
		last := i+1 == len(l.input)
		switch {
		case c == '\'' && (last || l.input[i+1] != '\''):
			l.pos = i + 1
			return token{kind: text, text: b.String(), at: at}, nil
		case c == '\'':
			i++
		case c == '\\' && !last:
			i++
			var known bool
			if c, known = escapes[l.input[i]]; !known {
				return token{}, l.fault(i-1, `an escape that is none of \\ \' \" \n \r \t; a backslash itself is written \\`)
			}
		}
		b.WriteByte(c)
	}
	return token{}, l.fault(at, "a text without its closing quote")
}

// What a number of the language can have: MySQL's DECIMAL.
const (
	maxDigits = 65
	maxScale  = 30
)

// number reads digits with an optional point. An exponent would make it
// MySQL's approximate kind, which is not in the language.
func (l *lexer) number(at int) (token, error) {
	rest := l.input[at:]
	n := digits(rest)
	scale := 0
	if n < len(rest) && rest[n] == '.' {
		scale = digits(rest[n+1:])
		if scale == 0 {
			return token{}, l.fault(at+n, "a point without digits after it")
		}
		n += 1 + scale
	}
	if r, _ := utf8.DecodeRuneInString(rest[n:]); n < len(rest) && (isWord(r) || r == '.' || r >= utf8.RuneSelf) {
		return token{}, l.fault(at, "neither a number nor a name; numbers have digits and at most one point, no exponent, no 0x; a name that begins with a digit needs backticks")
	}
	if whole := strings.TrimLeft(rest[:n], "0"); len(whole) > maxDigits || scale > maxScale {
		return token{}, l.fault(at, "a number with more than %d digits, or more than %d after the point", maxDigits, maxScale)
	}
	l.pos = at + n
	return token{kind: number, text: rest[:n], at: at}, nil
}

// digits counts the digits that a text begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// refusedSigns are what people write and the language does not have, longest
// first, with what to do instead.
var refusedSigns = []struct{ sign, why string }{
	{"<=>", "<=> is not in the language; use = and IS NULL"},
	{"--", "a comment, or a minus of a minus: comments are not in the language; write - (-x)"},
	{"/*", "comments are not in the language"},
	{"!=", "!= is not in the language; write <>"},
	{"&&", "&& is not in the language; write AND"},
	{"||", "|| is not in the language, as it is OR or a concatenation by the server's mode; write OR or CONCAT"},
	{":=", "assignments are not in the language"},
	{"<<", "<< is not in the language"},
	{">>", ">> is not in the language"},
	{"->", "JSON paths are not in the language"},
	{"#", "comments are not in the language"},
	{";", "a fragment is one expression; it has no ;"},
	{"@", "variables are not in the language"},
	{"?", "placeholders are not in the language; write the value"},
	{`"`, `a double quote is a text or a name by the server's mode; write 'text' or ` + "`name`"},
}

// signs are those of the language, longest first.
var signs = []string{"<=", ">=", "<>", "=", "<", ">", "+", "-", "*", "/", "(", ")", ",", "."}

func (l *lexer) sign(at int) (token, error) {
	rest := l.input[at:]
	for _, r := range refusedSigns {
		if strings.HasPrefix(rest, r.sign) {
			return token{}, l.fault(at, "%s", r.why)
		}
	}
	for _, s := range signs {
		if strings.HasPrefix(rest, s) {
			l.pos = at + len(s)
			return token{kind: sign, text: s, at: at}, nil
		}
	}
	return token{}, l.unknown(at)
}

func (l *lexer) unknown(at int) error {
	r, _ := utf8.DecodeRuneInString(l.input[at:])
	return l.fault(at, "the character %q is not in the language; allowed are names, 'texts', numbers, and %s", r, allowedOperators)
}
