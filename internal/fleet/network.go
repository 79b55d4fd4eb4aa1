package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// What a caller is told that gets no reply.
var (
	// ErrLost says that no reply has come. The request may have had its effect,
	// or may have it still.
	ErrLost = errors.New("no reply")
	// ErrAway says that the store could not be reached: nothing was sent.
	ErrAway = errors.New("connection refused")
)

// A Fate is what becomes of a request. The zero Fate is an ordinary one: it
// arrives, and its reply comes back.
type Fate struct {
	// Away: the caller learns at once that there is no store.
	Away bool
	// Slow: it arrives after this long, and its reply comes back.
	Slow time.Duration
	// NoReply: the caller is told nothing for this long, and then ErrLost.
	NoReply time.Duration
	// Dropped, with NoReply: it never arrives.
	Dropped bool
	// Late, with NoReply: it arrives after this long.
	Late time.Duration
}

// arrive decides what becomes of a request, and lets its effect happen.
func (w *World) arrive(s *step) {
	var fate Fate
	if w.Fate != nil && s.early == 0 && s.Process.state != dead { // what is late has met its fate
		fate = w.Fate(w.rng, s.Call)
	}
	switch {
	case fate.Slow > 0:
		s.early = w.Elapsed() + fate.Slow
		w.trace.add(w.Elapsed(), fmt.Sprintf("%s %s - %s %s is slow: %v", s.Process.name, s.Who, s.Store, s.What, fate.Slow.Round(time.Millisecond)))
	case fate.Away:
		w.answer(s, 0, ErrAway, "refused")
	case fate.Dropped:
		w.answer(s, fate.NoReply, ErrLost, "lost")
	case fate.Late > 0:
		late := *s
		late.done, late.early, late.since = nil, w.Elapsed()+fate.Late, w.Elapsed()
		w.answer(s, fate.NoReply, ErrLost, fmt.Sprintf("delayed by %v", fate.Late.Round(time.Millisecond)))
		w.mu.Lock()
		w.waiting = append(w.waiting, &late)
		w.mu.Unlock()
	default:
		w.land(s, fate)
	}
}

// land lets the request have its effect.
func (w *World) land(s *step, fate Fate) {
	result, err := s.effect()
	if err != nil {
		result = short(err)
	}
	how := ""
	switch {
	case s.Process.state == dead:
		how = " (sent before it died)"
	case s.early > 0:
		how = " (late)"
	case s.done == nil:
		how = " (nobody waits for it)"
	}
	if fate.NoReply > 0 {
		w.answer(s, fate.NoReply, ErrLost, how+" = "+result+", reply lost")
	} else {
		w.answer(s, 0, nil, how+" = "+result)
	}
	if w.Landed != nil {
		w.Landed(s.Call, err)
	}
}

// answer takes the request out of the network and sends its caller a reply
// after d, if one waits.
func (w *World) answer(s *step, d time.Duration, err error, what string) {
	w.trace.add(w.Elapsed(), fmt.Sprintf("%s %s > %s %s%s", s.Process.name, s.Who, s.Store, s.What, spaced(what)))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.remove(s)
	if s.done == nil {
		return
	}
	s.kind, s.err, s.since, s.early, s.due = reply, err, w.Elapsed(), 0, 0
	if d > 0 {
		s.early = w.Elapsed() + d
	}
	w.waiting = append(w.waiting, s)
}

func spaced(s string) string {
	if s != "" && s[0] != ' ' {
		return " " + s
	}
	return s
}

// trip sends a request and waits for its reply as long as ctx lasts. The error
// says that there is none.
func (p *Process) trip(ctx context.Context, c Call, effect func() (string, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.Process = p
	done := make(chan error, 1)
	s := p.world.post(&step{Call: c, kind: request, effect: effect, done: done})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	p.world.abandon(s)
	if err := p.wait("waits no longer for "+c.Store+" "+c.What, c.Who, c.stack); err != nil {
		return err
	}
	return ctx.Err()
}

// wait lets the goroutine go on when the scheduler says so.
func (p *Process) wait(what, who, stack string) error {
	done := make(chan error, 1)
	p.world.post(&step{Call: Call{Process: p, Who: who, What: what, stack: stack}, kind: wake, done: done})
	return <-done
}

// Chance reports whether something happens that happens one time in n; never
// for n of 0.
func Chance(r *rand.Rand, n int) bool { return n > 0 && r.IntN(n) == 0 }
