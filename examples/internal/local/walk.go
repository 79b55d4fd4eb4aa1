package local

import (
	"context"
	"errors"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// Walk goes up to phase 5 and back to 1 while a service is being used, a step each
// time the pause has passed, and says what it did. An operator does the same with
// the command line, from anywhere.
func Walk(ctx context.Context, ctl *migrationctl.Controller, pause time.Duration, say func(string, ...any)) error {
	why := migrationctl.Change{Reason: "a walk", Force: true} // phase 4 need not last a day here
	set := func(p dal.Phase) func() error { return func() error { return ctl.SetPhase(ctx, p, why) } }
	fill := func() error { return ctl.Backfill(ctx, migrationctl.BackfillOptions{}) }
	verify := func() error { return Alike(ctx, ctl, say) }
	for _, step := range []struct {
		name string
		do   []func() error
	}{
		{"2, both are written", []func() error{func() error { return ctl.CaptureOn(ctx, why) }, set(dal.DualWrite), fill}},
		{"3, reads are compared", []func() error{set(dal.Validate), verify}},
		{"4, DynamoDB leads", []func() error{set(dal.DynamoDBPrimary)}},
		{"5, DynamoDB alone", []func() error{set(dal.DynamoDBOnly)}},
		{"4 again", []func() error{verify, set(dal.DynamoDBPrimary)}},
		{"3 again, MySQL leads", []func() error{set(dal.Validate)}},
		{"2 again", []func() error{set(dal.DualWrite), verify}},
		{"1 again, MySQL alone", []func() error{set(dal.MySQLOnly)}},
	} {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		for _, do := range step.do {
			if err := do(); err != nil && ctx.Err() != nil {
				return nil // what was begun, whoever comes next finishes
			} else if err != nil {
				return err
			}
		}
		say("phase %s", step.name)
	}
	return nil
}

// Alike compares the stores, key by key. A key that changed whenever it was looked at
// is no difference, and keeps the comparison from counting: so it is made again.
func Alike(ctx context.Context, ctl *migrationctl.Controller, say func(string, ...any)) error {
	for {
		reports, err := ctl.Verify(ctx, migrationctl.VerifyOptions{})
		if err != nil {
			return err
		}
		var keys, differ, unsettled int64
		for _, r := range reports {
			keys, differ, unsettled = keys+r.Compared, differ+r.Differences, unsettled+r.Unsettled
		}
		say("  compared under load: %d keys, %d differ, %d still changing", keys, differ, unsettled)
		if differ > 0 {
			return errors.New("the stores differ")
		}
		if unsettled == 0 || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Shut closes the controller, also after an interruption.
func Shut(ctl *migrationctl.Controller) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return ctl.Close(ctx)
}
