package expr

import (
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// A Condition is a parsed ConditionExpression or FilterExpression.
type Condition struct{ root *Node }

// ParseCondition parses a condition; kind is KindCondition or KindFilter.
func ParseCondition(kind, text string, env *Env) (*Condition, error) {
	root, err := resolveCondition(kind, text, env)
	if err != nil {
		return nil, err
	}
	return &Condition{root: root}, nil
}

// resolveCondition parses a condition of any kind and resolves its names.
func resolveCondition(kind, text string, env *Env) (*Node, error) {
	root, p, err := parseCondition(kind, text)
	if err != nil {
		return nil, err
	}
	r := resolver{parser: p, env: env}
	if err := r.names(root, asCondition); err != nil {
		return nil, err
	}
	return root, root.walk(r.reference, r.operator)
}

// Eval reports whether the item meets the condition; a nil item has no
// attributes. There are no errors: an attribute that is not there, or is of
// the wrong type, meets nothing but <> and NOT.
func (c *Condition) Eval(item attr.Item) bool { return c.root.holds(item) }

// Paths returns every document path of the condition, in the text's order. A
// filter must not name key attributes: the server checks that.
func (c *Condition) Paths() []Path { return c.root.paths(nil) }

func (n *Node) paths(list []Path) []Path {
	if n.op == opPath {
		return append(list, n.path)
	}
	for _, arg := range n.args {
		list = arg.paths(list)
	}
	return list
}

// holds evaluates a condition.
func (n *Node) holds(item attr.Item) bool {
	switch n.op {
	case opAnd:
		return !slices.ContainsFunc(n.args, func(arg *Node) bool { return !arg.holds(item) })
	case opOr:
		return slices.ContainsFunc(n.args, func(arg *Node) bool { return arg.holds(item) })
	case opNot:
		return !n.args[0].holds(item)
	}
	first := n.args[0].of(item)
	switch n.op {
	case opExists:
		return first != nil
	case opNotExists:
		return first == nil
	case opNotEqual:
		return !equal(first, n.args[1].of(item))
	}
	return first != nil && n.compare(first, item)
}

// compare evaluates the conditions that an absent first operand never meets.
func (n *Node) compare(first attr.Value, item attr.Item) bool {
	if n.op == opIn {
		for _, arg := range n.args[1:] {
			if equal(first, arg.of(item)) {
				return true
			}
		}
		return false
	}
	second := n.args[1].of(item)
	switch n.op {
	case opEqual:
		return equal(first, second)
	case opBetween:
		return ordered(second, first) <= 0 && ordered(first, n.args[2].of(item)) <= 0
	case opLess:
		return ordered(first, second) < 0
	case opLessOrEqual:
		return ordered(first, second) <= 0
	case opGreater:
		return ordered(second, first) < 0
	case opGreaterOrEqual:
		return ordered(second, first) <= 0
	case opBeginsWith:
		return beginsWith(first, second)
	case opContains:
		return contains(first, second)
	case opType:
		return second == attr.String(first.Kind())
	}
	return false
}

func equal(a, b attr.Value) bool { return a != nil && b != nil && attr.Equal(a, b) }

// ordered returns the order of two values, 1 also if they have none: it is
// asked for "below" only.
func ordered(a, b attr.Value) int {
	order, ok := attr.Compare(a, b)
	if !ok {
		return 1
	}
	return order
}

func beginsWith(v, prefix attr.Value) bool {
	switch v := v.(type) {
	case attr.String:
		prefix, ok := prefix.(attr.String)
		return ok && strings.HasPrefix(string(v), string(prefix))
	case attr.Binary:
		prefix, ok := prefix.(attr.Binary)
		return ok && strings.HasPrefix(string(v), string(prefix))
	}
	return false
}

// contains reports whether a text has a part, a set a member or a list an
// element.
func contains(in, v attr.Value) bool {
	switch in := in.(type) {
	case attr.String:
		v, ok := v.(attr.String)
		return ok && strings.Contains(string(in), string(v))
	case attr.Binary:
		v, ok := v.(attr.Binary)
		return ok && strings.Contains(string(in), string(v))
	case attr.List:
		for _, element := range in {
			if equal(element, v) {
				return true
			}
		}
		return false
	}
	return v != nil && attr.HasMember(in, v)
}

// of returns what an operand is for an item, nil if it is nothing.
func (n *Node) of(item attr.Item) attr.Value {
	switch n.op {
	case opPath:
		return n.path.Lookup(item)
	case opValue:
		return n.value
	case opSize:
		return size(n.args[0].of(item))
	}
	return nil
}

// size returns what the function of that name does, nil for a value that has
// no size.
func size(v attr.Value) attr.Value {
	if v == nil {
		return nil
	}
	length, ok := attr.Length(v)
	if !ok {
		return nil
	}
	return attr.Int(int64(length))
}
