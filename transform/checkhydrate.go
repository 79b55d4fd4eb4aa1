package transform

import (
	"fmt"
	"slices"
	"strings"
)

// hydrations finds the joined columns that are read with a record and not stored, and
// those of which items have a copy beside. Of those that the contract wants so and that
// can't be, unhydrated says why.
func (c *checker) hydrations(contract *Contract) {
	for _, k := range c.entities {
		for i := range k.entity.Columns {
			column := &k.entity.Columns[i]
			if column.Join == nil || column.Join.Owned || !column.Keep.hydrates() || errorsIn(c.findings) > 0 {
				continue
			}
			if h, why := contract.hydration(k.entity, i); why == nil {
				k.entity.hydrate(h)
			}
		}
	}
}

// An obstacle is why a column can't be hydrated, and how to mend that.
type obstacle struct{ reason, mend string }

// hydration makes the reading of a joined column.
func (c *Contract) hydration(e *Entity, column int) (*Hydration, *obstacle) {
	j := e.Columns[column].Join
	h := &Hydration{Column: column, entity: e}
	switch made := e.basisOf(column); {
	case e.Columns[column].Keep.MySQL == KeepCopy && e.Columns[column].Keep.DynamoDB != KeepCopy:
		return nil, &obstacle{"it is a copy while MySQL leads, which an item would have to hold", `make it "mysql": "live"`}
	case len(made) > 0:
		return nil, &obstacle{fmt.Sprintf("%s is made of it, which an item would have to hold", strings.Join(made, ", ")),
			"give the attribute the joined column as it is, and make the rest of it in the service"}
	case j.Kind == JoinAggregate:
		return h, c.tallying(h, j)
	case e.Columns[column].Keep.DynamoDB == KeepEdge, e.Columns[column].Keep.DynamoDB == KeepCopy:
		h.frozen = e.Columns[column].Keep.DynamoDB == KeepCopy
		return h, c.copying(h, j)
	case j.Kind == JoinDepth, j.Kind == JoinPath:
		return h, h.treeHydration(j)
	case j.Kind != JoinLookup:
		return nil, &obstacle{"it is not one column of one row", "select single columns"}
	}
	return h, c.follows(h, j)
}

// follows finds the records that a join finds one after the other, and what is shown of
// them.
func (c *Contract) follows(h *Hydration, j *Join) *obstacle {
	for i := range j.Hops {
		hop, why := c.hydratedHop(h.entity, h, &j.Hops[i])
		if why != nil {
			return why
		}
		h.hops = append(h.hops, hop)
	}
	return h.selects(j)
}

// hydratedHop finds the entity whose records a hop finds by their key.
func (c *Contract) hydratedHop(e *Entity, h *Hydration, hop *Hop) (hydratedHop, *obstacle) {
	var why *obstacle
	for _, target := range c.Entities {
		if target.Source != hop.Source.Name {
			continue
		}
		found := hydratedHop{target: target}
		if found.from, why = h.origins(e, target, hop); why == nil {
			return found, nil
		}
	}
	if why == nil {
		why = &obstacle{"no entity has the rows of " + hop.Source.Name, "make an entity of that table"}
	}
	return hydratedHop{}, why
}

// origins finds what the whole key of a target equals.
func (h *Hydration) origins(e, target *Entity, hop *Hop) ([]origin, *obstacle) {
	var from []origin
	for _, key := range target.KeyColumns {
		i := slices.IndexFunc(hop.On, func(on On) bool { return hop.Source.Columns[on.Column].Name == target.Columns[key].Name })
		if i < 0 || len(hop.On) != len(target.KeyColumns) {
			return nil, &obstacle{fmt.Sprintf("%s is not joined by its primary key, and nothing else", target.Source), "join it by that"}
		}
		o, of := origin{hop.On[i].From, hop.On[i].FromColumn}, e
		if o.hop >= 0 {
			of = h.hops[o.hop].target
			o.column = of.ColumnIndex(e.Columns[h.Column].Join.Hops[o.hop].Source.Columns[o.column].Name)
		}
		if why := of.hydratesFrom(o.column); why != nil {
			return nil, why
		}
		if why := of.Columns[o.column].refersLike(&target.Columns[key], target); why != nil {
			return nil, why
		}
		from = append(from, o)
	}
	return from, nil
}

// hydratesFrom says why the records of an entity don't have a column in every phase.
func (e *Entity) hydratesFrom(column int) *obstacle {
	switch {
	case column < 0 || !e.Columns[column].IsOwn():
		return &obstacle{fmt.Sprintf("it needs a column of %s that is not one of its own", e.Name), "join by columns of the row itself"}
	case !e.carried()[column]:
		return &obstacle{fmt.Sprintf("no attribute of %s carries %s, so its items don't tell it", e.Name, e.Columns[column].Name), "add one"}
	}
	return nil
}

// refersLike says why the column's values can't be keys of the target.
func (c *Column) refersLike(key *Column, target *Entity) *obstacle {
	switch {
	case !sameForm(c, key) || c.Kind == Float:
		return &obstacle{fmt.Sprintf("column %s is %s, and %s of %s, whose key it is, %s", c.Name, c.typeName(), key.Name, target.Name, key.typeName()),
			"give both one type, and no floating point"}
	case c.Kind == Text && !c.isLabelled() && c.Collation != key.Collation:
		return &obstacle{fmt.Sprintf("column %s has the collation %s, and %s of %s has %s", c.Name, orNone(c.Collation), key.Name, target.Name, orNone(key.Collation)),
			"give both one collation"}
	}
	return nil
}

// selects finds the column that is shown.
func (h *Hydration) selects(j *Join) *obstacle {
	ref, alone := j.value.Column()
	h.hop = -1
	for i := range j.Hops {
		if alone && ref.Table == hopAlias(i) {
			h.hop = i
		}
	}
	if h.hop < 0 {
		return &obstacle{"what is selected is not a single column of a joined row", "select the columns as attributes of their own, and make the rest of them in the service"}
	}
	target := h.hops[h.hop].target
	h.value = target.ColumnIndex(ref.Name)
	if why := target.hydratesFrom(h.value); why != nil {
		return why
	}
	has, shows := &target.Columns[h.value], &h.entity.Columns[h.Column]
	number := func(k Kind) bool { return k == Int || k == Bool }
	if has.Kind != shows.Kind && !(number(has.Kind) && number(shows.Kind)) || has.ZeroDates != shows.ZeroDates {
		return &obstacle{fmt.Sprintf("%s has %s in another form", target.Name, has.Name), "give both attributes the same type and zero_dates"}
	}
	return nil
}

// hydratedElsewhere finds what else would need the column in an item: unique values,
// and what an index projects by name.
func (k *entityChecker) hydratedElsewhere(column, at string) {
	i := k.columnNamed(column)
	for _, u := range k.entity.Unique {
		if slices.Contains(u.Columns, i) {
			k.err(at+"/keep/dynamodb", fmt.Sprintf("what is hydrated is not in the item, and the unique %s is made of it", u.Name), "make it of the record's own columns")
		}
	}
	for _, a := range k.entity.Attributes {
		for _, index := range k.entity.Table.Indexes {
			if a.Column == i && slices.Contains(index.Projected, a.Name) && !k.of.stores(a.Name) {
				k.err(at+"/keep/dynamodb", fmt.Sprintf("what is hydrated is not in the item, and index %s projects %s", index.Name, a.Name), k.entity.Columns[i].Join.projectable()+"take it out of the index")
			}
		}
	}
}

// projectable says how items may have what is joined, if they may.
func (j *Join) projectable() string {
	switch {
	case j == nil || j.Kind != JoinAggregate:
		return `use "edge", or `
	case j.Operation == "COUNT":
		return `use "counter", or `
	}
	return ""
}

// stores reports whether the items of one of the table's entities have an attribute.
func (k *tableChecker) stores(name string) bool {
	return slices.ContainsFunc(k.entities, func(e *entityChecker) bool {
		i := e.attributeNamed(name)
		return i >= 0 && (e.entity.Attributes[i].Column < 0 || e.entity.Columns[e.entity.Attributes[i].Column].Keep.DynamoDB != KeepHydrate)
	})
}

// keptBy says how a column is kept.
var keptBy = map[string]string{KeepHydrate: "hydrated", KeepEdge: "kept by an edge", KeepCounter: "kept by a counter", KeepCopy: "kept by a copy"}

// unhydrated finds the columns that the contract wants kept in a way in which they can't
// be.
func (c *Contract) unhydrated(e *Entity, found *checker) {
	for i := range e.Attributes {
		column := e.Attributes[i].Column
		if column < 0 {
			continue
		}
		for _, b := range e.basis(column) {
			of := &e.Columns[b]
			if of.Join == nil || of.Join.Owned || of.Hydrated || !of.Keep.hydrates() {
				continue
			}
			if _, why := c.hydration(e, b); why != nil {
				found.err(e.AttributePointer(i), fmt.Sprintf("attribute %s of entity %s can't be %s: %s", e.Attributes[i].Name, e.Name, keptBy[of.Keep.DynamoDB], why.reason), why.mend)
			}
		}
	}
}
