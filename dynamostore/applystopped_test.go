package dynamostore

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// An interruption ends a run at its nth call: before the call reaches the service,
// after it took effect, or by the context.
type interruption struct {
	client *dynamodb.Client
	how    string
	at     int
	cancel context.CancelFunc

	mu    sync.Mutex
	calls int
}

func (i *interruption) Do(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	i.calls++
	hit := i.calls == i.at
	i.mu.Unlock()
	if hit && i.how == "before" {
		return nil, errors.New("cut off")
	}
	if hit && i.how == "context" {
		i.cancel()
	}
	out, err := i.client.Options().HTTPClient.Do(r)
	if err == nil && hit && i.how == "after" {
		out.Body.Close()
		return nil, errors.New("cut off")
	}
	return out, err
}

// stopped runs Apply on new tables, each time interrupted at a later call, from the
// first by so many, until it ends; and each time again, uninterrupted. It returns how
// many calls it takes.
func stopped(t *testing.T, client *dynamodb.Client, file, how string, first, by int, before func(*site)) int {
	whole := newSite(t, client, file)
	whole.opts.PollInterval = time.Millisecond
	before(whole)
	require.NoError(t, whole.Apply(whole.ctx, nil, nil))
	want := whole.describes()
	for n := first; ; n += by {
		ctx, cancel := context.WithCancel(t.Context())
		cut := &interruption{client: client, how: how, at: n, cancel: cancel}
		s := newSite(t, client, file)
		before(s)
		s.opts.PollInterval = time.Millisecond
		through := s.by(dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.HTTPClient, o.Retryer = cut, aws.NopRetryer{} }), file)
		through.opts.PollInterval = time.Millisecond
		err := through.Apply(ctx, nil, nil)
		cancel()
		if cut.calls < n {
			require.NoError(t, err)
			require.Equal(t, want, s.describes())
			return cut.calls
		}
		require.NoError(t, s.Apply(s.ctx, nil, nil), "after call %d", n)
		require.Equal(t, want, s.describes(), "after call %d", n)
		require.Empty(t, s.lines(s.verified()), "after call %d", n)
	}
}

// TestApplyStoppedAtEveryCall ends with the same tables, wherever it was stopped
// and in whatever way; of the many calls of an addition and of the shop, each in one.
func TestApplyStoppedAtEveryCall(t *testing.T) {
	for i, how := range []string{"before", "after", "context"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			srv := dynamotest.Start(t)
			srv.Fault(dynamotest.OnOperation("CreateTable").SettleAfter(1))
			srv.Fault(dynamotest.OnOperation("UpdateTable").SettleAfter(1))
			require.Greater(t, stopped(t, srv.Client(), keptFile, how, 1, 1, func(*site) {}), 20)
			require.Greater(t, stopped(t, srv.Client(), keptFile, how, 1+i, 3, func(s *site) { s.creates(bare) }), 40)
			require.Greater(t, stopped(t, srv.Client(), shopFile, how, 1+i, 3, func(*site) {}), 30)
		})
	}
}

// TestApplyStoppedOnEngines is that of the smallest contract on every engine, each call in
// one of the ways.
func TestApplyStoppedOnEngines(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		for i, how := range []string{"before", "after", "context"} {
			require.Greater(t, stopped(t, client, notesFile, how, 1+i, 3, func(*site) {}), 10)
		}
	})
}

// TestApplyStoppedWithTheShop stops it in the middle of several tables.
func TestApplyStoppedWithTheShop(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		s := newSite(t, client, shopFile)
		stop := errors.New("stopped")
		asked := 0
		require.ErrorIs(t, s.Apply(s.ctx, func(TablePlan) (bool, error) {
			if asked++; asked == 3 {
				return false, stop
			}
			return true, nil
		}, nil), stop)
		require.NoError(t, s.Apply(s.ctx, nil, nil))
		require.Empty(t, s.lines(s.verified()))
	})
}
