package attr

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the wire form of a value, such as {"S":"x"}.
func AppendJSON(b []byte, v Value) []byte {
	b = append(b, '{', '"')
	b = append(b, v.Kind()...)
	b = append(b, '"', ':')
	b = v.appendJSON(b)
	return append(b, '}')
}

// MarshalJSON returns the wire form of an item, or what follows "M" in that of
// a map: names with their values' wire forms, in no order. A nil map is null.
func (v Map) MarshalJSON() ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	return v.appendJSON(make([]byte, 0, 64*len(v))), nil
}

var _ json.Marshaler = Map(nil)

// AppendItem appends what MarshalJSON returns, for whoever writes a page of
// items and has a buffer already.
func AppendItem(b []byte, item Item) []byte { return item.appendJSON(b) }

func (v Map) appendJSON(b []byte) []byte {
	b = append(b, '{')
	comma := false
	for name, value := range v {
		if comma {
			b = append(b, ',')
		}
		comma = true
		b = append(appendQuoted(b, name), ':')
		b = AppendJSON(b, value)
	}
	return append(b, '}')
}

func (v String) appendJSON(b []byte) []byte { return appendQuoted(b, string(v)) }
func (v Binary) appendJSON(b []byte) []byte { return appendBase64(b, string(v)) }
func (v Bool) appendJSON(b []byte) []byte   { return strconv.AppendBool(b, bool(v)) }
func (v Null) appendJSON(b []byte) []byte   { return append(b, "true"...) }
func (n Number) appendJSON(b []byte) []byte { return append(n.appendText(append(b, '"')), '"') }

func (v List) appendJSON(b []byte) []byte      { return appendArray(b, v, AppendJSON) }
func (v StringSet) appendJSON(b []byte) []byte { return appendArray(b, v, appendQuoted) }
func (v BinarySet) appendJSON(b []byte) []byte { return appendArray(b, v, appendBase64) }

func (v NumberSet) appendJSON(b []byte) []byte {
	return appendArray(b, v, func(b []byte, n Number) []byte { return n.appendJSON(b) })
}

func appendArray[T any](b []byte, elements []T, add func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, e := range elements {
		if i > 0 {
			b = append(b, ',')
		}
		b = add(b, e)
	}
	return append(b, ']')
}

// appendBase64 appends raw bytes as the wire has them.
func appendBase64(b []byte, raw string) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, []byte(raw))
	return append(b, '"')
}

// appendQuoted appends a JSON string. Text that is not UTF-8 gets U+FFFD where
// it is not; nothing that was decoded by this package is like that.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				b = appendEscaped(append(b, s[start:i]...), c)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = append(append(b, s[start:i]...), "\uFFFD"...)
			start = i + 1
		}
		i += size
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscaped(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\t':
		return append(b, '\\', 't')
	case '\r':
		return append(b, '\\', 'r')
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
