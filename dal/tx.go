package dal

import (
	"cmp"
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Tx is a unit of work while its function runs; see Router.Atomically. It is
// for one goroutine.
type Tx struct {
	router   *Router
	snapshot *Snapshot
	byKey    map[transform.Key]*held
	staged   []*held // each key that was asked for
	turns    int     // how many were staged
	refused  error   // a read was turned away: nothing of this attempt counts
	failed   error   // a staged change can't be made: the unit can't be either
	over     bool
}

func newTx(r *Router, s *Snapshot) *Tx {
	return &Tx{router: r, snapshot: s, byKey: map[transform.Key]*held{}}
}

// A held is what a unit of work knows of one key, and what it wants there.
type held struct {
	tx     *Tx
	entity *transform.Entity
	key    transform.Key // zero in a create whose id the store assigns
	read   *store.Row    // as it was read, nil if nobody has looked
	op     store.Op      // what is staged, 0 for nothing
	turn   int           // since when, counted over the unit
	// record is what the unit sees at the key, zero for nothing, once it was read
	// or staged.
	record transform.Record
	// later are changes of a record that was not read.
	later []func(transform.Record) error
	give  func(transform.Key) error // takes the id that the store assigns
	// giveRows takes what was stored, for the ids of rows that the store assigns.
	giveRows func(transform.Record) error
}

// known reports whether the unit can tell what it sees at the key.
func (h *held) known() bool { return h.read != nil || h.op == store.Create || h.op == store.Put }

// stage notes what the unit wants at the key. The order in which keys are staged
// is that of the statements in MySQL, where a foreign key or a unique value may
// need one to come before the other.
func (h *held) stage(op store.Op) {
	if h.op == 0 && op != 0 {
		h.tx.turns++
		h.turn = h.tx.turns
	}
	h.op = op
}

// at returns what the unit knows of a key.
func (tx *Tx) at(e *transform.Entity, key transform.Key) *held {
	h := tx.byKey[key]
	if h == nil {
		h = tx.add(&held{entity: e, key: key})
		tx.byKey[key] = h
	}
	return h
}

func (tx *Tx) add(h *held) *held {
	h.tx = tx
	tx.staged = append(tx.staged, h)
	return h
}

func (tx *Tx) authority() store.Authority { return tx.router.side(tx.snapshot).authority }

// look reads the keys of which the unit does not know what it sees there.
func (tx *Tx) look(ctx context.Context, all ...*held) error {
	var unknown []*held
	for _, h := range all {
		if !h.known() {
			unknown = append(unknown, h)
		}
	}
	return tx.ask(ctx, unknown)
}

// ask reads keys, whatever is staged there.
func (tx *Tx) ask(ctx context.Context, all []*held) error {
	if len(all) == 0 {
		return nil
	}
	keys := make([]transform.Key, len(all))
	for i, h := range all {
		keys[i] = h.key
	}
	rows, err := tx.rows(ctx, keys)
	if err == nil {
		for i, h := range all {
			if err = h.sees(rows[i]); err != nil {
				break
			}
		}
	}
	if err != nil && turnedAway(err) {
		tx.refused = err
	}
	return err
}

// rows reads one key as Get does, which is one call less in some stores.
func (tx *Tx) rows(ctx context.Context, keys []transform.Key) ([]store.Row, error) {
	if len(keys) > 1 {
		return tx.authority().GetMany(ctx, tx.snapshot.at(), keys)
	}
	row, err := tx.authority().Get(ctx, tx.snapshot.at(), keys[0])
	return []store.Row{row}, err
}

// sees takes what was read at the key, and applies what is staged for it.
func (h *held) sees(row store.Row) error {
	if row.Err != nil {
		return row.Err
	}
	h.read = &row
	if h.op == store.Create || h.op == store.Put {
		return nil
	}
	if row.Live {
		h.record = row.Record.Clone()
	}
	later := h.later
	h.later = nil
	for _, change := range later {
		if err := h.change(change); err != nil {
			h.tx.failed = err
			return callers(err)
		}
	}
	return nil
}

// change applies a change to what the unit sees.
func (h *held) change(change func(transform.Record) error) error {
	if h.record.IsZero() {
		return h.fault("update", ErrNotFound, "")
	}
	now := h.record.Clone()
	if err := change(now); err != nil {
		return err
	}
	h.record = now
	if h.op != store.Create && h.op != store.Put {
		h.stage(store.Update)
	}
	return nil
}

func (h *held) fault(op string, kind error, detail string) *Error {
	return &Error{Op: op, Entity: h.entity.Name, Kind: kind, Outcome: NotApplied, Detail: detail}
}

// create stages a record that must not be there.
func (h *held) create(rec transform.Record) error {
	if !h.record.IsZero() {
		return h.fault("create", ErrExists, "")
	}
	op := store.Create
	if h.read != nil && h.read.Live { // deleted by this very unit
		op = store.Put
	}
	h.stage(op)
	h.record = rec
	return nil
}

// put stages a record, whatever is there.
func (h *held) put(rec transform.Record) {
	if h.op != store.Create {
		h.stage(store.Put)
	}
	h.record = rec
}

// remove takes away what the unit sees.
func (tx *Tx) remove(ctx context.Context, h *held) error {
	if h.record.IsZero() {
		return h.fault("delete", ErrNotFound, "")
	}
	if h.read == nil {
		if err := tx.ask(ctx, []*held{h}); err != nil {
			return err
		}
		if h.op == store.Create && h.read.Live {
			return h.fault("create", ErrExists, "")
		}
	}
	op := store.Op(0)
	if h.read.Live {
		op = store.Delete
	}
	h.stage(op)
	h.record = transform.Record{}
	return nil
}

// settle leaves out the keys that were asked for in vain, and puts the others into
// the order in which they were staged, behind those that were only read.
func (tx *Tx) settle() {
	tx.staged = slices.DeleteFunc(tx.staged, func(h *held) bool { return h.op == 0 && h.read == nil })
	slices.SortStableFunc(tx.staged, func(a, b *held) int { return cmp.Compare(a.place(), b.place()) })
}

func (h *held) place() int {
	if h.op == 0 {
		return 0
	}
	return h.turn
}

// commits reports whether there is anything to commit: what is read of a single
// key is of one moment as it is.
func (tx *Tx) commits() bool {
	return len(tx.staged) > 1 || len(tx.staged) == 1 && tx.staged[0].op != 0
}

// checks are the conditions that what was read is there still.
func (tx *Tx) checks() []store.Mutation {
	var all []store.Mutation
	for _, h := range tx.staged {
		if h.read != nil {
			all = append(all, h.check())
		}
	}
	return all
}

func (h *held) check() store.Mutation {
	return store.Mutation{Op: store.Check, Key: h.key, Expect: h.read}
}

// mutations returns what the unit wants of the store, in the order of staged.
func (tx *Tx) mutations(w *write) []store.Mutation {
	all := make([]store.Mutation, len(tx.staged))
	for i, h := range tx.staged {
		all[i] = h.mutation()
		if modify := all[i].Modify; modify != nil {
			all[i].Modify = func(rec transform.Record) error {
				before := rec.Clone()
				if err := modify(rec); err != nil {
					return err
				}
				if err := tx.router.fit(w, i, before, rec); err != nil {
					return err
				}
				return tx.router.bears(w)
			}
		}
	}
	return all
}

func (h *held) mutation() store.Mutation {
	m := store.Mutation{Op: h.op, Key: h.key, Expect: h.read}
	switch h.op {
	case 0:
		return h.check()
	case store.Create, store.Put:
		m.Record = h.record
	case store.Update:
		switch {
		case h.read == nil:
			m.Modify = h.modify
		case h.record.Equal(h.read.Record):
			return h.check()
		default:
			m.Modify = h.take
		}
	}
	return m
}

// modify makes the staged changes of a record that was not read.
func (h *held) modify(rec transform.Record) error {
	for _, change := range h.later {
		if err := change(rec); err != nil {
			return err
		}
	}
	return nil
}

// take gives a record, which is as the unit has read it, what the unit made of
// it.
func (h *held) take(rec transform.Record) error {
	for i := range h.entity.Columns {
		rec.SetAt(i, h.record.At(i))
	}
	return nil
}
