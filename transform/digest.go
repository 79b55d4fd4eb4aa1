package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// Digest returns a short text that is the same for two contracts exactly when
// they turn rows into the same items: the same tables, keys, indexes, columns
// and attributes, joined, calculated and transformed as the same words say it.
// Justifications, estimates and the order of properties are not part of it.
func (c *Contract) Digest() string {
	var made []string
	for _, e := range c.Entities {
		for _, a := range e.Attributes {
			made = append(made, a.made)
		}
	}
	// Everything below is plain data: it can't fail.
	text, _ := json.Marshal(struct {
		Group    string
		Entities []*Entity
		Made     []string
	}{c.Group, c.Entities, made})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// BesideDigest returns a hash that two contracts have in common if DynamoDB keeps the
// same items beside their records: guards of unique values, edges of references and
// stands of items that move, and the same copies of other records in them, made of columns that have the same types.
func (c *Contract) BesideDigest() string {
	type column struct {
		Name, Type, Collation string
		Unsigned              bool
		Precision, Scale      int
		Labels, Made          []string
	}
	columns := func(e *Entity, positions []int) []column {
		list := make([]column, len(positions))
		for i, n := range positions {
			c := &e.Columns[n]
			list[i] = column{Name: c.Name, Type: c.SQLType, Collation: c.Collation, Unsigned: c.Unsigned,
				Precision: c.Precision, Scale: c.Scale, Labels: c.Labels}
			for _, a := range e.Attributes {
				if a.Column == n {
					list[i].Made = append(list[i].Made, a.made)
				}
			}
		}
		return list
	}
	type reference struct {
		Target  string
		Columns []column
		Key     []column
	}
	type copied struct {
		By, Made string
		Shows    []column `json:",omitempty"`
		Frozen   bool     `json:",omitempty"`
	}
	type beside struct {
		Entity     string
		Key        []column
		Unique     map[string][]column
		References map[string]reference
		Place      []column          // of an item that moves
		Copies     map[string]copied `json:",omitempty"`
		Counters   map[string]copied `json:",omitempty"`
	}
	var all []beside
	for _, e := range c.Entities {
		if len(e.Unique) == 0 && len(e.References) == 0 && !e.Moves() && len(e.Copies()) == 0 {
			continue
		}
		b := beside{Entity: e.Name, Key: columns(e, e.KeyColumns), Unique: map[string][]column{}, References: map[string]reference{}}
		for _, u := range e.Unique {
			b.Unique[u.Name] = columns(e, u.Columns)
		}
		for _, f := range e.References {
			b.References[f.Target+" "+f.Field()] = reference{f.Target, columns(e, f.Columns), columns(f.to, f.to.KeyColumns)}
		}
		for _, h := range e.Copies() {
			a := e.Attributes[h.CopyAttribute()]
			if b.Copies == nil {
				b.Copies, b.Counters = map[string]copied{}, map[string]copied{}
			}
			if h.counter {
				b.Counters[a.Name] = copied{By: h.counts.of.Name + " " + h.counts.Field(), Made: a.made}
				continue
			}
			b.Copies[a.Name] = copied{h.by.Target + " " + h.by.Field(), a.made, columns(h.by.to, []int{h.value}), h.frozen}
		}
		if e.Moves() {
			place, _ := e.ItemKeyColumns()
			b.Place = columns(e, place)
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b beside) int { return strings.Compare(a.Entity, b.Entity) })
	// As above, it can't fail.
	text, _ := json.Marshal(all)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
