package dynamostore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// olderThanMine is the condition of every put: nothing is there, or something
// that carries no version, or a smaller one. Without it a refresh that was held
// up would put back what a newer one has replaced.
const olderThanMine = "attribute_not_exists(#v) OR #v < :v"

// Put stores the row, a tombstone if it is not live, with one conditional
// PutItem. It returns false if a version as high is there. That is also the
// answer where the SDK sent the item twice because the first reply was lost:
// then our own version is what the second one finds.
//
// A row of an entity with unique columns or references takes a read and a
// transaction, with the guards of its values and its edges, and so does one whose
// item moves, with its stand. A place that another key's item has is ErrUnique, of the
// item key's columns.
func (s *Store) Put(ctx context.Context, _ store.At, row store.Row) (bool, error) {
	p, err := s.place("put", row.Key.Entity, store.NotApplied)
	if err != nil {
		return false, err
	}
	if accompanied(p.entity) {
		return s.putRows(ctx, []store.Row{row})
	}
	it, err := p.item(row, s.opts.Now().Unix())
	if err != nil {
		return false, p.unfit("put", row, err)
	}
	err = s.putItem(ctx, p, "put", &dynamodb.PutItemInput{
		TableName: &p.table, Item: it, ConditionExpression: aws.String(olderThanMine),
		ExpressionAttributeNames:  map[string]string{"#v": attrVersion},
		ExpressionAttributeValues: item{":v": it[attrVersion]},
	})
	var newer *types.ConditionalCheckFailedException
	if errors.As(err, &newer) {
		return false, nil
	}
	return err == nil, err
}

// putItem sends one PutItem and says in its error what became of it.
func (s *Store) putItem(ctx context.Context, p *place, op string, in *dynamodb.PutItemInput) error {
	var sent attempts
	if _, err := s.client.PutItem(ctx, in, sent.watch); err != nil {
		return p.refusal(fail(op, p.entity.Name, p.table, sent.outcome(err), err))
	}
	return nil
}

// refusal marks an error by which the service refuses this one item, whatever
// the reason: sent again it would be refused again, so it is a dead letter, and
// it says nothing of the service's health.
func (p *place) refusal(e *store.Error) error {
	if validation(e.Cause) {
		unfit := &transform.ValueError{Entity: p.entity.Name, Reason: "DynamoDB refuses the item", TooLarge: errors.Is(e.Kind, store.ErrTooLarge)}
		e.Cause = fmt.Errorf("%w: %w", unfit, e.Cause)
	}
	return e
}

// unfit is the error of a row that cannot become an item. Nothing was sent.
func (p *place) unfit(op string, row store.Row, err error) error {
	e := &store.Error{
		Op: op, Entity: p.entity.Name, Store: storeName, Kind: store.ErrInvalid, Outcome: store.NotApplied,
		Detail: row.Key.String() + " cannot become an item of table " + p.table, Cause: err,
	}
	var value *transform.ValueError
	if errors.As(err, &value) {
		e.Field = value.Column
		if value.TooLarge {
			e.Kind = store.ErrTooLarge
		}
	}
	return e
}
