package memstore

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// fanOuts are the fan-out marks: of a store with a fence one per source, as its change
// records are; of a leased one one per transaction, which never changes but for how far
// it has been carried out. A mark's Ref is in the order of time.
type fanOuts struct {
	given uint64
	open  map[string]*fanOut // by the place in its shard
}

// A fanOut is a mark.
type fanOut struct {
	store.FanOut
	shard int
	since time.Time
}

// A changing is a record that a write has changed.
type changing struct {
	key           transform.Key
	op            store.Op
	before, after transform.Record // zero for none
	version       store.Version    // that it has now
}

// leaveFanOut leaves the marks of a transaction. Nobody refers to what was not there, and
// what referred to a record that is gone went with it, or refers elsewhere now.
func (s *Store) leaveFanOut(all []changing) {
	var mark store.FanOut
	own := map[transform.Key]bool{}
	for _, c := range all {
		e := s.contract.Entity(c.key.Entity)
		if !c.before.IsZero() && !c.after.IsZero() && e.ChangesCopies(c.before, c.after) {
			mark.Sources = append(mark.Sources, c.key)
			if !s.leased {
				s.openFanOut(placeOf(c.key), 0, store.FanOut{Sources: []transform.Key{c.key}, Version: c.version, Since: c.version})
			}
		}
		// An update keeps the copies that the item has, and whatever else writes it has none.
		if s.KeepsCopies() && len(e.Copies()) > 0 && !c.after.IsZero() && (c.op != store.Update || e.Freezes() || e.MovesCopies(c.before, c.after)) {
			own[c.key] = true
		}
		for _, key := range e.Recounts(c.before, c.after) {
			if target := s.entries[key]; s.KeepsCopies() && target != nil && target.live {
				own[key] = true
			}
		}
	}
	mark.Own = slices.SortedFunc(maps.Keys(own), compareKeys)
	if s.leased && len(mark.Sources)+len(mark.Own) > 0 {
		s.fanOuts.given++
		mark.Ref = ref(s.fanOuts.given)
		s.openFanOut(mark.Ref, shardOf(s.fanOuts.given), mark)
	}
}

// touchCounting gives the records whose items count others than before new versions, where
// these bring their numbers to a follower. Nothing is written of one that is not there, and
// of one that the transaction has written itself.
func (s *Store) touchCounting(all []changing, floor store.Version) {
	if s.leased {
		return
	}
	done := map[transform.Key]bool{}
	for _, c := range all {
		done[c.key] = true
	}
	for _, c := range all {
		for _, key := range s.contract.Entity(c.key.Entity).Recounts(c.before, c.after) {
			// Not through at: what a write has read of the key is still true.
			if e := s.entries[key]; e != nil && e.live && !done[key] {
				s.mark(e, floor)
				done[key] = true
			}
		}
	}
}

// placeOf is where the mark of a source is in the order of a shard.
func placeOf(key transform.Key) string { return key.Entity + "\x00" + key.ID }

// openFanOut leaves a mark, or gives the one of the same source another version: a pass
// that is under way goes on, and does not cover it.
func (s *Store) openFanOut(place string, shard int, f store.FanOut) {
	since := s.now()
	if was := s.fanOuts.open[place]; was != nil {
		since = was.since
		if was.Reached != "" {
			f.Reached, f.Since = was.Reached, was.Since
		}
	}
	if s.fanOuts.open == nil {
		s.fanOuts.open = map[string]*fanOut{}
	}
	s.fanOuts.open[place] = &fanOut{FanOut: f, shard: shard, since: since}
}

// FanOuts returns the next fan-out marks, in the order of Dirty.
func (s *Store) FanOuts(ctx context.Context, r store.DirtyRange) (store.FanOutPage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx, "fan-outs", "", store.At{}); err != nil {
		return store.FanOutPage{}, err
	}
	if r.Limit < 1 || r.Shard < 0 || r.Shard >= s.Shards() {
		return store.FanOutPage{}, s.badRead("fan-outs", "", "the limit must be at least 1, and the shard below Shards")
	}
	var page store.FanOutPage
	last := ""
	for _, place := range s.fanOutsOf(r.Shard) {
		if place <= r.After {
			continue
		}
		if len(page.Marks) == r.Limit {
			page.Next = last
			break
		}
		m := s.fanOuts.open[place]
		f := m.FanOut
		f.Sources, f.Own, f.Age = slices.Clone(f.Sources), slices.Clone(f.Own), int64(s.now().Sub(m.since))
		page.Marks, last = append(page.Marks, f), place
	}
	return page, nil
}

// fanOutsOf returns the places of a shard's marks, in order.
func (s *Store) fanOutsOf(shard int) []string {
	var all []string
	for place, m := range s.fanOuts.open {
		if m.shard == shard {
			all = append(all, place)
		}
	}
	slices.Sort(all)
	return all
}

// Empty does nothing: what a delete takes along it takes along at once.
func (s *Store) Empty(ctx context.Context, f store.FanOut) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over(ctx, "empty", "")
}

// Reach notes how far a pass has come, unless a later one has; "" begins the next.
func (s *Store) Reach(ctx context.Context, f store.FanOut, reached string) error {
	return s.onFanOut(ctx, "reach", f, func(place string) {
		m := s.fanOuts.open[place]
		switch {
		case m.Since != f.Since && (m.Reached != "" || m.Since < f.Since):
		case reached == "":
			m.Reached, m.Since = "", f.Version
		default:
			m.Reached, m.Since = reached, f.Since
		}
	})
}

// CleanFanOut removes a mark that was carried out, unless it has changed.
func (s *Store) CleanFanOut(ctx context.Context, f store.FanOut) error {
	return s.onFanOut(ctx, "clean fan-out", f, func(place string) {
		if s.fanOuts.open[place].Version == f.Version {
			delete(s.fanOuts.open, place)
		}
	})
}

// onFanOut calls do with the place of a mark if it is there.
func (s *Store) onFanOut(ctx context.Context, op string, f store.FanOut, do func(place string)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(ctx, op, ""); err != nil {
		return err
	}
	place := f.Ref
	switch _, err := strconv.ParseUint(f.Ref, 10, 64); {
	case s.leased && err != nil, !s.leased && len(f.Sources) != 1:
		return s.fail(op, "", store.ErrInvalid, "the mark names no record")
	case !s.leased:
		place = placeOf(f.Sources[0])
	}
	if s.fanOuts.open[place] != nil {
		do(place)
	}
	return nil
}

// Dependents returns the keys of the next records that refer to a key, in the order of
// their text.
func (s *Store) Dependents(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entity := r.By.Of().Name
	if err := s.readable(ctx, "dependents", entity, store.At{}); err != nil {
		return store.DependentsPage{}, err
	}
	if r.Limit < 1 {
		return store.DependentsPage{}, s.badRead("dependents", entity, "the limit must be at least 1")
	}
	var page store.DependentsPage
	for _, key := range s.sorted(entity, transform.Key{Entity: entity, ID: r.After}) {
		if e := s.entries[key]; !e.live || !r.By.Refers(e.record, r.To) {
			continue
		}
		if len(page.Keys) == r.Limit {
			page.Next = page.Keys[r.Limit-1].ID
			break
		}
		page.Keys = append(page.Keys, key)
	}
	return page, nil
}

// Renew has the copies of records made anew: a store with a fence has none and bumps them,
// a leased one writes them.
func (s *Store) Renew(ctx context.Context, keys []transform.Key) error {
	if !s.leased {
		return s.ask(ctx, "renew", "", store.Unknown, func() error { return s.Bump(ctx, keys) })
	}
	for _, key := range keys {
		if err := s.renew(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// renew reads a record, then what it refers to, and writes its copies if nobody has
// written anything at its key since: a renewal that read other records before would
// otherwise undo this one. So each renewal writes, also what is there already.
func (s *Store) renew(ctx context.Context, key transform.Key) error {
	for range maxAttempts {
		r := renewal{key: key}
		parts := []func(context.Context, *renewal) error{s.readRenewed, s.readShown, s.writeCopies}
		var err error
		for i := 0; i < len(parts) && err == nil; i++ {
			lost := store.NotApplied
			if i == len(parts)-1 {
				lost = store.Unknown
			}
			err = s.ask(ctx, "renew", key.Entity, lost, func() error { return parts[i](ctx, &r) })
		}
		if err != nil || !r.stale {
			return err
		}
	}
	return s.fail("renew", key.Entity, store.ErrConflict, "the key changed during every attempt")
}

// A renewal is one attempt to renew a record's copies.
type renewal struct {
	key      transform.Key
	revision uint64
	record   transform.Record // as it is, zero for none
	before   transform.Record // the copies that it has
	thaws    bool             // those that are frozen are to be made too
	copies   transform.Record // to be written
	stale    bool             // the key changed since it was read
}

func (s *Store) readRenewed(ctx context.Context, r *renewal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.renews(ctx, r.key); err != nil {
		return err
	}
	if e := s.entries[r.key]; e != nil {
		r.revision, r.record, r.before, r.thaws = e.revision, e.record, e.copies, e.thaws
	}
	return nil
}

// readShown composes the copies. What can't be shown leaves none.
func (s *Store) readShown(ctx context.Context, r *renewal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.renews(ctx, r.key); err != nil || r.record.IsZero() {
		return err
	}
	r.copies = r.record.Entity().NewRecord()
	for _, h := range r.record.Entity().Copies() {
		if h.Frozen() && !r.thaws {
			if !r.before.IsZero() {
				r.copies.SetAt(h.Column, r.before.At(h.Column))
			}
			continue
		}
		if by := h.Counts(); by != nil {
			r.copies.SetAt(h.Column, transform.IntValue(s.referringTo(by, r.key)))
			continue
		}
		v, _, err := h.Value(r.record, func(key transform.Key) (transform.Record, bool) {
			if e := s.entries[key]; e != nil {
				return e.record, true
			}
			return transform.Record{}, true
		})
		if err == nil {
			r.copies.SetAt(h.Column, v)
		}
	}
	return nil
}

// referringTo counts the records that refer to a key.
func (s *Store) referringTo(by *transform.Reference, to transform.Key) (n int64) {
	for key, e := range s.entries {
		if key.Entity == by.Of().Name && e.live && by.Refers(e.record, to) {
			n++
		}
	}
	return n
}

func (s *Store) writeCopies(ctx context.Context, r *renewal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.renews(ctx, r.key); err != nil || r.record.IsZero() {
		return err
	}
	if r.stale = s.entries[r.key].revision != r.revision; !r.stale {
		e := s.at(r.key)
		e.copies, e.thaws = r.copies, false
	}
	return nil
}

// renews returns an error if no copy at the key may be written.
func (s *Store) renews(ctx context.Context, key transform.Key) error {
	if err := s.over(ctx, "renew", key.Entity); err != nil {
		return err
	}
	return s.touchable("renew", key)
}

// Copies returns the copies that items have. A store with a fence has none.
func (s *Store) Copies(ctx context.Context, keys []transform.Key) ([]transform.Record, error) {
	if !s.leased {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx, "copies", "", store.At{}); err != nil {
		return nil, err
	}
	all := make([]transform.Record, len(keys))
	for i, key := range keys {
		if e := s.entries[key]; e != nil && e.live {
			all[i] = e.record.Entity().NewRecord()
			if !e.copies.IsZero() {
				all[i] = e.copies.Clone()
			}
		}
	}
	return all, nil
}

// KeepsCopies reports whether the store's items have copies.
func (s *Store) KeepsCopies() bool { return s.leased }

// split takes the copies out of a record that a follower is given, and returns them.
func split(rec transform.Record) transform.Record {
	if rec.IsZero() {
		return rec
	}
	copies := rec.Entity().NewRecord()
	for _, h := range rec.Entity().Copies() {
		copies.SetAt(h.Column, rec.At(h.Column))
		rec.SetAt(h.Column, transform.Value{})
	}
	return copies
}
