package dynamostore

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Limits of one transaction of the service: actions, and bytes of all items.
const (
	maxActions     = 100
	maxTransaction = 4 << 20
)

// A condition is what must hold of an item for an action to take effect; with
// no text, the names and values of an update without one.
type condition struct {
	text   string
	names  map[string]string
	values item
}

// absent is the condition that nothing is at an item's key.
func (p *place) absent() condition {
	return condition{text: "attribute_not_exists(#pk)", names: map[string]string{"#pk": p.keys[0]}}
}

// A transaction is a set of actions that take effect together or not at all. Its
// id is what the service knows its repetitions by, and what its items carry.
type transaction struct {
	s          *Store
	op, entity string
	id         string
	actions    []types.TransactWriteItem
	size       int // bytes of the items
	// may is asked before each request, nil is always: a lease may run out
	// while a request that got no answer waits for its repetition.
	may func(ctx context.Context, unsure bool) bool
	// unsure says that a request got no answer: it may have taken effect, or
	// may still.
	unsure bool
}

// newTransaction returns an empty transaction for an operation that its errors
// name.
func (s *Store) newTransaction(op, entity string) *transaction {
	return &transaction{s: s, op: op, entity: entity, id: newID(s.opts.Now())}
}

// put, check, update and remove add an action and return its position.
func (t *transaction) put(p *place, it item, c condition) int {
	t.size += transform.ItemSize(it)
	return t.add(types.TransactWriteItem{Put: &types.Put{
		TableName: &p.table, Item: it, ConditionExpression: c.expression(), ReturnValuesOnConditionCheckFailure: allOld,
		ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
	}})
}

func (t *transaction) check(p *place, key item, c condition) int {
	t.size += transform.ItemSize(key)
	return t.add(types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &p.table, Key: key, ConditionExpression: c.expression(), ReturnValuesOnConditionCheckFailure: allOld,
		ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
	}})
}

func (t *transaction) update(p *place, key item, expression string, c condition) int {
	t.size += transform.ItemSize(key) + transform.ItemSize(c.values)
	return t.add(types.TransactWriteItem{Update: &types.Update{
		TableName: &p.table, Key: key, UpdateExpression: &expression,
		ConditionExpression: c.expression(), ReturnValuesOnConditionCheckFailure: allOld,
		ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
	}})
}

func (t *transaction) remove(p *place, key item, c condition) int {
	t.size += transform.ItemSize(key)
	return t.add(types.TransactWriteItem{Delete: &types.Delete{
		TableName: &p.table, Key: key, ConditionExpression: c.expression(), ReturnValuesOnConditionCheckFailure: allOld,
		ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
	}})
}

const allOld = types.ReturnValuesOnConditionCheckFailureAllOld

func (c condition) expression() *string {
	if c.text == "" {
		return nil
	}
	return aws.String(c.text)
}

func (t *transaction) add(action types.TransactWriteItem) int {
	t.actions = append(t.actions, action)
	return len(t.actions) - 1
}

// A refusal says that a transaction did not take effect: a condition was not
// met, or it met another transaction.
type refusal struct {
	unmet    map[int]item // what is there, by the action whose condition it does not meet
	conflict bool         // with another transaction, and no condition was looked at
	// unsure says that an earlier request of the same transaction got no answer.
	// It had not taken effect when this one was refused, but it might yet.
	unsure bool
	err    error
}

func (r *refusal) Error() string { return "refused: " + describe(r.err) }
func (r *refusal) Unwrap() error { return r.err }

// transact sends the transaction until it is known what became of it, for as
// long as the budget lasts. It returns nil, a *refusal, or a *store.Error.
//
// A request that got no answer is sent again with the same id, which takes
// effect once at most. Where the service does not recognise it any more, the
// conditions do: what they then meet carries the transaction's own id.
func (t *transaction) transact(ctx context.Context, b *budget) error {
	for {
		if t.may != nil && !t.may(ctx, t.unsure) {
			e := t.s.wrongPhase(t.op, t.entity, t.outcome(), "the lease ran out before the write was sent")
			if t.unsure {
				e.Kind, e.Detail = store.ErrUnavailable, "the lease ran out while a request got no answer"
			}
			return e
		}
		var sent attempts
		err := t.send(ctx, &sent)
		t.unsure = t.unsure || err != nil && sent.outcome(err) == store.Unknown
		r := refusalOf(err)
		switch {
		case err == nil, r != nil && r.own(t.id):
			return nil
		case r != nil && !(r.conflict && t.unsure):
			r.unsure = t.unsure
			return r
		case !t.again(ctx, err) || !b.wait(ctx):
			return fail(t.op, t.entity, t.tables(), t.outcome(), err)
		}
	}
}

// outcome says what became of the transaction, of which no request has been
// answered.
func (t *transaction) outcome() store.Outcome {
	if t.unsure {
		return store.Unknown
	}
	return store.NotApplied
}

// again reports whether it makes sense to send the transaction once more.
func (t *transaction) again(ctx context.Context, err error) bool {
	_, kind := classify(err, "")
	return ctx.Err() == nil && (kind == store.ErrThrottled || kind == store.ErrConflict || kind == store.ErrUnavailable)
}

// send makes one call. A single put needs no transaction, and is half the price
// without.
func (t *transaction) send(ctx context.Context, sent *attempts) error {
	if len(t.actions) == 1 && t.actions[0].Put != nil {
		p := t.actions[0].Put
		_, err := t.s.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: p.TableName, Item: p.Item, ConditionExpression: p.ConditionExpression,
			ReturnValuesOnConditionCheckFailure: p.ReturnValuesOnConditionCheckFailure,
			ExpressionAttributeNames:            p.ExpressionAttributeNames, ExpressionAttributeValues: p.ExpressionAttributeValues,
		}, sent.watch)
		return err
	}
	_, err := t.s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: t.actions, ClientRequestToken: &t.id,
	}, sent.watch)
	return err
}

// refusalOf reads the error of one call; nil if it is none of a refusal.
func refusalOf(err error) *refusal {
	var (
		unmet     *types.ConditionalCheckFailedException
		cancelled *types.TransactionCanceledException
	)
	switch {
	case errors.As(err, &unmet):
		return &refusal{unmet: map[int]item{0: unmet.Item}, err: err}
	case conflicted(err):
		return &refusal{conflict: true, err: err}
	case !errors.As(err, &cancelled):
		return nil
	}
	r := &refusal{unmet: map[int]item{}, err: err}
	for i, reason := range cancelled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "ConditionalCheckFailed":
			r.unmet[i] = reason.Item
		case "TransactionConflict":
			r.conflict = true
		}
	}
	switch {
	case len(r.unmet) > 0:
		r.conflict = false
	case !r.conflict:
		return nil
	}
	return r
}

// own reports whether the conditions met what this very transaction left.
func (r *refusal) own(id string) bool {
	for _, it := range r.unmet {
		if v, ok := it[attrWrite].(*types.AttributeValueMemberS); ok && v.Value == id {
			return true
		}
	}
	return false
}

// transactPatiently is transact for what nobody competes for: a conflict with
// another transaction is waited out.
func (s *Store) transactPatiently(ctx context.Context, t *transaction) error {
	b := budget{total: s.opts.RetryBudget}
	for {
		err := t.transact(ctx, &b)
		var r *refusal
		if !errors.As(err, &r) || !r.conflict {
			return err
		}
		if !b.wait(ctx) {
			return t.busy(r)
		}
	}
}

// busy is the error of a transaction that met others until the budget was used up.
func (t *transaction) busy(r *refusal) *store.Error {
	return fail(t.op, t.entity, t.tables(), t.outcome(), r.err)
}

// tables names a table for an error: the first one that is not the library's.
func (t *transaction) tables() string {
	for _, a := range t.actions {
		if a.Put != nil && *a.Put.TableName != t.s.library.table {
			return *a.Put.TableName
		}
	}
	return t.s.library.table
}
