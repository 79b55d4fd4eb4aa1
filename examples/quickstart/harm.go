package main

import (
	"errors"
	"os"
	"time"
)

// switchLife is within how long a child that a switch finds at work is killed:
// about as long as a switch takes, so that kills hit every part of it.
const switchLife = 400 * time.Millisecond

// moment returns a channel that is closed when it is time to kill a child: it
// has lived long enough, counted from its own beginning; or, one time in two, a
// switch has begun, of which it will not see the end. Without --kill the time
// never comes.
func (c *crew) moment(child *running) <-chan struct{} {
	if !c.deadly {
		return nil
	}
	// Among several processes the others should live to see what one's end means.
	life := (c.pace.shortest + c.upTo(c.pace.longest-c.pace.shortest)) * time.Duration(len(c.children)+1) / 2
	hit, inside := c.random.IntN(2) == 0, c.upTo(switchLife)
	over := make(chan struct{})
	go func() {
		defer close(over)
		<-child.begun
		select {
		case <-time.After(life):
		case <-c.switches:
			if hit {
				time.Sleep(inside)
			} else {
				time.Sleep(life)
			}
		}
	}()
	return over
}

func (c *crew) upTo(d time.Duration) time.Duration {
	return time.Duration(c.random.Int64N(int64(d)))
}

// meet says that a switch begins.
func (c *crew) meet() {
	select {
	case c.switches <- struct{}{}:
	default:
	}
}

// kill kills a child and starts it again.
func (c *crew) kill(n int) error {
	victim := c.children[n]
	// Kill is SIGKILL: no handler, no flush, no goodbye.
	if err := victim.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if child := <-c.ends; child != victim {
		return child.failure(errEnded)
	}
	c.mu.Lock()
	c.killed++
	c.mu.Unlock()
	return c.start(n)
}
