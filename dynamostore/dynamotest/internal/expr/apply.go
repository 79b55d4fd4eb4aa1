package expr

import (
	"maps"
	"slices"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// The service's messages for an update that does not fit the item.
const (
	badPath    = "The document path provided in the update expression is invalid for update"
	badOperand = "An operand in the update expression has an incorrect data type"
	noOperand  = "The provided expression refers to an attribute that does not exist in the item"
)

// A Change is an item after an update, and what of it the update touched.
type Change struct {
	Item attr.Item

	before attr.Item
	tree   *tree
}

// Old returns what stood at the update's paths before it, and nothing beside:
// what ReturnValues UPDATED_OLD asks for. It is empty if nothing did.
func (c Change) Old() attr.Item { return (&Projection{tree: c.tree}).Project(c.before) }

// New returns what stands at the update's paths after it, for UPDATED_NEW. An
// element that was put beyond the end of its list is not where its path says,
// so it is not in New; neither is it in the service.
func (c Change) New() attr.Item { return (&Projection{tree: c.tree}).Project(c.Item) }

// An effect is what an action does at its path.
type effect struct {
	value attr.Value // nil: remove what is there, if anything
}

// Apply returns what the update makes of item. All operands are read from the
// item as it was, also the indexes of elements to be removed. The item is not
// changed, nor anything in it. It must have its key attributes, also where
// there was no item.
func (u *Update) Apply(item attr.Item) (Change, error) {
	effects := make([]effect, len(u.actions))
	for i, a := range u.actions {
		v, err := a.effect(item)
		if err != nil {
			return Change{}, err
		}
		effects[i].value = v
	}
	changed, err := u.tree.change(item, effects)
	if err != nil {
		return Change{}, err
	}
	after := changed.(attr.Map)
	for _, b := range u.tree.branches {
		if attr.TooDeep(after[b.step.Name]) {
			return Change{}, attr.Invalid(attr.TooDeepMessage)
		}
	}
	return Change{Item: after, before: item, tree: u.tree}, nil
}

// change returns v with the effects of the paths in t. v must be something
// such paths can lead into.
func (t *tree) change(v attr.Value, effects []effect) (attr.Value, error) {
	if len(t.branches) == 0 {
		return effects[t.index].value, nil
	}
	switch v := v.(type) {
	case attr.Map:
		if t.branches[0].step.Name != "" {
			return t.changeMap(v, effects)
		}
	case attr.List:
		if t.branches[0].step.Name == "" {
			return t.changeList(v, effects)
		}
	}
	return nil, attr.Invalid(badPath)
}

// changeMap copies one level of a map and changes it; levels that no path goes
// through stay shared with the old item.
func (t *tree) changeMap(v attr.Map, effects []effect) (attr.Value, error) {
	changed := maps.Clone(v)
	for _, b := range t.branches {
		member, err := b.tree.change(v[b.step.Name], effects)
		if err != nil {
			return nil, err
		}
		if member == nil {
			delete(changed, b.step.Name)
		} else {
			changed[b.step.Name] = member
		}
	}
	return changed, nil
}

// changeList puts what lies beyond the end at the end, in the order of the
// indexes, and closes the gaps of what is removed.
func (t *tree) changeList(v attr.List, effects []effect) (attr.Value, error) {
	changed := slices.Clone(v)
	for _, b := range t.branches {
		inside := b.step.Index < len(v)
		var old attr.Value
		if inside {
			old = v[b.step.Index]
		}
		element, err := b.tree.change(old, effects)
		switch {
		case err != nil:
			return nil, err
		case inside:
			changed[b.step.Index] = element
		default:
			changed = append(changed, element)
		}
	}
	return slices.DeleteFunc(changed, func(e attr.Value) bool { return e == nil }), nil
}

// effect returns what stands at the action's path afterwards, nil if nothing.
func (a action) effect(item attr.Item) (attr.Value, error) {
	if a.verb == verbRemove {
		return nil, nil
	}
	if a.verb == verbSet {
		return a.operand.compute(item)
	}
	old, operand := a.target.path.Lookup(item), a.operand.value
	if old == nil {
		if a.verb == verbAdd {
			return operand, nil
		}
		return nil, nil
	}
	if n, ok := operand.(attr.Number); ok {
		return sum(old, n)
	}
	if old.Kind() != operand.Kind() {
		return nil, attr.Invalid(badOperand)
	}
	if a.verb == verbAdd {
		return attr.Union(old, operand), nil
	}
	return attr.Difference(old, operand), nil
}

// compute returns what the right side of a SET is for an item.
func (n *Node) compute(item attr.Item) (attr.Value, error) {
	if n.op == opIfNotExists {
		return n.ifNotExists(item)
	}
	if n.op == opPath || n.op == opValue {
		v := n.of(item)
		if v == nil {
			return nil, attr.Invalid(noOperand)
		}
		return v, nil
	}
	left, err := n.args[0].compute(item)
	if err != nil {
		return nil, err
	}
	right, err := n.args[1].compute(item)
	if err != nil {
		return nil, err
	}
	if n.op == opListAppend {
		return appended(left, right)
	}
	r, ok := right.(attr.Number)
	if !ok {
		return nil, attr.Invalid(badOperand)
	}
	if n.op == opMinus {
		r = r.Negate()
	}
	return sum(left, r)
}

// ifNotExists reads its second operand also where it has no use for it, as
// DynamoDB Local does: one that does not exist is an error all the same.
func (n *Node) ifNotExists(item attr.Item) (attr.Value, error) {
	other, err := n.args[1].compute(item)
	if err != nil {
		return nil, err
	}
	if v := n.args[0].of(item); v != nil {
		return v, nil
	}
	return other, nil
}

// sum adds to an attribute, which must be a number already.
func sum(v attr.Value, n attr.Number) (attr.Value, error) {
	old, ok := v.(attr.Number)
	if !ok {
		return nil, attr.Invalid(badOperand)
	}
	total, err := old.Add(n)
	if err != nil {
		return nil, err
	}
	return total, nil
}

// appended joins two lists in a new one.
func appended(left, right attr.Value) (attr.Value, error) {
	l, ok := left.(attr.List)
	r, also := right.(attr.List)
	if !ok || !also {
		return nil, attr.Invalid(badOperand)
	}
	return slices.Concat(l, r), nil
}
