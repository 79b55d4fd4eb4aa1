package main

import (
	"bytes"
	"encoding/json"
	"strings"
)

// An object is a JSON object whose members keep their order, so that a document
// reads from what matters to what follows from it, and is the same every time.
type object []member

type member struct {
	name  string
	value any
}

// add appends a member.
func (o *object) add(name string, value any) { *o = append(*o, member{name, value}) }

// lineWidth is how much of a value may stand in one line.
const lineWidth = 110

// writeJSON returns a value as JSON: objects, lists of them or of anything, and what
// encoding/json writes in one line. What is short stands in one line.
func writeJSON(v any) string {
	var b strings.Builder
	writeValue(&b, v, "")
	b.WriteByte('\n')
	return b.String()
}

func writeValue(b *strings.Builder, v any, indent string) {
	names, values, open, end := parts(v)
	if values == nil {
		b.WriteString(scalar(v))
		return
	}
	if line := inLine(v); len(indent)+len(line) <= lineWidth {
		b.WriteString(line)
		return
	}
	b.WriteString(open + "\n")
	for i, value := range values {
		b.WriteString(indent + "  ")
		if names != nil {
			b.WriteString(scalar(names[i]) + ": ")
		}
		writeValue(b, value, indent+"  ")
		if i < len(values)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString(indent + end)
}

// inLine returns a value as JSON in one line.
func inLine(v any) string {
	names, values, open, end := parts(v)
	if values == nil {
		return scalar(v)
	}
	all := make([]string, len(values))
	for i, value := range values {
		if names != nil {
			all[i] = scalar(names[i]) + ": "
		}
		all[i] += inLine(value)
	}
	return open + strings.Join(all, ", ") + end
}

// parts takes an object or a list apart; no values are of a scalar. names are
// those of an object's members.
func parts(v any) (names []string, values []any, open, end string) {
	switch v := v.(type) {
	case object:
		names, values = []string{}, []any{}
		for _, m := range v {
			names, values = append(names, m.name), append(values, m.value)
		}
		return names, values, "{", "}"
	case []object:
		values = []any{}
		for _, o := range v {
			values = append(values, o)
		}
	case []string:
		values = []any{}
		for _, s := range v {
			values = append(values, s)
		}
	case []any:
		values = v
	}
	return nil, values, "[", "]"
}

// scalar returns a text, a number or a truth as JSON.
func scalar(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("export: " + err.Error()) // of nothing that is in a template
	}
	return strings.TrimSuffix(b.String(), "\n")
}
