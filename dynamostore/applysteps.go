package dynamostore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A table that was just created may not be ready for continuous backups; one that
// is not after this will not be.
const backupsReady = 10 * time.Minute

// finish takes the steps that a plan has and that the table still needs, one after
// the other, since the service makes one change of a table at a time.
func (a *applying) finish(ctx context.Context, plan TablePlan) error {
	var done []Step
	added := ""
	for {
		if err := a.wait(ctx, plan.Wanted, added); err != nil {
			return err
		}
		have, err := a.examine(ctx, "apply", plan.Wanted)
		if err != nil {
			return err
		}
		if have == nil {
			continue // deleted just now: wait tells
		}
		steps := have.steps()
		if !plan.Exists() {
			// It is new, so it has nothing that can't be seen.
			steps = append(steps, have.blind...)
		}
		steps = slices.DeleteFunc(steps, func(s Step) bool {
			// What was done is not done again: some of it is seen late.
			return !plan.has(s) || slices.ContainsFunc(done, s.is)
		})
		if len(steps) == 0 {
			a.report(plan.Table, "active", "")
			return nil
		}
		if err := a.take(ctx, plan.Wanted, have.have, steps[0]); err != nil {
			return err
		}
		if done = append(done, steps[0]); steps[0].What == StepIndex {
			added = steps[0].Name
		}
	}
}

// take takes one step, however long something else keeps the table busy, unless
// somebody else takes it first.
func (a *applying) take(ctx context.Context, t *transform.Table, have *types.TableDescription, step Step) error {
	name := a.tableName(t)
	a.report(name, "changing", step.String())
	b, began, reported := budget{total: a.opts.RetryBudget}, time.Now(), ""
	for {
		err := a.change(ctx, t, have, step)
		switch {
		case err == nil:
			return nil
		case lacking(err):
			a.report(name, "unsupported", step.String())
			return nil
		}
		now, look := a.examine(ctx, "apply", t)
		switch {
		case look != nil:
			return look
		case now != nil && !now.lacks(step):
			return nil // somebody else was faster
		}
		reason := hindrance(err, now, time.Since(began))
		if reason != "" && reason != reported {
			a.report(name, "waiting", reason)
			reported = reason
		}
		if reason != "" && sleep(ctx, a.opts.PollInterval) || reason == "" && busy(err) && b.wait(ctx) {
			continue
		}
		return a.failed(name, step, err)
	}
}

// hindrance says what is worth waiting for before a step is tried again, "" if
// nothing is.
func hindrance(err error, now *tableDiff, since time.Duration) string {
	var early *types.ContinuousBackupsUnavailableException
	switch {
	case busy(err) && now != nil && underWay(now.have):
		return "another change of the table"
	case errors.As(err, &early) && since < backupsReady:
		return "the table to be ready for backups"
	}
	return ""
}

// failed is the error of a step.
func (a *applying) failed(table string, step Step, err error) error {
	e := fail("apply", "", table, store.Unknown, err)
	mend := e.Detail
	if step.What == StepTTL && validation(err) {
		mend = "the service takes one change of time to live an hour, so it may be too early"
	}
	if e.Detail = "table " + table + ": could not " + step.String(); mend != "" {
		e.Detail += "; " + mend
	}
	return e
}

// busy reports whether the service says that something else goes on.
func busy(err error) bool {
	var inUse *types.ResourceInUseException
	return throttled(err) || errors.As(err, &inUse)
}

// underWay reports whether a change of the table goes on, whoever asked for it.
func underWay(have *types.TableDescription) bool {
	return have.TableStatus != types.TableStatusActive ||
		slices.ContainsFunc(have.GlobalSecondaryIndexes, func(g types.GlobalSecondaryIndexDescription) bool {
			return g.IndexStatus != types.IndexStatusActive
		})
}

// change asks the service for a step, once.
func (a *applying) change(ctx context.Context, t *transform.Table, have *types.TableDescription, step Step) (err error) {
	name := aws.String(a.tableName(t))
	switch step.What {
	case StepIndex:
		_, err = a.client.UpdateTable(ctx, addIndex(name, t, have, step.Index))
	case StepProtection:
		_, err = a.client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: name, DeletionProtectionEnabled: aws.Bool(true)})
	case StepTTL:
		_, err = a.client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
			TableName: name,
			TimeToLiveSpecification: &types.TimeToLiveSpecification{
				AttributeName: aws.String(step.Name), Enabled: aws.Bool(true),
			},
		})
	case StepBackups:
		_, err = a.client.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        name,
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
		})
	case StepTag:
		_, err = a.client.TagResource(ctx, &dynamodb.TagResourceInput{
			ResourceArn: have.TableArn, Tags: tags([]transform.Tag{{Name: step.Name, Value: step.Value}}),
		})
	}
	return err
}

// addIndex returns the request that adds an index to a table that is there. What
// it may have of capacity goes by how the table is paid for, whatever the contract
// wants: then it has the table's.
func addIndex(name *string, t *transform.Table, have *types.TableDescription, x *transform.Index) *dynamodb.UpdateTableInput {
	create := &types.CreateGlobalSecondaryIndexAction{
		IndexName: aws.String(x.Name), KeySchema: keySchema(x.PK, x.SK), Projection: projected(*x),
	}
	if haveBilling(have) == types.BillingModeProvisioned {
		create.ProvisionedThroughput = throughput(t, x.Capacity)
		if own := have.ProvisionedThroughput; create.ProvisionedThroughput == nil && own != nil {
			create.ProvisionedThroughput = &types.ProvisionedThroughput{
				ReadCapacityUnits: own.ReadCapacityUnits, WriteCapacityUnits: own.WriteCapacityUnits,
			}
		}
	}
	return &dynamodb.UpdateTableInput{
		TableName: name, AttributeDefinitions: definitions(x.PK, x.SK),
		GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: create}},
	}
}
