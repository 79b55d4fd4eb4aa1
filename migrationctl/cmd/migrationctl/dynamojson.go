package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/transform"
)

// attributeValue is the SDK's name for a value of an item.
type attributeValue = types.AttributeValue

// appendItem appends an item as DynamoDB JSON, in one line: the form of the
// AWS command line and of DynamoDB's exports. The attributes stand in the order
// of the contract, so that lines can be compared.
func appendItem(b []byte, e *transform.Entity, item map[string]attributeValue) []byte {
	b = append(b, '{')
	known := make(map[string]bool, len(e.Attributes))
	first := true
	add := func(name string) {
		v, ok := item[name]
		if !ok || known[name] {
			return
		}
		known[name] = true
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendString(b, name), ':')
		b = appendValue(b, v)
	}
	for _, a := range e.Attributes {
		add(a.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(item)) {
		add(name)
	}
	return append(b, '}')
}

// appendValue appends one value with its type: {"S":"text"}.
func appendValue(b []byte, v attributeValue) []byte {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		b = appendString(append(b, `{"S":`...), v.Value)
	case *types.AttributeValueMemberN:
		b = appendString(append(b, `{"N":`...), v.Value)
	case *types.AttributeValueMemberB:
		b = appendBytes(append(b, `{"B":`...), v.Value)
	case *types.AttributeValueMemberBOOL:
		b = strconv.AppendBool(append(b, `{"BOOL":`...), v.Value)
	case *types.AttributeValueMemberNULL:
		b = strconv.AppendBool(append(b, `{"NULL":`...), v.Value)
	case *types.AttributeValueMemberM:
		b = appendMap(append(b, `{"M":`...), v.Value)
	case *types.AttributeValueMemberL:
		b = appendList(append(b, `{"L":`...), v.Value, appendValue)
	case *types.AttributeValueMemberSS:
		b = appendList(append(b, `{"SS":`...), v.Value, appendString)
	case *types.AttributeValueMemberNS:
		b = appendList(append(b, `{"NS":`...), v.Value, appendString)
	case *types.AttributeValueMemberBS:
		b = appendList(append(b, `{"BS":`...), v.Value, appendBytes)
	default:
		// The type is closed in the SDK; a new kind must not be printed wrongly.
		panic(fmt.Sprintf("unknown kind of attribute value %T", v))
	}
	return append(b, '}')
}

// appendMap appends a map with its names in order, so that equal maps are equal
// lines.
func appendMap(b []byte, m map[string]attributeValue) []byte {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(append(appendString(b, name), ':'), m[name])
	}
	return append(b, '}')
}

// appendList appends a list or a set.
func appendList[T any](b []byte, list []T, one func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, v)
	}
	return append(b, ']')
}

// appendString appends a JSON string. HTML has no business here, so its
// characters stay as they are; the replacement of invalid UTF-8 is json's.
func appendString(b []byte, s string) []byte {
	var w stringWriter
	e := json.NewEncoder(&w)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string can't fail
	return append(b, w[:len(w)-1]...)
}

// A stringWriter collects what an encoder writes; its last byte is a newline.
type stringWriter []byte

func (w *stringWriter) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}

// appendBytes appends binary content, which JSON carries as base64.
func appendBytes(b []byte, v []byte) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, v)
	return append(b, '"')
}
