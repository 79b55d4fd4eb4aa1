package dynamostore

import (
	"context"
	"math"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// idBlock is how many ids a process takes at once. What it does not use when it
// ends, or when the epoch changes, is a gap, as after a rollback in MySQL.
const idBlock = 100

// sequenceLast is the highest id that a process may have given.
const sequenceLast = "last"

// A sequence gives the ids of one entity, or of rows that are part of its records,
// from blocks that it takes out of the
// library's table.
type sequence struct {
	s      *Store
	entity *transform.Entity
	most   int64 // the greatest id that the column holds

	mu sync.Mutex
	// The block at hand, for one epoch: ids of an earlier one may lie below what
	// the other store has given meanwhile.
	epoch      uint64
	next, last int64 // none left if next > last
}

// newSequences prepares the sequences of a contract.
func (s *Store) newSequences() {
	s.sequences = map[string]*sequence{}
	for _, e := range s.contract.Sequences() {
		s.sequences[e.Name] = &sequence{s: s, entity: e, most: mostID(e.Columns[e.Sequence]), next: 1}
	}
}

// mostID returns the greatest id that a column holds.
func mostID(c transform.Column) int64 {
	for _, most := range []int64{
		math.MaxInt64, math.MaxUint32, math.MaxInt32, 1<<24 - 1, 1<<23 - 1, math.MaxUint16, math.MaxInt16, math.MaxUint8,
	} {
		if c.Fit(transform.IntValue(most)) == nil {
			return most
		}
	}
	return math.MaxInt8
}

// sequence returns the entity's sequence.
func (s *Store) sequence(op string, e *transform.Entity) (*sequence, error) {
	if e == nil || s.sequences[e.Name] == nil {
		name := ""
		if e != nil {
			name = e.Name
		}
		return nil, invalid(op, name, store.NotApplied, "the contract names no sequence for the entity")
	}
	return s.sequences[e.Name], nil
}

func (q *sequence) key() item { return libraryKey(q.s.partition(partSequence), q.entity.Name) }

// take returns an id that no process was given before.
func (q *sequence) take(ctx context.Context, epoch uint64) (int64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.epoch != epoch || q.next > q.last {
		if err := q.takeBlock(ctx); err != nil {
			return 0, err
		}
		q.epoch = epoch
	}
	q.next++
	return q.next - 1, nil
}

// takeBlock raises the sequence by a block, or by as much as is left. A reply
// that is lost wastes the block, and nothing else.
func (q *sequence) takeBlock(ctx context.Context) error {
	for n := int64(idBlock); n > 0; {
		it, done, err := q.s.libraryUpdate(ctx, "create", &dynamodb.UpdateItemInput{
			Key: q.key(), UpdateExpression: aws.String("ADD #l :n"),
			ConditionExpression:      aws.String("attribute_not_exists(#l) OR #l <= :most"),
			ExpressionAttributeNames: map[string]string{"#l": sequenceLast},
			ExpressionAttributeValues: item{
				":n": number(n), ":most": number(q.most - n),
			},
			ReturnValues: "ALL_NEW", ReturnValuesOnConditionCheckFailure: allOld,
		})
		if err != nil {
			return withOutcome(err, store.NotApplied)
		}
		r := reading{item: it}
		last := r.int(sequenceLast)
		if r.err != nil {
			return withOutcome(q.s.broken("create", "sequence", r.err), store.NotApplied)
		}
		if done {
			q.next, q.last = last-n+1, last
			return nil
		}
		n = min(n-1, q.most-last)
	}
	column := q.entity.Columns[q.entity.Sequence]
	e := invalid("create", q.entity.Name, store.NotApplied, "the sequence has given every id that the column holds")
	e.Field = column.Name
	return e
}

// forget gives up what is left of the block.
func (q *sequence) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next, q.last = 1, 0
}

// LastID returns the end of the last block that a process has taken: no id above
// it was assigned.
func (s *Store) LastID(ctx context.Context, e *transform.Entity) (int64, error) {
	q, err := s.sequence("last id", e)
	if err != nil {
		return 0, withOutcome(err, store.NoWrite)
	}
	it, err := s.libraryGet(ctx, "last id", q.key())
	if err != nil {
		return 0, err
	}
	r := reading{item: it}
	last := r.int(sequenceLast)
	if r.err != nil {
		return 0, s.broken("last id", "sequence", r.err)
	}
	return last, nil
}

// RaiseID makes the sequence go on above id, which must be one that the column
// holds. Blocks that other processes have at
// hand last until the epoch changes; their ids were never given either.
func (s *Store) RaiseID(ctx context.Context, e *transform.Entity, id int64) error {
	q, err := s.sequence("raise id", e)
	if err != nil {
		return err
	}
	if id > q.most {
		beyond := invalid("raise id", e.Name, store.NotApplied, "the other store's sequence stands above what the column holds")
		beyond.Field = e.Columns[e.Sequence].Name
		return beyond
	}
	_, _, err = s.libraryUpdate(ctx, "raise id", &dynamodb.UpdateItemInput{
		Key: q.key(), UpdateExpression: aws.String("SET #l = :id"),
		ConditionExpression:       aws.String("attribute_not_exists(#l) OR #l < :id"),
		ExpressionAttributeNames:  map[string]string{"#l": sequenceLast},
		ExpressionAttributeValues: item{":id": number(id)},
	})
	if err == nil {
		q.forget()
	}
	return err
}
