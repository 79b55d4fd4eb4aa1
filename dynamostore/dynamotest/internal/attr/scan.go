package attr

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// attributeType is how the service names an attribute value in messages.
const attributeType = "com.amazonaws.dynamodb.v20120810.AttributeValue"

// A decoder walks over one JSON value. encoding/json has checked the syntax
// before it calls an Input, so a fault in it here ends the walk without a
// fine message; it must only never go past the end.
type decoder struct {
	data []byte
	pos  int

	name    string // the top-level attribute being read
	invalid error  // the first fault of a value
	fault   string // the name it was found under
}

// peek skips white space and returns the next byte, 0 at the end.
func (d *decoder) peek() byte {
	for d.pos < len(d.data) {
		switch c := d.data[d.pos]; c {
		case ' ', '\t', '\r', '\n':
			d.pos++
		default:
			return c
		}
	}
	return 0
}

// take skips the next byte if it is c.
func (d *decoder) take(c byte) bool {
	if d.peek() != c {
		return false
	}
	d.pos++
	return true
}

// null skips a null.
func (d *decoder) null() bool { return d.peek() == 'n' && d.literal("null") }

func (d *decoder) literal(text string) bool {
	if !bytes.HasPrefix(d.data[d.pos:], []byte(text)) {
		return false
	}
	d.pos += len(text)
	return true
}

// object reads an object; member reads one member's value.
func (d *decoder) object(member func(name string) error) error {
	if !d.take('{') {
		return d.unexpected(attributeType, "Unexpected value type in payload")
	}
	if d.take('}') {
		return nil
	}
	for {
		name, err := d.text()
		if err != nil {
			return err
		}
		if !d.take(':') {
			return misshapen("")
		}
		if err := member(name); err != nil {
			return err
		}
		if d.take('}') {
			return nil
		}
		if !d.take(',') {
			return misshapen("")
		}
	}
}

// array reads an array; element reads one element of it. class is the type of
// the elements.
func (d *decoder) array(class string, element func() error) error {
	if !d.take('[') {
		return d.unexpected(class, "Unexpected field type")
	}
	if d.take(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if d.take(']') {
			return nil
		}
		if !d.take(',') {
			return misshapen("")
		}
	}
}

// unexpected returns the error for a value of the wrong JSON type: an array or
// object where another of the two was expected, or else the given message.
func (d *decoder) unexpected(class, message string) error {
	switch d.peek() {
	case '[':
		return misshapen("Unrecognized collection type class %s", class)
	case '{':
		return misshapen("Start of structure or map found where not expected.")
	}
	return misshapen("%s", message)
}

// text reads a string.
func (d *decoder) text() (string, error) {
	if d.peek() != '"' {
		return "", d.notString()
	}
	start := d.pos + 1
	plain := true
	for i := start; i < len(d.data); i++ {
		switch c := d.data[i]; {
		case c == '\\':
			plain = false
			i++
		case c == '"':
			d.pos = i + 1
			if plain && isPlain(d.data[start:i]) {
				return string(d.data[start:i]), nil
			}
			return unquote(d.data[start-1 : i+1])
		}
	}
	return "", misshapen("")
}

// isPlain reports whether a string is the bytes between its quotes.
func isPlain(b []byte) bool {
	for _, c := range b {
		if c < ' ' {
			return false
		}
		if c >= utf8.RuneSelf {
			return utf8.Valid(b)
		}
	}
	return true
}

// unquote leaves escapes, surrogates and broken UTF-8 to encoding/json.
func unquote(quoted []byte) (string, error) {
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return "", misshapen("")
	}
	return s, nil
}

// notString names the token that stands where a string belongs.
func (d *decoder) notString() error {
	switch c := d.peek(); {
	case c == 't':
		return misshapen("TRUE_VALUE cannot be converted to String")
	case c == 'f':
		return misshapen("FALSE_VALUE cannot be converted to String")
	case c == '-' || c >= '0' && c <= '9':
		return misshapen("%s cannot be converted to String", d.numberToken())
	}
	return d.unexpected("java.lang.String", "")
}

func (d *decoder) numberToken() string {
	for i := d.pos; i < len(d.data); i++ {
		switch c := d.data[i]; {
		case c == '.' || c == 'e' || c == 'E':
			return "DECIMAL_VALUE"
		case c != '-' && (c < '0' || c > '9'):
			return "NUMBER_VALUE"
		}
	}
	return "NUMBER_VALUE"
}

// bool reads true or false.
func (d *decoder) bool() (bool, error) {
	switch c := d.peek(); {
	case c == 't' && d.literal("true"):
		return true, nil
	case c == 'f' && d.literal("false"):
		return false, nil
	case c == '"':
		return false, misshapen("STRING_VALUE cannot be converted to Boolean")
	case c == '-' || c >= '0' && c <= '9':
		return false, misshapen("%s cannot be converted to Boolean", d.numberToken())
	}
	return false, d.unexpected("java.lang.Boolean", "")
}

// skip passes over one value of any kind, without recursion.
func (d *decoder) skip() error {
	for depth := 0; ; {
		switch c := d.peek(); c {
		case 0:
			return misshapen("")
		case '"':
			if err := d.skipString(); err != nil {
				return err
			}
		case '{', '[':
			depth++
			d.pos++
		case '}', ']':
			depth--
			d.pos++
		case ',', ':':
			d.pos++
			continue
		default:
			d.skipWord()
		}
		if depth <= 0 {
			return nil
		}
	}
}

func (d *decoder) skipString() error {
	for i := d.pos + 1; i < len(d.data); i++ {
		switch d.data[i] {
		case '\\':
			i++
		case '"':
			d.pos = i + 1
			return nil
		}
	}
	return misshapen("")
}

// skipWord passes over a number, true, false or null.
func (d *decoder) skipWord() {
	for d.pos++; d.pos < len(d.data); d.pos++ {
		switch d.data[d.pos] {
		case ',', '}', ']', ':', '"', '{', '[', ' ', '\t', '\r', '\n':
			return
		}
	}
}
