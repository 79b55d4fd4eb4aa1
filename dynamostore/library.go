package dynamostore

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// LibraryTable is the name, after the prefix, of the table in which the library
// keeps what is its own: per group the phase record, registrations, leases,
// change items, fan-out marks, tokens, unique values, stands, references, sequences,
// progress, dead letters and the audit. Groups share it.
const LibraryTable = "crossfade"

// The key of the library's table, and the attribute by which the service's time
// to live takes away what has expired: tokens, and what processes left behind.
const (
	libraryPK  = "p"
	librarySK  = "s"
	libraryTTL = "ttl"
)

// alone is the sort key of an item that has its partition to itself.
const alone = "-"

// The parts of a group in the library's table.
const (
	partRecord   = "record"
	partProcess  = "process"
	partLease    = "lease"
	partChange   = "change"
	partFanOut   = "fanout"
	partToken    = "token"
	partUnique   = "unique"
	partStand    = "stand"
	partEdge     = "edge"
	partSequence = "sequence"
	partProgress = "progress"
	partLetter   = "letter"
	partAudit    = "audit"
)

// newLibraryTable describes the table as if it were one of the contract.
func newLibraryTable() *transform.Table {
	return &transform.Table{
		Name: LibraryTable, Billing: transform.PayPerRequest,
		PK: transform.KeyAttribute{Name: libraryPK, Type: "S"},
		SK: transform.KeyAttribute{Name: librarySK, Type: "S"},
		// What has expired costs storage only, and nothing depends on when it goes.
		TTL: libraryTTL,
	}
}

// newLibraryPlace is where the library's items live, for reads that ask for
// them beside items of entities.
func newLibraryPlace(table string) *place {
	return &place{entity: &transform.Entity{}, table: table, keys: []string{libraryPK, librarySK}}
}

// partition returns the partition key of a part of the group. Only the last of
// the names may hold a "#".
func (s *Store) partition(part string, names ...string) string {
	return strings.Join(append([]string{"g#" + url.QueryEscape(s.contract.Group), part}, names...), "#")
}

// libraryKey returns the key of an item of the library's table.
func libraryKey(partition, sort string) item {
	return item{libraryPK: text(partition), librarySK: text(sort)}
}

// expires returns the attribute by which the service deletes an item some time
// after d, within days. Nothing may depend on when.
func (s *Store) expires(d time.Duration) types.AttributeValue {
	return number(s.opts.Now().Add(d).Unix())
}

// libraryGet reads an item of the library's table; nil if there is none.
func (s *Store) libraryGet(ctx context.Context, op string, key item) (item, error) {
	var it item
	err := s.patiently(ctx, func() error {
		out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: &s.library.table, Key: key, ConsistentRead: aws.Bool(true),
		})
		if err == nil {
			it = out.Item
		}
		return err
	})
	if err != nil {
		return nil, fail(op, "", s.library.table, store.NoWrite, err)
	}
	return it, nil
}

// A libraryQuery asks for the items of one partition.
type libraryQuery struct {
	partition string
	after     string // the sort key after which to begin
	prefix    string // that all sort keys have
	backward  bool
	limit     int      // of items in all; 0 is none
	only      []string // attributes; nil is all
	dead      bool     // tombstones only; limit counts what is looked at
}

// input returns the request.
func (q libraryQuery) input(table *string) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{
		TableName: table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(!q.backward),
		KeyConditionExpression:    aws.String("#p = :p"),
		ExpressionAttributeNames:  map[string]string{"#p": libraryPK},
		ExpressionAttributeValues: item{":p": text(q.partition)},
	}
	if q.prefix != "" {
		in.KeyConditionExpression = aws.String("#p = :p AND begins_with(#s, :s)")
		in.ExpressionAttributeNames["#s"], in.ExpressionAttributeValues[":s"] = librarySK, text(q.prefix)
	}
	in.FilterExpression = q.onlyDead(in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	if q.after != "" {
		in.ExclusiveStartKey = libraryKey(q.partition, q.after)
	}
	if q.limit > 0 {
		in.Limit = limit32(q.limit)
	}
	if q.only != nil {
		names := make([]string, len(q.only))
		for i, name := range q.only {
			names[i] = "#a" + string(rune('a'+i))
			in.ExpressionAttributeNames[names[i]] = name
		}
		in.ProjectionExpression = aws.String(strings.Join(names, ", "))
	}
	return in
}

// libraryAll returns the items of a partition, page by page.
func (s *Store) libraryAll(ctx context.Context, op string, q libraryQuery) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		in, left := q.input(&s.library.table), q.limit
		for {
			out, err := s.queryPage(ctx, op, in)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, it := range out.Items {
				if !yield(it, nil) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
			if in.ExclusiveStartKey = out.LastEvaluatedKey; len(out.LastEvaluatedKey) == 0 {
				return
			}
		}
	}
}

// libraryCount counts the items of a partition.
func (s *Store) libraryCount(ctx context.Context, op string, q libraryQuery) (n int64, err error) {
	in := q.input(&s.library.table)
	in.Select = types.SelectCount
	for {
		out, err := s.queryPage(ctx, op, in)
		if err != nil {
			return 0, err
		}
		n += int64(out.Count)
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(out.LastEvaluatedKey) == 0 {
			return n, nil
		}
	}
}

func (s *Store) queryPage(ctx context.Context, op string, in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
	var out *dynamodb.QueryOutput
	err := s.patiently(ctx, func() (err error) {
		out, err = s.client.Query(ctx, in)
		return err
	})
	if err != nil {
		return nil, fail(op, "", s.library.table, store.NoWrite, err)
	}
	return out, nil
}

// libraryPut stores an item, whatever is there.
func (s *Store) libraryPut(ctx context.Context, op string, it item) error {
	var sent attempts
	err := s.patiently(ctx, func() error {
		_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.library.table, Item: it}, sent.watch)
		return err
	})
	if err != nil {
		return fail(op, "", s.library.table, sent.outcome(err), err)
	}
	return nil
}

// libraryDelete removes an item, if there is one.
func (s *Store) libraryDelete(ctx context.Context, op string, key item) error {
	var sent attempts
	err := s.patiently(ctx, func() error {
		_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.library.table, Key: key}, sent.watch)
		return err
	})
	if err != nil {
		return fail(op, "", s.library.table, sent.outcome(err), err)
	}
	return nil
}

// libraryUpdate changes an item by an expression, and makes it if it is not
// there. It reports false if the condition is not met.
func (s *Store) libraryUpdate(ctx context.Context, op string, in *dynamodb.UpdateItemInput) (item, bool, error) {
	in.TableName = &s.library.table
	var (
		sent attempts
		out  *dynamodb.UpdateItemOutput
	)
	err := s.patiently(ctx, func() (err error) {
		out, err = s.client.UpdateItem(ctx, in, sent.watch)
		return err
	})
	var unmet *types.ConditionalCheckFailedException
	switch {
	case errors.As(err, &unmet):
		return unmet.Item, false, nil
	case err != nil:
		return nil, false, fail(op, "", s.library.table, sent.outcome(err), err)
	}
	return out.Attributes, true, nil
}

// conflicted reports whether a call met a transaction that was under way.
func conflicted(err error) bool {
	var conflict *types.TransactionConflictException
	return errors.As(err, &conflict)
}

// broken is the error of an item of the library that can't be understood.
func (s *Store) broken(op, what string, err error) error {
	e := invalid(op, "", store.NoWrite, "table %s holds a %s that this version does not understand", s.library.table, what)
	e.Cause = err
	return e
}
