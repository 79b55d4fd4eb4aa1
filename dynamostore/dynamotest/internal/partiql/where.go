package partiql

import (
	"slices"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// A Where is a parsed WHERE clause. A nil *Where is none: it selects
// everything.
type Where struct{ condition *expr.Condition }

// where reads a WHERE clause, if it is there.
func (p *parser) where() *Where {
	if !p.acceptAs("WHERE") {
		return nil
	}
	t := p.expression()
	if p.broken {
		return nil
	}
	root := p.condition(t)
	if p.fault != nil {
		return &Where{}
	}
	condition, err := expr.NewCondition(root)
	if err != nil {
		p.fault = err
	}
	return &Where{condition: condition}
}

// Condition returns the whole clause as a condition, nil if there is none.
func (w *Where) Condition() *expr.Condition {
	if w == nil {
		return nil
	}
	return w.condition
}

// Key returns the key an UPDATE, a DELETE or an EXISTS is about, and the rest
// of the clause as a condition (nil if nothing is left); sort has no name where
// the key has no sort attribute. The clause must give every key attribute with
// = and only one value for it.
func (w *Where) Key(hash, sort expr.KeyAttribute) (key attr.Item, rest *expr.Condition, err error) {
	key = attr.Item{}
	var left []*expr.Condition
	for _, part := range w.Condition().Parts() {
		name, v, ok := equality(part)
		if !ok || name != hash.Name && name != sort.Name {
			left = append(left, part)
			continue
		}
		if old, twice := key[name]; twice && !attr.Equal(old, v) {
			return nil, nil, attr.Invalid("Multiple conditions on same key %s. Only single item Update/Insert/Delete are supported", name)
		}
		key[name] = v
	}
	for _, k := range []expr.KeyAttribute{hash, sort} {
		if _, ok := key[k.Name]; !ok && k.Name != "" {
			return nil, nil, attr.Invalid("Where clause does not contain a mandatory equality on all key attributes")
		}
	}
	return key, expr.All(left), checkKey(key, hash, sort)
}

// equality returns the attribute and the value of a = 1.
func equality(part *expr.Condition) (name string, v attr.Value, ok bool) {
	t, ok := part.KeyTest()
	if !ok {
		return "", nil, false
	}
	values, ok := t.Values()
	if !ok || len(values) != 1 || t.IsList() {
		return "", nil, false
	}
	return t.Name(), values[0], true
}

// checkKey checks the values of key attributes.
func checkKey(key attr.Item, attributes ...expr.KeyAttribute) error {
	for _, k := range attributes {
		switch v := key[k.Name]; {
		case k.Name == "":
		case v.Kind() != k.Kind:
			return attr.Invalid("Key attribute's data type should match its data type in table's schema: Key %s", k.Name)
		case v == attr.Value(attr.String("")) || v == attr.Value(attr.Binary("")):
			return expr.EmptyKey(k)
		}
	}
	return nil
}

// CheckKey checks that an INSERT's item has the key attributes, of the right
// types; sort has no name where the key has no sort attribute.
func (s *Insert) CheckKey(hash, sort expr.KeyAttribute) error {
	for _, k := range []expr.KeyAttribute{hash, sort} {
		if _, ok := s.Item[k.Name]; !ok && k.Name != "" {
			return attr.Invalid("Key attribute should be present in the item: Key %s", k.Name)
		}
	}
	return checkKey(s.Item, hash, sort)
}

// CheckedKey returns the key and the condition of an EXISTS, which must have
// both.
func (s *Exists) CheckedKey(hash, sort expr.KeyAttribute) (key attr.Item, condition *expr.Condition, err error) {
	key, condition, err = s.Select.Where.Key(hash, sort)
	if err != nil || condition == nil {
		return nil, nil, attr.Invalid("EXISTS() must contain a single item read with additional condition")
	}
	return key, condition, nil
}

// Ranges returns the key ranges a SELECT reads, lowest partition key first, and
// the rest of the clause as a filter (nil if nothing is left). With scan, the
// clause does not fix the partition: every item has to be read, and the filter
// is all of the clause.
func (w *Where) Ranges(hash, sort expr.KeyAttribute) (ranges []expr.KeyRange, filter *expr.Condition, scan bool, err error) {
	if err := w.checkTypes(hash, sort); err != nil {
		return nil, nil, false, err
	}
	partition, ok := w.partition(hash.Name)
	if !ok {
		return nil, w.Condition(), true, nil
	}
	left := slices.Clone(w.Condition().Parts())
	left = slices.Delete(left, partition, partition+1)
	byHash, _ := w.Condition().Parts()[partition].KeyTest()
	within, found := expr.KeyTest{}, false
	for i, part := range left {
		if t, ok := part.KeyTest(); ok && sort.Name != "" && t.Name() == sort.Name {
			within, found = t, true
			left = slices.Delete(left, i, i+1)
			break
		}
	}
	values, _ := byHash.Values()
	values = slices.SortedFunc(slices.Values(values), func(a, b attr.Value) int {
		order, _ := attr.Compare(a, b)
		return order
	})
	for _, v := range slices.CompactFunc(values, attr.Equal) {
		if found {
			ranges = append(ranges, within.Ranges(v)...)
		} else {
			ranges = append(ranges, expr.KeyRange{Hash: v})
		}
	}
	return ranges, expr.All(left), false, nil
}

// partition returns which part of the clause fixes the partition key.
func (w *Where) partition(name string) (part int, ok bool) {
	for i, part := range w.Condition().Parts() {
		if t, ok := part.KeyTest(); ok && t.Name() == name {
			if _, ok := t.Values(); ok {
				return i, true
			}
		}
	}
	return 0, false
}

// checkTypes checks the values key attributes are compared with. The service
// has two messages for them: one if the clause gives a whole key or no more
// than the partition's, another for all else.
func (w *Where) checkTypes(hash, sort expr.KeyAttribute) error {
	key, others := attr.Item{}, []expr.KeyTest{}
	for _, part := range w.Condition().Parts() {
		if name, v, ok := equality(part); ok && (name == hash.Name || name == sort.Name && name != "") {
			key[name] = v
		}
		if t, ok := part.KeyTest(); ok {
			others = append(others, t)
		}
	}
	if key[hash.Name] != nil {
		exact := []expr.KeyAttribute{hash}
		if key[sort.Name] != nil {
			exact = append(exact, sort)
		}
		if err := checkKey(key, exact...); err != nil {
			return err
		}
	}
	for _, t := range others {
		for _, k := range []expr.KeyAttribute{hash, sort} {
			if k.Name == t.Name() {
				if err := t.Fits(k); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
