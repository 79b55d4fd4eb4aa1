package attr

import (
	"encoding/base64"
	"slices"
)

// maxDepth is how many levels a value may have; a scalar is one level
// (Developer Guide, "Constraints: nested attribute depth").
const maxDepth = 32

// MaxName is how many bytes of UTF-8 an attribute's name may have.
const MaxName = 1<<16 - 1

// TooDeepMessage is what the service says of a value with too many levels that
// did not come in one piece.
const TooDeepMessage = "Nesting Levels have exceeded supported limits"

// TooDeep reports whether an attribute's value has more levels than the service
// allows, as an update can bring about.
func TooDeep(v Value) bool { return deeper(v, maxDepth) }

func deeper(v Value, levels int) bool {
	if levels == 0 {
		return true
	}
	switch v := v.(type) {
	case List:
		return slices.ContainsFunc(v, func(e Value) bool { return deeper(e, levels-1) })
	case Map:
		for _, m := range v {
			if deeper(m, levels-1) {
				return true
			}
		}
	}
	return false
}

// The service's messages for values it can't take.
var (
	errEmpty     = &ValidationError{"Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"}
	errAmbiguous = &ValidationError{"Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"}
	errNull      = &ValidationError{"One or more parameter values were invalid: Null attribute value types must have the value of true"}
	errDepth     = &ValidationError{TooDeepMessage + ": Attributes in the item have nested levels beyond supported limit"}
	errLongName  = &ValidationError{"Attribute name is too large, must be less than 65536 bytes"}
	errName      = &ValidationError{"Empty attribute name"}
	errNoStrings = &ValidationError{"One or more parameter values were invalid: An string set  may not be empty"}
	errNoNumbers = &ValidationError{"One or more parameter values were invalid: An number set  may not be empty"}
	errNoBinary  = &ValidationError{"One or more parameter values were invalid: Binary sets should not be empty"}
	errNullMem   = &ValidationError{"One or more parameter values were invalid: An string set may not have a null string as a member"}
	errTwice     = &ValidationError{"Input collection contains duplicates"}
)

// invalidate keeps the first fault of a value that has the right shape, and
// the name it was found under. The value itself is then of no use.
func (d *decoder) invalidate(err error) Value {
	if d.invalid == nil {
		d.invalid, d.fault = err, d.name
	}
	return Null{}
}

// top reads the outermost map of an input.
func (d *decoder) top() (Item, error) {
	if d.null() {
		return nil, nil
	}
	item := Item{}
	err := d.object(func(name string) (err error) {
		d.name = name
		item[name], err = d.member(name, 1)
		return err
	})
	return item, err
}

// member reads the value of an attribute; depth is the value's level.
func (d *decoder) member(name string, depth int) (Value, error) {
	switch {
	case name == "":
		d.invalidate(errName)
	case len(name) > MaxName:
		d.invalidate(errLongName)
	}
	return d.value(depth)
}

// value reads {"S":"x"}. Members that are no data type are ignored.
func (d *decoder) value(depth int) (Value, error) {
	if depth > maxDepth {
		return d.invalidate(errDepth), d.skip()
	}
	if d.null() {
		return d.invalidate(errEmpty), nil
	}
	var found Value
	var kind Kind
	err := d.object(func(name string) error {
		if d.null() {
			return nil
		}
		v, err := d.typed(Kind(name), depth)
		if err != nil || v == nil {
			return err
		}
		if found != nil && kind != Kind(name) {
			d.invalidate(errAmbiguous)
		}
		found, kind = v, Kind(name)
		return nil
	})
	if err == nil && found == nil {
		found = d.invalidate(errEmpty)
	}
	return found, err
}

// typed reads what stands after a data type's name; nil if it is not one.
func (d *decoder) typed(kind Kind, depth int) (Value, error) {
	switch kind {
	case KindString:
		s, err := d.text()
		return String(s), err
	case KindNumber:
		s, err := d.text()
		if err != nil {
			return nil, err
		}
		return d.number(s), nil
	case KindBinary:
		s, err := d.bytes()
		return Binary(s), err
	case KindBool:
		truth, err := d.bool()
		return Bool(truth), err
	case KindNull:
		truth, err := d.bool()
		if err == nil && !truth {
			return d.invalidate(errNull), nil
		}
		return Null{}, err
	case KindList:
		list, err := d.list(depth)
		return List(list), err
	case KindMap:
		return d.attributes(depth)
	case KindStringSet, KindNumberSet, KindBinarySet:
		return d.set(kind)
	}
	return nil, d.skip()
}

// number reads the text of an N.
func (d *decoder) number(text string) Value {
	n, err := ParseNumber(text)
	if err != nil {
		return d.invalidate(err)
	}
	return n
}

// list reads the elements of an L, which are one level below it.
func (d *decoder) list(depth int) ([]Value, error) {
	list := []Value{}
	err := d.array(attributeType, func() error {
		v, err := d.value(depth + 1)
		list = append(list, v)
		return err
	})
	return list, err
}

// attributes reads the members of an M, which are one level below it.
func (d *decoder) attributes(depth int) (Value, error) {
	attributes := Map{}
	err := d.object(func(name string) (err error) {
		attributes[name], err = d.member(name, depth+1)
		return err
	})
	return attributes, err
}

// set reads the members of a set and checks that none is there twice.
func (d *decoder) set(kind Kind) (Value, error) {
	member := d.text
	if kind == KindBinarySet {
		member = d.bytes
	}
	var members []string
	err := d.array("java.lang.String", func() error {
		if d.null() {
			d.invalidate(errNullMem)
			return nil
		}
		s, err := member()
		members = append(members, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	switch kind {
	case KindStringSet:
		return d.stringSet(members), nil
	case KindNumberSet:
		return d.numberSet(members), nil
	}
	return d.binarySet(members), nil
}

func (d *decoder) stringSet(members []string) Value {
	set := NewStringSet(members...)
	switch {
	case len(set) == 0:
		return d.invalidate(errNoStrings)
	case len(set) < len(members):
		return d.invalidate(Invalid("One or more parameter values were invalid: Input collection %s contains duplicates.", listed(members)))
	}
	return set
}

func (d *decoder) binarySet(members []string) Value {
	set := NewBinarySet(members...)
	switch {
	case len(set) == 0:
		return d.invalidate(errNoBinary)
	case len(set) < len(members):
		return d.invalidate(Invalid("One or more parameter values were invalid: Input collection of type BS contains duplicates."))
	}
	return set
}

func (d *decoder) numberSet(members []string) Value {
	if len(members) == 0 {
		return d.invalidate(errNoNumbers)
	}
	numbers := make([]Number, len(members))
	for i, text := range members {
		n, err := ParseNumber(text)
		if err != nil {
			return d.invalidate(err)
		}
		numbers[i] = n
	}
	set := NewNumberSet(numbers...)
	if len(set) < len(numbers) {
		return d.invalidate(errTwice)
	}
	return set
}

// listedLimit bounds how much of a set a message repeats.
const listedLimit = 1 << 10

// listed writes [a, b], in the order the request has.
func listed(members []string) string {
	b := []byte{'['}
	for i, m := range members {
		if i > 0 {
			b = append(b, ", "...)
		}
		if b = append(b, m...); len(b) > listedLimit {
			b = append(b[:listedLimit], "..."...)
			break
		}
	}
	return string(append(b, ']'))
}

// bytes reads a base64 string.
func (d *decoder) bytes() (string, error) {
	s, err := d.text()
	if err != nil {
		return "", err
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return "", misshapen("only base64-encoded strings are convertible to bytes")
	}
	return string(raw), nil
}
