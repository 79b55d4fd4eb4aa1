package transform

import (
	"fmt"
	"regexp"
	"strconv"
)

// Check reads a contract and returns everything there is to say about it. The
// contract is nil if any finding is an error; then nothing may use it.
func Check(data []byte) (*Contract, []Finding) {
	d, err := Parse(data)
	if err != nil {
		return nil, []Finding{{Severity: Error, Reason: err.Error()}}
	}
	return d.Check()
}

// Check is the function Check of the document as it is now.
func (d *Document) Check() (*Contract, []Finding) {
	contract, c := d.examine()
	if hasErrors(c.findings) {
		return nil, c.findings
	}
	return contract, c.findings
}

// examine checks the document and returns the contract as far as it makes one.
func (d *Document) examine() (*Contract, *checker) {
	c := &checker{}
	contract := &Contract{Group: "default"}
	if d.root.form == formArray {
		c.walkArray(d.root, "", &prop{element: formObject, of: tableShape})
	} else {
		c.walk(d.root, "", documentShape)
		c.group(d.root, contract)
	}
	c.sources(d)
	tables, pointer := d.tables()
	if len(tables) == 0 && !hasErrors(c.findings) {
		c.err(pointer, "the contract has no tables", "add one")
	}
	for i, t := range tables {
		if t.form == formObject {
			c.table(t, pointer+"/"+strconv.Itoa(i), contract)
		}
	}
	c.across(d, contract)
	contract.Sources = c.sourceList
	contract.prepareChildren()
	contract.NotYet = contract.notYet()
	contract.Warnings = c.findings
	return contract, c
}

// across checks what only all entities together tell.
func (c *checker) across(d *Document, contract *Contract) {
	c.sharedRows()
	c.references(contract)
	c.keeps(contract)
	c.hydrations(contract)
	c.promises()
	c.negatives()
	c.patterns(d, contract)
	c.moving(d)
}

// What DynamoDB takes as names of tables and indexes (Developer Guide, "Naming
// rules"), and what the library takes as the name of a group.
var (
	tableName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)
	groupName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,64}$`)
)

const mendTableName = "use 3 to 255 letters, digits, and . _ -"

func (c *checker) group(root *node, contract *Contract) {
	if n := root.get("group"); n != nil && n.form == formString {
		contract.Group = n.text
		if !groupName.MatchString(n.text) {
			c.err("/group", fmt.Sprintf("%q can't be the name of a group", n.text), "use 1 to 64 letters, digits, and . _ -")
		}
	}
}

// table checks one table and adds it and its entity to the contract.
func (c *checker) table(n *node, at string, contract *Contract) {
	t := &Table{Name: n.str("table"), Billing: PayPerRequest}
	if t.Name != "" && !tableName.MatchString(t.Name) {
		c.err(at+"/table", fmt.Sprintf("%q can't be the name of a table in DynamoDB", t.Name), mendTableName)
	}
	for _, other := range contract.Tables {
		if other.Name == t.Name {
			c.err(at+"/table", fmt.Sprintf("another table is called %q too", t.Name), "")
		}
	}
	contract.Tables = append(contract.Tables, t)
	c.billing(n, at, t)
	c.settings(n, at, t)
	multi := n.isMulti()
	wanted, unwanted := "attributes", "entities"
	if multi {
		wanted, unwanted = unwanted, wanted
	}
	if kind := n.str("type"); n.get(unwanted) != nil && (kind == singleEntity || kind == multiEntity) {
		c.err(at+"/"+unwanted, fmt.Sprintf("a %s table has %s, not %s", kind, wanted, unwanted), "")
	}
	if n.get(wanted) == nil {
		c.err(at, "has no "+wanted, "add them")
		return
	}
	k := &tableChecker{checker: c, at: at, node: n, table: t}
	if !multi {
		k.entity(n, at, t.Name, contract)
	}
	for i, e := range n.list("entities") {
		if multi && e.form == formObject {
			k.entity(e, at+"/entities/"+strconv.Itoa(i), e.str("entity_type"), contract)
		}
	}
	k.check()
	k.expiry()
	k.together()
	c.entities = append(c.entities, k.entities...)
	for _, e := range k.entities {
		e.entity.attributeAt = e.attributeAt
		e.entity.prepare()
		e.sequence()
	}
}

// entity checks one entity of a table and adds it to the contract.
func (k *tableChecker) entity(n *node, at, name string, contract *Contract) {
	if name != "" && contract.Entity(name) != nil {
		k.err(at, fmt.Sprintf("another entity is called %q too", name), "choose another name")
	}
	e := &entityChecker{checker: k.checker, at: at, node: n, of: k, joinedAt: make(map[string]string), byName: make(map[string]int), names: newColumnNames(),
		entity: &Entity{Name: name, Pointer: at, Table: k.table, Source: n.str("source_table")}}
	e.check()
	k.entities = append(k.entities, e)
	contract.Entities = append(contract.Entities, e.entity)
}

// billing reads how a table is paid for.
func (c *checker) billing(n *node, at string, t *Table) {
	if b := n.str("billing"); b != "" {
		t.Billing = b
	}
	capacity := n.get("capacity")
	switch {
	case t.Billing == Provisioned && capacity == nil:
		c.err(at+"/billing", "PROVISIONED needs a capacity", `add "capacity": {"read": 5, "write": 5}`)
	case t.Billing != Provisioned && capacity != nil:
		c.err(at+"/capacity", "a capacity belongs to PROVISIONED only", `add "billing": "PROVISIONED", or take it out`)
	}
	t.Capacity = c.capacity(capacity, at+"/capacity")
}

func (c *checker) capacity(n *node, at string) Capacity {
	if n == nil {
		return Capacity{}
	}
	return Capacity{Read: int64(c.integer(n, at, "read", 1, 1<<31)), Write: int64(c.integer(n, at, "write", 1, 1<<31))}
}

// integer returns a number that must be an integer within bounds, 0 if it is
// absent.
func (c *checker) integer(n *node, at, name string, low, high int) int {
	v := n.get(name)
	if v == nil || v.form != formNumber {
		return 0
	}
	i, err := strconv.Atoi(v.text)
	if err != nil || i < low || i > high {
		c.err(at+"/"+name, fmt.Sprintf("%s is not an integer from %d to %d", name, low, high), "")
		return 0
	}
	return i
}
