package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Record returns the record that the item holds. Attributes whose names begin
// with LibraryPrefix are the library's and ignored. Everything else must be as
// Item would have written it: another attribute, another type, a NOT NULL
// column that is absent, a time with other digits is an error, a *ValueError.
// Ignoring it would let an update put back less than it read. Copies (see
// Entity.Copies) are no part of the record.
func (e *Entity) Record(item map[string]types.AttributeValue) (Record, error) {
	r := e.NewRecord()
	found := 0
	for i := range e.Attributes {
		av, ok := item[e.Attributes[i].Name]
		switch {
		case e.Columns[e.Attributes[i].Column].Hydrated:
			if ok && !e.isHydrated(i) {
				found++
			}
			continue // another one that is there is a stranger
		case ok:
			found++
		case e.absentIsEmpty(i):
			av = nil
		default:
			continue
		}
		if reason := e.take(r, i, av); reason != "" {
			return Record{}, e.fault(e.Attributes[i].Column, reason)
		}
	}
	if len(item) > found {
		if name, ok := e.unknown(item); ok {
			return Record{}, &ValueError{Entity: e.Name, Reason: "the item has an attribute " + name + " that the contract does not name"}
		}
	}
	if reason := e.restore(r); reason != "" {
		return Record{}, &ValueError{Entity: e.Name, Reason: reason}
	}
	if found < len(e.Attributes) || e.typedNulls {
		if err := e.checkNulls(r, item); err != nil {
			return r, err
		}
	}
	return r, e.isSettled(r)
}

// restore sets the columns that computed ones were made of, where that can be
// undone, and requires that each computed value of which an item has all that it
// was made of is what that makes. The computed columns are NULL then.
func (e *Entity) restore(r Record) string {
	// What is made of another computed column comes after it.
	for _, i := range slices.Backward(e.computed) {
		c := e.Columns[i].computation
		if ok, _ := c.reversible(); !ok || r.values[i].kind == Null {
			continue
		}
		values, reason := c.restore(e, r.values[i])
		if reason != "" {
			return "the item's " + e.Columns[i].Name + ": " + reason
		}
		for n, column := range c.inputs() {
			if old := r.values[column]; old.kind != Null && old != values[n] {
				return "the item's " + e.Columns[i].Name + " is made of another " + e.Columns[column].Name
			}
			r.values[column] = values[n]
		}
	}
	for _, i := range e.proved {
		now, reason := r.computed(i)
		switch {
		case reason == "" && now == r.values[i]:
		case r.values[i].kind == Null:
			return "the item has no " + e.Columns[i].Name + ", which its other attributes make"
		default:
			return "the item's " + e.Columns[i].Name + " is not what its other attributes make"
		}
	}
	for _, i := range e.computed {
		r.values[i] = Value{}
	}
	return ""
}

// take sets the column of attribute i. A column that several attributes carry
// must be the same in each.
func (e *Entity) take(r Record, i int, av types.AttributeValue) string {
	attr := &e.Attributes[i]
	if s, isText := av.(*types.AttributeValueMemberS); isText && e.keyLimits[i].sorts {
		text, ok := e.Columns[attr.Column].unsortable(s.Value)
		if !ok {
			return "attribute " + attr.Name + " " + reasonSortDigits
		}
		if text != s.Value {
			av = &types.AttributeValueMemberS{Value: text}
		}
	}
	v, reason := e.value(attr, av)
	if reason != "" {
		return "attribute " + attr.Name + " " + reason
	}
	if old := r.values[attr.Column]; old.kind != Null && old != v {
		return "attribute " + attr.Name + " differs from another attribute of the column"
	}
	r.values[attr.Column] = v
	return ""
}

// value reads one attribute; nil is one that is absent.
func (e *Entity) value(attr *Attribute, av types.AttributeValue) (Value, string) {
	c := &e.Columns[attr.Column]
	if av == nil {
		return c.emptySet(), ""
	}
	if attr.TypedNull && isNull(av) {
		if !c.mayBeNull() {
			return Value{}, "is NULL, and the column is NOT NULL"
		}
		return Value{}, ""
	}
	return c.decode(attr.Type, av)
}

// absentIsEmpty reports whether attribute i is absent for a set without members
// and for nothing else.
func (e *Entity) absentIsEmpty(i int) bool {
	attr := &e.Attributes[i]
	return attr.Type == "SS" && !attr.blurs(&e.Columns[attr.Column])
}

// blurs reports whether the attribute is absent for NULL and for a set without
// members as well.
func (a *Attribute) blurs(c *Column) bool { return a.Type == "SS" && c.Nullable && !a.TypedNull }

// unknown returns an attribute that is neither the contract's nor the
// library's.
func (e *Entity) unknown(item map[string]types.AttributeValue) (string, bool) {
	for name := range item {
		i := e.AttributeIndex(name)
		if (i < 0 || e.isHydrated(i)) && !strings.HasPrefix(name, LibraryPrefix) {
			return name, true
		}
	}
	return "", false
}

// checkNulls looks at the columns of which an attribute is absent or NULL.
func (e *Entity) checkNulls(r Record, item map[string]types.AttributeValue) error {
	for i := range e.Attributes {
		if e.Columns[e.Attributes[i].Column].Hydrated {
			continue
		}
		attr := &e.Attributes[i]
		av, ok := item[attr.Name]
		reason := ""
		switch {
		case !ok && !e.absentIsEmpty(i):
			reason = e.checkAbsent(attr, r.values[attr.Column])
		case ok && attr.TypedNull && isNull(av) && r.values[attr.Column].kind != Null:
			reason = " is NULL, and another attribute of the column is not"
		}
		if reason != "" {
			return e.fault(attr.Column, "attribute "+attr.Name+reason)
		}
	}
	return nil
}

// checkAbsent returns why an attribute can't be absent, whose column has the
// value.
func (e *Entity) checkAbsent(attr *Attribute, v Value) string {
	c := &e.Columns[attr.Column]
	switch {
	case attr.blurs(c) && v.text == "":
		return ""
	case attr.TypedNull:
		return " is absent, and the contract says that NULL is a type"
	case !c.mayBeNull():
		return " is absent, and the column is NOT NULL"
	case v.kind != Null:
		return " is absent, and another attribute of the column is not"
	}
	return ""
}

func isNull(av types.AttributeValue) bool {
	_, null := av.(*types.AttributeValueMemberNULL)
	return null
}

// decode reads an attribute value of the type that the contract says. Only the
// form that encode gives is accepted, so that one value has one item.
func (c *Column) decode(attrType string, av types.AttributeValue) (Value, string) {
	switch x := av.(type) {
	case *types.AttributeValueMemberS:
		if attrType == "S" {
			return c.decodeText(x.Value)
		}
	case *types.AttributeValueMemberN:
		if attrType == "N" {
			return c.decodeNumber(x.Value)
		}
	case *types.AttributeValueMemberBOOL:
		if attrType == "BOOL" {
			return BoolValue(x.Value), ""
		}
	case *types.AttributeValueMemberB:
		if attrType == "B" && c.Kind == Int {
			return c.decodeBits(x.Value)
		}
		if attrType == "B" {
			return BytesValue(x.Value), ""
		}
	case *types.AttributeValueMemberSS:
		if attrType == "SS" {
			return c.decodeSet(x.Value)
		}
	}
	if !holdsJSON(attrType, av) {
		return Value{}, fmt.Sprintf("is of type %s, and the contract says %s", attributeType(av), attrType)
	}
	b, reason := appendAttribute(make([]byte, 0, 128), av)
	return Value{kind: JSON, text: string(b)}, reason
}

// holdsJSON reports whether a document may be stored as this attribute value.
// JSON's null has its own type whatever the contract says, since an absent
// attribute is SQL's NULL.
func holdsJSON(attrType string, av types.AttributeValue) bool {
	switch av.(type) {
	case *types.AttributeValueMemberM:
		return attrType == "M" || attrType == "JSON"
	case *types.AttributeValueMemberL:
		return attrType == "L" || attrType == "JSON"
	case *types.AttributeValueMemberNULL:
		return attrType == "M" || attrType == "L" || attrType == "JSON"
	}
	return attrType == "JSON"
}

// decodeText reads an S in the column's canonical text.
func (c *Column) decodeText(s string) (Value, string) {
	v, reason := c.parse(s)
	if reason == "" && v.Text() != s {
		reason = "is not in the form that the contract gives the column"
	}
	return v, reason
}

// decodeNumber reads an N, which DynamoDB gives back without needless digits.
func (c *Column) decodeNumber(s string) (Value, string) {
	switch c.Kind {
	case Decimal:
		return c.parseDecimal(s)
	case Float:
		return c.decodeFloat(s)
	}
	v, reason := c.parseInt(s)
	if reason == "" {
		return v, ""
	}
	// Another writer may have sent 1e2; some engines give it back like that.
	n, ok := parseNumber(s)
	if !ok || n.exp < 0 || n.first() > 20 {
		return Value{}, reasonNotInteger
	}
	return c.parseInt(string(n.appendPlain(nil)))
}

// attributeType returns the type's name in DynamoDB's JSON.
func attributeType(av types.AttributeValue) string {
	switch av.(type) {
	case *types.AttributeValueMemberS:
		return "S"
	case *types.AttributeValueMemberN:
		return "N"
	case *types.AttributeValueMemberB:
		return "B"
	case *types.AttributeValueMemberBOOL:
		return "BOOL"
	case *types.AttributeValueMemberNULL:
		return "NULL"
	case *types.AttributeValueMemberM:
		return "M"
	case *types.AttributeValueMemberL:
		return "L"
	case *types.AttributeValueMemberSS:
		return "SS"
	case *types.AttributeValueMemberNS:
		return "NS"
	case *types.AttributeValueMemberBS:
		return "BS"
	}
	return "an unknown type"
}
