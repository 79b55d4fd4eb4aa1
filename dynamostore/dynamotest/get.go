package dynamotest

import (
	"time"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

type getItemInput struct {
	TableName                *string
	Key                      attr.Input
	ConsistentRead           bool
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
	AttributesToGet          []string
	ReturnConsumedCapacity   string
}

func (c *call) getItem(in *getItemInput) error {
	name, key, err := checkKeyed(in.TableName, in.Key)
	if err != nil {
		return err
	}
	if err := checkCapacityMode(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	p, err := parseProjection(in.ProjectionExpression, in.ExpressionAttributeNames, in.AttributesToGet)
	if err != nil {
		return err
	}
	t, err := c.table(name)
	if err != nil {
		return err
	}
	if err := t.checkProjection(p); err != nil {
		return err
	}
	if err := t.keys.checkKey(key); err != nil {
		return err
	}
	item := c.fetch(t, key, in.ConsistentRead)
	if item != nil {
		c.item("Item", project(p, item))
	}
	c.capacity(name, in.ReturnConsumedCapacity, &units{table: readUnits(attr.ItemSize(item), in.ConsistentRead)})
	return nil
}

// fetch reads an item, as it was earlier if that befalls the call.
func (c *call) fetch(t *table, key attr.Item, consistent bool) attr.Item {
	var at time.Time
	if !consistent {
		at = c.faults.asOf(c.Now(), c.faults.stale)
	}
	place, _ := t.keys.place(key)
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.getAsOf(place, at)
}

// A projector is a projection of an expression or of a statement.
type projector interface {
	Paths() []expr.Path
	Project(item attr.Item) attr.Item
}

// parseProjection parses a projection of either form, nil if there is none.
func parseProjection(text *string, names map[string]string, old []string) (projector, error) {
	if err := mixed(given(parameter{"AttributesToGet", old != nil}), given(parameter{"ProjectionExpression", text != nil})); err != nil {
		return nil, err
	}
	if old != nil {
		return attributesToGet(old)
	}
	env, err := expr.NewEnv(names, attr.Input{}, expr.Given{Kind: expr.KindProjection, Text: text})
	if err != nil || text == nil {
		return nil, err
	}
	p, err := expr.ParseProjection(*text, env)
	if err != nil {
		return nil, err
	}
	return p, env.Finish()
}

// checkProjection is checkScalars for a projection, nil if there is none.
func (t *table) checkProjection(p projector) error {
	if p == nil {
		return nil
	}
	return t.checkScalars(p.Paths())
}

// project returns what is asked for of an item: all of it without a projection.
func project(p projector, item attr.Item) attr.Item {
	if p == nil {
		return item
	}
	return p.Project(item)
}
