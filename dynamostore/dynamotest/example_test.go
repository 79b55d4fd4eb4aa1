package dynamotest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

func Example() {
	srv, err := dynamotest.New() // in a test: dynamotest.Start(t)
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	ctx := context.Background()
	client := srv.Client(quick) // as in production, but for the time between tries
	_, err = client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            aws.String("users"),
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	fmt.Println("create:", err)

	// The first reply is lost. The SDK tries again and finds what it wrote.
	srv.Fault(dynamotest.OnOperation("PutItem").Nth(1).LoseReply())
	_, err = client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           aws.String("users"),
		Item:                map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "alice"}},
		ConditionExpression: aws.String("attribute_not_exists(id)"),
	})
	var failed *types.ConditionalCheckFailedException
	fmt.Println("put:", errors.As(err, &failed))
	for _, r := range srv.Requests("PutItem") {
		fmt.Println(r.Number, r.Operation, r.Error, r.Faults)
	}
	// Output:
	// create: <nil>
	// put: true
	// 2 PutItem  1
	// 3 PutItem ConditionalCheckFailedException 0
}
