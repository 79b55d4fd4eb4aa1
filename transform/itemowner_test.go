package transform_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/storetest"
)

// TestMayHave: of the entities of a table one at most has items with a key.
func TestMayHave(t *testing.T) {
	c := storetest.SharedContract(t)
	for key, want := range map[[2]string]string{
		{"MEMBER#7", "PROFILE"}:           "MEMBER",
		{"MEMBER#7", "ORDER#0000000001"}:  "ORDER",
		{"LABEL#a#b", "t#l"}:              "LABEL",
		{"MEMBER#007", "PROFILE"}:         "", // which no number is written as
		{"MEMBER#7", "ORDER#1"}:           "",
		{"MEMBER#7", "ORDER#99999999999"}: "",
		{"MEMBER#-1", "PROFILE"}:          "",
		{"LABEL#a", "t#l"}:                "",
		{"OTHER", "THING"}:                "",
	} {
		item := map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: key[0]}, "SK": &types.AttributeValueMemberS{Value: key[1]}}
		got := ""
		for _, e := range c.Entities {
			if e.MayHave(item) {
				got += e.Name
			}
			require.False(t, e.MayHave(map[string]types.AttributeValue{"PK": item["PK"]}))
			require.False(t, e.MayHave(map[string]types.AttributeValue{"PK": item["PK"], "SK": &types.AttributeValueMemberN{Value: "1"}}))
		}
		require.Equal(t, want, got, "%v", key)
	}
}
