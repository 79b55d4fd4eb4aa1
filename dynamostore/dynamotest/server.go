package dynamotest

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"github.com/crossfade-go/crossfade/internal/requestbody"
)

// region is part of every ARN, and of the client's configuration.
const region = "us-east-1"

// idleConnections is how many connections a client keeps: as many as a test
// has goroutines, or each one above it pays for a new one every time.
const idleConnections = 256

// A Server is a DynamoDB of its own: its tables are in memory, no other server
// sees them, and they are gone with it. All methods may be called at any time
// from any goroutine.
type Server struct {
	// URL is where the server listens, as "http://127.0.0.1:port".
	URL string

	clock  clock
	tables catalog
	tokens tokenLog
	rules  ruleBook
	log    requestLog

	http   *http.Server
	done   chan struct{} // closed by Close
	closed sync.Once
	served sync.WaitGroup
}

// TB is what Start needs of a *testing.T, *testing.B or *testing.F.
type TB interface {
	Cleanup(func())
	Fatal(args ...any)
	Helper()
}

// Start returns a server that is closed when the test ends.
func Start(t TB) *Server {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// New returns a server that listens on a free port of 127.0.0.1 until Close.
// The error is that of listening.
func New() (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("dynamotest: listen: %w", err)
	}
	s := &Server{URL: "http://" + listener.Addr().String(), done: make(chan struct{})}
	// It has no time limits, which each request would pay for: its clients are
	// the test's own. Nothing but Close ends it, and if it were to fail, that
	// would show in every call of a client.
	s.http = &http.Server{Handler: s}
	s.served.Go(func() { _ = s.http.Serve(listener) })
	return s, nil
}

// Close ends the server and all connections, also those of requests that hang.
// Later requests find nobody listening; the log and the hits of rules can still
// be read. It may be called more than once.
func (s *Server) Close() {
	s.closed.Do(func() {
		close(s.done)
		_ = s.http.Close()
		s.served.Wait()
	})
}

// Client returns a client of the server, with the SDK's own retries. The
// options are applied last, such as one that turns the retries off:
//
//	client := srv.Client(func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
func (s *Server) Client(options ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.NewFromConfig(s.Config(), options...)
}

// Config returns a configuration with the server as its endpoint, for code
// that makes its own client. Its credentials mean nothing to the server.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String(s.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("dynamotest", "dynamotest", ""),
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.Proxy = nil // the server is here, whatever the environment says
			t.MaxIdleConns, t.MaxIdleConnsPerHost = idleConnections, idleConnections
		}),
		APIOptions: []func(*middleware.Stack) error{requestbody.Read},
	}
}

// wait waits until d is over, and reports whether it is: not if the caller goes
// away or the server is closed before.
func (c *call) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
	case <-c.done:
	}
	return false
}
