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
		t.Indexes, k.indexAt = append(t.Indexes, index), append(k.indexAt, at)
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
