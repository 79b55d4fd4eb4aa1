package expr

import "github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"

// A Projection is a parsed ProjectionExpression.
type Projection struct {
	paths []Path
	tree  *tree
}

// ParseProjection parses a projection. Paths that overlap are an error.
func ParseProjection(text string, env *Env) (*Projection, error) {
	p, err := newParser(KindProjection, text)
	if err != nil {
		return nil, err
	}
	list := []*Node{p.path()}
	for p.accept(",") {
		list = append(list, p.path())
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	r := resolver{parser: p, env: env}
	paths, err := r.paths(list)
	if err != nil {
		return nil, err
	}
	return r.projection(paths)
}

func (r *resolver) projection(paths []Path) (*Projection, error) {
	tree, err := r.newTree(paths)
	if err != nil {
		return nil, err
	}
	tree.sort()
	return &Projection{paths: paths, tree: tree}, nil
}

// paths resolves a list of paths.
func (r *resolver) paths(list []*Node) ([]Path, error) {
	for _, n := range list {
		if err := r.names(n, asOperand); err != nil {
			return nil, err
		}
	}
	paths := make([]Path, len(list))
	for i, n := range list {
		if err := r.resolvePath(n); err != nil {
			return nil, err
		}
		paths[i] = n.path
	}
	return paths, nil
}

// Paths returns the paths of the projection, in the text's order.
func (p *Projection) Paths() []Path { return p.paths }

// Project returns the parts of item that the projection names: maps with only
// the members asked for, lists with only the elements, in the list's order. It
// is empty, and not nil, if there are none.
func (p *Projection) Project(item attr.Item) attr.Item {
	if part, ok := p.tree.project(item).(attr.Map); ok {
		return part
	}
	return attr.Item{}
}

// project returns the parts of v that the tree's paths lead to, nil if none
// leads anywhere.
func (t *tree) project(v attr.Value) attr.Value {
	if len(t.branches) == 0 {
		return v
	}
	switch v := v.(type) {
	case attr.Map:
		return t.projectMap(v)
	case attr.List:
		return t.projectList(v)
	}
	return nil
}

func (t *tree) projectMap(v attr.Map) attr.Value {
	part := attr.Map{}
	for _, b := range t.branches {
		if got := b.tree.project(v[b.step.Name]); got != nil {
			part[b.step.Name] = got
		}
	}
	if len(part) == 0 {
		return nil
	}
	return part
}

// projectList closes the gaps between elements, as the service does: the second
// of a[0], a[5] comes second.
func (t *tree) projectList(v attr.List) attr.Value {
	var part attr.List
	for _, b := range t.branches {
		if b.step.Name != "" || b.step.Index >= len(v) {
			continue
		}
		if got := b.tree.project(v[b.step.Index]); got != nil {
			part = append(part, got)
		}
	}
	if len(part) == 0 {
		return nil
	}
	return part
}
