package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

func TestInsertNeverReplaces(t *testing.T) {
	each(t, func(f *fixture) {
		live, dead, fresh, foreign := f.user(1, "city", "Rome"), f.user(2), f.user(3), f.user(4, "city", "Rome")
		f.put(f.row(live, 7), true)
		f.put(f.gone(dead, 5), true)
		it, err := f.users.Item(foreign)
		require.NoError(f, err)
		f.rawPut(f.users, it)

		f.insert(f.user(1, "city", "Paris"), f.user(2), fresh, f.user(4, "city", "Paris"))
		require.Equal(f, f.row(live, 7), f.get(live))
		require.Equal(f, store.Row{Key: keyOf(f, dead), Version: 5, Tombstone: true}, f.get(dead))
		require.Equal(f, f.row(fresh, 0), f.get(fresh))
		require.Equal(f, f.row(foreign, 0), f.get(foreign))
		require.Equal(f, &types.AttributeValueMemberN{Value: "0"}, f.rawItem(fresh)[attrVersion])

		// A second pass changes nothing either, and a put goes over all of them.
		f.insert(f.user(3, "city", "Paris"))
		require.Equal(f, f.row(fresh, 0), f.get(fresh))
		f.put(f.row(fresh, 1), true)
	})
}

func TestInsertOfOneKeyTwice(t *testing.T) {
	each(t, func(f *fixture) {
		f.insert(f.user(1, "city", "Rome"), f.user(2), f.user(1, "city", "Paris"))
		require.Equal(f, f.row(f.user(1, "city", "Rome"), 0), f.get(f.user(1)))
		require.True(f, f.get(f.user(2)).Live)
	})
	f := offline(t)
	var sizes []int
	f = f.with(&flaky{Client: f.client, batch: func(_ int, in *dynamodb.BatchExecuteStatementInput) ([]types.BatchStatementErrorCodeEnum, error) {
		sizes = append(sizes, len(in.Statements))
		return []types.BatchStatementErrorCodeEnum{deniedCode, deniedCode}, nil
	}}, Options{})
	errs, err := f.Insert(f.ctx, f.rows(f.user(1), f.user(2), f.user(1)))
	require.NoError(t, err)
	require.Equal(t, []int{2}, sizes, "the service would refuse the whole of a batch with a key twice")
	require.ErrorIs(t, errs[2], store.ErrInvalid, "both rows of the key have its error")
}

// TestInsertKeepsEveryValue has attribute names that PartiQL must quote, and
// values that lose digits, blanks or their type where a store is careless.
func TestInsertKeepsEveryValue(t *testing.T) {
	each(t, func(f *fixture) {
		for i, r := range []transform.Record{
			f.record(f.things, "code", "\x00\x01\xff", "part", "1.50", "price", "123456789012345678901234567890123456.78",
				"fresh", "1", "word", "it's a \"word\" \\ ?", "data", "\x00\xfe'\"",
				"extra", `{"e":"","a b":[0.1,-1.5e-10,12345678901234567890123456789012345678,null,true,{"x":{"y":[]}}],"it's":"?"}`),
			f.record(f.things, "code", "\x27", "part", "-20.00", "price", "0.00", "fresh", "0", "word", "", "extra", `{}`),
			f.record(f.things, "code", "a", "part", "100.00", "extra", `null`),
			f.record(f.things, "code", "a", "part", "100.01"),
		} {
			f.insert(r)
			got := f.get(r)
			require.True(f, got.Live)
			require.Equal(f, textsOf(r), textsOf(got.Record), i)
			require.True(f, r.Equal(got.Record), i)
			f.put(f.row(r, 1), true)
			require.Equal(f, f.row(r, 1), f.get(r), i)
		}
	})
}

func TestInsertOfManyRows(t *testing.T) {
	each(t, func(f *fixture) {
		var records []transform.Record
		for i := range 260 {
			records = append(records, f.user(i))
		}
		f.put(f.row(f.user(77, "city", "Rome"), 3), true)
		f.insert(records...)
		page, err := f.Scan(f.ctx, store.At{}, store.Range{Entity: f.users, Limit: 1000})
		require.NoError(f, err)
		require.Len(f, page.Rows, 260)
		require.Equal(f, store.Version(3), f.get(records[77]).Version)
	})
}

// TestInsertOfLargeRows sends the most that one call can be asked to: 25 items
// close to the limit of their size.
func TestInsertOfLargeRows(t *testing.T) {
	each(t, func(f *fixture) {
		records := f.largeThings(maxStatements, 390<<10)
		f.insert(records...)
		require.Equal(f, textsOf(records[24]), textsOf(f.get(records[24]).Record))
	})
}

// TestInsertSparesTheOthers has a row that the service refuses: in its own
// answer, or for the whole of the batch.
func TestInsertSparesTheOthers(t *testing.T) {
	each(t, func(f *fixture) {
		for name, v := range map[string]types.AttributeValue{
			"the statement": &types.AttributeValueMemberN{Value: "5"},
			"the batch":     &types.AttributeValueMemberN{Value: strings.Repeat("9", 50)},
		} {
			var queue []*insert
			for i := range 6 {
				in, err := f.Store.insert(f.row(f.user(i+len(name)*10), 0))
				require.NoError(f, err)
				queue = append(queue, in)
			}
			// No record gives such an item, so it is made by hand.
			bad := queue[3]
			bad.item["username"] = v
			bad.request.Statement, bad.request.Parameters = bad.place.statement(bad.item)
			require.NoError(f, f.insertAll(f.ctx, queue), name)
			for i, in := range queue {
				require.Equal(f, i == 3, in.err != nil, "%s: row %d: %v", name, i, in.err)
				require.Equal(f, i != 3, f.get(f.user(i+len(name)*10)).Live, "%s: row %d", name, i)
			}
			require.ErrorIs(f, bad.err, store.ErrInvalid, name)
			require.Equal(f, store.NotApplied, store.OutcomeOf(bad.err), name)
		}
	})
}

func TestInsertOfAnItemWithManyAttributes(t *testing.T) {
	each(t, func(f *fixture) {
		r, dead := f.user(1), f.user(2)
		f.put(f.gone(dead, 5), true)
		for _, r := range []transform.Record{r, r, dead} {
			in, err := f.Store.insert(f.row(r, 0))
			require.NoError(f, err)
			long := strings.Repeat("x", maxStatement+1) // as if it had hundreds
			in.request.Statement = &long
			require.NoError(f, f.insertAll(f.ctx, []*insert{in}))
			require.NoError(f, in.err)
		}
		require.Equal(f, f.row(r, 0), f.get(r))
		require.True(f, f.get(dead).Tombstone)
	})
}

// A flaky client lets a test answer for the service.
type flaky struct {
	Client
	mu       sync.Mutex
	calls    int
	batch    func(call int, in *dynamodb.BatchExecuteStatementInput) ([]types.BatchStatementErrorCodeEnum, error)
	batchGet func(call int, in *dynamodb.BatchGetItemInput) (keep int, err error)
	page     func(call int) error
}

func (c *flaky) next() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	return c.calls
}

// BatchExecuteStatement lets those statements through that the test gives no
// code for.
func (c *flaky) BatchExecuteStatement(ctx context.Context, in *dynamodb.BatchExecuteStatementInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchExecuteStatementOutput, error) {
	if c.batch == nil {
		return c.Client.BatchExecuteStatement(ctx, in, o...)
	}
	codes, err := c.batch(c.next(), in)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.BatchExecuteStatementOutput{Responses: make([]types.BatchStatementResponse, len(in.Statements))}
	var pass []types.BatchStatementRequest
	var at []int
	for i, s := range in.Statements {
		if i < len(codes) && codes[i] != "" {
			out.Responses[i].Error = &types.BatchStatementError{Code: codes[i], Message: aws.String("secret")}
		} else {
			pass, at = append(pass, s), append(at, i)
		}
	}
	if len(pass) == 0 {
		return out, nil
	}
	real, err := c.Client.BatchExecuteStatement(ctx, &dynamodb.BatchExecuteStatementInput{Statements: pass}, o...)
	if err != nil {
		return nil, err
	}
	for i, r := range real.Responses {
		out.Responses[at[i]] = r
	}
	return out, nil
}

const (
	throttledCode = types.BatchStatementErrorCodeEnumProvisionedThroughputExceeded
	internalCode  = types.BatchStatementErrorCodeEnumInternalServerError
	refusedCode   = types.BatchStatementErrorCodeEnumValidationError
	conflictCode  = types.BatchStatementErrorCodeEnumTransactionConflict
	deniedCode    = types.BatchStatementErrorCodeEnumAccessDenied
)

func TestInsertTriesThrottledRowsAgain(t *testing.T) {
	client := enginetest.DynamoDB(t)
	base := newFixture(t, client)
	require.NoError(t, base.Apply(base.ctx, nil, nil))
	var sizes []int
	f := base.with(&flaky{Client: client, batch: func(call int, in *dynamodb.BatchExecuteStatementInput) ([]types.BatchStatementErrorCodeEnum, error) {
		sizes = append(sizes, len(in.Statements))
		switch call {
		case 1:
			return []types.BatchStatementErrorCodeEnum{throttledCode, "", refusedCode, internalCode, conflictCode}, nil
		case 2:
			return nil, &types.ProvisionedThroughputExceededException{}
		case 3:
			return []types.BatchStatementErrorCodeEnum{"", throttledCode}, nil
		}
		return nil, nil
	}}, Options{})
	errs, err := f.Insert(f.ctx, f.rows(f.user(0), f.user(1), f.user(2), f.user(3), f.user(4)))
	require.NoError(t, err)
	require.Equal(t, []int{5, 3, 3, 1}, sizes)
	for i, err := range errs {
		require.Equal(t, i == 2, err != nil, "row %d: %v", i, err)
		require.Equal(t, i != 2, f.get(f.user(i)).Live, "row %d", i)
	}
	require.ErrorIs(t, errs[2], store.ErrInvalid)
	require.NotContains(t, errs[2].Error(), "secret")
}

func TestInsertGivesUpWithinItsBudget(t *testing.T) {
	f := offline(t)
	client := &flaky{Client: f.client, batch: func(_ int, in *dynamodb.BatchExecuteStatementInput) ([]types.BatchStatementErrorCodeEnum, error) {
		return []types.BatchStatementErrorCodeEnum{throttledCode, internalCode, types.BatchStatementErrorCodeEnumDuplicateItem, deniedCode}, nil
	}}
	f = f.with(client, Options{RetryBudget: 1})
	errs, err := f.Insert(f.ctx, f.rows(f.user(0), f.user(1), f.user(2), f.user(3)))
	require.NoError(t, err, "the service answered")
	require.Equal(t, 1, client.calls)
	require.ErrorIs(t, errs[0], store.ErrThrottled)
	require.Equal(t, store.NotApplied, store.OutcomeOf(errs[0]))
	require.ErrorIs(t, errs[1], store.ErrUnavailable)
	require.Equal(t, store.Unknown, store.OutcomeOf(errs[1]))
	require.NoError(t, errs[2])
	require.ErrorIs(t, errs[3], store.ErrInvalid)
}

func TestInsertThatCouldNotTry(t *testing.T) {
	f := offline(t)
	var rows []transform.Record
	for i := range 60 {
		rows = append(rows, f.user(i))
	}
	for name, c := range map[string]struct {
		err   error
		kind  error
		calls int
	}{
		"network":     {&smithy.OperationError{ServiceID: "DynamoDB", Err: errors.New("?")}, store.ErrInvalid, 3},
		"no table":    {&types.ResourceNotFoundException{}, store.ErrInvalid, 3},
		"no right":    {&smithy.GenericAPIError{Code: "AccessDeniedException"}, store.ErrInvalid, 3},
		"broken":      {&types.InternalServerError{}, store.ErrUnavailable, 3},
		"throttled":   {&types.RequestLimitExceeded{}, store.ErrThrottled, 3},
		"caller gone": {context.Canceled, store.ErrUnavailable, 3},
	} {
		client := &flaky{Client: f.client, batch: func(int, *dynamodb.BatchExecuteStatementInput) ([]types.BatchStatementErrorCodeEnum, error) {
			return nil, c.err
		}}
		f := f.with(client, Options{RetryBudget: 1})
		errs, err := f.Insert(f.ctx, f.rows(rows...))
		require.ErrorIs(t, err, c.kind, name)
		require.Equal(t, c.calls, client.calls, name)
		require.Len(t, errs, len(rows))
		for _, err := range errs {
			require.ErrorIs(t, err, c.kind, name)
		}
	}
}

// TestInsertHoldsItsConcurrency counts the calls that are under way once no more
// of them begins.
func TestInsertHoldsItsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		client := &flaky{batch: func(int, *dynamodb.BatchExecuteStatementInput) ([]types.BatchStatementErrorCodeEnum, error) {
			<-answer
			return nil, &types.ResourceNotFoundException{}
		}}
		f := offline(t).with(client, Options{InsertConcurrency: 3})
		var rows []transform.Record
		for i := range 10 * maxStatements {
			rows = append(rows, f.user(i))
		}
		done := make(chan error)
		go func() {
			_, err := f.Insert(f.ctx, f.rows(rows...))
			done <- err
		}()
		synctest.Wait()
		require.Equal(t, 3, client.calls)
		close(answer)
		require.Error(t, <-done)
		require.Equal(t, 10, client.calls)
	})
}

func TestInsertBesidePuts(t *testing.T) {
	each(t, func(f *fixture) {
		const n = 50
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range n {
				_, err := f.Put(f.ctx, store.At{}, f.row(f.user(i, "city", "new"), 1))
				if err != nil {
					f.Error(err)
				}
			}
		})
		for i := range n {
			errs, err := f.Insert(f.ctx, f.rows(f.user(i, "city", "old"), f.user(n-1-i, "city", "old")))
			require.NoError(f, errors.Join(append(errs, err)...))
		}
		wg.Wait()
		for i := range n {
			require.Equal(f, f.row(f.user(i, "city", "new"), 1), f.get(f.user(i)), fmt.Sprint(i))
		}
	})
}
