package transform

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxItemDepth is how many maps and lists DynamoDB nests in one attribute, the
// attribute's own included. DynamoDB Local takes 31 and refuses 32: the 32
// levels of the documentation count the scalar inside.
const maxItemDepth = 31

// maxAttributeName is the most bytes a name within a map may have.
const maxAttributeName = 65535

// document makes an attribute value of a document in canonical form, which
// needs no more checks of its grammar.
func (b *builder) document(text string) (types.AttributeValue, string) {
	b.jsonReader = jsonReader{s: text}
	return b.value(0)
}

func (b *builder) value(depth int) (types.AttributeValue, string) {
	switch c := b.peek(); c {
	case '{', '[':
		if depth == maxItemDepth {
			return nil, "JSON nested more than 32 levels deep, which no item can be"
		}
		b.pos++
		if c == '{' {
			return b.object(depth + 1)
		}
		return b.array(depth + 1)
	case '"':
		s, reason := b.str()
		return b.text(s), reason
	case 't':
		b.word("true")
		return b.boolean(true), ""
	case 'f':
		b.word("false")
		return b.boolean(false), ""
	case 'n':
		b.word("null")
		return b.null(), ""
	}
	return b.jsonNumber()
}

func (b *builder) jsonNumber() (types.AttributeValue, string) {
	text, integer, ok := b.jsonReader.number()
	if !ok {
		return nil, reasonNotJSON
	}
	if integer && len(text) <= maxNumberDigits {
		return b.number(text), ""
	}
	n, ok := parseNumber(text)
	if !ok {
		return nil, reasonNotJSON
	}
	if reason := n.limit(); reason != "" {
		return nil, reason
	}
	return b.number(string(n.appendPlain(nil))), ""
}

// array gathers the elements aside, to make a list of the right length.
func (b *builder) array(depth int) (types.AttributeValue, string) {
	var aside [8]types.AttributeValue
	elements := aside[:0]
	for !b.take(']') {
		b.take(',')
		v, reason := b.value(depth)
		if reason != "" {
			return nil, reason
		}
		elements = append(elements, v)
	}
	list := make([]types.AttributeValue, len(elements))
	copy(list, elements)
	return &types.AttributeValueMemberL{Value: list}, ""
}

func (b *builder) object(depth int) (types.AttributeValue, string) {
	m := map[string]types.AttributeValue{}
	for !b.take('}') {
		b.take(',')
		key, reason := b.str()
		if reason != "" {
			return nil, reason
		}
		switch {
		case key == "":
			// DynamoDB Local: "Empty attribute name".
			return nil, "JSON with an empty key, which no item can have"
		case len(key) > maxAttributeName:
			return nil, "JSON with a key over 65535 bytes"
		}
		b.take(':')
		v, reason := b.value(depth)
		if reason != "" {
			return nil, reason
		}
		m[key] = v
	}
	return &types.AttributeValueMemberM{Value: m}, ""
}

// appendAttribute appends an attribute value as canonical JSON. Sets and bytes
// have no JSON form; a document never becomes one.
func appendAttribute(b []byte, av types.AttributeValue) ([]byte, string) {
	switch x := av.(type) {
	case *types.AttributeValueMemberS:
		return appendJSONString(b, x.Value), ""
	case *types.AttributeValueMemberN:
		n, ok := parseNumber(x.Value)
		if !ok {
			return nil, "holds an N that is no number"
		}
		return n.appendJSON(b), ""
	case *types.AttributeValueMemberBOOL:
		if x.Value {
			return append(b, "true"...), ""
		}
		return append(b, "false"...), ""
	case *types.AttributeValueMemberNULL:
		return append(b, "null"...), ""
	case *types.AttributeValueMemberL:
		return appendList(b, x.Value)
	case *types.AttributeValueMemberM:
		return appendMap(b, x.Value)
	}
	return nil, "holds " + attributeType(av) + ", which is no JSON"
}

func appendList(b []byte, list []types.AttributeValue) (_ []byte, reason string) {
	b = append(b, '[')
	for i, av := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, reason = appendAttribute(b, av); reason != "" {
			return nil, reason
		}
	}
	return append(b, ']'), ""
}

func appendMap(b []byte, m map[string]types.AttributeValue) (_ []byte, reason string) {
	var array [16]string
	keys := slices.AppendSeq(array[:0], maps.Keys(m))
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, k), ':')
		if b, reason = appendAttribute(b, m[k]); reason != "" {
			return nil, reason
		}
	}
	return append(b, '}'), ""
}
