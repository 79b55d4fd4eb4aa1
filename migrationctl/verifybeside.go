package migrationctl

import (
	"context"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// What DynamoDB keeps beside its records, guards of unique values and edges of
// references, it changes with them in one transaction. So it is compared with the
// records that DynamoDB itself has, whichever store leads: these are compared with the
// other store's anyway.

// accompanied reports whether DynamoDB keeps anything beside records of an entity.
func accompanied(e *transform.Entity) bool { return len(e.Unique)+len(e.References) > 0 }

// lookLeftBeside looks for what belongs to no record any more, in one pass for all
// entities: it is all in one table. What it finds goes to the run of its entity.
func (o *Operator) lookLeftBeside(ctx context.Context, runs []*verify) error {
	of := make(map[string]*verify)
	for _, v := range runs {
		if accompanied(v.entity) {
			of[v.entity.Name] = v
		}
	}
	if len(of) == 0 {
		return nil
	}
	after := ""
	for {
		page, err := ask(ctx, o, func() (store.FaultPage, error) { return o.dynamo.LeftBeside(ctx, after, verifyPage) })
		if err != nil {
			return err
		}
		for _, f := range page.Faults {
			if v := of[f.Key.Entity]; v != nil {
				if err := v.concludeBeside(ctx, f); err != nil {
					return err
				}
			}
		}
		if after = page.Next; after == "" {
			return ctx.Err()
		}
	}
}

// andBeside is a look at pages of DynamoDB's rows, and at what is beside them.
func (v *verify) andBeside(look func(context.Context, []store.Row) error) func(context.Context, []store.Row) error {
	if !accompanied(v.entity) {
		return look
	}
	return func(ctx context.Context, rows []store.Row) error {
		if err := look(ctx, rows); err != nil {
			return err
		}
		return v.lookBeside(ctx, rows)
	}
}

// lookBeside compares what is beside rows of DynamoDB with them.
func (v *verify) lookBeside(ctx context.Context, rows []store.Row) error {
	var changed []transform.Key
	faults, err := ask(ctx, v.o, func() (faults []store.Fault, err error) {
		faults, changed, err = v.o.dynamo.LookBeside(ctx, rows)
		return faults, err
	})
	if err != nil {
		return err
	}
	for len(faults) > 0 {
		n := 1
		for n < len(faults) && faults[n].Key == faults[0].Key {
			n++
		}
		if err := v.concludeBeside(ctx, faults[:n]...); err != nil {
			return err
		}
		faults = faults[n:]
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Unsettled += int64(len(changed))
	v.beside = append(v.beside, changed[:min(len(changed), settleMost-len(v.beside))]...)
	return nil
}

// lookBesideAgain looks at the keys that had changed between two reads.
func (v *verify) lookBesideAgain(ctx context.Context) error {
	keys := v.beside
	if len(keys) == 0 {
		return nil
	}
	v.beside = nil
	v.report.Unsettled -= int64(len(keys))
	rows, err := ask(ctx, v.o, func() ([]store.Row, error) { return v.o.dynamo.GetMany(ctx, store.At{Captured: true}, keys) })
	if err != nil {
		return err
	}
	return v.lookBeside(ctx, rows)
}

// concludeBeside counts what is wrong beside one record, and mends it if asked to.
func (v *verify) concludeBeside(ctx context.Context, faults ...store.Fault) error {
	found := dal.Comparison{Key: faults[0].Key, Verdict: dal.Different}
	for _, f := range faults {
		found.Beside = append(found.Beside, f.String())
	}
	repaired := false
	if v.opts.Repair {
		err := v.stillLeads(ctx)
		if err == nil {
			repaired, err = v.o.dynamo.MendBeside(ctx, faults[0])
		}
		if err != nil {
			return err
		}
	}
	v.count(found, repaired)
	return nil
}
