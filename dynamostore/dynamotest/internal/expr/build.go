package expr

import "github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"

// NewPath returns an operand that is an attribute.
func NewPath(p Path) *Node { return &Node{op: opPath, path: p} }

// NewValue returns an operand that is a value.
func NewValue(v attr.Value) *Node { return &Node{op: opValue, value: v} }

// NewOperator returns an operator with its operands: AND, OR, NOT, BETWEEN,
// IN, a comparison, + or -. Unlike in the text of an expression, AND and OR
// take any number, and the operands of + may be sums.
func NewOperator(name string, operands ...*Node) *Node {
	return &Node{op: op(name), args: operands}
}

// NewCall returns a call of a function. Whether there is one of that name, and
// whether it may stand there, is found out with the rest of the expression.
func NewCall(name string, operands ...*Node) *Node {
	return &Node{op: opCall, name: name, args: operands}
}

// NewCondition checks a condition that was built.
func NewCondition(root *Node) (*Condition, error) {
	r := resolver{parser: &parser{}}
	if err := r.names(root, asCondition); err != nil {
		return nil, err
	}
	if err := root.walk(r.reference, r.operator); err != nil {
		return nil, err
	}
	return &Condition{root: root}, nil
}

// NewProjection checks the paths of a projection that was built.
func NewProjection(paths []Path) (*Projection, error) {
	r := resolver{parser: &parser{}}
	for _, p := range paths {
		if err := r.resolvePath(NewPath(p)); err != nil {
			return nil, err
		}
	}
	return r.projection(paths)
}

// An Action is what an update that is built does to one path. Verb is SET,
// REMOVE, ADD or DELETE; Operand is nil for a REMOVE and a value for ADD and
// DELETE.
type Action struct {
	Verb    string
	Path    Path
	Operand *Node
}

// NewUpdate checks an update that was built.
func NewUpdate(list []Action) (*Update, error) {
	actions := make([]action, len(list))
	for i, a := range list {
		actions[i] = action{verb: verb(a.Verb), target: NewPath(a.Path), operand: a.Operand}
	}
	r := resolver{parser: &parser{}, updates: true}
	if err := r.actionNames(actions); err != nil {
		return nil, err
	}
	return r.update(actions)
}

// Parts takes a condition apart at its ANDs. An item meets it if it meets all
// of them.
func (c *Condition) Parts() []*Condition {
	if c == nil {
		return nil
	}
	return c.root.parts(nil)
}

func (n *Node) parts(list []*Condition) []*Condition {
	if n.op != opAnd {
		return append(list, &Condition{root: n})
	}
	for _, arg := range n.args {
		list = arg.parts(list)
	}
	return list
}

// All returns the condition that an item meets all of the given ones, nil for
// none.
func All(parts []*Condition) *Condition {
	switch len(parts) {
	case 0:
		return nil
	case 1:
		return parts[0]
	}
	root := &Node{op: opAnd}
	for _, part := range parts {
		root.args = append(root.args, part.root)
	}
	return &Condition{root: root}
}

// KeyTest returns the condition as a test of one top-level attribute, if it is
// one.
func (c *Condition) KeyTest() (t KeyTest, ok bool) {
	switch c.root.op {
	case opEqual, opLess, opLessOrEqual, opGreater, opGreaterOrEqual, opBetween, opBeginsWith, opIn:
		t, err := c.root.keyTest()
		return t, err == nil && (t.op != opIn || c.root.args[0].op == opPath)
	}
	return KeyTest{}, false
}
