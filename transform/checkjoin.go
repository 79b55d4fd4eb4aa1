package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// A joiner reads one join, or a calculation over rows that are joined.
type joiner struct {
	*entityChecker
	n    *node
	at   string
	join *Join
	// called is what the contract calls the table of each hop.
	called []string
	// own says that the join finds nothing but the record's own row.
	own bool
}

// lookups are the joins that find one row in one table.
var lookups = []string{"foreign-key", "lookup-table", "self-join", "multi-column", "conditional"}

// joined reads the join of an attribute and returns its column's position, -1 if
// it is wrong. A join that finds the record's own row gives the column there.
func (k *entityChecker) joined(n *node, at string, a *Attribute) int {
	j := &joiner{entityChecker: k, n: n, at: at, join: &Join{Kind: JoinLookup}}
	before, unknown := len(k.findings), k.undescribed
	var column Column
	switch kind := n.str("type"); {
	case slices.Contains(lookups, kind):
		column = j.lookup(kind)
	case kind == "chain":
		column = j.chain()
	case kind == "json-construction":
		column = j.construction(a)
	case kind == "aggregate":
		column = j.aggregate(a)
	case kind == "depth", kind == "hierarchy-path":
		column = j.tree(kind)
	default: // which the walk has found
		return -1
	}
	if errorsIn(k.findings[before:]) > k.undescribed-unknown {
		return -1
	}
	if j.own && j.join.Kind == JoinObject {
		k.objects[a.Name] = j.join.Fields // which is calculated: see calculate
		return -1
	}
	tree := j.join.Kind == JoinDepth || j.join.Kind == JoinPath
	switch {
	case j.own:
		return k.columnNamed(column.Name)
	case len(j.join.Hops) == 0 && !tree: // something is missing, which the walk has found
		return -1
	}
	column.Name, column.Join = k.joinedName(a.Name), j.join
	return k.addJoined(column)
}

// joinedName returns the name of the column that the attribute is joined for:
// the attribute's, unless the source table has one of that name.
func (k *entityChecker) joinedName(attribute string) string {
	name := attribute
	for k.columnNamed(name) >= 0 {
		name += "_joined"
	}
	return name
}

func (k *entityChecker) addJoined(c Column) int {
	k.entity.Columns = append(k.entity.Columns, c)
	return len(k.entity.Columns) - 1
}

// lookup reads a join of one table, of which at most one row is found.
func (j *joiner) lookup(kind string) Column {
	target, alias := j.n.str("target_table"), j.n.str("join_alias")
	if kind == "self-join" {
		target = j.selfTarget(target, alias)
	}
	conditions := []string{"join_condition"}
	if kind == "multi-column" {
		conditions = nil
	}
	if !j.hop(target, alias, j.conditions(j.n, j.at, conditions), j.at) {
		return Column{}
	}
	j.identified()
	value, ok := j.selected("select_column", j.n.str("select_column"))
	if !ok {
		return Column{}
	}
	if kind == "conditional" {
		value, ok = j.conditional(value, alias)
		if !ok {
			return Column{}
		}
	}
	j.ownAgain(value)
	column := j.typeOf(value, j.at+"/select_column")
	j.nullValue(&column)
	return column
}

// ownAgain joins the record's own row with itself where more is selected of it
// than a column, which is no join at all.
func (j *joiner) ownAgain(value fragment.Fragment) {
	if _, alone := value.Column(); !j.own || alone && j.n.get("null_value") == nil {
		return
	}
	h := Hop{Source: j.from}
	for _, c := range j.from.Key {
		h.On = append(h.On, On{Column: c, From: -1, FromColumn: c})
	}
	j.own, j.join.Hops = false, []Hop{h}
}

// A condition is one equality of a join with its place in the document.
type condition struct {
	fragment.Equality
	text, at string
}

// conditions reads the join conditions that the properties have.
func (j *joiner) conditions(n *node, at string, properties []string) []condition {
	type text struct{ text, at string }
	var all []text
	for _, p := range properties {
		all = append(all, text{n.str(p), at + "/" + p})
	}
	if properties == nil {
		for i, t := range n.texts("join_conditions") {
			all = append(all, text{t, at + "/join_conditions/" + strconv.Itoa(i)})
		}
	}
	var out []condition
	for _, t := range all {
		equalities, err := fragment.ParseEqualities(t.text)
		if err != nil {
			j.err(t.at, err.Error(), "a join condition is an equality of two columns, or several with AND")
			continue
		}
		for _, e := range equalities {
			out = append(out, condition{e, t.text, t.at})
		}
	}
	return out
}

// hop adds a table to the join, and reports whether that went well.
func (j *joiner) hop(target, alias string, conditions []condition, at string) bool {
	if target == "" || len(conditions) == 0 {
		return false // which is an error already
	}
	before, unknown := len(j.findings), j.undescribed
	h, name := Hop{Source: j.sourceNamed(target, at)}, alias
	if name == "" {
		name = target
	}
	if alias != "" && (alias == j.entity.Source || slices.Contains(j.called, alias)) {
		j.err(at+"/join_alias", fmt.Sprintf("the alias %s is the name of another row of the join", alias), "choose another")
		return false
	}
	if len(j.join.Hops) == 0 && target == j.entity.Source && alias == "" && j.findsOwn(conditions) {
		j.own = true
		return true
	}
	j.own = false
	for _, c := range conditions {
		if on, ok := j.on(h.Source, name, target, c); ok {
			h.On = append(h.On, on)
		}
	}
	if errorsIn(j.findings[before:]) > j.undescribed-unknown {
		return false
	}
	j.join.Hops, j.called = append(j.join.Hops, h), append(j.called, name)
	return true
}

// findsOwn reports whether the conditions, as users.id = users.id, find the
// record's own row and no other.
func (j *joiner) findsOwn(conditions []condition) bool {
	var columns []int
	for _, c := range conditions {
		if !strings.EqualFold(c.Left.Ref.Name, c.Right.Ref.Name) || !j.isOwn(c.Left.Ref) || !j.isOwn(c.Right.Ref) {
			return false
		}
		columns = append(columns, j.from.column(c.Left.Ref.Name))
	}
	return j.from.guessed || len(j.from.Key) > 0 && !slices.ContainsFunc(j.from.Key, func(key int) bool { return !slices.Contains(columns, key) })
}

func (j *joiner) isOwn(r fragment.Ref) bool { return r.Table == j.entity.Source || r.Table == "" }

// ownColumn is columnNamed of the columns that are not joined; a source table
// that is not described has every column.
func (k *entityChecker) ownColumn(name string) int {
	k.names.update(k.entity.Columns)
	if i, ok := k.names.folded[folded(name)]; ok {
		return i
	}
	if !k.from.guessed || name == "" {
		return -1
	}
	i := k.from.column(name)
	k.guessed()
	return k.ownColumn(k.from.Columns[i].Name)
}

// guessed adds the columns that were guessed since.
func (k *entityChecker) guessed() {
	own := k.names.ownSeen // ownColumn has just updated it
	k.entity.Columns = slices.Insert(k.entity.Columns, own, k.from.Columns[own:]...)
	for i := range k.entity.Attributes {
		if a := &k.entity.Attributes[i]; a.Column >= own {
			a.Column += len(k.from.Columns) - own
		}
	}
}

// identified checks that a join finds one row at most.
func (j *joiner) identified() {
	for _, h := range j.join.Hops {
		var columns []int
		for _, on := range h.On {
			columns = append(columns, on.Column)
		}
		if h.Source.guessed || h.Source.identifies(columns) {
			continue
		}
		var names []string
		for _, c := range columns {
			names = append(names, h.Source.Columns[c].Name)
		}
		j.err(j.at, fmt.Sprintf("the join is ambiguous: nothing says that table %s has one row per %s", h.Source.Name, strings.Join(names, " and ")),
			`join by the primary key, or by columns that are "unique" where the contract describes the table`)
	}
}
