package transform

import (
	"math/rand"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

// Sizes as DynamoDB Local and dynoxide count them, measured by the largest
// item that each takes.
func TestItemSize(t *testing.T) {
	for n, want := range map[string]int{
		"0": 1, "1": 2, "-1": 3, "12": 2, "123": 3, "1234": 3, "0.1": 2, "0.12": 2, "1.5": 3, "12.34": 3,
		"123.4": 4, "123.45": 4, "-12.34": 4, "100": 2, "1e10": 2, "0.001": 2, "1e-5": 2,
		strings.Repeat("1", 38): 20, "-" + strings.Repeat("1", 38): 21,
	} {
		require.Equal(t, want, attributeSize(&types.AttributeValueMemberN{Value: n}), n)
	}
	s := &types.AttributeValueMemberS{Value: "v"}
	yes := &types.AttributeValueMemberBOOL{Value: true}
	m := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"k": s}}
	for _, c := range []struct {
		av   types.AttributeValue
		want int
	}{
		{&types.AttributeValueMemberNULL{Value: true}, 1}, {yes, 1},
		{&types.AttributeValueMemberM{}, 3}, {&types.AttributeValueMemberL{}, 3}, {m, 6},
		{&types.AttributeValueMemberL{Value: []types.AttributeValue{s}}, 5},
		{&types.AttributeValueMemberL{Value: []types.AttributeValue{s, yes}}, 7},
		{&types.AttributeValueMemberL{Value: []types.AttributeValue{m}}, 10},
		{&types.AttributeValueMemberB{Value: []byte{1, 2, 3}}, 3},
		{&types.AttributeValueMemberSS{Value: []string{"a", "bc"}}, 3},
		{&types.AttributeValueMemberNS{Value: []string{"1", "2"}}, 4},
		{&types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}}, 2},
	} {
		require.Equal(t, c.want, attributeSize(c.av), "%T", c.av)
	}
	require.Equal(t, 6, ItemSize(map[string]types.AttributeValue{"äb": s, "": &types.AttributeValueMemberN{Value: "1"}}))
}

// No attribute is larger than the bound that decides whether an item's size is
// counted at all.
func TestMostBytes(t *testing.T) {
	for _, file := range []string{"everything.json", "types.json"} {
		e := load(t, file)
		for seed := range int64(500) {
			r := randomRecord(rand.New(rand.NewSource(seed)), e)
			item, err := e.Item(r)
			require.NoError(t, err)
			for _, a := range e.Attributes {
				v, reason := r.computed(a.Column)
				require.Empty(t, reason)
				if av, ok := item[a.Name]; ok {
					require.LessOrEqual(t, attributeSize(av), v.mostBytes(), "%s of seed %d", a.Name, seed)
				}
			}
		}
	}
}

// The documents that take the most bytes for what their text has.
func TestMostBytesOfDocuments(t *testing.T) {
	times := func(s string) string { return strings.TrimSuffix(strings.Repeat(s+",", 1000), ",") }
	for _, text := range []string{"[" + times("1") + "]", "[" + times("[]") + "]", "[" + times("{}") + "]",
		nested(30, "1"), "[" + times(nested(29, "1")) + "]",
		"[" + times(`{"a":{"b":[]}}`) + "]", "[" + times("-12.345") + "]"} {
		v, err := JSONValue([]byte(text))
		require.NoError(t, err)
		var b builder
		av, reason := b.document(v.text)
		require.Empty(t, reason)
		require.LessOrEqual(t, attributeSize(av), v.mostBytes(), "%.20s", text)
	}
}
