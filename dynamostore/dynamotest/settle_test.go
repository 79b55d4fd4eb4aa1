package dynamotest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

func (f *fixture) createPlain(name string) error {
	_, err := f.client.CreateTable(f.ctx, &dynamodb.CreateTableInput{
		TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	return err
}

func (f *fixture) describe(name string) *types.TableDescription {
	f.Helper()
	out, err := f.client.DescribeTable(f.ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	require.NoError(f, err)
	return out.Table
}

// TestSettleByTheClock follows a table from its creation to its deletion.
func TestSettleByTheClock(t *testing.T) {
	f := newFixture(t)
	f.SetTime(time.Now())
	f.Fault(dynamotest.OnTable("slow").Settle(time.Minute))
	var missing *types.ResourceNotFoundException
	var inUse *types.ResourceInUseException
	put := func() error {
		_, err := f.client.PutItem(f.ctx, &dynamodb.PutItemInput{TableName: aws.String("slow"), Item: key("a")})
		return err
	}
	remove := func() error {
		_, err := f.client.DeleteTable(f.ctx, &dynamodb.DeleteTableInput{TableName: aws.String("slow")})
		return err
	}
	require.NoError(t, f.createPlain("slow"))
	require.Equal(t, types.TableStatusCreating, f.describe("slow").TableStatus)
	require.ErrorAs(t, put(), &missing)
	require.ErrorAs(t, remove(), &inUse)
	f.Advance(59 * time.Second)
	require.Equal(t, types.TableStatusCreating, f.describe("slow").TableStatus)
	f.Advance(time.Second)
	require.NoError(t, put())
	require.Equal(t, types.TableStatusActive, f.describe("slow").TableStatus)

	require.NoError(t, remove())
	require.Equal(t, types.TableStatusDeleting, f.describe("slow").TableStatus)
	require.ErrorAs(t, put(), &missing)
	require.ErrorAs(t, remove(), &inUse)
	require.ErrorAs(t, f.createPlain("slow"), &inUse)
	list, err := f.client.ListTables(f.ctx, &dynamodb.ListTablesInput{})
	require.NoError(t, err)
	require.Contains(t, list.TableNames, "slow")
	f.Advance(time.Minute)
	list, err = f.client.ListTables(f.ctx, &dynamodb.ListTablesInput{})
	require.NoError(t, err)
	require.NotContains(t, list.TableNames, "slow")
	require.NoError(t, f.createPlain("slow"))
	f.Advance(time.Minute)
	require.NoError(t, remove())
	f.Advance(time.Minute)
	require.NoError(t, f.createPlain("slow"), "nobody has looked since")
}

// TestSettleOfAnIndex follows an index: its table serves meanwhile, it does not.
func TestSettleOfAnIndex(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.put("a", "town", "Rome"))
	f.Fault(dynamotest.OnOperation("UpdateTable").SettleAfter(2))
	create := &dynamodb.UpdateTableInput{
		TableName:            aws.String("items"),
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("town"), AttributeType: types.ScalarAttributeTypeS}},
		GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
			IndexName: aws.String("byTown"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
			KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("town"), KeyType: types.KeyTypeHash}},
		}}},
	}
	update := func(in *dynamodb.UpdateTableInput) error {
		_, err := f.client.UpdateTable(f.ctx, in)
		return err
	}
	scan := func() (*dynamodb.ScanOutput, error) {
		return f.client.Scan(f.ctx, &dynamodb.ScanInput{TableName: aws.String("items"), IndexName: aws.String("byTown")})
	}
	status := func() (types.TableStatus, types.IndexStatus, *bool) {
		table := f.describe("items")
		return table.TableStatus, table.GlobalSecondaryIndexes[1].IndexStatus, table.GlobalSecondaryIndexes[1].Backfilling
	}
	var inUse *types.ResourceInUseException
	require.NoError(t, update(create))
	require.ErrorAs(t, update(create), &inUse)
	table, index, filling := status()
	require.Equal(t, types.TableStatusUpdating, table)
	require.Equal(t, types.IndexStatusCreating, index)
	require.True(t, *filling)
	require.NoError(t, f.put("b", "town", "Oslo"), "the table serves")
	_, err := scan()
	require.ErrorContains(t, err, "backfilling")
	require.Equal(t, types.TableStatusUpdating, f.describe("items").TableStatus)
	table, index, filling = status()
	require.Equal(t, types.TableStatusActive, table)
	require.Equal(t, types.IndexStatusActive, index)
	require.Nil(t, filling)
	out, err := scan()
	require.NoError(t, err)
	require.EqualValues(t, 2, out.Count, "what was there and what came meanwhile")

	require.NoError(t, update(&dynamodb.UpdateTableInput{TableName: aws.String("items"), GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: aws.String("byTown")}}}}))
	_, index, _ = status()
	require.Equal(t, types.IndexStatusDeleting, index)
	_, err = scan()
	require.Error(t, err)
	require.Len(t, f.describe("items").GlobalSecondaryIndexes, 2)
	require.Len(t, f.describe("items").GlobalSecondaryIndexes, 1)
}

// TestWaitersWait drives the SDK's waiters through states that last.
func TestWaitersWait(t *testing.T) {
	f := newFixture(t)
	f.Fault(dynamotest.OnTable("slow").SettleAfter(3))
	name := &dynamodb.DescribeTableInput{TableName: aws.String("slow")}
	require.NoError(t, f.createPlain("slow"))
	require.NoError(t, dynamodb.NewTableExistsWaiter(f.client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, time.Millisecond
	}).Wait(f.ctx, name, time.Minute))
	require.Len(t, f.Requests("DescribeTable"), 4)
	f.ClearRequests()
	_, err := f.client.DeleteTable(f.ctx, &dynamodb.DeleteTableInput{TableName: aws.String("slow")})
	require.NoError(t, err)
	require.NoError(t, dynamodb.NewTableNotExistsWaiter(f.client, func(o *dynamodb.TableNotExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, time.Millisecond
	}).Wait(f.ctx, name, time.Minute))
	require.Len(t, f.Requests("DescribeTable"), 4)
}

// TestApplyWaits drives dynamostore's Apply through a table whose creation
// takes its time.
func TestApplyWaits(t *testing.T) {
	contract, err := transform.LoadFile("../../examples/quickstart/contract.json")
	require.NoError(t, err)
	for name, rule := range map[string]dynamotest.Rule{
		"by looks": dynamotest.OnOperation("CreateTable").SettleAfter(3),
		"by time":  dynamotest.OnOperation("CreateTable").Settle(100 * time.Millisecond),
	} {
		t.Run(name, func(t *testing.T) {
			srv := dynamotest.Start(t)
			slow := srv.Fault(rule)
			s, err := dynamostore.New(srv.Client(), contract, &dynamostore.Options{PollInterval: 5 * time.Millisecond})
			require.NoError(t, err)
			var steps []string
			require.NoError(t, s.Apply(t.Context(), nil, func(step dynamostore.TableStep) { steps = append(steps, step.Step+" "+step.Detail) }))
			require.GreaterOrEqual(t, slow.Hits(), 1)
			require.Equal(t, "creating ", steps[0])
			require.Contains(t, strings.Join(steps, "\n"), "waiting table CREATING, index ")
			require.Equal(t, "active ", steps[len(steps)-1])
			plans, err := s.Plan(t.Context())
			require.NoError(t, err)
			require.Empty(t, plans[0].Differences)
		})
	}
}
