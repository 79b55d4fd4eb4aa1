package migrationctl

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
)

// A Triggered store can make writers outside the library leave change records,
// by triggers in the database itself. mysqlstore's is one.
type Triggered interface {
	InstallTriggers(ctx context.Context) (made, dropped int, err error)
	DropTriggers(ctx context.Context) (dropped int, err error)
	CheckTriggers(ctx context.Context) error
}

// A TriggerReport is what InitTriggers and Uninstall did.
type TriggerReport struct {
	Made, Dropped int
	// Unverified says that triggers were made while capture was on. What other
	// writers did before may have left no record, so no verify from before counts
	// any more: migrationctl verify --repair finds and mends what differs.
	Unverified bool
}

// InitTriggers is Init, and makes the triggers by which writers outside the
// library leave change records and are refused where nothing is written. What is
// there stays; what the contract or the foreign keys no longer want is dropped.
func (o *Operator) InitTriggers(ctx context.Context) (TriggerReport, error) {
	var r TriggerReport
	mysql, ok := o.mysql.(Triggered)
	if !ok {
		return r, &store.Error{Op: "init", Store: o.mysql.Name(), Kind: store.ErrInvalid, Outcome: store.NotApplied,
			Detail: "this store has no triggers"}
	}
	if err := o.Init(ctx); err != nil {
		return r, err
	}
	var err error
	if r.Made, r.Dropped, err = mysql.InstallTriggers(ctx); r.Made == 0 {
		return r, err
	}
	// Also after an error: some are made, and the next call makes the others.
	l, seen := o.lead(ctx)
	if seen == nil && l.record.Capture {
		r.Unverified = true
		seen = o.unverify(ctx, l)
	}
	if err == nil {
		err = seen
	}
	return r, err
}

// unverify makes every verify of this capture count no more.
func (o *Operator) unverify(ctx context.Context, l lead) error {
	for _, e := range o.contract.Entities {
		if err := l.authority.SaveProgress(ctx, store.Progress{Name: verifyName, Entity: e.Name,
			CaptureEpoch: l.record.CaptureEpoch}); err != nil {
			return err
		}
	}
	return nil
}

// Uninstall drops the triggers. It is refused while writes are captured. The
// library's tables stay: the versions in them must never begin again while there
// are items that carry older ones.
func (o *Operator) Uninstall(ctx context.Context) (TriggerReport, error) {
	l, err := o.settled(ctx, "uninstall", 0)
	if err != nil {
		return TriggerReport{}, err
	}
	if l.record.Capture {
		return TriggerReport{}, &RefusedError{Step: "uninstall", Unmet: []Unmet{{Guard: "not captured", Data: true,
			Reason: "other writers' change records are the triggers' work", Mend: "go to phase 1 or 5, then capture off"}}}
	}
	mysql, ok := o.mysql.(Triggered)
	if !ok {
		return TriggerReport{}, nil
	}
	dropped, err := mysql.DropTriggers(ctx)
	return TriggerReport{Dropped: dropped}, err
}

// triggersFact says why other writers of MySQL may leave no change record.
func (o *Operator) triggersFact(ctx context.Context) string {
	mysql, ok := o.mysql.(Triggered)
	if !ok {
		return ""
	}
	return reason(mysql.CheckTriggers(ctx))
}
