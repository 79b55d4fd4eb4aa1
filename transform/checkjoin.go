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
	before := len(k.findings)
	var column Column
	switch kind := n.str("type"); {
	case slices.Contains(lookups, kind):
		column = j.lookup(kind)
	case kind == "chain":
		column = j.chain()
	case kind == "json-construction":
		column = j.construction(a)
	case kind == "aggregate":
		column = j.aggregate()
	case kind == "depth", kind == "hierarchy-path":
		column = j.tree(kind)
	default: // which the walk has found
		return -1
	}
	if hasErrors(k.findings[before:]) {
		return -1
	}
	if j.own {
		return k.columnNamed(column.Name)
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
	j.hop(target, alias, j.conditions(j.n, j.at, conditions), j.at)
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
	column := j.typeOf(value, j.at+"/select_column")
	j.nullValue(&column)
	return column
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

// hop adds a table to the join.
func (j *joiner) hop(target, alias string, conditions []condition, at string) {
	if target == "" || len(conditions) == 0 {
		return // which is an error already
	}
	h := Hop{Source: j.sourceNamed(target, at)}
	name := alias
	if name == "" {
		name = target
	}
	if alias != "" && alias == j.entity.Source {
		j.err(at+"/join_alias", fmt.Sprintf("the alias %s is the name of the source table", alias), "choose another")
		return
	}
	ownRow := target == j.entity.Source && alias == "" && len(j.join.Hops) == 0
	for _, c := range conditions {
		if ownRow && c.Left.Ref.Name == c.Right.Ref.Name && j.isOwn(c.Left.Ref) && j.isOwn(c.Right.Ref) {
			continue
		}
		ownRow = false
		if on, ok := j.on(h.Source, name, target, c); ok {
			h.On = append(h.On, on)
		}
	}
	j.own = ownRow
	if len(h.On) > 0 {
		j.join.Hops, j.called = append(j.join.Hops, h), append(j.called, name)
	}
}

func (j *joiner) isOwn(r fragment.Ref) bool { return r.Table == j.entity.Source || r.Table == "" }

// on finds out which side of an equality is the hop's.
func (j *joiner) on(target *Source, name, table string, c condition) (On, bool) {
	left, right := c.Left.Ref, c.Right.Ref
	leftIs, rightIs := j.belongs(left, target, name, table), j.belongs(right, target, name, table)
	if leftIs && rightIs {
		leftIs, rightIs = j.byKey(target, left), j.byKey(target, right)
		if leftIs == rightIs {
			j.err(c.at, fmt.Sprintf("%q does not say which side is the row that is joined: %s", c.text, j.whichKey(target, leftIs)),
				`give the join a "join_alias", and name the columns of the joined row with it`)
			return On{}, false
		}
	}
	if !leftIs && !rightIs {
		j.err(c.at, fmt.Sprintf("%q has no column of %s, which it joins", c.text, name), "")
		return On{}, false
	}
	if rightIs {
		left, right = right, left
	}
	column := target.column(left.Name)
	if column < 0 {
		j.err(c.at, fmt.Sprintf("table %s has no column %q", target.Name, left.Name), suggest(left.Name, target.names()))
		return On{}, false
	}
	hop, from, ok := j.origin(right, c.at)
	if !ok {
		return On{}, false
	}
	on := On{Column: column, From: hop, FromColumn: from}
	j.sameType(on, target, c)
	return on, true
}

// belongs reports whether a reference may be to the table that is joined.
func (j *joiner) belongs(r fragment.Ref, target *Source, name, table string) bool {
	switch r.Table {
	case name:
		return true
	case table:
		return name == table || table != j.entity.Source && !slices.Contains(j.called, table)
	case "":
		return target.ColumnIndex(r.Name) >= 0 && j.columnNamed(r.Name) < 0
	}
	return false
}

// byKey reports whether the column is the whole primary key of the table.
func (j *joiner) byKey(target *Source, r fragment.Ref) bool {
	column := target.column(r.Name)
	return slices.Equal(target.Key, []int{column})
}

func (j *joiner) whichKey(target *Source, both bool) string {
	if both {
		return "both are the primary key of " + target.Name
	}
	return "neither is the primary key of " + target.Name
}

// origin resolves the other side of a condition: a column of an earlier hop, the
// latest first, or of the own row.
func (j *joiner) origin(r fragment.Ref, at string) (hop, column int, ok bool) {
	for i := len(j.join.Hops) - 1; i >= 0; i-- {
		if r.Table == j.called[i] {
			if column = j.join.Hops[i].Source.column(r.Name); column < 0 {
				break
			}
			return i, column, true
		}
	}
	if j.isOwn(r) {
		if column = j.ownColumn(r.Name); column >= 0 {
			return -1, column, true
		}
		j.err(at, fmt.Sprintf("table %s has no column %q", j.entity.Source, r.Name), suggest(r.Name, j.columnNames()))
		return 0, 0, false
	}
	j.err(at, fmt.Sprintf("%s is neither a column of %s nor of a table that was joined before", r, j.entity.Source), "")
	return 0, 0, false
}

// ownColumn is columnNamed of the columns that are not joined; a source table
// that is not described has every column.
func (k *entityChecker) ownColumn(name string) int {
	if i := slices.IndexFunc(k.entity.Columns, func(c Column) bool { return c.Join == nil && strings.EqualFold(c.Name, name) }); i >= 0 {
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
	own := len(k.entity.Own())
	k.entity.Columns = slices.Insert(k.entity.Columns, own, k.from.Columns[own:]...)
	for i := range k.entity.Attributes {
		if a := &k.entity.Attributes[i]; a.Column >= own {
			a.Column += len(k.from.Columns) - own
		}
	}
}

// sameType finds conditions that compare what MySQL compares by guessing.
func (j *joiner) sameType(on On, target *Source, c condition) {
	a, b := target.Columns[on.Column].Kind, j.originColumn(on).Kind
	if a == 0 || b == 0 || a == b || a == Bool && b == Int || a == Int && b == Bool {
		return
	}
	j.err(c.at, fmt.Sprintf("%q compares %s with %s, which MySQL does by guessing and without an index", c.text, a, b),
		"give both columns the same type")
}

func (j *joiner) originColumn(on On) Column {
	if on.From < 0 {
		return j.entity.Columns[on.FromColumn]
	}
	return j.join.Hops[on.From].Source.Columns[on.FromColumn]
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

// selected reads an expression over the joined row and the own one. A name alone
// is the joined row's if that has it.
func (j *joiner) selected(property, text string) (fragment.Fragment, bool) {
	return j.expression(j.at+"/"+property, text, true)
}

func (j *joiner) expression(at, text string, joinedFirst bool) (fragment.Fragment, bool) {
	f, err := fragment.Parse(text)
	if err == nil {
		f, err = f.Resolve(func(r fragment.Ref) (fragment.Ref, error) { return j.resolve(r, joinedFirst) })
	}
	if err != nil {
		j.err(at, err.Error(), "")
		return fragment.Fragment{}, false
	}
	return f, true
}

// resolve finds the column that a reference means.
func (j *joiner) resolve(r fragment.Ref, joinedFirst bool) (fragment.Ref, error) {
	last := len(j.join.Hops) - 1
	inHop := func(i int) (fragment.Ref, bool) {
		s := j.join.Hops[i].Source
		if c := s.column(r.Name); c >= 0 {
			return fragment.Ref{Table: hopAlias(i), Name: s.Columns[c].Name}, true
		}
		return fragment.Ref{}, false
	}
	inOwn := func() (fragment.Ref, bool) {
		if c := j.ownColumn(r.Name); c >= 0 {
			return fragment.Ref{Table: ownAlias, Name: j.entity.Columns[c].Name}, true
		}
		return fragment.Ref{}, false
	}
	var tries []func() (fragment.Ref, bool)
	joined := func() (fragment.Ref, bool) { return inHop(last) }
	named := slices.Index(j.called, r.Table)
	if i := lastIndex(j.called, r.Table); i >= 0 {
		named = i
	}
	switch {
	case r.Table == "" && last >= 0 && joinedFirst:
		tries = append(tries, joined, inOwn)
	case r.Table == "" && last >= 0:
		tries = append(tries, inOwn, joined)
	case r.Table == "" || r.Table == j.entity.Source && (named < 0 || !joinedFirst):
		tries = append(tries, inOwn)
	case named >= 0:
		tries = append(tries, func() (fragment.Ref, bool) { return inHop(named) })
	default:
		return fragment.Ref{}, fmt.Errorf("%s is no table of this join: it has %s", r.Table,
			strings.Join(append([]string{j.entity.Source}, j.called...), ", "))
	}
	for _, try := range tries {
		if found, ok := try(); ok {
			return found, nil
		}
	}
	return fragment.Ref{}, fmt.Errorf("there is no column %s", r)
}

func lastIndex(list []string, s string) int {
	for i, v := range slices.Backward(list) {
		if v == s {
			return i
		}
	}
	return -1
}
