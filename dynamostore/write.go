package dynamostore

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A writing is one Write on its way.
type writing struct {
	s         *Store
	at        store.At
	write     store.Write
	op        string // in errors about all of it
	steps     []*step
	b         budget
	askAgain  bool // what was seen of the records is out of date
	trusts    bool // nobody has looked whether what callers have read is there still
	asked     bool // the token was looked for, where there is one
	unchanged bool // every step is an Update that changes nothing
	staged    bool // what it takes along is left to the mark that it leaves
	// left is the mark that it leaves; of a write that was made before it has the reference
	// alone, if that one was staged.
	left store.FanOut

	referring
	deleter string                 // the mark of this attempt
	marks   map[transform.Key]mark // that may be there
}

// A step is one mutation of a write.
type step struct {
	store.Mutation
	edit
	assigned int64 // the id that the store gave, 0 if it gives none
	assigns  bool
}

// A callerError is what a Modify returned. It reaches the caller as it is.
type callerError struct{ err error }

func (e *callerError) Error() string { return e.err.Error() }

// Write commits all mutations or none.
//
// It reads what Put, Update and Delete change, in one call, and sends one
// transaction on condition that nothing has changed meanwhile; a Create needs no
// read. Bare, a single mutation of an entity without unique columns and without
// a token is one conditional PutItem. If a record has changed it begins again
// with what is there now, Modify included, within Options.RetryBudget; writers
// of one key in this process wait for each other instead.
//
// An item that moves has a stand, which is read first, and takes two or three of the
// transaction's actions. That its new place is another key's is ErrUnique, with the
// columns of the item's key.
//
// A write that makes copies old, or leaves a record that has not got its own yet, leaves
// a fan-out mark, bare too. An item that is replaced keeps its copies.
//
// A token has an item of its own. A bare write leaves a change item for it too,
// so that it is carried to the follower if capture begins within its life.
//
// A request whose reply is lost is sent again and recognised, so that its error
// is Unknown only if the service does not answer within the budget, or the lease
// runs out and is not granted for the same epoch again while Lease.Wait lasts.
//
// An Update that changes no column commits nothing and succeeds, with version 0.
// With a token, or beside mutations that do change something, it is written.
//
// A delete that takes along more than one transaction can have is staged, where it can be
// (see transform.Entity.Unstaged): its transaction deletes what the write names, and the
// rest is taken along by others, before the write is acknowledged, by whomever they were
// begun; so it is when the write is repeated with its token. Along is not told of it, and
// the answer tells of 500 keys of it at most. Where that fails, or ctx ends, the error is
// ErrPending, with outcome Applied, beside an answer that tells of what was done, and who
// carries out fan-out marks goes on with it.
func (s *Store) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	wr, err := s.plan(at, w)
	if err != nil {
		return store.Written{}, err
	}
	done, err := wr.commit(ctx)
	if err != nil {
		return store.Written{}, err
	}
	return wr.finish(ctx, done)
}

// commit makes the write, under the lease.
func (wr *writing) commit(ctx context.Context) (store.Written, error) {
	s, at := wr.s, wr.at
	leave, err := s.queue.enter(ctx, wr.keys())
	if err != nil {
		return store.Written{}, fail(wr.op, wr.entity(), s.library.table, store.NotApplied, err)
	}
	defer leave()
	if !at.Lease.Enter(at.Epoch) {
		return store.Written{}, s.wrongPhase(wr.op, wr.entity(), store.NotApplied, noLease)
	}
	var done store.Written
	valid := false
	func() {
		defer func() { valid = at.Lease.Leave(at.Epoch) }()
		done, err = wr.run(ctx)
		wr.unmarkAll(ctx, func(key transform.Key) bool { return err == nil && !done.Repeated && wr.deletes(key) })
	}()
	if !valid && (err != nil || !at.Lease.Regain(ctx, at.Epoch)) {
		return store.Written{}, wr.lapsed(err)
	}
	var caller *callerError
	if errors.As(err, &caller) {
		return store.Written{}, caller.err
	}
	return done, err
}

// lapsed is the error of a write that ended after its lease. One that has
// certainly changed nothing, but may have been refused for what is not true any
// more, is to be repeated; of any other one nobody knows what the other store,
// opened meanwhile, has seen.
func (wr *writing) lapsed(err error) error {
	var caller *callerError
	switch {
	case err != nil && (errors.As(err, &caller) || store.OutcomeOf(err) == store.NotApplied):
		return wr.s.wrongPhase(wr.op, wr.entity(), store.NotApplied, leaseOver)
	case err != nil:
		return err
	}
	return &store.Error{
		Op: wr.op, Entity: wr.entity(), Store: storeName, Kind: store.ErrUnavailable, Outcome: store.Unknown, Detail: leaseOver,
	}
}

// entity names the entity in errors, "" if there are several.
func (wr *writing) entity() string {
	name := ""
	for i, st := range wr.steps {
		if i > 0 && name != st.place.entity.Name {
			return ""
		}
		name = st.place.entity.Name
	}
	return name
}

// keys returns the keys to be changed that are known before the write begins.
func (wr *writing) keys() []transform.Key {
	var keys []transform.Key
	for _, st := range wr.steps {
		if !st.assigns && st.Op != store.Check {
			keys = append(keys, st.Key)
		}
	}
	return keys
}

// errAgain says that an attempt met something new.
type errAgain struct {
	err error // if there is no further attempt
}

func (e *errAgain) Error() string { return e.err.Error() }

// run makes attempts until one has an answer.
func (wr *writing) run(ctx context.Context) (store.Written, error) {
	for {
		done, err := wr.attempt(ctx)
		var again *errAgain
		if !errors.As(err, &again) {
			return done, err
		}
		if wr.b.progress(); !wr.b.wait(ctx) {
			return store.Written{}, again.err
		}
	}
}

// attempt reads, computes and commits once.
func (wr *writing) attempt(ctx context.Context) (store.Written, error) {
	known, err := wr.look(ctx)
	switch {
	case err != nil:
		return store.Written{}, withOutcome(err, store.NotApplied)
	case known != nil:
		return wr.repeated(*known)
	}
	if err := wr.compute(ctx); err != nil {
		return store.Written{}, wr.excused(ctx, err)
	}
	if wr.unchanged && wr.write.Token == "" && !wr.expecting() {
		return wr.nothing(), nil
	}
	if err := wr.awaitEmptied(ctx); err != nil {
		return store.Written{}, err
	}
	if err := wr.follow(ctx); err != nil {
		return store.Written{}, wr.excused(ctx, err)
	}
	b, change, err := wr.bundle()
	if errors.Is(err, store.ErrTooLarge) && len(wr.along) > 0 && wr.stages() {
		if err := wr.stage(ctx); err != nil {
			return store.Written{}, err
		}
		b, change, err = wr.bundle()
	}
	if err != nil {
		return store.Written{}, err
	}
	err = b.transact(ctx, &wr.b)
	var refused *refusal
	if errors.As(err, &refused) {
		return wr.refused(ctx, b, refused)
	}
	if err != nil {
		return store.Written{}, err
	}
	return wr.written(change), nil
}

// look reads the records of the steps, and the token with them: a write that is
// repeated finds its own changes there and would take them for another's.
func (wr *writing) look(ctx context.Context) (*store.Token, error) {
	var want []*step
	for _, st := range wr.steps {
		if st.key != nil && (wr.askAgain || st.lost || !st.known && st.Op != store.Create) {
			want = append(want, st)
		}
	}
	withToken := wr.write.Token != "" && !wr.asked
	if len(want) == 0 && !(wr.askAgain && withToken) {
		return nil, nil
	}
	items, token, err := wr.s.lookUp(ctx, wr.op, edits(want), withToken, wr.write.Token)
	if err != nil {
		return nil, err
	}
	wr.trusts = wr.trusts && !wr.askAgain
	wr.askAgain, wr.asked = false, true
	known, err := wr.known(token)
	if err != nil || known != nil {
		return known, err
	}
	for i, st := range want {
		if err := st.see(st.Op.String(), st.row.Key, items[i]); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// known reads the item of the write's token, and by which mark the write was staged; nil if
// there is none that still counts.
func (wr *writing) known(it item) (*store.Token, error) {
	known, err := wr.s.knownToken(it)
	if known != nil {
		wr.left = store.FanOut{Ref: scalarText(it[tokenStaged])}
	}
	return known, err
}

// excused returns the error of a step, or of what references say of it, unless the
// write's token tells that the write was made before: then a Create finds its own
// record, a Delete finds nothing, or a record made since that others refer to. Nor is it
// the answer where it was found upon what the caller has read, and that has changed.
func (wr *writing) excused(ctx context.Context, err error) error {
	var again *errAgain
	if repeats := wr.write.Token != "" && !wr.asked; !repeats && !wr.trusts || errors.As(err, &again) {
		return err
	}
	wr.askAgain = true // and the token with it, in the next attempt
	if ctx.Err() != nil {
		return err
	}
	return &errAgain{err: err}
}

// edits returns the edits of steps.
func edits(steps []*step) []*edit {
	list := make([]*edit, len(steps))
	for i, st := range steps {
		list[i] = &st.edit
	}
	return list
}

// bundle puts the write into a transaction.
func (wr *writing) bundle() (*bundle, store.Change, error) {
	var change store.Change
	changing := append(wr.changing(), wr.along...)
	b, err := wr.s.newBundle(wr.op, wr.steps[0].place.entity.Name, changing, false)
	if err != nil {
		return nil, change, err
	}
	for _, st := range wr.steps {
		if st.Op == store.Check && !wr.takes(st.row.Key) {
			st.unmarked = len(st.place.entity.ReferredBy()) > 0 && wr.refers()
			b.edits[b.check(st.home, st.key, st.edit.unchanged())] = &st.edit
		}
	}
	if err := wr.require(b); err != nil {
		return nil, change, err
	}
	b.may = wr.may
	sources, own := wr.fanOut()
	wr.left = store.FanOut{Ref: newMark(b.id), Sources: sources, Own: own, Gone: wr.emptied()}
	var token *store.Token
	if wr.write.Token != "" {
		token = &store.Token{
			Token: wr.write.Token, Fingerprint: wr.write.Fingerprint(), Assigned: wr.assigned(), Created: wr.s.opts.Now().Round(0).UTC(),
		}
		it := wr.s.tokenItem(*token)
		it[attrWrite] = text(b.id)
		if len(wr.left.Gone) > 0 {
			it[tokenStaged] = text(wr.left.Ref)
		}
		b.token = b.put(wr.s.library, it, wr.s.tokenFree())
	}
	var keys []store.KeyVersion // bare, none: the backfill brings them
	if wr.at.Captured {
		keys = keyVersions(changing)
	}
	if len(keys) > 0 || token != nil {
		var it item
		it, change = wr.s.changeItem(b.id, keys, token)
		b.put(wr.s.library, it, condition{})
	}
	if err := b.leave(wr.left); err != nil {
		return nil, change, err
	}
	return b, change, b.fits()
}

// refused finds out what a refusal of the transaction means.
func (wr *writing) refused(ctx context.Context, b *bundle, r *refusal) (store.Written, error) {
	if it, ok := r.unmet[b.token]; ok {
		known, err := wr.known(it)
		if err != nil {
			return store.Written{}, err
		}
		if known != nil {
			return wr.repeated(*known)
		}
	}
	taken := b.collide(r)
	switch {
	case r.conflict:
		wr.askAgain = true
		return store.Written{}, &errAgain{err: b.busy(r)}
	case !b.settled(r):
		return store.Written{}, wr.unsettled(ctx, b, r, taken)
	case b.stale(r):
		// What a unique value's guard or a target says is worth nothing then.
		if err := b.learn(r); err != nil {
			return store.Written{}, err
		}
		var again *errAgain
		if blocked := wr.lacking(ctx, b, r); errors.As(blocked, &again) {
			return store.Written{}, blocked
		}
		return store.Written{}, &errAgain{err: b.contended(r)}
	case taken != nil:
		return store.Written{}, taken
	}
	if err := wr.lacking(ctx, b, r); err != nil {
		return store.Written{}, err
	}
	return store.Written{}, &errAgain{err: b.contended(r)}
}

// unsettled is the error of a write that may yet take effect. That somebody's mark
// kept it out is no reason to begin again: the mark goes, and then it might land.
func (wr *writing) unsettled(ctx context.Context, b *bundle, r *refusal, taken error) error {
	if taken == nil {
		taken = wr.lacking(ctx, b, r)
	}
	var again *errAgain
	if taken == nil || errors.As(taken, &again) {
		return b.unsettled(r)
	}
	return taken
}

// contended is the error of a write that found its records changed until the
// budget was used up.
func (b *bundle) contended(r *refusal) error {
	e := fail(b.op, b.entity, b.tables(), store.NotApplied, r.err)
	e.Kind, e.Detail = store.ErrConflict, "the records changed during every attempt"
	return e
}

// assigned returns the ids that the store gave, in the order of the mutations.
func (wr *writing) assigned() []int64 {
	var ids []int64
	for _, st := range wr.steps {
		if st.assigns {
			ids = append(ids, st.assigned)
		}
	}
	return ids
}

// written is the answer to a write that was committed.
func (wr *writing) written(change store.Change) store.Written {
	w := store.Written{Rows: make([]store.Row, len(wr.steps))}
	for i, st := range wr.steps {
		if st.Op == store.Check {
			w.Rows[i].Key = st.Key
			continue
		}
		w.Rows[i] = versioned(wr.at, st.row)
		w.Rows[i].Dirty = wr.at.Captured
	}
	if wr.at.Captured && change.Ref != "" {
		w.Changes = []store.Change{change}
	}
	return w
}

// nothing is the answer to a write that changes nothing.
func (wr *writing) nothing() store.Written {
	w := store.Written{Rows: make([]store.Row, len(wr.steps))}
	for i, st := range wr.steps {
		w.Rows[i] = store.Row{Key: st.row.Key, Live: true, Record: st.row.Record}
	}
	return w
}

// repeated is the answer to a write whose token is there.
func (wr *writing) repeated(known store.Token) (store.Written, error) {
	if known.Fingerprint != wr.write.Fingerprint() {
		return store.Written{}, invalid(wr.op, wr.entity(), store.NotApplied, "the token was used for another write")
	}
	w := store.Written{Rows: make([]store.Row, len(wr.steps)), Repeated: true}
	ids := known.Assigned
	for i, st := range wr.steps {
		w.Rows[i].Key = st.Key
		if !st.assigns || wr.write.Decided {
			continue
		}
		if len(ids) == 0 {
			return store.Written{}, invalid(wr.op, wr.entity(), store.NotApplied, "the token does not say which ids its write was given")
		}
		key, _, err := st.withID(ids[0])
		if err != nil {
			return store.Written{}, st.place.unfit(wr.op, st.row, err)
		}
		w.Rows[i].Key, ids = key, ids[1:]
	}
	return w, nil
}
