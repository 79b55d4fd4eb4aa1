package dynamostore

import (
	"context"
	"errors"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/crossfade-go/crossfade/dal/store"
)

// attempts watches the attempts of one write. The SDK returns the last error
// only: a write whose first attempt lost its reply and whose second one was
// refused looks refused, and may be there all the same.
type attempts struct {
	aws.Retryer
	reached bool // an attempt failed in a way that may have changed something
}

// watch is an option of a call.
func (a *attempts) watch(o *dynamodb.Options) {
	a.Retryer = o.Retryer
	o.Retryer = a
}

// IsErrorRetryable is asked about the error of every attempt.
func (a *attempts) IsErrorRetryable(err error) bool {
	a.reached = a.reached || mayHaveApplied(err)
	return a.Retryer.IsErrorRetryable(err)
}

// GetAttemptToken passes on what an aws.RetryerV2 has, which the embedded
// interface would hide.
func (a *attempts) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if v2, ok := a.Retryer.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return a.GetInitialToken(), nil
}

// outcome says what became of the write that ended with err.
func (a *attempts) outcome(err error) store.Outcome {
	switch {
	case a.reached || mayHaveApplied(err):
		return store.Unknown
	case a.Retryer == nil && !refused(err):
		return store.Unknown // the client hid the attempts from us
	default:
		return store.NotApplied
	}
}

// mayHaveApplied reports whether the attempt that failed with err may have
// reached the service and changed something there.
func mayHaveApplied(err error) bool {
	if foreign(err) || refused(err) {
		return false
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return false
	}
	var (
		api      smithy.APIError
		send     *smithyhttp.RequestSendError
		response *smithyhttp.ResponseError
		canceled *smithy.CanceledError
		garbled  *smithy.DeserializationError
	)
	return errors.As(err, &send) || errors.As(err, &response) || errors.As(err, &canceled) ||
		errors.As(err, &garbled) || errors.As(err, &api)
}

// refused reports whether the service answered that it did nothing.
func refused(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode() >= 400 && response.HTTPStatusCode() < 500
	}
	return api.ErrorFault() == smithy.FaultClient
}

// foreign reports whether err comes from another service than DynamoDB, which
// the SDK asked for credentials.
func foreign(err error) bool {
	for {
		var op *smithy.OperationError
		if !errors.As(err, &op) {
			return false
		}
		if op.Service() != dynamodb.ServiceID {
			return true
		}
		err = op.Err
	}
}
