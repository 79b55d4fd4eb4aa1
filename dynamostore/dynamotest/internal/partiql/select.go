package partiql

import (
	"strconv"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// selection reads a SELECT. SQL's other clauses are read too: a statement that
// has them is PartiQL, and refused by name.
func (p *parser) selection() *Select {
	p.expect("SELECT")
	s := &Select{Projection: p.projection()}
	p.expect("FROM")
	s.Table, s.Index = p.source()
	if p.acceptAs(",") {
		p.source()
		p.refuse("Only select from a single table or index is supported.")
	}
	s.Where = p.where()
	p.unsupportedClauses()
	if p.acceptAs("ORDER") {
		p.expect("BY")
		s.OrderBy = p.orderBy()
		if s.Where == nil {
			p.refuse("Must have WHERE clause in the statement when using ORDER BY clause.")
		}
	}
	p.unsupportedClauses()
	return s
}

// unsupportedClauses refuses what SQL has and DynamoDB has not.
func (p *parser) unsupportedClauses() {
	if p.acceptAs("GROUP") {
		p.expect("BY")
		p.expression()
		p.refuse("Unsupported clause: GROUP BY")
	}
	for _, clause := range []string{"HAVING", "LIMIT"} {
		if p.acceptAs(clause) {
			p.refuse("Unsupported clause: %s at %s", clause, p.position(p.expression().at))
		}
	}
}

// orderBy reads a, b DESC. Whether they are the key is for Backward to say,
// which knows it.
func (p *parser) orderBy() []Order {
	var list []Order
	for {
		t := p.path()
		o := Order{Name: t.path[0].Name}
		if !p.acceptAs("ASC") {
			o.Descending = p.acceptAs("DESC")
		}
		list = append(list, o)
		if !p.acceptAs(",") {
			return list
		}
	}
}

// Backward reports whether ORDER BY asks for the highest sort key first. The
// error is for what it must not name.
func (s *Select) Backward(hash, sort expr.KeyAttribute) (bool, error) {
	backward := false
	for _, o := range s.OrderBy {
		switch {
		case o.Name == sort.Name && sort.Name != "":
			backward = o.Descending
		case o.Name != hash.Name:
			return false, attr.Invalid("Variable reference %s in ORDER BY clause must be part of the primary key", o.Name)
		}
	}
	if s.OrderBy == nil {
		return false, nil
	}
	if _, ok := s.Where.partition(hash.Name); !ok {
		return false, attr.Invalid("Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.")
	}
	return backward, nil
}

// A Projection says which attributes of an item a SELECT returns, each under a
// name of its own: a.b as b, a.b[2] as "b[2]".
type Projection struct {
	paths []expr.Path
	names []string
}

// projection reads what stands between SELECT and FROM; nil for *.
func (p *parser) projection() *Projection {
	if p.acceptAs("*") {
		return nil
	}
	if p.acceptAs("DISTINCT") {
		p.refuse("Unsupported token in expression: DISTINCT")
	}
	if p.acceptAs("VALUE") || p.acceptAs("PIVOT") {
		p.refuse("Select projection doesn't support value or pivot keywords")
	}
	list := &Projection{}
	seen := map[string]bool{}
	for {
		t := p.expression()
		p.alias()
		if t.kind != termPath {
			p.refuse("Unexpected path component at %s", p.position(t.at))
			t.path = expr.Path{{Name: "?"}}
		}
		name := columnName(t.path)
		if seen[name] {
			p.refuse("Duplicate identifiers in select clause: %s", name)
		}
		seen[name] = true
		list.paths = append(list.paths, t.path)
		list.names = append(list.names, name)
		if !p.acceptAs(",") {
			break
		}
	}
	if _, err := expr.NewProjection(list.paths); err != nil && p.fault == nil {
		p.fault = err
	}
	return list
}

// columnName returns the last name of a path with the indexes after it.
func columnName(path expr.Path) string {
	name := ""
	for i := len(path) - 1; i >= 0; i-- {
		if path[i].Name != "" {
			return path[i].Name + name
		}
		name = "[" + strconv.Itoa(path[i].Index) + "]" + name
	}
	return name
}

// Paths returns the paths of the projection, in the statement's order.
func (p *Projection) Paths() []expr.Path { return p.paths }

// Project returns the attributes of item that the projection names, flattened.
// It is empty, and not nil, if there are none.
func (p *Projection) Project(item attr.Item) attr.Item {
	part := attr.Item{}
	for i, path := range p.paths {
		if v := path.Lookup(item); v != nil {
			part[p.names[i]] = v
		}
	}
	return part
}
