package paritytest

import (
	"context"
	"fmt"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
)

// An Operation is one thing that a client of the service does.
type Operation[S any] struct {
	// Name says which it is where a difference is told.
	Name string
	// Do does it and returns what the client sees of it. An error of the service
	// belongs into the answer; Do returns one if the history can't go on.
	Do func(ctx context.Context, api S) (Answer, error)
	// Reads says that the operation changes nothing, so that it may be repeated
	// where Options.Lag allows an answer to come later.
	Reads bool
}

// An Answer is what the client sees of an operation.
type Answer struct {
	// Head is one line: a status and headers, or the kind of an error.
	Head string
	// Body is compared byte by byte. Where it is JSON, differences are named by
	// their path.
	Body []byte
}

// Options are the choices of a comparison. The zero value of each field means its
// default.
type Options struct {
	// Phases are those that are compared with phase 1, which is always played
	// first; if it is among them, twice. Default: all five.
	Phases []dal.Phase
	// NoWalk leaves out the histories beside steps from phase to phase. They are
	// played only if Phases is not set.
	NoWalk bool
	// Varies are the JSON paths of what may differ in each answer, such as clocks
	// and tokens: "$.timestamp", "$.data.items[*].id", "$..created_at". Only the
	// value may differ, not whether it is there. See Request.Varies for those of
	// one request.
	Varies []string
	// Headers are the names of the headers that are compared. Default:
	// Content-Type, Location, Allow, WWW-Authenticate, Retry-After, Cache-Control.
	Headers []string
	// Lag is how long an answer may take to become right where an index follows
	// its table with a delay: an operation that only reads is repeated that long.
	// 0, the default, is not at all: answers are right at once.
	Lag time.Duration
	// InTurn plays one history after the other, and not at once as many as
	// go test -parallel allows: for services that share something.
	InTurn bool
	// Timeout bounds one operation, waits for a step of the phase included.
	// Default 30 s.
	Timeout time.Duration
}

func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if len(c.Phases) > 0 {
		c.NoWalk = true
	} else {
		c.Phases = []dal.Phase{dal.MySQLOnly, dal.DualWrite, dal.Validate, dal.DynamoDBPrimary, dal.DynamoDBOnly}
	}
	if c.Headers == nil {
		c.Headers = []string{"Content-Type", "Location", "Allow", "WWW-Authenticate", "Retry-After", "Cache-Control"}
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	return c
}

// Operations plays a history of operations in each phase and across every step, and
// compares the answers with those of phase 1. open is called for each time the
// history is played: what it opens has the same rows each time.
func Operations[S any](t *testing.T, open func(testing.TB) Service[S], history []Operation[S], opts *Options) {
	t.Helper()
	o := opts.withDefaults()
	paths, err := parsePaths(o.Varies)
	require.NoError(t, err)
	play(t, open, func() []Operation[S] { return history }, o, paths)
}

// play does what Operations does. history is asked anew for each time it is played:
// one may remember what it was answered.
func play[S any](t *testing.T, open func(testing.TB) Service[S], history func() []Operation[S], o Options, varies []path) {
	t.Helper()
	var expected []Answer
	if !t.Run("reference", func(t *testing.T) {
		p := openIn(t, open, dal.MySQLOnly, o, varies)
		for _, op := range history() {
			answer, err := p.do(t.Context(), op, nil)
			require.NoError(t, err, op.Name)
			expected = append(expected, answer)
		}
	}) {
		return
	}
	t.Run("again", func(t *testing.T) { // ends when all below it have ended
		for _, phase := range o.Phases {
			t.Run(fmt.Sprintf("phase %d", phase), func(t *testing.T) {
				o.parallel(t)
				p := openIn(t, open, phase, o, varies)
				p.replay(t, history(), expected, nil)
			})
		}
		for first, step := range round {
			if o.NoWalk {
				break
			}
			t.Run(fmt.Sprintf("walk from step %d to %d", step.from, step.to), func(t *testing.T) {
				o.parallel(t)
				p := openIn(t, open, step.from, o, varies)
				p.replay(t, history(), expected, func(i int) dal.Phase { return round[(first+i)%len(round)].to })
			})
		}
	})
}

// parallel lets histories run beside each other: each waits for its processes most
// of the time.
func (o Options) parallel(t *testing.T) {
	if !o.InTurn {
		t.Parallel()
	}
}

// round is a walk through every step there is. Played from each of them, every
// operation meets every step.
var round = []struct{ from, to dal.Phase }{
	{1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 4}, {4, 3}, {3, 2}, {2, 1},
}

// A player plays a history on one service.
type player[S any] struct {
	walker
	api    S
	opts   Options
	varies []path
}

// openIn opens a service, takes it to a phase, and has it filled there if it is not yet.
func openIn[S any](t *testing.T, open func(testing.TB) Service[S], phase dal.Phase, o Options, varies []path) *player[S] {
	t.Helper()
	s := open(t)
	p := &player[S]{walker: walker{ctl: s.Controller, at: dal.MySQLOnly}, api: s.API, opts: o, varies: varies}
	require.NoError(t, p.to(t.Context(), phase))
	if s.Fill != nil {
		s.Fill(t)
	}
	return p
}

// replay plays the history and compares each answer. next, if not nil, says which
// step is made beside an operation. All differences are told; the history goes on
// after them.
func (p *player[S]) replay(t *testing.T, history []Operation[S], expected []Answer, next func(i int) dal.Phase) {
	t.Helper()
	for i, op := range history {
		where := fmt.Sprintf("phase %d, operation %d, %s", p.at, i+1, op.Name)
		made := make(chan error, 1)
		if next == nil {
			made <- nil
		} else {
			to := next(i)
			where = fmt.Sprintf("beside the step from phase %d to %d, operation %d, %s", p.at, to, i+1, op.Name)
			go func() { made <- p.step(t.Context(), to) }()
		}
		answer, err := p.do(t.Context(), op, &expected[i])
		require.NoError(t, err, where)
		require.NoError(t, <-made, where)
		for _, d := range p.differences(expected[i], answer) {
			t.Errorf("%s: %s", where, d)
		}
	}
	require.NoError(t, p.settle(t.Context()))
}

// again is how long a lagging answer is waited for between two tries.
const again = 10 * time.Millisecond

// do does an operation. One that reads and differs from what is expected is
// repeated as long as Lag allows.
func (p *player[S]) do(ctx context.Context, op Operation[S], expected *Answer) (Answer, error) {
	late := time.Now().Add(p.opts.Lag)
	for {
		answer, err := p.once(ctx, op)
		if err != nil || !op.Reads || expected == nil || time.Now().After(late) || len(p.differences(*expected, answer)) == 0 {
			return answer, err
		}
		time.Sleep(again)
	}
}

// once does an operation within Options.Timeout, also one that does not look at its
// context, and outlives the test then. A panic in it is an error.
func (p *player[S]) once(ctx context.Context, op Operation[S]) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, p.opts.Timeout)
	defer cancel()
	var answer Answer
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		got, err := op.Do(ctx, p.api)
		answer = got
		done <- err
	}()
	select {
	case err := <-done:
		return answer, err
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("no answer within %v", p.opts.Timeout)
	}
}

// differences says in what an answer is another one than expected.
func (p *player[S]) differences(expected, answer Answer) []string {
	if expected.Head != answer.Head {
		// The body says why.
		return []string{fmt.Sprintf("answers %s, and in phase 1 %s; body %s", answer.Head, expected.Head, excerpt(answer.Body))}
	}
	return compareBodies(expected.Body, answer.Body, p.varies)
}
