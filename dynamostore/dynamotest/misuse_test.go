package dynamotest_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

// TestWhenMayUseTheServer holds that a rule's own function may look at rules,
// add them and remove them.
func TestWhenMayUseTheServer(t *testing.T) {
	var f *fixture
	var other *dynamotest.Fault
	for _, c := range []struct {
		name  string
		use   func()
		fails bool // by the other rule, which comes later
	}{
		{"Hits", func() { other.Hits() }, true},
		{"Requests", func() { f.Requests() }, true},
		{"Fault", func() { f.Fault(dynamotest.OnOperation("Scan").Cut()) }, true},
		{"Remove", func() { other.Remove() }, false},
		{"ClearFaults", func() { f.ClearFaults() }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f = newFixture(t)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			f.ctx = ctx
			f.Fault(dynamotest.OnAny().When(func(*dynamotest.Request) bool { c.use(); return false }).Cut())
			other = f.Fault(dynamotest.OnAny().InternalError())
			require.Equal(t, c.fails, f.put("a") != nil)
			require.NoError(t, ctx.Err(), "the request hung")
			require.Equal(t, c.fails, other.Hits() == 1)
		})
	}
}

// TestWhenIsCalledOneAtATime holds that a rule's own function needs no lock.
func TestWhenIsCalledOneAtATime(t *testing.T) {
	f := newFixture(t)
	calls := 0
	var inside, most atomic.Int32
	fault := f.Fault(dynamotest.OnOperation("PutItem").When(func(*dynamotest.Request) bool {
		most.Store(max(most.Load(), inside.Add(1)))
		defer inside.Add(-1)
		for range 1000 { // let others come in, if they can
			runtime.Gosched()
		}
		calls++
		return true
	}).Latency(0))
	ended := make(chan error)
	for i := range 20 {
		go func() { ended <- f.put(fmt.Sprint(i)) }()
	}
	for range 20 {
		require.NoError(t, <-ended)
	}
	require.EqualValues(t, 1, most.Load())
	require.Equal(t, 20, calls)
	require.Equal(t, 20, fault.Hits())
}

// TestNoneAndAlways holds what the ends of the ranges mean.
func TestNoneAndAlways(t *testing.T) {
	on := dynamotest.OnOperation("PutItem").InternalError()
	for _, c := range []struct {
		name string
		rule dynamotest.Rule
		hits int
	}{
		{"no probability", on.Probability(0, 7), 0},
		{"certainty", on.Probability(1, 7), 5},
		{"no times", on.Times(0), 0},
		{"no skip", on.Skip(0), 5},
		{"the first", on.Nth(1), 1},
		{"the last call counts", on.Times(1).Times(2), 2},
		{"Times after Nth", on.Nth(2).Times(3), 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			fault := f.Fault(c.rule)
			for range 5 {
				_ = f.put("a")
			}
			require.Equal(t, c.hits, fault.Hits())
		})
	}
}

// TestMisusePanics holds that a rule that could do nothing, or not what it
// seems to, is refused with the reason.
func TestMisusePanics(t *testing.T) {
	s := dynamotest.Start(t)
	every := dynamotest.OnAny()
	for message, use := range map[string]func(){
		"dynamotest: Probability(1.5): must be from 0 to 1":          func() { every.Probability(1.5, 1) },
		"dynamotest: Probability(-0.1): must be from 0 to 1":         func() { every.Probability(-0.1, 1) },
		"dynamotest: Probability(NaN): must be from 0 to 1":          func() { every.Probability(math.NaN(), 1) },
		"dynamotest: Nth(0): must be 1 at least, the first hit":      func() { every.Nth(0) },
		"dynamotest: Skip(-1): must not be negative":                 func() { every.Skip(-1) },
		"dynamotest: Times(-1): must not be negative":                func() { every.Times(-1) },
		"dynamotest: Unprocessed(-1): must not be negative":          func() { every.Unprocessed(-1) },
		`dynamotest: Fault: there is no operation "Putitem"`:         func() { s.Fault(dynamotest.OnOperation("PutItem", "Putitem").Cut()) },
		`dynamotest: Fault: there is no operation "CreateBackup"`:    func() { s.Fault(dynamotest.OnAny().Operation("CreateBackup").Cut()) },
		`dynamotest: Fault: there is no reason "hot" to throttle`:    func() { s.Fault(every.Throttle("hot")) },
		`dynamotest: Fault: there is no reason "" to throttle`:       func() { s.Fault(every.Throttle("").Cut()) },
		"dynamotest: Fault: the rule says nothing that is to happen": func() { s.Fault(dynamotest.OnTable("items").Nth(3)) },
	} {
		require.PanicsWithValue(t, message, use)
	}
	require.NotPanics(t, func() { s.Fault(every.Latency(0)) }, "it counts")
}

// TestRequestsSayWhatIsNotThere holds that what dynamotest lacks is refused
// and not dropped.
func TestRequestsSayWhatIsNotThere(t *testing.T) {
	f := newFixture(t)
	refused := func(err error, code, message string) {
		t.Helper()
		var e smithy.APIError
		require.ErrorAs(t, err, &e)
		require.Equal(t, code, e.ErrorCode())
		require.Equal(t, message, e.ErrorMessage())
	}
	stream := &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewImage}
	in := &dynamodb.CreateTableInput{
		TableName: aws.String("streamed"), BillingMode: types.BillingModePayPerRequest, StreamSpecification: stream,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	}
	_, err := f.client.CreateTable(f.ctx, in)
	refused(err, "ValidationException", "StreamSpecification: dynamotest has no streams")
	_, err = f.client.UpdateTable(f.ctx, &dynamodb.UpdateTableInput{TableName: aws.String("items"), StreamSpecification: stream})
	refused(err, "ValidationException", "StreamSpecification: dynamotest has no streams")
	in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(false)}
	_, err = f.client.CreateTable(f.ctx, in)
	require.NoError(t, err, "no stream is what there is")
	_, err = f.client.ListBackups(f.ctx, &dynamodb.ListBackupsInput{})
	refused(err, "UnknownOperationException", "dynamotest has no operation ListBackups")
}

// TestTooManyReads holds the message of both ways to ask for too much, which
// is that of DynamoDB Local.
func TestTooManyReads(t *testing.T) {
	f := newFixture(t)
	createNotes(t, f)
	keys := func(n int, more item) types.KeysAndAttributes {
		of := types.KeysAndAttributes{}
		for i := range n {
			k := key(fmt.Sprint(i))
			for name, v := range more {
				k[name] = v
			}
			of.Keys = append(of.Keys, k)
		}
		return of
	}
	for _, requests := range []map[string]types.KeysAndAttributes{
		{"items": keys(101, nil)},
		{"items": keys(60, nil), "notes": keys(60, item{"seq": number("1")})},
	} {
		_, err := f.client.BatchGetItem(f.ctx, &dynamodb.BatchGetItemInput{RequestItems: requests})
		var e smithy.APIError
		require.ErrorAs(t, err, &e)
		require.Equal(t, "ValidationException", e.ErrorCode())
		require.Equal(t, "Too many items requested for the BatchGetItem call", e.ErrorMessage())
	}
	_, err := f.client.BatchGetItem(f.ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"items": keys(100, nil)}})
	require.NoError(t, err)
}

// TestRequestSaysWhatCameOfIt holds what the log keeps of each end that a
// request can have, and its line.
func TestRequestSaysWhatCameOfIt(t *testing.T) {
	for _, c := range []struct {
		name   string
		rule   dynamotest.Rule
		status int
		lost   bool
		there  bool
		line   string
	}{
		{"an answer", dynamotest.OnAny().Latency(0), http.StatusOK, false, true, "#1 PutItem items 200"},
		{"an error", dynamotest.OnAny().InternalError(), http.StatusInternalServerError, false, false, "#1 PutItem items 500 InternalServerError"},
		{"lost", dynamotest.OnAny().LoseReply(), http.StatusOK, true, true, "#1 PutItem items 200 lost"},
		{"an error lost", dynamotest.OnAny().InternalErrorAfter().LoseReply(), http.StatusInternalServerError, true, true, "#1 PutItem items 500 InternalServerError lost"},
		{"cut", dynamotest.OnAny().Cut(), 0, false, false, "#1 PutItem items cut"},
		{"cut, with nothing to lose", dynamotest.OnAny().Cut().LoseReply(), 0, false, false, "#1 PutItem items cut"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newFixture(t)
			rule := s.Fault(c.rule.Operation("PutItem"))
			_ = s.put("a")
			rule.Remove()
			r := s.Requests("PutItem")[0]
			require.Equal(t, c.status, r.Status)
			require.Equal(t, c.lost, r.Lost)
			require.Equal(t, c.there, s.get("a", true) != nil)
			r.Number = 1
			require.Equal(t, c.line, r.String())
			require.Equal(t, c.line, fmt.Sprint(&r))
		})
	}
	require.Equal(t, "#7 ListTables", dynamotest.Request{Number: 7, Operation: "ListTables"}.String(), "under way")
	both := dynamotest.Request{Number: 8, Operation: "BatchGetItem", Body: []byte(`{"RequestItems":{"b":{"Keys":[{}]},"a":{"Keys":[{}]}}}`)}
	require.Equal(t, "#8 BatchGetItem a b", both.String())
}

// TestAfterClose holds what is left of a server that has ended.
func TestAfterClose(t *testing.T) {
	f := newFixture(t)
	fault := f.Fault(dynamotest.OnOperation("PutItem").Latency(0))
	require.NoError(t, f.put("a"))
	f.Close()
	require.Error(t, f.put("b"))
	require.Equal(t, 1, fault.Hits())
	require.Len(t, f.Requests("PutItem"), 1)
	fault.Remove()
	f.Close()
}
