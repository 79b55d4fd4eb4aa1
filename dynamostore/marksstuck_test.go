package dynamostore

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A stuck is a client whose nth transaction is sent, and gets to the service only when
// something else has been done.
type stuck struct {
	Client
	nth int
	do  func()
}

func (c *stuck) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if c.nth--; c.nth == 0 {
		c.do()
	}
	return c.Client.TransactWriteItems(ctx, in, opts...)
}

// A contended is a client whose requests that take a mark away meet another transaction
// at first.
type contended struct {
	Client
	times int
}

func (c *contended) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if u := in.TransactItems[0].Update; u != nil && *u.UpdateExpression == "REMOVE #m" && c.times > 0 {
		c.times--
		return nil, &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: aws.String("TransactionConflict")}}}
	}
	return c.Client.TransactWriteItems(ctx, in, opts...)
}

// TestDeleteStuckOverHandoffs: a delete that has marked its record and found nothing
// that refers to it gets stuck. MySQL leads, something begins to refer to the record
// there and comes by a refresh, and DynamoDB leads again: then the delete may not land.
func TestDeleteStuckOverHandoffs(t *testing.T) {
	for name, c := range map[string]struct {
		record, refers func(d *desk) transform.Record
		then           error // of a delete that comes now
	}{
		"stays": {func(d *desk) transform.Record { return d.person(1) }, func(d *desk) transform.Record { return d.pet(1, "rex") }, nil},
		"moves": {func(d *desk) transform.Record { return d.home(1, "a") }, func(d *desk) transform.Record { return d.room(1, "home_id", "1") }, store.ErrReferenced},
	} {
		t.Run(name, func(t *testing.T) {
			d := families(t)
			d.T = t
			record, refers := c.record(d), c.refers(d)
			d.write(d.create(record))
			begun := d.at
			later := *d
			late := &stuck{Client: d.client, nth: 2, do: func() {
				require.Contains(t, d.rawItem(record), attrMark)
				begun.Lease.End()
				later.advance(func(p *store.PhaseRecord) { p.State, p.Phase, p.Epoch = store.GivenAway, store.Validate, 2 })
				busy := &contended{Client: d.client, times: 2}
				applied, err := later.with(busy, Options{RetryBudget: time.Second}).Put(d.ctx, store.At{}, store.Row{Key: d.keyOf(refers), Live: true, Record: refers, Version: store.Floor(2) + 1})
				require.NoError(t, err)
				require.True(t, applied)
				require.Zero(t, busy.times)
				later.advance(func(p *store.PhaseRecord) { p.State, p.Phase, p.Epoch = store.Open, store.DynamoDBPrimary, 3 })
			}}
			slow := d.with(late, Options{RetryBudget: time.Second})
			_, err := slow.try(d.remove(record))
			require.Error(t, err)
			require.Less(t, late.nth, 1)
			later.holds(refers)
			later.holds(record)
			require.NotContains(t, d.rawItem(record), attrMark)
			_, err = later.try(d.remove(record))
			require.ErrorIs(t, err, c.then)
			require.Equal(t, c.then != nil, later.row(refers).Live)
		})
	}
}
