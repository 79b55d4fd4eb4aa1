package dynamotest

import (
	"encoding/json"
	"slices"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/partiql"
)

// A part is what a request says of one item, or of the table that it reads.
type part struct {
	table, index string
	item         attr.Item      // a key, or a whole item to be put
	tests        []expr.KeyTest // in its place, what says which items are selected
}

// selects says whether tests can select an item with all attributes of a key.
// One at least must be named by its value: what is selected by a range alone,
// or by nothing, names no item.
func selects(tests []expr.KeyTest, key attr.Item) bool {
	named := false
	for _, t := range tests {
		v := key[t.Name()]
		if v == nil {
			continue
		}
		if !t.Meets(v) {
			return false
		}
		_, exact := t.Values()
		named = named || exact
	}
	return named
}

// A sketch is what all requests have in common, as far as rules need it.
type sketch struct {
	TableName, IndexName string
	Key, Item            attr.Input
	RequestItems         map[string]json.RawMessage
	TransactItems        []map[string]sketch
	Statement            string
	Parameters           attr.InputList
	Statements           []sketch
	TransactStatements   []sketch

	// Of a Query.
	KeyConditionExpression    *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues attr.Input
	KeyConditions             map[string]legacyCondition
}

// partsOf reads a request; what can't be read has no parts.
func partsOf(body []byte) []part {
	var s sketch
	if json.Unmarshal(body, &s) != nil {
		return nil
	}
	return s.parts(nil)
}

func (s *sketch) parts(list []part) []part {
	if s.TableName != "" {
		item, _ := s.Item.Item()
		if key, _ := s.Key.Item(); key != nil {
			item = key
		}
		list = append(list, part{table: s.TableName, index: s.IndexName, item: item, tests: s.queryTests()})
	}
	for table, raw := range s.RequestItems {
		list = append(list, batchParts(table, raw)...)
	}
	for _, action := range s.TransactItems {
		for _, inner := range action {
			list = inner.parts(list)
		}
	}
	for _, inner := range slices.Concat(s.Statements, s.TransactStatements) {
		list = inner.parts(list)
	}
	if s.Statement != "" {
		list = append(list, s.statementPart()...)
	}
	return list
}

// queryTests reads the key condition of a Query.
func (s *sketch) queryTests() []expr.KeyTest {
	var condition *expr.KeyCondition
	var err error
	switch {
	case s.KeyConditions != nil:
		condition, err = keyConditions(s.KeyConditions)
	case s.KeyConditionExpression != nil:
		var env *expr.Env
		env, err = expr.NewEnv(s.ExpressionAttributeNames, s.ExpressionAttributeValues, expr.Given{Kind: expr.KindKeyCondition, Text: s.KeyConditionExpression})
		if err == nil {
			condition, err = expr.ParseKeyCondition(*s.KeyConditionExpression, env)
		}
	}
	if err != nil || condition == nil {
		return nil
	}
	return condition.Tests()
}

// batchParts reads what a batch says of one table: the keys to get, or the
// items and keys to write.
func batchParts(table string, raw json.RawMessage) []part {
	var gets struct{ Keys []attr.Input }
	var writes []struct {
		PutRequest    struct{ Item attr.Input }
		DeleteRequest struct{ Key attr.Input }
	}
	var list []part
	if json.Unmarshal(raw, &writes) == nil {
		for _, w := range writes {
			item, _ := w.PutRequest.Item.Item()
			if key, _ := w.DeleteRequest.Key.Item(); key != nil {
				item = key
			}
			list = append(list, part{table: table, item: item})
		}
		return list
	}
	if json.Unmarshal(raw, &gets) != nil {
		return nil
	}
	for _, input := range gets.Keys {
		key, _ := input.Item()
		list = append(list, part{table: table, item: key})
	}
	return list
}

// statementPart reads the table of a statement, and the item of an INSERT or
// what WHERE says of others.
func (s *sketch) statementPart() []part {
	parameters, _ := s.Parameters.Values()
	statement, err := partiql.Parse(s.Statement, parameters)
	if err != nil || statement == nil {
		return nil
	}
	p := part{}
	p.table, p.index = statement.Target()
	var where *partiql.Where
	switch s := statement.(type) {
	case *partiql.Insert:
		p.item = s.Item
	case *partiql.Update:
		where = s.Where
	case *partiql.Delete:
		where = s.Where
	case *partiql.Select:
		where = s.Where
	case *partiql.Exists:
		where = s.Select.Where
	}
	for _, condition := range where.Condition().Parts() {
		if t, ok := condition.KeyTest(); ok {
			p.tests = append(p.tests, t)
		}
	}
	return []part{p}
}
