package expr

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

func values(t *testing.T, wire string) attr.Input {
	t.Helper()
	var in attr.Input
	require.NoError(t, in.UnmarshalJSON([]byte(wire)))
	return in
}

// TestEnvRefused holds the messages of DynamoDB Local.
func TestEnvRefused(t *testing.T) {
	long := strings.Repeat("a", 255)
	for _, c := range []struct {
		names  map[string]string
		values string
		want   string
	}{
		{names: map[string]string{}, values: "null", want: "ExpressionAttributeNames must not be empty"},
		{values: `{}`, want: "ExpressionAttributeValues must not be empty"},
		{map[string]string{"a": "a"}, "null", `ExpressionAttributeNames contains invalid key: Syntax error; key: "a"`},
		{map[string]string{"#": "a"}, "null", `ExpressionAttributeNames contains invalid key: Syntax error; key: "#"`},
		{map[string]string{"#a-b": "a"}, "null", `ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b"`},
		{map[string]string{"": "a"}, "null", "ExpressionAttributeNames contains invalid key: The expression attribute map contains an empty key;"},
		{map[string]string{"#" + long: "a"}, "null", "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key that is too long; size of key: 256"},
		{map[string]string{"#a": ""}, "null", "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a"},
		{map[string]string{"#a": strings.Repeat("x", 65536)}, "null", "ExpressionAttributeNames contains invalid value: Attribute name is too large, must be less than 65536 bytes for key #a"},
		{nil, `{"a":{"N":"1"}}`, `ExpressionAttributeValues contains invalid key: Syntax error; key: "a"`},
		{nil, `{":":{"N":"1"}}`, `ExpressionAttributeValues contains invalid key: Syntax error; key: ":"`},
		{nil, `{":a":{}}`, "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :a"},
		{nil, `{":b":{"N":"1"},":a":{"SS":[]}}`, "ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An string set  may not be empty for key :a"},
		{map[string]string{"x": "a"}, `{":a":{}}`, `ExpressionAttributeNames contains invalid key: Syntax error; key: "x"`},
		{nil, `{"b":{"N":"1"},":a":{}}`, `ExpressionAttributeValues contains invalid key: Syntax error; key: "b"`},
	} {
		_, err := NewEnv(c.names, values(t, c.values))
		require.EqualError(t, err, c.want)
		require.ErrorAs(t, err, new(*attr.ValidationError))
	}
	_, err := NewEnv(map[string]string{"#" + long[1:]: strings.Repeat("x", 65535)}, attr.Input{})
	require.NoError(t, err)
}

// Names and values need an expression, and values one that has a use for them.
func TestEnvGiven(t *testing.T) {
	text := "a"
	names, one := map[string]string{"#a": "a"}, `{":a":{"N":"1"}}`
	for _, c := range []struct {
		names  map[string]string
		values string
		given  []Given
		want   string
	}{
		{names, one, []Given{{KindCondition, nil}}, "ExpressionAttributeNames can only be specified when using expressions"},
		{nil, one, []Given{{KindCondition, nil}}, "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null"},
		{nil, one, []Given{{KindUpdate, nil}, {KindCondition, nil}}, "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null"},
		{nil, one, []Given{{KindFilter, nil}, {KindKeyCondition, nil}, {KindProjection, &text}}, "ExpressionAttributeValues can only be specified when using expressions: FilterExpression and KeyConditionExpression are null"},
		{names, "null", []Given{{KindFilter, nil}, {KindProjection, &text}}, ""},
		{names, one, []Given{{KindFilter, nil}, {KindKeyCondition, &text}}, ""},
		{nil, "null", []Given{{KindFilter, nil}}, ""},
	} {
		_, err := NewEnv(c.names, values(t, c.values), c.given...)
		if c.want == "" {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, c.want)
		}
	}
}

// What is left over is found over all expressions of a request together.
func TestEnvFinish(t *testing.T) {
	newEnv := func() *Env {
		env, err := NewEnv(map[string]string{"#c": "c", "#a": "a", "#b": "b"}, values(t, `{":b":{"N":"1"},":a":{"N":"2"}}`))
		require.NoError(t, err)
		return env
	}
	env := newEnv()
	_, err := ParseProjection("#a", env)
	require.NoError(t, err)
	require.EqualError(t, env.Finish(), "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b, #c}")
	_, err = ParseCondition(KindFilter, "#b = :a AND #c = :a", env)
	require.NoError(t, err)
	require.EqualError(t, env.Finish(), "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}")
	_, err = ParseUpdate("SET q = :b", env)
	require.NoError(t, err)
	require.NoError(t, env.Finish())
	require.EqualError(t, newEnv().Finish(), "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b, #c}")
}
