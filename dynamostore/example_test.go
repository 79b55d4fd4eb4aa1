package dynamostore_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/transform"
)

// emptyAccount stands in for a service without any table.
type emptyAccount struct{ dynamostore.Client }

func (emptyAccount) DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	return nil, &types.ResourceNotFoundException{}
}

func Example() {
	contract, err := transform.LoadFile("testdata/contract.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	// A service passes dynamostore.NewClient(cfg, nil).
	s, err := dynamostore.New(emptyAccount{}, contract, &dynamostore.Options{TablePrefix: "staging-"})
	if err != nil {
		fmt.Println(err)
		return
	}
	plans, err := s.Plan(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range plans {
		fmt.Printf("%s: exists %t, key %s, %d indexes\n", p.Table, p.Exists(),
			*p.Create.KeySchema[0].AttributeName, len(p.Create.GlobalSecondaryIndexes))
	}
	fmt.Println(s.Check(context.Background()))
	// Output:
	// staging-Users: exists false, key userId, 4 indexes
	// staging-Things: exists false, key code, 1 indexes
	// staging-crossfade: exists false, key p, 0 indexes
	// check dynamodb: invalid: table staging-Users is not there: run migrationctl tables apply; table staging-Things is not there: run migrationctl tables apply; table staging-crossfade is not there: run migrationctl tables apply
}
