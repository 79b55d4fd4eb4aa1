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
	Step  string // "exists", "skipped", "creating", "waiting", "active"
	// Detail says what is waited for: "table CREATING", "index EmailIndex CREATING".
	Detail string
	After  time.Duration // since Apply began
}

// A table that was just created may not be seen for a moment: DescribeTable is
// eventually consistent. One not seen for longer than this was deleted.
const unseen = 30 * time.Second

// notSeen is what Apply waits for while a table it created is not described.
const notSeen = "table not seen yet"

// The first pause between two looks at a table; it doubles up to PollInterval.
const firstLook = 20 * time.Millisecond

// Apply creates each table of the contract that is not there, with its indexes,
// and the library's own, and returns when all of them are ACTIVE. It never
// changes or deletes a table of the contract: if one is there and not as the
// contract wants, it creates nothing and returns ErrInvalid with the
// differences. On the library's table it switches time to live on.
//
// confirm is asked before each table is created, and its error ends Apply; nil
// means yes. Tables it refuses are left out. progress, if not nil, is told each
// step. Both are called on the caller's goroutine.
//
// It may be stopped at any moment and run again, also by several processes at
// once: a table that is being created is waited for.
func (s *Store) Apply(ctx context.Context, confirm func(TablePlan) (bool, error), progress func(TableStep)) error {
	a := &applying{Store: s, began: time.Now(), progress: progress}
	plans, err := s.Plan(ctx)
	if err != nil {
		return err
	}
	if err := standing(store.NotApplied, plans...); err != nil {
		return err
	}
	var wait []*transform.Table
	for i, plan := range plans {
		made, err := a.create(ctx, plan, confirm)
		if err != nil {
			return err
		}
		if made {
			wait = append(wait, s.tables[i])
		}
	}
	for _, t := range wait {
		if err := a.wait(ctx, t); err != nil {
			return err
		}
		if t.Name == LibraryTable {
			if err := a.expire(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// standing returns an error if a table that is there has differences that
// waiting does not mend.
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

// lasting returns the differences that matter and do not go by themselves.
func lasting(all []Difference) []Difference {
	return slices.DeleteFunc(slices.Clone(all), func(d Difference) bool { return d.Advice || d.Pending })
}

// applying is one run of Apply.
type applying struct {
	*Store
	began    time.Time
	progress func(TableStep)
}

// report tells the caller of a step.
func (a *applying) report(table, step, detail string) {
	if a.progress != nil {
		a.progress(TableStep{Table: table, Step: step, Detail: detail, After: time.Since(a.began)})
	}
}

// create asks for a table and creates it if it is not there. It reports whether
// the table is there now, or will be.
func (a *applying) create(ctx context.Context, plan TablePlan, confirm func(TablePlan) (bool, error)) (bool, error) {
	if plan.Exists() {
		a.report(plan.Table, "exists", "")
		return true, nil
	}
	if confirm != nil {
		yes, err := confirm(plan)
		if err != nil {
			return false, err
		}
		if !yes {
			a.report(plan.Table, "skipped", "")
			return false, nil
		}
	}
	a.report(plan.Table, "creating", "")
	b := budget{total: a.opts.RetryBudget}
	for {
		_, err := a.client.CreateTable(ctx, plan.Create)
		var there *types.ResourceInUseException
		switch {
		case err == nil, errors.As(err, &there): // somebody else was faster
			return true, nil
		case throttled(err) && b.wait(ctx):
			continue // too many tables being created at once
		}
		return false, fail("apply", "", plan.Table, store.Unknown, err)
	}
}

// wait returns when the table and its indexes are ACTIVE, or turn out not to be
// as the contract wants: whoever created it may have had another contract.
func (a *applying) wait(ctx context.Context, t *transform.Table) error {
	name := a.tableName(t)
	pause, seen, told := firstLook, time.Now(), ""
	for {
		detail, err := a.look(ctx, t)
		switch {
		case errors.Is(err, store.ErrThrottled):
			detail = told
		case err != nil:
			return err
		case detail == "":
			a.report(name, "active", "")
			return nil
		case detail != notSeen:
			seen = time.Now()
		case time.Since(seen) > unseen:
			return invalid("apply", "", store.Unknown, "table %s is gone: it was deleted meanwhile", name)
		}
		if detail != told {
			a.report(name, "waiting", detail)
			told = detail
		}
		if !sleep(ctx, pause) {
			return fail("apply", "", name, store.Unknown, context.Cause(ctx))
		}
		pause = min(2*pause, a.opts.PollInterval)
	}
}

// look describes the table once and says what is still to come, "" if nothing.
func (a *applying) look(ctx context.Context, t *transform.Table) (string, error) {
	have, err := a.describe(ctx, "apply", t)
	if err != nil {
		return "", err
	}
	if have == nil {
		return notSeen, nil
	}
	differences := a.compare(t, have)
	return pending(differences), standing(store.Unknown, TablePlan{Table: a.tableName(t), Differences: differences})
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
