package dynamotest

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// A table is one table with its indexes. mu guards all that can change.
type table struct {
	name    string
	id      string
	created time.Time
	keys    keySchema

	mu         sync.RWMutex
	deleted    bool
	attributes []attributeDefinition
	billing    billing
	protected  bool
	rows       *ordered
	bytes      int
	indexes    []*index // sorted by name
	tags       []tag
	ttl        timeToLive
	backups    backups
	encryption *encryption       // nil if nobody said anything; never changed
	claims     map[string]*claim // the items that transactions hold, by place
	history    *history          // nil unless a rule may ask for it

	settling atomic.Pointer[settling] // nil unless a change takes its time; written under mu
}

// An index is a global or local secondary index. Its rows hold what it
// projects.
type index struct {
	name       string
	global     bool
	keys       keySchema
	projection projection
	throughput throughput
	rows       *ordered
	bytes      int
}

// index returns the index of a name, nil if there is none.
func (t *table) index(name string) *index {
	for _, x := range t.indexes {
		if x.name == name {
			return x
		}
	}
	return nil
}

// get returns the item at a place; nil if there is none. The caller holds mu.
func (t *table) get(place string) attr.Item {
	if r := t.rows.get(place); r != nil {
		return r.item
	}
	return nil
}

// put makes item what is at a place, nil for nothing, in the table and its
// indexes, and returns what that costs. The caller holds mu.
func (t *table) put(place string, item attr.Item, now time.Time) *units {
	before := t.rows.get(place)
	var after *row
	cost := &units{}
	if item != nil {
		after = &row{item: item, primary: place, size: attr.ItemSize(item)}
		t.rows.set(place, after)
		t.bytes += after.size
	} else {
		t.rows.remove(place)
	}
	if before != nil {
		t.bytes -= before.size
	}
	cost.table = writeUnits(max(before.bytes(), after.bytes()))
	for _, x := range t.indexes {
		if n := x.move(before, after); n > 0 {
			cost.add(x, n)
		}
	}
	if t.history != nil && (before != nil || after != nil) {
		t.history.add(change{at: now, place: place, before: before, after: after})
	}
	return cost
}

// bytes returns a row's size; nothing has none.
func (r *row) bytes() int {
	if r == nil {
		return 0
	}
	return r.size
}

// takes says whether what an item has of the index's key can be a key. What was
// written before there was the index need not: filling it leaves that out.
func (x *index) takes(a expr.KeyAttribute, i int, item attr.Item) bool {
	return a.Name == "" || x.checkKey(a, i, item[a.Name], false) == nil
}

// entry returns where an item stands in the index, and what is there of it.
// It is nil if the item lacks the index's key.
func (x *index) entry(r *row) (string, *row) {
	if r == nil {
		return "", nil
	}
	place, ok := x.keys.place(r.item)
	if !ok || !x.takes(x.keys.hash, 0, r.item) || !x.takes(x.keys.sort, 1, r.item) {
		return "", nil
	}
	item := x.projection.of(r.item)
	projected := r
	if len(item) < len(r.item) {
		projected = &row{item: item, primary: r.primary, size: attr.ItemSize(item)}
	}
	// Items with the same index key are in the order of their own places.
	return place + r.primary, projected
}

// move changes the index as its table changed, and returns the write units of
// that: one write for an entry that appears, goes or changes, two for one that
// moves, none for one that stays (Developer Guide, "Provisioned throughput
// considerations for global secondary indexes").
func (x *index) move(before, after *row) float64 {
	from, old := x.entry(before)
	to, now := x.entry(after)
	if old != nil && now != nil && from == to && maps.EqualFunc(old.item, now.item, attr.Equal) {
		x.rows.set(to, now)
		return 0
	}
	units := 0.0
	if old != nil && (now == nil || from != to) {
		x.rows.remove(from)
		units += writeUnits(old.size)
	}
	if now != nil {
		x.rows.set(to, now)
		size := now.size
		if old != nil && from == to {
			size = max(size, old.size)
		}
		units += writeUnits(size)
	}
	x.bytes += now.bytes() - old.bytes()
	return units
}

// fill makes the index hold what its table does.
func (x *index) fill(rows *ordered) {
	x.rows, x.bytes = &ordered{}, 0
	rows.ascend("", "", func(_ string, r *row) bool {
		x.move(nil, r)
		return true
	})
}

// A projection is what an index holds of an item.
type projection struct {
	ProjectionType   string   `json:",omitempty"`
	NonKeyAttributes []string `json:",omitempty"`

	keys []string // of the table and of the index, each once
}

// The projection types.
const (
	projectAll     = "ALL"
	projectKeys    = "KEYS_ONLY"
	projectInclude = "INCLUDE"
)

// forKeys returns the projection for an index of a table.
func (p projection) forKeys(schemas ...keySchema) projection {
	for _, k := range schemas {
		for _, a := range k.attributes() {
			if !slices.Contains(p.keys, a.Name) {
				p.keys = append(p.keys, a.Name)
			}
		}
	}
	return p
}

// has says whether the index holds an attribute.
func (p *projection) has(name string) bool {
	return p.ProjectionType == projectAll || slices.Contains(p.keys, name) || slices.Contains(p.NonKeyAttributes, name)
}

// of returns what the index holds of an item.
func (p *projection) of(item attr.Item) attr.Item {
	if p.ProjectionType == projectAll {
		return item
	}
	part := attr.Item{}
	for _, names := range [][]string{p.keys, p.NonKeyAttributes} {
		for _, name := range names {
			if v := item[name]; v != nil {
				part[name] = v
			}
		}
	}
	return part
}

// checkIndexKeys checks that an item has nothing where an index has its key
// that could not be one. updated names the paths of an update, whose faults the
// service words in another way; it is nil for a put.
func (t *table) checkIndexKeys(item attr.Item, updated []expr.Path) error {
	for _, x := range t.indexes {
		for i, a := range x.keys.attributes() {
			if t.keys.has(a.Name) {
				continue
			}
			if err := x.checkKey(a, i, item[a.Name], updated != nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *index) checkKey(a expr.KeyAttribute, i int, v attr.Value, isUpdate bool) error {
	limit := maxHashKey
	if i == 1 {
		limit = maxSortKey
	}
	empty := "string"
	if a.Kind == attr.KindBinary {
		empty = "binary"
	}
	switch {
	case v == nil:
		return nil
	case v.Kind() != a.Kind:
		return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", a.Name, a.Kind, v.Kind(), x.name)
	case (v == attr.String("") || v == attr.Binary("")) && isUpdate:
		return invalid("One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty %s value.", empty)
	case v == attr.String("") || v == attr.Binary(""):
		return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", empty, x.name, a.Name)
	case attr.Size(v) > limit:
		return invalid("One or more parameter values were invalid: Size of index key %s has exceeded the maximum size limit of %d bytes", a.Name, limit)
	}
	return nil
}
