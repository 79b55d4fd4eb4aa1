package migrationctl

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Sizes of a backfill.
const (
	backfillPage    = 500              // rows between two checkpoints; the most a kill repeats
	backfillWorkers = 8                // default of BackfillOptions.Workers
	backfillTimeout = 30 * time.Second // of one page
	backfillTries   = 6                // of one page that a store was away or too slow for
	backfillPause   = time.Second      // before the second try, twice that before the third, …
	backfillName    = "backfill"
	maxHolders      = 16 // keys that may hold what one key needs, one after the other
	// bareLife bounds how long a write of phase 5 may take from being sent to
	// landing, whoever sent it: what was sent before a capture began has
	// landed after it.
	bareLife = 15 * time.Second
)

// BackfillOptions are the choices of one backfill. The zero value of each
// field means its default.
type BackfillOptions struct {
	Entity  string // one entity only; default: all
	Rate    int    // rows a second at most; default: no limit
	Workers int    // batches at once; default 8
	// Reverse fills MySQL from DynamoDB, in phase 5 captured. It must be said
	// so that nobody fills in a direction that was not meant.
	Reverse bool
	// Report is told after each page.
	Report func(BackfillReport)
}

// A BackfillReport is how far a backfill is with one entity.
type BackfillReport struct {
	Entity      string
	Mode        string // "insert", "bump", or "bump leftovers"
	Rows        int64  // of MySQL passed so far, over all runs
	Leftovers   int64  // records that only the follower had, in this run
	DeadLetters int64  // rows that could not be converted, in this run
	Done        bool
}

// Backfill brings the rows that are there to the follower, while writes go on.
// Killed or cancelled, it goes on where it stopped when it is called again.
//
// Into a follower that was empty when capture first began it inserts at version
// 0 where nothing is, live or tombstone. Into any other it gives every key that
// either store has a new version and refreshes it, since what is there may be
// older than a gap in the capture. A row that can't be converted becomes a dead
// letter.
func (o *Operator) Backfill(ctx context.Context, opts BackfillOptions) error {
	l, err := o.lead(ctx)
	if err != nil {
		return err
	}
	if !l.record.Capture {
		return &RefusedError{Step: "backfill", Unmet: []Unmet{{Guard: "captured", Data: true,
			Reason: "rows written beside it would be missed", Mend: "migrationctl capture on"}}}
	}
	if err := o.checkContract(l.record); err != nil {
		return err
	}
	if err := o.fillable(ctx, l, opts); err != nil {
		return err
	}
	entities, err := o.entities(opts.Entity)
	if err != nil {
		return err
	}
	done, err := o.progress(ctx, backfillName, l)
	if err != nil {
		return err
	}
	for _, e := range entities {
		b := &backfill{o: o, lead: l, opts: opts, entity: e, record: l.record, state: done[e.Name], began: o.now()}
		if err := b.run(ctx); err != nil {
			return fmt.Errorf("backfill of %s stopped after %d rows, the same call goes on there: %w", e.Name, b.state.Rows, err)
		}
	}
	return nil
}

// entities returns the named entity, or all of them.
func (o *Operator) entities(name string) ([]*transform.Entity, error) {
	if name == "" {
		return o.contract.Entities, nil
	}
	e := o.contract.Entity(name)
	if e == nil {
		return nil, &store.Error{Op: "find", Entity: name, Kind: store.ErrInvalid, Detail: "the contract has no such entity"}
	}
	return []*transform.Entity{e}, nil
}

// fillable reports whether the store that does not lead can be filled now.
func (o *Operator) fillable(ctx context.Context, l lead, opts BackfillOptions) error {
	if reverse := l.side == dynamoSide; opts.Reverse != reverse {
		return &RefusedError{Step: "backfill", Unmet: []Unmet{{Guard: "direction", Data: true,
			Reason: fmt.Sprintf("in phase %d %s leads", uint8(l.record.Phase), l.authority.Name()), Mend: fill(reverse)}}}
	}
	if err := l.other.Check(ctx); err != nil || !opts.Reverse {
		return err
	}
	if l.record.Epoch == l.record.CaptureEpoch {
		// A write that was sent before the capture began may still land, and
		// leaves no change record. This clock counts, whatever others say.
		if err := o.sleep(ctx, bareLife); err != nil {
			return err
		}
	}
	_, err := o.copyOnce(ctx, l) // refreshes into MySQL carry DynamoDB's epoch
	return err
}

// progress returns the state of a run per entity, as far as it counts under
// the lead's capture.
func (o *Operator) progress(ctx context.Context, name string, l lead) (map[string]store.Progress, error) {
	all, err := l.authority.Progress(ctx, name)
	if err != nil {
		return nil, err
	}
	found := make(map[string]store.Progress)
	for _, p := range all {
		if p.CaptureEpoch == l.record.CaptureEpoch && l.record.CaptureEpoch != 0 {
			found[p.Entity] = p
		}
	}
	return found, nil
}

// unfilled names the entities whose backfill is not complete under the
// lead's capture.
func (o *Operator) unfilled(ctx context.Context, l lead) ([]string, error) {
	done, err := o.progress(ctx, backfillName, l)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range o.contract.Entities {
		if !done[e.Name].Done {
			names = append(names, e.Name)
		}
	}
	return names, nil
}

// The stages of a backfill. An empty follower needs only the first.
const (
	stageRows      = "" // every row of the authority
	stageLeftovers = "leftovers:"
)

// A backfill is one run over one entity.
type backfill struct {
	o      *Operator
	lead   lead
	opts   BackfillOptions
	entity *transform.Entity
	record store.PhaseRecord
	state  store.Progress
	dead   atomic.Int64
	began  time.Time
	passed int64 // rows in this run, for the rate
	extra  int64 // leftovers in this run
}

func (b *backfill) run(ctx context.Context) error {
	if b.state.Done {
		b.report()
		return nil
	}
	b.state.Name, b.state.Entity, b.state.CaptureEpoch = backfillName, b.entity.Name, b.record.CaptureEpoch
	if !b.inLeftovers() {
		if err := b.pages(ctx, b.lead.authority, stageRows, b.bringRows); err != nil {
			return err
		}
	}
	if !b.record.FollowerEmpty {
		if err := b.pages(ctx, b.lead.other, stageLeftovers, b.bringLeftovers); err != nil {
			return err
		}
	}
	b.state.Done, b.state.Position = true, ""
	return b.save(ctx)
}

func (b *backfill) inLeftovers() bool {
	return len(b.state.Position) >= len(stageLeftovers) && b.state.Position[:len(stageLeftovers)] == stageLeftovers
}

// pages passes over one store's records and saves the position after each page.
func (b *backfill) pages(ctx context.Context, from store.Reader, stage string, bring func(context.Context, []store.Row) error) error {
	after := ""
	if b.inLeftovers() == (stage == stageLeftovers) {
		after = b.state.Position[len(stage):]
	}
	for {
		if err := b.stillCounts(ctx); err != nil {
			return err
		}
		next, err := b.patientPage(ctx, from, after, bring)
		if err != nil {
			return err
		}
		if after = next; after == "" {
			if stage == stageRows && !b.record.FollowerEmpty {
				b.state.Position = stageLeftovers
				return b.save(ctx)
			}
			return nil
		}
		b.state.Position = stage + after
		if err := b.save(ctx); err != nil {
			return err
		}
		if err := b.pace(ctx); err != nil {
			return err
		}
	}
}

// patientPage brings one page over, and again if a store was away or too slow:
// what is there already is left alone, and the rows are read anew.
func (b *backfill) patientPage(ctx context.Context, from store.Reader, after string, bring func(context.Context, []store.Row) error) (string, error) {
	for try := 1; ; try++ {
		next, err := b.page(ctx, from, after, bring)
		if !passing(err) || try == backfillTries || b.o.sleep(ctx, time.Duration(try)*backfillPause) != nil {
			return next, err
		}
	}
}

// page brings one page over, within a deadline: a put that lands much later
// than its read is what tombstones have to outlive.
func (b *backfill) page(ctx context.Context, from store.Reader, after string, bring func(context.Context, []store.Row) error) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, backfillTimeout)
	defer cancel()
	page, err := from.Scan(ctx, store.At{Captured: true}, store.Range{Entity: b.entity, After: after, Limit: backfillPage})
	if err != nil {
		return "", err
	}
	if err := bring(ctx, page.Rows); err != nil {
		return "", err
	}
	if !b.inLeftovers() {
		b.state.Rows += int64(len(page.Rows))
	}
	b.passed += int64(len(page.Rows))
	return page.Next, nil
}

func (b *backfill) workers() int {
	if b.opts.Workers > 0 {
		return b.opts.Workers
	}
	return backfillWorkers
}

// stillCounts stops a run whose capture has ended meanwhile.
func (b *backfill) stillCounts(ctx context.Context) error {
	now, err := b.lead.authority.Phase(ctx)
	if err == nil && now.CaptureEpoch != b.record.CaptureEpoch {
		err = &RefusedError{Step: "backfill", Unmet: []Unmet{{Guard: "captured", Data: true,
			Reason: "capture was switched off while it ran, which voids it", Mend: "capture on, then backfill again"}}}
	}
	return err
}

// bringRows brings rows of the authority to the follower.
func (b *backfill) bringRows(ctx context.Context, rows []store.Row) error {
	if b.record.FollowerEmpty {
		return b.insert(ctx, rows)
	}
	return b.bump(ctx, rows)
}

// insert puts the rows at version 0 where nothing is.
func (b *backfill) insert(ctx context.Context, rows []store.Row) error {
	if b.lead.other.KeepsCopies() {
		var err error
		if rows, err = dal.WithCopies(ctx, b.lead.authority, rows...); err != nil {
			return err
		}
	}
	fit := rows[:0:0]
	for _, row := range rows {
		if row.Err != nil {
			if err := b.unfit(ctx, row, row.Err); err != nil {
				return err
			}
			continue
		}
		fit = append(fit, row)
	}
	return inChunks(ctx, b.workers(), fit, func(ctx context.Context, chunk []store.Row) error {
		results, err := b.lead.other.Insert(ctx, chunk)
		if err != nil {
			return err
		}
		for i, err := range results {
			if errors.Is(err, store.ErrUnique) {
				// The value's holder has given it up in the authority and not
				// yet here: a refresh brings both over together.
				err = b.bump(ctx, chunk[i:i+1])
			}
			if err == nil {
				continue
			}
			if !dal.Unfit(err) {
				return err
			}
			if err := b.unfit(ctx, chunk[i], err); err != nil {
				return err
			}
		}
		return nil
	})
}

// bump gives the rows' keys new versions and refreshes them.
func (b *backfill) bump(ctx context.Context, rows []store.Row) error {
	// A refresh is three round trips, one after the other: more of them at once.
	return inChunks(ctx, 4*b.workers(), rows, func(ctx context.Context, chunk []store.Row) error {
		keys := make([]transform.Key, len(chunk))
		for i, row := range chunk {
			keys[i] = row.Key
		}
		if err := b.lead.authority.Bump(ctx, keys); err != nil {
			return err
		}
		for _, row := range chunk {
			err := b.refresh(ctx, row.Key)
			if dal.Unfit(err) {
				err = b.unfit(ctx, row, err)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// refresh refreshes a key that was given a new version. Another key may stand in
// its way in the follower with a unique value that it gave up in a gap of the
// capture: that left it at its old version, so it is given a new one too.
func (b *backfill) refresh(ctx context.Context, key transform.Key) error {
	for range maxHolders {
		err := b.o.refreshPatiently(ctx, b.lead, key)
		var taken *store.Error
		if !errors.Is(err, store.ErrUnique) || !errors.As(err, &taken) || taken.Holder.IsZero() {
			return err
		}
		if err := b.lead.authority.Bump(ctx, []transform.Key{taken.Holder}); err != nil {
			return err
		}
	}
	return b.o.refreshPatiently(ctx, b.lead, key)
}

// bringLeftovers refreshes what only the follower has.
func (b *backfill) bringLeftovers(ctx context.Context, rows []store.Row) error {
	orphans, err := orphans(ctx, b.lead, rows)
	if err != nil {
		return err
	}
	b.extra += int64(len(orphans))
	return b.bump(ctx, orphans)
}

func (b *backfill) unfit(ctx context.Context, row store.Row, cause error) error {
	b.dead.Add(1)
	return b.o.deadLetter(ctx, b.lead, oneKey(row.Key, row.Version), cause)
}

func (b *backfill) save(ctx context.Context) error {
	err := b.o.saveProgress(ctx, b.lead.authority, b.state)
	b.report()
	return err
}

func (b *backfill) report() {
	if b.opts.Report == nil {
		return
	}
	r := BackfillReport{Entity: b.entity.Name, Rows: b.state.Rows, Leftovers: b.extra, DeadLetters: b.dead.Load(), Done: b.state.Done, Mode: "insert"}
	if !b.record.FollowerEmpty {
		r.Mode = "bump"
	}
	if b.inLeftovers() {
		r.Mode = "bump leftovers"
	}
	b.opts.Report(r)
}

// pace keeps to the rate.
func (b *backfill) pace(ctx context.Context) error {
	if b.opts.Rate <= 0 {
		return ctx.Err()
	}
	due := b.began.Add(time.Duration(float64(b.passed) / float64(b.opts.Rate) * float64(time.Second)))
	return b.o.sleep(ctx, max(0, due.Sub(b.o.now())))
}

// orphans returns the live rows of the follower that the authority does not
// have.
func orphans(ctx context.Context, l lead, rows []store.Row) ([]store.Row, error) {
	var live []store.Row
	var keys []transform.Key
	for _, row := range rows {
		if row.Live {
			live = append(live, row)
			keys = append(keys, row.Key)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	there, err := l.authority.GetMany(ctx, store.At{Captured: true}, keys)
	if err != nil {
		return nil, err
	}
	var orphans []store.Row
	for i, row := range there {
		if !row.Live {
			orphans = append(orphans, live[i])
		}
	}
	return orphans, nil
}

// inChunks cuts rows into a piece per worker, calls do for each at once, and
// returns their errors. The first one stops the rest.
func inChunks[T any](ctx context.Context, workers int, rows []T, do func(context.Context, []T) error) error {
	size := max(1, (len(rows)+workers-1)/workers)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var errs []error
	results := make(chan error)
	started := 0
	for from := 0; from < len(rows); from += size {
		chunk := rows[from:min(from+size, len(rows))]
		started++
		go func() { results <- do(ctx, chunk) }()
	}
	for range started {
		if err := <-results; err != nil {
			// What the first error stopped has nothing to add.
			if len(errs) == 0 || !errors.Is(err, context.Canceled) {
				errs = append(errs, err)
			}
			cancel()
		}
	}
	return errors.Join(errs...)
}
