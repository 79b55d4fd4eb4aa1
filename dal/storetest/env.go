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
	ctx    context.Context
	part   part
	lag    time.Duration
	users  *transform.Entity
	visits *transform.Entity
	at     store.At
}

func newEnv(t testing.TB, h Harness, p part) *env {
	c := Contract(t)
	ctx, cancel := context.WithTimeout(context.Background(), caseTime)
	t.Cleanup(cancel)
	e := &env{TB: t, Subject: h.New(t, c), ctx: ctx, part: p, lag: h.Lag}
	for _, entity := range c.Entities {
		// By their columns: a harness may have given the entities other names.
		if entity.ColumnIndex("user_id") >= 0 {
			e.users = entity
		} else {
			e.visits = entity
		}
	}
	return e
}

// other returns the store as a second process sees it.
func (e *env) other() Subject {
	if e.Other == nil {
		return e.Subject
	}
	return e.Other(e)
}

// start makes the store ready, in its first epoch, bare.
func (e *env) start() {
	require.NoError(e, e.Control.Init(e.ctx))
	p := e.phase()
	e.at = store.At{Epoch: p.Epoch, Captured: p.Capture}
}

func (e *env) phase() store.PhaseRecord {
	p, err := e.Control.Phase(e.ctx)
	require.NoError(e, err)
	return p
}

// next returns the phase record that follows p, with capture on or off.
func next(p store.PhaseRecord, capture bool) store.PhaseRecord {
	p.Epoch++
	if capture && !p.Capture {
		p.CaptureEpoch = p.Epoch
	}
	if !capture {
		p.CaptureEpoch = 0
	}
	p.Capture = capture
	return p
}

var entry = store.AuditEntry{Who: "storetest", Action: "advance", From: "here", To: "there", Reason: "a test", Detail: "none"}

// advance moves the store to the next epoch, and the case with it.
func (e *env) advance(capture bool) {
	from := e.phase()
	to := next(from, capture)
	require.NoError(e, e.Control.Advance(e.ctx, from.Epoch, to, entry))
	e.at = store.At{Epoch: to.Epoch, Captured: to.Capture}
}

func (e *env) capture() { e.advance(true) }

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
	return w
}

// clean marks the key as refreshed at the version it has.
func (e *env) clean(key transform.Key) {
	require.NoError(e, e.Authority.Clean(e.ctx, key, e.row(key).Version))
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
	took, err := e.Follower.Put(e.ctx, row)
	require.NoError(e, err)
	require.True(e, took, "a newer version takes effect")
}

// dirty returns all dirty keys with their versions.
func (e *env) dirty() map[transform.Key]store.Version {
	all := map[transform.Key]store.Version{}
	for _, c := range e.dirtyPages(100) {
		all[c.Key] = c.Version
	}
	return all
}

// dirtyPages goes through all dirty keys in pages.
func (e *env) dirtyPages(limit int) []store.Change {
	var all []store.Change
	var after transform.Key
	for {
		page, err := e.Authority.Dirty(e.ctx, after, limit)
		require.NoError(e, err)
		require.LessOrEqual(e, len(page), limit, "a page holds no more than its limit")
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		after = page[len(page)-1].Key
		require.Less(e, len(all), 10_000, "the pages of Dirty do not end")
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
	for _, entity := range []*transform.Entity{e.users, e.visits} {
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
		require.Equal(e, is, row.Dirty, "Get and Dirty agree on what is dirty")
		require.True(e, !is || v == row.Version, "Get and Dirty agree on the version")
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
