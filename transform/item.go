package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Limits of DynamoDB (Developer Guide, "Quotas").
const (
	maxItemSize = 400 << 10
	maxPKSize   = 2048
	maxSKSize   = 1024
	// reservedSize is kept free in each item for the library's attributes: their
	// names, a version and a flag. The entity's name and the key come on top.
	reservedSize = 100
	// stampSize is kept free on top in an item that has copies.
	stampSize = 40
)

// LibraryPrefix begins the names of the attributes that the library adds to
// items. No attribute of a contract may begin with it.
const LibraryPrefix = "_cf_"

// A keyLimit is what holds for an attribute because it is part of a key.
type keyLimit struct {
	table bool // of the table's own key, so never absent
	sorts bool // it is a sort key
	max   int  // bytes, 0 if it is part of no key
}

// Item returns the item that the record becomes: the contract's attributes and
// nothing else. A NULL is an absent attribute, a copy (see Entity.Copies) of which
// the record has none too. The error is a *ValueError: for
// a value that no item can hold as the contract wants it, a key attribute that
// is empty or over 2048 (partition) or 1024 (sort) bytes, a number over 38
// digits, JSON over 32 levels, an item over 400 KB with what the library adds
// to it, which is up to 100 bytes, 40 more where it has copies, the entity's name and
// the key.
func (e *Entity) Item(r Record) (map[string]types.AttributeValue, error) {
	if r.entity != e {
		return nil, &ValueError{Entity: e.Name, Reason: "the record is of another entity"}
	}
	b := e.newBuilder(r)
	item := make(map[string]types.AttributeValue, len(e.Attributes)+libraryAttributes)
	most := 0
	for i := range e.Attributes {
		a := &e.Attributes[i]
		if e.isHydrated(i) {
			continue
		}
		if e.plain[i] {
			if v := &r.values[a.Column]; v.kind == e.Columns[a.Column].Kind {
				item[a.Name] = b.text(v.text)
				most += len(a.Name) + v.mostBytes()
				continue
			}
		}
		v, reason := r.computed(a.Column)
		var av types.AttributeValue
		if reason == "" {
			av, reason = e.attribute(i, v, &b)
		}
		if reason == reasonTooLarge {
			return nil, e.tooLarge(i)
		}
		if reason != "" {
			return nil, e.fault(a.Column, reason)
		}
		if av != nil {
			item[a.Name] = av
			most += len(a.Name) + v.mostBytes()
		}
	}
	if most > maxItemSize-e.reserved()-len(e.Name)-maxPKSize-maxSKSize {
		if err := e.checkSize(r, item); err != nil {
			return nil, err
		}
	}
	return item, nil
}

// mostBytes is a number of bytes that no attribute made of the value exceeds. Of
// JSON a byte is at most two: a list within a list is four, for its two brackets.
func (v *Value) mostBytes() int { return 24 + 2*len(v.text) }

// checkSize holds an item to DynamoDB's limit. Its size is counted only here:
// that costs a good part of what building it does, and most items are far below.
func (e *Entity) checkSize(r Record, item map[string]types.AttributeValue) error {
	key, err := r.Key()
	if err != nil {
		return err
	}
	size, left := ItemSize(item), maxItemSize-e.reserved()-len(e.Name)-len(key.ID)
	if size > left {
		return &ValueError{Entity: e.Name, TooLarge: true,
			Reason: fmt.Sprintf("the item would have %d bytes; %d are left of DynamoDB's 400 KB", size, left)}
	}
	return nil
}

// reserved is how many bytes of an item are kept free for the library's attributes.
func (e *Entity) reserved() int {
	if slices.ContainsFunc(e.hydrations, func(h *Hydration) bool { return h.by != nil }) {
		return reservedSize + stampSize
	}
	return reservedSize
}

// libraryAttributes is how many attributes a store adds to an item: room in
// the map spares it from growing.
const libraryAttributes = 2

// newBuilder returns a builder with room for the record's attributes.
func (e *Entity) newBuilder(r Record) builder {
	var b builder
	n, numbers := e.strings, e.numbers
	for _, c := range e.documents {
		n += countStrings(r.values[c].text)
		numbers += numberChunk
	}
	if n > 0 {
		b.strings = make([]types.AttributeValueMemberS, 0, n)
	}
	if numbers > 0 {
		b.numbers = make([]types.AttributeValueMemberN, 0, numbers)
	}
	return b
}

// Attribute returns attribute i of Entity.Attributes with the value, as a
// query's condition needs it; nil for NULL. Of an attribute that is computed the
// value is what was computed. The error is a *ValueError.
func (e *Entity) Attribute(i int, v Value) (types.AttributeValue, error) {
	var b builder
	av, reason := e.attribute(i, v, &b)
	if reason == reasonTooLarge {
		return nil, e.tooLarge(i)
	}
	if reason != "" {
		return nil, e.fault(e.Attributes[i].Column, reason)
	}
	return av, nil
}

// ItemKey returns the key attributes of the item whose record has the key. The
// error is a *ValueError; that the item moves, its key being made of other columns
// than those of the primary key too, is one.
func (e *Entity) ItemKey(k Key) (map[string]types.AttributeValue, error) {
	values, err := e.KeyValues(k)
	if err != nil {
		return nil, err
	}
	item := make(map[string]types.AttributeValue, len(e.itemKey)+libraryAttributes)
	for _, i := range e.itemKey {
		v, err := e.keyValue(e.Attributes[i].Column, values)
		if err != nil {
			return nil, err
		}
		av, err := e.Attribute(i, v)
		if err != nil {
			return nil, err
		}
		item[e.Attributes[i].Name] = av
	}
	return item, nil
}

// keyValue returns the value of a column of the record whose primary key has the
// values.
func (e *Entity) keyValue(column int, key []Value) (Value, error) {
	if e.Columns[column].computation == nil {
		if p := e.keyPosition(column); p >= 0 {
			return key[p], nil
		}
		return Value{}, e.fault(column, reasonMoves)
	}
	for _, c := range e.basis(column) {
		if e.keyPosition(c) < 0 {
			return Value{}, e.fault(c, reasonMoves)
		}
	}
	r := e.NewRecord()
	for i, c := range e.KeyColumns {
		r.values[c] = key[i]
	}
	v, reason := r.computed(column)
	if reason != "" {
		return Value{}, e.fault(column, reason)
	}
	return v, nil
}

// reasonMoves is why a key does not say where its record's item is.
const reasonMoves = "is part of the item's key and not of the primary key, which so does not say where the item is"

// keyPosition returns which column of the primary key the column is, -1 if it is
// none.
func (e *Entity) keyPosition(column int) int {
	for i, c := range e.KeyColumns {
		if c == column {
			return i
		}
	}
	return -1
}

// reasonTooLarge stands for the reason that Entity.tooLarge gives.
const reasonTooLarge = "too large"

func (e *Entity) tooLarge(i int) *ValueError {
	err := e.fault(e.Attributes[i].Column, fmt.Sprintf("longer than the %d bytes that key attribute %s may have",
		e.keyLimits[i].max, e.Attributes[i].Name))
	err.TooLarge = true
	return err
}

// fault is a *ValueError about one of the entity's columns. One that is joined or
// computed has the name of its attribute, which the contract knows it by.
func (e *Entity) fault(column int, reason string) *ValueError {
	name := e.Columns[column].Name
	if i := slices.IndexFunc(e.Attributes, func(a Attribute) bool { return a.Column == column }); i >= 0 && !e.Columns[column].IsOwn() {
		name = e.Attributes[i].Name
	}
	return &ValueError{Entity: e.Name, Column: name, Reason: reason}
}

// reasonNegativeKey is why a TIME below zero is in no key.
const reasonNegativeKey = "a TIME below zero, and part of a key, where DynamoDB would sort it the wrong way round"

// attribute makes attribute i of the column's value, nil for one that is absent:
// NULL, and a set without members.
func (e *Entity) attribute(i int, v Value, b *builder) (types.AttributeValue, string) {
	limit := e.keyLimits[i]
	if v.kind == Null && e.ChildrenIn(e.Attributes[i].Column) != nil {
		v = Value{kind: JSON, text: emptyList}
	}
	if v.kind == Null {
		switch {
		case limit.table:
			return nil, "NULL in the item's key"
		case e.Attributes[i].TypedNull:
			return b.null(), ""
		}
		return nil, ""
	}
	attr := &e.Attributes[i]
	c := &e.Columns[attr.Column]
	if v.kind != c.Kind {
		return nil, fmt.Sprintf("is of kind %s, and the column of kind %s", v.kind, c.Kind)
	}
	if limit.sorts {
		v.text = c.sortable(v.text)
	}
	av, reason := c.encode(attr.Type, v, b)
	if reason == "" && limit.max > 0 {
		if v.kind == Time && v.text[0] == '-' {
			return nil, reasonNegativeKey
		}
		reason = limit.check(av)
	}
	return av, reason
}

// check holds a key attribute to what DynamoDB wants of one.
func (l keyLimit) check(av types.AttributeValue) string {
	n := 1
	switch x := av.(type) {
	case *types.AttributeValueMemberS:
		n = len(x.Value)
	case *types.AttributeValueMemberB:
		n = len(x.Value)
	}
	switch {
	case n == 0:
		return "empty, and part of a key of the table or an index, where DynamoDB allows no empty value"
	case n > l.max:
		return reasonTooLarge
	}
	return ""
}

// encode makes an attribute value of the type that the contract says.
func (c *Column) encode(attrType string, v Value, b *builder) (types.AttributeValue, string) {
	switch attrType {
	case "N":
		return encodeNumber(v, b)
	case "BOOL":
		return b.boolean(v.num == 1), ""
	case "B":
		return b.bytes(c.bytes(v)), ""
	case "SS":
		return b.set(v.text), ""
	case "M":
		if v.text[0] != '{' && v.text != "null" {
			return nil, "the contract says M, and the JSON is no object"
		}
		return b.document(v.text)
	case "L":
		if v.text[0] != '[' && v.text != "null" {
			return nil, "the contract says L, and the JSON is no array"
		}
		return b.document(v.text)
	case "JSON":
		return b.document(v.text)
	}
	return b.text(v.Text()), ""
}

// bytes returns the bytes of a B.
func (c *Column) bytes(v Value) []byte {
	if v.kind == Int {
		return c.bitBytes(v)
	}
	return []byte(v.text)
}

// encodeNumber writes numbers the way DynamoDB gives them back, without the
// zeros that a decimal's scale adds.
func encodeNumber(v Value, b *builder) (types.AttributeValue, string) {
	if v.kind != Decimal && v.kind != Float {
		return b.number(v.Text()), ""
	}
	if text, ok := plainNumber(v.text); ok {
		return b.number(text), ""
	}
	n, ok := parseNumber(v.text)
	if !ok {
		return nil, reasonNotDecimal
	}
	if reason := n.limit(); reason != "" {
		return nil, reason
	}
	return b.number(string(n.appendPlain(nil))), ""
}

// plainNumber returns what encodeNumber writes where that is a part of the
// canonical text: nearly always. It costs no allocation.
func plainNumber(s string) (string, bool) {
	if s == "" || len(s) > maxNumberDigits {
		return "", false // there may be more digits than an N has
	}
	point := false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			point = true
		case c != '-' && (c < '0' || c > '9'):
			return "", false // with an exponent
		}
	}
	if point {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s, true
}
