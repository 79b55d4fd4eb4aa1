package dynamotest

import (
	"errors"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

type transactGetItemsInput struct {
	TransactItems []struct {
		Get *struct {
			TableName                *string
			Key                      attr.Input
			ProjectionExpression     *string
			ExpressionAttributeNames map[string]string
		}
	}
	ReturnConsumedCapacity string
}

// A transactGet is one item of a transaction that reads.
type transactGet struct {
	table      *table
	key        attr.Item
	place      string
	projection projector
	filter     *expr.Condition // of a statement
}

func (c *call) transactGetItems(in *transactGetItemsInput) error {
	if err := lengthFrom(len(in.TransactItems), 1, maxTransact, "transactItems"); err != nil {
		return err
	}
	if err := checkCapacityMode(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	tx := &transaction{call: c, reasons: make([]cancellation, len(in.TransactItems))}
	gets := make([]transactGet, len(in.TransactItems))
	for i, item := range in.TransactItems {
		tx.reasons[i].Code = "None"
		if item.Get == nil {
			return violated("null", memberOf(i, "get"), "Member must not be null")
		}
		name, key, err := checkKeyed(item.Get.TableName, item.Get.Key)
		if err != nil {
			return err
		}
		g := &gets[i]
		g.key = key
		if g.projection, err = parseProjection(item.Get.ProjectionExpression, item.Get.ExpressionAttributeNames, nil); err != nil {
			return err
		}
		if g.table, err = c.table(name); err != nil {
			return err
		}
		if err := g.table.checkProjection(g.projection); err != nil {
			return err
		}
		var fault itemFault
		if err := g.table.keys.checkKey(key); errors.As(err, &fault) {
			tx.cancel(i, err)
		} else if err != nil {
			return err
		}
		g.place, _ = g.table.keys.place(key)
	}
	return tx.get(gets, in.ReturnConsumedCapacity)
}

// get reads all items as of one moment.
func (tx *transaction) get(gets []transactGet, mode string) error {
	if tx.cancelled {
		return tx.cancellation()
	}
	if hasTwice(gets, func(g transactGet) target { return target{g.table, g.place} }) {
		return errTwoActions
	}
	if tx.faults.latency > 0 && !tx.wait(tx.faults.latency) {
		return errCut
	}
	tx.mutations = make([]*mutation, len(gets))
	for i, g := range gets {
		tx.mutations[i] = &mutation{table: g.table, key: g.key, place: g.place}
	}
	tx.befall()
	for _, t := range sortedTables(gets, func(g transactGet) *table { return g.table }) {
		t.mu.RLock()
		defer t.mu.RUnlock()
	}
	for i, g := range gets {
		if g.table.claims[g.place] != nil {
			tx.cancel(i, errConflict())
		}
	}
	if tx.cancelled {
		return tx.cancellation()
	}
	var used tally
	responses := make([]attr.Item, len(gets))
	for i, g := range gets {
		item := g.table.get(g.place)
		used.add(g.table.name, &units{table: readUnits(attr.ItemSize(item), true)}, 2)
		if item != nil && (g.filter == nil || g.filter.Eval(item)) {
			responses[i] = project(g.projection, item)
		}
	}
	tx.responses(responses)
	tx.tally(mode, &used, reading)
	return nil
}

// responses appends Responses: an object with the item, or an empty one.
func (c *call) responses(items []attr.Item) {
	c.member("Responses")
	c.reply = append(c.reply, '[')
	for i, item := range items {
		if i > 0 {
			c.reply = append(c.reply, ',')
		}
		c.reply = append(c.reply, '{')
		if item != nil {
			c.reply = attr.AppendItem(append(c.reply, `"Item":`...), item)
		}
		c.reply = append(c.reply, '}')
	}
	c.reply = append(c.reply, ']')
}
