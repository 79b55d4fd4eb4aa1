package dynamotest

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

type attrItem = attr.Item

// Amazon's limits for key attributes, in bytes (Developer Guide, "Service
// quotas").
const (
	maxHashKey = 2048
	maxSortKey = 1024
)

// A keySchema is the key of a table or an index. sort has no name where the
// key has no sort attribute.
type keySchema struct{ hash, sort expr.KeyAttribute }

// attributes returns the key's attributes, one or two.
func (k keySchema) attributes() []expr.KeyAttribute {
	if k.sort.Name == "" {
		return []expr.KeyAttribute{k.hash}
	}
	return []expr.KeyAttribute{k.hash, k.sort}
}

func (k keySchema) has(name string) bool { return name == k.hash.Name || name == k.sort.Name }

// of returns the key attributes of an item.
func (k keySchema) of(item attr.Item) attr.Item {
	key := attr.Item{}
	for _, a := range k.attributes() {
		if v := item[a.Name]; v != nil {
			key[a.Name] = v
		}
	}
	return key
}

// place returns where an item stands in the order of a table or index: by the
// hash of its partition, the partition, and the sort key. ok is false if the
// item lacks a part of the key, as in a sparse index.
func (k keySchema) place(item attr.Item) (place string, ok bool) {
	var sort string
	if k.sort.Name != "" {
		v := item[k.sort.Name]
		if v == nil || v.Kind() != k.sort.Kind {
			return "", false
		}
		sort, _ = attr.Key(v)
	}
	v := item[k.hash.Name]
	if v == nil || v.Kind() != k.hash.Kind {
		return "", false
	}
	return partition(v) + escape(sort) + end, true
}

// partition returns what the places of all items of a partition begin with.
// The order of partitions is that of their hashes: nobody may rely on it, as
// in the service.
func partition(hash attr.Value) string {
	key, _ := attr.Key(hash)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], hashOf(key))
	return string(b[:]) + escape(key) + end
}

// hashOf spreads keys over all 64 bits: segments are ranges of it.
func hashOf(key string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// end stands after a key within a place. No escaped key has it, and it is
// below everything that can follow a key that is another one's prefix.
const end = "\x00\x01"

// escape changes a key so that end can't be in it and the order stays.
func escape(key string) string {
	if strings.IndexByte(key, 0) < 0 {
		return key
	}
	return strings.ReplaceAll(key, "\x00", "\x00\xff")
}

// bounds returns the places that a key range selects: from the first on, below
// the second.
func bounds(r expr.KeyRange) (from, to string) {
	p := partition(r.Hash)
	if r.To == "" {
		// Nothing in a partition is above this: escaped keys have no 00 02.
		return p + escape(r.From), p[:len(p)-1] + "\x02"
	}
	return p + escape(r.From), p + escape(r.To)
}

// after returns the place directly above another.
func after(place string) string { return place + "\x00" }

// segment returns the places that belong to one of total segments of a scan.
func segment(number, total int) (from, to string) {
	at := func(n int) string {
		if n == 0 || n == total {
			return ""
		}
		var b [8]byte
		// total is a million at most, so the rounding loses nothing of note,
		// and neighbours share their border.
		binary.BigEndian.PutUint64(b[:], uint64(n)*(^uint64(0)/uint64(total)))
		return string(b[:])
	}
	return at(number), at(number + 1)
}

// checkKey checks that key is one of the table, no more and no less.
func (k keySchema) checkKey(key attr.Item) error {
	attributes := k.attributes()
	for _, a := range attributes {
		if v := key[a.Name]; v == nil || v.Kind() != a.Kind {
			return itemFault{errKeySchema}
		}
	}
	if len(key) != len(attributes) {
		return itemFault{errKeySchema}
	}
	return k.checkSizes(key)
}

var errKeySchema = attr.Invalid("The provided key element does not match the schema")

// checkScalars refuses paths that lead into key attributes of the table or of
// an index, which have nothing in them.
func (t *table) checkScalars(lists ...[]expr.Path) error {
	for _, list := range lists {
		for _, p := range list {
			if len(p) == 1 {
				continue
			}
			const text = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: %s: %s"
			if t.keys.has(p[0].Name) {
				return invalid(text, "Key", p[0].Name)
			}
			if t.isIndexKey(p[0].Name) {
				return invalid(text, "IndexKey", p[0].Name)
			}
		}
	}
	return nil
}

func (t *table) isIndexKey(name string) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.ContainsFunc(t.indexes, func(x *index) bool { return x.keys.has(name) })
}

// checkItem checks the key attributes of an item that is to be put.
func (k keySchema) checkItem(item attr.Item) error {
	for _, a := range k.attributes() {
		switch v := item[a.Name]; {
		case v == nil:
			return itemFaultf("One or more parameter values were invalid: Missing the key %s in the item", a.Name)
		case v.Kind() != a.Kind:
			return itemFaultf("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", a.Name, a.Kind, v.Kind())
		}
	}
	return k.checkSizes(item)
}

// checkSizes checks that the key attributes are neither empty nor too large.
func (k keySchema) checkSizes(item attr.Item) error {
	for i, a := range k.attributes() {
		v := item[a.Name]
		if v == attr.String("") || v == attr.Binary("") {
			return expr.EmptyKey(a)
		}
		limit, part := maxHashKey, "hashkey"
		if i == 1 {
			limit, part = maxSortKey, "rangekey"
		}
		if attr.Size(v) > limit {
			return attr.Invalid("One or more parameter values were invalid: Size of %s has exceeded the maximum size limit of%d bytes", part, limit)
		}
	}
	return nil
}
