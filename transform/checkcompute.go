package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/template"
)

// compute finds out how attribute i is made of its columns, if it is not one of
// them as it is.
func (k *entityChecker) compute(n *node, at string, i int) {
	a := &k.entity.Attributes[i]
	transformation := n.get("transformation")
	if transformation == nil || readsRows(transformation) {
		return
	}
	switch transformation.str("type") {
	case "string-format", "static", "template":
		text := transformation.str("format")
		if text == "" {
			text = transformation.str("value") + transformation.str("template")
		}
		a.Column = k.templated(a.Name, text, at+"/transformation/format")
	}
}

// templated adds a column that is made by a template, and returns its position,
// -1 if it is wrong. A template that is one name alone is that column.
func (k *entityChecker) templated(name, text, at string) int {
	t, err := template.Parse(text)
	if err != nil {
		k.err(at, err.Error(), "")
		return -1
	}
	c := &templated{template: t}
	for _, placeholder := range t.Names() {
		column := k.named(placeholder)
		if column < 0 {
			k.err(at, fmt.Sprintf("{%s} is no attribute before its transformation, and no column of %s", placeholder, k.entity.Source),
				suggest(placeholder, append(k.attributeNames(), k.columnNames()...)))
			return -1
		}
		c.columns = append(c.columns, column)
	}
	if p := t.Placeholders(); len(p) == 1 && p[0].Literal == "" && p[0].Name != "" && p[0].Width == 0 {
		return c.columns[0]
	}
	return k.addComputed(name, c, Column{SQLType: "longtext", Kind: Text, Collation: "utf8mb4_bin"})
}

// named returns the column that a name in a template means: that of an attribute
// of the entity, after its join and before its transformation, else one of the
// source table.
func (k *entityChecker) named(name string) int {
	if i := k.attributeNamed(name); i >= 0 && k.entity.Attributes[i].Column >= 0 && !k.entity.Columns[k.entity.Attributes[i].Column].IsComputed() {
		return k.entity.Attributes[i].Column
	}
	if k.from.guessed && k.from.ColumnIndex(name) < 0 {
		return -1 // or every name would be a column
	}
	return k.ownColumn(name)
}

// addComputed adds a computed column and returns its position. It is NULL if an
// input is.
func (k *entityChecker) addComputed(attribute string, c computation, of Column) int {
	of.Name, of.computation = k.joinedName(attribute), c
	of.Nullable = slices.ContainsFunc(c.inputs(), func(i int) bool { return k.entity.Columns[i].mayBeNull() })
	k.entity.Columns = append(k.entity.Columns, of)
	return len(k.entity.Columns) - 1
}

// itemKey reads the key templates of an entity of a multi-entity table. They are
// the truth: an attribute of that name must say the same, and is there if the
// contract lists none.
func (k *entityChecker) itemKey() {
	if k.node == k.of.node {
		return
	}
	for _, key := range []string{"pk", "sk"} {
		name, at := k.of.node.str(key), k.at+"/"+key+"_template"
		text := k.node.get(key + "_template")
		if name == "" || text == nil || text.form != formString {
			if name != "" && k.attributeNamed(name) < 0 {
				k.err(k.at, fmt.Sprintf("has neither a %s_template nor an attribute %s", key, name), "add one")
			}
			continue
		}
		column := k.templated(name, text.text, at)
		i := k.attributeNamed(name)
		switch {
		case column < 0:
		case i < 0:
			k.entity.Attributes = append(k.entity.Attributes, Attribute{Name: name, Type: "S", Column: column})
			k.attributeAt = append(k.attributeAt, at)
			k.attributeType(k.entity.Attributes[len(k.entity.Attributes)-1], at)
		case k.entity.Attributes[i].Column >= 0 && !k.same(column, k.entity.Attributes[i].Column):
			k.err(k.attributeAt[i], fmt.Sprintf("attribute %s does not resolve to %q, which the %s_template says", name, text.text, key),
				"take the attribute out: the template makes it")
		default:
			k.entity.Attributes[i].Column = max(k.entity.Attributes[i].Column, -1)
		}
	}
}

// same reports whether two columns always hold the same.
func (k *entityChecker) same(a, b int) bool {
	if a == b {
		return true
	}
	x, y := &k.entity.Columns[a], &k.entity.Columns[b]
	s, isTemplate := x.computation.(*templated)
	t, bothAre := y.computation.(*templated)
	if isTemplate && bothAre {
		return slices.EqualFunc(s.parts(), t.parts(), func(p, q part) bool { return p == q })
	}
	return x.Join != nil && y.Join != nil && x.Join.equal(y.Join)
}

// A part is a piece of a template with the column it means.
type part struct {
	literal string
	column  int
	width   int
}

func (t *templated) parts() []part {
	var all []part
	names := t.template.Names()
	for _, p := range t.template.Placeholders() {
		column := -1
		if p.Name != "" {
			column = t.columns[slices.Index(names, p.Name)]
		}
		all = append(all, part{p.Literal, column, p.Width})
	}
	return all
}

// equal reports whether two joins find the same.
func (j *Join) equal(o *Join) bool {
	return j.Kind == JoinLookup && o.Kind == JoinLookup && j.value.String() == o.value.String() && j.orElse == o.orElse && j.hasElse == o.hasElse &&
		slices.EqualFunc(j.Hops, o.Hops, func(a, b Hop) bool { return a.Source == b.Source && slices.Equal(a.On, b.On) })
}

// notYet finds what the stores of this version can't do with a contract.
func (c *Contract) notYet() []Finding {
	var found checker
	for _, t := range c.Tables {
		var names []string
		for _, e := range c.Entities {
			if e.Table == t {
				names = append(names, e.Name)
			}
		}
		if len(names) > 1 {
			found.later("", fmt.Sprintf("table %s with %s in it", t.Name, strings.Join(names, ", ")))
		}
	}
	for _, e := range c.Entities {
		if e.moves {
			found.later("", fmt.Sprintf("entity %s, whose items move when other columns than the primary key change", e.Name))
		}
		var names []string
		for _, column := range e.Columns {
			if !column.IsOwn() {
				names = append(names, column.Name)
			}
		}
		if len(names) > 0 {
			found.later("", fmt.Sprintf("entity %s with %s, which are joined or computed", e.Name, strings.Join(names, ", ")))
		}
	}
	return found.findings
}
