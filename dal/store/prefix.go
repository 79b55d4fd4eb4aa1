package store

import (
	"unicode/utf8"

	"github.com/crossfade-go/crossfade/transform"
)

// PrefixBounds returns the bounds of the values that begin with a text or with
// bytes: from the prefix on, and below the least value after all that begin with
// it. There is none, and upper is nil, if the prefix is empty or has nothing but
// the highest byte or code point in it. The prefix is of kind Text or Bytes.
//
// The upper bound of a text is one again, made by code points: in UTF-8 their
// order is that of the bytes, and a text with its last byte raised would be none
// that DynamoDB takes.
func PrefixBounds(prefix transform.Value) (lower, upper *Bound) {
	next, ok := afterBytes(prefix.Text())
	above := transform.BytesValue([]byte(next))
	if prefix.Kind() == transform.Text {
		next, ok = afterText(prefix.Text())
		above = transform.TextValue(next)
	}
	lower = &Bound{Value: prefix}
	if ok {
		upper = &Bound{Value: above, Exclusive: true}
	}
	return lower, upper
}

// afterBytes returns the least string of bytes after all that begin with s.
func afterBytes(s string) (string, bool) {
	b := []byte(s)
	for len(b) > 0 && b[len(b)-1] == 0xFF {
		b = b[:len(b)-1]
	}
	if len(b) == 0 {
		return "", false
	}
	b[len(b)-1]++
	return string(b), true
}

// The surrogates are no code points of a text.
const (
	beforeSurrogates = 0xD7FF
	afterSurrogates  = 0xE000
)

// afterText returns the least text after all that begin with s.
func afterText(s string) (string, bool) {
	for s != "" {
		r, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
		switch r {
		case utf8.MaxRune:
			continue
		case beforeSurrogates:
			return s + string(rune(afterSurrogates)), true
		}
		return s + string(r+1), true
	}
	return "", false
}
