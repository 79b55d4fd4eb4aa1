package paritytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A path names values of a JSON document: "$" the whole, ".name" a member, "[3]" an
// element, "[*]" every element, "..name" a member wherever it is below.
type path struct {
	source string
	steps  []pathStep
}

type pathStep struct {
	name  string // of a member; "" for an element
	deep  bool   // wherever it is below
	index int    // of an element, -1 for every one
}

func (p path) String() string { return p.source }

func parsePaths(texts []string) ([]path, error) {
	paths := make([]path, len(texts))
	for i, text := range texts {
		var err error
		if paths[i], err = parsePath(text); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// parsePath reads a path. There is no escape: members whose names have one of the
// characters of a path can't be named.
func parsePath(text string) (path, error) {
	bad := fmt.Errorf(`%q is no path; one is "$.items[*].name", "$.items[0]", "$..created_at"`, text)
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return path{}, bad
	}
	p := path{source: text}
	for rest != "" {
		var s pathStep
		switch {
		case rest[0] == '.':
			rest = rest[1:]
			if rest, s.deep = strings.CutPrefix(rest, "."); rest == "" {
				return path{}, bad
			}
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			if s.name, rest = rest[:end], rest[end:]; s.name == "" {
				return path{}, bad
			}
		case rest[0] == '[':
			inside, after, closed := strings.Cut(rest[1:], "]")
			n, err := strconv.Atoi(inside)
			if inside == "*" {
				n, err = -1, nil
			}
			if !closed || err != nil {
				return path{}, bad
			}
			s.index, rest = n, after
		default:
			return path{}, bad
		}
		p.steps = append(p.steps, s)
	}
	return p, nil
}

// A place is where a value is in a document: names of members and numbers of
// elements from the top.
type place []any

func (p place) String() string {
	var b strings.Builder
	b.WriteByte('$')
	for _, step := range p {
		switch step := step.(type) {
		case string:
			b.WriteString("." + step)
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		}
	}
	return b.String()
}

// names reports whether the path names the value at a place.
func (p path) names(at place) bool { return match(p.steps, at) }

func match(steps []pathStep, at place) bool {
	if len(steps) == 0 || len(at) == 0 {
		return len(steps) == 0 && len(at) == 0
	}
	s := steps[0]
	if s.deep && match(steps, at[1:]) {
		return true
	}
	switch here := at[0].(type) {
	case string:
		return s.name == here && match(steps[1:], at[1:])
	case int:
		return s.name == "" && (s.index < 0 || s.index == here) && match(steps[1:], at[1:])
	}
	return false
}

// A found value is one that a document has at a place, in bytes from to end.
type found struct {
	at       place
	from, to int
}

// values returns every value of a document, each after those inside it. It is not
// ok if the body is not one JSON document.
func values(body []byte) (all []found, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var walk func(at place) error
	walk = func(at place) error {
		from := int(dec.InputOffset())
		for from < len(body) && strings.IndexByte(" \t\r\n,:", body[from]) >= 0 {
			from++
		}
		token, err := dec.Token()
		if err != nil {
			return err
		}
		if open, is := token.(json.Delim); is {
			for n := 0; dec.More(); n++ {
				var step any = n
				if open == '{' {
					if step, err = dec.Token(); err != nil {
						return err
					}
				}
				if err := walk(append(at[:len(at):len(at)], step)); err != nil {
					return err
				}
			}
			if _, err := dec.Token(); err != nil {
				return err
			}
		}
		all = append(all, found{at, from, int(dec.InputOffset())})
		return nil
	}
	if walk(nil) != nil {
		return nil, false
	}
	_, err := dec.Token()
	return all, err == io.EOF
}

// varying takes the place of what may vary.
const varying = `"(varies)"`

// blank replaces what may vary, and leaves every other byte as it is.
func blank(body []byte, varies []path) []byte {
	all, ok := values(body)
	if !ok || len(varies) == 0 {
		return body
	}
	var out []byte
	done := 0
	for _, v := range outermost(all, varies) {
		out = append(out, body[done:v.from]...)
		out = append(out, varying...)
		done = v.to
	}
	return append(out, body[done:]...)
}

// outermost returns the values that paths name, in their order, without those
// inside another one.
func outermost(all []found, paths []path) []found {
	var list []found
	for _, v := range all {
		named := false
		for _, p := range paths {
			named = named || p.names(v.at)
		}
		if !named {
			continue
		}
		for len(list) > 0 && list[len(list)-1].from >= v.from {
			list = list[:len(list)-1] // inside v
		}
		list = append(list, v)
	}
	return list
}

// text returns the first value that the path names, a string without its quotes.
func (p path) text(body []byte) (string, bool) {
	all, _ := values(body)
	for _, v := range all {
		if !p.names(v.at) {
			continue
		}
		raw := body[v.from:v.to]
		var s string
		if json.Unmarshal(raw, &s) == nil && raw[0] == '"' {
			return s, true
		}
		return string(raw), true
	}
	return "", false
}

// maxDifferences is how many differences of one answer are told.
const maxDifferences = 10

// compareBodies says where two bodies differ: by path where both are JSON.
func compareBodies(expected, answer []byte, varies []path) []string {
	expected, answer = blank(expected, varies), blank(answer, varies)
	if bytes.Equal(expected, answer) {
		return nil
	}
	a, both := leaves(expected)
	b, ok := leaves(answer)
	if !both || !ok {
		return []string{fmt.Sprintf("the body is %s, and in phase 1 %s", excerpt(answer), excerpt(expected))}
	}
	var list []string
	for _, at := range a.order {
		switch other, there := b.text[at]; {
		case !there:
			list = append(list, fmt.Sprintf("%s is missing, and in phase 1 %s", at, a.text[at]))
		case other != a.text[at]:
			list = append(list, fmt.Sprintf("%s is %s, and in phase 1 %s", at, other, a.text[at]))
		}
	}
	for _, at := range b.order {
		if _, there := a.text[at]; !there {
			list = append(list, fmt.Sprintf("%s is %s, and missing in phase 1", at, b.text[at]))
		}
	}
	if len(list) == 0 {
		return []string{fmt.Sprintf("the same values in other bytes: %s, and in phase 1 %s", excerpt(answer), excerpt(expected))}
	}
	if len(list) > maxDifferences {
		list = append(list[:maxDifferences], fmt.Sprintf("and %d differences more", len(list)-maxDifferences))
	}
	return list
}

// A flat document is its values that have none inside, by their places.
type flat struct {
	order []string
	text  map[string]string
}

// leaves returns a document's scalars and empty lists and objects.
func leaves(body []byte) (flat, bool) {
	all, ok := values(body)
	f := flat{text: map[string]string{}}
	for i, v := range all {
		if i > 0 && all[i-1].from >= v.from {
			continue // it has others inside
		}
		at := v.at.String()
		f.order = append(f.order, at)
		f.text[at] = string(body[v.from:v.to])
	}
	return f, ok
}

// excerpt is as much of a body as a line may have.
func excerpt(body []byte) string {
	const most = 300
	if len(body) > most {
		return fmt.Sprintf("%q and %d bytes more", body[:most], len(body)-most)
	}
	return strconv.Quote(string(body))
}
