package dal

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Joined is a transaction of the service's own that writes records of the group
// by the service's own SQL; see Router.Join. It is for one goroutine.
type Joined struct {
	router *Router
	tx     store.Joining
	w      write // with the change records so far
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
// triggers capture the relay brings it); what a statement does after one that
// committed implicitly, as DDL does; and in phase 1 without capture what comes after
// a deadlock of which the service took no notice.
// A transaction that the service commits by itself, not through Commit, is
// refreshed by the relay only. Nobody checks before the commit that the records
// can become items and fit MySQL's columns: one that can't becomes a dead letter.
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
		j.known[key] = true
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
// A transaction that lost its change records is not committed: a statement rolled
// it back, as a deadlock does, and the service went on. What then has committed
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
	j.over = true
	if err = j.tx.Commit(ctx); err != nil {
		return err
	}
	if !j.w.snapshot.Phase.HasFollower() || r.side(j.w.snapshot).refresher == nil {
		return nil
	}
	return r.follow(ctx, &j.w, o.policy)
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
