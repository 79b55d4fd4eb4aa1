package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// switchLife is within how long a process that a switch finds at work is killed
// or stopped: about as long as a switch takes, so that it hits every part of it.
const switchLife = 400 * time.Millisecond

// A harm is how often something was done to a process.
type harm struct {
	killed, stopped int
}

func (h harm) plus(o harm) harm  { return harm{h.killed + o.killed, h.stopped + o.stopped} }
func (h harm) minus(o harm) harm { return harm{h.killed - o.killed, h.stopped - o.stopped} }

// String returns the end of a line that tells it.
func (h harm) String() string {
	var b strings.Builder
	for _, c := range []struct {
		n    int
		what string
	}{{h.killed, "killed"}, {h.stopped, "stopped"}} {
		switch c.n {
		case 0:
		case 1:
			fmt.Fprintf(&b, ", %s once", c.what)
		default:
			fmt.Fprintf(&b, ", %s %d times", c.what, c.n)
		}
	}
	return b.String()
}

// moment returns a channel that is closed when it is time to harm a child: it
// has lived long enough, counted from its own beginning; or, one time in two, a
// switch has begun, of which it will not see the end. Without --kill and --stop
// the time never comes.
func (c *crew) moment(child *running) <-chan struct{} {
	if !c.kills && !c.stops {
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

// harm kills a child or stops it, whichever may be done to it.
func (c *crew) harm(n int) error {
	if c.stops && (!c.kills || c.random.IntN(2) == 0) {
		return c.suspend(n)
	}
	return c.kill(n)
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
	c.count(harm{killed: 1})
	return c.start(n)
}

// suspend stops a child until its lease has run out, and the others have been
// at work without it for a while.
func (c *crew) suspend(n int) error {
	process := c.children[n].cmd.Process
	if err := halt(process); err != nil {
		return err
	}
	c.count(harm{stopped: 1})
	select {
	case <-time.After(migrationctl.LeaseLength + c.upTo(migrationctl.LeaseLength/2)):
	case <-c.stopping:
	}
	return goOn(process)
}

// doomed lets an operator of its own begin a change of phase, and kills it
// somewhere inside.
func (g *game) doomed(ctx context.Context, to dal.Phase) error {
	path, err := job{Place: g.made.Place, To: to}.write(g.dir, "operator")
	if err != nil {
		return err
	}
	operator, err := jobCommand(path)
	if err != nil {
		return err
	}
	out, err := operator.StdoutPipe()
	if err != nil {
		return err
	}
	if err := operator.Start(); err != nil {
		return fmt.Errorf("start an operator: %w", err)
	}
	begun := json.NewDecoder(out).Decode(&sample{})
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(switchLife)):
	}
	if err := operator.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = operator.Wait() // it was killed
	return begun
}
