package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A patternChecker checks one access pattern.
type patternChecker struct {
	*checker
	n       *node
	at      string
	entity  *entityChecker
	pattern *Pattern
}

// patterns reads the access patterns and compares them with what the tables say
// they satisfy.
func (c *checker) patterns(d *Document, contract *Contract) {
	for i, n := range d.root.list("access_patterns") {
		if n.form != formObject {
			continue
		}
		p := &patternChecker{checker: c, n: n, at: "/access_patterns/" + strconv.Itoa(i),
			pattern: &Pattern{Name: n.str("name"), Range: -1, Order: -1, OwnWrites: n.truth("own_writes")}}
		if p.check() {
			contract.Patterns = append(contract.Patterns, p.pattern)
		}
	}
	c.satisfied(d)
}

// check reads the pattern and reports whether nothing in it is wrong.
func (p *patternChecker) check() bool {
	before := len(p.findings)
	if v := p.n.get("name"); v != nil && v.text == "" {
		p.err(p.at+"/name", "is empty", `name the pattern as the tables' "satisfies" do`)
	}
	if !p.findEntity() {
		return false
	}
	t := p.entity.entity.Table
	p.pattern.Equal = p.columns("equal")
	p.pattern.Range, p.pattern.Order = p.column("range"), p.column("order")
	if hasErrors(p.findings[before:]) {
		return false
	}
	switch name := p.n.str("index"); {
	case name == patternScan:
		p.scan()
	case name == "" || name == patternTable:
		p.serves("the table's own key", t.PK, t.SK)
	default:
		i := slices.IndexFunc(t.Indexes, func(x Index) bool { return x.Name == name })
		if i < 0 {
			p.err(p.at+"/index", fmt.Sprintf("table %s has no index %q", t.Name, name), suggest(name, p.indexNames()))
			break
		}
		p.pattern.Index = &t.Indexes[i]
		p.serves("index "+name, t.Indexes[i].PK, t.Indexes[i].SK)
	}
	return !hasErrors(p.findings[before:])
}

func (p *patternChecker) findEntity() bool {
	name := p.n.str("entity")
	var names []string
	for _, k := range p.entities {
		if k.entity.Name == name && name != "" {
			p.entity, p.pattern.Entity = k, k.entity
			return true
		}
		names = append(names, k.entity.Name)
	}
	if v := p.n.get("entity"); v != nil && v.form == formString && len(names) > 0 {
		p.err(p.at+"/entity", fmt.Sprintf("there is no entity %q", name), suggest(name, names))
	}
	return false
}

func (p *patternChecker) indexNames() []string {
	names := []string{patternTable, patternScan}
	for _, x := range p.entity.entity.Table.Indexes {
		names = append(names, x.Name)
	}
	return names
}

// columns finds the columns of the names of a property.
func (p *patternChecker) columns(property string) []int {
	var columns []int
	for i, name := range p.n.texts(property) {
		columns = append(columns, p.named(name, p.at+"/"+property+"/"+strconv.Itoa(i)))
	}
	return columns
}

func (p *patternChecker) column(property string) int {
	if v := p.n.get(property); v == nil || v.form != formString {
		return -1
	}
	return p.named(p.n.str(property), p.at+"/"+property)
}

// named finds the column of an attribute, or else of the source table. It is -1
// without a finding if the attribute is wrong itself.
func (p *patternChecker) named(name, at string) int {
	if i := p.entity.attributeNamed(name); i >= 0 {
		return p.entity.entity.Attributes[i].Column
	}
	if i := p.entity.columnNamed(name); i >= 0 && p.entity.entity.Columns[i].IsOwn() {
		return i
	}
	p.err(at, fmt.Sprintf("entity %s has no attribute %q, and its source table no such column", p.entity.entity.Name, name),
		suggest(name, append(p.entity.attributeNames(), p.entity.columnNames()...)))
	return -1
}

func (p *patternChecker) scan() {
	p.pattern.Scan = true
	for _, property := range []string{"equal", "range", "order"} {
		if v := p.n.get(property); v != nil && (v.form != formArray || len(v.items) > 0) {
			p.err(p.at+"/"+property, "a scan reads every record of the entity, in no order, and finds none by a value",
				"name an index, or take it out and choose among what is read")
		}
	}
}

// lag refuses what no index of DynamoDB can promise, but where all columns of a unique
// are given: then the guard of the value is asked.
func (p *patternChecker) lag(given []KeyAttribute) {
	if !p.pattern.OwnWrites || p.pattern.Index == nil {
		return
	}
	var columns []int
	for _, key := range given {
		if c := p.entity.entity.Attributes[p.entity.attributeNamed(key.Name)].Column; c >= 0 {
			columns = append(columns, c)
		}
	}
	if !p.entity.entity.isUnique(columns...) {
		p.err(p.at+"/own_writes", fmt.Sprintf("index %s follows its table with a delay, so a query may not find what was written a moment ago", p.pattern.Index.Name),
			`serve the pattern by the table's own key, or by all columns of a "unique", or say "own_writes": false if the service can wait`)
	}
}

// serves checks that a query of a key gives what the pattern asks for: the hash
// key by equality, then a beginning of the sort key by equality, then a range or
// an order of what comes next in it.
func (p *patternChecker) serves(by string, pk, sk KeyAttribute) {
	if pk.IsZero() || slices.Contains(p.pattern.Equal, -1) {
		return // which is an error already
	}
	hash, ok := p.parts(pk)
	switch {
	case p.wrong(pk):
		return // likewise
	case !ok:
		p.err(p.at+"/index", fmt.Sprintf("no item of entity %s is in %s, which has no attribute %s of it", p.entity.entity.Name, by, pk.Name),
			p.otherIndex())
		return
	}
	if missing := p.unbound(hash); len(missing) > 0 {
		p.err(p.at, fmt.Sprintf("%s can't serve it: the partition key %s is made of %s, and \"equal\" does not give that, so every partition would be searched",
			by, pk.Name, strings.Join(missing, " and ")), p.otherIndex())
		return
	}
	if p.wrong(sk) {
		return // likewise
	}
	sort, _ := p.parts(sk)
	used := 0
	for used < len(sort) && p.binds(sort[used]) {
		used++
	}
	given := []KeyAttribute{pk}
	if len(sort) > 0 && used == len(sort) {
		given = append(given, sk)
	}
	p.lag(given)
	key := append(slices.Clone(hash), sort[:used]...)
	for i, column := range p.pattern.Equal {
		if !p.isOf(column, key) && !p.foldedIn(column, key) {
			p.err(fmt.Sprintf("%s/equal/%d", p.at, i), fmt.Sprintf("%s can't find records by %s: it is not in the key, or not next in its sort key", by, p.n.texts("equal")[i]),
				"let the sort key begin with it, or choose among the records that are found")
		}
	}
	p.sorted(by, sk, sort[used:], key)
	p.strangers(by, pk, sk, used == len(sort))
}

// wrong reports whether the entity's key attribute was found wrong. It may have
// none of an index, and is not in it then.
func (p *patternChecker) wrong(key KeyAttribute) bool {
	return p.entity.wrongKey(key) && (p.pattern.Index == nil || p.entity.attributeNamed(key.Name) >= 0)
}

// parts returns the columns that the entity's key attribute is made of, in order,
// and whether it has the attribute.
func (p *patternChecker) parts(key KeyAttribute) ([]int, bool) {
	i := p.entity.attributeNamed(key.Name)
	if key.IsZero() || i < 0 {
		return nil, false
	}
	column := p.entity.entity.Attributes[i].Column
	if column < 0 {
		return nil, true
	}
	t, ok := p.entity.entity.Columns[column].computation.(*templated)
	if !ok || slices.Contains(p.pattern.Equal, column) {
		return []int{column}, true
	}
	var columns []int
	for _, part := range t.parts() {
		if part.column >= 0 {
			columns = append(columns, part.column)
		}
	}
	return columns, true
}

// binds reports whether the pattern gives the value of a column, or of one that
// always holds the same.
func (p *patternChecker) binds(column int) bool { return p.isOf(column, p.pattern.Equal) }

func (p *patternChecker) isOf(column int, of []int) bool {
	return slices.ContainsFunc(of, func(o int) bool {
		return p.entity.same(column, o) || slices.Equal(p.entity.madeOf(column), []int{o})
	})
}

// foldedIn reports whether one of the columns is the fold of a column, which finds it as
// MySQL compares it.
func (p *patternChecker) foldedIn(column int, key []int) bool {
	return slices.ContainsFunc(key, func(k int) bool {
		of := p.entity.entity.FoldOf(k)
		return of >= 0 && p.entity.same(column, of)
	})
}

func (p *patternChecker) unbound(columns []int) []string {
	var names []string
	for _, c := range columns {
		if !p.binds(c) {
			names = append(names, p.entity.entity.Columns[c].Name)
		}
	}
	return names
}

// sorted checks range and order against what is left of the sort key. What is
// bound has one value, and any order.
func (p *patternChecker) sorted(by string, sk KeyAttribute, left, bound []int) {
	for _, use := range []struct {
		property string
		column   int
	}{{"range", p.pattern.Range}, {"order", p.pattern.Order}} {
		if use.column < 0 || use.property == "order" && p.isOf(use.column, bound) {
			continue
		}
		at, name := p.at+"/"+use.property, p.n.str(use.property)
		switch {
		case sk.IsZero():
			p.err(at, fmt.Sprintf("%s has no sort key, so its records come in no order and have no range", by), "give it a sort key that begins with "+name)
		case len(left) == 0 || !p.isOf(use.column, left[:1]):
			p.err(at, fmt.Sprintf("%s does not sort by %s once the values of \"equal\" are given", by, name), "let the sort key go on with "+name)
		case p.textNumber(sk, left[0]):
			p.err(at, fmt.Sprintf("the numbers of %s stand in %s without padding, where 10 sorts before 9", name, sk.Name),
				fmt.Sprintf("pad them in the template, as in {%s:020d}", p.entity.entity.Columns[left[0]].Name))
		}
	}
}

// textNumber reports whether the column is a number that is not padded where it
// stands in the template of a key.
func (p *patternChecker) textNumber(sk KeyAttribute, column int) bool {
	e := p.entity.entity
	t, ok := e.Columns[e.Attributes[p.entity.attributeNamed(sk.Name)].Column].computation.(*templated)
	if !ok {
		return false
	}
	names := t.template.Names()
	isNumber := func(name string) bool {
		switch e.Columns[t.columns[slices.Index(names, name)]].Kind {
		case Int, Decimal, Float, Bool:
			return true
		}
		return false
	}
	return slices.ContainsFunc(t.template.UnpaddedNumbers(isNumber), func(name string) bool {
		return t.columns[slices.Index(names, name)] == column
	})
}

// otherIndex names the key that would serve the pattern.
func (p *patternChecker) otherIndex() string {
	t := p.entity.entity.Table
	keys := []Index{{Name: patternTable, PK: t.PK, SK: t.SK}}
	for _, x := range append(keys, t.Indexes...) {
		if hash, ok := p.parts(x.PK); ok && len(hash) > 0 && len(p.unbound(hash)) == 0 {
			return fmt.Sprintf(`use "index": %q`, x.Name)
		}
	}
	return "add an index whose partition key is what the pattern asks by"
}
