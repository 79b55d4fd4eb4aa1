package dal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// WithCopies returns rows of a store as a follower whose items have copies (see
// store.Reader.KeepsCopies) is to be given them: with what the records that they refer to
// have now, and how many refer to them, read from the same store. Rows without a record,
// and those of entities that have no copies, are as they were. It is read after the rows, which is the safe order:
// where a record that they refer to changes later, a fan-out mark says so, and where one
// that they count comes or goes, they have a new version or are named by a mark. A copy of a
// record that can't be read is left out: that one has a dead letter of its own. A write of
// the library that mends it leaves a mark; where another program did, and no column that is
// shown has changed, verify finds the copy. A copy that can't be shown is the row's Err.
func WithCopies(ctx context.Context, from store.Reader, rows ...store.Row) ([]store.Row, error) {
	if !slices.ContainsFunc(rows, copied) {
		return rows, nil
	}
	sources, err := sourcesOf(ctx, from, rows)
	if err != nil {
		return nil, err
	}
	filled := slices.Clone(rows)
	for i, row := range filled {
		if !copied(row) {
			continue
		}
		filled[i].Record = row.Record.Clone()
		if err := sources.fill(filled[i].Record); err != nil {
			filled[i].Record, filled[i].Err = transform.Record{}, err
		}
	}
	return filled, fillCounts(ctx, from, filled)
}

// copied reports whether the row's item has copies.
func copied(row store.Row) bool {
	return row.Live && row.Err == nil && len(row.Record.Entity().Copies()) > 0
}

// sources are what there is at the keys that rows refer to.
type sources map[transform.Key]store.Row

// sourcesOf reads what the rows show, each record once and all of them together: a copy is
// of a record that the row refers to itself, so one leads to no other.
func sourcesOf(ctx context.Context, from store.Reader, rows []store.Row) (sources, error) {
	var keys []transform.Key
	found := sources{}
	for _, row := range rows {
		if !copied(row) {
			continue
		}
		for _, h := range row.Record.Entity().Copies() {
			h.Value(row.Record, func(key transform.Key) (transform.Record, bool) {
				if _, asked := found[key]; !asked {
					found[key] = store.Row{}
					keys = append(keys, key)
				}
				return transform.Record{}, false
			})
		}
	}
	if len(keys) == 0 {
		return found, nil
	}
	read, err := from.GetMany(ctx, relayed, keys)
	for i, row := range read {
		found[keys[i]] = row
	}
	return found, err
}

// fill sets the copies of a record.
func (s sources) fill(rec transform.Record) error {
	for _, h := range rec.Entity().Copies() {
		unread := false
		v, _, err := h.Value(rec, func(key transform.Key) (transform.Record, bool) {
			unread = s[key].Err != nil
			return s[key].Record, true
		})
		switch {
		case unread:
		case err != nil:
			return err
		default:
			rec.SetAt(h.Column, v)
		}
	}
	return nil
}

// fillCounts sets the numbers of records that the rows' items have. One that can't be
// counted, for a row that the store can't read, is left out.
func fillCounts(ctx context.Context, from store.Reader, rows []store.Row) error {
	at := map[*transform.Hydration][]store.Row{}
	for _, row := range rows {
		if !copied(row) {
			continue
		}
		for _, h := range row.Record.Entity().Copies() {
			if h.Counts() != nil {
				at[h] = append(at[h], row)
			}
		}
	}
	for h, rows := range at {
		for len(rows) > 0 {
			n, err := countFor(ctx, from, h, rows)
			if err != nil && Unfit(err) && len(rows) > 1 {
				n, err = countFor(ctx, from, h, rows[:1])
			}
			switch {
			case err == nil:
				rows = rows[n:]
			case Unfit(err):
				rows = rows[1:]
			default:
				return err
			}
		}
	}
	return nil
}

// countFor sets a number in the records of rows, and returns of how many.
func countFor(ctx context.Context, from store.Reader, h *transform.Hydration, rows []store.Row) (int, error) {
	keys := make([]transform.Key, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
	}
	n, err := from.Count(ctx, relayed, store.Count{By: h.Counts(), Keys: keys})
	if err != nil {
		return 0, err
	}
	for i, row := range rows {
		row.Record.SetAt(h.Column, transform.IntValue(n[i]))
	}
	return len(rows), nil
}

// dependentsPage is how many records are renewed at once.
const dependentsPage = 100

// CarryOut carries out fan-out marks that were read from the authority: what refers to
// records that are gone is taken along, the marks' own keys are renewed, those of all
// marks together, then everything that refers to their
// sources, page by page, and each mark is cleaned once all of it is. Where it has got with
// one is noted after each page, so that whoever carries it out next goes on there.
//
// One mark that can't be carried out does not keep back the others.
func CarryOut(ctx context.Context, authority store.Authority, marks ...store.FanOut) error {
	if err := renewOwn(ctx, authority, marks); err != nil {
		if len(marks) == 1 || ctx.Err() != nil || sick(err) {
			return err
		}
		var errs []error
		for _, f := range marks {
			errs = append(errs, CarryOut(ctx, authority, f))
		}
		return errors.Join(errs...)
	}
	var failed []error
	var done []store.FanOut
	for _, f := range marks {
		if err := emptied(ctx, authority, f); err != nil {
			failed = append(failed, err)
			continue
		}
		if err := passes(ctx, authority, f); err != nil {
			failed = append(failed, err)
			continue
		}
		done = append(done, f)
	}
	return errors.Join(append(failed, cleanAll(ctx, authority, done))...)
}

// renewOwn renews the marks' own keys, of those that are not begun.
func renewOwn(ctx context.Context, authority store.Authority, marks []store.FanOut) error {
	var own []transform.Key
	seen := map[transform.Key]bool{}
	for _, f := range marks {
		for _, key := range f.Own {
			if f.Reached == "" && !seen[key] && isKey(authority.Contract(), key) {
				seen[key] = true
				own = append(own, key)
			}
		}
	}
	for some := range slices.Chunk(own, dependentsPage) {
		if err := authority.Renew(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// passes goes on with the pass over what refers to the sources of a mark, and does all of
// it once more if one of them has changed since it began: what was renewed before that may
// be old.
func passes(ctx context.Context, authority store.Authority, f store.FanOut) error {
	if err := renewSources(ctx, authority, f); err != nil || f.Since == f.Version {
		return err
	}
	if err := authority.Reach(ctx, f, ""); err != nil {
		return err
	}
	f.Reached, f.Since = "", f.Version
	return renewSources(ctx, authority, f)
}

// renewSources renews what refers to the sources of a mark, from where it has got.
func renewSources(ctx context.Context, authority store.Authority, f store.FanOut) error {
	from := readReached(f)
	for i, source := range f.Sources {
		if i < from.Source || !isKey(authority.Contract(), source) {
			continue
		}
		for _, by := range copiersOf(authority.Contract(), source) {
			at := reached{Source: i, By: by.Of().Name + "." + by.Field()}
			if i == from.Source {
				if at.By < from.By {
					continue
				}
				if at.By == from.By {
					at.After = from.After
				}
			}
			if err := renewDependents(ctx, authority, f, by, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// cleansAtOnce is how many marks are cleaned at the same time.
const cleansAtOnce = 8

func cleanAll(ctx context.Context, authority store.Authority, marks []store.FanOut) error {
	if len(marks) == 1 {
		return authority.CleanFanOut(ctx, marks[0])
	}
	errs := make([]error, len(marks))
	slots := make(chan struct{}, cleansAtOnce)
	var wg sync.WaitGroup
	for i, f := range marks {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = authority.CleanFanOut(ctx, f)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// isKey reports whether the contract has keys of this form. A mark may have been left
// under another contract, of which no item is left.
func isKey(c *transform.Contract, key transform.Key) bool {
	e := c.Entity(key.Entity)
	if e == nil {
		return false
	}
	_, err := e.KeyValues(key)
	return err == nil
}

// renewDependents renews everything that refers to a source by one reference.
func renewDependents(ctx context.Context, authority store.Authority, f store.FanOut, by *transform.Reference, at reached) error {
	for {
		page, err := authority.Dependents(ctx, store.DependentsRange{By: by, To: f.Sources[at.Source], After: string(at.After), Limit: dependentsPage})
		if err == nil && len(page.Keys) > 0 {
			err = authority.Renew(ctx, page.Keys)
		}
		if err != nil || page.Next == "" {
			return err
		}
		at.After = []byte(page.Next)
		if err := authority.Reach(ctx, f, at.text()); err != nil {
			return err
		}
	}
}

// copiersOf returns the references by which records have copies of a source, in the order
// of their names: that of the contract may be another one when a mark is gone on with.
func copiersOf(c *transform.Contract, source transform.Key) []*transform.Reference {
	all := c.Entity(source.Entity).CopiedBy()
	slices.SortFunc(all, func(a, b *transform.Reference) int {
		return cmp.Compare(a.Of().Name+"."+a.Field(), b.Of().Name+"."+b.Field())
	})
	return all
}

// A reached is how far a mark has been carried out: all before it has been renewed.
type reached struct {
	Source int    // position in FanOut.Sources
	By     string // the reference, "" before the first one
	After  []byte // of its dependents, as the store names its place
}

func (r reached) text() string {
	text, _ := json.Marshal(r) // of numbers and texts
	return string(text)
}

// readReached returns where to go on. What can't be read begins anew: it costs time only.
func readReached(f store.FanOut) reached {
	var r reached
	if f.Reached == "" || json.Unmarshal([]byte(f.Reached), &r) != nil {
		return reached{}
	}
	return r
}
