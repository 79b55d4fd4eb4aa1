package migrationctl_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/transform"
)

// createTables makes the tables of a store and removes them when the test ends, the
// library's own too. DynamoDB Local has ten threads for what goes on beside requests, and
// each table with a time to live has one of them for as long as it is there: where seven
// are left, no index is filled any more, in whichever test.
func createTables(t *testing.T, client *dynamodb.Client, s *dynamostore.Store, prefix string, c *transform.Contract) {
	t.Helper()
	t.Cleanup(func() {
		names := []string{dynamostore.LibraryTable}
		for _, table := range c.Tables {
			names = append(names, table.Name)
		}
		for _, name := range names {
			name = prefix + name
			_, _ = client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &name})
		}
	})
	require.NoError(t, s.Apply(t.Context(), func(dynamostore.TablePlan) (bool, error) { return true, nil }, nil))
}
