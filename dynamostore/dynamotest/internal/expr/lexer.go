package expr

import (
	"strings"
	"unicode/utf8"
)

// A tokenKind tells tokens apart that a parser treats differently. Operators,
// punctuation and characters that belong to nothing are all symbols.
type tokenKind byte

const (
	tokenEnd     tokenKind = iota
	tokenName              // a name, reserved or not
	tokenKeyword           // AND, SET, …: names that are part of the grammar
	tokenAlias             // #name
	tokenValue             // :name
	tokenIndex             // 0 or digits that do not begin with 0
	tokenSymbol
)

// A token is a piece of an expression, with its place in the text.
type token struct {
	kind       tokenKind
	text       string
	start, end int
}

// is reports whether the token is the symbol or, in any case, the keyword.
func (t token) is(text string) bool {
	return t.kind == tokenSymbol && t.text == text ||
		t.kind == tokenKeyword && strings.EqualFold(t.text, text)
}

// keywords are what the grammar itself is made of. They are reserved words
// too, but where a name is expected they already break the syntax.
const keywords = " AND OR NOT BETWEEN IN SET REMOVE ADD DELETE "

// scan cuts an expression into tokens; the last is a tokenEnd. No text is
// refused here: what belongs to nothing becomes a symbol no grammar has.
func scan(text string) []token {
	tokens := make([]token, 0, len(text)/3+1)
	for pos := 0; pos < len(text); {
		if isSpace(text[pos]) {
			pos++
			continue
		}
		kind, size := next(text[pos:])
		tokens = append(tokens, token{kind, text[pos : pos+size], pos, pos + size})
		pos += size
	}
	return append(tokens, token{tokenEnd, "<EOF>", len(text), len(text)})
}

// next returns the kind and length of the token at the beginning of text.
func next(text string) (tokenKind, int) {
	switch c := text[0]; {
	case isLetter(c):
		size := wordSize(text)
		if strings.Contains(keywords, " "+strings.ToUpper(text[:size])+" ") {
			return tokenKeyword, size
		}
		return tokenName, size
	case c == '#' || c == ':':
		size := 1 + wordSize(text[1:])
		switch {
		case size == 1:
			return tokenSymbol, 1
		case c == '#':
			return tokenAlias, size
		}
		return tokenValue, size
	case c == '0':
		return tokenIndex, 1
	case isDigit(c):
		return tokenIndex, digits(text)
	case strings.HasPrefix(text, "<>"), strings.HasPrefix(text, "<="), strings.HasPrefix(text, ">="):
		return tokenSymbol, 2
	}
	_, size := utf8.DecodeRuneInString(text)
	return tokenSymbol, size
}

// wordSize returns how many bytes of letters, digits and _ the text begins with.
func wordSize(text string) int {
	for i := range len(text) {
		if c := text[i]; !isLetter(c) && !isDigit(c) && c != '_' {
			return i
		}
	}
	return len(text)
}

func digits(text string) int {
	for i := range len(text) {
		if !isDigit(text[i]) {
			return i
		}
	}
	return len(text)
}

func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
