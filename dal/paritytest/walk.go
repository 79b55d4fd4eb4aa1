package paritytest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// A Service is a service under test, opened upon two fresh stores that nothing else
// uses, in phase 1 without capture.
type Service[S any] struct {
	// API is what operations are called on: a handler, a repository, a struct of
	// them.
	API S
	// Controller is the one that the service's repositories were made with. Its
	// Close is the business of whoever opened it, by t.Cleanup.
	Controller *migrationctl.Controller
	// Fill, if not nil, writes the rows that the history is about through the API or
	// its repositories. It is called once the group is in the phase that is compared,
	// so that this phase writes every row. What is written before, by whoever opens
	// the service, MySQL alone takes, and the backfill brings it over.
	Fill func(t testing.TB)
}

// why is what the audit says of steps made here.
var why = migrationctl.Change{Who: "paritytest", Reason: "parity test", Force: true}

// Go takes a group that is in phase 1, without capture and with data in MySQL
// alone, to a phase, step by step as an operator does: capture, backfill and a
// clean verify on the way. It fails the test with the reason if a step is refused
// or the stores differ. Guards that are comfort, such as how long phase 4 should
// last, are overruled.
func Go(t testing.TB, ctl *migrationctl.Controller, to dal.Phase) {
	t.Helper()
	w := walker{ctl: ctl, at: dal.MySQLOnly}
	require.NoError(t, w.to(t.Context(), to))
}

// A walker takes a group from phase to phase.
type walker struct {
	ctl      *migrationctl.Controller
	at       dal.Phase
	filled   bool // the backfill was made
	verified bool
}

// to goes to a phase, one step after the other.
func (w *walker) to(ctx context.Context, phase dal.Phase) error {
	for w.at != phase {
		next := w.at + 1
		if phase < w.at {
			next = w.at - 1
		}
		if err := w.step(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// tries is how often a step is made that the follower has to catch up for. One on a
// busy machine may stand still for longer than a step waits.
const tries = 3

// step makes one step, with what it demands before and what belongs to it after.
func (w *walker) step(ctx context.Context, to dal.Phase) error {
	if err := w.before(ctx, to); err != nil {
		return fmt.Errorf("before phase %d: %w", to, err)
	}
	var err error
	for range tries {
		if err = w.ctl.SetPhase(ctx, to, why); !errors.Is(err, migrationctl.ErrBehind) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("step from phase %d to %d: %w", w.at, to, err)
	}
	w.at = to
	if err := w.after(ctx); err != nil {
		return fmt.Errorf("in phase %d: %w", to, err)
	}
	return nil
}

func (w *walker) before(ctx context.Context, to dal.Phase) error {
	switch {
	case w.at == dal.MySQLOnly && !w.filled:
		return w.ctl.CaptureOn(ctx, why)
	case w.at == dal.DynamoDBPrimary && to == dal.DynamoDBOnly:
		_, err := w.ctl.Drain(ctx, nil)
		return err
	case w.at == dal.DynamoDBOnly:
		return w.verify(ctx)
	}
	return nil
}

func (w *walker) after(ctx context.Context) error {
	switch {
	case w.at == dal.DualWrite && !w.filled:
		w.filled = true
		return w.backfill(ctx)
	case w.at == dal.Validate && !w.verified:
		w.verified = true
		return w.verify(ctx)
	}
	return nil
}

// backfill brings the rows over. A row that no item can hold is an error here.
func (w *walker) backfill(ctx context.Context) error {
	dead := map[string]int64{}
	err := w.ctl.Backfill(ctx, migrationctl.BackfillOptions{Report: func(r migrationctl.BackfillReport) { dead[r.Entity] = r.DeadLetters }})
	if err != nil {
		return fmt.Errorf("backfill: %w", err)
	}
	for entity, n := range dead {
		if n > 0 {
			err = errors.Join(err, fmt.Errorf("backfill: %d rows of %s can't become items; the controller's DeadLetters say why", n, entity))
		}
	}
	return err
}

// verify compares every key of both stores. The error names keys by a hash, and the
// attributes that differ.
func (w *walker) verify(ctx context.Context) error {
	reports, err := w.ctl.Verify(ctx, migrationctl.VerifyOptions{})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	var errs []error
	for _, r := range reports {
		if !r.Clean() {
			errs = append(errs, fmt.Errorf("verify: %d of %d keys of %s differ%s", r.Differences, r.Compared, r.Entity, named(r)))
		}
	}
	return errors.Join(errs...)
}

// named lists the first differences.
func named(r migrationctl.VerifyReport) string {
	const most = 5
	var b strings.Builder
	for i, c := range r.Named {
		if i == most {
			b.WriteString("; …")
			break
		}
		fmt.Fprintf(&b, "; %s", c.Key)
		switch {
		case c.Missing != "":
			fmt.Fprintf(&b, " is missing in %s", c.Missing)
		case len(c.Columns) > 0:
			fmt.Fprintf(&b, " in %s", strings.Join(c.Columns, ", "))
		case len(c.Beside) > 0:
			fmt.Fprintf(&b, ": %s", strings.Join(c.Beside, ", "))
		}
		if c.Unfit != nil {
			fmt.Fprintf(&b, ": %v", c.Unfit)
		}
	}
	return b.String()
}

// settle brings what waits to the follower and compares the stores, where there is
// a follower.
func (w *walker) settle(ctx context.Context) error {
	if w.at == dal.MySQLOnly || w.at == dal.DynamoDBOnly {
		return nil
	}
	if _, err := w.ctl.Drain(ctx, nil); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	return w.verify(ctx)
}
