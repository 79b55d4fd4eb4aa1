package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// strangers warns of items of other entities that a query finds too: those that
// can have the same partition key, and a sort key that begins as this entity's.
// whole says that the pattern gives the sort key as it is.
func (p *patternChecker) strangers(by string, pk, sk KeyAttribute, whole bool) {
	sort := p.entity.keyTemplate(sk)
	for _, other := range p.entity.of.entities {
		theirs := other.keyTemplate(sk)
		switch {
		case other == p.entity || !other.meets(p.entity, pk): // not in the index, or elsewhere in it
		case !sk.IsZero() && (sort == nil || theirs == nil || !theirs.MayBegin(sort.Prefix())):
		case !sk.IsZero() && whole && !other.meets(p.entity, sk):
		default:
			p.warn(p.at, fmt.Sprintf("a query of %s for %s reads items of %s too, which may have the same partition key", by, p.entity.entity.Name, other.entity.Name),
				"begin the sort key, or the partition key, of each entity with a text of its own")
		}
	}
}

// satisfied compares what the tables say they satisfy with what the patterns ask.
func (c *checker) satisfied(d *Document) {
	tables, pointer := d.tables()
	defined := make(map[string][]string) // the tables of a pattern's entities
	for _, n := range d.root.list("access_patterns") {
		defined[n.str("name")] = append(defined[n.str("name")], c.tableOf(n.str("entity")))
	}
	said, asks := make(map[string]bool), false
	for i, t := range tables {
		asks = asks || len(t.texts("satisfies")) > 0
		for j, name := range t.list("satisfies") {
			if name.form != formString {
				continue
			}
			said[name.text] = true
			at := pointer + "/" + strconv.Itoa(i) + "/satisfies/" + strconv.Itoa(j)
			asked, ok := defined[name.text]
			switch {
			case !ok:
				c.warn(at, fmt.Sprintf("nothing says what %s asks for, so it can't be checked that an index serves it", name.text), mendPattern(d, name.text))
			case !slices.Contains(asked, t.str("table")) && !slices.Contains(asked, ""):
				c.warn(at, fmt.Sprintf("%s asks for entities of other tables", name.text), "take it out here, or mend the pattern's entity")
			}
		}
	}
	for i, n := range d.root.list("access_patterns") {
		if name := n.str("name"); asks && name != "" && !said[name] {
			c.warn("/access_patterns/"+strconv.Itoa(i)+"/name", fmt.Sprintf("no table says that it satisfies %s", name),
				`add it to the "satisfies" of the entity's table`)
		}
	}
}

// moving warns of indexes whose keys change while a record stays: whether the
// service can bear that an index lags is not said where no pattern names it.
func (c *checker) moving(d *Document) {
	var table *tableChecker
	for _, k := range c.entities {
		if k.of == table {
			continue
		}
		table = k.of
		for i := range table.table.Indexes {
			index := &table.table.Indexes[i]
			names := table.changing(index)
			if len(names) == 0 || slices.ContainsFunc(d.root.list("access_patterns"), func(p *node) bool {
				return p.str("index") == index.Name && c.tableOf(p.str("entity")) == table.table.Name
			}) {
				continue
			}
			c.warn(table.indexAt[i], fmt.Sprintf("the key of index %s depends on %s: when that changes the entry moves, a moment after the write, and until then the index shows the record in the old place",
				index.Name, strings.Join(names, " and on ")), `define the access patterns that read the index, with "own_writes": false, so that this is known`)
		}
	}
}

// changing returns what an index's key is made of and can change while a record
// stays.
func (k *tableChecker) changing(index *Index) []string {
	var names []string
	for _, e := range k.entities {
		if i := e.attributeNamed(index.PK.Name); i >= 0 && e.entity.Attributes[i].Column >= 0 && e.entity.isUnique(e.entity.Attributes[i].Column) {
			continue // no query reads the index
		}
		for _, key := range []KeyAttribute{index.PK, index.SK} {
			i := e.attributeNamed(key.Name)
			if key.IsZero() || i < 0 || e.entity.Attributes[i].Column < 0 {
				continue
			}
			for _, name := range e.changing(e.entity.Attributes[i]) {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// mendPattern says where a pattern is defined. A contract that is a bare array of
// tables has no place for it.
func mendPattern(d *Document, name string) string {
	mend := fmt.Sprintf(`add {"name": %q, "entity": …, "index": …, "equal": […]} to "access_patterns"`, name)
	if d.root.form == formArray {
		return `make the document {"tables": […], "access_patterns": […]} and ` + mend
	}
	return mend
}

// tableOf returns the name of the entity's table, "" if there is no such entity.
func (c *checker) tableOf(entity string) string {
	for _, k := range c.entities {
		if k.entity.Name == entity {
			return k.entity.Table.Name
		}
	}
	return ""
}
