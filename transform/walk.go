package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A checker collects findings.
type checker struct {
	findings   []Finding
	described  map[string]*description // by the name of the source table
	sourceList []*Source               // in the order of the document
	entities   []*entityChecker        // in the order of the document
	tableNames []string                // of MySQL, all that the document names
	// undescribed counts the findings that a source table is not described.
	undescribed int
}

func (c *checker) add(s Severity, pointer, reason, mend string) {
	c.findings = append(c.findings, Finding{s, pointer, brief(reason), brief(mend)})
}

func (c *checker) err(pointer, reason, mend string)  { c.add(Error, pointer, reason, mend) }
func (c *checker) warn(pointer, reason, mend string) { c.add(Warning, pointer, reason, mend) }

// later says that something is in the format and not in this version.
func (c *checker) later(pointer, what string) {
	c.err(pointer, "this version does not support "+what, "leave the table out of the contract for now")
}

// walk holds an object to its shape, and everything below it.
func (c *checker) walk(n *node, at string, s *shape) {
	if n.form != formObject {
		c.err(at, fmt.Sprintf("is %s where an object belongs", n.form), "")
		return
	}
	for _, m := range n.members {
		c.walkProperty(m, at+"/"+escapePointer(m.name), s)
	}
	for _, p := range s.props {
		if p.required && n.get(p.name) == nil {
			c.err(at, "has no "+p.name, p.mendMissing())
		}
	}
}

func (c *checker) walkProperty(m property, at string, s *shape) {
	i := slices.IndexFunc(s.props, func(p prop) bool { return p.name == m.name })
	switch {
	case i < 0:
		c.err(at, "unknown property "+strconv.Quote(m.name), suggest(m.name, s.names()))
	case m.again:
		c.err(at, "property "+strconv.Quote(m.name)+" appears twice", "take one of them out")
	default:
		c.walkValue(m.value, at, &s.props[i])
	}
}

// walkValue holds a value to what is known of its property.
func (c *checker) walkValue(n *node, at string, p *prop) {
	if n.form&p.form == 0 {
		c.err(at, fmt.Sprintf("is %s where %s belongs", n.form, p.form), "")
		return
	}
	if p.nonEmpty && n.form == formString && n.text == "" {
		c.err(at, "is empty", "")
	}
	if n.form == formString && p.enum != nil && !slices.Contains(p.enum, n.text) {
		c.err(at, fmt.Sprintf("%q is none of %s", n.text, strings.Join(p.enum, ", ")), meant(n.text, p.enum))
	}
	switch {
	case n.form == formArray && p.element != 0:
		c.walkArray(n, at, p)
	case n.form == formObject && p.variants != nil:
		c.walkVariant(n, at, p)
	case n.form == formObject && p.of != nil:
		c.walk(n, at, p.of)
	}
}

func (c *checker) walkArray(n *node, at string, p *prop) {
	for i, e := range n.items {
		at := at + "/" + strconv.Itoa(i)
		switch {
		case e.form != p.element:
			c.err(at, fmt.Sprintf("is %s where %s belongs", e.form, p.element), "")
		case p.of != nil:
			c.walk(e, at, p.of)
		}
	}
}

// walkVariant holds an object to the shape that its property "type" names.
func (c *checker) walkVariant(n *node, at string, p *prop) {
	t := n.get("type")
	if t == nil || t.form != formString {
		c.err(at, "has no type", "add it, as one of "+strings.Join(sortedKeys(p.variants), ", "))
		return
	}
	s, ok := p.variants[t.text]
	if !ok {
		names := sortedKeys(p.variants)
		c.err(at+"/type", fmt.Sprintf("%q is none of %s", t.text, strings.Join(names, ", ")), meant(t.text, names))
		return
	}
	c.walk(n, at, s)
}

func (s *shape) names() []string {
	names := make([]string, len(s.props))
	for i, p := range s.props {
		names[i] = p.name
	}
	return names
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// escapePointer escapes a name as a part of a JSON pointer (RFC 6901).
func escapePointer(name string) string { return pointerEscape.Replace(name) }

// maxKnown is how many of the known names are listed.
const maxKnown = 30

// suggest says which of the known names was probably meant, or else what is known.
func suggest(name string, known []string) string {
	if mend := meant(name, known); mend != "" {
		return mend
	}
	var others []string
	for _, k := range known {
		if k != "" && k != name && !slices.Contains(others, k) {
			others = append(others, k)
		}
	}
	if len(others) == 0 {
		return ""
	}
	if more := len(others) - maxKnown; more > 0 {
		others = append(others[:maxKnown], fmt.Sprintf("… and %d more", more))
	}
	return "known are " + strings.Join(others, ", ")
}

// meant is suggest where the reason has said what is known.
func meant(name string, known []string) string {
	if n := nearest(name, known); n != "" {
		return fmt.Sprintf("did you mean %q?", n)
	}
	return ""
}

// nearest returns the known name that takes the fewest changes of a letter to
// reach, "" if that would be another word altogether. It is never the name itself.
func nearest(name string, known []string) string {
	if len(name) > 100 {
		return ""
	}
	best, bestDistance := "", min(max(2, len(name)/2)+1, len(name))
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < bestDistance && k != name {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
