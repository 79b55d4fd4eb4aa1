package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// status wraps an error as an answer of the service with that status.
func status(code int, err error) error {
	return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "PutItem", Err: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: code}}, Err: err,
	}}
}

func code(c string) error {
	return &smithy.GenericAPIError{Code: c, Message: "secret", Fault: smithy.FaultClient}
}

// sending wraps an error as one of the network.
func sending(err error) error {
	return &smithy.OperationError{ServiceID: "DynamoDB", Err: &smithyhttp.RequestSendError{Err: err}}
}

func before(err error) error {
	return &smithy.OperationError{ServiceID: "DynamoDB", Err: fmt.Errorf("get identity: %w", err)}
}

func dial(op string) error { return &net.OpError{Op: op, Net: "tcp", Err: errors.New("refused")} }

// TestErrorsByKindAndOutcome has one attempt each, as the client returns it.
func TestErrorsByKindAndOutcome(t *testing.T) {
	seen := &attempts{Retryer: refusingRetryer{}}
	for _, c := range []struct {
		err     error
		kind    error
		outcome store.Outcome
		detail  string
	}{
		{status(400, &types.ProvisionedThroughputExceededException{}), store.ErrThrottled, store.NotApplied, ""},
		{status(400, &types.ThrottlingException{}), store.ErrThrottled, store.NotApplied, ""},
		{status(400, &types.RequestLimitExceeded{}), store.ErrThrottled, store.NotApplied, ""},
		{status(400, code("ThrottlingException")), store.ErrThrottled, store.NotApplied, ""},
		{status(400, &types.LimitExceededException{}), store.ErrThrottled, store.NotApplied, ""},
		{status(400, &types.ResourceNotFoundException{}), store.ErrInvalid, store.NotApplied, "table T is not there: run migrationctl tables apply"},
		{status(400, &types.ItemCollectionSizeLimitExceededException{}), store.ErrTooLarge, store.NotApplied, ""},
		{status(400, &smithy.GenericAPIError{Code: "ValidationException", Message: "Item size has exceeded the maximum allowed size"}), store.ErrTooLarge, store.NotApplied, "400 KB"},
		{status(400, code("ValidationException")), store.ErrInvalid, store.NotApplied, "tables verify"},
		{status(400, code("SerializationException")), store.ErrInvalid, store.NotApplied, ""},
		{status(400, &types.TransactionConflictException{}), store.ErrConflict, store.NotApplied, ""},
		{status(400, &types.ResourceInUseException{}), store.ErrConflict, store.NotApplied, ""},
		{status(400, code("UnrecognizedClientException")), store.ErrInvalid, store.NotApplied, "credentials"},
		{status(400, code("MissingAuthenticationToken")), store.ErrInvalid, store.NotApplied, "credentials"},
		{status(400, code("ExpiredTokenException")), store.ErrInvalid, store.NotApplied, "credentials"},
		{status(400, code("AccessDeniedException")), store.ErrInvalid, store.NotApplied, "do not allow this on table T"},
		{status(500, &types.InternalServerError{}), store.ErrUnavailable, store.Unknown, ""},
		{status(503, code("ServiceUnavailable")), store.ErrUnavailable, store.Unknown, ""},
		{status(500, code("ThrottlingException")), store.ErrThrottled, store.Unknown, ""},
		{status(200, &smithy.DeserializationError{Err: errors.New("secret")}), store.ErrUnavailable, store.Unknown, ""},
		{sending(dial("dial")), store.ErrUnavailable, store.NotApplied, ""},
		{sending(dial("read")), store.ErrUnavailable, store.Unknown, ""},
		{sending(errors.New("secret")), store.ErrUnavailable, store.Unknown, ""},
		{&smithy.OperationError{ServiceID: "DynamoDB", Err: &smithy.CanceledError{Err: context.DeadlineExceeded}}, store.ErrUnavailable, store.Unknown, ""},
		{&smithy.OperationError{ServiceID: "DynamoDB", Err: context.Canceled}, store.ErrUnavailable, store.NotApplied, ""},
		{before(errors.New("secret")), store.ErrInvalid, store.NotApplied, "credentials"},
		{before(&smithy.OperationError{ServiceID: "ec2imds", Err: sending(dial("read"))}), store.ErrInvalid, store.NotApplied, "credentials"},
		{before(&smithy.OperationError{ServiceID: "STS", Err: status(500, code("x"))}), store.ErrInvalid, store.NotApplied, "credentials"},
		{context.DeadlineExceeded, store.ErrUnavailable, store.NotApplied, ""},
	} {
		err := fail("put", "Users", "T", seen.outcome(c.err), c.err)
		require.ErrorIs(t, err, c.kind, "%v", c.err)
		require.Equal(t, c.outcome, err.Outcome, "%v", c.err)
		require.Contains(t, err.Detail, c.detail)
		require.NotContains(t, err.Error(), "secret")
		require.ErrorIs(t, err, c.err, "the cause can be had")
	}
	// A client that does not show us its attempts may have made any number.
	for _, err := range []error{sending(dial("dial")), before(errors.New("x")), context.Canceled} {
		want := store.Unknown
		require.Equal(t, want, (&attempts{}).outcome(err), "%v", err)
	}
	require.Equal(t, store.NotApplied, (&attempts{}).outcome(status(400, code("ValidationException"))))
}

type refusingRetryer struct{ retryer }

// TestErrorsSayNothingOfAnItem has the service quote a value back to us.
func TestErrorsSayNothingOfAnItem(t *testing.T) {
	each(t, func(f *fixture) {
		in, err := f.Store.insert(f.row(f.user(1), 0))
		require.NoError(f, err)
		in.item["username"] = &types.AttributeValueMemberN{Value: "top-secret"}
		in.request.Statement, in.request.Parameters = in.place.statement(in.item)
		require.NoError(f, f.insertAll(f.ctx, []*insert{in}), "the service looked at it")
		require.ErrorIs(f, in.err, store.ErrInvalid)
		require.NotContains(f, in.err.Error(), "top-secret")
		var api smithy.APIError
		require.ErrorAs(f, in.err, &api)
		require.Regexp(f, `ValidationException \(status 400, request \S+\)$`, in.err.Error())
	})
}

func TestItemBeyondTheLimitIsTooLarge(t *testing.T) {
	each(t, func(f *fixture) {
		err := f.putItem(f.ctx, f.places["Users"], "put", putOf(f.places["Users"], item{
			"userId":  &types.AttributeValueMemberN{Value: "1"},
			"profile": text(string(make([]byte, 401<<10))),
		}))
		require.ErrorIs(f, err, store.ErrTooLarge)
		require.Equal(f, store.NotApplied, store.OutcomeOf(err))
		errs, err := f.Insert(f.ctx, []store.Row{f.row(f.large(2, 401<<10), 0)})
		require.NoError(f, err)
		require.ErrorIs(f, errs[0], store.ErrTooLarge)
	})
}

// TestItemsAtTheLimitFit has the largest items that pass our own check, one with
// a key so long that the library's attributes take more than a little. None may
// pass it and be refused by the service.
func TestItemsAtTheLimitFit(t *testing.T) {
	each(t, func(f *fixture) {
		code := strings.Repeat("\xff", 255)
		thing := func(size int) transform.Record {
			return f.record(f.things, "code", code, "part", "1.00", "word", strings.Repeat("x", size))
		}
		user := func(size int) transform.Record { return f.large(1, size) }
		for _, make := range []func(int) transform.Record{thing, user} {
			low, high := 390<<10, 410<<10
			for low+1 < high {
				mid := (low + high) / 2
				if _, err := f.places[make(0).Entity().Name].item(f.row(make(mid), store.Floor(9)), 0); err == nil {
					low = mid
				} else {
					high = mid
				}
			}
			f.put(f.row(make(low), store.Floor(9)), true)
			require.True(f, f.get(make(0)).Live)
			_, err := f.Put(f.ctx, store.At{}, f.row(make(high), store.Floor(9)+1))
			require.ErrorIs(f, err, store.ErrTooLarge)
			require.ErrorAs(f, err, new(*transform.ValueError), "found before it was sent")
		}
	})
}
