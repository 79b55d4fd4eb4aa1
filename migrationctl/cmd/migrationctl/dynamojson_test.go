package main

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// TestItemLine holds the form of an item: every kind of value, the contract's
// order, and a text that JSON has to escape.
func TestItemLine(t *testing.T) {
	e := &transform.Entity{Attributes: []transform.Attribute{{Name: "z"}, {Name: "a"}, {Name: "absent"}}}
	item := map[string]types.AttributeValue{
		"z":    &types.AttributeValueMemberN{Value: "-1.50"},
		"a":    &types.AttributeValueMemberS{Value: "<\"é\n\\>"},
		"b":    &types.AttributeValueMemberB{Value: []byte{0, 255}},
		"bool": &types.AttributeValueMemberBOOL{Value: true},
		"null": &types.AttributeValueMemberNULL{Value: true},
		"list": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberL{}, &types.AttributeValueMemberM{}, &types.AttributeValueMemberS{}}},
		"map": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"y": &types.AttributeValueMemberN{Value: "2"}, "x": &types.AttributeValueMemberS{Value: "1"}}},
		"ss": &types.AttributeValueMemberSS{Value: []string{"p", "q"}},
		"ns": &types.AttributeValueMemberNS{Value: []string{"1"}},
		"bs": &types.AttributeValueMemberBS{Value: [][]byte{{1}, {}}},
	}
	line := appendItem(nil, e, item)
	require.True(t, json.Valid(line), string(line))
	require.Equal(t, `{"z":{"N":"-1.50"},"a":{"S":"<\"é\n\\>"},"b":{"B":"AP8="},"bool":{"BOOL":true},`+
		`"bs":{"BS":["AQ==",""]},"list":{"L":[{"L":[]},{"M":{}},{"S":""}]},"map":{"M":{"x":{"S":"1"},"y":{"N":"2"}}},`+
		`"ns":{"NS":["1"]},"null":{"NULL":true},"ss":{"SS":["p","q"]}}`, string(line))
}
