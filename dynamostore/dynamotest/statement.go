package dynamotest

import (
	"encoding/base64"
	"encoding/json"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/partiql"
)

// maxStatements bounds a batch of statements.
const maxStatements = 25

// A statementInput is one PartiQL statement of any request.
type statementInput struct {
	Statement                           string
	Parameters                          attr.InputList
	ReturnValuesOnConditionCheckFailure string
	ConsistentRead                      bool
}

// parse parses the statement.
func (in *statementInput) parse() (partiql.Statement, error) {
	parameters, err := in.Parameters.Values()
	if err != nil {
		return nil, err
	}
	return partiql.Parse(in.Statement, parameters)
}

type executeStatementInput struct {
	statementInput
	Limit                  *int
	NextToken              string
	ReturnConsumedCapacity string
}

func (c *call) executeStatement(in *executeStatementInput) error {
	if in.Limit != nil {
		if err := atLeast(*in.Limit, 1, "limit"); err != nil {
			return err
		}
	}
	if err := checkCapacityMode(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	statement, err := in.parse()
	if err != nil {
		return err
	}
	if _, ok := statement.(*partiql.Exists); ok {
		return invalid("EXISTS can only be used in ExecuteTransaction write requests.")
	}
	if s, ok := statement.(*partiql.Select); ok {
		return c.selectItems(s, in)
	}
	m, returning, err := c.statementMutation(statement, &in.statementInput)
	if err != nil {
		return err
	}
	if err := m.run(c); err != nil {
		return err
	}
	c.items("Items", m.returned(returning))
	c.capacity(m.table.name, in.ReturnConsumedCapacity, &m.cost)
	return nil
}

// returned returns what RETURNING asks for.
func (m *mutation) returned(what partiql.Returning) []attr.Item {
	var item attr.Item
	switch what {
	case partiql.AllOld:
		item = m.old
	case partiql.AllNew:
		item = m.now
	case partiql.ModifiedOld:
		item = m.updatedOld()
	case partiql.ModifiedNew:
		item = m.updatedNew()
	}
	if item == nil {
		return nil
	}
	return []attr.Item{item}
}

// statementMutation checks a statement that writes, or an EXISTS.
func (c *call) statementMutation(statement partiql.Statement, in *statementInput) (*mutation, partiql.Returning, error) {
	if err := oneOf(in.ReturnValuesOnConditionCheckFailure, "returnValuesOnConditionCheckFailure", returnAllOld, returnNone); err != nil {
		return nil, "", err
	}
	name, _ := statement.Target()
	t, err := c.table(name)
	if err != nil {
		return nil, "", err
	}
	m := &mutation{showFailed: in.ReturnValuesOnConditionCheckFailure == returnAllOld}
	hash, sort := t.keys.hash, t.keys.sort
	var returning partiql.Returning
	var key attr.Item
	switch s := statement.(type) {
	case *partiql.Insert:
		key, err = s.Item, t.checkInsert(s)
		m.isInsert = true
		m.putting(s.Item)
	case *partiql.Update:
		returning = s.Returning
		if key, m.condition, err = s.Where.Key(hash, sort); err == nil {
			m.condition = mustExist(m.condition, hash.Name)
			m.table = t
			err = m.updating(s.Update)
		}
	case *partiql.Delete:
		returning = s.Returning
		key, m.condition, err = s.Where.Key(hash, sort)
		m.deleting()
	case *partiql.Exists:
		m.isCheck = true
		if key, m.condition, err = s.CheckedKey(hash, sort); err == nil {
			m.condition = mustExist(m.condition, hash.Name)
		}
	}
	if err == nil {
		err = t.keys.checkSizes(key)
	}
	if err != nil {
		return nil, "", itemFault{err}
	}
	return m, returning, m.aim(t, key)
}

// checkInsert checks the item of an INSERT.
func (t *table) checkInsert(s *partiql.Insert) error {
	if err := s.CheckKey(t.keys.hash, t.keys.sort); err != nil {
		return err
	}
	return t.checkPut(s.Item)
}

// mustExist adds to a condition that there is an item.
func mustExist(condition *expr.Condition, hash string) *expr.Condition {
	parts := []*expr.Condition{exists(hash)}
	if condition != nil {
		parts = append(parts, condition)
	}
	return expr.All(parts)
}

// exists returns the condition that an attribute is there.
func exists(name string) *expr.Condition {
	env, err := expr.NewEnv(map[string]string{"#n": name}, attr.Input{})
	if err != nil {
		return nil
	}
	condition, _ := expr.ParseCondition(expr.KindCondition, "attribute_exists(#n)", env)
	return condition
}

// A selection is a SELECT under way: the ranges it reads, one after another.
type selection struct {
	pageRead
	ranges []expr.KeyRange
	scan   bool
}

// newSelection finds the table and what of it the statement reads.
func (c *call) newSelection(s *partiql.Select, in *readInput) (*selection, error) {
	in.TableName = &s.Table
	if s.Index != "" {
		in.IndexName = &s.Index
	}
	r := &selection{pageRead: pageRead{call: c, in: in}}
	if s.Projection != nil {
		r.projection = s.Projection
	}
	if err := r.open(); err != nil {
		return nil, err
	}
	keys := r.keys()
	var err error
	if r.ranges, r.filter, r.scan, err = s.Where.Ranges(keys.hash, keys.sort); err != nil {
		return nil, err
	}
	if err := r.checkPaths(); err != nil {
		return nil, err
	}
	r.backward, err = s.Backward(keys.hash, keys.sort)
	return r, err
}

func (c *call) selectItems(s *partiql.Select, in *executeStatementInput) error {
	r, err := c.newSelection(s, &readInput{ConsistentRead: in.ConsistentRead, Limit: in.Limit})
	if err != nil {
		return err
	}
	at, err := readPosition(in.NextToken, in.Statement)
	if err != nil {
		return err
	}
	next := r.readFrom(at, in)
	c.items("Items", r.page.items)
	if next != nil {
		next.Statement = in.Statement
		c.value("NextToken", base64.StdEncoding.EncodeToString(appendJSON(nil, next)))
		c.item("LastEvaluatedKey", r.lastKey())
	}
	used := &units{table: readUnits(r.bytes, in.ConsistentRead)}
	if r.index != nil {
		used = &units{table: r.fetched, indexes: map[*index]float64{r.index: used.table}}
	}
	c.capacity(s.Table, in.ReturnConsumedCapacity, used)
	return nil
}

// A position is where a SELECT goes on: what a NextToken holds.
type position struct {
	Statement string
	Range     int
	After     []byte // a place
}

// readPosition reads a token, which must be of the same statement.
func readPosition(token, statement string) (position, error) {
	var at position
	if token == "" {
		return at, nil
	}
	text, err := base64.StdEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(text, &at) != nil || at.Statement != statement || at.Range < 0 {
		return at, invalid("Given NextToken is invalid")
	}
	return at, nil
}

// readFrom reads a page, and returns where the next one begins; nil if there is
// no more.
func (r *selection) readFrom(at position, in *executeStatementInput) *position {
	if r.scan {
		r.ranges = make([]expr.KeyRange, 1)
	}
	for i := at.Range; i < len(r.ranges); i++ {
		r.from, r.to = "", ""
		if !r.scan {
			r.from, r.to = bounds(r.ranges[i])
		}
		if i == at.Range {
			r.resume(string(at.After))
		}
		r.read()
		if r.last != nil {
			key, _ := r.placeOf(r.lastKey())
			return &position{Range: i, After: []byte(key)}
		}
	}
	return nil
}
