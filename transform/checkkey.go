package transform

import (
	"fmt"
	"slices"
	"strconv"
)

// Limits of DynamoDB on indexes (Developer Guide, "Quotas").
const (
	maxIndexes   = 20
	maxProjected = 100
)

// A tableChecker checks a table after its entities: its key and indexes.
type tableChecker struct {
	*checker
	at       string
	node     *node
	table    *Table
	entities []*entityChecker
}

func (k *tableChecker) check() {
	t := k.table
	t.PK = k.keyAttribute("pk", k.node, k.at, true, maxPKSize)
	t.SK = k.keyAttribute("sk", k.node, k.at, true, maxSKSize)
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
		own := e.keyAttribute(property, name, pointer, table, size)
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
	if t.PK.IsZero() || len(k.entity.KeyColumns) == 0 || k.from.guessed {
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
	column := k.entity.Attributes[i].Column
	if c := k.entity.Columns[column].computation; c != nil {
		if ok, _ := c.reversible(); ok {
			return c.inputs()
		}
		return nil
	}
	return []int{column}
}

// keyAttribute checks an attribute of the entity that is part of a key. table
// says that it is the table's own key, size is DynamoDB's limit.
func (k *entityChecker) keyAttribute(property, name, at string, table bool, size int) KeyAttribute {
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
		k.keySource(&k.entity.Columns[a.Column], a, at, property, table, size)
	}
	return KeyAttribute{Name: name, Type: a.Type}
}

// keySource checks the column behind a key attribute.
func (k *entityChecker) keySource(c *Column, a Attribute, at, property string, table bool, size int) {
	switch {
	case c.Kind == JSON:
		k.err(at, "attribute "+a.Name+" is JSON, which can't be a key", "")
	case a.TypedNull:
		k.err(at, "attribute "+a.Name+" writes NULL as a type, which no key of DynamoDB takes",
			`take "null" out of the attribute: where it is absent, the item is not in the index`)
	case property == "sk" && a.Type == "S" && (c.Kind == Int || c.Kind == Decimal || c.Kind == Float):
		k.err(at, "attribute "+a.Name+" sorts the numbers of "+c.Name+" as text, 10 before 9", "make the attribute N")
	}
	if table {
		k.moves(a, at)
	}
	if longest := longestKey(c); longest > size {
		k.warn(at, fmt.Sprintf("a value of %s may have %d bytes, and this key at most %d; longer ones are refused", c.Name, longest, size), "")
	}
	if c.Kind == Time {
		k.warn(at, "a TIME below zero in "+c.Name+" is refused, since DynamoDB would sort it the wrong way round", "")
	}
	if !table && c.Kind == Text && !c.isLabelled() && c.Collation != "" && !collationIsBinary(c.Collation) {
		k.warn(at, fmt.Sprintf("MySQL compares %s by %s, the index byte for byte; queries of the library do so in both stores", c.Name, c.Collation),
			"look values up as they are stored")
	}
}

// moves finds columns of the item's key that are not of the primary key: when
// they change, the item moves.
func (k *entityChecker) moves(a Attribute, at string) {
	parts := []int{a.Column}
	if c := k.entity.Columns[a.Column].computation; c != nil {
		parts = c.inputs()
	}
	for _, p := range parts {
		c := &k.entity.Columns[p]
		if len(k.entity.KeyColumns) == 0 || slices.Contains(k.entity.KeyColumns, p) {
			continue
		}
		k.entity.moves = true
		k.warn(at, fmt.Sprintf("the item's key depends on column %s, which is not of the primary key: the item moves when it changes", c.Name),
			"let pk and sk be made of the primary key's columns; look the other up by an index")
	}
}

// longestKey returns how many bytes a value of the column may have in a key.
func longestKey(c *Column) int {
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

// indexes reads the table's indexes.
func (k *tableChecker) indexes() {
	t := k.table
	projected := 0
	for i, n := range k.node.list("gsis") {
		if n.form != formObject {
			continue
		}
		at := k.at + "/gsis/" + strconv.Itoa(i)
		index := k.index(n, at)
		k.sameIndex(index, at)
		projected += len(index.Projected)
		t.Indexes = append(t.Indexes, index)
	}
	if len(t.Indexes) > maxIndexes {
		k.err(k.at+"/gsis", fmt.Sprintf("there are %d indexes, and a table has at most 20", len(t.Indexes)), "")
	}
	if projected > maxProjected {
		k.err(k.at+"/gsis", fmt.Sprintf("the indexes project %d attributes by name, and a table's at most 100", projected), "use ALL")
	}
}

func (k *tableChecker) index(n *node, at string) Index {
	index := Index{
		Name:       n.str("index_name"),
		PK:         k.keyAttribute("pk", n, at, false, maxPKSize),
		SK:         k.keyAttribute("sk", n, at, false, maxSKSize),
		Projection: n.str("projection"),
		Projected:  n.texts("projected_attributes"),
		Capacity:   k.table.Capacity,
	}
	if index.Name != "" && !tableName.MatchString(index.Name) {
		k.err(at+"/index_name", fmt.Sprintf("%q can't be the name of an index", index.Name), mendTableName)
	}
	if index.Projection == "" {
		index.Projection = "ALL"
	}
	if index.PK.Name == index.SK.Name && !index.PK.IsZero() {
		k.err(at+"/sk", "the sort key is the partition key again", "take it out")
	}
	if own := n.get("capacity"); own != nil {
		if k.table.Billing != Provisioned {
			k.err(at+"/capacity", "a capacity belongs to PROVISIONED only", "take it out")
		}
		index.Capacity = k.capacity(own, at+"/capacity")
	}
	k.projection(index, at)
	return index
}

// projection checks the attributes that an index carries by name.
func (k *tableChecker) projection(index Index, at string) {
	switch {
	case index.Projection == "INCLUDE" && len(index.Projected) == 0:
		k.err(at+"/projection", "INCLUDE names no attributes", "add projected_attributes")
	case index.Projection != "INCLUDE" && len(index.Projected) > 0:
		k.err(at+"/projected_attributes", index.Projection+" projects no attributes by name", "use INCLUDE, or take them out")
	}
	for i, name := range index.Projected {
		at := at + "/projected_attributes/" + strconv.Itoa(i)
		switch {
		case !slices.ContainsFunc(k.entities, func(e *entityChecker) bool { return e.attributeNamed(name) >= 0 }):
			var names []string
			for _, e := range k.entities {
				names = append(names, e.attributeNames()...)
			}
			k.err(at, fmt.Sprintf("there is no attribute %q", name), suggest(name, names))
		case slices.Contains(index.Projected[:i], name):
			k.err(at, fmt.Sprintf("attribute %q is projected twice", name), "take one out")
		}
	}
}

// sameIndex compares an index with those before it.
func (k *tableChecker) sameIndex(index Index, at string) {
	for _, other := range k.table.Indexes {
		switch {
		case index.Name != "" && other.Name == index.Name:
			k.err(at+"/index_name", fmt.Sprintf("another index is called %q too", index.Name), "")
		case !index.PK.IsZero() && other.PK == index.PK && other.SK == index.SK:
			k.warn(at, "index "+index.Name+" has the key of index "+other.Name, "one of them is enough")
		}
	}
}
