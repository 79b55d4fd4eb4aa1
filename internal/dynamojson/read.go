package dynamojson

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Items reads the items of each entity: an object with a list of items by the
// entity's name. An attribute that has no type, two, or one that DynamoDB does not
// know is an error, so that a slip of the pen expects nothing else by accident.
func Items(data []byte) (map[string][]map[string]types.AttributeValue, error) {
	var read map[string][]item
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, err
	}
	items := make(map[string][]map[string]types.AttributeValue, len(read))
	for entity, list := range read {
		items[entity] = []map[string]types.AttributeValue{}
		for _, i := range list {
			items[entity] = append(items[entity], i.values())
		}
	}
	return items, nil
}

// Item reads one item. Of its attributes what Items says holds.
func Item(data []byte) (map[string]types.AttributeValue, error) {
	var read item
	err := json.Unmarshal(data, &read)
	return read.values(), err
}

// An item is the attributes of an item or of a map.
type item map[string]attribute

func (i item) values() map[string]types.AttributeValue {
	values := make(map[string]types.AttributeValue, len(i))
	for name, a := range i {
		values[name] = a.value
	}
	return values
}

// An attribute is a value with its type: {"S": "text"}.
type attribute struct{ value types.AttributeValue }

func (a *attribute) UnmarshalJSON(data []byte) error {
	var typed map[string]json.RawMessage
	if err := json.Unmarshal(data, &typed); err != nil {
		return err
	}
	if len(typed) != 1 {
		return fmt.Errorf("an attribute value has one type, not %d", len(typed))
	}
	for name, text := range typed {
		if string(text) == "null" { // which encoding/json takes for anything
			return fmt.Errorf("type %s has no value", name)
		}
		value, into := empty(name)
		if value == nil {
			return fmt.Errorf("DynamoDB has no type %q", name)
		}
		if err := json.Unmarshal(text, into); err != nil {
			return err
		}
		a.value = value
	}
	return nil
}

// empty returns a value of the type, and where its content is to be read into.
func empty(name string) (value types.AttributeValue, into any) {
	switch name {
	case "S":
		v := &types.AttributeValueMemberS{}
		return v, &v.Value
	case "N":
		v := &types.AttributeValueMemberN{}
		return v, &v.Value
	case "B":
		v := &types.AttributeValueMemberB{}
		return v, &v.Value
	case "BOOL":
		v := &types.AttributeValueMemberBOOL{}
		return v, &v.Value
	case "NULL":
		v := &types.AttributeValueMemberNULL{}
		return v, &v.Value
	case "SS":
		v := &types.AttributeValueMemberSS{}
		return v, &v.Value
	case "NS":
		v := &types.AttributeValueMemberNS{}
		return v, &v.Value
	case "BS":
		v := &types.AttributeValueMemberBS{}
		return v, &v.Value
	case "L":
		v := &types.AttributeValueMemberL{}
		return v, &list{v}
	case "M":
		v := &types.AttributeValueMemberM{}
		return v, &object{v}
	}
	return nil, nil
}

// A list reads the values of an L.
type list struct{ of *types.AttributeValueMemberL }

func (l *list) UnmarshalJSON(data []byte) error {
	var all []attribute
	err := json.Unmarshal(data, &all)
	l.of.Value = make([]types.AttributeValue, 0, len(all))
	for _, a := range all {
		l.of.Value = append(l.of.Value, a.value)
	}
	return err
}

// An object reads the attributes of an M.
type object struct{ of *types.AttributeValueMemberM }

func (o *object) UnmarshalJSON(data []byte) error {
	var all item
	err := json.Unmarshal(data, &all)
	o.of.Value = all.values()
	return err
}
