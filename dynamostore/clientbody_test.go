package dynamostore

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// A slowConn returns from sending a request's body only after its reply has been taken.
type slowConn struct {
	net.Conn
	taken chan struct{}
}

func (c slowConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if bytes.Contains(b, []byte("TableName")) {
		<-c.taken
	}
	return n, err
}

// TestReplyBeforeTheBodyIsDone: a reply that comes before the goroutine that has sent the
// request goes on does not end the connection, and with it the rest of the reply.
func TestReplyBeforeTheBodyIsDone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"Table": {"TableName": "notes"}}`))
	}))
	t.Cleanup(server.Close)
	for name, client := range map[string]func(aws.Config) *dynamodb.Client{
		"NewClient": func(cfg aws.Config) *dynamodb.Client { return NewClient(cfg, nil) },
		"dynamotest": func(cfg aws.Config) *dynamodb.Client {
			cfg.APIOptions = dynamotest.Start(t).Config().APIOptions
			return dynamodb.NewFromConfig(cfg)
		},
		"engine": func(cfg aws.Config) *dynamodb.Client {
			return dynamodb.New(enginetest.DynamoDB(t).Options(), func(o *dynamodb.Options) { o.HTTPClient, o.BaseEndpoint = cfg.HTTPClient, cfg.BaseEndpoint })
		},
	} {
		t.Run(name, func(t *testing.T) {
			taken, sent := make(chan struct{}), make(chan error, 1)
			pool := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				return slowConn{conn, taken}, err
			}}
			t.Cleanup(pool.CloseIdleConnections)
			cfg := aws.Config{Region: "r", Credentials: static(), BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: pool}}
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				WroteRequest: func(info httptrace.WroteRequestInfo) {
					select {
					case sent <- info.Err:
					default: // of another attempt
					}
				},
			})
			out, err := client(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("notes")}, func(o *dynamodb.Options) {
				o.APIOptions = append(o.APIOptions, tellsTaken(sync.OnceFunc(func() { close(taken) })))
			})
			require.NoError(t, err)
			require.Equal(t, "notes", *out.Table.TableName)
			require.NoError(t, <-sent)
		})
	}
}

// tellsTaken is an option that tells when the SDK has the reply and has closed the body of
// the request.
func tellsTaken(taken func()) func(*middleware.Stack) error {
	return func(s *middleware.Stack) error {
		return s.Deserialize.Add(middleware.DeserializeMiddlewareFunc("taken",
			func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
				defer taken()
				return next.HandleDeserialize(ctx, in)
			}), middleware.After)
	}
}
