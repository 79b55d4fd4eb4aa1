package dynamostore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// attrMark is the attribute of an item that somebody is about to delete: who. Where
// items move it is on the stand, which every write of the key has to do with: the item
// may be elsewhere by the time.
//
// From the mark on nothing can begin to refer to the record, since the transaction
// of what does looks at its target's item. So the edges that the deleter finds then
// are all there will be, until its own transaction deletes the record, on condition
// that the mark is still there. The mark is no part of the record: whoever reads it
// sees nothing of it, and its version stays.
//
// A deleter may die, so everybody who is kept from something by its mark for long
// takes it away. The deleter's transaction, should it still come, is then refused:
// each attempt has a mark of its own, which is put by a transaction with a token, so
// that it takes effect once at most. A mark that could come back would let a delete
// through that had looked before others began to refer to the record. So would one
// that outlasts a time in which the other store leads: there records begin to refer to
// others without a look at marks. Their refreshes take these away (unmarkTargets).
const attrMark = "_cf_m"

// A mark is one that a write has put, as far as it knows.
type mark struct {
	entity string
	home   *place
	key    item
	by     string
}

// markBy is somebody's mark where the edit's version is.
func (e *edit) markBy(who string) mark { return mark{e.place.entity.Name, e.home, e.key, who} }

// markOf returns the mark of an item, "" if it has none.
func markOf(it item) string { return scalarText(it[attrMark]) }

// marked is a condition and that an item has the mark.
func (c condition) marked(by string) condition {
	c = c.and("#m = :m")
	c.names["#m"] = attrMark
	if c.values == nil {
		c.values = item{}
	}
	c.values[":m"] = text(by)
	return c
}

// unmarked is a condition and that an item has no mark.
func (c condition) unmarked() condition {
	c = c.and("attribute_not_exists(#m)")
	c.names["#m"] = attrMark
	return c
}

func (c condition) and(more string) condition {
	if c.text != "" {
		more = "(" + c.text + ") AND " + more
	}
	c.text = more
	if c.names == nil {
		c.names = map[string]string{}
	}
	return c
}

// mark puts the write's mark on a record that was seen, unless it is there. It
// returns an *errAgain if the record has changed, or has another's mark. Of one whose
// item moves, what was seen does not tell of marks, and the refusal does.
func (wr *writing) mark(ctx context.Context, e *edit) error {
	before := wr.marks[e.row.Key].by // an earlier attempt's
	if other := markOf(e.seen); other != "" && other != before {
		return wr.blocked(ctx, e, other)
	}
	t := wr.s.newTransaction(wr.op, e.place.entity.Name)
	t.may = wr.may
	c := e.unchanged().and("(attribute_not_exists(#m) OR #m = :b)")
	c.names["#m"] = attrMark
	if c.values == nil {
		c.values = item{}
	}
	c.values[":m"], c.values[":b"] = text(wr.deleter), text(before)
	t.update(e.home, e.key, "SET #m = :m", c)
	// Before it is sent: it may arrive although no answer comes.
	wr.marks[e.row.Key] = e.markBy(wr.deleter)
	err := t.transact(ctx, &wr.b)
	var r *refusal
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &r):
		return withOutcome(err, store.NotApplied)
	}
	if before != "" {
		wr.marks[e.row.Key] = e.markBy(before)
	} else if !r.unsure {
		delete(wr.marks, e.row.Key)
	}
	it, met := r.unmet[0]
	if !met {
		return &errAgain{err: t.busy(r)}
	}
	if err := e.meet(wr.op, it); err != nil {
		return err
	}
	if other := markOf(it); other != "" && other != before {
		return wr.blocked(ctx, e, other)
	}
	return &errAgain{err: wr.markContended(e.place)}
}

// may reports whether the write's lease still holds. A request that may have taken
// effect waits for it to come back: sent again, it tells whether it has.
func (wr *writing) may(ctx context.Context, unsure bool) bool {
	return wr.at.Lease.Valid(wr.at.Epoch) || unsure && wr.at.Lease.Regain(ctx, wr.at.Epoch)
}

// markContended is the error of a write that met marks until its budget was used up.
func (wr *writing) markContended(p *place) error {
	return &store.Error{Op: wr.op, Entity: p.entity.Name, Store: storeName, Kind: store.ErrConflict, Outcome: store.NotApplied,
		Detail: "another write was deleting the record that this one needs, during every attempt"}
}

// blocked waits for a mark, by the attempt that follows, or takes it away if it has
// been there for long. Meanwhile the write has none itself: of two deletes that take
// each other's record along both would wait for long.
func (wr *writing) blocked(ctx context.Context, e *edit, other string) error {
	wr.unmarkAll(ctx, func(transform.Key) bool { return false })
	if wr.s.patience.with(other, wr.s.opts.Now()) > wr.s.opts.RetryBudget/2 {
		if err := wr.s.unmark(ctx, wr.op, e.markBy(other), &wr.b); err != nil {
			return err
		}
	}
	e.known = false // the mark is not seen any more when it is looked at again
	return &errAgain{err: wr.markContended(e.place)}
}

// unmark takes a mark away, if it is still that one. What it meets another transaction
// at may have the mark still, so that is waited out.
func (s *Store) unmark(ctx context.Context, op string, m mark, b *budget) error {
	t := s.newTransaction(op, m.entity)
	t.update(m.home, m.key, "REMOVE #m", condition{}.marked(m.by))
	for {
		err := t.transact(ctx, b)
		var r *refusal
		switch {
		case !errors.As(err, &r):
			return withOutcome(err, store.NotApplied)
		case !r.conflict:
			return nil // another one now, or none
		case !b.wait(ctx):
			return t.busy(r)
		}
	}
}

// unmarkTargets takes the marks away that are on what a follower's rows refer to,
// before their edges are put. Such a mark is of a write that is out of time: no store
// follows before the last lease of its own lead is over. Its request may still be on
// its way, though, and land when the store leads again; then it would delete the record
// upon edges that it listed before these were there.
func (s *Store) unmarkTargets(ctx context.Context, op string, rows []*edit, b *budget) error {
	targets := map[string]*edit{}
	f := &fetch{op: op, items: map[string]item{}}
	for _, e := range rows {
		for _, r := range e.place.entity.References {
			if !e.row.Live {
				break
			}
			to, refers := r.Key(e.row.Record)
			if !refers || to.IsZero() {
				continue
			}
			target, err := s.newEdit(op, s.places[to.Entity], to)
			if err != nil {
				continue // no record can have the key
			}
			targets[f.want(target.home, target.key)] = &target
		}
	}
	if err := s.fetch(ctx, f); err != nil {
		return withOutcome(err, store.NotApplied)
	}
	for slot, target := range targets {
		if by := markOf(f.items[slot]); by != "" {
			if err := s.unmark(ctx, op, target.markBy(by), b); err != nil {
				return err
			}
		}
	}
	return nil
}

// unmarkAll takes the write's marks away but those of what it has deleted. One that
// can't be is taken away by whoever meets it.
func (wr *writing) unmarkAll(ctx context.Context, deleted func(transform.Key) bool) {
	ctx, cancel := store.Detached(ctx, wr.s.opts.RetryBudget)
	defer cancel()
	for key, m := range wr.marks {
		if !deleted(key) {
			b := budget{total: wr.s.opts.RetryBudget}
			if wr.s.unmark(ctx, wr.op, m, &b) == nil {
				delete(wr.marks, key)
			}
		}
	}
}

// A patience remembers since when this process has met which mark. The time in a
// mark itself would be by another clock.
type patience struct {
	mu    sync.Mutex
	since map[string]time.Time
}

// maxPatience is how many marks a patience remembers. To forget one only means to
// wait for it anew.
const maxPatience = 1000

// with returns for how long a mark has been met.
func (p *patience) with(id string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	since, known := p.since[id]
	if known {
		return now.Sub(since)
	}
	if p.since == nil || len(p.since) >= maxPatience {
		p.since = map[string]time.Time{}
	}
	p.since[id] = now
	return 0
}

// isLive is the condition that an item, or a stand, is a record's, and no tombstone.
func (p *place) isLive() condition {
	return condition{
		text:   "attribute_exists(#pk) AND attribute_not_exists(#d)",
		names:  map[string]string{"#pk": p.keys[0], "#d": attrTombstone},
		values: nil,
	}
}

// tombstoned reports whether an item is a tombstone.
func tombstoned(it item) bool {
	dead, _ := it[attrTombstone].(*types.AttributeValueMemberBOOL)
	return dead != nil && dead.Value
}
