package expr

import (
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// A KeyCondition is a parsed KeyConditionExpression.
type KeyCondition struct{ tests []KeyTest }

// ParseKeyCondition parses a key condition without knowing the key: Bind does
// the rest. Its grammar is that of conditions, of which it may use only AND,
// the comparisons but <>, BETWEEN and begins_with.
func ParseKeyCondition(text string, env *Env) (*KeyCondition, error) {
	root, err := resolveCondition(KindKeyCondition, text, env)
	if err != nil {
		return nil, err
	}
	k := &KeyCondition{}
	if err := k.collect(root); err != nil {
		return nil, err
	}
	for i, t := range k.tests {
		for _, other := range k.tests[:i] {
			if t.name == other.name {
				return nil, attr.Invalid("KeyConditionExpressions must only contain one condition per key")
			}
		}
	}
	if len(k.tests) > 2 {
		return nil, attr.Invalid("Conditions can be of length 1 or 2 only")
	}
	return k, nil
}

// Tests returns the condition's one or two tests.
func (k *KeyCondition) Tests() []KeyTest { return k.tests }

// collect takes a condition apart at its ANDs.
func (k *KeyCondition) collect(n *Node) error {
	switch n.op {
	case opAnd:
		if err := k.collect(n.args[0]); err != nil {
			return err
		}
		return k.collect(n.args[1])
	case opEqual, opLess, opLessOrEqual, opGreater, opGreaterOrEqual, opBetween, opBeginsWith:
		t, err := n.keyTest()
		k.tests = append(k.tests, t)
		return err
	}
	return attr.Invalid("Invalid operator used in KeyConditionExpression: %s", n.op)
}

// keyTest reads a comparison of one attribute with one or two values.
func (n *Node) keyTest() (KeyTest, error) {
	first := n.args[0].op == opPath
	if !first && (n.op == opBetween || n.op == opBeginsWith) {
		return KeyTest{}, badKeyCondition(string(n.op) + " operator must have the key attribute as its first operand")
	}
	var key Path
	var values []attr.Value
	for _, arg := range n.args {
		switch {
		case arg.op == opValue:
			values = append(values, arg.value)
		case arg.op != opPath:
			return KeyTest{}, attr.Invalid("KeyConditionExpressions cannot contain nested operations")
		case key != nil:
			return KeyTest{}, badKeyCondition("Multiple attribute names used in one condition")
		default:
			key = arg.path
		}
	}
	switch {
	case key == nil:
		return KeyTest{}, badKeyCondition("No key attribute specified")
	case len(key) > 1:
		return KeyTest{}, attr.Invalid("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: %s", key[0].Name)
	}
	t := KeyTest{name: key[0].Name, op: n.op, values: values}
	if !first {
		t.op = n.op.mirrored()
	}
	return t, nil
}

func badKeyCondition(why string) error {
	return attr.Invalid("Invalid condition in KeyConditionExpression: %s", why)
}

// mirrored returns the comparison that says the same with the operands changed
// about.
func (o op) mirrored() op {
	switch o {
	case opLess:
		return opGreater
	case opLessOrEqual:
		return opGreaterOrEqual
	case opGreater:
		return opLess
	case opGreaterOrEqual:
		return opLessOrEqual
	}
	return o
}

// A KeyAttribute is one attribute of a table's or an index's key.
type KeyAttribute struct {
	Name string
	Kind attr.Kind
}

// Bind fits the condition to a key; sort has no name where the key has no sort
// attribute.
func (k *KeyCondition) Bind(hash, sort KeyAttribute) (KeyRange, error) {
	partition, rest := k.tests[0], k.tests[1:]
	if partition.name != hash.Name && len(rest) > 0 {
		partition, rest = k.tests[1], k.tests[:1]
	}
	if partition.name != hash.Name {
		return KeyRange{}, missedKey(hash.Name)
	}
	if partition.op != opEqual || len(rest) > 0 && sort.Name == "" {
		return KeyRange{}, attr.Invalid("Query key condition not supported")
	}
	if err := partition.Fits(hash); err != nil {
		return KeyRange{}, err
	}
	if len(rest) == 0 {
		return KeyRange{Hash: partition.values[0]}, nil
	}
	if rest[0].name != sort.Name {
		return KeyRange{}, missedKey(sort.Name)
	}
	if err := rest[0].Fits(sort); err != nil {
		return KeyRange{}, err
	}
	return rest[0].Ranges(partition.values[0])[0], nil
}

func missedKey(name string) error {
	return attr.Invalid("Query condition missed key schema element: %s", name)
}
