package dynamotest

import (
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// What ReturnValues can ask for.
const (
	returnNone       = "NONE"
	returnAllOld     = "ALL_OLD"
	returnAllNew     = "ALL_NEW"
	returnUpdatedOld = "UPDATED_OLD"
	returnUpdatedNew = "UPDATED_NEW"
)

// A conditional is what all writes of one item have in common.
type conditional struct {
	TableName                           *string
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           attr.Input
	ReturnValuesOnConditionCheckFailure string

	// Expected and ConditionalOperator are the old form of a condition.
	Expected            map[string]legacyCondition
	ConditionalOperator string
}

// reporting is what the operations on one item answer besides.
type reporting struct {
	ReturnValues                string
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

// check checks the parameters that have few values.
func (r *reporting) check(values ...string) error {
	if err := oneOf(r.ReturnValues, "returnValues", returnAllNew, returnUpdatedOld, returnAllOld, returnNone, returnUpdatedNew); err != nil {
		return err
	}
	if oneOf(r.ReturnValues, "returnValues", values...) != nil {
		return invalid("ReturnValues can only be ALL_OLD or NONE")
	}
	if err := oneOf(r.ReturnItemCollectionMetrics, "returnItemCollectionMetrics", "SIZE", "NONE"); err != nil {
		return err
	}
	return checkCapacityMode(r.ReturnConsumedCapacity)
}

// prepare parses the condition, and an update if update is not nil, and
// returns the mutation for them.
func (in *conditional) prepare(update *string) (*mutation, *expr.Update, error) {
	if err := oneOf(in.ReturnValuesOnConditionCheckFailure, "returnValuesOnConditionCheckFailure", returnAllOld, returnNone); err != nil {
		return nil, nil, err
	}
	m := &mutation{showFailed: in.ReturnValuesOnConditionCheckFailure == returnAllOld}
	if in.Expected != nil {
		condition, err := expected(in.Expected, in.ConditionalOperator)
		m.condition = condition
		if err != nil || update == nil {
			return m, nil, err
		}
	}
	expressions := []expr.Given{{Kind: expr.KindCondition, Text: in.ConditionExpression}}
	if update != nil {
		expressions = []expr.Given{{Kind: expr.KindUpdate, Text: update}, expressions[0]}
	}
	env, err := expr.NewEnv(in.ExpressionAttributeNames, in.ExpressionAttributeValues, expressions...)
	if err != nil {
		return nil, nil, err
	}
	var u *expr.Update
	if update != nil {
		if u, err = expr.ParseUpdate(*update, env); err != nil {
			return nil, nil, err
		}
	}
	if in.ConditionExpression != nil {
		if m.condition, err = expr.ParseCondition(expr.KindCondition, *in.ConditionExpression, env); err != nil {
			return nil, nil, err
		}
	}
	return m, u, env.Finish()
}

// parameters returns which of its two kinds of parameters a write has.
func (in *conditional) parameters() (old, expressions []string) {
	old = given(parameter{"Expected", in.Expected != nil}, parameter{"ConditionalOperator", in.ConditionalOperator != ""})
	return old, given(parameter{"ConditionExpression", in.ConditionExpression != nil})
}

type putItemInput struct {
	conditional
	reporting
	Item attr.Input
}

func (c *call) putItem(in *putItemInput) error {
	name, err := checkTable(in.TableName)
	if err != nil {
		return err
	}
	if !in.Item.Given() {
		return violated("null", "item", "Member must not be null")
	}
	if err := in.check(returnAllOld, returnNone); err != nil {
		return err
	}
	if err := mixed(in.parameters()); err != nil {
		return err
	}
	m, err := c.preparePut(name, &in.conditional, in.Item)
	if err != nil {
		return err
	}
	if err := m.run(c); err != nil {
		return err
	}
	return c.written(m, &in.reporting)
}

// preparePut checks a put of any operation.
func (c *call) preparePut(name string, in *conditional, input attr.Input) (*mutation, error) {
	item, err := input.Item()
	if err != nil {
		return nil, err
	}
	m, _, err := in.prepare(nil)
	if err != nil {
		return nil, err
	}
	t, err := c.table(name)
	if err != nil {
		return nil, err
	}
	if err := t.checkPut(item); err != nil {
		return nil, err
	}
	m.putting(item)
	return m, m.aim(t, item)
}

// written appends what a write answers.
func (c *call) written(m *mutation, r *reporting) error {
	var attributes attr.Item
	switch r.ReturnValues {
	case returnAllOld:
		attributes = m.old
	case returnAllNew:
		attributes = m.now
	case returnUpdatedOld:
		attributes = m.updatedOld()
	case returnUpdatedNew:
		attributes = m.updatedNew()
	}
	if attributes != nil {
		c.item("Attributes", attributes)
	}
	c.capacity(m.table.name, r.ReturnConsumedCapacity, &m.cost)
	c.collection(m.table, r.ReturnItemCollectionMetrics, m.key)
	return nil
}

// updatedOld returns what an update changed as it was, nil if it was nothing.
func (m *mutation) updatedOld() attr.Item {
	if m.old == nil || m.change.Item == nil {
		return nil
	}
	return notEmpty(m.change.Old())
}

func (m *mutation) updatedNew() attr.Item {
	if m.change.Item == nil {
		return nil
	}
	return notEmpty(m.change.New())
}

func notEmpty(item attr.Item) attr.Item {
	if len(item) == 0 {
		return nil
	}
	return item
}

type deleteItemInput struct {
	conditional
	reporting
	Key attr.Input
}

func (c *call) deleteItem(in *deleteItemInput) error {
	if err := in.check(returnAllOld, returnNone); err != nil {
		return err
	}
	if err := mixed(in.parameters()); err != nil {
		return err
	}
	m, err := c.prepareKeyed(&in.conditional, in.Key, (*mutation).deleting)
	if err != nil {
		return err
	}
	if err := m.run(c); err != nil {
		return err
	}
	return c.written(m, &in.reporting)
}

// prepareKeyed checks a write that names its item by a key and has no update.
func (c *call) prepareKeyed(in *conditional, key attr.Input, does func(*mutation)) (*mutation, error) {
	name, k, err := checkKeyed(in.TableName, key)
	if err != nil {
		return nil, err
	}
	m, _, err := in.prepare(nil)
	if err != nil {
		return nil, err
	}
	t, err := c.table(name)
	if err != nil {
		return nil, err
	}
	if err := t.keys.checkKey(k); err != nil {
		return nil, err
	}
	does(m)
	return m, m.aim(t, k)
}

// checkKeyed checks the table's name and that there is a key.
func checkKeyed(table *string, input attr.Input) (name string, key attr.Item, err error) {
	if name, err = checkTable(table); err != nil {
		return "", nil, err
	}
	if !input.Given() {
		return "", nil, violated("null", "key", "Member must not be null")
	}
	key, err = input.Item()
	return name, key, err
}

type updateItemInput struct {
	conditional
	reporting
	Key              attr.Input
	UpdateExpression *string

	// AttributeUpdates is the old form of an update.
	AttributeUpdates map[string]legacyUpdate
}

func (c *call) updateItem(in *updateItemInput) error {
	if err := in.check(returnAllOld, returnNone, returnAllNew, returnUpdatedNew, returnUpdatedOld); err != nil {
		return err
	}
	old, expressions := in.parameters()
	old = append(old, given(parameter{"AttributeUpdates", in.AttributeUpdates != nil})...)
	expressions = append(expressions, given(parameter{"UpdateExpression", in.UpdateExpression != nil})...)
	if err := mixed(old, expressions); err != nil {
		return err
	}
	m, err := c.prepareUpdate(&in.conditional, in.Key, in.UpdateExpression, in.AttributeUpdates)
	if err != nil {
		return err
	}
	if err := m.run(c); err != nil {
		return err
	}
	return c.written(m, &in.reporting)
}

// prepareUpdate checks an update of any operation.
func (c *call) prepareUpdate(in *conditional, input attr.Input, text *string, old map[string]legacyUpdate) (*mutation, error) {
	name, key, err := checkKeyed(in.TableName, input)
	if err != nil {
		return nil, err
	}
	m, u, err := in.prepare(text)
	if err != nil {
		return nil, err
	}
	if len(old) > 0 {
		if u, err = attributeUpdates(old); err != nil {
			return nil, err
		}
	}
	t, err := c.table(name)
	if err != nil {
		return nil, err
	}
	if err := t.keys.checkKey(key); err != nil {
		return nil, err
	}
	if err := m.aim(t, key); err != nil {
		return nil, err
	}
	return m, m.updating(u)
}
