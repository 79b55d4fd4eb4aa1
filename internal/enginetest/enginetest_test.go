package enginetest

import (
	"database/sql"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

func TestMySQL(t *testing.T) {
	a, b := MySQL(t), MySQL(t)
	require.NotEqual(t, a, b)
	db, err := sql.Open("mysql", a)
	require.NoError(t, err)
	defer db.Close()
	isThere := func(dsn string) bool {
		config, err := mysql.ParseDSN(dsn)
		require.NoError(t, err)
		var n int
		require.NoError(t, db.QueryRow(
			"SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", config.DBName).Scan(&n))
		return n == 1
	}
	var inner string
	t.Run("inner", func(t *testing.T) {
		inner = MySQL(t)
		require.True(t, isThere(inner))
	})
	require.False(t, isThere(inner), "it must be dropped when its test ends")
	require.True(t, isThere(a))
}

func TestDynamoDB(t *testing.T) {
	engines := DynamoDBEngines(t)
	require.Same(t, engines[0].Client(), DynamoDB(t))
	var seen []*dynamodb.Client
	EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		seen = append(seen, client)
		_, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{})
		require.NoError(t, err)
		require.NotContains(t, strings.TrimPrefix(t.Name(), "TestDynamoDB/"), "/", "-run could not name it")
	})
	require.Len(t, seen, len(engines))
	if os.Getenv(EnvRealAlone) == "" {
		require.True(t, engines[len(engines)-1].IsSubstitute(), "dynamotest comes last, beside others too")
	}
	t.Setenv(EnvRealAlone, "1")
	for _, e := range DynamoDBEngines(t) {
		require.Equal(t, engines[0].IsSubstitute(), e.IsSubstitute(), "it is there if there is no other")
	}
}

// TestTables: whoever asks for tables has them alone, and empty, also where a test
// before has left something in them.
func TestTables(t *testing.T) {
	EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		tables := []*transform.Table{{Name: "one"}, {Name: "two"}}
		made := 0
		ask := func(t *testing.T) string {
			return Tables(t, client, tables, func(prefix string) {
				made++
				for _, table := range tables {
					_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
						TableName: aws.String(prefix + table.Name), BillingMode: types.BillingModePayPerRequest,
						KeySchema: []types.KeySchemaElement{
							{AttributeName: aws.String("k"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("s"), KeyType: types.KeyTypeRange},
						},
						AttributeDefinitions: []types.AttributeDefinition{
							{AttributeName: aws.String("k"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("s"), AttributeType: types.ScalarAttributeTypeN},
						},
					})
					require.NoError(t, err)
				}
			})
		}
		fill := func(t *testing.T, table string, n int) {
			for i := range n {
				_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: map[string]types.AttributeValue{
					"k": &types.AttributeValueMemberS{Value: "a"}, "s": &types.AttributeValueMemberN{Value: strconv.Itoa(i)},
				}})
				require.NoError(t, err)
			}
		}
		var before string
		t.Run("made", func(t *testing.T) {
			before = ask(t)
			require.NotEqual(t, before, ask(t), "of another")
			require.Equal(t, 2, made)
			fill(t, before+"one", 30)
			fill(t, before+"two", 1)
		})
		t.Run("again", func(t *testing.T) {
			prefixes := []string{ask(t), ask(t)}
			require.Equal(t, 2, made)
			require.Contains(t, prefixes, before)
			for _, prefix := range prefixes {
				for _, table := range tables {
					out, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(prefix + table.Name)})
					require.NoError(t, err)
					require.Empty(t, out.Items)
				}
			}
			fill(t, before+"one", worthEmptying+1)
		})
		t.Run("too full", func(t *testing.T) {
			require.NotEqual(t, before, ask(t))
			require.Equal(t, 2, made)
			_, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(before + "one")})
			require.ErrorAs(t, err, new(*types.ResourceNotFoundException))
		})
	})
}
