package migrationctl

import (
	"cmp"
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
)

// Sizes of the relay.
const (
	relayPage    = 500              // change records read at once
	relayQueue   = 4096             // changes this process left dirty; more are found by polling
	relayTimeout = 5 * time.Second  // of one refresh
	relayGrace   = time.Second      // a change this young is left to the writer's own refresh
	retryEvery   = 10 * time.Second // a look at dead letters that may be mended
	retryLimit   = 10_000           // of them at once
)

// A relay runs refresh for every change record until none is left. Every
// process runs one; two that meet at a key do no harm. It holds no state that
// matters: what is dirty stands in the authority, so memory stays bounded
// however long the follower is down.
//
// The processes divide the change records among themselves: by shards where the
// authority has several, by a hash of the key where it has one.
type relay struct {
	c      *Controller
	kicked chan store.Change
	from   map[int]position // by shard, where the next pass begins; of feed alone
	deadMu sync.Mutex
	dead   map[store.KeyVersion]bool // dead letters this relay wrote down lately
}

func newRelay(c *Controller) *relay {
	return &relay{c: c, kicked: make(chan store.Change, relayQueue), from: make(map[int]position), dead: make(map[store.KeyVersion]bool)}
}

// kick tells the relay of changes that a write of this process left dirty. What
// does not fit is found by polling.
func (r *relay) kick(changes []store.Change) {
	for _, c := range changes {
		select {
		case r.kicked <- c:
		default:
			return
		}
	}
}

// run works until ctx ends: workers refresh what is kicked and what polling
// finds.
func (r *relay) run(ctx context.Context) {
	work := make(chan task)
	var workers sync.WaitGroup
	for range r.c.opts.machine.atOnce(r.c.opts.RelayWorkers) {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for t := range work {
				r.refresh(ctx, t)
			}
		}()
	}
	workers.Add(1)
	go func() {
		defer workers.Done()
		r.retry(ctx)
	}()
	if r.c.marks() {
		workers.Add(1)
		go func() {
			defer workers.Done()
			r.fanOut(ctx)
		}()
	}
	defer workers.Wait()
	defer close(work)
	r.feed(ctx, work)
}

// A task is changes of the same keys with the authority that holds them.
type task struct {
	lead    lead
	changes []store.Change
}

// feed hands changes to the workers until ctx ends.
func (r *relay) feed(ctx context.Context, work chan<- task) {
	poll := time.NewTicker(r.c.opts.RelayPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			// A look that is due comes first: what others left must not wait
			// until this process is idle.
			r.look(ctx, work)
			continue
		default:
		}
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			r.look(ctx, work)
		case change := <-r.kicked:
			if l, ok := r.active(); ok {
				send(ctx, work, task{l, []store.Change{change}})
			}
		}
	}
}

// look passes once over this process's change records, in a phase that has a
// follower.
func (r *relay) look(ctx context.Context, work chan<- task) {
	l, ok := r.active()
	if !ok || !r.c.refresher(l).Due() {
		return
	}
	if err := r.poll(ctx, l, work); err != nil && ctx.Err() == nil {
		r.c.opts.Logger.Warn("change records not read", "error", err)
	}
}

// active returns the store that leads, if the phase has a follower and this process
// does too.
func (r *relay) active() (lead, bool) {
	l, err := r.c.member.lead()
	return l, err == nil && l.record.Phase.HasFollower() && !isNoMySQL(l.other)
}

// away reports whether this process brings nothing over in a phase that has a
// follower: it has none, or can't reach it.
func (r *relay) away() bool {
	l, err := r.c.member.lead()
	return err == nil && l.record.Phase.HasFollower() && (isNoMySQL(l.other) || r.c.refresher(l).Resting())
}

// retry looks at dead letters now and then, beside the relay's own work. The
// relay's memory of them ends with each look: what is mended by then has change
// records of its own that must go.
func (r *relay) retry(ctx context.Context) {
	for r.c.sleep(ctx, retryEvery) == nil {
		if l, ok := r.active(); ok && !r.c.refresher(l).Resting() {
			_ = r.c.RetryDeadLetters(ctx) // the next look is due soon
			r.forget()
		}
	}
}

// poll passes once over the change records of this process's part.
func (r *relay) poll(ctx context.Context, l lead, work chan<- task) error {
	p, err := r.part(ctx, l)
	if err != nil {
		return err
	}
	for _, shard := range p.shards(l.authority.Shards()) {
		more, err := r.pollShard(ctx, l, shard, p, work)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// A part is this process's share of the change records: its place among the
// live processes of the fleet, and how many those are.
type part struct{ place, of int }

// part returns this process's part. The share of a process that falls silent
// goes to the others, sooner than it drops out of the fleet: should it still be
// there after all, a change is brought over twice, which does no harm.
func (r *relay) part(ctx context.Context, l lead) (part, error) {
	fleet, err := l.authority.Registrations(ctx)
	if err != nil {
		return part{}, err
	}
	return r.place(fleet), nil
}

// place returns the part of a process among those of the fleet that are at work. One that
// is not registered yet has none.
func (r *relay) place(fleet []store.Registration) part {
	names := working(fleet, r.c.member.name)
	place := slices.Index(names, r.c.member.name)
	if place < 0 {
		return part{}
	}
	return part{place, len(names)}
}

// shards returns every n-th shard, or the only one there is.
func (p part) shards(all int) []int {
	var mine []int
	for shard := range all {
		if p.of > 0 && (all == 1 || shard%p.of == p.place) {
			mine = append(mine, shard)
		}
	}
	return mine
}

// has reports whether a change of a shard that all processes read is this
// one's. Without that each would send everything, and a slow follower gets as
// many times the requests as there are processes.
func (p part) has(c store.Change) bool {
	about := ""
	switch {
	case len(c.Keys) > 0:
		about = c.Keys[0].Key.ID
	case c.Token != nil:
		about = c.Token.Token
	}
	return p.is(about)
}

// is reports whether what is told by a text is this process's.
func (p part) is(about string) bool { return int(hash(about)%uint32(p.of)) == p.place }

func hash(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum32()
}

// working returns the names of the processes that have renewed lately, in an
// order that all agree on and that has nothing to do with their age: names begin
// with the process id, so a process started in place of one that died would
// stand behind it every time, and where processes die young one share would be
// nobody's. The one that asks is at work in any case: while DynamoDB is closed
// nobody renews.
//
// Those that can't reach the follower are not at work. One that can't has a share beside
// those that can, so that it finds out when it can again; what it does not bring over is in
// theirs. Where nobody can, each has all of it, of which it sends a probe now and then: some
// of the others may have no follower for good.
func working(fleet []store.Registration, self string) []string {
	var names []string
	for _, p := range fleet {
		if p.Process == self || p.Age < RegistrationTTL/2 && !p.Away {
			names = append(names, p.Process)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(hash(a), hash(b)), cmp.Compare(a, b))
	})
	return names
}

// pollShard passes over one shard. It reports whether to go on with the next.
//
// While the follower rests a pass sends one probe, and the next pass goes on
// behind it: hammering a follower that is down, or reading its whole backlog
// again and again, helps nobody, and if every pass began with the same key the
// others would wait until the follower is well.
func (r *relay) pollShard(ctx context.Context, l lead, shard int, p part, work chan<- task) (bool, error) {
	from := r.from[shard]
	delete(r.from, shard)
	at := store.DirtyRange{Shard: shard, After: from.after, Limit: relayPage}
	for {
		page, err := r.dirty(ctx, l, at)
		if err != nil {
			return false, err
		}
		groups := together(page.Changes)
		for i, changes := range groups[min(from.skip, len(groups)):] {
			changes = slices.DeleteFunc(changes, func(c store.Change) bool {
				return r.leave(c) || l.authority.Shards() == 1 && !p.has(c)
			})
			if len(changes) == 0 {
				continue
			}
			if !send(ctx, work, task{l, changes}) {
				return false, nil
			}
			if r.c.refresher(l).Resting() {
				r.from[shard] = position{at.After, from.skip + i + 1}
				return false, nil
			}
		}
		from.skip = 0
		if at.After = page.Next; at.After == "" {
			return true, nil
		}
	}
}

// A position is where a pass goes on: behind so many keys of a page. What
// became clean meanwhile makes it skip a few, which the pass after that meets.
type position struct {
	after string
	skip  int
}

func (r *relay) dirty(ctx context.Context, l lead, at store.DirtyRange) (store.DirtyPage, error) {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	return l.authority.Dirty(ctx, at)
}

// leave reports whether the change is none of this pass's business: its writer
// is at it, or it holds dead letters that nobody has written since. A change of
// a token alone has no writer who would be at it.
func (r *relay) leave(c store.Change) bool {
	if len(c.Keys) > 0 && c.Age > 0 && c.Age < int64(relayGrace) && r.c.opts.Policy != dal.Async {
		return true
	}
	r.deadMu.Lock()
	defer r.deadMu.Unlock()
	return len(c.Keys) > 0 && !slices.ContainsFunc(c.Keys, func(k store.KeyVersion) bool { return !r.dead[k] })
}

func send(ctx context.Context, work chan<- task, t task) bool {
	select {
	case work <- t:
		return true
	case <-ctx.Done():
		return false
	}
}

// refresh brings changes over. What can't be converted becomes a dead letter;
// every other failure is tried again in a later pass.
func (r *relay) refresh(ctx context.Context, t task) {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	err := r.c.refresher(t.lead).Refresh(ctx, t.changes...)
	switch {
	case err == nil || ctx.Err() != nil:
	case dal.Unfit(err):
		if r.c.deadLetter(ctx, t.lead, t.changes[0], err) == nil {
			r.remember(unfitOf(t.changes[0], err), t.changes[1:])
		}
	case away(err) || errors.Is(err, store.ErrWrongPhase):
		// The breaker, or the end of the hand-off, paces what comes next.
	default:
		r.c.opts.Logger.Warn("refresh failed", "error", err)
	}
}

func (r *relay) forget() {
	r.deadMu.Lock()
	defer r.deadMu.Unlock()
	clear(r.dead)
}

// remember keeps the relay from trying dead letters in every pass, and further
// changes of the same key. Forgetting is harmless, so the memory is simply
// emptied when it grows.
func (r *relay) remember(letters []*dal.KeyError, further []store.Change) {
	r.deadMu.Lock()
	defer r.deadMu.Unlock()
	if len(r.dead) >= relayQueue {
		clear(r.dead)
	}
	for _, e := range letters {
		if e.Version != 0 { // unknown where a writer kicked without it
			r.dead[store.KeyVersion{Key: e.Key, Version: e.Version}] = true
		}
	}
	for _, c := range further {
		r.dead[c.Keys[0]] = true
	}
}
