package fragment

import "slices"

// An Expr is a node of the tree: Column, Literal, Unary, Binary, IsNull, In,
// Call or Cast, as values, not pointers. A tree doesn't change; whoever takes
// one apart leaves the slices of In and Call as they are.
type Expr interface {
	// children are the operands in the order in which they are written.
	children() []Expr
	// with returns a copy that has other operands, as many as children has.
	with([]Expr) Expr
}

// A Ref names a column, and where it is told the table or alias it belongs to.
type Ref struct {
	Table string // "" where the fragment names the column alone
	Name  string
}

// String returns the reference as a fragment would write it, in backticks.
func (r Ref) String() string { return string(appendRef(nil, r)) }

// A Column is a reference to a column.
type Column struct {
	Ref Ref
	At  int // where the fragment names it: a 1-based count of characters
}

// A Literal is a text, a number or NULL. TRUE and FALSE are the numbers 1 and
// 0, as in MySQL.
type Literal struct{ Value Value }

// A Unary is NOT or the sign of a number.
type Unary struct {
	Op Op // Not, Minus
	X  Expr
}

// A Binary is a comparison, a calculation, AND or OR.
type Binary struct {
	Op   Op
	L, R Expr
}

// An IsNull is IS NULL, or IS NOT NULL.
type IsNull struct {
	X   Expr
	Not bool
}

// An In is IN (…), or NOT IN (…), with at least one element.
type In struct {
	X    Expr
	Not  bool
	List []Expr
}

// A Call is one of the functions of the language but CAST.
type Call struct {
	Func string // in upper case
	Args []Expr
}

// A Cast is CAST(X AS To).
type Cast struct {
	X  Expr
	To CastType
}

// A CastType is what CAST makes of a value.
type CastType struct {
	Name          string // CHAR, SIGNED, UNSIGNED, DECIMAL
	Digits, Scale int    // of DECIMAL: all digits, and those after the point
}

// An Op is an operator.
type Op uint8

// The operators. Their texts are those of SQL.
const (
	Or Op = iota + 1
	And
	Not
	Equal
	Unequal
	Less
	Greater
	LessOrEqual
	GreaterOrEqual
	Plus
	Minus
	Times
	Divide
)

var opTexts = [...]string{Or: "OR", And: "AND", Not: "NOT", Equal: "=", Unequal: "<>", Less: "<", Greater: ">",
	LessOrEqual: "<=", GreaterOrEqual: ">=", Plus: "+", Minus: "-", Times: "*", Divide: "/"}

// String returns the operator as SQL writes it.
func (o Op) String() string { return opTexts[o] }

// wholeGivesWhole reports whether of two whole numbers the operator makes one.
func (o Op) wholeGivesWhole() bool { return o == Plus || o == Minus || o == Times }

func (Column) children() []Expr   { return nil }
func (Literal) children() []Expr  { return nil }
func (e Unary) children() []Expr  { return []Expr{e.X} }
func (e Binary) children() []Expr { return []Expr{e.L, e.R} }
func (e IsNull) children() []Expr { return []Expr{e.X} }
func (e In) children() []Expr     { return append([]Expr{e.X}, e.List...) }
func (e Call) children() []Expr   { return e.Args }
func (e Cast) children() []Expr   { return []Expr{e.X} }

func (e Column) with([]Expr) Expr   { return e }
func (e Literal) with([]Expr) Expr  { return e }
func (e Unary) with(x []Expr) Expr  { e.X = x[0]; return e }
func (e Binary) with(x []Expr) Expr { e.L, e.R = x[0], x[1]; return e }
func (e IsNull) with(x []Expr) Expr { e.X = x[0]; return e }
func (e In) with(x []Expr) Expr     { e.X, e.List = x[0], x[1:]; return e }
func (e Call) with(x []Expr) Expr   { e.Args = x; return e }
func (e Cast) with(x []Expr) Expr   { e.X = x[0]; return e }

// A Fragment is a parsed fragment. The zero Fragment is none; Parse and Case
// make one. It doesn't change and may be used by many goroutines.
type Fragment struct {
	text string
	root Expr
}

// Text returns the fragment as it was written.
func (f Fragment) Text() string { return f.text }

// Root returns the tree.
func (f Fragment) Root() Expr { return f.root }

// Column returns the reference if the fragment is nothing but a column.
func (f Fragment) Column() (Ref, bool) {
	c, ok := f.root.(Column)
	return c.Ref, ok
}

// Literal returns the value if the fragment is nothing but a literal.
func (f Fragment) Literal() (Value, bool) {
	l, ok := f.root.(Literal)
	return l.Value, ok
}

// Columns returns every place that refers to a column, from left to right. A
// column that is named twice is there twice.
func (f Fragment) Columns() []Column {
	var all []Column
	walk(f.root, func(c Column) { all = append(all, c) })
	return all
}

// Refs returns the columns that are referred to, each once, in the order in
// which they are first named.
func (f Fragment) Refs() []Ref {
	var all []Ref
	seen := map[Ref]bool{}
	for _, c := range f.Columns() {
		if !seen[c.Ref] {
			seen[c.Ref] = true
			all = append(all, c.Ref)
		}
	}
	return all
}

func walk(e Expr, visit func(Column)) {
	if e == nil {
		return // the zero Fragment
	}
	if c, ok := e.(Column); ok {
		visit(c)
	}
	for _, x := range e.children() {
		walk(x, visit)
	}
}

// Resolve returns the fragment with every reference replaced by what resolve
// makes of it: the alias and the column as the query knows them. The first
// reference that can't be resolved is an *Error, which names its place and
// takes the other error's text for the reason.
func (f Fragment) Resolve(resolve func(Ref) (Ref, error)) (Fragment, error) {
	root, err := f.replace(f.root, resolve)
	if err != nil {
		return Fragment{}, err
	}
	return Fragment{text: f.text, root: root}, nil
}

func (f Fragment) replace(e Expr, resolve func(Ref) (Ref, error)) (Expr, error) {
	if c, ok := e.(Column); ok {
		ref, err := resolve(c.Ref)
		if err != nil {
			return nil, f.fault(c.At, err.Error())
		}
		if !fitsServer(ref.Name) || ref.Table != "" && !fitsServer(ref.Table) {
			return nil, f.fault(c.At, "the name it is resolved to is "+reasonName)
		}
		return Column{Ref: ref, At: c.At}, nil
	}
	old := e.children()
	if len(old) == 0 {
		return e, nil
	}
	operands := make([]Expr, len(old))
	for i, x := range old {
		var err error
		if operands[i], err = f.replace(x, resolve); err != nil {
			return nil, err
		}
	}
	return e.with(operands), nil
}

func (f Fragment) fault(column int, reason string) *Error {
	return &Error{Fragment: f.text, Column: column, Reason: reason}
}

// A When is a case of a CASE: a condition and what is then.
type When struct{ When, Then Fragment }

// Case returns the fragment that has the value of the first case whose
// condition is true, and otherwise that of the last argument, or NULL where
// that is nil. It is written with IF, which does the same: MySQL finds the type
// of both in the same way. There is at least one case, and not more than
// conditions may be nested.
func Case(cases []When, otherwise *Fragment) (Fragment, error) {
	root := Expr(Literal{})
	if otherwise != nil {
		root = otherwise.root
	}
	for _, c := range slices.Backward(cases) {
		root = Call{Func: "IF", Args: []Expr{c.When.root, c.Then.root, root}}
	}
	return Of(root)
}

// Of returns the fragment of a tree that was put together from others. The error
// says that it is too deep.
func Of(root Expr) (Fragment, error) {
	f := Fragment{root: unplaced(root)}
	if depth(root) > maxDepth {
		return Fragment{}, &Error{Fragment: "CASE", Reason: reasonDeep}
	}
	f.text = f.String()
	return f, nil
}

// unplaced takes the places off: they are those of other texts.
func unplaced(e Expr) Expr {
	if c, ok := e.(Column); ok {
		return Column{Ref: c.Ref}
	}
	operands := slices.Clone(e.children())
	if len(operands) == 0 {
		return e
	}
	for i, x := range operands {
		operands[i] = unplaced(x)
	}
	return e.with(operands)
}

func depth(e Expr) int {
	deepest := 0
	for _, x := range e.children() {
		deepest = max(deepest, depth(x))
	}
	return deepest + 1
}
