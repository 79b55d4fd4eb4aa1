package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/crossfade-go/crossfade/dal/store"
)

// storeName is what errors, logs and labels call this store.
const storeName = "dynamodb"

const credentialsMend = "the client has no credentials that the service accepts: " +
	"set up the credentials, and the region and endpoint they are for, of the aws.Config the client is made from"

// A fault is an error of the client with a text that holds nothing of an item.
// The service's messages may quote values ("cannot be converted to a numeric
// value: …"); they stay reachable with errors.As and are not printed.
type fault struct {
	text string
	err  error
}

func (f *fault) Error() string { return f.text }
func (f *fault) Unwrap() error { return f.err }

// fail returns the error of a call about an entity or table.
func fail(op, entity, table string, outcome store.Outcome, err error) *store.Error {
	detail, kind := classify(err, table)
	return &store.Error{
		Op: op, Entity: entity, Store: storeName, Kind: kind, Outcome: outcome,
		Detail: detail, Cause: &fault{text: describe(err), err: err},
	}
}

// invalid returns an error that was found before anything was sent, or in an
// answer that makes no sense.
func invalid(op, entity string, outcome store.Outcome, format string, args ...any) *store.Error {
	return &store.Error{
		Op: op, Entity: entity, Store: storeName, Kind: store.ErrInvalid, Outcome: outcome,
		Detail: fmt.Sprintf(format, args...),
	}
}

// classify returns the kind of an error and what can be said about its mend.
func classify(err error, table string) (detail string, kind error) {
	var (
		api       smithy.APIError
		cancelled *types.TransactionCanceledException
	)
	switch {
	case foreign(err):
		return credentialsMend, store.ErrInvalid
	case errors.As(err, &cancelled):
		return classifyReasons(cancelled, table)
	case errors.As(err, &api):
		return classifyCode(api, serverFault(err), table)
	case unsent(err):
		return "nothing was sent: " + credentialsMend, store.ErrInvalid
	default:
		return "", store.ErrUnavailable
	}
}

// classifyCode goes by the service's error code. Codes of PartiQL statements
// lack the word Exception.
func classifyCode(api smithy.APIError, serverFault bool, table string) (detail string, kind error) {
	switch strings.TrimSuffix(api.ErrorCode(), "Exception") {
	case "ProvisionedThroughputExceeded", "Throttling", "ThrottlingError", "RequestLimitExceeded", "LimitExceeded":
		return "", store.ErrThrottled
	case "ResourceNotFound", "TableNotFound":
		return "table " + table + " is not there: run migrationctl tables apply", store.ErrInvalid
	case "ItemCollectionSizeLimitExceeded", "RequestEntityTooLarge":
		return "", store.ErrTooLarge
	case "TransactionConflict", "TransactionInProgress", "ReplicatedWriteConflict", "ResourceInUse":
		return "", store.ErrConflict
	case "UnrecognizedClient", "InvalidSignature", "IncompleteSignature", "MissingAuthenticationToken",
		"ExpiredToken", "InvalidClientTokenId":
		return credentialsMend, store.ErrInvalid
	case "AccessDenied":
		return "the client's credentials do not allow this on table " + table +
			": its IAM policy must", store.ErrInvalid
	case "Validation", "ValidationError":
		if itemTooLarge(api) {
			return "an item may take 400 KB with its attribute names", store.ErrTooLarge
		}
		return "the service refused it: migrationctl tables verify compares table " +
			table + " and its indexes with the contract", store.ErrInvalid
	}
	if serverFault || api.ErrorFault() == smithy.FaultServer {
		return "", store.ErrUnavailable
	}
	return "", store.ErrInvalid
}

// classifyReasons goes by the first reason for which a transaction was cancelled
// that is worse than a conflict: what is refused for good is not worth trying
// again.
func classifyReasons(cancelled *types.TransactionCanceledException, table string) (detail string, kind error) {
	kind = store.ErrConflict
	for _, reason := range cancelled.CancellationReasons {
		code := aws.ToString(reason.Code)
		if code == "" || code == "None" || code == "ConditionalCheckFailed" || code == "TransactionConflict" {
			continue
		}
		message := aws.ToString(reason.Message)
		detail, kind = classifyCode(&smithy.GenericAPIError{Code: code, Message: message, Fault: smithy.FaultClient}, false, table)
		if kind != store.ErrThrottled {
			return detail, kind
		}
	}
	return detail, kind
}

// itemTooLarge tells an item beyond 400 KB from other refusals. This is the one
// place that goes by a message: the code is that of every failed validation.
func itemTooLarge(api smithy.APIError) bool {
	return strings.HasPrefix(api.ErrorMessage(), "Item size ")
}

// serverFault reports whether the service answered with a status of 500 or above.
func serverFault(err error) bool {
	var response *smithyhttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() >= 500
}

// unsent reports whether the SDK gave up before there was a request: no
// credentials, no region, an endpoint that is none.
func unsent(err error) bool {
	var (
		op       *smithy.OperationError
		canceled *smithy.CanceledError
		network  net.Error
	)
	return errors.As(err, &op) && !mayHaveApplied(err) && !errors.As(err, &canceled) &&
		!errors.As(err, &network) && !errors.Is(err, context.Canceled)
}

// throttled reports whether err says to come back later.
func throttled(err error) bool {
	_, kind := classify(err, "")
	return kind == store.ErrThrottled
}

// validation reports whether the service refused a request for what it says, or
// a transaction for what one of its actions says.
func validation(err error) bool {
	var (
		api       smithy.APIError
		cancelled *types.TransactionCanceledException
	)
	if errors.As(err, &cancelled) {
		return slices.ContainsFunc(cancelled.CancellationReasons, func(r types.CancellationReason) bool {
			return refusesContent(aws.ToString(r.Code))
		})
	}
	return errors.As(err, &api) && refusesContent(api.ErrorCode())
}

func refusesContent(code string) bool {
	code = strings.TrimSuffix(code, "Exception")
	return code == "Validation" || code == "ValidationError" || code == "Serialization"
}

// statementError is the error of one statement of a batch as an API error.
func statementError(e *types.BatchStatementError) error {
	message := ""
	if e.Message != nil {
		message = *e.Message
	}
	out := &smithy.GenericAPIError{Code: string(e.Code), Message: message, Fault: smithy.FaultClient}
	if e.Code == types.BatchStatementErrorCodeEnumInternalServerError {
		out.Fault = smithy.FaultServer
	}
	return out
}

// describe returns what may be printed of a client's error: codes, numbers and
// what the network said, never a message of the service.
func describe(err error) string {
	var (
		api      smithy.APIError
		response *awshttp.ResponseError
		op       *net.OpError
	)
	switch {
	case errors.As(err, &api):
		text := api.ErrorCode()
		if errors.As(err, &response) {
			text += fmt.Sprintf(" (status %d, request %s)", response.HTTPStatusCode(), response.ServiceRequestID())
		}
		return text
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded.Error()
	case errors.Is(err, context.Canceled):
		return context.Canceled.Error()
	case errors.As(err, &op):
		return op.Error()
	}
	return fmt.Sprintf("%T", innermost(err))
}

// innermost follows the chain of single causes to its end.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
