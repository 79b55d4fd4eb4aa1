package expr

import "github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"

// An op is what a node of an expression's tree does. Operators and functions
// have the names that messages give them.
type op string

const (
	opPath  op = "path"
	opValue op = "value"
	opCall  op = "call" // a function no one knows yet; resolve makes it one

	opAnd     op = "AND"
	opOr      op = "OR"
	opNot     op = "NOT"
	opBetween op = "BETWEEN"
	opIn      op = "IN"

	opEqual          op = "="
	opNotEqual       op = "<>"
	opLess           op = "<"
	opLessOrEqual    op = "<="
	opGreater        op = ">"
	opGreaterOrEqual op = ">="

	opPlus  op = "+"
	opMinus op = "-"

	opExists      op = "attribute_exists"
	opNotExists   op = "attribute_not_exists"
	opType        op = "attribute_type"
	opBeginsWith  op = "begins_with"
	opContains    op = "contains"
	opSize        op = "size"
	opIfNotExists op = "if_not_exists"
	opListAppend  op = "list_append"
)

// A Node is a part of an expression. Parsing fills all but path and value,
// which a resolver finds in the Env; who has those already builds nodes with
// NewPath, NewValue, NewOperator and NewCall.
type Node struct {
	op    op
	args  []*Node // operands, the first one first
	name  string  // of a value: ":v"; of a call: the function's name
	steps []step  // of a path
	paren bool    // stood in parentheses of its own

	path  Path
	value attr.Value
}

// A step is one step of a path as it was written: a name, an alias or an
// index.
type step struct {
	kind tokenKind
	text string
}

// isCondition reports whether the node is true or false, rather than a value.
// A call may turn out to be either.
func (n *Node) isCondition() bool {
	switch n.op {
	case opPath, opValue, opCall, opPlus, opMinus:
		return false
	}
	return true
}
