package dynamotest

import (
	"encoding/json"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/partiql"
)

type executeTransactionInput struct {
	TransactStatements     []statementInput
	ClientRequestToken     string
	ReturnConsumedCapacity string
}

func (c *call) executeTransaction(in *executeTransactionInput) error {
	n := len(in.TransactStatements)
	if err := lengthFrom(n, 1, maxTransact, "transactStatements"); err != nil {
		return err
	}
	if err := checkCapacityMode(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	statements := make([]partiql.Statement, n)
	reads := 0
	for i := range statements {
		var err error
		if statements[i], err = in.TransactStatements[i].parse(); err != nil {
			return err
		}
		if _, ok := statements[i].(*partiql.Select); ok {
			reads++
		}
	}
	if reads > 0 && reads < n {
		return invalid("ExecuteTransaction API does not support both read and write operations in the same request.")
	}
	tx := &transaction{call: c, mutations: make([]*mutation, n), reasons: make([]cancellation, n)}
	if reads > 0 {
		return tx.selectAll(statements, in.ReturnConsumedCapacity)
	}
	for i, s := range statements {
		err := tx.prepare(i, func() (*mutation, error) {
			m, returning, err := c.statementMutation(s, &in.TransactStatements[i])
			if returning != "" {
				return nil, invalid("Validation failed in TransactStatements[%d]: RETURNING clause is not supported in ExecuteTransaction.", i)
			}
			return m, err
		})
		if err != nil {
			return err
		}
	}
	c.value("Responses", make([]struct{}, n))
	return tx.answer(in.ClientRequestToken, appendJSON(nil, c.statementsOf()), in.ReturnConsumedCapacity)
}

// statementsOf returns the part of the request that a token stands for.
func (c *call) statementsOf() json.RawMessage {
	var in struct{ TransactStatements json.RawMessage }
	_ = json.Unmarshal(c.body, &in)
	return in.TransactStatements
}

// selectAll does a transaction that reads.
func (tx *transaction) selectAll(statements []partiql.Statement, mode string) error {
	gets := make([]transactGet, len(statements))
	for i, s := range statements {
		tx.reasons[i].Code = "None"
		g, err := tx.statementGet(s.(*partiql.Select))
		if err != nil {
			return err
		}
		gets[i] = *g
	}
	return tx.get(gets, mode)
}
