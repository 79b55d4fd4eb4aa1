package expr

import (
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// operands checks the number and the known types of an operator's or a
// function's operands. Attributes have no known type before there is an item.
func (r *resolver) operands(n *Node) error {
	if f, ok := functionNamed(string(n.op)); ok && len(n.args) != f.operands {
		return r.invalid("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", n.op, len(n.args))
	}
	if err := r.distinct(n); err != nil {
		return err
	}
	switch n.op {
	case opLess, opLessOrEqual, opGreater, opGreaterOrEqual, opBeginsWith, opBetween:
		if err := r.kinds(n, n.args, n.op.takes); err != nil || n.op != opBetween {
			return err
		}
		return r.bounds(n.args[1], n.args[2])
	case opSize, opPlus, opMinus, opListAppend:
		return r.kinds(n, n.args, n.op.takes)
	case opIn:
		if given := len(n.args) - 1; given > maxInOperand {
			return r.invalid("The IN operator is provided with too many operands; number of operands: %d", given)
		}
	case opExists, opNotExists, opIfNotExists:
		if n.args[0].op != opPath {
			return r.invalid("Operator or function requires a document path; operator or function: %s", n.op)
		}
	case opType:
		return r.typeName(n)
	}
	return nil
}

// distinct refuses an attribute that is compared with itself.
func (r *resolver) distinct(n *Node) error {
	if len(n.args) == 0 || n.args[0].op != opPath || !n.compares() {
		return nil
	}
	first := n.args[0].path
	for _, other := range n.args[1:] {
		if other.op == opPath && slices.Equal(first, other.path) {
			return r.invalid("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", n.op, first)
		}
	}
	return nil
}

// compares reports whether an operator's operands are compared with each other.
// It holds for the functions with two operands, too, but not for size.
func (n *Node) compares() bool {
	switch n.op {
	case opEqual, opNotEqual, opLess, opLessOrEqual, opGreater, opGreaterOrEqual,
		opBetween, opIn, opBeginsWith, opContains, opType:
		return true
	}
	return false
}

// takes reports whether the operator has a use for operands of a kind.
func (o op) takes(kind attr.Kind) bool {
	switch o {
	case opPlus, opMinus:
		return kind == attr.KindNumber
	case opListAppend:
		return kind == attr.KindList
	case opBeginsWith:
		return kind == attr.KindString || kind == attr.KindBinary
	case opSize:
		return kind != attr.KindNumber && kind != attr.KindBool && kind != attr.KindNull
	}
	return kind == attr.KindString || kind == attr.KindNumber || kind == attr.KindBinary
}

// kinds refuses the first operand that is known to be of the wrong kind.
func (r *resolver) kinds(n *Node, args []*Node, takes func(attr.Kind) bool) error {
	for _, arg := range args {
		if kind, ok := arg.knownKind(); ok && !takes(kind) {
			return r.wrongKind(n, string(kind))
		}
	}
	return nil
}

func (r *resolver) wrongKind(n *Node, kind string) error {
	return r.invalid("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", n.op, kind)
}

// knownKind returns the kind of what n is, if that does not depend on an item.
func (n *Node) knownKind() (attr.Kind, bool) {
	switch n.op {
	case opValue:
		return n.value.Kind(), true
	case opSize:
		return attr.KindNumber, true
	}
	return "", false
}

// bounds checks the two values of a BETWEEN against each other.
func (r *resolver) bounds(low, high *Node) error {
	if low.op != opValue || high.op != opValue {
		return nil
	}
	fault := ""
	if order, ok := attr.Compare(low.value, high.value); !ok {
		fault = "same data type for lower and upper bounds"
	} else if order > 0 {
		fault = "upper bound to be greater than or equal to lower bound"
	}
	if fault == "" {
		return nil
	}
	return r.invalid("The BETWEEN operator requires %s; lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s",
		fault, described(low.value), described(high.value))
}

// described writes a value as messages do: {N:5}.
func described(v attr.Value) string {
	switch v := v.(type) {
	case attr.Number:
		return fmt.Sprintf("{N:%s}", v)
	case attr.Binary:
		return fmt.Sprintf("{B:%s}", base64.StdEncoding.EncodeToString([]byte(v)))
	}
	return fmt.Sprintf("{%s:%v}", v.Kind(), v)
}

// typeName checks the second operand of attribute_type: a :value that names a
// type. Of an attribute the service says that it could be anything, in the
// words of the engine it is built on.
func (r *resolver) typeName(n *Node) error {
	const anything = "{FS,DOUBLE,INTSET,NULL,B,N,SS,DOUBLESET,DECIMAL,BOOL,M,L,BS,FLOAT,HD,S,DICT,DECIMALSET,HDS,NS,INT}"
	kind, ok := n.args[1].knownKind()
	if !ok {
		return r.wrongKind(n, anything)
	}
	name, ok := n.args[1].value.(attr.String)
	if !ok {
		return r.wrongKind(n, string(kind))
	}
	switch attr.Kind(name) {
	case attr.KindString, attr.KindNumber, attr.KindBinary, attr.KindBool, attr.KindNull,
		attr.KindList, attr.KindMap, attr.KindStringSet, attr.KindNumberSet, attr.KindBinarySet:
		return nil
	}
	return r.invalid("Invalid attribute type name found; type: %s, valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}", string(name))
}
