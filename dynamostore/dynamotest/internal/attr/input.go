package attr

import (
	"maps"
	"slices"
)

// An Input is a map of attribute values in a request: an item, a key, or
// expression attribute values. Unmarshalling it fails only where the JSON does
// not have the protocol's shape. What the service finds wrong with the values
// is kept until it is asked for, because other faults of a request go first.
type Input struct {
	item  Item
	fault string // the name whose value is at fault, if err is not nil
	err   error
}

// NewInput returns what unmarshalling the item's wire form would.
func NewInput(item Item) Input { return Input{item: item} }

// UnmarshalJSON reads the wire form, or null. Its error is a
// *SerializationError.
func (in *Input) UnmarshalJSON(data []byte) error {
	d := decoder{data: data}
	item, err := d.top()
	if err != nil {
		return err
	}
	*in = Input{item: item, fault: d.fault, err: d.invalid}
	return nil
}

// Given reports whether the request has the map at all, empty or not.
func (in Input) Given() bool { return in.item != nil }

// Len returns how many attributes the map has.
func (in Input) Len() int { return len(in.item) }

// Names returns the names of the map's attributes, sorted.
func (in Input) Names() []string { return slices.Sorted(maps.Keys(in.item)) }

// Item returns the map, nil if it was not given. The error is the
// *ValidationError of the first attribute that has one.
func (in Input) Item() (Item, error) {
	if in.err != nil {
		return nil, in.err
	}
	return in.item, nil
}

// Fault returns what Item's error says and the attribute it is about.
func (in Input) Fault() (name string, err error) { return in.fault, in.err }

// An InputList is a list of attribute values in a request, such as a PartiQL
// statement's parameters. It treats faults as an Input does.
type InputList struct {
	values []Value
	err    error
}

// NewInputList returns what unmarshalling the values' wire forms would.
func NewInputList(values ...Value) InputList { return InputList{values: values} }

// UnmarshalJSON reads an array of wire forms, or null. Its error is a
// *SerializationError.
func (in *InputList) UnmarshalJSON(data []byte) error {
	d := decoder{data: data}
	if d.null() {
		*in = InputList{}
		return nil
	}
	list, err := d.list(0)
	if err != nil {
		return err
	}
	*in = InputList{values: list, err: d.invalid}
	return nil
}

// Given reports whether the request has the list at all, empty or not.
func (in InputList) Given() bool { return in.values != nil }

// Values returns the list, nil if it was not given. The error is the
// *ValidationError of the first value that has one.
func (in InputList) Values() ([]Value, error) {
	if in.err != nil {
		return nil, in.err
	}
	return in.values, nil
}
