package migrationctl

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Copies that items have of other records are compared with what these are in the store
// that leads, whichever that is, and numbers with how many records refer to theirs there.
// Those that are frozen are not compared. They follow some time after them. So a copy that is old
// counts only if it is old twice, at the same versions of its record and of those that it
// shows, if no fan-out mark that was read in between names one of them, and if the record
// was not dirty then. A mark that was there at the first look and is gone has been carried
// out in between: what it was left for is in the second look, or has changed a version.

// An oldCopy is a record whose item shows what another record was.
type oldCopy struct {
	key    transform.Key
	shown  []transform.Key // the records that it should show
	state  string          // the versions of all of them
	dirty  bool
	faults []string // what is wrong, by attribute
}

// lookCopies compares the copies in the items of rows of the store that leads.
func (v *verify) lookCopies(ctx context.Context, rows []store.Row) error {
	old, err := v.oldCopies(ctx, rows)
	if err != nil {
		return err
	}
	if v.oldCopy = append(v.oldCopy, old...); len(v.oldCopy) < v.opts.inDoubt {
		return nil
	}
	return v.settleCopies(ctx)
}

// andCopies is a look at pages of the store that leads, and at the copies.
func (v *verify) andCopies(look func(context.Context, []store.Row) error) func(context.Context, []store.Row) error {
	if len(v.entity.Copies()) == 0 || !v.o.dynamo.KeepsCopies() {
		return look
	}
	return func(ctx context.Context, rows []store.Row) error {
		if err := look(ctx, rows); err != nil {
			return err
		}
		return v.lookCopies(ctx, rows)
	}
}

// settleCopies looks again at the copies that were old, after the fan-out marks.
func (v *verify) settleCopies(ctx context.Context) error {
	first := v.oldCopy
	if len(first) == 0 {
		return nil
	}
	v.oldCopy = nil
	marked, err := v.marked(ctx, first)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(first, verifyPage) {
		if err := v.settleSome(ctx, part, marked); err != nil {
			return err
		}
	}
	v.tell()
	return nil
}

// settleSome decides on copies that were old when no mark said so.
func (v *verify) settleSome(ctx context.Context, first []oldCopy, marked map[transform.Key]bool) error {
	keys := make([]transform.Key, len(first))
	before := make(map[transform.Key]string)
	for i, o := range first {
		keys[i], before[o.key] = o.key, o.state
	}
	again, err := v.copiesNow(ctx, keys)
	if err != nil {
		return err
	}
	for _, o := range again {
		if o.dirty || o.state != before[o.key] || slices.ContainsFunc(append(o.shown, o.key), func(k transform.Key) bool { return marked[k] }) {
			v.followCopy(o.key)
			continue
		}
		if err := v.concludeCopy(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// copiesNow reads records and returns those whose copies are old.
func (v *verify) copiesNow(ctx context.Context, keys []transform.Key) ([]oldCopy, error) {
	rows, err := ask(ctx, v.o, func() ([]store.Row, error) {
		return v.lead.authority.GetMany(ctx, store.At{Captured: true}, keys)
	})
	if err != nil {
		return nil, err
	}
	return v.oldCopies(ctx, rows)
}

// followCopy counts a copy that is on its way. In phase 1 nobody is.
func (v *verify) followCopy(key transform.Key) {
	if v.lead.record.Phase == store.MySQLOnly {
		v.count(dal.Comparison{Key: key, Verdict: waiting}, false)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Unsettled++
	if len(v.following) < settleMost {
		v.following = append(v.following, key)
	}
}

// lookCopiesAgain looks at the keys whose copies were on their way.
func (v *verify) lookCopiesAgain(ctx context.Context) error {
	keys := v.following
	if len(keys) == 0 {
		return nil
	}
	v.following = nil
	v.report.Unsettled -= int64(len(keys))
	for part := range slices.Chunk(keys, verifyPage) {
		old, err := v.copiesNow(ctx, part)
		if err != nil {
			return err
		}
		v.oldCopy = append(v.oldCopy, old...)
	}
	return v.settleCopies(ctx)
}

// concludeCopy counts copies that are old, and mends them if asked to.
func (v *verify) concludeCopy(ctx context.Context, o oldCopy) error {
	repaired := false
	if v.opts.Repair {
		err := v.stillLeads(ctx)
		if err == nil {
			repaired, err = v.renew(ctx, o.key)
		}
		if err != nil {
			return err
		}
	}
	v.count(dal.Comparison{Key: o.key, Verdict: dal.Different, Beside: o.faults}, repaired)
	return nil
}

// renew makes the copies of a record anew, and looks again.
func (v *verify) renew(ctx context.Context, key transform.Key) (bool, error) {
	var err error
	if v.lead.side == dynamoSide {
		err = v.lead.authority.Renew(ctx, []transform.Key{key})
	} else if err = v.o.repair(ctx, v.lead, key); dal.Unfit(err) {
		return false, v.o.deadLetter(ctx, v.lead, oneKey(key, 0), err)
	}
	if err != nil {
		return false, err
	}
	old, err := v.copiesNow(ctx, []transform.Key{key})
	return len(old) == 0, err
}

// oldCopies returns those of the rows whose item has copies that are old. A record that
// is in no item, or can't be read, has been found by another look.
func (v *verify) oldCopies(ctx context.Context, rows []store.Row) ([]oldCopy, error) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(row store.Row) bool { return !row.Live || row.Err != nil })
	keys := make([]transform.Key, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
	}
	if len(keys) == 0 {
		return nil, nil
	}
	stamps, err := v.stamps(ctx, keys)
	if err != nil {
		return nil, err
	}
	stored, err := ask(ctx, v.o, func() ([]transform.Record, error) { return v.o.dynamo.Copies(ctx, keys) })
	if err != nil {
		return nil, err
	}
	shown, err := v.shown(ctx, rows)
	if err != nil {
		return nil, err
	}
	if shown.numbers, err = v.numbers(ctx, keys); err != nil {
		return nil, err
	}
	var old []oldCopy
	for i, row := range rows {
		if stored[i].IsZero() {
			continue
		}
		if o := compareCopies(row, stored[i], stamps[i], shown); len(o.faults) > 0 {
			old = append(old, o)
		}
	}
	return old, nil
}

// What copies are of, in the store that leads.
type copied struct {
	rows    map[transform.Key]store.Row
	numbers map[*transform.Hydration]map[transform.Key]int64
}

// counts reports whether items have numbers of records.
func (v *verify) counts() bool {
	return slices.ContainsFunc(v.entity.Copies(), func(h *transform.Hydration) bool { return h.Counts() != nil })
}

// stamps returns what tells whether an item is written between two looks. No version tells
// of what a number counts: it may change to and fro, so that it is old both times, and the
// same, and was right in between. Then the item was written in between.
func (v *verify) stamps(ctx context.Context, keys []transform.Key) ([]string, error) {
	if !v.counts() {
		return make([]string, len(keys)), nil
	}
	return ask(ctx, v.o, func() ([]string, error) { return v.o.dynamo.Stamps(ctx, keys) })
}

// numbers counts for the numbers in items, after these were read: whoever made them others
// since has left a mark, or the keys another version.
func (v *verify) numbers(ctx context.Context, keys []transform.Key) (map[*transform.Hydration]map[transform.Key]int64, error) {
	all := make(map[*transform.Hydration]map[transform.Key]int64)
	for _, h := range v.entity.Copies() {
		if h.Counts() == nil {
			continue
		}
		n, err := ask(ctx, v.o, func() ([]int64, error) {
			return v.lead.authority.Count(ctx, store.At{Captured: true}, store.Count{By: h.Counts(), Keys: keys})
		})
		if dal.Unfit(err) {
			continue // a row that can't be read, which is found where its own entity is compared
		}
		if err != nil {
			return nil, err
		}
		all[h] = make(map[transform.Key]int64, len(keys))
		for i, key := range keys {
			all[h][key] = n[i]
		}
	}
	return all, nil
}

// shown reads the records that the copies of rows show.
func (v *verify) shown(ctx context.Context, rows []store.Row) (copied, error) {
	found, err := v.shownRows(ctx, rows)
	return copied{rows: found}, err
}

func (v *verify) shownRows(ctx context.Context, rows []store.Row) (map[transform.Key]store.Row, error) {
	found := make(map[transform.Key]store.Row)
	var keys []transform.Key
	for _, row := range rows {
		for _, h := range v.entity.Copies() {
			if h.Frozen() {
				continue
			}
			_, key, _ := h.Value(row.Record, func(transform.Key) (transform.Record, bool) { return transform.Record{}, false })
			if _, asked := found[key]; !asked && !key.IsZero() {
				found[key] = store.Row{}
				keys = append(keys, key)
			}
		}
	}
	if len(keys) == 0 {
		return found, nil
	}
	read, err := ask(ctx, v.o, func() ([]store.Row, error) {
		return v.lead.authority.GetMany(ctx, store.At{Captured: true}, keys)
	})
	for i, row := range read {
		found[keys[i]] = row
	}
	return found, err
}

// compareCopies compares the copies that an item has with what they are of. An item that
// has no room for them has none.
func compareCopies(row store.Row, stored transform.Record, stamp string, shown copied) oldCopy {
	o := oldCopy{key: row.Key, state: fmt.Sprint(row.Version, stamp), dirty: row.Dirty}
	e := row.Record.Entity()
	full, some := row.Record.Clone(), false
	for _, h := range e.Copies() {
		some = some || !stored.At(h.Column).IsNull()
		if h.Frozen() {
			full.SetAt(h.Column, stored.At(h.Column))
			continue
		}
		name := e.Attributes[h.CopyAttribute()].Name
		if h.Counts() != nil {
			n, known := shown.numbers[h][row.Key]
			want := transform.IntValue(n)
			o.state += fmt.Sprint(" ", n)
			if known && want.Compare(stored.At(h.Column)) != 0 {
				o.faults = append(o.faults, "number "+name+" is old")
			}
			full.SetAt(h.Column, want)
			continue
		}
		var source store.Row
		want, _, err := h.Value(row.Record, func(key transform.Key) (transform.Record, bool) {
			source = shown.rows[key]
			o.shown = append(o.shown, key)
			o.state += fmt.Sprintf(" %d %v", source.Version, source.Live)
			return source.Record, true
		})
		switch {
		case source.Err != nil: // found where its own entity is compared
		case err != nil:
			o.faults = append(o.faults, "copy "+name+" can't be made")
		case h.Copied(want).Compare(stored.At(h.Column)) != 0:
			o.faults = append(o.faults, "copy "+name+" is old")
		}
		full.SetAt(h.Column, want)
	}
	if unfit := (*transform.ValueError)(nil); len(o.faults) > 0 && !some {
		if _, err := e.Item(full); errors.As(err, &unfit) && unfit.TooLarge {
			o.faults = nil
		}
	}
	return o
}

// marked returns those of the keys of old copies, and of the records that they should
// show, that a fan-out mark names.
func (v *verify) marked(ctx context.Context, old []oldCopy) (map[transform.Key]bool, error) {
	asked := make(map[transform.Key]bool)
	for _, o := range old {
		asked[o.key] = true
		for _, key := range o.shown {
			asked[key] = true
		}
	}
	marked := make(map[transform.Key]bool)
	for shard := range v.lead.authority.Shards() {
		r := store.DirtyRange{Shard: shard, Limit: relayPage}
		for {
			page, err := ask(ctx, v.o, func() (store.FanOutPage, error) { return v.lead.authority.FanOuts(ctx, r) })
			if err != nil {
				return nil, err
			}
			for _, f := range page.Marks {
				for _, key := range slices.Concat(f.Sources, f.Own, f.Gone) {
					if asked[key] {
						marked[key] = true
					}
				}
			}
			if r.After = page.Next; r.After == "" {
				break
			}
		}
	}
	return marked, nil
}
