package dynamostore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Limits of the service: statements in one BatchExecuteStatement, and bytes of
// one statement.
const (
	maxStatements = 25
	maxStatement  = 8192
)

// An insert is one row on its way. Its error is its own until it is done.
type insert struct {
	place   *place
	row     store.Row
	item    item
	size    int
	request types.BatchStatementRequest
	err     error
}

// Insert stores each row, which must be live, at version 0 if nothing is at its
// key, live or tombstone. The errors are in the order of the rows. It returns an
// error of its own as well if not one row got an answer.
//
// Rows go as PartiQL INSERT statements, 25 a call, since those answer one by
// one whether something was there: as many conditional puts in as few round
// trips no other call makes. They are safe only because a delete leaves a
// tombstone also where no item was. Rows of an entity with unique columns or
// references, or whose items move, go as transactions, with the guards of their
// values, their edges and their stands.
func (s *Store) Insert(ctx context.Context, rows []store.Row) ([]error, error) {
	errs := make([]error, len(rows))
	inserts := make([]*insert, len(rows)) // by row; rows of one key share one
	var queue []*insert
	seen := make(map[string]*insert, len(rows))
	for i, row := range rows {
		in, err := s.insert(row)
		if err != nil {
			errs[i] = err
			continue
		}
		// The service refuses the whole of a batch that has a key twice.
		key := in.place.table + "\x00" + in.place.keyText(in.item)
		if in.place.moves() {
			key = row.Key.Entity + "\x00" + row.Key.ID // its place may be another one's
		}
		if first := seen[key]; first != nil {
			inserts[i] = first
			continue
		}
		seen[key], inserts[i] = in, in
		queue = append(queue, in)
	}
	err := s.insertAll(ctx, queue)
	for i, in := range inserts {
		if in != nil {
			errs[i] = in.err
		}
	}
	return errs, err
}

// insert prepares one row.
func (s *Store) insert(row store.Row) (*insert, error) {
	p, err := s.place("insert", row.Key.Entity, store.NotApplied)
	if err != nil {
		return nil, err
	}
	if !row.Live {
		return nil, invalid("insert", p.entity.Name, store.NotApplied, "only a live row can be inserted")
	}
	row.Version = 0
	it, err := p.item(row, 0)
	if err != nil {
		return nil, p.unfit("insert", row, err)
	}
	in := &insert{place: p, row: row, item: it, size: transform.ItemSize(it)}
	in.request.Statement, in.request.Parameters = p.statement(it)
	return in, nil
}

// statement returns the PartiQL statement that puts an item where none is. It
// has a parameter for each value, so that nothing of a row is ever parsed.
func (p *place) statement(it item) (*string, []types.AttributeValue) {
	var b strings.Builder
	b.Grow(p.statementSize)
	b.WriteString(p.insertInto)
	values := make([]types.AttributeValue, 0, len(it))
	for _, a := range p.attributes {
		v, ok := it[a.name]
		if !ok {
			continue
		}
		if len(values) > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.parameter)
		values = append(values, v)
	}
	b.WriteByte('}')
	text := b.String()
	return &text, values
}

// A statementAttribute is an attribute as a PartiQL statement names it.
type statementAttribute struct {
	name      string
	parameter string // 'it''s':?
}

// prepareStatement readies what all statements of the place have in common.
func (p *place) prepareStatement() {
	p.insertInto = `INSERT INTO "` + p.table + `" VALUE {`
	p.statementSize = len(p.insertInto) + 1
	names := []string{attrEntity, attrKey, attrVersion}
	for _, a := range p.entity.Attributes {
		names = append(names, a.Name)
	}
	for _, name := range names {
		a := statementAttribute{name, "'" + strings.ReplaceAll(name, "'", "''") + "':?"}
		p.attributes = append(p.attributes, a)
		p.statementSize += len(a.parameter) + 1
	}
}

// insertAll sends the batches, a few at once, and returns an error if every one
// of them failed as a whole.
func (s *Store) insertAll(ctx context.Context, queue []*insert) error {
	var plain, guarded []*insert
	for _, in := range queue {
		if accompanied(in.place.entity) {
			guarded = append(guarded, in)
		} else {
			plain = append(plain, in)
		}
	}
	batches := batchesOf(plain)
	together := len(batches)
	batches = append(batches, s.bundlesOf(guarded)...)
	var (
		failures = make([]error, len(batches))
		slots    = make(chan struct{}, s.opts.InsertConcurrency)
		wg       sync.WaitGroup
	)
	for i, batch := range batches {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if i >= together {
				failures[i] = s.insertTogether(ctx, batch)
				return
			}
			failures[i] = s.insertBatch(ctx, batch)
		})
	}
	wg.Wait()
	if len(failures) == 0 || slices.Contains(failures, nil) {
		return nil
	}
	return failures[0]
}

// batchesOf cuts the queue into batches that one call takes. An insert whose
// statement is too long for PartiQL is a batch of its own.
func batchesOf(queue []*insert) [][]*insert {
	var batches [][]*insert
	var batch []*insert
	for _, in := range queue {
		if len(*in.request.Statement) > maxStatement {
			batches = append(batches, []*insert{in})
			continue
		}
		if batch = append(batch, in); len(batch) == maxStatements {
			batches, batch = append(batches, batch), nil
		}
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// insertBatch brings each insert of a batch to its end: there, or with an error
// of its own. It returns an error if not one of them got an answer.
func (s *Store) insertBatch(ctx context.Context, batch []*insert) error {
	if len(*batch[0].request.Statement) > maxStatement {
		return untried(s.insertLong(ctx, batch[0]))
	}
	b := budget{total: s.opts.RetryBudget}
	answered := false
	for {
		again, err := s.tryBatch(ctx, batch)
		if validation(err) && len(batch) > 1 {
			err = s.insertHalves(ctx, batch)
		}
		answered = answered || untried(err) == nil
		if len(again) == 0 || !b.wait(ctx) {
			if answered {
				return nil
			}
			return err
		}
		if len(again) < len(batch) {
			b.progress()
		}
		batch = again
	}
}

// insertHalves is for a batch of which one statement is so wrong that the
// service looks at none. Apart, the others need not suffer for it: five or six
// calls find it, and the rest is stored on the way.
func (s *Store) insertHalves(ctx context.Context, batch []*insert) error {
	half := len(batch) / 2
	first, second := s.insertBatch(ctx, batch[:half]), s.insertBatch(ctx, batch[half:])
	if first == nil || second == nil {
		return nil
	}
	return first
}

// untried returns err unless it is the service's word on what the row holds,
// which is an answer.
func untried(err error) error {
	if validation(err) {
		return nil
	}
	return err
}

// tryBatch makes one call and returns the inserts that should be tried again.
// Each insert holds the error it would end with if it were not.
func (s *Store) tryBatch(ctx context.Context, batch []*insert) (again []*insert, err error) {
	requests := make([]types.BatchStatementRequest, len(batch))
	for i, in := range batch {
		requests[i] = in.request
	}
	// A batch that the SDK sent twice, because the first reply was lost, finds
	// its own rows as duplicates, which is as good as having stored them.
	var sent attempts
	out, err := s.client.BatchExecuteStatement(ctx, &dynamodb.BatchExecuteStatementInput{Statements: requests}, sent.watch)
	if err == nil && len(out.Responses) != len(batch) {
		err = errors.New("not as many answers as statements")
	}
	if err != nil {
		outcome := sent.outcome(err)
		for _, in := range batch {
			in.fail(outcome, err)
		}
		// An insert may be sent again whatever became of it: what an attempt that
		// timed out has put is found there and left alone.
		if throttled(err) || serverFault(err) || (ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded)) {
			again = batch
		}
		return again, batch[0].err
	}
	for i, in := range batch {
		if in.answer(out.Responses[i].Error) {
			again = append(again, in)
		}
	}
	return again, nil
}

// answer takes what the service said of one statement and reports whether to
// try it again.
func (in *insert) answer(e *types.BatchStatementError) bool {
	in.err = nil
	if e == nil || e.Code == types.BatchStatementErrorCodeEnumDuplicateItem {
		return false
	}
	err := statementError(e)
	switch e.Code {
	case types.BatchStatementErrorCodeEnumInternalServerError:
		in.fail(store.Unknown, err)
		return true
	case types.BatchStatementErrorCodeEnumTransactionConflict:
		// Somebody's transaction holds the item, and will be done in a moment.
		in.fail(store.NotApplied, err)
		return true
	}
	in.fail(store.NotApplied, err)
	return throttled(err)
}

// fail sets the error that the insert ends with, unless it is tried again.
func (in *insert) fail(outcome store.Outcome, err error) {
	in.err = in.place.refusal(fail("insert", in.place.entity.Name, in.place.table, outcome, err))
}

// insertLong stores a row with so many attributes that its statement would be
// longer than PartiQL takes. One put on condition that nothing is there means
// the same, at a round trip of its own.
func (s *Store) insertLong(ctx context.Context, in *insert) error {
	b := budget{total: s.opts.RetryBudget}
	for {
		in.err = s.putItem(ctx, in.place, "insert", &dynamodb.PutItemInput{
			TableName: &in.place.table, Item: in.item, ConditionExpression: aws.String("attribute_not_exists(#p)"),
			ExpressionAttributeNames: map[string]string{"#p": in.place.keys[0]},
		})
		var there *types.ConditionalCheckFailedException
		if errors.As(in.err, &there) {
			in.err = nil
		}
		if in.err == nil || !errors.Is(in.err, store.ErrThrottled) || !b.wait(ctx) {
			return in.err
		}
	}
}
