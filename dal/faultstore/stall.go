package faultstore

import (
	"context"
	"sync"
)

// A Stall holds calls back before they take effect.
type Stall struct {
	reached, released   chan struct{}
	reachOnce, freeOnce sync.Once
}

// Stall holds call n back until Release, until its context is over, or until
// the process dies.
func (f *Faults) Stall(n int) *Stall { return f.StallOn(Between(n, n)) }

// StallOn holds back every call that matches until Release.
func (f *Faults) StallOn(match Match) *Stall {
	s := &Stall{reached: make(chan struct{}), released: make(chan struct{})}
	f.add(&rule{match: match, stall: s})
	return s
}

// Reached is closed once a call is held back.
func (s *Stall) Reached() <-chan struct{} { return s.reached }

// Release lets the calls go on, and those that come later pass.
func (s *Stall) Release() { s.freeOnce.Do(func() { close(s.released) }) }

// wait returns once the call may go on, or the context's error.
func (s *Stall) wait(ctx context.Context, dead <-chan struct{}) error {
	s.reachOnce.Do(func() { close(s.reached) })
	select {
	case <-s.released:
		return nil
	case <-dead:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
