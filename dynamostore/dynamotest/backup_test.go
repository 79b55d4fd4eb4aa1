package dynamotest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

// TestContinuousBackups switches point-in-time recovery on and off.
func TestContinuousBackups(t *testing.T) {
	f := newFixture(t)
	start := time.Now().Truncate(time.Second)
	f.SetTime(start)
	recovery := func() *types.PointInTimeRecoveryDescription {
		out, err := f.client.DescribeContinuousBackups(f.ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String("items")})
		require.NoError(t, err)
		require.Equal(t, types.ContinuousBackupsStatusEnabled, out.ContinuousBackupsDescription.ContinuousBackupsStatus)
		return out.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	}
	set := func(table string, enabled *bool, days *int32) error {
		_, err := f.client.UpdateContinuousBackups(f.ctx, &dynamodb.UpdateContinuousBackupsInput{TableName: aws.String(table),
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: enabled, RecoveryPeriodInDays: days}})
		return err
	}
	require.Equal(t, types.PointInTimeRecoveryStatusDisabled, recovery().PointInTimeRecoveryStatus)
	require.NoError(t, set("items", aws.Bool(true), nil))
	f.Advance(40 * 24 * time.Hour)
	r := recovery()
	require.Equal(t, types.PointInTimeRecoveryStatusEnabled, r.PointInTimeRecoveryStatus)
	require.EqualValues(t, 35, *r.RecoveryPeriodInDays)
	require.Equal(t, 5*24*time.Hour, r.EarliestRestorableDateTime.Sub(start))
	require.NoError(t, set("items", aws.Bool(true), aws.Int32(1)))
	require.EqualValues(t, 1, *recovery().RecoveryPeriodInDays)
	require.ErrorContains(t, set("items", aws.Bool(true), aws.Int32(36)), "ValidationException")
	require.NoError(t, set("items", aws.Bool(false), nil))
	require.Equal(t, types.PointInTimeRecoveryStatusDisabled, recovery().PointInTimeRecoveryStatus)

	var missing *types.TableNotFoundException
	require.ErrorAs(t, set("nothing", aws.Bool(true), nil), &missing)
	_, err := f.client.DescribeContinuousBackups(f.ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String("nothing")})
	require.ErrorAs(t, err, &missing)
	f.Fault(dynamotest.OnTable("slow").SettleAfter(1))
	require.NoError(t, f.createPlain("slow"))
	var early *types.ContinuousBackupsUnavailableException
	require.ErrorAs(t, set("slow", aws.Bool(true), nil), &early)
	f.describe("slow")
	require.NoError(t, set("slow", aws.Bool(true), nil))
}

// TestEncryptionIsDescribed as it was asked for.
func TestEncryptionIsDescribed(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	f := newFixture(t)
	create := func(name string, spec *types.SSESpecification) error {
		_, err := f.client.CreateTable(f.ctx, &dynamodb.CreateTableInput{
			TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest, SSESpecification: spec,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		})
		return err
	}
	require.NoError(t, create("owned", nil))
	require.Nil(t, f.describe("owned").SSEDescription)
	require.NoError(t, create("managed", &types.SSESpecification{Enabled: aws.Bool(true)}))
	d := f.describe("managed").SSEDescription
	require.Equal(t, types.SSEStatusEnabled, d.Status)
	require.True(t, strings.HasPrefix(*d.KMSMasterKeyArn, "arn:aws:kms:us-east-1:000000000000:key/"))
	require.NoError(t, create("own", &types.SSESpecification{Enabled: aws.Bool(true), SSEType: types.SSETypeKms, KMSMasterKeyId: aws.String(key)}))
	require.Equal(t, key, *f.describe("own").SSEDescription.KMSMasterKeyArn)
	require.ErrorContains(t, create("none", &types.SSESpecification{Enabled: aws.Bool(false), KMSMasterKeyId: aws.String(key)}), "ValidationException")
}

// TestOneIndexAtATime asks for an index while another is being created.
func TestOneIndexAtATime(t *testing.T) {
	f := newFixture(t)
	f.Fault(dynamotest.OnOperation("UpdateTable").SettleAfter(1))
	add := func(name string) error {
		_, err := f.client.UpdateTable(f.ctx, &dynamodb.UpdateTableInput{
			TableName:            aws.String("items"),
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS}},
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
				IndexName: aws.String(name), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
				KeySchema: []types.KeySchemaElement{{AttributeName: aws.String(name), KeyType: types.KeyTypeHash}},
			}}},
		})
		return err
	}
	var limit *types.LimitExceededException
	var inUse *types.ResourceInUseException
	require.NoError(t, add("one"))
	require.ErrorAs(t, add("two"), &limit)
	require.ErrorAs(t, add("one"), &inUse, "which is that index")
	f.describe("items")
	require.NoError(t, add("two"))
}
