package dynamostore

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"github.com/crossfade-go/crossfade/internal/requestbody"
)

// A Client makes the calls of DynamoDB that a Store needs. *dynamodb.Client is
// one; a wrapper must pass the option functions on, or the Store can tell less
// often that a failed write was not applied.
type Client interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	BatchExecuteStatement(context.Context, *dynamodb.BatchExecuteStatementInput, ...func(*dynamodb.Options)) (*dynamodb.BatchExecuteStatementOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	UpdateTable(context.Context, *dynamodb.UpdateTableInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error)
	DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
	UpdateTimeToLive(context.Context, *dynamodb.UpdateTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error)
	DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error)
	UpdateContinuousBackups(context.Context, *dynamodb.UpdateContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateContinuousBackupsOutput, error)
	ListTagsOfResource(context.Context, *dynamodb.ListTagsOfResourceInput, ...func(*dynamodb.Options)) (*dynamodb.ListTagsOfResourceOutput, error)
	TagResource(context.Context, *dynamodb.TagResourceInput, ...func(*dynamodb.Options)) (*dynamodb.TagResourceOutput, error)
}

var _ Client = (*dynamodb.Client)(nil)

// ClientOptions change the advice that NewClient follows.
type ClientOptions struct {
	// Endpoint is the URL of another service than AWS's own, such as DynamoDB
	// Local, and goes above what the configuration or the environment names.
	// Empty leaves it to them.
	Endpoint string
	// AttemptTimeout bounds one attempt, the reply's last byte included; 2 s
	// if 0.
	AttemptTimeout time.Duration
	// OperationTimeout bounds one operation of the SDK, such as a PutItem: asking
	// for credentials, all attempts and the pauses between them. It ends with
	// context.DeadlineExceeded, though the caller's context may live on. None if
	// 0: Attempts times AttemptTimeout and the pauses, of 200 ms at most, are
	// bound enough once there are credentials. What the library waits for, such as
	// a table that is being made, is many operations, and bounded by the context.
	OperationTimeout time.Duration
	// DialTimeout bounds making a connection; 1 s if 0.
	DialTimeout time.Duration
	// Attempts is how often one call is tried at most; 2 if 0.
	Attempts int
	// Connections is how many idle connections are kept; 256 if 0. It should
	// be no less than the calls under way at once: each one above it pays for
	// a TLS handshake again and again.
	Connections int
}

// NewClient returns a client that follows our advice for a service that moves
// to DynamoDB. It does no I/O.
//
// The SDK's own defaults let an attempt that hangs wait until the caller's
// context ends, keep ten idle connections, and back off for up to twenty
// seconds. Here an attempt is short, so that a second one on another connection
// can still help within the caller's time; the SDK tries twice only, because
// the relay and the backfill try again themselves, knowing what is newest by
// then; and the retries are of the standard mode, since the adaptive one slows
// down every call of the client when one key is throttled.
//
// Region and credentials are those of cfg. config.LoadDefaultConfig finds them by
// the SDK's own chain: the environment (AWS_REGION, AWS_ACCESS_KEY_ID), the shared
// files and their profile, web identity, and the role of the container or machine;
// the SDK fetches them anew before they expire. Nothing of it is overridden here,
// and a cfg without them makes a client whose calls fail before anything is sent
// (store.ErrInvalid). The endpoint is opts.Endpoint, or else cfg.BaseEndpoint, or
// what AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL or the profile names, or else
// the region's own.
//
// Of cfg, the retryer and its number of attempts are overridden, and the timeouts
// and connections of the HTTP client. A configuration with an HTTP client of its
// own kind keeps it, and with it that client's timeouts and connections:
// AttemptTimeout, DialTimeout and Connections do nothing then, the others hold.
func NewClient(cfg aws.Config, opts *ClientOptions) *dynamodb.Client {
	var o ClientOptions
	if opts != nil {
		o = *opts
	}
	o.AttemptTimeout = cmp.Or(o.AttemptTimeout, 2*time.Second)
	o.DialTimeout = cmp.Or(o.DialTimeout, time.Second)
	o.Attempts = cmp.Or(o.Attempts, 2)
	o.Connections = cmp.Or(o.Connections, 256)
	return dynamodb.NewFromConfig(cfg, func(d *dynamodb.Options) {
		d.HTTPClient = pooled(cfg.HTTPClient, o)
		d.APIOptions = append(d.APIOptions, requestbody.Read)
		d.RetryMaxAttempts = 0 // already in the retryer
		d.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
			s.MaxAttempts = o.Attempts
			s.MaxBackoff = 200 * time.Millisecond
		})
		if o.Endpoint != "" {
			d.BaseEndpoint = aws.String(o.Endpoint)
		}
		if o.OperationTimeout > 0 {
			d.APIOptions = append(d.APIOptions, bounded(o.OperationTimeout))
		}
	})
}

// bounded returns an option that ends an operation after d. It comes before
// everything else of the operation, so that all of it is within.
func bounded(d time.Duration) func(*middleware.Stack) error {
	return func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("OperationTimeout",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				ctx, cancel := context.WithTimeout(ctx, d)
				defer cancel()
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
	}
}

// pooled sizes the timeouts and connections of the SDK's own HTTP client and
// leaves any other one alone.
func pooled(given aws.HTTPClient, o ClientOptions) dynamodb.HTTPClient {
	client, ok := given.(*awshttp.BuildableClient)
	if given != nil && !ok {
		return given
	}
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	return client.
		WithTimeout(o.AttemptTimeout).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = o.DialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns = o.Connections
			t.MaxIdleConnsPerHost = o.Connections
			t.TLSHandshakeTimeout = o.DialTimeout
		})
}
