package dynamostore

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// A retryer has the methods of an aws.Retryer, and none of them works.
type retryer = aws.Retryer

func putOf(p *place, it item) *dynamodb.PutItemInput {
	return &dynamodb.PutItemInput{TableName: &p.table, Item: it}
}

func static() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("key", "secret", "")
}

// to returns a store that talks to an address.
func to(t *testing.T, endpoint string, cfg aws.Config, opts *ClientOptions) *fixture {
	c, err := transform.Load(contractText)
	require.NoError(t, err)
	opts.Endpoint = endpoint
	s, err := New(NewClient(cfg, opts), c, nil)
	require.NoError(t, err)
	return &fixture{T: t, Store: s, ctx: t.Context(), users: c.Entity("Users"), things: c.Entity("Things")}
}

func TestNewClientSizesTimeoutsAndPool(t *testing.T) {
	read := func(c *dynamodb.Client) (*awshttp.BuildableClient, *http.Transport) {
		b, ok := c.Options().HTTPClient.(*awshttp.BuildableClient)
		require.True(t, ok)
		return b, b.GetTransport()
	}
	b, transport := read(NewClient(aws.Config{Region: "eu-west-1", RetryMaxAttempts: 9}, nil))
	require.Equal(t, 2*time.Second, b.GetTimeout())
	require.Equal(t, time.Second, b.GetDialer().Timeout)
	require.Equal(t, 256, transport.MaxIdleConnsPerHost)
	require.Equal(t, 256, transport.MaxIdleConns)

	own := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.DisableCompression = true })
	c := NewClient(aws.Config{HTTPClient: own}, &ClientOptions{
		Endpoint: "http://127.0.0.1:1", AttemptTimeout: time.Minute, DialTimeout: time.Hour, Attempts: 5, Connections: 7,
	})
	b, transport = read(c)
	require.True(t, transport.DisableCompression, "what the caller set stays")
	require.Equal(t, time.Minute, b.GetTimeout())
	require.Equal(t, time.Hour, b.GetDialer().Timeout)
	require.Equal(t, 7, transport.MaxIdleConnsPerHost)
	require.Equal(t, 5, c.Options().Retryer.MaxAttempts())
	require.Equal(t, "http://127.0.0.1:1", *c.Options().BaseEndpoint)

	foreign := &http.Client{}
	require.Same(t, foreign, NewClient(aws.Config{HTTPClient: foreign}, nil).Options().HTTPClient)
}

func TestNewClientTriesTwice(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer server.Close()
	f := to(t, server.URL, aws.Config{Region: "r", Credentials: static(), RetryMaxAttempts: 9}, &ClientOptions{})
	_, err := f.Put(f.ctx, store.At{}, f.row(f.user(1), 1))
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.Equal(t, store.Unknown, store.OutcomeOf(err))
	require.Equal(t, 2, calls)
}

func TestUnreachableEndpoint(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listener.Close() // nobody listens there now
	f := to(t, "http://"+listener.Addr().String(), aws.Config{Region: "r", Credentials: static()}, &ClientOptions{})
	err = f.Check(f.ctx)
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorContains(t, err, listener.Addr().String())
	_, err = f.Put(f.ctx, store.At{}, f.row(f.user(1), 1))
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.Equal(t, store.NotApplied, store.OutcomeOf(err))
	errs, err := f.Insert(f.ctx, f.rows(f.user(1)))
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorIs(t, errs[0], store.ErrUnavailable)
}

func TestMissingCredentials(t *testing.T) {
	none := errors.New("no credentials: secret")
	for name, cfg := range map[string]aws.Config{
		"empty": {Region: "r", Credentials: credentials.StaticCredentialsProvider{}},
		"provider fails": {Region: "r", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, none
		})},
	} {
		f := to(t, "http://127.0.0.1:1", cfg, &ClientOptions{})
		err := f.Check(f.ctx)
		require.ErrorIs(t, err, store.ErrInvalid, name)
		require.ErrorContains(t, err, "set up the credentials", name)
		_, err = f.Put(f.ctx, store.At{}, f.row(f.user(1), 1))
		require.ErrorIs(t, err, store.ErrInvalid, name)
		require.Equal(t, store.NotApplied, store.OutcomeOf(err), name)
	}
	f := to(t, "", aws.Config{Credentials: static()}, &ClientOptions{})
	require.ErrorIs(t, f.Check(f.ctx), store.ErrInvalid, "no region")
}

// proxied returns a fixture whose store is behind a proxy in front of an engine
// that has its tables.
func proxied(t *testing.T, opts *ClientOptions) (*fixture, *enginetest.Proxy) {
	client := enginetest.DynamoDB(t)
	base := newFixture(t, client)
	require.NoError(t, base.Apply(base.ctx, nil, nil))
	u, err := url.Parse(*client.Options().BaseEndpoint)
	require.NoError(t, err)
	proxy := enginetest.NewProxy(t, u.Host)
	opts.Endpoint = "http://" + proxy.Addr()
	cfg := aws.Config{Region: client.Options().Region, Credentials: client.Options().Credentials}
	return base.with(NewClient(cfg, opts), Options{}), proxy
}

// TestHangEndsWithTheContext has an endpoint that takes requests and answers
// none: every call returns when its context ends.
func TestHangEndsWithTheContext(t *testing.T) {
	f, proxy := proxied(t, &ClientOptions{AttemptTimeout: time.Hour})
	f.put(f.row(f.user(1, "city", "Rome"), 1), true)
	proxy.Hang()
	key := keyOf(t, f.user(1))
	for name, call := range map[string]func(context.Context) error{
		"Get": func(ctx context.Context) error { _, err := f.Get(ctx, store.At{}, key); return err },
		"GetMany": func(ctx context.Context) error {
			_, err := f.GetMany(ctx, store.At{}, []transform.Key{key})
			return err
		},
		"Query": func(ctx context.Context) error { _, err := f.Query(ctx, store.At{}, f.inCity("Rome", 1)); return err },
		"Scan": func(ctx context.Context) error {
			_, err := f.Scan(ctx, store.At{}, store.Range{Entity: f.users, Limit: 1})
			return err
		},
		"Put":    func(ctx context.Context) error { _, err := f.Put(ctx, store.At{}, f.row(f.user(1), 2)); return err },
		"Insert": func(ctx context.Context) error { _, err := f.Insert(ctx, f.rows(f.user(2))); return err },
		"Check":  f.Check,
	} {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond) // in which it is sent
		err := call(ctx)
		cancel()
		require.ErrorIs(t, err, store.ErrUnavailable, name)
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		require.Less(t, time.Since(began), time.Minute, name)
		if name == "Put" {
			require.Equal(t, store.Unknown, store.OutcomeOf(err))
		}
	}
	proxy.Resume()
	require.NoError(t, f.Check(f.ctx))
}

// TestAttemptTimeout has no deadline of the caller's: the client's own ends it.
func TestAttemptTimeout(t *testing.T) {
	f, proxy := proxied(t, &ClientOptions{AttemptTimeout: 30 * time.Millisecond})
	proxy.Hang()
	_, err := f.Get(f.ctx, store.At{}, keyOf(t, f.user(1)))
	require.ErrorIs(t, err, store.ErrUnavailable)
	proxy.Resume()
	require.Eventually(t, func() bool { return f.Check(f.ctx) == nil }, waitLong, waitShort)
}

// TestOperationTimeout has no deadline of the caller's, and attempts that would go on
// for long: whatever an operation spends its time on, its own deadline ends it.
func TestOperationTimeout(t *testing.T) {
	bound := ClientOptions{OperationTimeout: 300 * time.Millisecond, AttemptTimeout: time.Hour, Attempts: 1 << 20}
	ends := func(t *testing.T, f *fixture, outcome store.Outcome) {
		_, err := f.Get(f.ctx, store.At{}, keyOf(t, f.user(1)))
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = f.Put(f.ctx, store.At{}, f.row(f.user(1), 1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, outcome, store.OutcomeOf(err))
		require.NoError(t, f.ctx.Err())
	}
	t.Run("an attempt that hangs", func(t *testing.T) {
		srv, err := dynamotest.New()
		require.NoError(t, err)
		t.Cleanup(func() { srv.Close() })
		hung := srv.Fault(dynamotest.OnAny().Hang())
		f := to(t, "", srv.Config(), &bound)
		ends(t, f, store.Unknown)
		hung.Remove()
		wide := bound
		wide.OperationTimeout = time.Hour
		f = to(t, "", srv.Config(), &wide)
		require.NoError(t, f.Apply(f.ctx, nil, nil), "it bounds each operation, not those before it")
		f.put(f.row(f.user(1), 1), true)
	})
	t.Run("attempts that fail one after another", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		}))
		t.Cleanup(server.Close)
		ends(t, to(t, server.URL, aws.Config{Region: "r", Credentials: static()}, &bound), store.Unknown)
	})
	t.Run("credentials that do not come", func(t *testing.T) {
		waits := aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			<-ctx.Done()
			return aws.Credentials{}, ctx.Err()
		})
		ends(t, to(t, "http://127.0.0.1:1", aws.Config{Region: "r", Credentials: waits}, &bound), store.NotApplied)
	})
}

// TestEndpointOfClient: what the options name goes above the configuration's, and
// nothing else of where to go and as whom is touched.
func TestEndpointOfClient(t *testing.T) {
	cfg := aws.Config{Region: "eu-west-1", Credentials: static(), BaseEndpoint: aws.String("http://127.0.0.1:1")}
	o := NewClient(cfg, nil).Options()
	require.Equal(t, "http://127.0.0.1:1", *o.BaseEndpoint)
	require.Equal(t, "eu-west-1", o.Region)
	given, err := o.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	require.Equal(t, "key", given.AccessKeyID)
	require.Equal(t, "http://127.0.0.1:2", *NewClient(cfg, &ClientOptions{Endpoint: "http://127.0.0.1:2"}).Options().BaseEndpoint)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:3")
	require.Equal(t, "http://127.0.0.1:2", *NewClient(cfg, &ClientOptions{Endpoint: "http://127.0.0.1:2"}).Options().BaseEndpoint)
}
