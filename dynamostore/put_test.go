package dynamostore

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

func TestPutKeepsWhatIsAsNew(t *testing.T) {
	each(t, func(f *fixture) {
		first, second := f.user(1, "city", "Paris"), f.user(1, "city", "Rome")
		f.put(f.row(first, 7), true)
		f.put(f.row(second, 6), false)
		f.put(f.row(second, 7), false)
		f.put(f.gone(second, 7), false)
		require.Equal(f, f.row(first, 7), f.get(first))
		f.put(f.row(second, 8), true)
		require.Equal(f, f.row(second, 8), f.get(first))
		f.put(f.row(first, store.Floor(1)+1), true)
		f.put(f.row(second, 9), false) // 9 < 2^40+1 as numbers, not as texts
		require.Equal(f, f.row(first, store.Floor(1)+1), f.get(first))
	})
}

func TestPutOverAnItemWithoutVersion(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.user(1, "city", "Paris")
		it, err := f.users.Item(f.user(1, "city", "Rome"))
		require.NoError(f, err)
		f.rawPut(f.users, it)
		f.put(f.row(r, 1), true)
		require.Equal(f, f.row(r, 1), f.get(r))
	})
}

func TestTombstoneWhereNothingWas(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.user(1)
		f.put(f.gone(r, 5), true)
		require.Equal(f, store.Row{Key: keyOf(f, r), Version: 5, Tombstone: true}, f.get(r))
		f.put(f.row(r, 4), false)
		require.True(f, f.get(r).Tombstone)
		f.put(f.row(r, 6), true)
		require.Equal(f, f.row(r, 6), f.get(r))
	})
}

func TestTombstoneBlocksInsert(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.user(1)
		f.put(f.gone(r, 5), true)
		f.insert(r)
		require.Equal(f, store.Row{Key: keyOf(f, r), Version: 5, Tombstone: true}, f.get(r))
	})
}

func TestTombstoneKeepsKeyOnly(t *testing.T) {
	each(t, func(f *fixture) {
		f.opts.Now = func() time.Time { return time.Unix(1700000000, 0) }
		r := f.user(1, "city", "Paris", "score", "3", "profile", `{"a":1}`)
		f.put(f.row(r, 1), true)
		f.put(f.gone(r, 2), true)
		require.Equal(f, item{
			"userId":      &types.AttributeValueMemberN{Value: "1"},
			attrEntity:    &types.AttributeValueMemberS{Value: "Users"},
			attrKey:       &types.AttributeValueMemberS{Value: "1"},
			attrVersion:   &types.AttributeValueMemberN{Value: "2"},
			attrTombstone: &types.AttributeValueMemberBOOL{Value: true},
			attrDeletedAt: &types.AttributeValueMemberN{Value: "1700000000"},
		}, f.rawItem(r))
	})
}

func TestItemsNameEntityAndKey(t *testing.T) {
	each(t, func(f *fixture) {
		r := f.record(f.things, "code", "\x00\xff", "part", "7")
		f.put(f.row(r, 1), true)
		it := f.rawItem(r)
		require.Equal(f, &types.AttributeValueMemberS{Value: "Things"}, it[attrEntity])
		require.Equal(f, &types.AttributeValueMemberS{Value: keyOf(f, r).ID}, it[attrKey])
		require.NotContains(f, it, attrTombstone)
		require.NotContains(f, it, attrDeletedAt)
	})
}

// refusing is a client that must not be asked.
func refusing(t *testing.T) Client {
	return dynamodb.New(dynamodb.Options{Region: "nowhere", HTTPClient: wire(func(r *http.Request) (*http.Response, error) {
		t.Error("a request was sent: " + operation(r))
		return nil, errors.New("refused")
	})})
}

func TestPutRefusesBeforeSending(t *testing.T) {
	f := offline(t)
	r, other := f.user(1), f.user(2)
	for name, c := range map[string]struct {
		row  store.Row
		kind error
	}{
		"too large":         {f.row(f.user(1, "profile", `{"a":"`+strings.Repeat("x", 400<<10)+`"}`), 1), store.ErrTooLarge},
		"another key":       {store.Row{Key: keyOf(t, other), Version: 1, Live: true, Record: r}, store.ErrInvalid},
		"another entity":    {store.Row{Key: keyOf(t, r), Version: 1, Live: true, Record: f.things.NewRecord()}, store.ErrInvalid},
		"no record":         {store.Row{Key: keyOf(t, r), Version: 1, Live: true}, store.ErrInvalid},
		"unknown entity":    {store.Row{Key: transform.Key{Entity: "Nobody", ID: "1"}, Version: 1}, store.ErrInvalid},
		"no key of that":    {store.Row{Key: transform.Key{Entity: "Users", ID: "x"}, Version: 1}, store.ErrInvalid},
		"empty in an index": {f.row(f.user(1, "city", ""), 1), store.ErrInvalid},
	} {
		took, err := f.Put(f.ctx, store.At{}, c.row)
		require.False(t, took, name)
		require.ErrorIs(t, err, c.kind, name)
		require.Equal(t, store.NotApplied, store.OutcomeOf(err), name)
		errs, err := f.Insert(f.ctx, []store.Row{c.row})
		require.NoError(t, err, name)
		require.Error(t, errs[0], name)
	}
}

// offline returns a fixture without an engine.
func offline(t *testing.T) *fixture {
	c, err := transform.Load(contractText)
	require.NoError(t, err)
	s, err := New(refusing(t), c, nil)
	require.NoError(t, err)
	return &fixture{T: t, Store: s, ctx: t.Context(), users: c.Entity("Users"), things: c.Entity("Things")}
}

// An attempt is what becomes of one request on the wire.
type attempt func(send func() (*http.Response, error)) (*http.Response, error)

func passes(send func() (*http.Response, error)) (*http.Response, error) { return send() }

func losesReply(send func() (*http.Response, error)) (*http.Response, error) {
	resp, err := send()
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	return nil, &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
}

func neverDials(func() (*http.Response, error)) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
}

// answers is an attempt that the service answers with an error.
func answers(status int, code string) attempt {
	return func(func() (*http.Response, error)) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(
			`{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"secret"}`))}, nil
	}
}

// attemptsOf returns a client whose attempts of PutItem go as the test says.
func attemptsOf(client *dynamodb.Client, plan ...attempt) *dynamodb.Client {
	n := 0
	over := client.Options().HTTPClient
	c := through(client, func(r *http.Request) (*http.Response, error) {
		send := func() (*http.Response, error) { return over.Do(r) }
		if operation(r) != "PutItem" || n >= len(plan) {
			return send()
		}
		n++
		return plan[n-1](send)
	})
	return dynamodb.New(c.Options(), func(o *dynamodb.Options) {
		o.RetryMaxAttempts = 0
		o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
			s.MaxAttempts, s.MaxBackoff = 2, time.Millisecond
		})
	})
}

func TestPutSaysWhatBecameOfIt(t *testing.T) {
	client := enginetest.DynamoDB(t)
	base := newFixture(t, client)
	require.NoError(t, base.Apply(base.ctx, nil, nil))
	throttles := answers(400, "ProvisionedThroughputExceededException")
	for i, c := range []struct {
		name    string
		plan    []attempt
		kind    error // nil: no error
		outcome store.Outcome
		took    bool
	}{
		{"nothing goes wrong", []attempt{passes}, nil, 0, true},
		{"a lost reply, found again", []attempt{losesReply, passes}, nil, 0, false},
		{"all replies lost", []attempt{losesReply, losesReply}, store.ErrUnavailable, store.Unknown, false},
		{"never reached", []attempt{neverDials, neverDials}, store.ErrUnavailable, store.NotApplied, false},
		{"lost, then never reached", []attempt{losesReply, neverDials}, store.ErrUnavailable, store.Unknown, false},
		{"throttled", []attempt{throttles, throttles}, store.ErrThrottled, store.NotApplied, false},
		{"lost, then throttled", []attempt{losesReply, throttles}, store.ErrThrottled, store.Unknown, false},
		{"refused", []attempt{answers(400, "ValidationException")}, store.ErrInvalid, store.NotApplied, false},
		{"lost, then refused", []attempt{losesReply, answers(400, "ValidationException")}, store.ErrInvalid, store.Unknown, false},
		{"broken inside", []attempt{answers(500, "InternalServerError"), answers(503, "ServiceUnavailable")}, store.ErrUnavailable, store.Unknown, false},
		{"garbled", []attempt{answers(418, "Teapot")}, store.ErrInvalid, store.NotApplied, false},
	} {
		f := base.with(attemptsOf(client, c.plan...), Options{})
		took, err := f.Put(f.ctx, store.At{}, f.row(f.user(i), 1))
		require.Equal(t, c.took, took, c.name)
		if c.kind == nil {
			require.NoError(t, err, c.name)
			continue
		}
		require.ErrorIs(t, err, c.kind, c.name)
		require.Equal(t, c.outcome, store.OutcomeOf(err), c.name)
		require.NotContains(t, err.Error(), "secret", c.name)
	}
}

func TestPutOfACancelledCaller(t *testing.T) {
	client := enginetest.DynamoDB(t)
	f := newFixture(t, client)
	require.NoError(t, f.Apply(f.ctx, nil, nil))
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	_, err := f.Put(ctx, store.At{}, f.row(f.user(1), 1))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, store.ErrUnavailable)

	ctx, cancel = context.WithCancel(f.ctx)
	g := f.with(attemptsOf(client, func(send func() (*http.Response, error)) (*http.Response, error) {
		resp, err := send()
		cancel()
		if err == nil {
			resp.Body.Close()
		}
		return nil, context.Canceled
	}), Options{})
	_, err = g.Put(ctx, store.At{}, g.row(g.user(2), 1))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, store.Unknown, store.OutcomeOf(err))
	require.True(t, f.get(f.user(2)).Live)
}
