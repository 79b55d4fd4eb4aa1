package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// caseTime bounds a case: a store that hangs fails it.
const caseTime = 60 * time.Second

// relay reads versions in every epoch, as a refresh does.
var relay = store.At{Captured: true}

// An env is what a case works with: the store, the entities, and what the
// process the case plays knows of the phase.
type env struct {
	testing.TB
	Subject
	ctx     context.Context
	part    part
	lag     time.Duration
	harness Harness                              // that made the store
	on      func(testing.TB) *transform.Contract // of the case; nil is Contract
	users   *transform.Entity
	visits  *transform.Entity
	tickets *transform.Entity
	// entities are those of the case's contract, by the table of MySQL; sequence has the
	// same in the order of the contract.
	entities map[string]*transform.Entity
	sequence []*transform.Entity
	at       store.At
	to       store.At     // what refreshes carry to the follower
	lease    *store.Lease // of the process, where the store has leases
}

func newEnv(t testing.TB, h Harness, of testCase) *env {
	c := of.contract(t)
	ctx, cancel := context.WithTimeout(context.Background(), caseTime)
	t.Cleanup(cancel)
	e := &env{TB: t, entities: map[string]*transform.Entity{}, sequence: c.Entities, Subject: h.New(t, c), ctx: ctx, part: of.part, lag: h.Lag, harness: h, on: of.on}
	for _, entity := range c.Entities {
		// By their columns: a harness may have given the entities other names.
		e.entities[entity.Source] = entity
		switch {
		case entity.ColumnIndex("user_id") >= 0:
			e.users = entity
		case entity.ColumnIndex("ticket_id") >= 0:
			e.tickets = entity
		case entity.ColumnIndex("visitor") >= 0:
			e.visits = entity
		}
	}
	return e
}

// leased reports whether the store is used under leases, and has no fence.
func (e *env) leased() bool { return e.Leases != nil }

// other returns the store as a second process sees it.
func (e *env) other() Subject {
	if e.Other == nil {
		return e.Subject
	}
	return e.Other(e)
}

// start makes the store ready, in its first epoch as the authority, bare.
func (e *env) start() {
	e.Helper()
	require.NoError(e, e.Control.Init(e.ctx))
	if e.leased() {
		// It begins given away: the authority has yet to come to it.
		e.turn(quiet, func(r *store.PhaseRecord) { r.State, r.Phase, r.Epoch = store.Open, store.DynamoDBOnly, r.Epoch+1 })
	}
	e.obey()
}

// follow makes the store ready as a follower, which with a fence it is only
// once it was given away.
func (e *env) follow() {
	e.Helper()
	if e.Control == nil {
		return
	}
	require.NoError(e, e.Control.Init(e.ctx))
	if !e.leased() {
		e.turn(quiet, func(r *store.PhaseRecord) {
			r.State, r.Phase, r.Epoch = store.GivenAway, store.DynamoDBPrimary, r.Epoch+1
		})
		e.to = store.At{Epoch: e.phase().Epoch}
	}
}

// lead makes the authority come to a store that followed, captured.
func (e *env) lead() {
	e.Helper()
	e.turn(quiet, func(r *store.PhaseRecord) { *r = next(*r, true) })
	e.part = asAuthority
	e.obey()
}

// obey learns the phase and, where one is needed, takes a lease of it.
func (e *env) obey() {
	e.Helper()
	p := e.phase()
	if e.leased() {
		e.lease = store.NewLease(nil)
		e.grant(e.lease, process, p.Epoch)
	}
	e.at = store.At{Epoch: p.Epoch, Captured: p.Capture, Lease: e.lease}
}

// process is the name under which a case takes its lease.
const process = "storetest"

// grant takes a lease that outlasts the case.
func (e *env) grant(l *store.Lease, process string, epoch uint64) {
	e.Helper()
	since := time.Now()
	require.NoError(e, e.Leases.Grant(e.ctx, process, epoch, 2*caseTime))
	l.Extend(epoch, since, 2*caseTime)
}

func (e *env) phase() store.PhaseRecord {
	e.Helper()
	p, err := e.Control.Phase(e.ctx)
	require.NoError(e, err)
	return p
}

// next returns the record that follows p with the store open, with capture on
// or off.
func next(p store.PhaseRecord, capture bool) store.PhaseRecord {
	p.Epoch++
	if capture && !p.Capture {
		p.CaptureEpoch = p.Epoch
	}
	if !capture {
		p.CaptureEpoch = 0
	}
	p.Capture, p.State, p.Next, p.NextCapture, p.Driver = capture, store.Open, 0, false, ""
	return p
}

// entry is the audit entry of what a case looks for; quiet leaves none.
var (
	entry = store.AuditEntry{Who: "storetest", Action: "advance", From: "here", To: "there", Reason: "a test", Detail: "none"}
	quiet = store.AuditEntry{}
)

// turn brings the store from the record it has to the one that change makes of
// it.
func (e *env) turn(a store.AuditEntry, change func(*store.PhaseRecord)) {
	e.Helper()
	from := e.phase()
	to := from
	change(&to)
	require.NoError(e, e.Control.Advance(e.ctx, from, to, a))
}

// mark brings the store to a state; the epoch grows where it must.
func (e *env) mark(to store.State) {
	e.Helper()
	e.turn(quiet, func(r *store.PhaseRecord) {
		if r.State != to && (to == store.Open && r.State != store.Closed || to == store.GivenAway && r.State != store.Sealed) {
			r.Epoch++
		}
		r.State = to
	})
}

// advance moves the store to the next epoch, and the case with it. Where leases
// hold the writes, those of the old epoch are waited for.
func (e *env) advance(capture bool) {
	e.Helper()
	if e.leased() {
		e.turn(quiet, func(r *store.PhaseRecord) { r.State, r.Next, r.NextCapture = store.Closed, r.Phase, capture })
		e.lease.Drain(e.ctx)
		require.NoError(e, e.Leases.GiveBack(e.ctx, process))
	}
	e.turn(entry, func(r *store.PhaseRecord) { *r = next(*r, capture) })
	e.obey()
}

func (e *env) capture() { e.Helper(); e.advance(true) }

// try writes the mutations in the case's epoch.
func (e *env) try(m ...store.Mutation) (store.Written, error) {
	return e.Authority.Write(e.ctx, e.at, store.Write{Mutations: m})
}

// write is try for mutations that must succeed.
func (e *env) write(m ...store.Mutation) store.Written {
	e.Helper()
	w, err := e.try(m...)
	require.NoError(e, err)
	require.Len(e, w.Rows, len(m), "one row per mutation")
	told := map[transform.Key]store.Version{}
	for _, row := range w.Rows {
		told[row.Key] = row.Version
	}
	for _, c := range w.Changes {
		require.True(e, e.at.Captured, "a bare write tells of no change records")
		for _, k := range c.Keys {
			v, of := told[k.Key]
			along := v == 0 && len(e.Authority.Contract().Entity(k.Key.Entity).References) > 0
			require.True(e, along || of && v == k.Version, "the change records in the answer are of its rows, or of what refers to them")
		}
	}
	return w
}

// clean marks the key as refreshed at the version it has.
func (e *env) clean(key transform.Key) {
	e.Helper()
	if !e.leased() {
		require.NoError(e, e.Authority.Clean(e.ctx, changeOf(key, e.row(key).Version)))
		return
	}
	for _, c := range e.changes(100) {
		if slices.ContainsFunc(c.Keys, func(k store.KeyVersion) bool { return k.Key == key }) {
			require.NoError(e, e.Authority.Clean(e.ctx, c))
		}
	}
}

// changeOf is a change record where there is one per key.
func changeOf(key transform.Key, v store.Version) store.Change {
	return store.Change{Keys: []store.KeyVersion{{Key: key, Version: v}}}
}

// cleanAll cleans everything that Dirty tells of.
func (e *env) cleanAll() {
	e.Helper()
	for _, c := range e.changes(100) {
		require.NoError(e, e.Authority.Clean(e.ctx, c))
	}
}

// reader is the store as the part the case plays.
func (e *env) reader() store.Reader {
	if e.part == asFollower {
		return e.Follower
	}
	return e.Authority
}

// row reads what is at the key, its version too.
func (e *env) row(key transform.Key) store.Row {
	e.Helper()
	row, err := e.reader().Get(e.ctx, relay, key)
	require.NoError(e, err)
	require.Equal(e, key, row.Key, "a row names its key")
	return row
}

// fill stores records that were not there before.
func (e *env) fill(records ...transform.Record) {
	e.Helper()
	for _, rec := range records {
		e.set(rec)
	}
}

// set stores a record, whatever is there.
func (e *env) set(rec transform.Record) {
	e.Helper()
	if e.part == asAuthority {
		e.write(store.Mutation{Op: store.Put, Key: e.key(rec), Record: rec})
		return
	}
	e.put(store.Row{Key: e.key(rec), Version: e.row(e.key(rec)).Version + 1, Live: true, Record: rec})
}

// unset takes a record away.
func (e *env) unset(rec transform.Record) {
	e.Helper()
	if e.part == asAuthority {
		e.write(store.Mutation{Op: store.Delete, Key: e.key(rec)})
		return
	}
	e.put(store.Row{Key: e.key(rec), Version: e.row(e.key(rec)).Version + 1})
}

// put stores a row in the follower and requires that it took effect.
func (e *env) put(row store.Row) {
	e.Helper()
	took, err := e.Follower.Put(e.ctx, e.to, row)
	require.NoError(e, err)
	require.True(e, took, "a newer version takes effect")
}

// dirty returns all dirty keys with the highest version that a change record
// gives them.
func (e *env) dirty() map[transform.Key]store.Version {
	e.Helper()
	all := map[transform.Key]store.Version{}
	for _, c := range e.changes(100) {
		for _, k := range c.Keys {
			all[k.Key] = max(all[k.Key], k.Version)
		}
	}
	return all
}

func (e *env) isDirty(key transform.Key) bool {
	e.Helper()
	_, is := e.dirty()[key]
	return is
}

// changes returns the change records of all shards, in pages.
func (e *env) changes(limit int) []store.Change {
	e.Helper()
	return e.changesOf(e.Authority, limit)
}

func (e *env) changesOf(a store.Authority, limit int) []store.Change {
	e.Helper()
	var all []store.Change
	for shard := range a.Shards() {
		e.eachPage(a, shard, limit, func(page []store.Change) { all = append(all, page...) })
	}
	return all
}

// eachPage calls do with the pages of a shard.
func (e *env) eachPage(a store.Authority, shard, limit int, do func([]store.Change)) {
	e.Helper()
	r := store.DirtyRange{Shard: shard, Limit: limit}
	for pages := 0; pages == 0 || r.After != ""; pages++ {
		page, err := a.Dirty(e.ctx, r)
		require.NoError(e, err)
		require.LessOrEqual(e, len(page.Changes), limit, "a page holds no more than its limit")
		do(page.Changes)
		r.After = page.Next
		require.Less(e, pages, 10_000, "the pages of Dirty do not end")
	}
}

// scan goes through all rows of an entity in pages.
func (e *env) scan(entity *transform.Entity, limit int) []store.Row {
	var all []store.Row
	r := store.Range{Entity: entity, Limit: limit}
	for {
		page, err := e.reader().Scan(e.ctx, relay, r)
		require.NoError(e, err)
		require.LessOrEqual(e, len(page.Rows), limit, "a page holds no more than its limit")
		all = append(all, page.Rows...)
		if r.After = page.Next; r.After == "" {
			return all
		}
		require.Less(e, len(all), 10_000, "the pages of Scan do not end")
	}
}

// state returns a line per key that is live, dirty, a tombstone or named: all
// that can be seen of the store. Two equal states are equal stores.
func (e *env) state(named ...transform.Key) map[transform.Key]string {
	e.Helper()
	keys := slices.Clone(named)
	for _, entity := range e.sequence {
		for _, row := range e.scan(entity, 100) {
			keys = append(keys, row.Key)
		}
	}
	var dirty map[transform.Key]store.Version
	if e.part == asAuthority {
		dirty = e.dirty()
		for key := range dirty {
			keys = append(keys, key)
		}
	}
	lines := map[transform.Key]string{}
	for _, key := range keys {
		row := e.row(key)
		v, is := dirty[key]
		if e.part == asAuthority && !e.leased() {
			require.Equal(e, is, row.Dirty, "Get and Dirty agree on what is dirty")
			require.True(e, !is || v == row.Version, "Get and Dirty agree on the version")
		}
		require.LessOrEqual(e, v, row.Version, "no change record is ahead of its key")
		row.Dirty = is
		lines[key] = describe(row)
	}
	return lines
}

// describe returns all of a row in one line.
func describe(row store.Row) string {
	line := fmt.Sprintf("version=%d dirty=%t live=%t tombstone=%t", row.Version, row.Dirty, row.Live, row.Tombstone)
	if row.Live {
		line += " " + text(row.Record)
	}
	return line
}

// describeAll returns a state in one text.
func describeAll(state map[transform.Key]string) string { return fmt.Sprint(state) }

// text returns a record as column=value pairs.
func text(rec transform.Record) string {
	s := ""
	for i, c := range rec.Entity().Columns {
		s += fmt.Sprintf("%s=%s:%q ", c.Name, rec.At(i).Kind(), rec.At(i).Text())
	}
	return s
}

// unchanged calls do and requires that nothing can be seen of it.
func (e *env) unchanged(do func(), named ...transform.Key) {
	e.Helper()
	before := e.state(named...)
	do()
	require.Equal(e, before, e.state(named...), "nothing has changed")
}

// requireError requires an error of that kind which says that nothing changed.
func (e *env) requireError(err, kind error) {
	e.Helper()
	require.ErrorIs(e, err, kind)
	var se *store.Error
	require.True(e, errors.As(err, &se), "an error of a store is a *store.Error, not %T", err)
	require.Equal(e, store.NotApplied, se.Outcome, "the outcome in: %v", err)
}

// together calls do from n goroutines at once and returns their errors.
func together(n int, do func(i int) error) []error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			errs[i] = do(i)
		})
	}
	close(begin)
	wg.Wait()
	return errs
}

// persist repeats what a store refused for a conflict and did not apply, as
// every caller does.
func persist(do func() error) error {
	for {
		err := do()
		if !errors.Is(err, store.ErrConflict) || store.OutcomeOf(err) != store.NotApplied {
			return err
		}
	}
}
