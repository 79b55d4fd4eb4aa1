package migrationctl

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Sizes of a verify.
const (
	verifyPage        = 500
	verifyWorkers     = 16   // keys that are settled at once
	verifyDifferences = 1000 // named in a report; all are counted
	verifyName        = "verify"
)

// VerifyOptions are the choices of one verify.
type VerifyOptions struct {
	Entity string // one entity only; default: all
	Repair bool   // mend each difference and look again
	// Settle is how long, in the end, keys that were changing are looked at
	// again. Default 10 s: what a process that died has left behind is refreshed
	// by another one well within that.
	Settle time.Duration
	// Report is told after each page. Where DynamoDB leads, differences are
	// counted once the change records were looked through, many pages later.
	Report func(VerifyReport)

	inDoubt int // keys that wait for one look at the change records; default doubtMost
}

// Verify compares every key of the authority with the follower, and every key
// of the follower with the authority, while writes go on. A difference counts
// only if the key is clean and its version the same before and after; then it
// is named by key and column. What DynamoDB keeps beside the records, guards of
// unique values and edges of references, is compared with the records too, both
// ways, and named by key and columns, and so are the copies that items have of other
// records with these. A verify that a step of the phase overtakes saves
// nothing and ends with ErrWrongPhase.
func (o *Operator) Verify(ctx context.Context, opts VerifyOptions) ([]VerifyReport, error) {
	if opts.Settle == 0 {
		opts.Settle = settleFor
	}
	if opts.inDoubt == 0 {
		opts.inDoubt = doubtMost
	}
	l, err := o.lead(ctx)
	if err != nil {
		return nil, err
	}
	if !l.record.Capture {
		return nil, &RefusedError{Step: "verify", Unmet: []Unmet{{Guard: "captured", Data: true,
			Reason: "without versions a write under way can't be told from a difference", Mend: "migrationctl capture on"}}}
	}
	if err := o.checkContract(l.record); err != nil {
		return nil, err
	}
	entities, err := o.entities(opts.Entity)
	if err != nil {
		return nil, err
	}
	runs := make([]*verify, len(entities))
	for i, e := range entities {
		runs[i] = &verify{o: o, lead: l, opts: opts, entity: e,
			doubts: make(map[transform.Key]store.Version), mended: make(map[transform.Key]bool)}
		runs[i].report.Entity = e.Name
	}
	if err := o.lookLeftBeside(ctx, runs); err != nil {
		return nil, err
	}
	var reports []VerifyReport
	for _, v := range runs {
		err := v.run(ctx)
		reports = append(reports, v.report)
		if err != nil {
			return reports, err
		}
		if err := v.save(ctx); err != nil {
			return reports, err
		}
	}
	return reports, nil
}

// A verify is one run over one entity.
type verify struct {
	o      *Operator
	lead   lead
	opts   VerifyOptions
	entity *transform.Entity

	mu     sync.Mutex
	report VerifyReport
	later  []transform.Key        // unsettled ones, to be looked at again
	beside []transform.Key        // those of which guards and edges are to be looked at again
	mended map[transform.Key]bool // of those that the report names

	oldCopy   []oldCopy       // to be looked at again after the fan-out marks
	following []transform.Key // those of which copies are to be looked at again

	// Keys that differ, as they came, and each one's version in the authority:
	// they wait for a look at the change records.
	doubtful []transform.Key
	doubts   map[transform.Key]store.Version
}

// doubtMost is how many keys in doubt a verify remembers, some 25 MB. For each
// so many all change records are read once.
const doubtMost = 100_000

// How a verify looks again at the keys that were changing when it came to them.
const (
	settleFor   = 10 * time.Second
	settlePause = 20 * time.Millisecond // between two looks, or twice as long as the last one took
	settleMost  = 10_000                // keys it remembers
)

func (v *verify) run(ctx context.Context) error {
	rows, leftovers := v.andCopies(v.lookRows), v.lookLeftovers
	if v.lead.side == dynamoSide {
		rows = v.andBeside(rows)
	} else {
		leftovers = v.andBeside(leftovers)
	}
	if err := v.pages(ctx, v.lead.authority, rows); err != nil {
		return err
	}
	if err := v.pages(ctx, v.lead.other, leftovers); err != nil {
		return err
	}
	if err := v.settleDoubts(ctx); err != nil {
		return err
	}
	if err := v.settleCopies(ctx); err != nil {
		return err
	}
	if err := v.lookAgain(ctx); err != nil {
		return err
	}
	if err := v.stillLeads(ctx); err != nil {
		return err
	}
	v.report.Done = true
	v.tell()
	return nil
}

// stillLeads stops a run whose lead has ended meanwhile: what lags behind the
// other may be the store that led when it began, and nothing says so of a key.
func (v *verify) stillLeads(ctx context.Context) error {
	now, err := v.o.lead(ctx)
	switch {
	case err == nil && now.side == v.lead.side && now.record.Epoch == v.lead.record.Epoch:
		return nil
	case err != nil && !errors.Is(err, store.ErrWrongPhase):
		return err
	}
	return &store.Error{Op: "verify", Entity: v.entity.Name, Kind: store.ErrWrongPhase, Cause: err,
		Detail: "the authority or the phase moved while it ran, which voids it: run verify again"}
}

func (v *verify) pages(ctx context.Context, from store.Reader, look func(context.Context, []store.Row) error) error {
	after := ""
	for {
		page, err := ask(ctx, v.o, func() (store.Page, error) {
			return from.Scan(ctx, store.At{Captured: true}, store.Range{Entity: v.entity, After: after, Limit: verifyPage})
		})
		if err != nil {
			return err
		}
		if err := look(ctx, page.Rows); err != nil {
			return err
		}
		v.tell()
		if after = page.Next; after == "" {
			return ctx.Err()
		}
	}
}

// lookAgain looks at the keys that were unsettled until each has settled, or
// they had their time. A key that changes all the time is met between its refresh
// and its next write sooner or later, so a few keys are looked at often; many of
// them get a third of the time at most, for the refreshes need the rest.
func (v *verify) lookAgain(ctx context.Context) error {
	var took time.Duration
	for end := v.o.now().Add(v.opts.Settle); len(v.later)+len(v.beside)+len(v.following) > 0 && v.o.now().Before(end); {
		if err := v.o.sleep(ctx, max(settlePause, 2*took)); err != nil {
			return err
		}
		start := v.o.now()
		keys := v.later
		v.later = nil
		v.report.Unsettled -= int64(len(keys))
		if err := v.settle(ctx, keys); err != nil {
			return err
		}
		if err := v.settleDoubts(ctx); err != nil {
			return err
		}
		if err := v.lookBesideAgain(ctx); err != nil {
			return err
		}
		if err := v.lookCopiesAgain(ctx); err != nil {
			return err
		}
		took = v.o.now().Sub(start)
	}
	return nil
}

// lookRows compares rows of the authority with the follower's.
func (v *verify) lookRows(ctx context.Context, rows []store.Row) error {
	keys := make([]transform.Key, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
	}
	if len(keys) == 0 {
		return nil
	}
	there, err := ask(ctx, v.o, func() ([]store.Row, error) { return v.lead.other.GetMany(ctx, store.At{Captured: true}, keys) })
	if err != nil {
		return err
	}
	v.report.Compared += int64(len(rows))
	var doubtful []transform.Key
	for i, row := range rows {
		if dal.CompareRows(row, there[i], "", "").Verdict != dal.Same {
			doubtful = append(doubtful, row.Key)
		}
	}
	return v.settle(ctx, doubtful)
}

// lookLeftovers looks for what only the follower has.
func (v *verify) lookLeftovers(ctx context.Context, rows []store.Row) error {
	orphans, err := ask(ctx, v.o, func() ([]store.Row, error) { return orphans(ctx, v.lead, rows) })
	if err != nil {
		return err
	}
	v.report.Compared += int64(len(orphans))
	keys := make([]transform.Key, len(orphans))
	for i, row := range orphans {
		keys[i] = row.Key
	}
	return v.settle(ctx, keys)
}

// settle looks closely at the keys that differ at first sight, some at a time.
// Where DynamoDB leads, those that still differ are in doubt from then on.
func (v *verify) settle(ctx context.Context, keys []transform.Key) error {
	if v.lead.side != dynamoSide {
		return v.each(ctx, keys, v.settleKey)
	}
	versions, err := v.different(ctx, keys)
	if err != nil {
		return err
	}
	for _, key := range keys {
		version, differs := versions[key]
		if !differs {
			continue
		}
		if _, already := v.doubts[key]; !already {
			v.doubtful = append(v.doubtful, key)
		}
		v.doubts[key] = version
	}
	if len(v.doubtful) < v.opts.inDoubt {
		return nil
	}
	return v.settleDoubts(ctx)
}

// settleDoubts decides on the keys in doubt. DynamoDB's change records stand
// apart from what they are about, so a difference counts only if no record
// explains it, and if it is there again, at the same version, after these were
// looked through: a refresh in between would have cleaned both, and a write in
// between has a record nobody has seen. However long ago a key was compared,
// this holds; so one look serves the keys of many pages. A look for each page
// would read as many records again and again as there were writes.
func (v *verify) settleDoubts(ctx context.Context) error {
	if len(v.doubtful) == 0 {
		return nil
	}
	keys, versions := v.doubtful, v.doubts
	v.doubtful, v.doubts = nil, make(map[transform.Key]store.Version)
	explained, err := v.changed(ctx, versions)
	if err != nil {
		return err
	}
	err = v.each(ctx, keys, func(ctx context.Context, key transform.Key) error {
		if explained[key] {
			v.explain(key)
			return nil
		}
		return v.settleDoubt(ctx, key, versions[key])
	})
	v.tell()
	return err
}

// settleDoubt compares a key again that no change record names.
func (v *verify) settleDoubt(ctx context.Context, key transform.Key, version store.Version) error {
	found, err := v.compare(ctx, key)
	if err != nil || found.Verdict != dal.Different {
		v.count(found, false)
		return err
	}
	now, err := v.version(ctx, key)
	if err != nil {
		return err
	}
	if now != version {
		v.explain(key) // by the record of a write in between
		return nil
	}
	return v.conclude(ctx, key, found)
}

// explain counts a key that differs because of a change record. Without a
// follower nobody brings it over, and looking again is of no use.
func (v *verify) explain(key transform.Key) {
	verdict := waiting
	if v.lead.record.Phase.HasFollower() {
		verdict = dal.Unsettled
	}
	v.count(dal.Comparison{Key: key, Verdict: verdict}, false)
}

// version returns a key's version in the authority, also of a record that
// can't be read.
func (v *verify) version(ctx context.Context, key transform.Key) (store.Version, error) {
	row, err := ask(ctx, v.o, func() (store.Row, error) { return v.lead.authority.Get(ctx, store.At{Captured: true}, key) })
	if err != nil && !dal.Unfit(err) {
		return 0, err
	}
	return row.Version, nil
}

// different returns the keys that differ, each with its version in the
// authority after it was compared, and counts those that do not settle.
func (v *verify) different(ctx context.Context, keys []transform.Key) (map[transform.Key]store.Version, error) {
	var mu sync.Mutex
	versions := make(map[transform.Key]store.Version)
	err := v.each(ctx, keys, func(ctx context.Context, key transform.Key) error {
		c, err := v.compare(ctx, key)
		if err != nil || c.Verdict != dal.Different {
			v.count(c, false)
			return err
		}
		version, err := v.version(ctx, key)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		versions[key] = version
		return nil
	})
	return versions, err
}

// each calls do for all keys, some at a time.
func (v *verify) each(ctx context.Context, keys []transform.Key, do func(context.Context, transform.Key) error) error {
	rows := make([]store.Row, len(keys))
	for i, key := range keys {
		rows[i].Key = key
	}
	return inChunks(ctx, v.o.opts.machine.atOnce(verifyWorkers), rows, func(ctx context.Context, chunk []store.Row) error {
		for _, row := range chunk {
			if err := do(ctx, row.Key); err != nil {
				return err
			}
		}
		return nil
	})
}

func (v *verify) settleKey(ctx context.Context, key transform.Key) error {
	found, err := v.compare(ctx, key)
	if err != nil {
		return err
	}
	return v.conclude(ctx, key, found)
}

// conclude counts what was found at a key, and mends a difference if asked to.
func (v *verify) conclude(ctx context.Context, key transform.Key, found dal.Comparison) error {
	repaired := false
	if found.Verdict == dal.Different {
		err := v.stillLeads(ctx)
		if err == nil && v.opts.Repair {
			repaired, err = v.repair(ctx, key)
		}
		if err != nil {
			return err
		}
	}
	v.count(found, repaired)
	return nil
}

// repair mends a key and looks again. A record that can't be converted stays
// different, as a dead letter.
func (v *verify) repair(ctx context.Context, key transform.Key) (bool, error) {
	err := v.o.repair(ctx, v.lead, key)
	if dal.Unfit(err) {
		return false, v.o.deadLetter(ctx, v.lead, oneKey(key, 0), err)
	}
	if err != nil {
		return false, err
	}
	again, err := dal.Compare(ctx, v.lead.authority, v.lead.other, key)
	return again.Verdict == dal.Same, err
}

// waiting is the verdict on a key whose change record explains the difference.
const waiting = dal.Verdict(100)

// compare does not wait for a key to settle: what does not is looked at again
// in the end, all together.
func (v *verify) compare(ctx context.Context, key transform.Key) (dal.Comparison, error) {
	return ask(ctx, v.o, func() (dal.Comparison, error) { return dal.CompareOnce(ctx, v.lead.authority, v.lead.other, key) })
}

// changed returns those of the asked keys that a change record names.
func (v *verify) changed(ctx context.Context, asked map[transform.Key]store.Version) (map[transform.Key]bool, error) {
	named := make(map[transform.Key]bool)
	for shard := range v.lead.authority.Shards() {
		r := store.DirtyRange{Shard: shard, Limit: relayPage}
		for {
			page, err := ask(ctx, v.o, func() (store.DirtyPage, error) { return v.lead.authority.Dirty(ctx, r) })
			if err != nil {
				return nil, err
			}
			for _, c := range page.Changes {
				for _, k := range c.Keys {
					if _, ok := asked[k.Key]; ok {
						named[k.Key] = true
					}
				}
			}
			if r.After = page.Next; r.After == "" {
				break
			}
		}
	}
	return named, nil
}
