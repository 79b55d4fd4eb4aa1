package dal

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Joined is a transaction of the service's own that writes records of the group
// by the service's own SQL; see Router.Join. It is for one goroutine.
type Joined struct {
	router *Router
	tx     store.Joining
	w      write           // with the change records so far
	keys   []transform.Key // as they were named
	known  map[transform.Key]bool
	over   bool
}

// Join takes part in a transaction that the service has begun in MySQL, in phases
// 1 to 3: it checks within it that MySQL may commit, keeps that so until the
// transaction ends, and writes the change records of the keys, so that what the
// service's own SQL does to these records reaches DynamoDB. Commit of what it
// returns commits, and then does what follows every write; Rollback gives up.
//
//	tx, err := db.BeginTxx(ctx, nil)
//	joined, err := ctl.Join(ctx, mysql.Joining(tx), users.Key(101), orders.Key(7))
//	defer joined.Rollback()
//	_, err = tx.ExecContext(ctx, "UPDATE …")
//	err = joined.Commit(ctx)
//
// Name each record that the SQL may change: of an entity with child rows the
// parent's, and of what it deletes those too that foreign keys take along. One that
// is named and not changed costs a refresh and nothing else. Keys may also be named
// later, by Touch. Statements may come before Join too; one that joins first meets
// fewer deadlocks, as all writers take the fence and their keys in one order. In
// phase 1 without capture only the fence is checked.
//
// Commit refuses what DynamoDB could not take, as a write of the library's own is refused,
// but for phase 1 without capture.
//
// Any error has rolled the transaction back, so that it can't commit without its
// change records. ErrConflict says that the phase or another transaction came in
// between: begin the transaction again. Join has waited for the phase meanwhile,
// no longer than RouterOptions.PhaseWait. ErrWrongPhase says that DynamoDB leads,
// in phases 4 and 5, where no SQL can write the records: use the repositories, or
// Atomically, which do so in every phase.
//
// A hand-off waits for the transaction as for every write, for a bounded time, and
// may then end its session: keep it short, with no call to others in it.
//
// What voids it, since the library can't see it: a record that is changed and not
// named, which never reaches the follower, or only with its next change (where
// triggers capture the relay brings it); and in phase 1 without capture what comes
// after a statement that committed implicitly, as DDL does, or after a deadlock of
// which the service took no notice.
// A transaction that the service commits by itself, not through Commit, is refreshed by
// the relay only, and nobody looks at it before: what can't become an item is a dead
// letter then, as with what triggers capture of records that are not named. That the
// records fit MySQL's columns is the service's own SQL's to see to.
func (r *Router) Join(ctx context.Context, tx store.Joining, keys ...Key) (j *Joined, err error) {
	defer r.observe("join", "", r.clock(), &err)
	s := r.snapshot.Load()
	j = &Joined{router: r, tx: tx, known: map[transform.Key]bool{}}
	j.w.snapshot = s
	if err = j.record(ctx, "join", keys); err == nil {
		return j, nil
	}
	if !s.Phase.DynamoDBLeads() && turnedAway(err) {
		err = r.joinLater(ctx, s, err)
	}
	return nil, err
}

// joinLater waits until the phase is settled and says what to do then. The
// transaction is over: one that waited with its locks held would keep the phase
// from ever being settled.
func (r *Router) joinLater(ctx context.Context, s *Snapshot, refusal error) error {
	if err := r.again(ctx, s, refusal, func(*Snapshot) error { return nil }); err != nil {
		return err
	}
	if r.snapshot.Load().Phase.DynamoDBLeads() {
		return r.leadsElsewhere("join", refusal)
	}
	return &Error{Op: "join", Store: r.forward.authority.Name(), Kind: ErrConflict, Outcome: NotApplied, Cause: refusal,
		Detail: "the phase has changed; begin the transaction again"}
}

// leadsElsewhere is the error of a transaction of MySQL's where DynamoDB leads.
func (r *Router) leadsElsewhere(op string, cause error) error {
	return &Error{Op: op, Store: r.forward.authority.Name(), Kind: ErrWrongPhase, Outcome: NotApplied, Cause: cause,
		Detail: "DynamoDB leads, and no SQL can write there; use the repositories or Atomically, which write in every phase"}
}

// Touch names more records that the transaction may change, before or after the
// SQL that does: also one whose id MySQL assigned, once it is known. One whose number an
// item has ("keep": {"dynamodb": "counter"}) is named before it is deleted or refers to
// another record: afterwards nobody knows whose number it was in. A key that
// was named already costs nothing. Any error has rolled the transaction back.
func (j *Joined) Touch(ctx context.Context, keys ...Key) error {
	if j.over {
		return j.isOver("touch")
	}
	return j.record(ctx, "touch", keys)
}

// record writes the change records of those keys that have none yet.
func (j *Joined) record(ctx context.Context, op string, keys []Key) error {
	plain, err := j.plain(op, keys)
	if err != nil {
		j.end()
		return err
	}
	written, err := j.tx.Record(ctx, j.w.snapshot.at(), plain)
	if err != nil {
		j.over = true
		return err
	}
	for _, key := range plain {
		if !j.known[key] {
			j.known[key] = true
			j.keys = append(j.keys, key)
		}
	}
	for _, k := range written {
		j.w.done.Rows = append(j.w.done.Rows, store.Row{Key: k.Key, Version: k.Version})
		j.w.done.Changes = append(j.w.done.Changes, store.Change{Keys: []store.KeyVersion{k}})
	}
	return nil
}

// plain returns the keys that are new, or why the transaction can't be joined
// with them.
func (j *Joined) plain(op string, keys []Key) ([]transform.Key, error) {
	r := j.router
	if j.w.snapshot.Phase.DynamoDBLeads() {
		return nil, r.leadsElsewhere(op, nil)
	}
	if j.tx.Contract() != r.contract {
		return nil, &Error{Op: op, Kind: ErrInvalid, Outcome: NotApplied, Detail: "the transaction is of a store of another group"}
	}
	var plain []transform.Key
	for _, key := range keys {
		if err := key.check(op, key.key.Entity); err != nil {
			return nil, notApplied(err)
		}
		if r.contract.Entity(key.key.Entity) == nil {
			return nil, &Error{Op: op, Entity: key.key.Entity, Kind: ErrInvalid, Outcome: NotApplied, Detail: "the key is of no entity of the group"}
		}
		if !j.known[key.key] {
			plain = append(plain, key.key)
		}
	}
	return plain, nil
}

// Commit commits the transaction and then does what follows every write: within
// the follower policy, which Follow may choose, the records reach DynamoDB, on a
// deadline of its own. So an ErrPending has outcome Applied. An error whose outcome
// is Unknown says that the answer to the commit was lost; the relay brings over
// what it committed. There is no Token for it: what the service's SQL did is not
// the library's to compare.
//
// First Commit reads, within the transaction, what that leaves of the records that were
// named: one statement for each entity, and under capture one for each record that has
// rows of other tables. A record that can't become an item is ErrInvalid or ErrTooLarge, as
// in the repositories, and more than one transaction of DynamoDB can take is ErrTooLarge
// with the count, as in Atomically. Then the transaction has been rolled back; in phase 1
// without capture it is reported and commits. As nobody has read what was there before,
// each record counts as changed, named in vain or not, and unique values and references
// that are given up or taken count nothing: Atomically may refuse what passes here. A
// record that a delete may have taken along does not count where DynamoDB stages that.
//
// A transaction that lost its change records is not committed: a statement rolled
// it back, as a deadlock does, or committed it, as DDL does, and the service went on,
// or it went back to a savepoint from before they were named. What then has committed
// statement by statement is brought to the follower all the same; the outcome is
// Unknown, the kind ErrInvalid.
func (j *Joined) Commit(ctx context.Context, options ...WriteOption) (err error) {
	r := j.router
	defer r.observe("commit", "", r.clock(), &err)
	if j.over {
		return j.isOver("commit")
	}
	o, err := r.chosen(options)
	if err == nil && o.token != "" {
		err = &Error{Op: "commit", Kind: ErrInvalid, Outcome: NotApplied, Detail: "a transaction of the service's own takes no token"}
	}
	if err != nil {
		j.end()
		return err
	}
	if err = j.fits(ctx); err != nil {
		return err
	}
	j.over = true
	if err = j.tx.Commit(ctx); err != nil {
		return err
	}
	if !j.w.snapshot.Phase.HasFollower() || r.side(j.w.snapshot).refresher == nil {
		return nil
	}
	return r.follow(ctx, &j.w, o.policy)
}

// fits reads what the transaction leaves of the records that it names, and rolls it back
// if DynamoDB could not take that.
func (j *Joined) fits(ctx context.Context) error {
	if len(j.keys) == 0 {
		return nil
	}
	rows, err := j.tx.Rows(ctx, j.keys)
	if err != nil {
		j.over = true
		return err
	}
	if err = j.router.fitJoined(j.w.snapshot, rows); err != nil {
		j.end()
	}
	return err
}

// fitJoined is what commit does before the library's own writes. Nobody has read what was
// there before, so each record is taken for one that was changed, and kept its unique
// values, references and place. What a delete may have taken along is not counted if
// DynamoDB would stage that.
func (r *Router) fitJoined(s *Snapshot, rows []store.Row) error {
	w := &write{snapshot: s}
	gone := map[*transform.Entity]bool{} // of which records are not there
	for _, row := range rows {
		m := store.Mutation{Op: store.Update, Key: row.Key}
		if !row.Live {
			m.Op = store.Delete
			gone[r.contract.Entity(row.Key.Entity)] = true
		}
		w.Mutations = append(w.Mutations, m)
	}
	w.weigh(r.contract)
	for i, row := range rows {
		var err error
		switch {
		case row.Err != nil:
			err = r.unfit(s, row.Key, refused(store.Update.String(), row.Key.Entity, row.Err), row.Err)
		case row.Live:
			err = r.fit(w, i, row.Record, row.Record)
		}
		if err != nil {
			return err
		}
		if w.burdens != nil && mayGoAlong(r.contract.Entity(row.Key.Entity), row, gone) {
			w.burdens[i] = burden{}
		}
	}
	return r.bears(w)
}

// mayGoAlong reports whether a record may be as it is because one of an entity of which
// some are gone was deleted, and whether DynamoDB would stage that.
func mayGoAlong(e *transform.Entity, row store.Row, gone map[*transform.Entity]bool) bool {
	return slices.ContainsFunc(e.References, func(f *transform.Reference) bool {
		if !gone[f.To()] || f.To().Unstaged() != "" {
			return false
		}
		switch f.OnDelete {
		case transform.OnDeleteCascade:
			return !row.Live
		case transform.OnDeleteSetNull:
			_, refers := target(f, row.Record)
			return row.Live && row.Err == nil && !refers
		}
		return false
	})
}

// Rollback ends the transaction with nothing applied. After Commit, or after an
// error, it does nothing, so it can be deferred.
func (j *Joined) Rollback() error {
	if j.over {
		return nil
	}
	j.over = true
	return j.tx.Rollback()
}

// end rolls back where there is an error to return already.
func (j *Joined) end() {
	_ = j.Rollback() // if the connection is gone, the server rolls back
}

func (j *Joined) isOver(op string) error {
	return &Error{Op: op, Kind: ErrInvalid, Outcome: NotApplied, Detail: "the transaction is over"}
}
