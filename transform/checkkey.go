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

// tableKey finds the attributes of the item's key and checks that they say
// exactly the primary key: less would put two rows at one item, more would
// move the item when another column changes.
func (k *entityChecker) tableKey() {
	t := k.entity.Table
	t.PK = k.keyAttribute("pk", k.node, k.at, true, maxPKSize)
	t.SK = k.keyAttribute("sk", k.node, k.at, true, maxSKSize)
	if t.PK.Name == t.SK.Name && !t.PK.IsZero() {
		k.err(k.at+"/sk", "the sort key is the partition key again", "take it out")
	}
	if t.PK.IsZero() || len(k.entity.KeyColumns) == 0 {
		return
	}
	var missing []string
	for _, c := range k.entity.KeyColumns {
		if !k.carries(t.PK, c) && !k.carries(t.SK, c) {
			missing = append(missing, k.entity.Columns[c].Name)
		}
	}
	if len(missing) > 0 {
		k.err(k.at+"/pk", fmt.Sprintf("the item's key leaves out %v of the primary key, so that two rows would be one item", missing),
			"let pk and sk be the attributes of the primary key's columns")
	}
}

// carries reports whether the key attribute's column is the given one.
func (k *entityChecker) carries(a KeyAttribute, column int) bool {
	i := k.attributeNamed(a.Name)
	return i >= 0 && k.entity.Attributes[i].Column == column
}

// keyAttribute reads a key attribute, the zero one if it is absent or wrong.
// table says that it belongs to the table's own key, size is DynamoDB's limit.
func (k *entityChecker) keyAttribute(property string, n *node, at string, table bool, size int) KeyAttribute {
	name := n.str(property)
	at += "/" + property
	if name == "" {
		if v := n.get(property); v != nil && v.form == formString {
			k.err(at, "is empty", "name an attribute, or take it out")
		}
		return KeyAttribute{}
	}
	i := k.attributeNamed(name)
	if i < 0 {
		k.err(at, fmt.Sprintf("there is no attribute %q", name), suggest(name, k.attributeNames()))
		return KeyAttribute{}
	}
	a := k.entity.Attributes[i]
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
	case table && len(k.entity.KeyColumns) > 0 && !slices.Contains(k.entity.KeyColumns, a.Column):
		k.err(at, "the item's key depends on column "+c.Name+", which is not of the primary key; this version does not support items that move",
			"let pk and sk be the attributes of the primary key's columns")
	case property == "sk" && a.Type == "S" && (c.Kind == Int || c.Kind == Decimal || c.Kind == Float):
		k.err(at, "attribute "+a.Name+" sorts the numbers of "+c.Name+" as text, 10 before 9", "make the attribute N")
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
func (k *entityChecker) indexes() {
	t := k.entity.Table
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

func (k *entityChecker) index(n *node, at string) Index {
	index := Index{
		Name:       n.str("index_name"),
		PK:         k.keyAttribute("pk", n, at, false, maxPKSize),
		SK:         k.keyAttribute("sk", n, at, false, maxSKSize),
		Projection: n.str("projection"),
		Projected:  n.texts("projected_attributes"),
		Capacity:   k.entity.Table.Capacity,
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
		if k.entity.Table.Billing != Provisioned {
			k.err(at+"/capacity", "a capacity belongs to PROVISIONED only", "take it out")
		}
		index.Capacity = k.capacity(own, at+"/capacity")
	}
	k.projection(index, at)
	return index
}

// projection checks the attributes that an index carries by name.
func (k *entityChecker) projection(index Index, at string) {
	switch {
	case index.Projection == "INCLUDE" && len(index.Projected) == 0:
		k.err(at+"/projection", "INCLUDE names no attributes", "add projected_attributes")
	case index.Projection != "INCLUDE" && len(index.Projected) > 0:
		k.err(at+"/projected_attributes", index.Projection+" projects no attributes by name", "use INCLUDE, or take them out")
	}
	for i, name := range index.Projected {
		at := at + "/projected_attributes/" + strconv.Itoa(i)
		switch {
		case k.attributeNamed(name) < 0:
			k.err(at, fmt.Sprintf("there is no attribute %q", name), suggest(name, k.attributeNames()))
		case slices.Contains(index.Projected[:i], name):
			k.err(at, fmt.Sprintf("attribute %q is projected twice", name), "take one out")
		}
	}
}

// sameIndex compares an index with those before it.
func (k *entityChecker) sameIndex(index Index, at string) {
	for _, other := range k.entity.Table.Indexes {
		switch {
		case index.Name != "" && other.Name == index.Name:
			k.err(at+"/index_name", fmt.Sprintf("another index is called %q too", index.Name), "")
		case !index.PK.IsZero() && other.PK == index.PK && other.SK == index.SK:
			k.warn(at, "index "+index.Name+" has the key of index "+other.Name, "one of them is enough")
		}
	}
}
