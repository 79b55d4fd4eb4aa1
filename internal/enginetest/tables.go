package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/transform"
)

// tableSets are those that no test uses now, the one used last at the end.
var tableSets struct {
	mu   sync.Mutex
	free []*tableSet
}

const (
	// mostFree is how many sets are kept: DynamoDB Local has a thread for each table
	// with a time to live, and they are not many.
	mostFree = 4
	// worthEmptying is how many items of a table are deleted one by one; with more in
	// it, its set is deleted.
	worthEmptying = 500
	emptyTimeout  = time.Minute
)

// A tableSet is the tables of one prefix.
type tableSet struct {
	client *dynamodb.Client
	kind   string // the engine, and what the tables are
	prefix string
	names  []string
}

// Tables returns the prefix of tables that are as these are described, and empty. The
// test has them alone until it ends: then they are emptied, for another test of this
// process that asks for the same. Where none are free, create makes them, which takes
// a real engine longer than most tests.
//
// It is not for tests that change tables, or that may leave requests under way.
func Tables(t testing.TB, client *dynamodb.Client, tables []*transform.Table, create func(prefix string)) string {
	t.Helper()
	kind := aws.ToString(client.Options().BaseEndpoint)
	for _, table := range tables {
		kind += fmt.Sprintf(" %+v", *table)
	}
	set := takeTables(kind)
	made := set == nil
	if made {
		set = &tableSet{client: client, kind: kind, prefix: Prefix(t)}
		for _, table := range tables {
			set.names = append(set.names, set.prefix+table.Name)
		}
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), emptyTimeout)
		defer cancel()
		if t.Failed() || !set.empty(ctx) {
			set.delete(ctx)
			return
		}
		keepTables(ctx, set)
	})
	if made {
		create(set.prefix)
	}
	return set.prefix
}

// takeTables returns a set that is free, nil if there is none.
func takeTables(kind string) *tableSet {
	tableSets.mu.Lock()
	defer tableSets.mu.Unlock()
	for i, set := range slices.Backward(tableSets.free) {
		if set.kind == kind {
			tableSets.free = slices.Delete(tableSets.free, i, i+1)
			return set
		}
	}
	return nil
}

// keepTables keeps a set for takeTables, and deletes the one that was used longest ago
// if there are too many.
func keepTables(ctx context.Context, set *tableSet) {
	tableSets.mu.Lock()
	defer tableSets.mu.Unlock()
	tableSets.free = append(tableSets.free, set)
	if len(tableSets.free) > mostFree {
		tableSets.free[0].delete(ctx)
		tableSets.free = slices.Delete(tableSets.free, 0, 1)
	}
}

// deleteTables deletes the sets that are free.
func deleteTables() {
	ctx, cancel := context.WithTimeout(context.Background(), emptyTimeout)
	defer cancel()
	tableSets.mu.Lock()
	defer tableSets.mu.Unlock()
	for _, set := range tableSets.free {
		set.delete(ctx)
	}
	tableSets.free = nil
}

// delete deletes the tables, as far as they are there.
func (s *tableSet) delete(ctx context.Context) {
	for _, name := range s.names {
		_, _ = s.client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name})
	}
}

// empty deletes all items, and reports whether it could.
func (s *tableSet) empty(ctx context.Context) bool {
	for _, name := range s.names {
		if s.emptyTable(ctx, name) != nil {
			return false
		}
	}
	return true
}

func (s *tableSet) emptyTable(ctx context.Context, name string) error {
	page, err := s.client.Scan(ctx, &dynamodb.ScanInput{TableName: &name, ConsistentRead: aws.Bool(true), Limit: aws.Int32(worthEmptying)})
	if err != nil {
		return err
	}
	if page.LastEvaluatedKey != nil {
		return errors.New("too many items")
	}
	if len(page.Items) == 0 {
		return nil
	}
	table, err := s.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return err
	}
	for items := range slices.Chunk(page.Items, 25) {
		requests := make([]types.WriteRequest, len(items))
		for i, item := range items {
			key := make(map[string]types.AttributeValue)
			for _, k := range table.Table.KeySchema {
				key[*k.AttributeName] = item[*k.AttributeName]
			}
			requests[i].DeleteRequest = &types.DeleteRequest{Key: key}
		}
		out, err := s.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{name: requests}})
		if err != nil {
			return err
		}
		if len(out.UnprocessedItems) > 0 {
			return errors.New("not all was taken")
		}
	}
	return nil
}
