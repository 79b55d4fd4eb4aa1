package migrationctl_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/transform"
)

// createTables makes the tables of a store and removes them when the test ends.
func createTables(t *testing.T, client *dynamodb.Client, s *dynamostore.Store, prefix string, c *transform.Contract) {
	t.Helper()
	t.Cleanup(func() {
		for _, table := range c.Tables {
			name := prefix + table.Name
			_, _ = client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &name})
		}
	})
	require.NoError(t, s.Apply(t.Context(), func(dynamostore.TablePlan) (bool, error) { return true, nil }, nil))
}
