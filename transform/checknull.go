package transform

import "fmt"

// zeroDates reads what becomes of zero and partial dates. The attributes say it
// and not the columns, which are written anew from the database.
func (k *entityChecker) zeroDates() {
	said := map[int]string{} // by column, by the attributes so far
	nodes := k.attributeNodes()
	for i, a := range k.entity.Attributes {
		policy := nodes[i].str("zero_dates")
		if a.Column < 0 {
			continue
		}
		if policy == ZeroDateError {
			policy = "" // as if it were not said
		}
		at, c := k.attributeAt[i]+"/zero_dates", &k.entity.Columns[a.Column]
		if before, twice := said[a.Column]; twice && before != policy {
			k.err(k.attributeAt[i], fmt.Sprintf("the attributes of column %s do not say the same of zero dates", c.Name),
				"say it in each of them")
		}
		said[a.Column] = policy
		if policy == "" {
			continue
		}
		switch {
		case c.Join != nil && (c.Join.Kind == JoinChildren || c.Join.Kind == JoinObject):
			k.zeroDatesWithin(c, policy, at)
		case c.IsComputed():
			k.err(at, c.Name+" is made of columns of the record itself", "say it in an attribute that is the column as it is")
		case !c.isDate():
			k.err(at, "column "+c.Name+" is "+c.typeName()+" and has no dates", "take it out")
		default:
			c.ZeroDates = policy
			if policy == ZeroDateNull {
				k.warn(at, "zero and partial dates of "+c.Name+" become NULL, "+zeroDateLoss(c), `use "text" to keep them as they are`)
			}
		}
	}
}

// zeroDatesWithin reads what becomes of zero and partial dates in a list or map of
// another table's rows.
func (k *entityChecker) zeroDatesWithin(c *Column, policy, at string) {
	if len(c.Join.Hops) == 0 {
		return // the join is wrong, which is found
	}
	if !c.Join.HasDates() {
		k.err(at, "no field of "+c.Name+" is a date", "take it out")
		return
	}
	c.Join.ZeroDates = policy
	if policy == ZeroDateNull {
		k.warn(at, "zero and partial dates in "+c.Name+" are left out of it, and do not come back", `use "text" to keep them as they are`)
	}
}

// zeroDateLoss says how a zero date comes back that became NULL.
func zeroDateLoss(c *Column) string {
	if c.Nullable {
		return "and come back as NULL"
	}
	return "and all come back as 0000-00-00"
}

// nulls checks how NULL is written, and that it stays apart from an empty SET.
func (k *entityChecker) nulls() {
	for i := range k.entity.Attributes {
		a := &k.entity.Attributes[i]
		if a.Column < 0 {
			continue
		}
		c := &k.entity.Columns[a.Column]
		if a.TypedNull && c.Kind == JSON && a.Type != "S" {
			k.err(k.attributeAt[i]+"/null", "JSON's null is of type NULL already, and column "+c.Name+" could not tell it from SQL's",
				`take "null" out, so that SQL's NULL is an absent attribute`)
		}
		if c.SQLType == "set" && a.blurs(c) && k.allBlur(a.Column) {
			c.emptyIsNull = true
			k.warn(k.attributeAt[i]+"/type", "the empty set of "+c.Name+" is lost: it becomes NULL, since both are an absent attribute",
				`add "null": "type" to the attribute, or make it S, or the column NOT NULL`)
		}
	}
}

// allBlur reports whether no attribute of the column tells NULL from an empty
// set.
func (k *entityChecker) allBlur(column int) bool {
	for i := range k.entity.Attributes {
		a := &k.entity.Attributes[i]
		if a.Column == column && !a.blurs(&k.entity.Columns[column]) {
			return false
		}
	}
	return true
}

// attributeNodes returns the nodes of Entity.Attributes.
func (k *entityChecker) attributeNodes() []*node {
	var nodes []*node
	for _, n := range k.node.list("attributes") {
		if n.form == formObject {
			nodes = append(nodes, n)
		}
	}
	return nodes
}
