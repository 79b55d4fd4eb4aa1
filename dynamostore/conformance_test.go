package dynamostore_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// harness makes stores on empty tables that no other test has at the time.
func harness(client *dynamodb.Client) storetest.Harness {
	return storetest.Harness{
		New: func(t testing.TB, c *transform.Contract) storetest.Subject {
			prefix := enginetest.Tables(t, client, append(slices.Clone(c.Tables), &transform.Table{Name: dynamostore.LibraryTable}), func(prefix string) {
				s, err := dynamostore.New(client, c, &dynamostore.Options{TablePrefix: prefix})
				require.NoError(t, err)
				require.NoError(t, s.Apply(t.Context(), nil, nil))
			})
			open := func(t testing.TB) storetest.Subject {
				s, err := dynamostore.New(client, c, &dynamostore.Options{TablePrefix: prefix})
				require.NoError(t, err)
				return storetest.Subject{Authority: s, Control: s, Follower: s, Leases: s}
			}
			subject := open(t)
			subject.Other = open
			return subject
		},
		Lag: 5 * time.Second,
	}
}

func dropTables(client *dynamodb.Client, prefix string, c *transform.Contract) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	names := []string{dynamostore.LibraryTable}
	for _, table := range c.Tables {
		names = append(names, table.Name)
	}
	for _, name := range names {
		_, _ = client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(prefix + name)})
	}
}

func TestConformance(t *testing.T) {
	if testing.Short() {
		storetest.Run(t, harness(dynamotest.Start(t).Client()))
		return
	}
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) { storetest.Run(t, harness(client)) })
}

// TestUniqueValuesWhileIndexesStandStill: no index is needed for a query by a unique
// value, as what one shows is of the past.
func TestUniqueValuesWhileIndexesStandStill(t *testing.T) {
	srv := dynamotest.Start(t)
	srv.Fault(dynamotest.OnAny().IndexLag(dynamotest.Forever))
	storetest.RunLogins(t, harness(srv.Client()))
}

func BenchmarkFollower(b *testing.B) {
	storetest.BenchmarkFollower(b, harness(enginetest.DynamoDB(b)))
}
