package transform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A node is a value of a JSON document whose objects keep the order of their
// properties, so that a file that is written back reads as it did.
type node struct {
	form    form
	text    string     // string: its content; number, bool, null: as written
	members []property // object
	items   []*node    // array
	// from and to are where the node stands in the text that was read; of one
	// that was set later, where the one stood in whose place it is. to is 0 of one
	// that has no place.
	from, to int
	fresh    bool // set later
}

type property struct {
	name  string
	value *node
	again bool // a property of that name came before
}

// form is which JSON value a node is.
type form uint8

const (
	formNull form = 1 << iota
	formBool
	formNumber
	formString
	formArray
	formObject
)

var formNames = map[form]string{
	formNull: "null", formBool: "a boolean", formNumber: "a number",
	formString: "a string", formArray: "an array", formObject: "an object",
}

// String returns the names of the forms: "a string or null".
func (f form) String() string {
	var names []string
	for bit := formString; bit != 0; bit = nextForm(bit) {
		if f&bit != 0 {
			names = append(names, formNames[bit])
		}
	}
	return strings.Join(names, " or ")
}

// nextForm orders the forms for messages: strings first, null last.
func nextForm(f form) form {
	switch f {
	case formString:
		return formNumber
	case formNumber:
		return formBool
	case formBool:
		return formArray
	case formArray:
		return formObject
	case formObject:
		return formNull
	}
	return 0
}

// maxDocumentDepth keeps a hostile document from exhausting the stack.
const maxDocumentDepth = 100

// parseTree reads a JSON document. The error says line and column.
func parseTree(data []byte) (*node, error) {
	d := &treeReader{json.NewDecoder(bytes.NewReader(data)), data}
	d.UseNumber()
	n, err := readNode(d, 0)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("there is more after the end of the document")
		}
	}
	if err != nil {
		return nil, locate(data, d.InputOffset(), err)
	}
	return n, nil
}

// locate adds line and column to an error, both counted from 1.
func locate(data []byte, offset int64, err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = syntax.Offset
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		offset, err = int64(len(data)), errors.New("the document ends too early")
	}
	before := data[:min(int(offset), len(data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("line %d, column %d: %w", line, column, err)
}

// A treeReader is a decoder that knows where its tokens are.
type treeReader struct {
	*json.Decoder
	data []byte
}

// next returns where the next token begins: behind blanks and what separates
// values.
func (d *treeReader) next() int {
	at := int(d.InputOffset())
	for at < len(d.data) && strings.IndexByte(" \t\r\n,:", d.data[at]) >= 0 {
		at++
	}
	return at
}

func readNode(d *treeReader, depth int) (*node, error) {
	from := d.next()
	n, err := readValue(d, depth)
	if err == nil {
		n.from, n.to = from, int(d.InputOffset())
	}
	return n, err
}

func readValue(d *treeReader, depth int) (*node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch x := t.(type) {
	case json.Delim:
		if depth == maxDocumentDepth {
			return nil, errors.New("nested too deep")
		}
		if x == '{' {
			return readObject(d, depth+1)
		}
		return readArray(d, depth+1)
	case string:
		return &node{form: formString, text: x}, nil
	case json.Number:
		return &node{form: formNumber, text: x.String()}, nil
	case bool:
		return &node{form: formBool, text: fmt.Sprint(x)}, nil
	}
	return &node{form: formNull, text: "null"}, nil
}

func readObject(d *treeReader, depth int) (*node, error) {
	n := &node{form: formObject}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string)
		v, err := readNode(d, depth)
		if err != nil {
			return nil, err
		}
		n.members = append(n.members, property{name, v, seen[name]})
		seen[name] = true
	}
	_, err := d.Token()
	return n, err
}

func readArray(d *treeReader, depth int) (*node, error) {
	n := &node{form: formArray}
	for d.More() {
		v, err := readNode(d, depth)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, v)
	}
	_, err := d.Token()
	return n, err
}

// get returns the property's value, nil if there is none. Of a nil node every
// property is nil, so that a check need not ask at each step.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// str returns the property if it is a string, else "".
func (n *node) str(name string) string {
	if v := n.get(name); v != nil && v.form == formString {
		return v.text
	}
	return ""
}

// list returns the elements of the property if it is an array.
func (n *node) list(name string) []*node {
	if v := n.get(name); v != nil {
		return v.items
	}
	return nil
}

// texts returns the elements of the property that are strings.
func (n *node) texts(name string) []string {
	var out []string
	for _, v := range n.list(name) {
		if v.form == formString {
			out = append(out, v.text)
		}
	}
	return out
}

// set replaces the property, unless it is so already, or adds it behind the one
// named after.
func (n *node) set(name string, v *node, after string) {
	at := len(n.members)
	v.fresh = true
	for i, m := range n.members {
		if m.name == name {
			if bytes.Equal(v.appendLine(nil), m.value.appendLine(nil)) {
				return // as it is written there
			}
			v.from, v.to = m.value.from, m.value.to
			n.members[i].value = v
			return
		}
		if m.name == after {
			at = i + 1
		}
	}
	n.members = append(n.members, property{})
	copy(n.members[at+1:], n.members[at:])
	n.members[at] = property{name: name, value: v}
}

// maxLine is how long an object or array may be to stand in one line.
const maxLine = 110

// append appends the node as indented JSON. Objects and arrays of plain values
// stand in one line where they fit.
func (n *node) append(b []byte, indent string) []byte {
	if len(n.items)+len(n.members) == 0 || n.plain() {
		if short := n.appendLine(nil); len(indent)+len(short) <= maxLine || len(n.items)+len(n.members) == 0 {
			return append(b, short...)
		}
	}
	inner := indent + "  "
	begin, end := byte('['), byte(']')
	if n.form == formObject {
		begin, end = '{', '}'
	}
	b = append(b, begin)
	for i, v := range n.items {
		b = append(appendComma(b, i, "\n"), inner...)
		b = v.append(b, inner)
	}
	for i, m := range n.members {
		b = append(appendComma(b, i, "\n"), inner...)
		b = append(appendJSONString(b, m.name), ": "...)
		b = m.value.append(b, inner)
	}
	return append(append(append(b, '\n'), indent...), end)
}

// plain reports whether no element is an array or object itself.
func (n *node) plain() bool {
	for _, v := range n.items {
		if v.form == formObject || v.form == formArray {
			return false
		}
	}
	for _, m := range n.members {
		if m.value.form == formObject || m.value.form == formArray {
			return false
		}
	}
	return true
}

// appendLine appends the node in one line.
func (n *node) appendLine(b []byte) []byte {
	switch n.form {
	case formString:
		return appendJSONString(b, n.text)
	case formArray:
		b = append(b, '[')
		for i, v := range n.items {
			b = v.appendLine(appendComma(b, i, " "))
		}
		return append(b, ']')
	case formObject:
		b = append(b, '{')
		for i, m := range n.members {
			b = appendComma(b, i, " ")
			b = append(appendJSONString(b, m.name), ": "...)
			b = m.value.appendLine(b)
		}
		return append(b, '}')
	}
	return append(b, n.text...)
}

// appendComma appends what stands before element i: a comma, but not before
// the first, and the space that follows it.
func appendComma(b []byte, i int, space string) []byte {
	if i > 0 {
		b = append(b, ',')
	} else if space == " " {
		return b
	}
	return append(b, space...)
}
