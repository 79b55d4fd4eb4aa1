package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// tablesWorld returns the variables of a script about tables only, whose tables are
// deleted when the test ends.
func tablesWorld(t *testing.T, d *engine.DynamoDB) map[string]string {
	prefix := enginetest.Prefix(t)
	t.Cleanup(func() {
		unprotect(t, d.Client(), prefix+"Sessions")
		dropTables(t, d.Client(), prefix)
	})
	return map[string]string{envDynamoDB: d.Endpoint(), "PREFIX": prefix}
}

// unprotect lets a table be deleted, if it is there.
func unprotect(t *testing.T, client *dynamodb.Client, table string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &table, DeletionProtectionEnabled: aws.Bool(false)})
	var missing *types.ResourceNotFoundException
	if err != nil {
		require.ErrorAs(t, err, &missing)
	}
}

// TestTables goes through plan, apply and verify of tables of every kind.
func TestTables(t *testing.T) {
	for _, d := range enginetest.DynamoDBEngines(t) {
		t.Run(d.Kind(), func(t *testing.T) { runScript(t, "tables.script", tablesWorld(t, d), nil) })
	}
}

// TestTablesApplyTellsWhatItWaitsFor has indexes that take their time.
func TestTablesApplyTellsWhatItWaitsFor(t *testing.T) {
	srv := dynamotest.Start(t)
	env := environment{Getenv: func(name string) string { return map[string]string{envDynamoDB: srv.URL}[name] }}
	apply := func(contract string) string {
		code, stdout, stderr := call(t.Context(), env, "tables", "apply", "--yes", "--contract", contract)
		require.Equal(t, exitDone, code, stderr)
		require.Contains(t, stdout, "table Sessions ")
		return stderr
	}
	srv.Fault(dynamotest.OnOperation("CreateTable").SettleAfter(2))
	require.Contains(t, apply("testdata/sessions.json"), "Sessions waiting: table CREATING, index ByPlace CREATING, index ByEnd CREATING\n")
	client := srv.Client()
	_, err := client.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("Sessions"), GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{
		{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: aws.String("ByEnd")}}}})
	require.NoError(t, err)
	srv.Fault(dynamotest.OnOperation("UpdateTable").SettleAfter(2))
	told := apply("testdata/sessions.json")
	require.Contains(t, told, "Sessions add index ByEnd\n")
	require.Contains(t, told, "Sessions waiting: index ByEnd CREATING, being filled from the table\n")
}

// TestTablesVerifyTellsWhatTheyHold says of items who left them, and no value of
// them.
func TestTablesVerifyTellsWhatTheyHold(t *testing.T) {
	srv := dynamotest.Start(t)
	env := environment{Getenv: func(name string) string { return map[string]string{envDynamoDB: srv.URL}[name] }}
	verify := func(more ...string) (stdout, stderr string) {
		code, stdout, stderr := call(t.Context(), env, append([]string{"tables", "verify", "--contract", "testdata/sessions.json"}, more...)...)
		require.Equal(t, exitDone, code, stderr)
		require.NotContains(t, stdout+stderr, "secret")
		return stdout, stderr
	}
	code, _, stderr := call(t.Context(), env, "tables", "apply", "--yes", "--contract", "testdata/sessions.json")
	require.Equal(t, exitDone, code, stderr)
	out, _ := verify()
	require.Equal(t, "every table is as the contract says\ntable Sessions is empty\n", out)

	put := func(id string, more map[string]types.AttributeValue) {
		item := map[string]types.AttributeValue{"userId": &types.AttributeValueMemberS{Value: "secret"}, "sessionId": &types.AttributeValueMemberN{Value: id}}
		for name, v := range more {
			item[name] = v
		}
		_, err := srv.Client().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("Sessions"), Item: item})
		require.NoError(t, err)
	}
	put("1", nil)
	put("2", map[string]types.AttributeValue{"_cf_e": &types.AttributeValueMemberS{Value: "Sessions"}, "_cf_d": &types.AttributeValueMemberBOOL{Value: true}})
	out, _ = verify()
	require.Contains(t, out, "table Sessions holds items: 1 left by a delete, 1 not written by the library\nwhere capture begins while")
	out, _ = verify("--json")
	require.Contains(t, out, `"empty": false`)
	require.Contains(t, out, `"tombstones": 1`)

	srv.Fault(dynamotest.OnOperation("Scan").InternalError())
	out, told := verify()
	require.Contains(t, told, "whether the tables are empty can't be seen")
	require.NotContains(t, out, "holds items")
}

// TestTextOfAppliedTables is of a service that lacks calls.
func TestTextOfAppliedTables(t *testing.T) {
	var doc tablesApplied
	for _, s := range []dynamostore.TableStep{
		{Table: "A", Step: "exists"}, {Table: "B", Step: "creating"}, {Table: "C", Step: "skipped"}, {Table: "D", Step: "exists"},
		{Table: "A", Step: "changing", Detail: "add tag a=b"}, {Table: "A", Step: "unsupported", Detail: "add tag a=b"},
		{Table: "D", Step: "changing", Detail: "add index X"}, {Table: "D", Step: "waiting", Detail: "index X CREATING"},
	} {
		doc.set(s)
	}
	var b bytes.Buffer
	doc.text(&b)
	require.Equal(t, strings.Join([]string{
		"table A was there and is ACTIVE", "  add tag a=b: left out, this service has no call for it", "table B is created and ACTIVE",
		"table C was left out", "table D was there, is changed and ACTIVE", "  add index X: done", "",
	}, "\n"), b.String())
	require.Equal(t, 1, doc.skipped())
}

// TestWantedTables shows what a contract may leave out.
func TestWantedTables(t *testing.T) {
	w := wantedOf(&transform.Table{Name: "T", PK: transform.KeyAttribute{Name: "p", Type: "S"}, Billing: transform.PayPerRequest})
	var b bytes.Buffer
	w.describe(&b)
	require.Equal(t, "  partition key p S, PAY_PER_REQUEST\n", b.String())
	require.Equal(t, transform.EncryptionOwned, w.Encryption)
}
