package transform

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// keep reads how an attribute's joined column is kept. What of that can work is
// known when all entities are: see keeps.
func (k *entityChecker) keep(n *node, at string, column int) {
	keep := n.get("keep")
	if column >= 0 && k.entity.Columns[column].Join != nil {
		c := &k.entity.Columns[column]
		c.Keep = Keep{MySQL: keep.str("mysql"), DynamoDB: keep.str("dynamodb")}
		k.joinedAt[c.Name] = at
		return
	}
	joins := n.get("join") != nil || n.get("calculation") != nil && readsRows(n.get("calculation")) ||
		n.get("transformation") != nil && readsRows(n.get("transformation"))
	if keep != nil && (column >= 0 || !joins) {
		k.err(at+"/keep", fmt.Sprintf("attribute %s is not joined: it changes with its own record only", n.str("name")), "take it out")
	}
}

// keeps checks how the joined columns of all entities are kept.
func (c *checker) keeps(contract *Contract) {
	for _, k := range c.entities {
		k.carriers = k.entity.joinCarriers()
		for i := range k.entity.Columns {
			column := &k.entity.Columns[i]
			if column.Join == nil {
				continue
			}
			column.Join.Owned = contract.owns(k.entity, column.Join)
			at := k.joinedAt[column.Name]
			k.joinable(column.Join, at)
			k.kept(contract, column, at)
			if column.Join.Owned {
				k.childrenLost(column.Join, at)
			}
		}
	}
}

// kept checks one joined column.
func (k *entityChecker) kept(contract *Contract, column *Column, at string) {
	means := contract.means(k, column.Join)
	possible := strings.Join(sortedKeys(means), ", ")
	switch how := column.Keep.DynamoDB; {
	case column.Join.Owned && column.Keep != Keep{}:
		k.warn(at+"/keep", fmt.Sprintf("the rows of %s are part of the record: whoever writes it writes them, so nothing has to be kept", column.Join.Hops[0].Source.Name), "take it out")
	case column.Join.Owned:
	case how == "":
		k.warn(at, "DynamoDB joins nothing, and nothing says how the attribute is kept while it is the authority: the stores refuse the contract",
			fmt.Sprintf(`add "keep": {"mysql": "live", "dynamodb": …} with one of %s`, possible))
	case !means[how] && contract.noMeans(k, column.Join, how) != "": // of unknown ones the shape has spoken
		k.err(at+"/keep/dynamodb", fmt.Sprintf("%q can't keep this attribute: %s", how, contract.noMeans(k, column.Join, how)),
			contract.mendOfMeans(k, column.Join, how)+"use "+possible)
	default:
		if how == KeepHydrate {
			k.hydrated(column.Name, at)
			k.hydratedElsewhere(column.Name, at)
		}
	}
}

// hydrated finds keys that are made of what is not in the item.
func (k *entityChecker) hydrated(column, at string) {
	t := k.entity.Table
	keys := []KeyAttribute{t.PK, t.SK}
	for _, index := range t.Indexes {
		keys = append(keys, index.PK, index.SK)
	}
	for _, key := range keys {
		i := k.attributeNamed(key.Name)
		if i < 0 || !slices.Contains(k.madeOf(k.entity.Attributes[i].Column), k.columnNamed(column)) {
			continue
		}
		k.err(at+"/keep/dynamodb", fmt.Sprintf("what is hydrated is not in the item, and the key attribute %s is made of it", key.Name),
			"make it of the record's own columns")
		return
	}
}

// madeOf returns the columns that a column is computed of, or itself.
func (k *entityChecker) madeOf(column int) []int {
	if column < 0 {
		return nil
	}
	return k.entity.basis(column)
}

// owns reports whether the rows of a join are part of the entity's records.
func (c *Contract) owns(e *Entity, j *Join) bool {
	if j.Kind != JoinChildren || j.Limit > 0 || c.entityOf(j.Hops[0].Source) != nil || len(e.KeyColumns) == 0 {
		return false
	}
	var from []int
	for _, on := range j.Hops[0].On {
		from = append(from, on.FromColumn)
	}
	return sameColumns(from, e.KeyColumns)
}

// entityOf returns the first entity whose rows the table has, or nil.
func (c *Contract) entityOf(s *Source) *Entity {
	for _, e := range c.Entities {
		if e.Source == s.Name {
			return e
		}
	}
	return nil
}

// means returns how a joined column may be kept while DynamoDB is the authority.
func (c *Contract) means(k *entityChecker, j *Join) map[string]bool {
	means := map[string]bool{KeepCopy: true}
	for _, how := range []string{KeepEdge, KeepCounter, KeepHydrate} {
		if c.noMeans(k, j, how) == "" {
			means[how] = true
		}
	}
	return means
}

// noMeans says why a joined column can't be kept in a way, "" if it can.
func (c *Contract) noMeans(k *entityChecker, j *Join, how string) string {
	switch how {
	case KeepCounter:
		return cmp.Or(c.noCounter(j), k.noNumber(j))
	case KeepHydrate:
		if j.Kind == JoinAggregate {
			return c.noCount(j)
		}
		return c.noKeyedJoin(k.entity, j)
	case KeepEdge:
		return c.noKeyedJoin(k.entity, j)
	}
	return ""
}

// noCounter says why no item can have the number.
func (c *Contract) noCounter(j *Join) string {
	if j.Kind != JoinAggregate || j.Operation != "COUNT" && j.Operation != "SUM" {
		return "a counter is for COUNT and SUM"
	}
	if len(j.Hops) == 0 {
		return "" // the join is wrong, which is found
	}
	for _, r := range j.value.Refs() {
		if r.Table == ownAlias {
			return "it adds up columns of the record itself, which who writes the counted rows does not have"
		}
	}
	table := j.Hops[0].Source
	for _, e := range c.Entities {
		if e.Source == table.Name || slices.ContainsFunc(e.Columns, func(o Column) bool {
			return o.Join != nil && c.owns(e, o.Join) && o.Join.Hops[0].Source == table
		}) {
			return ""
		}
	}
	return "no entity has the rows of " + table.Name + ", so nothing that is written to DynamoDB changes the counter"
}

// noNumber says why the attribute of a joined column can't be a counter: the number is
// written by itself, as a number, and what is made of one would stay as it was.
func (k *entityChecker) noNumber(j *Join) string {
	own, made := k.carriers[j].own, k.carriers[j].made
	switch {
	case own != nil && own.Type != "N":
		return fmt.Sprintf("a counter is an attribute of type N, and %s is of type %s", own.Name, own.Type)
	case own != nil && made != nil:
		return fmt.Sprintf("when %s is counted anew %s stays, which is made of it", own.Name, made.Name)
	case made != nil:
		return fmt.Sprintf("a counter is an attribute of type N that stands for itself, and %s is a transformation of the number", made.Name)
	}
	return ""
}

// A joinCarrier is the attribute that is a joined column as it is, and the first
// that is made of it; nil where there is none.
type joinCarrier struct{ own, made *Attribute }

// joinCarriers returns those of all joined columns.
func (e *Entity) joinCarriers() map[*Join]joinCarrier {
	all := make(map[*Join]joinCarrier)
	for i := range e.Attributes {
		a := &e.Attributes[i]
		if a.Column < 0 {
			continue // which is found
		}
		for _, column := range e.basis(a.Column) {
			j := e.Columns[column].Join
			if j == nil {
				continue
			}
			carrier := all[j]
			if column == a.Column {
				carrier.own = a
			} else if carrier.made == nil {
				carrier.made = a
			}
			all[j] = carrier
		}
	}
	return all
}

// mendOfMeans is what beside another way would keep an attribute as the contract
// wants it.
func (c *Contract) mendOfMeans(k *entityChecker, j *Join, how string) string {
	if own := k.carriers[j].own; how == KeepCounter && c.noCounter(j) == "" && own != nil && own.Type != "N" {
		return "make it N, or "
	}
	return ""
}

// noKeyedJoin says why the joined items can't be named by their keys, which is
// how edge items and batch gets find them. A tree is joined by key, level by level.
func (c *Contract) noKeyedJoin(e *Entity, j *Join) string {
	switch j.Kind {
	case JoinDepth, JoinPath:
		return ""
	case JoinAggregate:
		return "an aggregate is over many rows, and only a join of one row by its key has an item to follow"
	case JoinChildren:
		return "an array is of many rows, and only a join of one row by its key has an item to follow"
	}
	for _, h := range j.Hops {
		var on []int
		for _, o := range h.On {
			on = append(on, o.Column)
		}
		if c.entityOf(h.Source) == nil {
			return "no entity has the rows of " + h.Source.Name + ", so there are no items to follow"
		}
		if !h.Source.guessed && !sameColumns(on, h.Source.Key) {
			return h.Source.Name + " is not joined by its primary key, by which its items are found"
		}
	}
	return ""
}

// childrenLost finds columns of the record's child rows that no item has.
func (k *entityChecker) childrenLost(j *Join, at string) {
	if lost := j.lostFields(); len(lost) > 0 {
		k.warn(at+"/join/construction/select_columns", fmt.Sprintf("no field carries %s of %s, so its rows can't be made from the item: the step to phase 4 is refused",
			strings.Join(lost, ", "), j.Hops[0].Source.Name), "select them too")
	}
}

// lostFields returns the columns of the rows of an owned join that are neither
// in its fields nor told by the record's key.
func (j *Join) lostFields() []string {
	h := j.Hops[0]
	if h.Source.guessed {
		return nil
	}
	var lost []string
	for i, c := range h.Source.Columns {
		if !c.isComputedByMySQL() && !slices.ContainsFunc(j.Fields, func(f Field) bool { return f.Column == i }) &&
			!slices.ContainsFunc(h.On, func(on On) bool { return on.Column == i }) {
			lost = append(lost, c.Name)
		}
	}
	return lost
}

// Unkept returns the names of the joined columns of which the contract does not
// say how they are kept while DynamoDB is the authority, in the order of Columns.
func (e *Entity) Unkept() []string {
	var names []string
	for _, c := range e.Columns {
		if c.Join != nil && !c.Join.Owned && c.Keep.DynamoDB == "" {
			names = append(names, c.Name)
		}
	}
	return names
}
