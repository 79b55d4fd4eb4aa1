package migrationctl

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"time"
)

// A machine is what a process has of the computer it runs on: a clock, a way to
// wait, and a name that no other start of a process has. Simulations give each
// process one of its own, whose clock drifts.
type machine struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
	name  func() string
	// oneByOne says that what could be done at once is done one after the
	// other, so that what a process does depends on nothing but what it is
	// answered.
	oneByOne bool
}

// thisMachine is the one the process really runs on.
func thisMachine() *machine {
	return &machine{now: time.Now, sleep: sleepHere, name: func() string {
		var id [6]byte
		rand.Read(id[:]) // never fails
		return fmt.Sprintf("%d-%s", os.Getpid(), hex.EncodeToString(id[:]))
	}}
}

// sleepHere waits for d or until ctx ends.
func sleepHere(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// atOnce returns how many goroutines may share a piece of work.
func (m *machine) atOnce(n int) int {
	if m.oneByOne {
		return 1
	}
	return n
}
