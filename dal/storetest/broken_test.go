package storetest

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A fault is one way for a store to break a rule, and the cases that find out.
type fault struct {
	name   string
	breaks []string
	in     func(b *broken)
	// contract changes what the store is told to keep unique.
	contract func(*transform.Contract)
	leased   bool // it is a store under leases that is broken
}

// cases returns the names of cases of a rule, as runAll names them.
func cases(rule string, names ...string) []string {
	var all []string
	for _, name := range names {
		all = append(all, rule+"/"+name)
	}
	return all
}

// both returns the names of a case that runs without capture and under it.
func both(rule, name string) []string { return cases(rule, name+", bare", name+", captured") }

// everywhere returns the names of a case of readers.
func everywhere(rule, name string) []string {
	return append(both(rule, name), "follower: "+rule+"/"+name)
}

func faults() []fault {
	return slices.Concat(commitFaults, operationFaults, epochFaults, versionFaults, changeFaults, tokenFaults,
		readFaults, queryFaults, listFaults, scanFaults, followerFaults, controlFaults,
		markFaults, followFaults, leaseFaults, grantFaults, carryFaults, uniqueFaults, passedOnFaults, namesFaults, familyFaults, idFaults, expectFaults, historyFaults,
		sharedFaults, placeFaults, foldIndexFaults, childFaults, deliveryFaults, countFaults, totalFaults, loginFaults,
		fanOutFaults, dependentsFaults, renewFaults, tallyFaults, copyFaults, stagedFaults)
}

// TestBrokenStores holds that the suite finds every fault, by the case named
// with it.
func TestBrokenStores(t *testing.T) {
	known := caseNames()
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			for _, name := range f.breaks {
				c, ok := known[name]
				require.True(t, ok, "there is no case %q", name)
				require.True(t, c.isFor(f.kind()), "%q is not for this kind of store", name)
				failures := watch(t, f.harness(), c)
				require.NotEmpty(t, failures, "the store passes %q", name)
			}
		})
	}
}

// TestEveryCaseCanFail holds that there is a broken store for every case.
func TestEveryCaseCanFail(t *testing.T) {
	found := map[string]bool{}
	for _, f := range faults() {
		for _, name := range f.breaks {
			found[name] = true
		}
	}
	for name := range caseNames() {
		require.True(t, found[name], "no broken store for %q", name)
	}
}

// TestSoundStore holds that the wrapper of the broken stores breaks nothing.
func TestSoundStore(t *testing.T) {
	t.Run("with a fence", func(t *testing.T) { Run(t, fault{}.harness()) })
	t.Run("under leases", func(t *testing.T) { Run(t, fault{leased: true}.harness()) })
}

// TestSoundFollowerAlone holds that a follower can be tried that is nothing else.
func TestSoundFollowerAlone(t *testing.T) {
	RunFollower(t, Harness{New: func(_ testing.TB, c *transform.Contract) Subject {
		return Subject{Follower: memstore.New(c, &memstore.Options{Leased: true})}
	}})
}

// caseNames returns all cases by rule and name.
func caseNames() map[string]testCase {
	all := map[string]testCase{}
	for _, c := range slices.Concat(authorityCases(), controlCases()) {
		all[c.rule+"/"+c.name] = c
	}
	for _, c := range followerCases() {
		name := c.rule + "/" + c.name
		if slices.ContainsFunc(slices.Concat(readerCases(), countCases(), totalCases()), func(r testCase) bool { return r.rule == c.rule }) {
			name = "follower: " + name
		}
		all[name] = c
	}
	return all
}

// watch runs a case and returns why it failed.
func watch(t *testing.T, h Harness, c testCase) []string {
	w := &watcher{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				w.Errorf("panic: %v", r)
			}
		}()
		runCase(w, h, c)
	}()
	<-done
	return w.failures
}

// A watcher is a test that is allowed to fail.
type watcher struct {
	testing.TB
	mu       sync.Mutex
	failures []string
}

func (w *watcher) Helper() {}

func (w *watcher) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

func (w *watcher) FailNow() {
	w.Errorf("failed")
	runtime.Goexit()
}

// A broken is a memstore of which each method can be replaced. The fields that
// are nil do what memstore does.
type broken struct {
	*memstore.Store
	handle int // 0 for the first process, 1 for the second
	*shared

	read     func(store.Row) store.Row // every row that is read
	write    func(context.Context, store.At, store.Write) (store.Written, error)
	bump     func(context.Context, []transform.Key) error
	dirty    func(context.Context, store.DirtyRange) (store.DirtyPage, error)
	clean    func(context.Context, store.Change) error
	get      func(context.Context, store.At, transform.Key) (store.Row, error)
	getMany  func(context.Context, store.At, []transform.Key) ([]store.Row, error)
	query    func(context.Context, store.At, store.Query) ([]store.Row, error)
	count    func(context.Context, store.At, store.Count) ([]int64, error)
	totals   func(context.Context, store.At, store.Totals) ([]transform.Total, error)
	scan     func(context.Context, store.At, store.Range) (store.Page, error)
	put      func(context.Context, store.At, store.Row) (bool, error)
	together func(context.Context, store.At, []store.Row) error
	insert   func(context.Context, []store.Row) ([]error, error)
	keep     func(context.Context, []store.Token) error
	check    func(context.Context) error
	init     func(context.Context) error
	ready    func(context.Context) error
	advance  func(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error
	lastID   func(context.Context, *transform.Entity) (int64, error)
	raiseID  func(context.Context, *transform.Entity, int64) error
	grant    func(ctx context.Context, process string, epoch uint64, d time.Duration) error
	giveBack func(ctx context.Context, process string) error
	granted  func(context.Context) ([]store.GrantedLease, error)
	forgets  func(context.Context, store.GrantedLease) error
	disown   func(context.Context, store.Change) error
	backlog  func(context.Context) (store.Backlog, error)
	progress func(context.Context, store.Progress) error
	audit    func(context.Context, store.AuditEntry) error

	fanOuts     func(context.Context, store.DirtyRange) (store.FanOutPage, error)
	dependents  func(context.Context, store.DependentsRange) (store.DependentsPage, error)
	renew       func(context.Context, []transform.Key) error
	reach       func(ctx context.Context, f store.FanOut, reached string) error
	cleanFanOut func(context.Context, store.FanOut) error
	copies      func(context.Context, []transform.Key) ([]transform.Record, error)

	registrations func(context.Context) ([]store.Registration, error)
	deadLetters   func(context.Context, int) ([]store.DeadLetter, int64, error)
	audited       func(context.Context, int) ([]store.AuditEntry, error)
}

// shared is what both handles of a broken store know.
type shared struct {
	mu   sync.Mutex
	gone map[transform.Key]bool          // hidden from readers
	as   map[transform.Key]store.Version // the version readers are told
	// For the faults' own use.
	seen     map[string]bool
	records  map[transform.Key]transform.Record
	versions map[transform.Key]store.Version
	litter   []transform.Record
	meet     chan struct{}
}

// locked calls do under the lock of what is shared.
func (s *shared) locked(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func (f fault) kind() kind {
	if f.leased {
		return byLease
	}
	return aFence
}

// harness makes stores with the fault.
func (f fault) harness() Harness {
	return Harness{New: func(_ testing.TB, c *transform.Contract) Subject {
		if f.contract != nil {
			f.contract(c)
		}
		first := &broken{Store: memstore.New(c, &memstore.Options{Leased: f.leased}), shared: &shared{
			gone: map[transform.Key]bool{}, as: map[transform.Key]store.Version{}, seen: map[string]bool{},
			records: map[transform.Key]transform.Record{}, versions: map[transform.Key]store.Version{}, meet: make(chan struct{}),
		}}
		second := &broken{Store: first.Store, handle: 1, shared: first.shared}
		for _, b := range []*broken{first, second} {
			if f.in != nil {
				f.in(b)
			}
		}
		s := first.subject(f)
		s.Other = func(testing.TB) Subject { return second.subject(f) }
		return s
	}}
}

func (b *broken) subject(f fault) Subject {
	s := Subject{Authority: b, Control: b, Follower: b}
	if f.leased {
		s.Leases = b
	}
	return s
}

// or returns what a fault does instead, or what is right.
func or[F any](instead, right F, is bool) F {
	if is {
		return instead
	}
	return right
}

func (b *broken) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	return or(b.write, b.Store.Write, b.write != nil)(ctx, at, w)
}

func (b *broken) Bump(ctx context.Context, keys []transform.Key) error {
	return or(b.bump, b.Store.Bump, b.bump != nil)(ctx, keys)
}

func (b *broken) Dirty(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
	return or(b.dirty, b.Store.Dirty, b.dirty != nil)(ctx, r)
}

func (b *broken) Clean(ctx context.Context, c store.Change) error {
	return or(b.clean, b.Store.Clean, b.clean != nil)(ctx, c)
}

func (b *broken) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	row, err := or(b.get, b.Store.Get, b.get != nil)(ctx, at, key)
	return b.shown(row), err
}

func (b *broken) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	rows, err := or(b.getMany, b.Store.GetMany, b.getMany != nil)(ctx, at, keys)
	return b.all(rows), err
}

func (b *broken) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	rows, err := or(b.query, b.Store.Query, b.query != nil)(ctx, at, q)
	return slices.DeleteFunc(b.all(rows), func(r store.Row) bool { return !r.Live }), err
}

func (b *broken) Count(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
	return or(b.count, b.Store.Count, b.count != nil)(ctx, at, c)
}

func (b *broken) Totals(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
	return or(b.totals, b.Store.Totals, b.totals != nil)(ctx, at, t)
}

func (b *broken) Scan(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
	page, err := or(b.scan, b.Store.Scan, b.scan != nil)(ctx, at, r)
	page.Rows = slices.DeleteFunc(b.all(page.Rows), func(r store.Row) bool { return !r.Live && !r.Tombstone })
	return page, err
}

func (b *broken) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	return or(b.put, b.Store.Put, b.put != nil)(ctx, at, row)
}

func (b *broken) PutTogether(ctx context.Context, at store.At, rows []store.Row) error {
	return or(b.together, b.Store.PutTogether, b.together != nil)(ctx, at, rows)
}

func (b *broken) Keep(ctx context.Context, tokens []store.Token) error {
	return or(b.keep, b.Store.Keep, b.keep != nil)(ctx, tokens)
}

func (b *broken) LastID(ctx context.Context, e *transform.Entity) (int64, error) {
	return or(b.lastID, b.Store.LastID, b.lastID != nil)(ctx, e)
}

func (b *broken) RaiseID(ctx context.Context, e *transform.Entity, id int64) error {
	return or(b.raiseID, b.Store.RaiseID, b.raiseID != nil)(ctx, e, id)
}

func (b *broken) Grant(ctx context.Context, process string, epoch uint64, d time.Duration) error {
	return or(b.grant, b.Store.Grant, b.grant != nil)(ctx, process, epoch, d)
}

func (b *broken) GiveBack(ctx context.Context, process string) error {
	return or(b.giveBack, b.Store.GiveBack, b.giveBack != nil)(ctx, process)
}

func (b *broken) Granted(ctx context.Context) ([]store.GrantedLease, error) {
	return or(b.granted, b.Store.Granted, b.granted != nil)(ctx)
}

func (b *broken) Forget(ctx context.Context, l store.GrantedLease) error {
	return or(b.forgets, b.Store.Forget, b.forgets != nil)(ctx, l)
}

func (b *broken) Disown(ctx context.Context, c store.Change) error {
	return or(b.disown, b.Store.Disown, b.disown != nil)(ctx, c)
}

func (b *broken) Insert(ctx context.Context, rows []store.Row) ([]error, error) {
	return or(b.insert, b.Store.Insert, b.insert != nil)(ctx, rows)
}

func (b *broken) Check(ctx context.Context) error {
	return or(b.check, b.Store.Check, b.check != nil)(ctx)
}

func (b *broken) Init(ctx context.Context) error { return or(b.init, b.Store.Init, b.init != nil)(ctx) }

func (b *broken) Ready(ctx context.Context) error {
	return or(b.ready, b.Store.Ready, b.ready != nil)(ctx)
}

func (b *broken) Advance(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error {
	return or(b.advance, b.Store.Advance, b.advance != nil)(ctx, from, to, a)
}

func (b *broken) Backlog(ctx context.Context) (store.Backlog, error) {
	return or(b.backlog, b.Store.Backlog, b.backlog != nil)(ctx)
}

func (b *broken) SaveProgress(ctx context.Context, p store.Progress) error {
	return or(b.progress, b.Store.SaveProgress, b.progress != nil)(ctx, p)
}

func (b *broken) AppendAudit(ctx context.Context, a store.AuditEntry) error {
	return or(b.audit, b.Store.AppendAudit, b.audit != nil)(ctx, a)
}

func (b *broken) Registrations(ctx context.Context) ([]store.Registration, error) {
	return or(b.registrations, b.Store.Registrations, b.registrations != nil)(ctx)
}

func (b *broken) DeadLetters(ctx context.Context, limit int) ([]store.DeadLetter, int64, error) {
	return or(b.deadLetters, b.Store.DeadLetters, b.deadLetters != nil)(ctx, limit)
}

func (b *broken) Audit(ctx context.Context, limit int) ([]store.AuditEntry, error) {
	return or(b.audited, b.Store.Audit, b.audited != nil)(ctx, limit)
}

func (b *broken) FanOuts(ctx context.Context, r store.DirtyRange) (store.FanOutPage, error) {
	return or(b.fanOuts, b.Store.FanOuts, b.fanOuts != nil)(ctx, r)
}

func (b *broken) Dependents(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
	return or(b.dependents, b.Store.Dependents, b.dependents != nil)(ctx, r)
}

func (b *broken) Renew(ctx context.Context, keys []transform.Key) error {
	return or(b.renew, b.Store.Renew, b.renew != nil)(ctx, keys)
}

func (b *broken) Reach(ctx context.Context, f store.FanOut, reached string) error {
	return or(b.reach, b.Store.Reach, b.reach != nil)(ctx, f, reached)
}

func (b *broken) CleanFanOut(ctx context.Context, f store.FanOut) error {
	return or(b.cleanFanOut, b.Store.CleanFanOut, b.cleanFanOut != nil)(ctx, f)
}

func (b *broken) Copies(ctx context.Context, keys []transform.Key) ([]transform.Record, error) {
	return or(b.copies, b.Store.Copies, b.copies != nil)(ctx, keys)
}

func (b *broken) all(rows []store.Row) []store.Row {
	for i := range rows {
		rows[i] = b.shown(rows[i])
	}
	return rows
}

// shown returns a row as the fault shows it.
func (b *broken) shown(row store.Row) store.Row {
	b.locked(func() {
		if b.gone[row.Key] {
			row = store.Row{Key: row.Key}
		}
		if v, ok := b.as[row.Key]; ok && (row.Live || row.Tombstone || row.Version > 0) {
			row.Version = v
		}
	})
	if b.read != nil {
		row = b.read(row)
	}
	return row
}

// force stores a row in the follower, whatever is there.
func (b *broken) force(ctx context.Context, row store.Row) {
	b.locked(func() {
		v := row.Version
		now, err := b.Store.Get(ctx, relay, row.Key)
		if err != nil {
			return
		}
		row.Version = max(v, now.Version+1)
		if _, err := b.Store.Put(ctx, b.now(ctx), row); err != nil {
			return
		}
		b.as[row.Key] = v
		delete(b.gone, row.Key)
	})
}

// now returns what an operation knows that has heard of the phase.
func (b *broken) now(ctx context.Context) store.At {
	p, _ := b.Store.Phase(ctx)
	return store.At{Epoch: p.Epoch, Captured: p.Capture}
}

// forget cleans the change records of the keys at whatever version.
func (b *broken) forget(ctx context.Context, keys ...transform.Key) {
	for _, key := range keys {
		row, _ := b.Store.Get(ctx, relay, key)
		b.Store.Clean(ctx, changeOf(key, row.Version))
	}
}

// each calls do with a copy of every record that is read.
func (b *broken) each(do func(transform.Record)) {
	b.read = func(row store.Row) store.Row {
		if row.Live {
			row.Record = row.Record.Clone()
			do(row.Record)
		}
		return row
	}
}

func keysOf(w store.Write) []transform.Key {
	keys := make([]transform.Key, len(w.Mutations))
	for i, m := range w.Mutations {
		keys[i] = m.Key
	}
	return keys
}

func byID(a, b transform.Key) int {
	return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.ID, b.ID))
}
