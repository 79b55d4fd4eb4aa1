package transform

import (
	"fmt"
	"slices"
	"strings"
)

// promises warns of attributes that are not what their names promise, or that
// different rows have alike. The published contract has them, and so may those that were made of it.
func (c *checker) promises() {
	trees := c.trees()
	for _, k := range c.entities {
		for i, a := range k.entity.Attributes {
			if a.Column < 0 || k.entity.Columns[a.Column].Join == nil {
				continue
			}
			k.promise(a, k.entity.Columns[a.Column].Join, k.attributeAt[i], trees)
		}
		k.twins()
	}
}

func (k *entityChecker) promise(a Attribute, j *Join, at string, trees []*Source) {
	words := strings.FieldsFunc(strings.ToLower(a.Name), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	saysOne := func(names ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(names, w) })
	}
	switch {
	case j.Kind == JoinPath && j.Separator == "":
		k.warn(at, fmt.Sprintf("attribute %s has the texts of its rows with nothing between: \"a\" above \"bc\" is what \"ab\" above \"c\" is", a.Name), `add a "separator", as " > "`)
	case j.Kind == JoinLookup && len(j.Hops) == 1 && saysOne("path", "breadcrumb", "breadcrumbs") && slices.Contains(trees, j.Hops[0].Source):
		k.warn(at, fmt.Sprintf("attribute %s holds a value of one row of %s, which is a tree, and not the path to it", a.Name, j.Hops[0].Source.Name),
			fmt.Sprintf(`for a path use "hierarchy-path" in the entity of %s; name the attribute for what it holds otherwise`, j.Hops[0].Source.Name))
	}
}

// trees returns the tables that refer to themselves.
func (c *checker) trees() []*Source {
	var trees []*Source
	for _, k := range c.entities {
		for _, column := range k.entity.Columns {
			if column.Join != nil && (len(column.Join.Hops) == 0 || slices.ContainsFunc(column.Join.Hops, func(h Hop) bool { return h.Source == k.from })) {
				trees = append(trees, k.from)
			}
		}
	}
	return trees
}

// counted warns of a level that is a number of rows.
func (j *joiner) counted(a *Attribute) {
	name := strings.ToLower(a.Name)
	if j.join.Operation == "COUNT" && (name == "level" || name == "depth" || strings.HasSuffix(name, "_level") || strings.HasSuffix(name, "_depth")) {
		j.warn(j.at, fmt.Sprintf("attribute %s counts rows of %s, which says nothing of how far a row is from the root", a.Name, j.n.str("target_table")),
			`use "calculation": {"type": "depth", "parent_column": …}`)
	}
}

// twins warns of attributes that are calculated in the same way.
func (k *entityChecker) twins() {
	var aggregates []int
	for i, a := range k.entity.Attributes {
		if a.Column < 0 || k.entity.Columns[a.Column].Join == nil || k.entity.Columns[a.Column].Join.Kind != JoinAggregate {
			continue
		}
		join := k.entity.Columns[a.Column].Join
		for _, other := range aggregates {
			b := k.entity.Attributes[other]
			if a.Column != b.Column && join.same(k.entity.Columns[b.Column].Join) {
				k.warn(k.attributeAt[i], fmt.Sprintf("attribute %s is calculated as %s is, so one of the two is not what its name says, or not needed", a.Name, b.Name), "mend or remove one")
				break
			}
		}
		aggregates = append(aggregates, i)
	}
}

// same reports whether two joins are of one kind and find the same.
func (j *Join) same(o *Join) bool {
	return j.Kind == o.Kind && j.Operation == o.Operation && j.value.String() == o.value.String() &&
		slices.EqualFunc(j.Hops, o.Hops, func(a, b Hop) bool { return a.Source == b.Source && slices.Equal(a.On, b.On) })
}
