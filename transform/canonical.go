package transform

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// maxJSONDepth is how deep MySQL nests JSON (manual, "The JSON data type").
const maxJSONDepth = 100

// CanonicalJSON returns the one form of a JSON document in which two documents
// are equal exactly when their bytes are: no blanks, the keys of an object in
// the order of their bytes, as few escapes as possible, numbers exact and
// without needless digits (1.0 is 1, 1e2 is 100, -0 is 0; an exponent only
// outside 1e-20 … 1e39). Of a key that appears twice the last one counts, as
// in MySQL 8 and encoding/json.
//
// The document that comes back from DynamoDB's maps and lists has the same
// form as the one that was stored. The error is a *ValueError.
func CanonicalJSON(text []byte) (string, error) {
	s, reason := canonicalJSON(string(text))
	if reason != "" {
		return "", &ValueError{Reason: reason}
	}
	return s, nil
}

func canonicalJSON(text string) (string, string) {
	if !utf8.ValidString(text) {
		return "", reasonNotUTF8
	}
	c := canonicalizer{jsonReader: jsonReader{s: text}, out: make([]byte, 0, len(text))}
	if reason := c.value(0); reason != "" {
		return "", reason
	}
	if c.peek() != 0 || c.pos < len(text) {
		return "", reasonNotJSON
	}
	if string(c.out) == text {
		return text, ""
	}
	return string(c.out), ""
}

// A canonicalizer copies JSON from its reader to out in canonical form.
type canonicalizer struct {
	jsonReader
	out []byte
}

// A member is where the bytes of one `"key":value` of an object are in out.
type member struct {
	key      string
	from, to int
}

// value copies one value, depth containers deep.
func (c *canonicalizer) value(depth int) string {
	switch b := c.peek(); {
	case b == '{' || b == '[':
		if depth == maxJSONDepth {
			return "JSON nested more than 100 levels deep"
		}
		c.pos++
		if b == '{' {
			return c.object(depth + 1)
		}
		return c.array(depth + 1)
	case b == '"':
		s, reason := c.str()
		c.out = appendJSONString(c.out, s)
		return reason
	case b == '-' || (b >= '0' && b <= '9'):
		return c.number()
	}
	for _, w := range [...]string{"true", "false", "null"} {
		if c.word(w) {
			c.out = append(c.out, w...)
			return ""
		}
	}
	return reasonNotJSON
}

func (c *canonicalizer) number() string {
	text, integer, ok := c.jsonReader.number()
	if !ok {
		return reasonNotJSON
	}
	if integer && len(text) <= maxPlainExponent {
		c.out = append(c.out, text...)
		return ""
	}
	n, ok := parseNumber(text)
	if !ok {
		return "JSON with a number beyond any reason"
	}
	c.out = n.appendJSON(c.out)
	return ""
}

func (c *canonicalizer) array(depth int) string {
	c.out = append(c.out, '[')
	if c.take(']') {
		c.out = append(c.out, ']')
		return ""
	}
	for {
		if reason := c.value(depth); reason != "" {
			return reason
		}
		if c.take(']') {
			c.out = append(c.out, ']')
			return ""
		}
		if !c.take(',') {
			return reasonNotJSON
		}
		c.out = append(c.out, ',')
	}
}

// object copies the members as they come and puts them in order at the end.
func (c *canonicalizer) object(depth int) string {
	c.out = append(c.out, '{')
	if c.take('}') {
		c.out = append(c.out, '}')
		return ""
	}
	var array [8]member
	members := array[:0]
	for {
		m, reason := c.member(depth)
		if reason != "" {
			return reason
		}
		members = append(members, m)
		if c.take('}') {
			c.sort(members)
			c.out = append(c.out, '}')
			return ""
		}
		if !c.take(',') {
			return reasonNotJSON
		}
		c.out = append(c.out, ',')
	}
}

func (c *canonicalizer) member(depth int) (m member, reason string) {
	if c.peek() != '"' {
		return m, reasonNotJSON
	}
	m.from = len(c.out)
	if m.key, reason = c.str(); reason != "" {
		return m, reason
	}
	if !c.take(':') {
		return m, reasonNotJSON
	}
	c.out = append(appendJSONString(c.out, m.key), ':')
	reason = c.value(depth)
	m.to = len(c.out)
	return m, reason
}

// sort orders the members of the object that ends out, and keeps the last of
// those with one key.
func (c *canonicalizer) sort(members []member) {
	ascending := func(i int) bool { return members[i-1].key < members[i].key }
	sorted := true
	for i := 1; i < len(members) && sorted; i++ {
		sorted = ascending(i)
	}
	if sorted {
		return
	}
	begin := members[0].from
	slices.SortStableFunc(members, func(a, b member) int { return cmp.Compare(a.key, b.key) })
	var ordered []byte
	for i, m := range members {
		if i+1 < len(members) && members[i+1].key == m.key {
			continue
		}
		if len(ordered) > 0 {
			ordered = append(ordered, ',')
		}
		ordered = append(ordered, c.out[m.from:m.to]...)
	}
	c.out = append(c.out[:begin], ordered...)
}
