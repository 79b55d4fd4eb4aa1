package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A player plays a history on the store under test and on its model, and compares
// what they answer. Where stores may rightly differ it compares less:
//
//   - Versions need not be the same numbers: they are compared by which is the
//     higher one of a key, and 0 is 0.
//   - Rows of a scan and change records may come in any order.
//   - A record in the answer to a write may be left out.
//   - Ids that are assigned are above those before, and may leave any out: the model
//     is told which they were. Those of rows that are part of a record are its own:
//     it has the same ones in the same places.
//   - A write that changes nothing may leave change records or none: it is not played on.
//   - A read without capture may tell no version.
//   - Tombstones are a follower's: what an authority tells of them is its own.
//   - Of several things wrong with a write any one may be told. A record that no table can
//     hold may be refused before the phase is looked at.
//   - An index may show late what was written, for as long as Harness.Lag says.
type player struct {
	testing.TB
	subject, model *env
	seen           versions
	kept           remembered
	assigned       map[string]int64   // the highest id, by table
	ofRows         map[string]*rowIDs // by table
}

// versions are the subject's versions by the model's, of each key.
type versions map[transform.Key]map[store.Version]store.Version

// remembered is what was read earlier in a history.
type remembered struct {
	rows    map[transform.Key]store.Row
	changes [][2]store.Change // the subject's and the model's
}

// both calls do with the store under test and with the model.
func (p *player) both(do func(e *env)) {
	do(p.subject)
	do(p.model)
}

// sameVersion requires that the subject's version of a key stands where the
// model's does among the key's versions.
func (p *player) sameVersion(key transform.Key, got, want store.Version) {
	of := p.seen[key]
	if of == nil {
		of = map[store.Version]store.Version{0: 0}
		p.seen[key] = of
	}
	known, ok := of[want]
	if ok {
		require.Equal(p, known, got, "the version of %s, which the model has at %d", key.ID, want)
		return
	}
	for model, subject := range of {
		require.Equal(p, model < want, subject < got, "the versions %d and %d of %s follow one another as those of the model", subject, got, key.ID)
		require.NotEqual(p, subject, got, "a version of %s is used once", key.ID)
	}
	of[want] = got
}

// sameRow requires that two reads of one key have the same answer.
func (p *player) sameRow(got, want store.Row, at store.At) {
	require.NoError(p, got.Err)
	require.Equal(p, want.Key, got.Key)
	if !at.Captured && got.Version == 0 {
		want.Version = 0
	}
	if p.subject.part == asAuthority {
		got.Tombstone, want.Tombstone = false, false
	}
	got.Record = p.inModel(got.Record, want.Record)
	require.Equal(p, shownOf(want), shownOf(got), "what is at %s %q", want.Key.Entity, want.Key.ID)
	p.sameVersion(want.Key, got.Version, want.Version)
	if p.subject.kind() == aFence && at.Captured {
		require.Equal(p, want.Dirty, got.Dirty, "dirty: %s", want.Key.ID)
	}
}

// shownOf is what a row says of its record.
func shownOf(row store.Row) string {
	if !row.Live {
		return fmt.Sprintf("nothing, tombstone=%t", row.Tombstone)
	}
	return text(row.Record)
}

// sameError requires that both failed alike, and reports whether they did.
func (p *player) sameError(got, want error, possible ...wrong) bool {
	if want == nil {
		require.NoError(p, got, "the model had no error")
		return false
	}
	require.Error(p, got, "the model's error: %v", want)
	var g, w *store.Error
	require.ErrorAs(p, got, &g, "an error of a store is a *store.Error")
	require.ErrorAs(p, want, &w)
	require.Equal(p, w.Outcome, g.Outcome, "the outcome of %v", got)
	if len(possible) == 0 {
		require.Equal(p, w.Kind, g.Kind, "the error %v, where the model has: %v", got, want)
		return true
	}
	require.True(p, isAmong(possible, want), "the model's own error %v is none of %v", want, possible)
	require.True(p, isAmong(possible, got), "the error %v (%s), where %v are possible", got, g.Field, possible)
	if g.Kind == store.ErrUnique && !g.Holder.IsZero() {
		require.True(p, slices.ContainsFunc(possible, func(f wrong) bool { return f.holder == g.Holder }), "the holder in %v", got)
	}
	return true
}

// A wrong is one thing that is wrong with a write.
type wrong struct {
	kind   error
	field  string
	holder transform.Key
	always bool // in every phase
}

// isAmong reports whether an error tells one of the things that are wrong.
func isAmong(possible []wrong, err error) bool {
	var e *store.Error
	return errors.As(err, &e) && slices.ContainsFunc(possible, func(f wrong) bool {
		return f.kind == e.Kind && (f.field == "" || f.field == e.Field)
	})
}

func (f wrong) String() string { return strings.TrimSpace(fmt.Sprint(f.kind, " ", f.field)) }

// ask repeats what the store did not do, as every caller does: after a conflict,
// and where its harness says that requests fail, after whatever else did not
// happen or, with a token, may have. It reports whether a request before the last
// may have been done.
func ask[T any](p *player, token string, do func() (T, error)) (answer T, again bool, err error) {
	for range 200 {
		answer, err = do()
		var se *store.Error
		unknown := errors.As(err, &se) && se.Outcome == store.Unknown
		failed := unknown || errors.Is(err, store.ErrThrottled) || errors.Is(err, store.ErrUnavailable)
		conflict := errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrChanged)
		if !conflict && !(failed && p.subject.harness.Unsteady) {
			return answer, again, err
		}
		if unknown {
			require.NotEmpty(p, token, "nobody can say what became of: %v", err)
			again = true
		}
	}
	return answer, again, err
}

// compareRows reads the keys from both, their versions too.
func (p *player) compareRows(keys ...transform.Key) {
	for _, key := range keys {
		got, _, err := ask(p, "", func() (store.Row, error) { return p.subject.reader().Get(p.subject.ctx, relay, key) })
		require.NoError(p, err)
		want, err := p.model.reader().Get(p.model.ctx, relay, key)
		require.NoError(p, err)
		p.sameRow(got, want, relay)
		if p.kept.rows == nil {
			p.kept.rows = map[transform.Key]store.Row{}
		}
		p.kept.rows[key] = want
	}
}

// compareScan goes through a table in pages.
func (p *player) compareScan(table string, limit int) {
	rows := map[transform.Key]store.Row{}
	for _, row := range p.subject.scanned(p, table, limit) {
		require.NotContains(p, rows, row.Key, "a scan gives a record once")
		if row.Live || p.subject.part == asFollower {
			rows[row.Key] = row
		}
	}
	for _, want := range p.model.scan(p.model.entities[table], 1000) {
		if !want.Live && p.subject.part == asAuthority {
			continue
		}
		got, ok := rows[want.Key]
		require.True(p, ok, "a scan of %s finds %q", table, want.Key.ID)
		p.sameRow(got, want, relay)
		delete(rows, want.Key)
	}
	for key := range rows {
		require.Fail(p, fmt.Sprintf("a scan of %s finds %q, which the model has not", table, key.ID))
	}
}

// scanned is scan for a store whose requests may fail.
func (e *env) scanned(p *player, table string, limit int) (all []store.Row) {
	r := store.Range{Entity: e.entities[table], Limit: limit}
	for pages := 0; pages == 0 || r.After != ""; pages++ {
		page, _, err := ask(p, "", func() (store.Page, error) { return e.reader().Scan(e.ctx, relay, r) })
		require.NoError(p, err)
		require.LessOrEqual(p, len(page.Rows), limit, "a page holds no more than its limit")
		require.Less(p, pages, 10_000, "the pages of Scan do not end")
		all, r.After = append(all, page.Rows...), page.Next
	}
	return all
}

// compareChanges requires that the same change records wait, and returns them in
// pairs.
func (p *player) compareChanges(limit int) (pairs [][2]store.Change) {
	got, want := map[string][]store.Change{}, map[string][]store.Change{}
	for _, c := range p.subject.changes(limit) {
		name := p.nameOf(c, func(_ transform.Key, v store.Version) store.Version { return v })
		got[name] = append(got[name], c)
	}
	for _, c := range p.model.changes(limit) {
		name := p.nameOf(c, func(key transform.Key, v store.Version) store.Version { return p.seen[key][v] })
		want[name] = append(want[name], c)
	}
	// What has no keys is a bare write's token, of which nobody need tell yet.
	if !p.model.at.Captured {
		delete(got, noKeys)
		delete(want, noKeys)
	}
	var names []string
	for name, all := range want {
		names = append(names, name)
		require.Len(p, got[name], len(all), "change records of %s; all: %v", name, keysIn(got))
	}
	require.Len(p, got, len(want), "change records: %v, and of the model %v", keysIn(got), keysIn(want))
	slices.Sort(names)
	for _, name := range names {
		for i := range want[name] {
			pairs = append(pairs, [2]store.Change{got[name][i], want[name][i]})
		}
	}
	return pairs
}

const noKeys = "no keys"

func keysIn(all map[string][]store.Change) []string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// nameOf tells a change record from others by what it says.
func (p *player) nameOf(c store.Change, version func(transform.Key, store.Version) store.Version) string {
	if len(c.Keys) == 0 && !p.model.at.Captured {
		return noKeys
	}
	var parts []string
	for _, k := range c.Keys {
		parts = append(parts, fmt.Sprintf("%s %q at %d", k.Key.Entity, k.Key.ID, version(k.Key, k.Version)))
	}
	slices.Sort(parts)
	if c.Token != nil {
		parts = append(parts, fmt.Sprintf("token %s of %x %v", c.Token.Token, c.Token.Fingerprint[:4], c.Token.Assigned))
	}
	return strings.Join(parts, ", ")
}

// compareAll compares everything that can be seen of the stores.
func (p *player) compareAll() {
	if p.subject.part == asAuthority && p.subject.copies() {
		settleStep{}.play(p)
	}
	for table, entity := range p.subject.entities {
		p.compareScan(table, 7)
		if id, ok := p.assigned[table]; ok && p.subject.part == asAuthority {
			last, err := p.subject.Control.LastID(p.subject.ctx, entity)
			require.NoError(p, err)
			require.GreaterOrEqual(p, last, id, "no id above the last one was assigned")
		}
	}
	for key := range p.seen {
		p.compareRows(key)
	}
	if p.subject.part == asAuthority {
		p.compareLastIDs()
		p.compareChanges(3)
	}
}
