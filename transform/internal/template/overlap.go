package template

import "slices"

// Prefix returns the text before the first placeholder, with which every text
// of the template begins; "" if a placeholder comes first.
func (t *Template) Prefix() string {
	if len(t.pieces) > 0 {
		return t.pieces[0].literal
	}
	return ""
}

// Begin returns what the texts begin with that have these values, the first
// ones in the order of Names but not all, and a next value that begins with
// partial. No other text of the template begins so, whatever the values hold.
// With partial "" the prefix has the literal after the last value. The error is
// a *ValueError, also where only what follows would tell the values.
func (t *Template) Begin(values []string, partial string) (string, error) {
	if len(values) >= len(t.names) {
		return "", &ValueError{Reason: "a beginning takes fewer values than the template; Format takes all"}
	}
	var b []byte
	for i := range t.pieces {
		p := &t.pieces[i]
		switch {
		case p.name < 0:
			b = append(b, p.literal...)
			continue
		case p.name >= len(values):
			return t.beginPartial(b, i, partial)
		}
		var reason string
		if b, reason = p.append(b, values[p.name]); reason != "" {
			return "", t.fault(p, reason)
		}
	}
	return string(b), nil
}

// beginPartial appends the beginning of the value of piece i.
func (t *Template) beginPartial(b []byte, i int, partial string) (string, error) {
	p := &t.pieces[i]
	switch {
	case t.inOpenRun(i):
		return "", t.fault(p, "where the value before it ends is told only by what follows")
	case partial == "":
		return string(b), nil
	case p.width > 0:
		return "", t.fault(p, "a padded number is given whole or not at all")
	case p.after > 0:
		return "", t.fault(p, "where the value ends is told only by what follows")
	}
	b, reason := p.append(b, partial)
	if reason != "" {
		return "", t.fault(p, reason)
	}
	return string(b), nil
}

// inOpenRun reports whether one of the placeholders that touch piece i from the
// left has no width.
func (t *Template) inOpenRun(i int) bool {
	for i--; i >= 0 && t.pieces[i].name >= 0; i-- {
		if t.pieces[i].width == 0 {
			return true
		}
	}
	return false
}

// Overlaps reports whether some text comes from both templates, whatever the
// values are: entities of one table whose keys overlap can't be told apart, and
// may overwrite each other. No is certain. Yes may be too careful: it takes
// every value for possible, numbers without width and dates too, equal names
// for different values, and any character after an escape.
func Overlaps(a, b *Template) bool { return meet(a.program(), b.program()) }

// MayBegin reports whether some text of the template begins with prefix, as
// carefully as Overlaps: no is certain. A query for one entity by the prefix of
// its sort keys needs a no from the other entities of the table.
func (t *Template) MayBegin(prefix string) bool {
	p := literalSteps(nil, prefix)
	return meet(t.program(), append(p, charset{many: true}))
}

// A charset is one character of a text, or any number of them.
type charset struct {
	one    rune     // this character, if not 0
	digit  bool     // else one digit
	many   bool     // else any number of characters
	except *escapes // of which none is one of its delimiters
}

func literalSteps(steps []charset, s string) []charset {
	for _, r := range s {
		steps = append(steps, charset{one: r})
	}
	return steps
}

// program returns what the template's texts are made of.
func (t *Template) program() []charset {
	var steps []charset
	for i := range t.pieces {
		switch p := &t.pieces[i]; {
		case p.name < 0:
			steps = literalSteps(steps, p.literal)
		case p.width > 0:
			steps = append(steps, slices.Repeat([]charset{{digit: true}}, p.width)...)
		default:
			steps = append(steps, charset{many: true, except: p.escapes})
		}
	}
	return steps
}

// has reports whether r is one of the characters.
func (c *charset) has(r rune) bool {
	switch {
	case c.many:
		return !c.except.delimits(r)
	case c.digit:
		return digit(r)
	}
	return c.one == r
}

// shares reports whether the two have a character in common.
func (c *charset) shares(d *charset) bool {
	switch {
	case c.one != 0:
		return d.has(c.one)
	case d.one != 0:
		return c.has(d.one)
	}
	return true // no digit is a delimiter
}

// meet reports whether a text is made of both. It looks at each pair of places
// in the two once, which the limits of a template keep to a few million.
func meet(a, b []charset) bool {
	seen := make([]bool, (len(a)+1)*(len(b)+1))
	todo := [][2]int{{0, 0}}
	for len(todo) > 0 {
		i, j := todo[len(todo)-1][0], todo[len(todo)-1][1]
		todo = todo[:len(todo)-1]
		if i == len(a) && j == len(b) {
			return true
		}
		at := i*(len(b)+1) + j
		if seen[at] {
			continue
		}
		seen[at] = true
		todo = follow(todo, a, b, i, j)
	}
	return false
}

// follow appends the pairs of places that come after i and j.
func follow(todo [][2]int, a, b []charset, i, j int) [][2]int {
	if i < len(a) && a[i].many {
		todo = append(todo, [2]int{i + 1, j})
	}
	if j < len(b) && b[j].many {
		todo = append(todo, [2]int{i, j + 1})
	}
	if i == len(a) || j == len(b) || !a[i].shares(&b[j]) {
		return todo
	}
	switch {
	case a[i].many && b[j].many:
		return todo // where they stay, they were
	case a[i].many:
		return append(todo, [2]int{i, j + 1})
	case b[j].many:
		return append(todo, [2]int{i + 1, j})
	}
	return append(todo, [2]int{i + 1, j + 1})
}
