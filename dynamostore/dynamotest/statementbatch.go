package dynamotest

import (
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/partiql"
)

type batchExecuteStatementInput struct {
	Statements             []statementInput
	ReturnConsumedCapacity string
}

// A batchStatement is one statement of a batch, and what came of it.
type batchStatement struct {
	statement partiql.Statement
	err       error
	table     string
	item      attr.Item // that it answers with
	returning partiql.Returning
	*mutation
	get *transactGet
}

func (b *batchStatement) isRead() bool {
	_, ok := b.statement.(*partiql.Select)
	return ok
}

func (c *call) batchExecuteStatement(in *batchExecuteStatementInput) error {
	if err := lengthFrom(len(in.Statements), 1, maxStatements, "statements"); err != nil {
		return err
	}
	if err := checkCapacityMode(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	batch, err := c.batchStatements(in.Statements)
	if err != nil {
		return err
	}
	var used tally
	for i := range batch {
		b := &batch[i]
		if b.err == nil {
			b.err = c.struck(b)
		}
		if b.err == nil {
			b.err = c.runStatement(b, in.Statements[i].ConsistentRead, &used)
		}
	}
	c.member("Responses")
	c.reply = append(c.reply, '[')
	for i := range batch {
		if i > 0 {
			c.reply = append(c.reply, ',')
		}
		c.reply = batch[i].append(c.reply)
	}
	c.reply = append(c.reply, ']')
	c.tally(in.ReturnConsumedCapacity, &used, neither)
	return nil
}

// batchStatements checks all statements of a batch. What is wrong with one
// statement is its own error; what is wrong with them together is that of all.
func (c *call) batchStatements(inputs []statementInput) ([]batchStatement, error) {
	batch := make([]batchStatement, len(inputs))
	reads, writes := false, false
	for i := range inputs {
		b := &batch[i]
		parameters, err := inputs[i].Parameters.Values()
		if err != nil {
			return nil, err // what is no value is wrong with the request
		}
		if b.statement, b.err = partiql.Parse(inputs[i].Statement, parameters); b.err != nil {
			continue
		}
		reads, writes = reads || b.isRead(), writes || !b.isRead()
	}
	if reads && writes {
		return nil, invalid("Read and write requests together in the same batch is not supported.")
	}
	var targets []target
	for i := range batch {
		b := &batch[i]
		if b.err != nil {
			continue
		}
		b.prepare(c, &inputs[i])
		if b.mutation != nil && b.err == nil {
			targets = append(targets, b.mutation.target())
		}
	}
	if hasTwice(targets, func(t target) target { return t }) {
		return nil, errDuplicateKeys
	}
	return batch, nil
}

// prepare finds the item that the statement is about.
func (b *batchStatement) prepare(c *call, in *statementInput) {
	name, _ := b.statement.Target()
	switch s := b.statement.(type) {
	case *partiql.Select:
		b.get, b.err = c.statementGet(s)
		if b.err == nil {
			b.mutation = &mutation{table: b.get.table, key: b.get.key, place: b.get.place}
		}
	case *partiql.Exists:
		b.err = invalid("EXISTS can only be used in ExecuteTransaction write requests.")
	default:
		b.mutation, b.returning, b.err = c.statementMutation(b.statement, in)
	}
	if b.err == nil {
		b.table = name
	}
}

// statementGet checks a SELECT that must read one item.
func (c *call) statementGet(s *partiql.Select) (*transactGet, error) {
	t, err := c.table(s.Table)
	if err != nil {
		return nil, err
	}
	key, rest, err := s.Where.Key(t.keys.hash, t.keys.sort)
	if err != nil && strings.HasPrefix(err.Error(), "Where clause") || s.Index != "" {
		return nil, invalid("Select statements within BatchExecuteStatement must specify the primary key in the where clause.")
	}
	if err != nil {
		return nil, err
	}
	g := &transactGet{table: t, key: key, filter: rest}
	if s.Projection != nil {
		g.projection = s.Projection
	}
	g.place, _ = t.keys.place(key)
	return g, t.keys.checkSizes(key)
}

// struck returns the error of a rule that is about the statement's item.
func (c *call) struck(b *batchStatement) error {
	switch {
	case c.faults.throttle != "" && c.faults.befallsItem(b.table, b.names(), throttles):
		return c.throttled()
	case c.faults.conflict && c.faults.befallsItem(b.table, b.names(), conflicts):
		return errConflict()
	}
	return nil
}

// runStatement does one statement of a batch.
func (c *call) runStatement(b *batchStatement, consistent bool, used *tally) error {
	if b.get == nil {
		err := b.run(c)
		if err != nil {
			return err
		}
		used.add(b.table, &b.cost, 1)
		if items := b.returned(b.returning); items != nil {
			b.item = items[0]
		}
		return nil
	}
	item := c.fetch(b.get.table, b.get.key, consistent)
	used.add(b.table, &units{table: readUnits(attr.ItemSize(item), consistent)}, 1)
	if item != nil && (b.get.filter == nil || b.get.filter.Eval(item)) {
		b.item = project(b.get.projection, item)
	}
	return nil
}

// append appends the response of a statement.
func (b *batchStatement) append(reply []byte) []byte {
	reply = append(reply, '{')
	comma := ""
	if b.table != "" {
		reply = appendJSON(append(reply, `"TableName":`...), b.table)
		comma = ","
	}
	if b.item != nil {
		reply = attr.AppendItem(append(append(reply, comma...), `"Item":`...), b.item)
	}
	if b.err != nil {
		e := asServiceError(b.err)
		code := map[string]string{"ValidationException": "ValidationError", "DuplicateItemException": "DuplicateItem", "InternalServerError": "InternalServerError"}[e.name()]
		if code == "" {
			code = strings.TrimSuffix(e.name(), "Exception")
		}
		reply = appendJSON(append(append(reply, comma...), `"Error":`...), cancellation{Code: code, Message: e.message, Item: e.item})
	}
	return append(reply, '}')
}
