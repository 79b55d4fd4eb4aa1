package migrationctl

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// facts gathers what the guards of the step look at, and no more: a step that
// has no guards must work with the follower down.
func (o *Operator) facts(ctx context.Context, l lead, to store.Phase) (Facts, error) {
	// Clocks and what a record keeps of their time agree to the millisecond at best:
	// a shorter time in phase 4 could be none.
	f := Facts{MaxDirty: o.opts.MaxDirty, MinPrimary: o.opts.MinPrimary.Truncate(time.Millisecond), MinMatched: o.opts.MinMatched, MinQuiet: o.opts.MinQuiet}
	switch from := l.record.Phase; {
	case from == store.MySQLOnly && to == store.DualWrite:
		f.Ready = reason(o.mysql.Ready(ctx))
		f.Tables = reason(o.prepareDynamoDB(ctx))
		return f, nil
	case from == store.DualWrite && to == store.Validate:
		f.Triggers = o.triggersFact(ctx)
		return f, o.validateFacts(ctx, l, &f)
	case from == store.Validate && to == store.DynamoDBPrimary:
		return f, o.primaryFacts(ctx, l, &f)
	case from == store.DynamoDBPrimary && to == store.Validate:
		f.Other, f.Triggers = o.otherFact(ctx, l), o.triggersFact(ctx)
		return f, nil
	case from == store.DynamoDBPrimary && to == store.DynamoDBOnly:
		f.Other = o.otherFact(ctx, l)
		f.Primary = o.now().Sub(l.record.ChangedAt)
		if err := o.readFacts(ctx, l, &f); err != nil {
			return f, err
		}
		return f, o.backlogFact(ctx, l, &f)
	case from == store.DynamoDBOnly && to == store.DynamoDBPrimary:
		f.Other, f.Triggers = o.otherFact(ctx, l), o.triggersFact(ctx)
		return f, o.reverseFacts(ctx, l, &f)
	}
	return f, nil
}

// prepareDynamoDB checks the tables, and makes DynamoDB's phase record.
func (o *Operator) prepareDynamoDB(ctx context.Context) error {
	if err := o.dynamo.Check(ctx); err != nil {
		return err
	}
	return o.dynamo.Init(ctx)
}

func (o *Operator) backlogFact(ctx context.Context, l lead, f *Facts) error {
	backlog, err := l.authority.Backlog(ctx)
	f.Dirty = backlog.Dirty
	return err
}

func (o *Operator) validateFacts(ctx context.Context, l lead, f *Facts) error {
	var err error
	if f.Unfilled, err = o.unfilled(ctx, l); err != nil {
		return err
	}
	if _, f.DeadLetters, err = l.authority.DeadLetters(ctx, 0); err != nil {
		return err
	}
	return o.backlogFact(ctx, l, f)
}

// primaryFacts are those of the step that gives the authority to DynamoDB.
func (o *Operator) primaryFacts(ctx context.Context, l lead, f *Facts) error {
	f.Tables = reason(o.prepareDynamoDB(ctx))
	f.Other, f.Triggers = o.otherFact(ctx, l), o.triggersFact(ctx)
	if err := o.validateFacts(ctx, l, f); err != nil {
		return err
	}
	if err := o.readFacts(ctx, l, f); err != nil {
		return err
	}
	for _, e := range o.contract.Entities {
		for _, column := range e.Lost() {
			f.Lost = append(f.Lost, e.Name+"."+column)
		}
	}
	var err error
	if f.Unguarded, err = o.unguarded(ctx); err != nil {
		return err
	}
	if f.Spent, err = o.spent(ctx); err != nil {
		return err
	}
	f.Unverified, err = o.unverified(ctx, l)
	return err
}

// readFacts sums up what the living processes have seen of their reads. What one
// that has ended had seen is gone with it.
func (o *Operator) readFacts(ctx context.Context, l lead, f *Facts) error {
	fleet, err := l.authority.Registrations(ctx)
	if err != nil {
		return err
	}
	for _, p := range fleet {
		if p.Age >= RegistrationTTL {
			continue
		}
		if p.Reads.Matched < f.MinMatched {
			f.Mismatches += p.Reads.Mismatches
		}
		if p.Reads.Fallbacks > 0 {
			quiet := p.Reads.Quiet + p.Age
			if f.Fallbacks == 0 || quiet < f.Quiet {
				f.Quiet = quiet
			}
			f.Fallbacks += p.Reads.Fallbacks
		}
	}
	return nil
}

// spent names the columns whose sequence in MySQL has come to their end. DynamoDB
// goes on where it stands, with not one id to give.
func (o *Operator) spent(ctx context.Context) ([]string, error) {
	var columns []string
	for _, e := range o.contract.Sequences() {
		last, err := o.mysql.LastID(ctx, e)
		if err != nil {
			return nil, err
		}
		column := e.Columns[e.Sequence]
		if last == math.MaxInt64 || column.Fit(transform.IntValue(last+1)) != nil {
			columns = append(columns, e.Name+"."+column.Name)
		}
	}
	return columns, nil
}

// otherFact says why the store that is about to lead or to follow can't, "" if
// it can.
func (o *Operator) otherFact(ctx context.Context, l lead) string {
	there := lookAt(ctx, l.other)
	switch {
	case !there.seen():
		return reason(there.err)
	case there.record.State != store.GivenAway:
		return "its mark is " + there.record.State.String()
	}
	return ""
}

// reverseFacts are those of the step from phase 5 back to 4.
func (o *Operator) reverseFacts(ctx context.Context, l lead, f *Facts) error {
	var err error
	if f.Unfilled, err = o.unfilled(ctx, l); err != nil {
		return err
	}
	f.Unverified, err = o.unverified(ctx, l)
	return err
}

// unverified names the entities that have no clean verify under this capture
// which is newer than their backfill.
func (o *Operator) unverified(ctx context.Context, l lead) ([]string, error) {
	filled, err := o.progress(ctx, backfillName, l)
	if err != nil {
		return nil, err
	}
	verified, err := o.progress(ctx, verifyName, l)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range o.contract.Entities {
		v := verified[e.Name]
		var found VerifyReport
		if !v.Done || json.Unmarshal([]byte(v.Detail), &found) != nil || !found.Clean() || v.UpdatedAt.Before(filled[e.Name].UpdatedAt) {
			names = append(names, e.Name)
		}
	}
	return names, nil
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// followerEmpty reports whether the follower was seen to hold nothing at all,
// live or tombstone. In doubt it is not empty: a backfill then bumps, which is
// slower and always right.
func (o *Operator) followerEmpty(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, followerTimeout)
	defer cancel()
	for _, e := range o.contract.Entities {
		after := ""
		for {
			page, err := o.dynamo.Scan(ctx, store.At{}, store.Range{Entity: e, After: after, Limit: 1})
			if err != nil || len(page.Rows) > 0 {
				return false
			}
			if after = page.Next; after == "" {
				break
			}
		}
	}
	return true
}
