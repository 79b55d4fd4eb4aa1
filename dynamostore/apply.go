package dynamostore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A TableStep is one line of Apply's progress.
type TableStep struct {
	Table string
	Step  string // "exists", "skipped", "creating", "changing", "waiting", "unsupported", "active"
	// Detail says what is changed, "add index ByCity", or waited for: "table
	// CREATING", "index EmailIndex CREATING, being filled from the table".
	Detail string
	After  time.Duration // since Apply began
}

// A table or index that was just created may not be seen for a moment:
// DescribeTable is eventually consistent. One not seen for longer than this was
// deleted.
const unseen = 30 * time.Second

// notSeen is what Apply waits for while what it created is not described.
const notSeen = "not seen yet"

// What is waited for is told again after this, so that nobody takes Apply for dead:
// an index of a large table may be filled for hours.
const tellAgain = 30 * time.Second

// The first pause between two looks at a table; it doubles up to PollInterval.
const firstLook = 20 * time.Millisecond

// Apply makes the tables what the contract wants, as far as that only adds: it
// creates those that are not there, with their indexes and settings, and on those
// that are it adds missing indexes, one at a time, and missing tags, and switches
// on time to live, point-in-time recovery and deletion protection. It returns when
// all are ACTIVE. It never changes a key, an index that is there, billing, capacity
// or encryption, switches nothing off and deletes nothing: if a table is there and
// lasting differences remain that matter, it does nothing at all and returns
// ErrInvalid with them.
//
// confirm is asked once for each table that there are Steps for, before the first
// of them, and its error ends Apply; nil means yes. Tables it refuses are left as
// they are. progress, if not nil, is told each step. Both are called on the caller's
// goroutine. What an engine has no call for is told as "unsupported" and left out.
//
// It may be stopped at any moment and run again, also by several processes at
// once: what another has begun is waited for.
func (s *Tables) Apply(ctx context.Context, confirm func(TablePlan) (bool, error), progress func(TableStep)) error {
	a := &applying{Tables: s, began: time.Now(), progress: progress}
	plans, err := s.Plan(ctx)
	if err != nil {
		return err
	}
	if err := standing(store.NotApplied, plans...); err != nil {
		return err
	}
	for _, plan := range plans {
		yes, err := a.ask(plan, confirm)
		if err != nil {
			return err
		}
		if !yes {
			continue
		}
		if !plan.Exists() {
			if err := a.create(ctx, plan); err != nil {
				return err
			}
		}
		a.chosen = append(a.chosen, plan)
	}
	for _, plan := range a.chosen {
		if err := a.finish(ctx, plan); err != nil {
			return err
		}
	}
	return nil
}

// standing returns an error if a table that is there has differences that Apply
// does not mend.
func standing(outcome store.Outcome, plans ...TablePlan) error {
	var lines []string
	for _, p := range plans {
		for _, d := range lasting(p.Differences) {
			lines = append(lines, d.String())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return invalid("apply", "", outcome, "%s", strings.Join(lines, "; "))
}

// lasting returns the differences that matter and go neither by themselves nor by
// Apply.
func lasting(all []Difference) []Difference {
	return slices.DeleteFunc(slices.Clone(all), func(d Difference) bool { return d.Advice || d.Pending || d.Mendable })
}

// applying is one run of Apply.
type applying struct {
	*Tables
	began    time.Time
	progress func(TableStep)
	chosen   []TablePlan
}

// report tells the caller of a step.
func (a *applying) report(table, step, detail string) {
	if a.progress != nil {
		a.progress(TableStep{Table: table, Step: step, Detail: detail, After: time.Since(a.began)})
	}
}

// ask reports whether Apply goes on with a table.
func (a *applying) ask(plan TablePlan, confirm func(TablePlan) (bool, error)) (bool, error) {
	yes := true
	if len(plan.Steps) > 0 && confirm != nil {
		var err error
		if yes, err = confirm(plan); err != nil {
			return false, err
		}
	}
	switch {
	case !yes:
		a.report(plan.Table, "skipped", "")
	case plan.Exists():
		a.report(plan.Table, "exists", "")
	}
	return yes, nil
}

// create creates a table. If too many are being created at once, those of this run
// are waited for first.
func (a *applying) create(ctx context.Context, plan TablePlan) error {
	a.report(plan.Table, "creating", "")
	b := budget{total: a.opts.RetryBudget}
	waited := false
	for {
		_, err := a.client.CreateTable(ctx, plan.Create)
		var there *types.ResourceInUseException
		switch {
		case err == nil, errors.As(err, &there): // somebody else was faster
			return nil
		case throttled(err) && b.wait(ctx):
			continue
		case throttled(err) && !waited && ctx.Err() == nil:
			for _, before := range a.chosen {
				if err := a.wait(ctx, before.Wanted, ""); err != nil {
					return err
				}
			}
			b, waited = budget{total: a.opts.RetryBudget}, true
			continue
		}
		return fail("apply", "", plan.Table, store.Unknown, err)
	}
}

// wait returns when the table and its indexes are ACTIVE, or turn out not to be
// as the contract wants: whoever created it may have had another contract. added
// is an index that this run has just asked for.
func (a *applying) wait(ctx context.Context, t *transform.Table, added string) error {
	name := a.tableName(t)
	pause, seen := min(firstLook, a.opts.PollInterval), time.Now()
	reported, at := "", time.Now()
	for {
		detail, err := a.look(ctx, t, added)
		switch {
		case errors.Is(err, store.ErrThrottled):
			detail = reported
		case err != nil:
			return err
		case detail == "":
			return nil
		case !strings.HasSuffix(detail, notSeen):
			seen = time.Now()
		case time.Since(seen) > unseen:
			what := strings.TrimSuffix(detail, " "+notSeen)
			return invalid("apply", "", store.Unknown, "%s of table %s is gone: it was deleted meanwhile", what, name)
		}
		if detail != reported || detail != "" && time.Since(at) >= tellAgain {
			a.report(name, "waiting", detail)
			reported, at = detail, time.Now()
		}
		if !sleep(ctx, pause) {
			return fail("apply", "", name, store.Unknown, context.Cause(ctx))
		}
		pause = min(2*pause, a.opts.PollInterval)
	}
}

// look describes the table once and says what is still to come, "" if nothing.
func (a *applying) look(ctx context.Context, t *transform.Table, added string) (string, error) {
	have, err := a.describe(ctx, "apply", t)
	if err != nil {
		return "", err
	}
	if have == nil {
		return "table " + notSeen, nil
	}
	c := a.compare(t, have)
	if added != "" && c.described(added) == nil {
		return "index " + added + " " + notSeen, nil
	}
	return pending(c.found), standing(store.Unknown, TablePlan{Table: c.table, Differences: c.found})
}

// pending says what is still being created, "" if nothing is.
func pending(differences []Difference) string {
	var parts []string
	for _, d := range differences {
		switch {
		case !d.Pending:
		case d.Index == "":
			parts = append(parts, "table "+d.Have)
		default:
			parts = append(parts, "index "+d.Index+" "+d.Have)
		}
	}
	return strings.Join(parts, ", ")
}
