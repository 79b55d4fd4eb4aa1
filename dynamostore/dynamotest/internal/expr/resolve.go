package expr

import "strconv"

// What the service bounds in one expression (Developer Guide, "Constraints:
// expression parameters").
const (
	maxOperators = 300
	maxInOperand = 100
	maxPathDepth = 32
)

// A place is where a call stands in an expression.
type place byte

const (
	asCondition place = iota // AND, OR and NOT take it, or nothing does
	asOperand
	asSetValue // the whole right side of a SET
)

// A function is what the service knows of one: its place and its operands.
type function struct {
	operands int
	place    place
	update   bool // belongs to update expressions, not to conditions
}

// IsFunction reports whether expressions have a function of that name.
func IsFunction(name string) bool {
	_, ok := functionNamed(name)
	return ok
}

func functionNamed(name string) (function, bool) {
	switch op(name) {
	case opExists, opNotExists:
		return function{operands: 1, place: asCondition}, true
	case opType, opBeginsWith, opContains:
		return function{operands: 2, place: asCondition}, true
	case opSize:
		return function{operands: 1, place: asOperand}, true
	case opIfNotExists:
		return function{operands: 2, place: asOperand, update: true}, true
	case opListAppend:
		return function{operands: 2, place: asSetValue, update: true}, true
	}
	return function{}, false
}

// A resolver goes over the tree of one expression twice, as the service does:
// first for what is wrong with names whatever the request says, in the text's
// order, then for aliases, values and operands.
type resolver struct {
	*parser
	env       *Env
	updates   bool // the expression is an update
	operators int
}

// names checks functions, reserved words and indexes.
func (r *resolver) names(n *Node, at place) error {
	switch n.op {
	case opPath:
		return r.pathNames(n)
	case opCall:
		if err := r.function(n, at); err != nil {
			return err
		}
	}
	inner := asOperand
	if n.op == opAnd || n.op == opOr || n.op == opNot {
		inner = asCondition
	}
	for _, arg := range n.args {
		if err := r.names(arg, inner); err != nil {
			return err
		}
	}
	return nil
}

// function finds the function that is called and makes it the node's op.
func (r *resolver) function(n *Node, at place) error {
	f, ok := functionNamed(n.name)
	switch {
	case !ok:
		return r.invalid("Invalid function name; function: %s", n.name)
	case f.update && !r.updates:
		return r.invalid("The function is not allowed in a condition expression; function: %s", n.name)
	case !f.update && r.updates:
		return r.invalid("The function is not allowed in an update expression; function: %s", n.name)
	case !r.fits(f.place, at):
		return r.invalid("The function is not allowed to be used this way in an expression; function: %s", n.name)
	}
	n.op = op(n.name)
	return nil
}

// fits reports whether a function of a kind may stand at a place. PartiQL, of
// which what is built comes, lets a list_append stand inside another.
func (r *resolver) fits(kind, at place) bool {
	switch kind {
	case asCondition:
		return at == asCondition
	case asSetValue:
		return at == asSetValue || at == asOperand && r.kind == ""
	}
	return at != asCondition
}

// pathNames checks the names that stand in the text themselves: an alias may
// stand for a reserved word.
func (r *resolver) pathNames(n *Node) error {
	for _, s := range n.steps {
		switch {
		case s.kind == tokenName && isReserved(s.text):
			return r.invalid("Attribute name is a reserved keyword; reserved keyword: %s", s.text)
		case s.kind == tokenIndex:
			if _, err := strconv.ParseInt(s.text, 10, 32); err != nil {
				return r.invalid("List index is not within the allowable range; index: [%s]", s.text)
			}
		}
	}
	return nil
}

// walk visits the operands of n, then n itself: leaf for attributes and
// values, inner for all else. Either may be nil.
func (n *Node) walk(leaf, inner func(*Node) error) error {
	for _, arg := range n.args {
		if err := arg.walk(leaf, inner); err != nil {
			return err
		}
	}
	visit := inner
	if n.op == opPath || n.op == opValue {
		visit = leaf
	}
	if visit == nil {
		return nil
	}
	return visit(n)
}

// reference puts an attribute or a value in the place of an alias.
func (r *resolver) reference(n *Node) error {
	if n.op == opPath {
		return r.resolvePath(n)
	}
	if n.value != nil {
		return nil // built, not parsed
	}
	v, ok := r.env.value(n.name)
	if !ok {
		return r.invalid("An expression attribute value used in expression is not defined; attribute value: %s", n.name)
	}
	n.value = v
	return nil
}

// operator checks what can be checked of an operator or function without an
// item.
func (r *resolver) operator(n *Node) error {
	if err := r.operands(n); err != nil {
		return err
	}
	if r.operators++; r.operators > maxOperators {
		return r.invalid("The expression contains too many operators; operator count: %d", r.operators)
	}
	return nil
}

// resolvePath fills n.path, unless it was built with it. names has checked the
// indexes.
func (r *resolver) resolvePath(n *Node) error {
	if n.path == nil {
		if err := r.resolveSteps(n); err != nil {
			return err
		}
	}
	if len(n.path) > maxPathDepth {
		return r.invalid("The document path has too many nesting levels; nesting levels: %d", len(n.path))
	}
	return nil
}

func (r *resolver) resolveSteps(n *Node) error {
	n.path = make(Path, len(n.steps))
	for i, s := range n.steps {
		switch s.kind {
		case tokenName:
			n.path[i].Name = s.text
		case tokenIndex:
			n.path[i].Index, _ = strconv.Atoi(s.text)
		default:
			name, ok := r.env.name(s.text)
			if !ok {
				return r.invalid("An expression attribute name used in the document path is not defined; attribute name: %s", s.text)
			}
			n.path[i].Name = name
		}
	}
	return nil
}
