package expr

import (
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// A Path leads to an attribute or into one: a.b[2]. Names are resolved: none
// is a #name.
type Path []Step

// A Step is the name of an attribute or of a map's member, or, if Name is
// empty, the index of a list element. No name is empty.
type Step struct {
	Name  string
	Index int
}

// Lookup returns what the path leads to in item, nil if nothing is there.
func (p Path) Lookup(item attr.Item) attr.Value {
	var at attr.Value = item
	for _, step := range p {
		switch v := at.(type) {
		case attr.Map:
			at = v[step.Name] // no map has a member without a name
		case attr.List:
			if step.Name != "" || step.Index >= len(v) {
				return nil
			}
			at = v[step.Index]
		default:
			return nil
		}
	}
	return at
}

// String returns the path as the service's messages write it: [a, b, [2]].
func (p Path) String() string {
	steps := make([]string, len(p))
	for i, step := range p {
		steps[i] = step.String()
	}
	return "[" + strings.Join(steps, ", ") + "]"
}

// String returns the step's name, or its index as [2].
func (s Step) String() string {
	if s.Name != "" {
		return s.Name
	}
	return "[" + strconv.Itoa(s.Index) + "]"
}
