package dynamotest

import (
	"context"
	"encoding/json"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// A call is one request while it is answered.
type call struct {
	*Server
	ctx       context.Context // ends when the caller goes away
	operation string
	body      []byte
	faults    effects
	reply     []byte
}

// An operation answers a call, by filling its reply.
type operation func(c *call) error

// operationOf returns the operation of a name, nil if there is none. Each
// reads its parameters with read, whose type says what they are.
func operationOf(name string) operation {
	switch name {
	case "PutItem":
		return read((*call).putItem)
	case "GetItem":
		return read((*call).getItem)
	case "UpdateItem":
		return read((*call).updateItem)
	case "DeleteItem":
		return read((*call).deleteItem)
	case "Query":
		return read((*call).query)
	case "Scan":
		return read((*call).scan)
	case "BatchGetItem":
		return read((*call).batchGetItem)
	case "BatchWriteItem":
		return read((*call).batchWriteItem)
	case "TransactWriteItems":
		return read((*call).transactWriteItems)
	case "TransactGetItems":
		return read((*call).transactGetItems)
	case "ExecuteStatement":
		return read((*call).executeStatement)
	case "BatchExecuteStatement":
		return read((*call).batchExecuteStatement)
	case "ExecuteTransaction":
		return read((*call).executeTransaction)
	}
	return administration(name)
}

// administration is operationOf for what is done with tables.
func administration(name string) operation {
	switch name {
	case "CreateTable":
		return read((*call).createTable)
	case "DescribeTable":
		return read((*call).describeTable)
	case "UpdateTable":
		return read((*call).updateTable)
	case "DeleteTable":
		return read((*call).deleteTable)
	case "ListTables":
		return read((*call).listTables)
	case "UpdateTimeToLive":
		return read((*call).updateTimeToLive)
	case "DescribeTimeToLive":
		return read((*call).describeTimeToLive)
	case "UpdateContinuousBackups":
		return read((*call).updateContinuousBackups)
	case "DescribeContinuousBackups":
		return read((*call).describeContinuousBackups)
	case "TagResource":
		return read((*call).tagResource)
	case "UntagResource":
		return read((*call).untagResource)
	case "ListTagsOfResource":
		return read((*call).listTagsOfResource)
	case "DescribeLimits":
		return (*call).describeLimits
	case "DescribeEndpoints":
		return (*call).describeEndpoints
	}
	return nil
}

// read makes an operation of a method that takes parameters.
func read[T any](method func(*call, *T) error) operation {
	return func(c *call) error {
		in := new(T)
		if err := json.Unmarshal(c.body, in); err != nil {
			return err
		}
		return method(c, in)
	}
}

// member appends a member to the reply; it opens the object with the first.
func (c *call) member(name string) {
	if c.reply == nil {
		c.reply = append(c.reply, '{')
	} else {
		c.reply = append(c.reply, ',')
	}
	c.reply = append(append(append(c.reply, '"'), name...), `":`...)
}

// value appends a member of any type.
func (c *call) value(name string, v any) {
	c.member(name)
	c.reply = appendJSON(c.reply, v)
}

// item appends a member that is an item.
func (c *call) item(name string, item attr.Item) {
	c.member(name)
	c.reply = attr.AppendItem(c.reply, item)
}

// items appends a member that is a list of items.
func (c *call) items(name string, items []attr.Item) {
	c.member(name)
	c.reply = appendItems(c.reply, items)
}

func appendItems(b []byte, items []attr.Item) []byte {
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = attr.AppendItem(b, item)
	}
	return append(b, ']')
}

// finish closes the object.
func (c *call) finish() {
	if c.reply != nil {
		c.reply = append(c.reply, '}')
	}
}
