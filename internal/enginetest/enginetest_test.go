package enginetest

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
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
	require.True(t, engines[len(engines)-1].IsSubstitute(), "dynamotest comes last, beside others too")
}
