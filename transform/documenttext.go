package transform

import (
	"bytes"
	"slices"
	"strings"
)

// JSON returns the document: the text that was read, with what was set since in
// its place. Whatever was not set stays as it was written, byte for byte.
func (d *Document) JSON() []byte {
	w := &textWriter{text: d.text, unit: indentUnit(d.text), flat: !bytes.ContainsRune(d.text, '\n')}
	w.node(d.root)
	w.copy(len(d.text))
	if len(d.apart) == 0 {
		return w.out
	}
	// An array has no place for what is not a table.
	inner := w.unit
	out := append([]byte("{\n"+inner+`"tables": `), bytes.TrimSpace(w.out)...)
	out = append(out, ",\n"+inner+`"source_tables": `...)
	out = append(out, w.render(&node{form: formArray, items: d.apart}, inner)...)
	return append(out, "\n}\n"...)
}

// A textWriter copies a document's text and puts in what is new.
type textWriter struct {
	text []byte
	at   int // what is before it has been written
	out  []byte
	unit string // one level of indentation
	flat bool   // the whole text is one line
}

// copy writes the text up to a place.
func (w *textWriter) copy(to int) {
	w.out = append(w.out, w.text[w.at:to]...)
	w.at = to
}

// node writes a node up to its end, or up to where its last change is.
func (w *textWriter) node(n *node) {
	if n.fresh {
		w.copy(n.from)
		w.out = append(w.out, w.render(n, w.indent(n.from))...)
		w.at = n.to
		return
	}
	var names []string
	children := n.items
	for _, m := range n.members {
		names, children = append(names, m.name), append(children, m.value)
	}
	outer := w.indent(n.from)
	indent := outer + w.unit // of an object or array that is empty in the text
	empty := !slices.ContainsFunc(children, func(c *node) bool { return c.to > 0 })
	for i, child := range children {
		if child.to > 0 {
			w.node(child)
			w.copy(child.to)
			indent = w.indent(child.from)
			continue
		}
		if i == 0 {
			w.copy(n.from + 1)
		}
		w.separate(i == 0, indent)
		if names != nil {
			w.out = append(appendJSONString(w.out, names[i]), ": "...)
		}
		w.out = append(w.out, w.render(child, indent)...)
	}
	if empty && len(children) > 0 {
		w.separate(true, outer)
		w.at = n.to - 1
	}
}

// separate writes what stands before a value that has no place in the text.
func (w *textWriter) separate(first bool, indent string) {
	if !first {
		w.out = append(w.out, ',')
	}
	switch {
	case !w.flat:
		w.out = append(append(w.out, '\n'), indent...)
	case !first:
		w.out = append(w.out, ' ')
	}
}

// render returns a value as it stands behind an indentation.
func (w *textWriter) render(n *node, indent string) []byte {
	if w.flat {
		return n.appendLine(nil)
	}
	const unit = "  " // which node.append has
	lines := strings.Split(string(n.append(nil, indent)), "\n")
	for i, line := range lines[1:] {
		rest := strings.TrimPrefix(line, indent)
		text := strings.TrimLeft(rest, " ")
		lines[i+1] = indent + strings.Repeat(w.unit, (len(rest)-len(text))/len(unit)) + text
	}
	return []byte(strings.Join(lines, "\n"))
}

// indent returns the blanks that the line of a place in the text begins with.
func (w *textWriter) indent(at int) string {
	line := w.text[bytes.LastIndexByte(w.text[:at], '\n')+1:]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// indentUnit returns what the first line that is indented begins with.
func indentUnit(text []byte) string {
	for _, line := range bytes.Split(text, []byte("\n"))[1:] {
		if rest := bytes.TrimLeft(line, " \t"); len(rest) > 0 && len(rest) < len(line) && rest[0] != '\r' {
			return string(line[:len(line)-len(rest)])
		}
	}
	return "  "
}
