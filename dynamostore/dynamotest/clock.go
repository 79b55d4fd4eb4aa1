package dynamotest

import (
	"sync"
	"time"
)

// A clock is the real one, moved ahead by a test or stopped at a time.
type clock struct {
	mu      sync.Mutex
	offset  time.Duration
	stopped time.Time // zero while it runs
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped.IsZero() {
		return c.stopped
	}
	return time.Now().Add(c.offset)
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped.IsZero() {
		c.stopped = c.stopped.Add(d)
		return
	}
	c.offset += d
}

// SetTime stops the server's clock at t. The clock decides when items expire,
// how long client request tokens are kept and how old a stale read is. Latency
// and waiting clients are of the real time.
func (s *Server) SetTime(t time.Time) { s.clock.set(t) }

// Advance moves the server's clock, whether it runs or stands still.
func (s *Server) Advance(d time.Duration) { s.clock.advance(d) }

// Now returns the time of the server's clock.
func (s *Server) Now() time.Time { return s.clock.now() }
