package dynamostore

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// createAs creates both tables, the one of users as changed.
func (f *fixture) createAs(change func(*dynamodb.CreateTableInput)) {
	f.Helper()
	for _, t := range f.tables {
		in := f.createInput(t)
		if t == f.users.Table {
			change(in)
		}
		_, err := f.real.CreateTable(f.ctx, in)
		require.NoError(f, err)
	}
	f.expireLibrary()
}

// expireLibrary switches time to live on where Apply would.
func (f *fixture) expireLibrary() {
	f.Helper()
	a, library := &applying{Tables: f.Tables}, f.tables[len(f.tables)-1]
	require.Eventually(f, func() bool {
		return a.change(f.ctx, library, nil, Step{What: StepTTL, Name: libraryTTL}) == nil
	}, waitLong, waitShort)
}

func define(in *dynamodb.CreateTableInput, name string, t types.ScalarAttributeType) {
	for i, d := range in.AttributeDefinitions {
		if *d.AttributeName == name {
			in.AttributeDefinitions[i].AttributeType = t
			return
		}
	}
	in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: t})
}

func hash(name string) types.KeySchemaElement {
	return types.KeySchemaElement{AttributeName: aws.String(name), KeyType: types.KeyTypeHash}
}

func sorted(name string) types.KeySchemaElement {
	return types.KeySchemaElement{AttributeName: aws.String(name), KeyType: types.KeyTypeRange}
}

// differenceCases are one for each thing that a table can have otherwise.
var differenceCases = []struct {
	name   string
	change func(*dynamodb.CreateTableInput)
	want   []Difference // Table and Mend are filled in
}{
	{"as wanted", func(*dynamodb.CreateTableInput) {}, nil},
	{"partition key", func(in *dynamodb.CreateTableInput) {
		in.KeySchema = []types.KeySchemaElement{hash("id")}
		in.AttributeDefinitions = in.AttributeDefinitions[1:]
		define(in, "id", types.ScalarAttributeTypeN)
	}, []Difference{{Attribute: "userId", What: "partition key", Want: "userId", Have: "id"}}},
	{"sort key", func(in *dynamodb.CreateTableInput) {
		in.KeySchema = append(in.KeySchema, sorted("score"))
	}, []Difference{{What: "sort key", Want: "none", Have: "score"}}},
	{"type of the table's key", func(in *dynamodb.CreateTableInput) {
		define(in, "userId", types.ScalarAttributeTypeS)
	}, []Difference{{Attribute: "userId", What: "attribute type", Want: "N", Have: "S"}}},
	{"type of an index's key", func(in *dynamodb.CreateTableInput) {
		define(in, "score", types.ScalarAttributeTypeS)
	}, []Difference{{Attribute: "score", What: "attribute type", Want: "N", Have: "S"}}},
	{"missing index", func(in *dynamodb.CreateTableInput) {
		in.GlobalSecondaryIndexes = in.GlobalSecondaryIndexes[1:]
	}, []Difference{{Index: "UsernameIndex", What: "index", Want: "there", Have: "none", Mendable: true}}},
	{"extra index", func(in *dynamodb.CreateTableInput) {
		extra := in.GlobalSecondaryIndexes[0]
		extra.IndexName = aws.String("Extra")
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, extra)
	}, []Difference{{Index: "Extra", What: "index", Want: "none", Have: "there", Advice: true}}},
	{"index keys", func(in *dynamodb.CreateTableInput) {
		in.GlobalSecondaryIndexes[0].KeySchema = []types.KeySchemaElement{hash("city"), sorted("username")}
		in.GlobalSecondaryIndexes[1].KeySchema = []types.KeySchemaElement{hash("city")}
	}, []Difference{
		{Index: "UsernameIndex", Attribute: "username", What: "partition key", Want: "username", Have: "city"},
		{Index: "UsernameIndex", What: "sort key", Want: "none", Have: "username"},
		{Index: "CityIndex", Attribute: "score", What: "sort key", Want: "score", Have: "none"},
	}},
	{"projections", func(in *dynamodb.CreateTableInput) {
		in.GlobalSecondaryIndexes[0].Projection = &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
		in.GlobalSecondaryIndexes[3].Projection.NonKeyAttributes = []string{"profile"}
	}, []Difference{
		{Index: "UsernameIndex", What: "projection", Want: "ALL", Have: "KEYS_ONLY"},
		{Index: "CitySome", What: "projection", Want: "INCLUDE profile, score", Have: "INCLUDE profile"},
	}},
	{"billing mode", func(in *dynamodb.CreateTableInput) {
		in.BillingMode = types.BillingModeProvisioned
		in.ProvisionedThroughput = &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(5)}
		for i := range in.GlobalSecondaryIndexes {
			in.GlobalSecondaryIndexes[i].ProvisionedThroughput = in.ProvisionedThroughput
		}
	}, []Difference{{What: "billing mode", Want: "PAY_PER_REQUEST", Have: "PROVISIONED", Advice: true}}},
}

// TestVerifyNamesEachDifference also holds that Check refuses what matters, and
// that Apply adds what is missing and changes nothing else.
func TestVerifyNamesEachDifference(t *testing.T) {
	for _, c := range differenceCases {
		t.Run(c.name, func(t *testing.T) {
			enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
				f := newFixture(t, client)
				var cancel context.CancelFunc
				f.ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				f.createAs(c.change)
				require.Eventually(t, func() bool { return !f.creating() }, waitLong, waitShort)
				got, err := f.Verify(f.ctx)
				require.NoError(t, err)
				matters, stays := false, false
				for i := range got {
					require.Equal(t, f.places["Users"].table, got[i].Table)
					require.NotEmpty(t, got[i].Mend)
					got[i].Table, got[i].Mend = "", ""
					matters, stays = matters || !got[i].Advice, stays || !got[i].Advice && !got[i].Mendable
				}
				require.Equal(t, c.want, got)

				check, apply := f.Check(f.ctx), f.Apply(f.ctx, nil, nil)
				require.Equal(t, matters, check != nil)
				if !stays {
					require.NoError(t, apply)
					require.NoError(t, f.Check(f.ctx), "Apply added what was missing")
					return
				}
				for _, err := range []error{check, apply} {
					require.ErrorIs(t, err, store.ErrInvalid)
					for _, d := range c.want {
						require.ErrorContains(t, err, d.Index)
						require.ErrorContains(t, err, d.Attribute)
						if d.What != "index" {
							require.ErrorContains(t, err, d.What+" is "+d.Have+", wanted is "+d.Want)
						}
					}
				}
				again, err := f.Verify(f.ctx)
				require.NoError(t, err)
				require.Len(t, again, len(c.want))
			})
		})
	}
}

// creating reports whether any table or index is not ACTIVE yet.
func (f *fixture) creating() bool {
	differences, err := f.Verify(f.ctx)
	require.NoError(f, err)
	for _, d := range differences {
		if d.Pending {
			return true
		}
	}
	return false
}

func TestCheckOfMissingTables(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		f := newFixture(t, client)
		err := f.Check(f.ctx)
		require.ErrorIs(t, err, store.ErrInvalid)
		for _, table := range f.tables {
			require.ErrorContains(t, err, "table "+f.tableName(table)+" is not there: run migrationctl tables apply")
		}

		// Every call says the same.
		r := f.user(1)
		_, get := f.Get(f.ctx, store.At{}, keyOf(t, r))
		_, put := f.Put(f.ctx, store.At{}, f.row(r, 1))
		_, insert := f.Insert(f.ctx, f.rows(r))
		errs, _ := f.Insert(f.ctx, f.rows(r))
		_, scan := f.Scan(f.ctx, store.At{}, store.Range{Entity: f.users, Limit: 1})
		_, query := f.Query(f.ctx, store.At{}, f.inCity("Rome", 1))
		for i, err := range []error{get, put, errs[0], scan, query} {
			require.ErrorIs(t, err, store.ErrInvalid, i)
			require.ErrorContains(t, err, "table "+f.places["Users"].table+" is not there: run migrationctl tables apply", i)
		}
		require.NoError(t, insert, "the service answered for the row")
		require.Equal(t, store.NotApplied, store.OutcomeOf(put))
	})
}

func TestCheckOfTablesAsWanted(t *testing.T) {
	each(t, func(f *fixture) {
		require.NoError(f, f.Check(f.ctx))
		differences, err := f.Verify(f.ctx)
		require.NoError(f, err)
		require.Empty(f, differences)
	})
}

// A describer answers DescribeTable for the service.
type describer struct {
	Client
	describe func(*types.TableDescription)
}

func (c *describer) DescribeTable(ctx context.Context, in *dynamodb.DescribeTableInput, o ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	out, err := c.Client.DescribeTable(ctx, in, o...)
	if err == nil {
		c.describe(out.Table)
	}
	return out, err
}

func TestVerifyOfTablesThatAreNotReady(t *testing.T) {
	client := enginetest.DynamoDB(t)
	base := newFixture(t, client)
	require.NoError(t, base.Apply(base.ctx, nil, nil))
	for _, c := range []struct {
		table   types.TableStatus
		index   types.IndexStatus
		pending int
		lasting int
	}{
		{types.TableStatusActive, types.IndexStatusActive, 0, 0},
		{types.TableStatusUpdating, types.IndexStatusUpdating, 0, 0},
		{types.TableStatusCreating, types.IndexStatusCreating, 2, 0},
		{types.TableStatusActive, types.IndexStatusCreating, 1, 0},
		{types.TableStatusDeleting, types.IndexStatusDeleting, 0, 2},
		{types.TableStatusArchived, types.IndexStatusActive, 0, 1},
	} {
		f := base.with(&describer{Client: client, describe: func(d *types.TableDescription) {
			if strings.HasSuffix(*d.TableName, "Users") {
				d.TableStatus = c.table
				d.GlobalSecondaryIndexes[0].IndexStatus = c.index
			}
		}}, Options{})
		differences, err := f.Verify(f.ctx)
		require.NoError(t, err)
		require.Len(t, differences, c.pending+c.lasting, string(c.table))
		require.Len(t, lasting(differences), c.lasting, string(c.table))
		require.Equal(t, c.pending+c.lasting > 0, f.Check(f.ctx) != nil)
	}
}
