package migrationctl

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// deleterTime is how long a mark of records that are gone is left to who deleted them: he
// takes along what refers to them before he is done.
const deleterTime = 5 * time.Second

// carryTime bounds one go at a fan-out mark. Then the others have their turn, and the
// next one goes on where this one got.
const carryTime = 10 * time.Second

// marks reports whether writes may leave fan-out marks: items have copies, or what a delete
// takes along may be staged. Where they leave none nobody looks for one.
func (o *Operator) marks() bool {
	return o.copies() || slices.ContainsFunc(o.contract.Entities, func(e *transform.Entity) bool { return e.TakesAlong() && e.Unstaged() == "" })
}

// copies reports whether items have copies of other records.
func (o *Operator) copies() bool {
	return slices.ContainsFunc(o.contract.Entities, func(e *transform.Entity) bool { return len(e.Copies()) > 0 })
}

// fanOut carries out fan-out marks until ctx ends, in each phase in which items are
// read: from phase 2 on, where the copies are brought over with the records, and in
// phases 4 and 5, where DynamoDB renews its own and stages deletes, whether or not it has
// a follower. It stands apart from the refreshes: a record that a hundred thousand others
// show must not hold them up.
func (r *relay) fanOut(ctx context.Context) {
	for r.c.sleep(ctx, r.c.opts.RelayPoll) == nil {
		l, err := r.c.member.lead()
		if err != nil || l.record.Phase == store.MySQLOnly {
			continue
		}
		if err := r.pollMarks(ctx, l); err != nil && ctx.Err() == nil {
			r.c.opts.Logger.Warn("fan-out marks not read", "error", err)
		}
	}
}

// pollMarks passes once over this process's fan-out marks.
func (r *relay) pollMarks(ctx context.Context, l lead) error {
	p, err := r.markPart(ctx, l)
	if err != nil {
		return err
	}
	for _, shard := range p.shards(l.authority.Shards()) {
		at := store.DirtyRange{Shard: shard, Limit: relayPage}
		for {
			page, err := fanOuts(ctx, l, at)
			if err != nil {
				return err
			}
			mine := slices.DeleteFunc(page.Marks, func(f store.FanOut) bool {
				return l.authority.Shards() == 1 && !p.is(markedBy(f)) || len(f.Gone) > 0 && time.Duration(f.Age) < deleterTime
			})
			r.carryOutAll(ctx, l, mine)
			if at.After = page.Next; at.After == "" || ctx.Err() != nil {
				break
			}
		}
	}
	return nil
}

// markPart is part for fan-out marks: to carry one out takes the authority alone, so it
// is no matter who reaches the follower.
func (r *relay) markPart(ctx context.Context, l lead) (part, error) {
	fleet, err := l.authority.Registrations(ctx)
	if err != nil {
		return part{}, err
	}
	for i := range fleet {
		fleet[i].Away = false
	}
	return r.place(fleet), nil
}

// markedBy is what a mark's share is told by.
func markedBy(f store.FanOut) string {
	for _, key := range slices.Concat(f.Sources, f.Own, f.Gone) {
		return key.ID
	}
	return ""
}

func fanOuts(ctx context.Context, l lead, at store.DirtyRange) (store.FanOutPage, error) {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	return l.authority.FanOuts(ctx, at)
}

func (r *relay) carryOutAll(ctx context.Context, l lead, marks []store.FanOut) {
	_ = inChunks(ctx, r.c.opts.machine.atOnce(r.c.opts.RelayWorkers), inGoes(marks), func(ctx context.Context, some [][]store.FanOut) error {
		for _, marks := range some {
			r.carryOut(ctx, l, marks)
		}
		return nil // one that fails does not stop the others
	})
}

// goMarks is how many marks of new and moved records alone are carried out together.
const goMarks = 100

// inGoes puts marks together that are carried out at one go: those that are about new and
// moved records alone, which come first, and each of the others by itself, for it may be
// about any number.
func inGoes(marks []store.FanOut) [][]store.FanOut {
	var own, others []store.FanOut
	for _, f := range marks {
		if len(f.Sources)+len(f.Gone) == 0 {
			own = append(own, f)
		} else {
			others = append(others, f)
		}
	}
	goes := slices.Collect(slices.Chunk(own, goMarks))
	for _, f := range others {
		goes = append(goes, []store.FanOut{f})
	}
	return goes
}

// carryOut has a go at marks. What is left of them is for a later pass.
func (r *relay) carryOut(ctx context.Context, l lead, marks []store.FanOut) {
	if now, err := r.c.member.lead(); err != nil || now.record.Epoch != l.record.Epoch {
		return // another store may lead
	}
	limited, cancel := context.WithTimeout(ctx, carryTime)
	defer cancel()
	err := dal.CarryOut(limited, l.authority, marks...)
	if err == nil || limited.Err() != nil || away(err) || errors.Is(err, store.ErrWrongPhase) {
		return
	}
	r.c.opts.Logger.Warn("fan-out mark not carried out", "error", err)
}

// marks carries out every fan-out mark that was there before it, and those that are left
// on the way: by one who takes along what refers to records that are gone, which need not
// be this drain. Each of them is in the shard of the one that it came of, and behind it. So
// a pass over a shard that meets none of these has met all there were.
func (d *drain) marks(ctx context.Context, report func(DrainReport)) error {
	for shard := range d.lead.authority.Shards() {
		for range store.MaxDepth + 2 { // while others delete there may always be some
			gone, err := d.shardMarks(ctx, shard, report)
			if err != nil {
				return err
			}
			if !gone {
				break
			}
		}
	}
	return nil
}

// shardMarks passes once over the marks of a shard, and reports whether one is of records
// that are gone.
func (d *drain) shardMarks(ctx context.Context, shard int, report func(DrainReport)) (gone bool, err error) {
	at := store.DirtyRange{Shard: shard, Limit: relayPage}
	for {
		page, err := d.lead.authority.FanOuts(ctx, at)
		if err == nil {
			err = inChunks(ctx, d.o.opts.machine.atOnce(d.o.opts.RelayWorkers), inGoes(page.Marks), d.carryOut)
		}
		// A record that is written all the time can keep a renewal out for a while.
		if (d.patient && away(err) || errors.Is(err, store.ErrConflict)) && d.o.sleep(ctx, drainPause) == nil {
			continue // from where each of them has got
		}
		if err != nil {
			return gone, err
		}
		gone = gone || slices.ContainsFunc(page.Marks, func(f store.FanOut) bool { return len(f.Gone) > 0 })
		if report != nil && len(page.Marks) > 0 {
			report(d.report())
		}
		if at.After = page.Next; at.After == "" {
			return gone, nil
		}
	}
}

func (d *drain) carryOut(ctx context.Context, goes [][]store.FanOut) error {
	for _, marks := range goes {
		if err := dal.CarryOut(ctx, d.lead.authority, marks...); err != nil {
			return err
		}
		d.fannedOut.Add(int64(len(marks)))
	}
	return nil
}
