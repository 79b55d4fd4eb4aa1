package transform

import (
	"fmt"
	"slices"
	"strings"
)

// compute finds out what each attribute shows: its column, or what is calculated
// with that, or what a transformation makes of either. wrong says which attributes
// were found wrong before. Calculations come first, so that a template may name
// any attribute before its transformation.
func (k *entityChecker) compute(nodes []*node, wrong []bool) {
	k.before = make([]int, len(nodes))
	for i, n := range nodes {
		wrong[i] = wrong[i] || !k.calculate(n, i)
		k.before[i] = k.entity.Attributes[i].Column
	}
	for i, n := range nodes {
		wrong[i] = wrong[i] || !k.transform(n, i)
		if wrong[i] {
			k.entity.Attributes[i].Column = -1
		}
	}
}

// named returns the column that a name in a template means: that of an attribute of
// the entity, after its join or calculation and before its transformation, or one
// of the source table. It is -1 if there is none. Names in a case are looked for
// the other way round: see ownFragment.
func (k *entityChecker) named(name string) int {
	if i := k.attributeNamed(name); i >= 0 && i < len(k.before) && k.before[i] >= 0 {
		return k.before[i]
	}
	if k.from.guessed && k.from.ColumnIndex(name) < 0 {
		return -1 // or every name would be a column
	}
	return k.ownColumn(name)
}

// addComputed adds a computed column and returns its position.
func (k *entityChecker) addComputed(attribute string, c computation, of Column) int {
	of.Name, of.computation = k.joinedName(attribute), c
	of.Nullable = k.entity.computedNull(c)
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
			k.entity.Attributes = append(k.entity.Attributes, Attribute{Name: name, Type: "S", Column: column, made: text.text})
			k.attributeAt = append(k.attributeAt, at)
			k.attributeType(k.entity.Attributes[len(k.entity.Attributes)-1], at)
		case k.entity.Attributes[i].Column >= 0 && !k.same(column, k.entity.Attributes[i].Column):
			k.err(k.attributeAt[i], fmt.Sprintf("attribute %s does not resolve to %q, which the %s_template says", name, text.text, key),
				"take the attribute out: the template makes it")
			k.entity.Attributes[i].Column = column
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
	if literal, isLiteral := y.computation.(*constant); isLiteral && isTemplate && len(s.columns) == 0 {
		text, err := s.template.Format(nil)
		return err == nil && literal.is.kind == Text && literal.is.text == text
	}
	t, bothAre := y.computation.(*templated)
	if isTemplate && bothAre {
		return slices.EqualFunc(s.parts(), t.parts(), func(p, q part) bool { return p == q })
	}
	return x.Join != nil && y.Join != nil && x.Join.equal(y.Join)
}

// equal reports whether two joins find the same.
func (j *Join) equal(o *Join) bool {
	return j.Kind == JoinLookup && o.Kind == JoinLookup && j.value.String() == o.value.String() && j.orElse == o.orElse && j.hasElse == o.hasElse &&
		slices.EqualFunc(j.Hops, o.Hops, func(a, b Hop) bool { return a.Source == b.Source && slices.Equal(a.On, b.On) })
}

// notYet finds what the stores of this version can't do with a contract.
func (c *Contract) notYet() []Finding {
	var found checker
	for _, e := range c.Entities {
		if e.movesByJoin() {
			found.later("", fmt.Sprintf("entity %s, whose items move when rows of other tables change", e.Name))
		}
		var names []string
		for i, a := range e.Attributes {
			made, _ := e.MadeOf(i)
			if slices.ContainsFunc(made, func(column int) bool {
				// Of what is to be hydrated, unhydrated says more, and uncounted of aggregates.
				c := &e.Columns[column]
				return !c.IsOwn() && !c.Keep.hydrates() && e.ChildrenIn(column) == nil && (c.Join == nil || c.Join.Kind != JoinAggregate)
			}) {
				names = append(names, a.Name)
			}
		}
		if len(names) > 0 {
			found.later("", fmt.Sprintf("entity %s with %s, which are joined, or made of what is", e.Name, strings.Join(names, ", ")))
		}
		c.unhydrated(e, &found)
		c.uncounted(e, &found)
		found.unsought(e)
		found.findings = append(found.findings, c.childFaults(e)...)
	}
	return found.findings
}
