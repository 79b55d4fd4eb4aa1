package mysqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// joins looks at what the entity's joins need of MySQL.
func (l *liveCheck) joins(e *transform.Entity) {
	at := l.all.at
	defer func() { l.all.at = at }()
	for i := range e.Columns {
		j := e.Columns[i].Join
		if j == nil || e.Columns[i].Hydrated { // of which records are read by their keys, or counted by a foreign key's index
			continue
		}
		v := joinCheck{liveCheck: l, entity: e, join: j, live: e.Columns[i].Keep.MySQL != transform.KeepCopy}
		l.all.at, v.attribute = attributeOf(e, i)
		for hop := range j.Hops {
			v.forward(hop)
			v.back(hop)
			v.collations(hop)
		}
		if j.Kind == transform.JoinDepth || j.Kind == transform.JoinPath {
			v.back(-1)
		}
	}
}

// A joinCheck looks at one join.
type joinCheck struct {
	*liveCheck
	entity    *transform.Entity
	join      *transform.Join
	attribute string
	live      bool // the item follows when the joined rows change
}

// forward checks that the rows of a hop are found by an index: they are looked
// for once for each row that is read.
func (v *joinCheck) forward(hop int) {
	h := v.join.Hops[hop]
	var columns []string
	for _, on := range h.On {
		columns = withName(columns, h.Source.Columns[on.Column].Name)
	}
	if !v.served(h.Source.Name, columns) {
		v.all.add(transform.Warning, fmt.Sprintf("attribute %s joins %s by %s, and no index begins with that: each row that is read reads the whole table",
			v.attribute, h.Source.Name, strings.Join(columns, ", ")), mendIndex(h.Source.Name, columns))
	}
}

// back checks the other direction: when a row of the hop changes, the rows that
// are joined to it are looked for. Hop -1 is the tree that a row is in.
func (v *joinCheck) back(hop int) {
	if !v.live {
		return
	}
	changed := v.entity.Source
	columns := map[int][]string{} // by the hop that they are of
	if hop < 0 {
		columns[-1] = []string{v.entity.Columns[v.join.Parent].Name}
	} else {
		changed = v.join.Hops[hop].Source.Name
		for _, on := range v.join.Hops[hop].On {
			_, c := v.origin(on)
			columns[on.From] = withName(columns[on.From], c.Name)
		}
	}
	for from := -1; from < len(v.join.Hops); from++ {
		table := v.table(from)
		if names := columns[from]; len(names) > 0 && !v.served(table, names) {
			v.all.add(transform.Warning, fmt.Sprintf("attribute %s follows the rows of %s, and no index of %s begins with %s: each change there reads the whole table",
				v.attribute, changed, table, strings.Join(names, ", ")), mendIndex(table, names))
		}
	}
}

// table returns the table of a hop, -1 for the entity's own.
func (v *joinCheck) table(hop int) string {
	if hop < 0 {
		return v.entity.Source
	}
	return v.join.Hops[hop].Source.Name
}

// origin returns the other side of a condition, and its table.
func (v *joinCheck) origin(on transform.On) (table string, c *transform.Column) {
	if on.From < 0 {
		return v.entity.Source, &v.entity.Columns[on.FromColumn]
	}
	s := v.join.Hops[on.From].Source
	return s.Name, &s.Columns[on.FromColumn]
}

// collations finds conditions whose sides compare texts in different ways.
func (v *joinCheck) collations(hop int) {
	h := v.join.Hops[hop]
	for _, on := range h.On {
		table, c := v.origin(on)
		a := v.collation(h.Source.Name, h.Source.Columns[on.Column].Name)
		b := v.collation(table, c.Name)
		if a == "" || b == "" || a == b {
			continue
		}
		what := fmt.Sprintf("attribute %s compares %s.%s (%s) with %s.%s (%s)", v.attribute,
			h.Source.Name, h.Source.Columns[on.Column].Name, a, table, c.Name, b)
		if charsetOf(a) == charsetOf(b) && !bytewise(a) && !bytewise(b) {
			v.all.add(transform.Error, what+", which MySQL refuses: an illegal mix of collations", "give both columns one collation")
			continue
		}
		v.all.add(transform.Warning, what+": MySQL converts one of them for each row, and may not use its index", "give both columns one collation")
	}
}

// collation returns the collation of a live column, "" of one that has none.
func (v *joinCheck) collation(table, column string) string {
	t := v.tables[table]
	if t == nil {
		return ""
	}
	if i := columnOf(t.columns, column); i >= 0 {
		return t.columns[i].Collation
	}
	return ""
}

// charsetOf returns the character set of a collation, which its name begins with.
func charsetOf(collation string) string {
	name, _, _ := strings.Cut(collation, "_")
	if name == "utf8" {
		return "utf8mb3"
	}
	return name
}

// sideEffects finds what changes rows of a table without a statement of this
// library, so that no item would follow: foreign keys that cascade, and triggers.
// Of a contract that can be migrated it is an error where Ready refuses it.
func (l *liveCheck) sideEffects(ctx context.Context, table string) error {
	severity := transform.Error
	if len(l.store.contract.NotYet) > 0 {
		severity = transform.Warning
	}
	recorded, err := recordedParents(ctx, l.conn, l.store.contract.Group)
	if err != nil {
		return err
	}
	for _, k := range l.tables[table].foreign {
		if has(recorded, k.parent) || k.ties(l.store.contract, table) {
			continue
		}
		if cascades(k.rule) && !k.declared(l.store.contract.Entities...) {
			l.all.add(severity, undeclaredCascade(table, k), mendCascade(l.store.contract, table))
		}
		followed(l.store.contract, k, severity, &l.all)
	}
	return otherTriggers(ctx, l.conn, l.store.contract, table, severity, &l.all)
}

// cascades reports whether a foreign key's rule changes rows.
func cascades(rule string) bool {
	switch strings.ToUpper(rule) {
	case "CASCADE", "SET NULL", "SET DEFAULT":
		return true
	}
	return false
}
