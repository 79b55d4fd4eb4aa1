package dal

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Group is what a repository belongs to: all entities of one contract, with
// one phase. The controller of package migrationctl is one, and so is a Router.
type Group interface{ Router() *Router }

// A Repository reads and writes the records of one entity as values of T, a
// struct bound to the entity's columns by its db tags. It is safe for
// concurrent use.
type Repository[T any] struct {
	router  *Router
	entity  *transform.Entity
	binding *transform.Binding[T]
	shown   shown // what answers are filled with
}

// NewRepository binds T to the entity of the group's contract. The error names
// every fault of the binding at once.
func NewRepository[T any](g Group, entity string) (*Repository[T], error) {
	r := g.Router()
	e := r.contract.Entity(entity)
	if e == nil {
		return nil, &Error{Op: "bind", Entity: entity, Kind: ErrInvalid, Detail: "the contract has no such entity"}
	}
	b, err := transform.Bind[T](e)
	if err != nil {
		return nil, &Error{Op: "bind", Entity: entity, Kind: ErrInvalid, Cause: err}
	}
	return &Repository[T]{router: r, entity: e, binding: b, shown: shownBy(e, b)}, nil
}

// Key returns the key with these values of the primary key's columns, in their
// order, as Go values. A value of the wrong type is reported by the operation
// that is given the key, and by Key.Err.
func (r *Repository[T]) Key(values ...any) Key {
	k, err := r.entity.KeyOf(values...)
	if err != nil {
		return Key{fault: &Error{Op: "key", Entity: r.entity.Name, Kind: ErrInvalid, Cause: err}}
	}
	return Key{key: k}
}

// Get returns the record at the key, or ErrNotFound.
//
// Fields of joined columns that the contract hydrates are filled by all reads, with what
// the joined records have then, or how many there are: their attribute's name is the
// field's tag, with _joined behind it where the entity's own table has a column of that name. Writes ignore these
// fields. A joined record that can't be read, or whose NULL the field can't take, is an
// error of the read.
func (r *Repository[T]) Get(ctx context.Context, key Key, options ...ReadOption) (v T, err error) {
	defer r.router.observe("get", r.entity.Name, r.router.clock(), &err)
	fresh(options)
	if err = key.check("get", r.entity.Name); err != nil {
		return v, err
	}
	also := r.lookup()
	row, from, err := r.router.get(ctx, key.key, also, options)
	if err != nil {
		return v, err
	}
	if !row.Live {
		return v, &Error{Op: "get", Entity: r.entity.Name, Store: from.Name(), Kind: ErrNotFound}
	}
	return v, r.fill("get", row.Record, also.targets(), &v)
}

// GetMany returns the records at the keys. A key where nothing is does not
// appear in the answer.
func (r *Repository[T]) GetMany(ctx context.Context, keys []Key, options ...ReadOption) (found map[Key]T, err error) {
	defer r.router.observe("get many", r.entity.Name, r.router.clock(), &err)
	fresh(options)
	plain := make([]transform.Key, len(keys))
	for i, key := range keys {
		if err = key.check("get many", r.entity.Name); err != nil {
			return nil, err
		}
		plain[i] = key.key
	}
	found = make(map[Key]T, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	also := r.lookup()
	rows, err := r.router.getMany(ctx, plain, also, options)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if !row.Live {
			continue
		}
		if row.Err != nil {
			return nil, row.Err
		}
		var v T
		if err = r.fill("get many", row.Record, also.targets(), &v); err != nil {
			return nil, err
		}
		found[Key{key: row.Key}] = v
	}
	return found, nil
}

// Create stores a record that must not be there yet. ErrExists says that its
// key is taken, ErrUnique names the column whose value is taken, ErrNoTarget the
// columns that refer to what is not there.
//
// Where the contract gives the entity a sequence and the id in v is zero, the
// store assigns one and Create sets it in v, also if the write was committed
// before under the same token, and with an ErrPending. An error whose outcome
// is Unknown leaves v as it is: repeat it with its token to learn the id.
//
// Rows of other tables that are part of the record, an order's lines say, are a
// slice of structs in v, and stored with it. Where the contract says that their ids
// are assigned, one that is new has the id zero; after Create, Put and Update the
// slice is as Get would give it, with the ids. Of a write that was committed before
// under the same token they are not known: Get tells them. An id that the record
// did not have is ErrInvalid (TestScenario08AddressLeavesLinesAlone and
// TestLinesInUnits of package migrationctl).
func (r *Repository[T]) Create(ctx context.Context, v *T, options ...WriteOption) error {
	return r.store(ctx, store.Create, v, options)
}

// Put stores a record, whether or not one is there.
func (r *Repository[T]) Put(ctx context.Context, v *T, options ...WriteOption) error {
	return r.store(ctx, store.Put, v, options)
}

func (r *Repository[T]) store(ctx context.Context, op store.Op, v *T, options []WriteOption) (err error) {
	defer r.router.observe(op.String(), r.entity.Name, r.router.clock(), &err)
	rec, err := r.record(op.String(), v)
	if err != nil {
		return err
	}
	m := store.Mutation{Op: op, Record: rec}
	assigned, lacks := r.lacksID(rec), r.entity.LacksIDs(rec)
	switch {
	case assigned && op == store.Create:
		rec.SetAt(r.entity.Sequence, transform.Value{})
	case assigned:
		return r.noID(op.String())
	default:
		if m.Key, err = rec.Key(); err != nil {
			return refused(op.String(), r.entity.Name, err)
		}
	}
	var w write
	w.Mutations = []store.Mutation{m}
	err = r.router.write(ctx, &w, options)
	if assigned && len(w.done.Rows) == 1 {
		if err := r.setID(v, w.done.Rows[0].Key); err != nil {
			return err
		}
	}
	if lacks && len(w.done.Rows) == 1 {
		if err := r.setRows(v, w.done.Rows[0].Record); err != nil {
			return err
		}
	}
	return err
}

// noID is the error of an operation that needs to be given the id.
func (r *Repository[T]) noID(op string) error {
	return &Error{Op: op, Entity: r.entity.Name, Kind: ErrInvalid, Outcome: NotApplied,
		Field: r.entity.Columns[r.entity.Sequence].Name, Detail: "the id is zero; Create has one assigned"}
}

// lacksID reports whether the store is to assign the record's id. AUTO_INCREMENT
// takes 0 for none as well.
func (r *Repository[T]) lacksID(rec transform.Record) bool {
	if r.entity.Sequence < 0 {
		return false
	}
	id := rec.At(r.entity.Sequence)
	n, ok := id.Int()
	return id.IsNull() || ok && n == 0
}

// setID gives v the id that the store assigned.
func (r *Repository[T]) setID(v *T, key transform.Key) error {
	id, err := r.entity.KeyValues(key)
	if err == nil {
		err = r.binding.SetColumn(v, r.entity.Sequence, id[0])
	}
	if err != nil {
		return &Error{Op: "create", Entity: r.entity.Name, Kind: ErrInvalid, Outcome: Applied,
			Detail: "the record is stored, and its id can't be given back", Cause: err}
	}
	return nil
}

// Update reads the record, lets change change it, and stores what it changed
// and nothing else: columns it leaves alone keep what a concurrent write gave
// them. ErrNotFound says that there is no record. An error of change ends the
// update with nothing applied and is returned as it is; only it says so, since
// OutcomeOf knows the library's errors.
//
// Fields of what is hydrated are empty in what change is given; see Get.
//
// change may be called more than once, each time with the record as it is
// then: after a conflict, and once more in the new phase if the phase changes
// meanwhile. MySQL as authority calls it while it holds the key's lock and a
// share of the fence, so it should be quick and must not call the repository:
// while it blocks, a change of phase waits, and every writer behind that. It
// can't change the key.
func (r *Repository[T]) Update(ctx context.Context, key Key, change func(*T) error, options ...WriteOption) (err error) {
	defer r.router.observe("update", r.entity.Name, r.router.clock(), &err)
	if err = key.check("update", r.entity.Name); err != nil {
		return notApplied(err)
	}
	var w write
	var last *T
	lacks := false
	w.Mutations = []store.Mutation{{Op: store.Update, Key: key.key, Modify: func(rec transform.Record) error {
		v, err := r.changed(rec, change)
		if err != nil {
			return err
		}
		last, lacks = v, r.entity.LacksIDs(rec)
		return r.router.fit(&w, 0, transform.Record{}, rec)
	}}}
	err = r.router.write(ctx, &w, options)
	if lacks && len(w.done.Rows) == 1 {
		if err := r.setRows(last, w.done.Rows[0].Record); err != nil {
			return err
		}
	}
	return err
}

// A changeError is the caller's own error on its way through the stores, so
// that it is never taken for one of theirs.
type changeError struct{ err error }

func (e *changeError) Error() string { return e.err.Error() }

// modify takes over what change changed. Comparing two conversions of T keeps
// columns as they are that T can't hold whole, such as JSON properties it does
// not know.
func (r *Repository[T]) modify(rec transform.Record, change func(*T) error) error {
	_, err := r.changed(rec, change)
	return err
}

// changed is modify, and returns what change was given.
func (r *Repository[T]) changed(rec transform.Record, change func(*T) error) (*T, error) {
	var v T
	if err := r.into("update", rec, &v); err != nil {
		return nil, notApplied(err)
	}
	before, err := r.record("update", &v)
	if err != nil {
		return nil, err
	}
	if err := change(&v); err != nil {
		return nil, &changeError{err}
	}
	after, err := r.record("update", &v)
	if err != nil {
		return nil, err
	}
	for i := range r.entity.Columns {
		if before.At(i) != after.At(i) {
			rec.SetAt(i, after.At(i))
		}
	}
	return &v, r.sameKey(before, after)
}

func (r *Repository[T]) sameKey(before, after transform.Record) error {
	for _, i := range r.entity.KeyColumns {
		if before.At(i) != after.At(i) {
			return &Error{Op: "update", Entity: r.entity.Name, Kind: ErrInvalid, Outcome: NotApplied,
				Field: r.entity.Columns[i].Name, Detail: "an update can't change the key: create and delete instead"}
		}
	}
	return nil
}

// Delete removes the record at the key, or returns ErrNotFound. What refers to it
// is deleted too, or refers to nothing then, or forbids it with ErrReferenced, as
// the contract's references say.
//
// More than a transaction of DynamoDB can have, 100 actions, is staged there, where the
// contract lets it: the record goes first, and the rest before Delete returns. ErrPending,
// with outcome applied, says that some of it is still there; the relays take it away.
func (r *Repository[T]) Delete(ctx context.Context, key Key, options ...WriteOption) (err error) {
	defer r.router.observe("delete", r.entity.Name, r.router.clock(), &err)
	if err = key.check("delete", r.entity.Name); err != nil {
		return notApplied(err)
	}
	var w write
	w.Mutations = []store.Mutation{{Op: store.Delete, Key: key.key}}
	return r.router.write(ctx, &w, options)
}

// into gives a record's content to a T.
func (r *Repository[T]) into(op string, rec transform.Record, v *T) error {
	if err := r.binding.Into(rec, v); err != nil {
		return &Error{Op: op, Entity: r.entity.Name, Kind: ErrInvalid, Cause: err}
	}
	return nil
}

// record gives a T's content to a record.
func (r *Repository[T]) record(op string, v *T) (transform.Record, error) {
	rec, err := r.binding.Record(v)
	if err != nil {
		return rec, refused(op, r.entity.Name, err)
	}
	return rec, nil
}

// notApplied marks an error found before anything was sent.
func notApplied(err error) error {
	if e, ok := err.(*Error); ok {
		e.Outcome = NotApplied
	}
	return err
}
