package dynamostore

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// once is a desk whose client tries each request once: every repetition is the
// store's own.
func (d *desk) once(budget time.Duration) *desk {
	client := d.srv.Client(func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
	return d.with(client, Options{RetryBudget: budget})
}

// shapes are writes of each shape, captured and bare, with what they send.
func (d *desk) shapes() map[string]func() (store.Written, error) {
	bare := d.bare()
	plus := func(r transform.Record) store.Mutation {
		return store.Mutation{Op: store.Update, Key: d.keyOf(r), Modify: func(r transform.Record) error {
			v, _ := r.Get("count")
			n, _ := v.Int()
			return r.Set("count", transform.IntValue(n+1))
		}}
	}
	note, account := d.note("n", "count", "1"), d.account("1", "ann", "count", "1")
	return map[string]func() (store.Written, error){
		"captured":        func() (store.Written, error) { return d.try(plus(note)) },
		"with guards":     func() (store.Written, error) { return d.try(plus(account), d.create(d.account("2", "bob"))) },
		"with a token":    func() (store.Written, error) { return d.withToken("t", plus(note)) },
		"bare, one put":   func() (store.Written, error) { return bare.try(plus(note)) },
		"bare, many":      func() (store.Written, error) { return bare.try(plus(note), plus(account)) },
		"bare, new":       func() (store.Written, error) { return bare.try(bare.create(d.note("new"))) },
		"captured delete": func() (store.Written, error) { return d.try(d.remove(account)) },
	}
}

// prepared returns a desk with the records that shapes changes.
func prepared(t *testing.T) *desk {
	d := inProcess(t)
	d.write(d.create(d.note("n", "count", "1")), d.create(d.account("1", "ann", "count", "1")))
	d.cleanAll()
	return d
}

var writes = dynamotest.OnOperation("PutItem", "TransactWriteItems")

// TestLostReplyIsRecognised: the write was made, is made once, and says so.
// Whether the SDK sends it again or the store does.
func TestLostReplyIsRecognised(t *testing.T) {
	for name := range prepared(t).shapes() {
		for _, own := range []bool{false, true} {
			want := prepared(t)
			_, err := want.shapes()[name]()
			require.NoError(t, err)
			for fault, rule := range map[string]dynamotest.Rule{
				"lost": writes.Nth(1).LoseReply(), "broken after": writes.Nth(1).InternalErrorAfter(),
				"cut": writes.Nth(1).Cut(),
			} {
				d := prepared(t)
				if own {
					d = d.once(0)
				}
				hits := d.srv.Fault(rule)
				w, err := d.shapes()[name]()
				require.NoError(t, err, "%s, %s", name, fault)
				require.False(t, w.Repeated)
				require.NotZero(t, hits.Hits())
				require.Equal(t, len(want.everything()), len(d.everything()))
				for slot, it := range want.everything() {
					if it[attrVersion] != nil {
						require.Equal(t, it[attrVersion], d.find(slot, want)[attrVersion], "%s, %s", name, fault)
					}
				}
				require.Len(t, d.dirty(), len(want.dirty()))
			}
		}
	}
}

// find returns the item at the place that another desk names: their prefixes
// differ.
func (d *desk) find(slot string, other *desk) item {
	return d.everything()[d.opts.TablePrefix+slot[len(other.opts.TablePrefix):]]
}

// TestNoAnswerIsUnknown, and nothing else is.
func TestNoAnswerIsUnknown(t *testing.T) {
	for name := range prepared(t).shapes() {
		for fault, c := range map[string]struct {
			rule    dynamotest.Rule
			kind    error
			outcome store.Outcome
		}{
			"lost":      {writes.LoseReply(), store.ErrUnavailable, store.Unknown},
			"cut":       {writes.Cut(), store.ErrUnavailable, store.Unknown},
			"broken":    {writes.InternalError(), store.ErrUnavailable, store.Unknown},
			"throttled": {writes.Throttle(dynamotest.AccountLimit), store.ErrThrottled, store.NotApplied},
			"conflict":  {writes.Conflict(), store.ErrConflict, store.NotApplied},
		} {
			d := prepared(t).once(100 * time.Millisecond)
			before := len(d.everything())
			// The client hides nothing, but has no retryer of its own to watch.
			hits := d.srv.Fault(c.rule)
			_, err := d.shapes()[name]()
			hits.Remove()
			switch {
			case fault == "lost" && err == nil:
				continue // the condition told the second request
			case fault == "lost" && c.kind == store.ErrUnavailable:
			default:
				require.Equal(t, before, len(d.everything()), name)
			}
			requireRefused(t, err, c.kind, c.outcome)
		}
	}
}

// TestConflictsPass: a write that met a transaction, or was throttled, begins
// again and succeeds.
func TestConflictsPass(t *testing.T) {
	for name := range prepared(t).shapes() {
		for fault, rule := range map[string]dynamotest.Rule{
			"conflict": writes.Times(3).Conflict(), "throttled": writes.Times(3).Throttle(dynamotest.TableThroughput),
			"both": writes.Probability(0.5, 7).Times(4).Conflict(),
		} {
			d := prepared(t).once(0)
			d.srv.Fault(rule)
			_, err := d.shapes()[name]()
			require.NoError(t, err, "%s, %s", name, fault)
		}
	}
}

// TestHangOfAWriteEndsWithTheContext, unknown where it was sent.
func TestHangOfAWriteEndsWithTheContext(t *testing.T) {
	for name, c := range map[string]struct {
		rule    dynamotest.Rule
		outcome store.Outcome
	}{
		"write": {writes.Hang(), store.Unknown}, "read": {dynamotest.OnOperation("BatchGetItem").Hang(), store.NotApplied},
	} {
		d := prepared(t)
		before := d.everything()
		hung := d.srv.Fault(c.rule)
		ctx, cancel := context.WithCancel(d.ctx)
		d.ctx = ctx
		done := make(chan error, 1)
		go func() {
			_, err := d.try(d.update(d.note("n"), "count", "5"))
			done <- err
		}()
		require.Eventually(t, func() bool { return hung.Hits() == 1 }, waitLong, time.Millisecond)
		cancel()
		err := <-done
		requireRefused(t, err, store.ErrUnavailable, c.outcome)
		require.ErrorIs(t, err, context.Canceled, name)
		d.srv.ClearFaults()
		d.ctx = t.Context()
		if name == "read" {
			require.Equal(t, before, d.everything())
		}
		d.write(d.update(d.note("n"), "count", "6"))
	}
}

// TestQueueEndsWithTheContext: who waits for a key leaves when his time is over,
// and the next one goes on.
func TestQueueEndsWithTheContext(t *testing.T) {
	d := prepared(t)
	inside, goOn := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := d.try(store.Mutation{Op: store.Update, Key: d.keyOf(d.note("n")), Modify: func(r transform.Record) error {
			close(inside)
			<-goOn
			return r.Set("count", transform.IntValue(8))
		}})
		done <- err
	}()
	<-inside
	ctx, cancel := context.WithTimeout(d.ctx, 20*time.Millisecond)
	defer cancel()
	_, err := d.Write(ctx, d.at, store.Write{Mutations: []store.Mutation{d.update(d.note("n"), "count", "9"), d.create(d.note("a"))}})
	requireRefused(t, err, store.ErrUnavailable, store.NotApplied)
	d.write(d.create(d.note("a"))) // is not held by who has left
	close(goOn)
	require.NoError(t, <-done)
	d.write(d.update(d.note("n"), "count", "9"))
	require.Empty(t, d.queue.lines)
}

// TestLostReplyAndAnotherWriter: what can't be told is unknown, what can is told.
func TestLostReplyAndAnotherWriter(t *testing.T) {
	for name, c := range map[string]struct {
		captured bool
		applied  bool // the request whose reply is lost
		others   int  // writes of somebody else before the repetition
		outcome  store.Outcome
	}{
		// The service knows a transaction's id.
		"transaction, applied, overwritten": {true, true, 2, store.NoWrite},
		"transaction, not applied":          {true, false, 1, store.NoWrite},
		// A put is known by its own mark only.
		"put, applied, overwritten":     {false, true, 1, store.Unknown},
		"put, not applied":              {false, false, 1, store.NoWrite},
		"put, not applied, twice newer": {false, false, 2, store.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			d := prepared(t)
			other := d.with(d.client, Options{})
			slow := d.once(0)
			if !c.captured {
				slow.at = d.bare().at
			}
			mine := writes.When(func(r *dynamotest.Request) bool { return bytes.Contains(r.Body, []byte(`"mine"`)) })
			rule := mine.Nth(1).Cut()
			if c.applied {
				rule = mine.Nth(1).LoseReply()
			}
			first, second := d.srv.Fault(rule), d.srv.Fault(mine.Skip(1).Hang())
			done := make(chan error, 1)
			go func() {
				_, err := slow.try(store.Mutation{Op: store.Update, Key: d.keyOf(d.note("n")), Modify: func(r transform.Record) error {
					v, _ := r.Get("count")
					i, _ := v.Int()
					d.set(r, "body", "mine")
					return r.Set("count", transform.IntValue(i+100))
				}})
				done <- err
			}()
			require.Eventually(t, func() bool { return first.Hits() == 1 && second.Hits() == 1 }, waitLong, time.Millisecond)
			for i := range c.others {
				_, err := other.try(other.update(d.note("n"), "body", fmt.Sprint(i)))
				require.NoError(t, err)
			}
			second.Remove()
			err := <-done
			if c.outcome == store.NoWrite {
				require.NoError(t, err)
				v, _ := d.row(d.note("n")).Record.Get("count")
				require.Equal(t, "101", v.Text(), "once")
				return
			}
			requireRefused(t, err, store.ErrUnavailable, c.outcome)
		})
	}
}
