package partiql

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A tokenKind tells the tokens of a statement apart.
type tokenKind byte

const (
	tokenEnd    tokenKind = iota
	tokenName             // an identifier, also one in double quotes
	tokenWord             // a keyword, or a word that must be quoted to be a name
	tokenString           // a string without its quotes
	tokenNumber
	tokenParameter // ?
	tokenSymbol
	tokenBroken // a quote or a comment that does not end
)

// A token is a piece of a statement. start and end are its place in the text,
// quotes included.
type token struct {
	kind       tokenKind
	text       string
	start, end int
}

// is reports whether the token is a symbol or, in any case, a word.
func (t token) is(text string) bool {
	return t.kind == tokenSymbol && t.text == text || t.isWord(text)
}

// isWord also takes names: not every word of the grammar is reserved.
func (t token) isWord(text string) bool {
	return t.end-t.start == len(t.text) && (t.kind == tokenWord || t.kind == tokenName) && strings.EqualFold(t.text, text)
}

// scan cuts a statement into tokens; the last is a tokenEnd.
func scan(text string) []token {
	var tokens []token
	for pos := 0; pos < len(text); {
		if size := blank(text[pos:]); size > 0 {
			pos += size
			continue
		}
		t := next(text[pos:])
		t.start, t.end = pos, pos+t.end
		tokens = append(tokens, t)
		pos = t.end
	}
	return append(tokens, token{kind: tokenEnd, start: len(text), end: len(text)})
}

// blank returns how much of white space or a comment the text begins with.
func blank(text string) int {
	switch {
	case strings.HasPrefix(text, "--"):
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			return i
		}
		return len(text)
	case strings.HasPrefix(text, "/*"):
		if i := strings.Index(text[2:], "*/"); i >= 0 {
			return i + 4
		}
		return 0
	case strings.IndexByte(" \t\r\n", text[0]) >= 0:
		return 1
	}
	return 0
}

// next returns the token at the beginning of text; its end is its length.
func next(text string) token {
	switch c := text[0]; {
	case c == '\'':
		return quoted(text, tokenString)
	case c == '"':
		return quoted(text, tokenName)
	case isLetter(c) || c == '_' || c == '$':
		size := wordSize(text)
		kind := tokenName
		if isReserved(text[:size]) {
			kind = tokenWord
		}
		return token{kind: kind, text: text[:size], end: size}
	case isDigit(c) || c == '.' && len(text) > 1 && isDigit(text[1]):
		size := numberSize(text)
		return token{kind: tokenNumber, text: text[:size], end: size}
	case c == '?':
		return token{kind: tokenParameter, text: "?", end: 1}
	}
	size := symbolSize(text)
	kind := tokenSymbol
	if strings.HasPrefix(text, "/*") || text[0] == '`' {
		kind = tokenBroken
	}
	return token{kind: kind, text: text[:size], end: size}
}

// quoted reads text in quotes, which are doubled inside it.
func quoted(text string, kind tokenKind) token {
	quote := text[:1]
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != quote[0]:
		case i+1 < len(text) && text[i+1] == quote[0]:
			i++
		default:
			return token{kind: kind, text: strings.ReplaceAll(text[1:i], quote+quote, quote), end: i + 1}
		}
	}
	return token{kind: tokenBroken, text: text, end: len(text)}
}

// symbolSize returns the length of the longest symbol the text begins with.
func symbolSize(text string) int {
	for _, symbol := range []string{"<>", "!=", "<=", ">=", "<<", ">>", "||"} {
		if strings.HasPrefix(text, symbol) {
			return len(symbol)
		}
	}
	_, size := utf8.DecodeRuneInString(text)
	return size
}

// numberSize returns the length of 12, 1.5, .5, 5. or 1.5e-3.
func numberSize(text string) int {
	size := digits(text)
	if size < len(text) && text[size] == '.' {
		size++
		size += digits(text[size:])
	}
	if size < len(text) && text[size]|0x20 == 'e' {
		exponent := size + 1
		if exponent < len(text) && (text[exponent] == '+' || text[exponent] == '-') {
			exponent++
		}
		if n := digits(text[exponent:]); n > 0 {
			return exponent + n
		}
	}
	return size
}

// digits returns how many digits the text begins with.
func digits(text string) int {
	return len(text) - len(strings.TrimLeft(text, "0123456789"))
}

func wordSize(text string) int {
	for i := range len(text) {
		if c := text[i]; !isLetter(c) && !isDigit(c) && c != '_' && c != '$' {
			return i
		}
	}
	return len(text)
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isReserved reports whether a word must be in double quotes to be a name.
func isReserved(word string) bool {
	_, found := slices.BinarySearch(reserved[:], strings.ToUpper(word))
	return found
}
