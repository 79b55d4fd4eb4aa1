package transform

import (
	"fmt"
	"slices"
	"strings"
)

// A tableChecker checks a table after its entities: its key and indexes.
type tableChecker struct {
	*checker
	at       string
	node     *node
	table    *Table
	entities []*entityChecker
	indexAt  []string // where the document has Table.Indexes
}

func (k *tableChecker) check() {
	t := k.table
	t.PK = k.keyAttribute("pk", k.node, k.at, true, maxPKSize)
	t.SK = k.keyAttribute("sk", k.node, k.at, true, maxSKSize)
	for _, e := range k.entities {
		if v := e.node.get("sk_template"); v != nil && v.form == formString && k.node.str("sk") == "" && e.node != k.node {
			k.err(e.at+"/sk_template", "the table has no sort key, so the template would be nowhere", `add "sk": "SK" to the table, or take the template out`)
		}
	}
	if t.PK.Name == t.SK.Name && !t.PK.IsZero() {
		k.err(k.at+"/sk", "the sort key is the partition key again", "take it out")
	}
	for _, e := range k.entities {
		e.identity()
	}
	k.indexes()
}

// keyAttribute reads an attribute of a key of the table or an index, the zero
// one if it is absent or wrong. Every entity has those of the table's key; an
// entity without one of an index is not in the index.
func (k *tableChecker) keyAttribute(property string, n *node, at string, table bool, size int) KeyAttribute {
	name := n.str(property)
	pointer := at + "/" + property
	if name == "" {
		if v := n.get(property); v != nil && v.form == formString {
			k.err(pointer, "is empty", "name an attribute, or take it out")
		}
		return KeyAttribute{}
	}
	var key KeyAttribute
	filled := false
	for _, e := range k.entities {
		if e.attributeNamed(name) < 0 {
			continue
		}
		filled = true
		own := e.keyAttribute(name, keyUse{property, pointer, table, size, property == "sk" && e.single(n.str("pk")), e.partition(property, n)})
		if own.Type != "" && key.Type != "" && own.Type != key.Type {
			k.err(pointer, fmt.Sprintf("attribute %s is of type %s in one entity and %s in another, and a key has one", name, key.Type, own.Type), "")
		}
		if key.Type == "" {
			key = own
		}
	}
	if filled {
		return key
	}
	var names []string
	for _, e := range k.entities {
		names = append(names, e.attributeNames()...)
	}
	k.err(pointer, fmt.Sprintf("there is no attribute %q", name), suggest(name, names))
	return KeyAttribute{}
}

// identity checks that the item's key says the whole primary key: less would
// put two rows at one item.
func (k *entityChecker) identity() {
	t := k.entity.Table
	if t.PK.IsZero() || len(k.entity.KeyColumns) == 0 || k.from.guessed || k.wrongKey(t.PK) || k.wrongKey(t.SK) {
		return
	}
	parts := append(k.keyParts(t.PK), k.keyParts(t.SK)...)
	var missing []string
	for _, c := range k.entity.KeyColumns {
		if !slices.Contains(parts, c) {
			missing = append(missing, k.entity.Columns[c].Name)
		}
	}
	at := k.of.at + "/pk"
	if k.node != k.of.node {
		at = k.at
	}
	switch {
	case len(missing) == 0:
	case k.from.identifies(parts):
		k.warn(at, fmt.Sprintf("the item's key has %v not in it, but other columns that are unique", missing),
			"a value that is given up and used again makes another record the same item: let the key be that of the table")
	case k.plainKey():
		k.err(at, fmt.Sprintf("the item's key leaves out %v of the primary key, so that two rows would be one item", missing),
			"let pk and sk be the attributes of the primary key's columns")
	default:
		k.err(at, fmt.Sprintf("the item's key leaves out %v of the primary key, and nothing says that what it has is unique: two rows may be one item", missing),
			`add the primary key to the key, or declare the columns "unique" if MySQL has such an index`)
	}
}

// wrongKey reports whether a key attribute of the table was found wrong.
func (k *entityChecker) wrongKey(a KeyAttribute) bool {
	i := k.attributeNamed(a.Name)
	return !a.IsZero() && (i < 0 || k.entity.Attributes[i].Column < 0)
}

// plainKey reports whether the item's key is made of columns of the own row as
// they are.
func (k *entityChecker) plainKey() bool {
	for _, a := range []KeyAttribute{k.entity.Table.PK, k.entity.Table.SK} {
		if i := k.attributeNamed(a.Name); i >= 0 && k.entity.Attributes[i].Column >= 0 && !k.entity.Columns[k.entity.Attributes[i].Column].IsOwn() {
			return false
		}
	}
	return true
}

// keyParts returns the columns that a key attribute is made of and that can be
// told from it.
func (k *entityChecker) keyParts(a KeyAttribute) []int {
	i := k.attributeNamed(a.Name)
	if i < 0 || k.entity.Attributes[i].Column < 0 {
		return nil
	}
	parts := k.entity.told(k.entity.Attributes[i].Column)
	for _, p := range slices.Clone(parts) {
		parts = append(parts, k.toldBy(p)...)
	}
	return parts
}

// toldBy returns the columns of the own row that a joined one tells: those by
// which it is joined, if the column is unique in its table.
func (k *entityChecker) toldBy(column int) []int {
	j := k.entity.Columns[column].Join
	if j == nil || j.Kind != JoinLookup || len(j.Hops) != 1 || j.hasElse {
		return nil
	}
	h := j.Hops[0]
	r, alone := j.value.Column()
	if !alone || r.Table != hopAlias(0) || !h.Source.identifies([]int{h.Source.ColumnIndex(r.Name)}) {
		return nil
	}
	var from []int
	for _, on := range h.On {
		if on.From < 0 {
			from = append(from, on.FromColumn)
		}
	}
	return from
}

// A keyUse is where an attribute is part of a key.
type keyUse struct {
	property string // pk or sk
	at       string
	table    bool  // it is the table's own key
	size     int   // DynamoDB's limit
	single   bool  // no two records have the same partition key, so nothing is sorted
	beside   []int // of a sort key, the columns that stand in the partition key
}

// partition returns the columns that stand in the partition key beside a sort key.
func (k *entityChecker) partition(property string, n *node) []int {
	i := k.attributeNamed(n.str("pk"))
	if property != "sk" || i < 0 || k.entity.Attributes[i].Column < 0 {
		return nil
	}
	return k.entity.standing(k.entity.Attributes[i].Column)
}

// single reports whether no two records share the key attribute.
func (k *entityChecker) single(name string) bool {
	parts := k.keyParts(KeyAttribute{Name: name})
	return len(parts) > 0 && !k.from.guessed && k.from.identifies(parts)
}

// keyAttribute checks an attribute of the entity that is part of a key.
func (k *entityChecker) keyAttribute(name string, use keyUse) KeyAttribute {
	at := use.at
	a := k.entity.Attributes[k.attributeNamed(name)]
	switch a.Type {
	case "S", "N", "B":
	case "":
		return KeyAttribute{}
	default:
		k.err(at, fmt.Sprintf("attribute %s is of type %s, and a key is S, N or B", name, a.Type), "")
		return KeyAttribute{}
	}
	if len(name) > 255 {
		k.err(at, "the name of a key attribute has at most 255 bytes", "")
	}
	if a.Column >= 0 {
		k.keySource(a, use)
	}
	return KeyAttribute{Name: name, Type: a.Type}
}

// keySource checks the column behind a key attribute.
func (k *entityChecker) keySource(a Attribute, use keyUse) {
	at, c := use.at, &k.entity.Columns[a.Column]
	switch {
	case c.Kind == JSON:
		k.err(at, "attribute "+a.Name+" is JSON, which can't be a key", "")
	case a.TypedNull:
		k.err(at, "attribute "+a.Name+" writes NULL as a type, which no key of DynamoDB takes",
			`take "null" out of the attribute: where it is absent, the item is not in the index`)
	case use.property == "sk" && !use.single && a.Type == "S" && (c.Kind == Int || c.Kind == Decimal || c.Kind == Float):
		k.err(at, "attribute "+a.Name+" sorts the numbers of "+c.Name+" as text, 10 before 9", "make the attribute N")
	}
	if use.table {
		k.moves(a, at)
	}
	if longest := k.longest(c); longest > use.size {
		what := "a value of " + c.Name
		if t, ok := c.computation.(*templated); ok {
			what = fmt.Sprintf("a text of %q", t.template.String())
		}
		k.warn(at, fmt.Sprintf("%s may have %d bytes, and this key at most %d; longer ones are refused", what, longest, use.size), "")
	}
	k.keyTexts(a.Column, a, use)
}

// moves finds columns of the item's key that are not of the primary key: when
// they change, the item moves.
func (k *entityChecker) moves(a Attribute, at string) {
	item := "the item's key"
	if k.node != k.of.node {
		item += " of entity " + k.entity.Name
	}
	for _, name := range k.changing(a) {
		k.entity.moves = true
		k.warn(at, fmt.Sprintf("%s depends on %s, which is not of the primary key: when it changes the item moves, and whatever holds the old key finds nothing", item, name),
			"let pk and sk be made of the primary key's columns; look the other up by an index")
	}
}

// changing returns what a key attribute is made of and can change while its
// record stays: all but the primary key.
func (k *entityChecker) changing(a Attribute) []string {
	var names []string
	for _, p := range k.madeOf(a.Column) {
		c := &k.entity.Columns[p]
		if c.Join != nil || len(k.entity.KeyColumns) > 0 && !slices.Contains(k.entity.KeyColumns, p) {
			names = append(names, k.called(c))
		}
	}
	return names
}

// called names a column of the entity for a finding.
func (k *entityChecker) called(c *Column) string {
	if c.Join == nil {
		return "column " + c.Name
	}
	var tables []string
	for _, h := range c.Join.Hops {
		tables = append(tables, h.Source.Name)
	}
	if len(tables) == 0 {
		tables = []string{k.entity.Source}
	}
	return "the joined " + c.Name + ", of rows of " + strings.Join(tables, " and ")
}

// longest returns how many bytes a value of the column may have in a key: for
// what a join selects by an expression, all it is made of together.
func (k *entityChecker) longest(c *Column) int {
	if c.IsComputed() {
		return c.longest
	}
	if c.Join == nil || c.Join.Kind != JoinLookup {
		return longestKey(c)
	}
	total := len(c.Join.orElse)
	for _, column := range c.Join.value.Columns() {
		total += longestKey(c.Join.column(k.entity, column.Ref))
	}
	_, literals := c.Join.value.SQL()
	for _, l := range literals {
		total += len(fmt.Sprint(l))
	}
	return total
}

// longestKey returns how many bytes a value of the column may have in a key.
func longestKey(c *Column) int {
	if c.longest > 0 {
		return c.longest
	}
	if limit := sqlTypes[c.SQLType].bytes; limit > 0 {
		return limit
	}
	switch {
	case c.isLabelled():
		return c.longestLabels()
	case c.Kind == Int:
		return 0 // of a bit, Length counts bits
	case c.Kind == Text:
		return 4 * c.Length
	}
	return c.Length
}

func (k *entityChecker) attributeNames() []string {
	names := make([]string, len(k.entity.Attributes))
	for i, a := range k.entity.Attributes {
		names[i] = a.Name
	}
	return names
}
