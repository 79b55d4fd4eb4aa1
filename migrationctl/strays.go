package migrationctl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// strayEvery is how often the processes of phases 1 to 3 look for writes in
// DynamoDB that came too late.
const strayEvery = 5 * time.Second

// strays finds writes that landed in DynamoDB when MySQL led: a process that was
// paused or cut off sent them under a lease that has run out. Nobody was told
// that they succeeded. Where DynamoDB was abandoned it also finds those that had
// not been brought over, and those of processes without MySQL that went on there:
// callers may have been told of them. Each is written to the audit and undone: its
// keys get a higher version from MySQL and are refreshed.
type strays struct {
	o     *Operator
	found int
}

// watchStrays looks now and then, while MySQL leads and DynamoDB has led before.
func (c *Controller) watchStrays(ctx context.Context) {
	for c.sleep(ctx, strayEvery) == nil {
		l, err := c.member.lead()
		if err != nil || l.side != mysqlSide {
			continue
		}
		if err := c.strays.pass(ctx, l.record); err != nil && ctx.Err() == nil {
			c.opts.Logger.Warn("stray writes not looked for", "error", err)
		}
	}
}

// pass looks through all shards once.
func (s *strays) pass(ctx context.Context, leader store.PhaseRecord) error {
	dynamo := lookAt(ctx, s.o.dynamo)
	if !dynamo.seen() || dynamo.record.Epoch == 0 || dynamo.record.Epoch > leader.Epoch {
		return dynamo.err
	}
	if dynamo.leads() {
		// MySQL was opened while DynamoDB was lost, and here it is again.
		if err := s.o.depose(ctx, dynamo.record, leader); err != nil {
			return err
		}
	}
	for shard := range s.o.dynamo.Shards() {
		if err := s.shard(ctx, shard); err != nil {
			return err
		}
		if !s.o.marks() {
			continue
		}
		if err := s.marks(ctx, shard); err != nil {
			return err
		}
	}
	return nil
}

func (s *strays) shard(ctx context.Context, shard int) error {
	r := store.DirtyRange{Shard: shard, Limit: relayPage}
	for {
		page, err := s.o.dynamo.Dirty(ctx, r)
		if err != nil {
			return err
		}
		for _, change := range page.Changes {
			if err := s.undo(ctx, change); err != nil {
				return err
			}
		}
		if r.After = page.Next; r.After == "" {
			return nil
		}
	}
}

// undo writes a stray down and puts MySQL's state over it. The change record
// goes last: until then the next pass finds it again.
//
// A change without keys is no stray: it is the token of a bare write in phase 5,
// whose data came here with the reverse backfill, left behind when DynamoDB was
// abandoned. The token itself stays, for it tells the truth.
func (s *strays) undo(ctx context.Context, change store.Change) error {
	if len(change.Keys) == 0 {
		return s.o.dynamo.Clean(ctx, change)
	}
	s.found++
	keys := make([]transform.Key, len(change.Keys))
	names := make([]string, len(change.Keys))
	for i, k := range change.Keys {
		keys[i], names[i] = k.Key, fmt.Sprintf("%v at version %d", k.Key, k.Version)
	}
	s.o.opts.Logger.Warn("stray write undone", "change", change.Ref, "keys", strings.Join(names, ", "))
	err := s.o.mysql.AppendAudit(ctx, store.AuditEntry{Who: s.o.opts.Who, Action: "stray write undone",
		From: "dynamodb", To: "mysql", Reason: "it landed when DynamoDB was not the authority; if DynamoDB was abandoned it may have been acknowledged before, or by a process without MySQL",
		Detail: strings.Join(names, ", ")})
	if err != nil {
		return err
	}
	if err := s.o.mysql.Bump(ctx, keys); err != nil {
		return err
	}
	for _, key := range keys {
		if err := s.o.forward.RefreshKey(ctx, key); err != nil {
			return err
		}
	}
	return s.o.dynamo.Disown(ctx, change)
}

// marks drops what is left of deletes that DynamoDB staged when it led: it was lost in the
// middle of them, and MySQL opened without it. What they would still take along is MySQL's
// now, and may have been written there since.
func (s *strays) marks(ctx context.Context, shard int) error {
	r := store.DirtyRange{Shard: shard, Limit: relayPage}
	for {
		page, err := s.o.dynamo.FanOuts(ctx, r)
		if err != nil {
			return err
		}
		for _, f := range page.Marks {
			if len(f.Gone) == 0 {
				continue
			}
			if err := s.drop(ctx, f); err != nil {
				return err
			}
		}
		if r.After = page.Next; r.After == "" {
			return nil
		}
	}
}

// drop puts MySQL's state over the tombstones that a mark empties, which then do not say so
// any more, and removes the mark last. Copies that it is about too come anew with the
// backfill that a DynamoDB which was lost needs.
func (s *strays) drop(ctx context.Context, f store.FanOut) error {
	s.found++
	s.o.opts.Logger.Warn("staged delete dropped, DynamoDB was lost in the middle of it", "mark", f.Ref)
	keys := slices.DeleteFunc(slices.Clone(f.Gone), func(key transform.Key) bool {
		e := s.o.contract.Entity(key.Entity)
		if e == nil {
			return true // of another contract, of which no item is left
		}
		_, err := e.KeyValues(key)
		return err != nil
	})
	if err := s.o.mysql.Bump(ctx, keys); err != nil {
		return err
	}
	for _, key := range keys {
		if err := s.o.forward.RefreshKey(ctx, key); err != nil {
			return err
		}
	}
	return s.o.dynamo.CleanFanOut(ctx, f)
}

// depose tells a DynamoDB that still thinks it leads that it does not.
func (o *Operator) depose(ctx context.Context, from, leader store.PhaseRecord) error {
	to := from
	to.State, to.Epoch, to.Phase = store.GivenAway, max(leader.Epoch, from.Epoch+1), leader.Phase
	to.Next, to.NextCapture, to.Driver = 0, false, ""
	return o.dynamo.Advance(ctx, from, to, o.entry("authority taken back", from, to,
		Change{Reason: "MySQL was opened while DynamoDB was lost"}, nil))
}

// withdraw deposes a DynamoDB that is being abandoned, if it can be reached, so that no
// process renews its lease there. MySQL is sealed for that, which nothing takes back.
//
// MySQL is read after dynamo was: whoever paused since it saw the seal may have read the
// record of a DynamoDB to which the group has gone anew.
func (o *Operator) withdraw(ctx context.Context, dynamo store.PhaseRecord) {
	if dynamo.State != store.Open && dynamo.State != store.Closed {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	mysql := lookAt(ctx, o.mysql)
	if s := (standing{mysql: mysql}); !s.abandoning() {
		return
	}
	sealed := mysql.record
	sealed.Phase = sealed.Next
	if err := o.depose(ctx, dynamo, sealed); err != nil {
		o.opts.Logger.Warn("DynamoDB is abandoned and could not be told", "error", err)
	}
}
