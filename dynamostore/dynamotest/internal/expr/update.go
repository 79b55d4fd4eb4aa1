package expr

import (
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// An Update is a parsed UpdateExpression.
type Update struct {
	actions []action
	paths   []Path // of the actions, in their order
	tree    *tree
}

// A verb is a section of an update expression.
type verb string

const (
	verbSet    verb = "SET"
	verbRemove verb = "REMOVE"
	verbAdd    verb = "ADD"
	verbDelete verb = "DELETE"
)

// An action changes one path. operand is nil for a REMOVE.
type action struct {
	verb    verb
	target  *Node
	operand *Node
}

// ParseUpdate parses an update. Its grammar is the Developer Guide's "Using
// update expressions in DynamoDB". Paths that overlap are an error.
func ParseUpdate(text string, env *Env) (*Update, error) {
	p, err := newParser(KindUpdate, text)
	if err != nil {
		return nil, err
	}
	actions, twice := p.sections()
	if err := p.finish(); err != nil {
		return nil, err
	}
	r := resolver{parser: p, env: env, updates: true}
	if err := r.actionNames(actions); err != nil {
		return nil, err
	}
	if twice != "" {
		return nil, r.invalid("The \"%s\" section can only be used once in an update expression;", twice)
	}
	return r.update(actions)
}

// sections reads SET, REMOVE, ADD and DELETE with their actions; twice is the
// first section that is there for the second time.
func (p *parser) sections() (actions []action, twice verb) {
	seen := map[verb]bool{}
	for first := true; p.err == nil && (first || p.peek().kind != tokenEnd); first = false {
		v := p.verb()
		if seen[v] && twice == "" {
			twice = v
		}
		seen[v] = true
		actions = append(actions, p.action(v))
		for p.accept(",") {
			actions = append(actions, p.action(v))
		}
	}
	return actions, twice
}

func (p *parser) verb() verb {
	for _, v := range []verb{verbSet, verbRemove, verbAdd, verbDelete} {
		if p.accept(string(v)) {
			return v
		}
	}
	p.unexpected()
	return ""
}

// action reads what a section says of one path. ADD and DELETE take a :value
// and nothing else.
func (p *parser) action(v verb) action {
	a := action{verb: v, target: p.path()}
	switch v {
	case verbSet:
		p.expect("=")
		a.operand = p.setValue()
	case verbAdd, verbDelete:
		a.operand = &Node{op: opValue, name: p.take(tokenValue)}
	}
	return a
}

// setValue reads an operand, or the sum or difference of two, with or without
// parentheses around it.
func (p *parser) setValue() *Node {
	var left *Node
	if p.accept("(") {
		if left = p.closed(p.setValue()); left.op == opPlus || left.op == opMinus {
			return left
		}
	} else {
		left = p.operand()
	}
	for _, o := range []op{opPlus, opMinus} {
		if p.accept(string(o)) {
			return &Node{op: o, args: []*Node{left, p.operand()}}
		}
	}
	return left
}

// actionNames checks functions and names in the order of the text, which is
// also that of the sections.
func (r *resolver) actionNames(actions []action) error {
	for _, a := range actions {
		if err := r.names(a.target, asOperand); err != nil {
			return err
		}
		if a.operand == nil {
			continue
		}
		if err := r.names(a.operand, asSetValue); err != nil {
			return err
		}
	}
	return nil
}

// update resolves the paths to be changed, which must not overlap, and then
// what they are changed to.
func (r *resolver) update(actions []action) (*Update, error) {
	u := &Update{actions: actions, paths: make([]Path, len(actions))}
	for i, a := range actions {
		if err := r.resolvePath(a.target); err != nil {
			return nil, err
		}
		u.paths[i] = a.target.path
	}
	var err error
	if u.tree, err = r.newTree(u.paths); err != nil {
		return nil, err
	}
	u.tree.sort()
	for _, a := range actions {
		if a.operand == nil {
			continue
		}
		if err := a.operand.walk(r.reference, nil); err != nil {
			return nil, err
		}
	}
	for _, a := range actions {
		if err := r.actionOperand(a); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// actionOperand checks the types that are known before there is an item.
func (r *resolver) actionOperand(a action) error {
	switch {
	case a.verb == verbRemove:
		return nil
	case a.verb == verbSet:
		return a.operand.walk(nil, r.operator)
	case a.verb.takes(a.operand.value):
		return nil
	}
	return r.invalid("Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%[1]s_OPERAND",
		a.verb, longName(a.operand.value))
}

// takes reports whether ADD or DELETE has a use for a value.
func (v verb) takes(operand attr.Value) bool {
	switch operand.(type) {
	case attr.StringSet, attr.NumberSet, attr.BinarySet:
		return true
	case attr.Number:
		return v == verbAdd
	}
	return false
}

// longName is what messages about ADD and DELETE call a data type.
func longName(v attr.Value) string {
	switch v.(type) {
	case attr.String:
		return "STRING"
	case attr.Number:
		return "NUMBER"
	case attr.Binary:
		return "BINARY"
	case attr.Bool:
		return "BOOLEAN"
	case attr.List:
		return "LIST"
	case attr.Map:
		return "MAP"
	}
	return string(v.Kind())
}

// Paths returns the paths the update changes, in the text's order. None may
// begin with a key attribute: the server checks that.
func (u *Update) Paths() []Path { return u.paths }

// Operands returns the paths the update reads, in the text's order.
func (u *Update) Operands() []Path {
	var list []Path
	for _, a := range u.actions {
		if a.operand != nil {
			list = a.operand.paths(list)
		}
	}
	return list
}
