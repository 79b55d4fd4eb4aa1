package dynamostore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

// TestMovesInAnyOrder: members move, exchange places, are deleted and taken over
// from, while two processes bring them over, request by request in any order, and
// die anywhere. After each step no member has two items; when nothing is dirty, both
// stores hold the same; and there is an end.
func TestMovesInAnyOrder(t *testing.T) {
	for _, unique := range []bool{true, false} {
		t.Run(fmt.Sprintf("unique %t", unique), func(t *testing.T) {
			srv := dynamotest.Start(t)
			for seed := range uint64(30) {
				p := newPlay(t, srv, seed, playOptions{unique: unique})
				if fault := p.run(120); fault != "" {
					t.Fatalf("seed %d: %s\n%s", seed, fault, strings.Join(p.log, "\n"))
				}
			}
		})
	}
}

// TestBrokenMovesAreFound: the same finds each way to leave out a part of it.
func TestBrokenMovesAreFound(t *testing.T) {
	// freely lets puts and deletes of some items pass whatever is there.
	freely := func(which func(table string, key map[string]types.AttributeValue) bool) func(*dynamodb.TransactWriteItemsInput) {
		return func(in *dynamodb.TransactWriteItemsInput) {
			for i := range in.TransactItems {
				if p := in.TransactItems[i].Put; p != nil && which(*p.TableName, p.Item) {
					free := *p
					free.ConditionExpression, free.ExpressionAttributeNames, free.ExpressionAttributeValues = nil, nil, nil
					in.TransactItems[i].Put = &free
				}
			}
		}
	}
	for name, opts := range map[string]playOptions{
		"a put over whatever is there": {spoils: freely(func(table string, _ map[string]types.AttributeValue) bool {
			return strings.HasSuffix(table, "Members")
		})},
		"no look at the stand": {spoils: freely(func(_ string, it map[string]types.AttributeValue) bool { return isStand(it) })},
		"what is left stays": {spoils: func(in *dynamodb.TransactWriteItemsInput) {
			for i, a := range in.TransactItems {
				if d := a.Delete; d != nil && strings.HasSuffix(*d.TableName, "Members") {
					in.TransactItems[i] = types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
						TableName: d.TableName, Key: d.Key, ConditionExpression: d.ConditionExpression,
						ExpressionAttributeNames: d.ExpressionAttributeNames, ExpressionAttributeValues: d.ExpressionAttributeValues}}
				}
			}
		}},
		"stands of the deleted are purged at once": {purges: true},
	} {
		t.Run(name, func(t *testing.T) {
			srv := dynamotest.Start(t)
			fault := ""
			for seed := uint64(0); seed < 200 && fault == ""; seed++ {
				if fault = newPlay(t, srv, seed, opts).run(120); fault != "" {
					t.Logf("seed %d: %s", seed, fault)
				}
			}
			require.NotEmpty(t, fault, "nothing was found")
		})
	}
}
