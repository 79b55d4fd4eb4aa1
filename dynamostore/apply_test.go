package dynamostore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

const (
	waitLong  = 20 * time.Second
	waitShort = 10 * time.Millisecond
)

func TestPlanSaysWhatWouldBeCreated(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		f := newFixture(t, client)
		plans, err := f.Plan(f.ctx)
		require.NoError(t, err)
		require.Len(t, plans, 3)
		require.Equal(t, f.opts.TablePrefix+LibraryTable, plans[2].Table, "the library's own is the last")
		require.Equal(t, []types.KeySchemaElement{hash("p"), sorted("s")}, plans[2].Create.KeySchema)
		users := plans[0]
		require.False(t, users.Exists())
		require.Empty(t, users.Differences)
		require.Equal(t, f.opts.TablePrefix+"Users", users.Table)
		require.Equal(t, users.Table, *users.Create.TableName)
		require.Equal(t, types.BillingModePayPerRequest, users.Create.BillingMode)
		require.Nil(t, users.Create.ProvisionedThroughput)
		require.Equal(t, []types.KeySchemaElement{hash("userId")}, users.Create.KeySchema)
		require.Len(t, users.Create.AttributeDefinitions, 4, "each key attribute once")
		require.Len(t, users.Create.GlobalSecondaryIndexes, 4)
		require.Equal(t, []types.KeySchemaElement{hash("city"), sorted("score")}, users.Create.GlobalSecondaryIndexes[1].KeySchema)
		require.Equal(t, types.ProjectionTypeKeysOnly, users.Create.GlobalSecondaryIndexes[2].Projection.ProjectionType)
		require.Equal(t, []string{"profile", "score"}, users.Create.GlobalSecondaryIndexes[3].Projection.NonKeyAttributes)
		require.Equal(t, []types.KeySchemaElement{hash("code"), sorted("part no")}, plans[1].Create.KeySchema)

		require.NoError(t, f.Apply(f.ctx, nil, nil))
		plans, err = f.Plan(f.ctx)
		require.NoError(t, err)
		for _, p := range plans {
			require.True(t, p.Exists())
			require.Empty(t, p.Differences)
		}
	})
}

func TestPlanOfProvisionedTables(t *testing.T) {
	text := strings.Replace(string(contractText), `"table": "Users",`,
		`"table": "Users", "billing": "PROVISIONED", "capacity": {"read": 7, "write": 3},`, 1)
	c, err := transform.Load([]byte(text))
	require.NoError(t, err)
	s, err := New(refusing(t), c, nil)
	require.NoError(t, err)
	in := s.createInput(c.Tables[0])
	require.Equal(t, types.BillingModeProvisioned, in.BillingMode)
	require.Equal(t, int64(7), *in.ProvisionedThroughput.ReadCapacityUnits)
	require.Equal(t, int64(3), *in.GlobalSecondaryIndexes[0].ProvisionedThroughput.WriteCapacityUnits)
	require.Equal(t, types.BillingModePayPerRequest, s.createInput(c.Tables[1]).BillingMode)
}

// TestVerifyTellsOfTimeToLive has a library table that keeps everything: Verify
// tells, Check lets it pass, and Apply mends it, twice over without harm.
func TestVerifyTellsOfTimeToLive(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		f := newFixture(t, client)
		for _, table := range f.tables {
			_, err := client.CreateTable(f.ctx, f.createInput(table))
			require.NoError(t, err)
		}
		require.Eventually(t, func() bool { return !f.creating() }, waitLong, waitShort)
		differences, err := f.Verify(f.ctx)
		require.NoError(t, err)
		require.Len(t, differences, 1)
		require.Equal(t, "time to live", differences[0].What)
		require.NoError(t, f.Check(f.ctx))
		for range 2 {
			require.NoError(t, f.Apply(f.ctx, nil, nil))
			differences, err = f.Verify(f.ctx)
			require.NoError(t, err)
			require.Empty(t, differences)
		}
	})
}

// steps collects Apply's progress.
func steps(to *[]string, f *fixture) func(TableStep) {
	return func(s TableStep) {
		if s.Step != "waiting" {
			*to = append(*to, strings.TrimPrefix(s.Table, f.opts.TablePrefix)+" "+s.Step)
		}
	}
}

func TestApplyAsksAndTells(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		f := newFixture(t, client)
		var told []string
		stop := errors.New("stop")
		require.ErrorIs(t, f.Apply(f.ctx, func(TablePlan) (bool, error) { return false, stop }, nil), stop)
		require.NoError(t, f.Apply(f.ctx, func(p TablePlan) (bool, error) {
			require.NotNil(t, p.Create)
			return strings.HasSuffix(p.Table, "Things"), nil
		}, steps(&told, f)))
		require.Equal(t, []string{"Users skipped", "Things creating", "crossfade skipped", "Things active"}, told)
		require.Error(t, f.Check(f.ctx))

		told = nil
		require.NoError(t, f.Apply(f.ctx, nil, steps(&told, f)))
		require.Equal(t, []string{"Users creating", "Things exists", "crossfade creating", "Users active", "Things active", "crossfade changing", "crossfade active"}, told)
		require.NoError(t, f.Check(f.ctx))
	})
}

// TestApplyFromTwoSides has several processes create the same tables at once.
func TestApplyFromTwoSides(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		f := newFixture(t, client)
		var all, arrived sync.WaitGroup
		errs := make([]error, 4)
		arrived.Add(len(errs))
		for i := range errs {
			all.Go(func() {
				var once sync.Once
				errs[i] = f.Apply(f.ctx, func(TablePlan) (bool, error) {
					// All have seen that nothing is there before any creates it.
					once.Do(arrived.Done)
					arrived.Wait()
					return true, nil
				}, nil)
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.NoError(t, f.Check(f.ctx))
	})
}

// TestApplyCreatesNothingBesideADifference has one table that is not as wanted
// and one that is missing.
func TestApplyCreatesNothingBesideADifference(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		f := newFixture(t, client)
		in := f.createInput(f.users.Table)
		in.GlobalSecondaryIndexes[2].Projection = &types.Projection{ProjectionType: types.ProjectionTypeAll}
		in.GlobalSecondaryIndexes = in.GlobalSecondaryIndexes[:3]
		_, err := client.CreateTable(f.ctx, in)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return !f.creating() }, waitLong, waitShort)
		err = f.Apply(f.ctx, func(TablePlan) (bool, error) { return true, errors.New("asked") }, nil)
		require.ErrorIs(t, err, store.ErrInvalid)
		require.Equal(t, store.NotApplied, store.OutcomeOf(err))
		require.ErrorContains(t, err, "index CityKeys: projection is ALL, wanted is KEYS_ONLY")
		require.NotContains(t, err.Error(), "CitySome", "which could be added")
		plans, err := f.Plan(f.ctx)
		require.NoError(t, err)
		require.Len(t, plans[0].Refused(), 1)
		require.Equal(t, []string{"add index CitySome"}, []string{plans[0].Steps[0].String()})
		require.False(t, plans[1].Exists())
	})
}

// A control stands in for the calls that create and describe tables: a service
// that is slow to create, in faked time.
type control struct {
	Client
	mu       sync.Mutex
	tables   map[string]*types.TableDescription
	ready    map[string]time.Time
	unseen   time.Duration // how long a table that was created is not seen
	takes    time.Duration // how long a table is CREATING; its indexes twice as long
	created  []string
	expires  bool
	asked    int
	throttle int  // how many calls are throttled first
	alone    bool // whether one table is created at a time
}

func newControl() *control {
	return &control{tables: map[string]*types.TableDescription{}, ready: map[string]time.Time{}}
}

func (c *control) CreateTable(_ context.Context, in *dynamodb.CreateTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.throttle > 0 {
		c.throttle--
		return nil, &types.LimitExceededException{}
	}
	if c.tables[*in.TableName] != nil {
		return nil, &types.ResourceInUseException{}
	}
	for _, began := range c.ready {
		if c.alone && time.Since(began) < c.takes {
			return nil, &types.LimitExceededException{}
		}
	}
	d := &types.TableDescription{
		TableName: in.TableName, KeySchema: in.KeySchema, AttributeDefinitions: in.AttributeDefinitions,
		BillingModeSummary: &types.BillingModeSummary{BillingMode: in.BillingMode},
	}
	for _, g := range in.GlobalSecondaryIndexes {
		d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, types.GlobalSecondaryIndexDescription{
			IndexName: g.IndexName, KeySchema: g.KeySchema, Projection: g.Projection,
		})
	}
	c.tables[*in.TableName], c.ready[*in.TableName] = d, time.Now().Add(c.unseen)
	c.created = append(c.created, *in.TableName)
	return &dynamodb.CreateTableOutput{}, nil
}

func (c *control) DescribeTable(_ context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	d := c.tables[*in.TableName]
	age := time.Since(c.ready[*in.TableName])
	if d == nil || age < 0 {
		return nil, &types.ResourceNotFoundException{}
	}
	out := *d
	out.GlobalSecondaryIndexes = slices.Clone(d.GlobalSecondaryIndexes)
	out.TableStatus = types.TableStatusActive
	if age < c.takes {
		out.TableStatus = types.TableStatusCreating
	}
	for i := range out.GlobalSecondaryIndexes {
		out.GlobalSecondaryIndexes[i].IndexStatus = types.IndexStatusActive
		if age < 2*c.takes {
			out.GlobalSecondaryIndexes[i].IndexStatus = types.IndexStatusCreating
		}
	}
	return &dynamodb.DescribeTableOutput{Table: &out}, nil
}

func (c *control) DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error) {
	d := &types.TimeToLiveDescription{TimeToLiveStatus: types.TimeToLiveStatusDisabled}
	if c.expires {
		d.TimeToLiveStatus, d.AttributeName = types.TimeToLiveStatusEnabling, aws.String(libraryTTL)
	}
	return &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: d}, nil
}

func (c *control) UpdateTimeToLive(context.Context, *dynamodb.UpdateTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error) {
	if c.expires {
		return nil, errors.New("time to live is on already")
	}
	c.expires = true
	return &dynamodb.UpdateTimeToLiveOutput{}, nil
}

func (c *control) DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error) {
	return &dynamodb.DescribeContinuousBackupsOutput{}, nil
}

// TestApplyWaitsForTableAndIndexes is stopped twice and goes on each time.
func TestApplyWaitsForTableAndIndexes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newControl()
		c.unseen, c.takes, c.throttle = 3*time.Second, 20*time.Second, 2
		f := offline(t).with(c, Options{})
		began := time.Now()
		for _, stop := range []time.Duration{time.Second, 25 * time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), stop)
			err := f.Apply(ctx, nil, nil)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, store.ErrUnavailable)
			if stop > time.Second {
				require.ErrorContains(t, f.Check(t.Context()), "CREATING")
			}
		}
		var told []string
		require.NoError(t, f.Apply(t.Context(), nil, func(s TableStep) { told = append(told, s.Table+" "+s.Step+" "+s.Detail) }))
		require.NoError(t, f.Check(t.Context()))
		require.Equal(t, []string{"Users", "Things", "crossfade"}, c.created, "each is created once")
		require.GreaterOrEqual(t, time.Since(began), 43*time.Second)
		require.Less(t, time.Since(began), 50*time.Second)
		require.Contains(t, told, "Users waiting index UsernameIndex CREATING, index CityIndex CREATING, index CityKeys CREATING, index CitySome CREATING")
		require.True(t, c.expires, "what has expired is taken away")
		require.Less(t, c.asked, 120, "it looks less and less often")
	})
}

// TestApplyOfATableThatGoesAway has somebody delete it, or create it otherwise.
func TestApplyOfATableThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newControl()
		c.unseen = time.Hour
		err := offline(t).with(c, Options{}).Apply(t.Context(), nil, nil)
		require.ErrorIs(t, err, store.ErrInvalid)
		require.ErrorContains(t, err, "Users is gone")

		c = newControl()
		f := offline(t).with(c, Options{})
		err = f.Apply(t.Context(), func(p TablePlan) (bool, error) {
			other := *p.Create
			other.KeySchema = []types.KeySchemaElement{hash("other")}
			_, err := c.CreateTable(t.Context(), &other)
			return true, err
		}, nil)
		require.ErrorIs(t, err, store.ErrInvalid)
		require.ErrorContains(t, err, "partition key is other, wanted is userId")
	})
}

func TestApplyGivesUpWhenThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newControl()
		c.throttle = 1000
		err := offline(t).with(c, Options{RetryBudget: 3 * time.Second}).Apply(t.Context(), nil, nil)
		require.ErrorIs(t, err, store.ErrThrottled)
	})
}

// TestApplyWaitsForItsOwnTables where the account has no room for one more at once.
func TestApplyWaitsForItsOwnTables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newControl()
		c.takes, c.alone = time.Minute, true
		f := offline(t).with(c, Options{})
		waits := 0
		require.NoError(t, f.Apply(t.Context(), nil, func(s TableStep) {
			if s.Step == "waiting" {
				waits++
			}
		}))
		require.GreaterOrEqual(t, waits, 8, "it tells again that it waits")
		require.Equal(t, []string{"Users", "Things", "crossfade"}, c.created)
		require.NoError(t, f.Check(t.Context()))
	})
}

func TestNewRefusesBadOptions(t *testing.T) {
	c, err := transform.Load(contractText)
	require.NoError(t, err)
	_, err = New(nil, c, nil)
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = New(refusing(t), nil, nil)
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = New(refusing(t), c, &Options{TablePrefix: `x"; `, RetryBudget: -1, InsertConcurrency: -1, PollInterval: -1})
	require.ErrorIs(t, err, store.ErrInvalid)
	for _, fault := range []string{"RetryBudget", "InsertConcurrency", "PollInterval", `x\"; Users`, `x\"; Things`} {
		require.ErrorContains(t, err, fault)
	}
	s, err := New(refusing(t), c, nil)
	require.NoError(t, err)
	require.Equal(t, "dynamodb", s.Name())
	require.Same(t, c, s.Contract())
	require.Equal(t, "Users", aws.ToString(s.createInput(c.Tables[0]).TableName))
}
