package transform

import (
	"fmt"
	"slices"
	"strings"
)

// noCount says why an aggregate is not over records, which is all that is read for one.
func (c *Contract) noCount(j *Join) string {
	part := func(e *Entity) bool {
		return slices.ContainsFunc(e.Columns, func(o Column) bool {
			return o.Join != nil && c.owns(e, o.Join) && o.Join.Hops[0].Source == j.Hops[0].Source
		})
	}
	switch {
	case len(j.Hops) == 0:
		return "" // the join is wrong, which is found
	case slices.ContainsFunc(c.Entities, part) && j.Operation != "COUNT":
		return "the rows of " + j.Hops[0].Source.Name + " are part of a record, which has their list"
	case slices.ContainsFunc(c.Entities, part):
		return "the rows of " + j.Hops[0].Source.Name + " are part of a record, and as many as its list is long"
	case c.entityOf(j.Hops[0].Source) == nil:
		return "no entity has the rows of " + j.Hops[0].Source.Name + ", so there are no records to count"
	}
	return ""
}

// tallying makes the counting of an aggregate, of which the item may have the number.
func (c *Contract) tallying(h *Hydration, j *Join) *obstacle {
	keep := h.entity.Columns[h.Column].Keep.DynamoDB
	switch {
	case j.Operation != "COUNT" && keep != KeepHydrate:
		return &obstacle{fmt.Sprintf("it is made by %s, which no item keeps", j.Operation), `use "hydrate", which makes it when it is read`}
	case keep == KeepCopy:
		return &obstacle{"a number that stays when records come and go is that of no moment which the item tells", `use "counter", or "hydrate"`}
	}
	if why := c.counting(h, j); why != nil || keep == KeepHydrate {
		return why
	}
	h.counter = true
	return h.entity.uncopied(h.Column)
}

// counting finds the reference by which the records refer that a column counts, or has
// the totals of. Where DynamoDB leads they are found by it and by nothing else.
func (c *Contract) counting(h *Hydration, j *Join) *obstacle {
	if len(j.Hops) == 0 {
		return &obstacle{"the join is wrong", ""} // which is found
	}
	why := &obstacle{"the rows of " + j.Hops[0].Source.Name + " are no records of an entity", "count the list that they are, or make an entity of their table"}
	for _, of := range c.Entities {
		if of.Source != j.Hops[0].Source.Name {
			continue
		}
		f := of.referenceBy(h.entity, j)
		switch {
		case f == nil:
			why = h.entity.unreferred(of, j)
		case of.expires():
			why = &obstacle{fmt.Sprintf("items of %s expire, and what the service deletes is counted still", of.Name), `take "ttl" out, and delete them`}
		case j.Operation != "COUNT":
			h.totals = f
			return h.total(j)
		default:
			h.counts = f
			return j.countable()
		}
	}
	return why
}

// referenceBy returns the reference whose columns a join compares with the primary key
// of the target, and which it compares nothing else with; nil if there is none.
func (e *Entity) referenceBy(target *Entity, j *Join) *Reference {
	source := j.Hops[0].Source
	for _, f := range e.References {
		if f.to != target || len(f.Columns) != len(j.Hops[0].On) {
			continue
		}
		joined := func(n int) bool {
			return slices.ContainsFunc(j.Hops[0].On, func(on On) bool {
				return on.From < 0 && on.FromColumn == target.KeyColumns[n] && source.Columns[on.Column].Name == e.Columns[f.Columns[n]].Name
			})
		}
		all := true
		for n := range f.Columns {
			all = all && joined(n)
		}
		if all {
			return f
		}
	}
	return nil
}

// unreferred says that no reference of an entity tells which of its records are counted.
func (e *Entity) unreferred(of *Entity, j *Join) *obstacle {
	var columns, keys []string
	for _, i := range e.KeyColumns {
		on := slices.IndexFunc(j.Hops[0].On, func(on On) bool { return on.From < 0 && on.FromColumn == i })
		if on < 0 || len(j.Hops[0].On) != len(e.KeyColumns) {
			return &obstacle{fmt.Sprintf("records of %s are counted that refer to one of %s, and the join does not compare its whole primary key, and nothing else", of.Name, e.Name),
				"join by that"}
		}
		columns = append(columns, fmt.Sprintf("%q", j.Hops[0].Source.Columns[j.Hops[0].On[on].Column].Name))
		keys = append(keys, e.Columns[i].Name)
	}
	return &obstacle{fmt.Sprintf("no reference of %s says that %s is the %s of a record of %s", of.Name, strings.Join(columns, ", "), strings.Join(keys, ", "), e.Name),
		fmt.Sprintf(`add {"columns": [%s], "entity": %q, "on_delete": …} to the "references" of %s`, strings.Join(columns, ", "), e.Name, of.Name)}
}

// countable says why a count of rows would be another number than that of the records.
func (j *Join) countable() *obstacle {
	if j.value.String() == everyRow {
		return nil
	}
	ref, alone := j.value.Column()
	source := j.Hops[0].Source
	i := source.ColumnIndex(ref.Name)
	switch {
	case !alone || ref.Table != hopAlias(0) || i < 0:
		return &obstacle{"what is counted is not a single column of the rows", `use "select_column": "*"`}
	case !source.Columns[i].Nullable, slices.Contains(source.Key, i), slices.ContainsFunc(j.Hops[0].On, func(on On) bool { return on.Column == i }):
		return nil
	}
	return &obstacle{fmt.Sprintf("rows whose %s is NULL are not counted, and all records that refer are", source.Columns[i].Name), `use "select_column": "*"`}
}

// expires reports whether the service may delete items of the entity by itself.
func (e *Entity) expires() bool { return e.Table.TTL != "" && e.AttributeIndex(e.Table.TTL) >= 0 }

// uncounted finds the aggregates of which nothing says how they are kept.
func (c *Contract) uncounted(e *Entity, found *checker) {
	for i, a := range e.Attributes {
		if a.Column < 0 {
			continue
		}
		for _, b := range e.basis(a.Column) {
			of := &e.Columns[b]
			if of.Join == nil || of.Join.Kind != JoinAggregate || of.Keep.hydrates() {
				continue
			}
			reason := fmt.Sprintf("attribute %s of entity %s is made by %s, and nothing says how it is kept", a.Name, e.Name, of.Join.Operation)
			mend := `use "keep": {"dynamodb": "hydrate"}, to have it made when it is read`
			if of.Join.Operation == "COUNT" {
				reason = fmt.Sprintf("attribute %s of entity %s is a COUNT, and nothing says how it is kept", a.Name, e.Name)
				mend = `use "keep": {"dynamodb": "counter"} for a number in the item, or "hydrate" for one that is counted when it is read`
			}
			found.err(e.AttributePointer(i), reason, mend)
		}
	}
}
