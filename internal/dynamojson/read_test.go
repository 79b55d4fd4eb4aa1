package dynamojson

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

func TestItems(t *testing.T) {
	got, err := Items([]byte(`{"Users": [{"s": {"S": ""}, "n": {"N": "1e2"}, "b": {"B": "AP8="}, "yes": {"BOOL": true}, "no": {"BOOL": false}, "null": {"NULL": true},
		"ss": {"SS": ["a"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": ["AA=="]},
		"l": {"L": [{"S": "x"}, {"L": []}]}, "m": {"M": {"inner": {"M": {}}, "": {"N": "0"}}}}, {}], "None": []}`))
	require.NoError(t, err)
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	n := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	require.Equal(t, map[string][]map[string]types.AttributeValue{
		"Users": {{
			"s": s(""), "n": n("1e2"), "b": &types.AttributeValueMemberB{Value: []byte{0, 255}},
			"yes": &types.AttributeValueMemberBOOL{Value: true}, "no": &types.AttributeValueMemberBOOL{},
			"null": &types.AttributeValueMemberNULL{Value: true},
			"ss":   &types.AttributeValueMemberSS{Value: []string{"a"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1", "2"}},
			"bs": &types.AttributeValueMemberBS{Value: [][]byte{{0}}},
			"l":  &types.AttributeValueMemberL{Value: []types.AttributeValue{s("x"), &types.AttributeValueMemberL{Value: []types.AttributeValue{}}}},
			"m": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
				"inner": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}}, "": n("0")}},
		}, {}},
		"None": {},
	}, got)
}

func TestItem(t *testing.T) {
	got, err := Item([]byte(`{"id": {"N": "1"}}`))
	require.NoError(t, err)
	require.Equal(t, map[string]types.AttributeValue{"id": &types.AttributeValueMemberN{Value: "1"}}, got)
}

// What is written wrongly is no item that a test would wait for in vain.
func TestItemsRefuses(t *testing.T) {
	for _, value := range []string{`{}`, `{"S": "a", "N": "1"}`, `{"T": "a"}`, `{"s": "a"}`, `{"S": 1}`, `{"S": null}`, `{"N": 1}`, `{"B": "?"}`, `{"BOOL": "true"}`,
		`{"L": {}}`, `{"L": [{}]}`, `{"L": [1]}`, `{"M": []}`, `{"M": {"a": {"S": "a", "N": "1"}}}`, `"a"`, `[]`, `null`} {
		_, err := Items([]byte(`{"Users": [{"a": ` + value + `}]}`))
		require.Error(t, err, value)
	}
	for _, data := range []string{`[]`, `{"Users": {}}`, `{`} {
		_, err := Items([]byte(data))
		require.Error(t, err, data)
	}
	_, err := Item([]byte(`{"a": {"S": 1}}`))
	require.Error(t, err)
}
