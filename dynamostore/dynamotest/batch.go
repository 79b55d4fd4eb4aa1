package dynamotest

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// What a batch may have (API reference, "BatchGetItem", "BatchWriteItem").
const (
	maxBatchGet   = 100
	maxBatchWrite = 25
	maxBatchReply = 16 << 20
)

var errDuplicateKeys = attr.Invalid("Provided list of item keys contains duplicates")

// leftOut says which items of a batch are returned as unprocessed: those that
// rules with keys are about, and the last ones, as many as another rule says.
// One at least is processed, or all are throttled.
func (c *call) leftOut(n int, table func(i int) (string, attr.Item)) (func(i int) bool, error) {
	out := make([]bool, n)
	left := n
	for i := range out {
		name, item := table(i)
		out[i] = c.faults.throttle != "" && c.faults.befallsItem(name, item, throttles) ||
			c.faults.conflict && c.faults.befallsItem(name, item, conflicts) ||
			c.faults.unprocessed > 0 && c.faults.keyed(leavesOut) && c.faults.befallsItem(name, item, leavesOut)
		if out[i] {
			left--
		}
	}
	if c.faults.unprocessed > 0 && !c.faults.keyed(leavesOut) {
		for i := max(n-c.faults.unprocessed, min(1, n-1)); i < n; i++ {
			if !out[i] {
				out[i], left = true, left-1
			}
		}
		if n == 1 {
			out[0], left = true, 0
		}
	}
	if left > 0 {
		return func(i int) bool { return out[i] }, nil
	}
	if c.faults.throttle == "" && c.faults.conflict {
		return nil, errConflict()
	}
	if c.faults.throttle == "" {
		c.faults.throttle = TableThroughput
	}
	return nil, c.throttled()
}

type batchWriteItemInput struct {
	RequestItems                map[string][]json.RawMessage
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

// A batchWrite is one request of a BatchWriteItem.
type batchWrite struct {
	raw   json.RawMessage
	table string
	*mutation
}

func (c *call) batchWriteItem(in *batchWriteItemInput) error {
	if err := checkCapacityMode(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	writes, err := c.batchWrites(in.RequestItems)
	if err != nil {
		return err
	}
	isOut, err := c.leftOut(len(writes), func(i int) (string, attr.Item) { return writes[i].table, writes[i].names() })
	if err != nil {
		return err
	}
	unprocessed := map[string][]json.RawMessage{}
	var used tally
	for i, w := range writes {
		err := errors.New("left out")
		if !isOut(i) {
			err = w.run(c)
		}
		if err != nil {
			unprocessed[w.table] = append(unprocessed[w.table], w.raw)
			continue
		}
		used.add(w.table, &w.cost, 1)
	}
	c.value("UnprocessedItems", unprocessed)
	c.tally(in.ReturnConsumedCapacity, &used, neither)
	return nil
}

// batchWrites checks all requests of a batch, before the first takes effect.
func (c *call) batchWrites(requests map[string][]json.RawMessage) ([]batchWrite, error) {
	if len(requests) == 0 {
		return nil, invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	var writes []batchWrite
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		table, err := checkTable(&name)
		if err != nil {
			return nil, err
		}
		if err := lengthFrom(len(requests[name]), 1, maxBatchWrite, "requestItems."+name+".member"); err != nil {
			return nil, err
		}
		for _, raw := range requests[name] {
			m, err := c.batchMutation(table, raw)
			if err != nil {
				return nil, err
			}
			writes = append(writes, batchWrite{raw: raw, table: name, mutation: m})
		}
	}
	if len(writes) > maxBatchWrite {
		return nil, invalid("Too many items requested for the BatchWriteItem call")
	}
	if hasTwice(writes, func(w batchWrite) target { return w.target() }) {
		return nil, errDuplicateKeys
	}
	return writes, nil
}

// batchMutation reads one request of a batch.
func (c *call) batchMutation(table string, raw json.RawMessage) (*mutation, error) {
	var request struct {
		PutRequest    *struct{ Item attr.Input }
		DeleteRequest *struct{ Key attr.Input }
	}
	if err := json.Unmarshal(raw, &request); err != nil {
		return nil, err
	}
	in := &conditional{TableName: &table}
	switch {
	case (request.PutRequest == nil) == (request.DeleteRequest == nil):
		return nil, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	case request.PutRequest != nil:
		return c.preparePut(table, in, request.PutRequest.Item)
	}
	return c.prepareKeyed(in, request.DeleteRequest.Key, (*mutation).deleting)
}

// A target tells items apart, of whatever table.
type target struct {
	table *table
	place string
}

func (m *mutation) target() target { return target{m.table, m.place} }

// hasTwice says whether two elements are about one item.
func hasTwice[T any](list []T, of func(T) target) bool {
	seen := make(map[target]bool, len(list))
	for _, element := range list {
		at := of(element)
		if seen[at] {
			return true
		}
		seen[at] = true
	}
	return false
}

type batchGetItemInput struct {
	RequestItems           map[string]*keysAndAttributes
	ReturnConsumedCapacity string
}

// keysAndAttributes is what a BatchGetItem says of one table.
type keysAndAttributes struct {
	Keys                     []json.RawMessage
	ConsistentRead           bool              `json:",omitempty"`
	ProjectionExpression     *string           `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
	AttributesToGet          []string          `json:",omitempty"`
}

// A batchGet is one key of a BatchGetItem.
type batchGet struct {
	raw        json.RawMessage
	name       string
	from       *keysAndAttributes
	table      *table
	key        attr.Item
	projection projector
}

func (g batchGet) target() target {
	place, _ := g.table.keys.place(g.key)
	return target{g.table, place}
}

func (c *call) batchGetItem(in *batchGetItemInput) error {
	if err := checkCapacityMode(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	gets, err := c.batchGets(in.RequestItems)
	if err != nil {
		return err
	}
	isOut, err := c.leftOut(len(gets), func(i int) (string, attr.Item) { return gets[i].name, gets[i].key })
	if err != nil {
		return err
	}
	responses, unprocessed := map[string][]attr.Item{}, map[string]*keysAndAttributes{}
	var used tally
	size := 0
	for i, g := range gets {
		if isOut(i) || size > maxBatchReply {
			g.leave(unprocessed)
			continue
		}
		item := c.fetch(g.table, g.key, g.from.ConsistentRead)
		size += attr.ItemSize(item)
		used.add(g.name, &units{table: readUnits(attr.ItemSize(item), g.from.ConsistentRead)}, 1)
		if responses[g.name] == nil {
			responses[g.name] = []attr.Item{}
		}
		if item != nil {
			responses[g.name] = append(responses[g.name], project(g.projection, item))
		}
	}
	c.member("Responses")
	c.reply = append(c.reply, '{')
	for i, name := range slices.Sorted(maps.Keys(responses)) {
		if i > 0 {
			c.reply = append(c.reply, ',')
		}
		c.reply = appendItems(append(appendJSON(c.reply, name), ':'), responses[name])
	}
	c.reply = append(c.reply, '}')
	c.value("UnprocessedKeys", unprocessed)
	c.tally(in.ReturnConsumedCapacity, &used, neither)
	return nil
}

// leave puts the key among those that are returned as unprocessed.
func (g batchGet) leave(unprocessed map[string]*keysAndAttributes) {
	of := unprocessed[g.name]
	if of == nil {
		copied := *g.from
		copied.Keys = nil
		of = &copied
		unprocessed[g.name] = of
	}
	of.Keys = append(of.Keys, g.raw)
}

func (c *call) batchGets(requests map[string]*keysAndAttributes) ([]batchGet, error) {
	if len(requests) == 0 {
		return nil, invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	asked := 0
	for _, of := range requests {
		if of != nil {
			asked += len(of.Keys)
		}
	}
	if asked > maxBatchGet {
		return nil, invalid("Too many items requested for the BatchGetItem call")
	}
	var gets []batchGet
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		of, err := c.batchGetsOf(name, requests[name])
		if err != nil {
			return nil, err
		}
		gets = append(gets, of...)
	}
	if hasTwice(gets, batchGet.target) {
		return nil, errDuplicateKeys
	}
	return gets, nil
}

// batchGetsOf reads what a BatchGetItem asks of one table.
func (c *call) batchGetsOf(name string, from *keysAndAttributes) ([]batchGet, error) {
	table, err := checkTable(&name)
	if err != nil {
		return nil, err
	}
	if from == nil {
		from = &keysAndAttributes{}
	}
	if err := lengthFrom(len(from.Keys), 1, maxBatchGet, "requestItems."+name+".member.keys"); err != nil {
		return nil, err
	}
	p, err := parseProjection(from.ProjectionExpression, from.ExpressionAttributeNames, from.AttributesToGet)
	if err != nil {
		return nil, err
	}
	t, err := c.table(table)
	if err != nil {
		return nil, err
	}
	if err := t.checkProjection(p); err != nil {
		return nil, err
	}
	gets := make([]batchGet, len(from.Keys))
	for i, raw := range from.Keys {
		var input attr.Input
		if err := json.Unmarshal(raw, &input); err != nil {
			return nil, err
		}
		key, err := input.Item()
		if err != nil {
			return nil, err
		}
		if err := t.keys.checkKey(key); err != nil {
			return nil, err
		}
		gets[i] = batchGet{raw: raw, name: name, from: from, table: t, key: key, projection: p}
	}
	return gets, nil
}
