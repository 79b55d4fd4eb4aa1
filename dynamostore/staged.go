package dynamostore

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// attrEmptied is the attribute of a tombstone, or of the stand that is one, whose record
// was deleted by a delete that is staged: the reference of the mark that the delete left.
//
// A delete that takes along more than one transaction can have deletes its own record
// first, and leaves a fan-out mark that names it (FanOut.Gone). That is the moment of the
// delete: from then on nothing can begin to refer to the record, since whoever does looks
// at it. What refers to it still is taken along by Empty, in transactions of as many as
// fit. Each of them looks at the tombstone too, and what it deletes that others may refer
// to it names in a mark of its own.
//
// While the tombstone has the attribute nothing is put at its key: what refers to the
// record that was there would refer to the new one. Whoever would put something helps to
// take along first. A bump leaves the attribute alone; a refresh, of a time in which the
// other store leads, does not, and whatever is still to be taken along then is left to
// what that store says. DynamoDB does not lead again before each record that a mark names
// is refreshed.
const attrEmptied = "_cf_g"

// emptiedBy returns the mark by which an item's record is being emptied, "" for none.
func emptiedBy(it item) string { return scalarText(it[attrEmptied]) }

// errMany says that a write takes along more than one transaction can have.
var errMany = errors.New("more is taken along than a transaction can have")

// stages reports whether all deletes of the write can be staged.
func (wr *writing) stages() bool {
	return !slices.ContainsFunc(wr.steps, func(st *step) bool { return st.Op == store.Delete && st.place.entity.Unstaged() != "" })
}

// many reports whether the write should be staged, having found so many records more that
// it takes along.
func (wr *writing) many(more int) bool {
	return !wr.staged && len(wr.found)+more > maxActions && wr.stages()
}

// stage has what the write takes along left to a mark. It looks again at what restricts
// its deletes, and nothing else. Its own marks on what it would have taken along would be
// in its way.
func (wr *writing) stage(ctx context.Context) error {
	wr.unmarkAll(ctx, func(key transform.Key) bool { return wr.editOf(key) != wr.found[key] })
	wr.staged, wr.along = true, nil
	return wr.trace(ctx)
}

// emptied returns the records that a staged write deletes and that others may refer to.
func (wr *writing) emptied() []transform.Key {
	var gone []transform.Key
	for _, st := range wr.steps {
		if wr.staged && st.Op == store.Delete && st.place.emptied {
			gone = append(gone, st.row.Key)
		}
	}
	return gone
}

// leave puts a mark into the bundle, if it says anything, and has the tombstones of what
// is gone say that it empties them.
func (b *bundle) leave(f store.FanOut) error {
	if len(f.Sources)+len(f.Own)+len(f.Gone) == 0 {
		return nil
	}
	for i, e := range b.edits {
		if put := b.actions[i].Put; put != nil && slices.Contains(f.Gone, e.row.Key) {
			put.Item[attrEmptied] = text(f.Ref)
			b.size += len(attrEmptied) + len(f.Ref)
		}
	}
	it, err := b.s.fanOutItem(f)
	if err != nil {
		return err
	}
	b.fansOut = true
	b.put(b.s.library, it, condition{})
	return nil
}

// awaitEmptied helps to empty the records at whose keys the write would put something
// else. It returns an *errAgain if there was one, and an ErrConflict if that takes longer
// than the retry budget.
func (wr *writing) awaitEmptied(ctx context.Context) error {
	var err error
	for _, st := range wr.steps {
		by := emptiedBy(st.seen)
		if by == "" || !st.row.Live || st.Op == store.Check {
			continue
		}
		again := &store.Error{Op: st.Op.String(), Entity: st.place.entity.Name, Store: storeName, Kind: store.ErrConflict, Outcome: store.NotApplied,
			Detail: "the record that was there is deleted, and what refers to it is still being taken along"}
		limited, cancel := context.WithTimeout(ctx, wr.s.opts.RetryBudget)
		again.Cause = wr.s.Empty(limited, store.FanOut{Ref: by, Gone: []transform.Key{st.row.Key}})
		cancel()
		switch {
		case errors.Is(again.Cause, store.ErrWrongPhase):
			// Whatever became of what was to be taken along, the write itself was not sent.
			again.Kind, again.Detail = store.ErrWrongPhase, "the phase changed while what referred to the record before was taken along"
			return again
		case again.Cause != nil:
			return again
		}
		st.lose()
		err = &errAgain{again}
	}
	return err
}

// finish takes along all that a staged write does, before it is acknowledged, also of one
// that was made before. What it can't is left to the relays.
func (wr *writing) finish(ctx context.Context, done store.Written) (store.Written, error) {
	if !done.Repeated && len(wr.left.Gone) == 0 || wr.left.Ref == "" {
		return done, nil
	}
	em := wr.s.newEmptying()
	err := em.carryOut(ctx, wr.left.Ref)
	done.Changes, done.Unlisted = append(done.Changes, em.changes...), em.more
	if err != nil {
		err = &store.Error{Op: wr.op, Entity: wr.entity(), Store: storeName, Kind: store.ErrPending, Outcome: store.Applied,
			Detail: "what it takes along is not all gone yet", Cause: err}
	}
	return done, err
}

// emptiedAt reads by which mark an edit's record is being emptied.
func (s *Store) emptiedAt(ctx context.Context, e *edit) (string, error) {
	f := &fetch{op: opEmpty, items: map[string]item{}}
	slot := f.want(e.home, e.key)
	err := s.fetch(ctx, f)
	return emptiedBy(f.items[slot]), withOutcome(err, store.NotApplied)
}
