package dynamotest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// What a transaction may have (API reference, "TransactWriteItems").
const (
	maxTransact      = 100
	maxTransactBytes = 4 << 20
)

// A claim is what a transaction puts on an item that it is about to write or
// check, so that no one else writes it.
type claim struct{}

var errTwoActions = attr.Invalid("Transaction request cannot include multiple operations on one item")

type transactWriteItemsInput struct {
	TransactItems               json.RawMessage
	ClientRequestToken          string
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

// A transactAction is one action; exactly one of its members is given.
type transactAction struct {
	Put *struct {
		conditional
		Item attr.Input
	}
	Update *struct {
		conditional
		Key              attr.Input
		UpdateExpression *string
	}
	Delete         *keyedAction
	ConditionCheck *keyedAction
}

type keyedAction struct {
	conditional
	Key attr.Input
}

func (c *call) transactWriteItems(in *transactWriteItemsInput) error {
	if err := checkCapacityMode(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	var actions []transactAction
	if len(in.TransactItems) > 0 {
		if err := json.Unmarshal(in.TransactItems, &actions); err != nil {
			return err
		}
	}
	if err := lengthFrom(len(actions), 1, maxTransact, "transactItems"); err != nil {
		return err
	}
	tx := &transaction{call: c, mutations: make([]*mutation, len(actions)), reasons: make([]cancellation, len(actions))}
	for i, a := range actions {
		if err := tx.prepare(i, func() (*mutation, error) { return c.transactMutation(i, a) }); err != nil {
			return err
		}
	}
	return tx.answer(in.ClientRequestToken, in.TransactItems, in.ReturnConsumedCapacity)
}

// transactMutation checks one action.
func (c *call) transactMutation(i int, a transactAction) (*mutation, error) {
	given := 0
	for _, is := range []bool{a.Put != nil, a.Update != nil, a.Delete != nil, a.ConditionCheck != nil} {
		if is {
			given++
		}
	}
	switch {
	case given == 0:
		return nil, invalid("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request")
	case given > 1:
		return nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	case a.Put != nil:
		name, err := checkTable(a.Put.TableName)
		if err != nil {
			return nil, err
		}
		if !a.Put.Item.Given() {
			return nil, violated("null", memberOf(i, "put.item"), "Member must not be null")
		}
		return c.preparePut(name, &a.Put.conditional, a.Put.Item)
	case a.Update != nil:
		if a.Update.UpdateExpression == nil {
			return nil, violated("null", memberOf(i, "update.updateExpression"), "Member must not be null")
		}
		return c.prepareUpdate(&a.Update.conditional, a.Update.Key, a.Update.UpdateExpression, nil)
	case a.Delete != nil:
		return c.prepareKeyed(&a.Delete.conditional, a.Delete.Key, (*mutation).deleting)
	case a.ConditionCheck.ConditionExpression == nil:
		return nil, violated("null", memberOf(i, "conditionCheck.conditionExpression"), "Member must not be null")
	}
	return c.prepareKeyed(&a.ConditionCheck.conditional, a.ConditionCheck.Key, func(m *mutation) { m.isCheck = true })
}

func memberOf(i int, name string) string {
	return "transactItems." + string(appendJSON(nil, i+1)) + ".member." + name
}

// A transaction is a list of mutations that take effect together, or not.
type transaction struct {
	*call
	mutations []*mutation // nil where the action itself is at fault
	reasons   []cancellation
	cancelled bool
}

// prepare checks one action. What is wrong with its item cancels the
// transaction, what is wrong with the request is an error.
func (tx *transaction) prepare(i int, prepare func() (*mutation, error)) error {
	tx.reasons[i].Code = "None"
	m, err := prepare()
	var fault itemFault
	if errors.As(err, &fault) {
		tx.cancel(i, err)
		return nil
	}
	tx.mutations[i] = m
	return err
}

// cancel notes why the transaction is cancelled.
func (tx *transaction) cancel(i int, err error) {
	e := asServiceError(err)
	code := map[string]string{
		"ConditionalCheckFailedException": "ConditionalCheckFailed",
		"TransactionConflictException":    "TransactionConflict",
		"DuplicateItemException":          "DuplicateItem",
		"ValidationException":             "ValidationError",

		"ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
		"RequestLimitExceeded":                   "ThrottlingError",
	}[e.name()]
	tx.reasons[i] = cancellation{Code: code, Message: e.message, Item: e.item}
	tx.cancelled = true
}

// cancellation returns the error of a cancelled transaction.
func (tx *transaction) cancellation() error {
	codes := make([]string, len(tx.reasons))
	for i, r := range tx.reasons {
		codes[i] = r.Code
	}
	e := refuse("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	e.reasons = tx.reasons
	return e
}

// answer does the transaction, unless its token says that it was done, and
// appends what it used.
func (tx *transaction) answer(token string, request []byte, mode string) error {
	if err := tx.check(); err != nil {
		return err
	}
	done, err := tx.tokens.begin(token, request, tx.Now())
	if err != nil {
		return err
	}
	if done {
		tx.replay(mode)
		return nil
	}
	err = tx.run()
	tx.tokens.end(token, err == nil)
	if err != nil {
		return err
	}
	var used tally
	for _, m := range tx.mutations {
		used.add(m.table.name, &m.cost, 2)
	}
	tx.tally(mode, &used, writing)
	return nil
}

// replay answers a transaction that was done: it costs reading its items.
func (tx *transaction) replay(mode string) {
	var used tally
	for _, m := range tx.mutations {
		m.table.mu.RLock()
		used.add(m.table.name, &units{table: readUnits(m.table.rows.get(m.place).bytes(), true)}, 2)
		m.table.mu.RUnlock()
	}
	tx.tally(mode, &used, reading)
}

// check checks what concerns all actions together.
func (tx *transaction) check() error {
	if tx.cancelled {
		return tx.cancellation()
	}
	if hasTwice(tx.mutations, (*mutation).target) {
		return errTwoActions
	}
	if len(tx.body) > maxTransactBytes {
		size := 0
		for _, m := range tx.mutations {
			if m.compute != nil && !m.isCheck {
				item, err := m.compute(m, nil)
				if err == nil {
					size += attr.ItemSize(item)
				}
			}
		}
		if size > maxTransactBytes {
			return invalid("Transaction request size exceeds the limit of 4 MB")
		}
	}
	return nil
}

// run makes the changes, in two phases. The first claims all items, and fails
// if another transaction has one; the second, after a pause in which others
// may run into the claims, checks and writes under the locks of all tables, so
// that no one sees a part of it.
func (tx *transaction) run() error {
	tx.befall()
	if tx.cancelled {
		return tx.cancellation()
	}
	unlock, err := lockAll(tx.mutations)
	if err != nil {
		return err
	}
	tx.claim()
	unlock()
	if tx.cancelled {
		return tx.cancellation()
	}
	pause()
	alive := tx.faults.latency == 0 || tx.wait(tx.faults.latency)
	unlock, err = lockAll(tx.mutations)
	if err != nil {
		return err // a table is gone, and its claims with it
	}
	defer unlock()
	tx.release()
	if !alive {
		return errCut
	}
	return tx.commit()
}

// befall cancels what rules say.
func (tx *transaction) befall() {
	for i, m := range tx.mutations {
		switch {
		case tx.faults.throttle != "" && tx.strikes(i, m, throttles):
			tx.cancel(i, tx.throttled())
		case tx.faults.conflict && tx.strikes(i, m, conflicts):
			tx.cancel(i, errConflict())
		}
	}
}

// strikes says whether an effect is about the action: the item of its key, or
// the first.
func (tx *transaction) strikes(i int, m *mutation, has func(effects) bool) bool {
	if !tx.faults.keyed(has) {
		return i == 0
	}
	return tx.faults.befallsItem(m.table.name, m.names(), has)
}

// claim claims all items, or none. The caller holds all locks.
func (tx *transaction) claim() {
	for i, m := range tx.mutations {
		if m.table.claims[m.place] != nil {
			tx.cancel(i, errConflict())
		}
	}
	if tx.cancelled {
		return
	}
	for _, m := range tx.mutations {
		m.table.claims[m.place] = &claim{}
	}
}

func (tx *transaction) release() {
	for _, m := range tx.mutations {
		delete(m.table.claims, m.place)
	}
}

// commit does everything if nothing stands against it. The caller holds all
// locks.
func (tx *transaction) commit() error {
	for i, m := range tx.mutations {
		if err := m.evaluate(); err != nil {
			tx.cancel(i, err)
		}
	}
	if tx.cancelled {
		return tx.cancellation()
	}
	for _, m := range tx.mutations {
		m.commit(tx.call)
	}
	return nil
}

// lockAll locks all tables of a transaction, always in the same order.
func lockAll(mutations []*mutation) (unlock func(), err error) {
	tables := sortedTables(mutations, func(m *mutation) *table { return m.table })
	for i, t := range tables {
		if err := t.lock(); err != nil {
			for _, locked := range tables[:i] {
				locked.mu.Unlock()
			}
			return nil, err
		}
	}
	return func() {
		for _, t := range tables {
			t.mu.Unlock()
		}
	}, nil
}

// sortedTables returns each table once, by name. Two of one name are a deleted
// table and its successor, of which the identifiers differ.
func sortedTables[T any](list []T, of func(T) *table) []*table {
	var tables []*table
	for _, element := range list {
		if t := of(element); !slices.Contains(tables, t) {
			tables = append(tables, t)
		}
	}
	slices.SortFunc(tables, func(a, b *table) int { return strings.Compare(a.name+a.id, b.name+b.id) })
	return tables
}
