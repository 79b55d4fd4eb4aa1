package faultstore

import (
	"context"
	"errors"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Authority returns a wrapped under the script.
func (f *Faults) Authority(a store.Authority) store.Authority {
	g := gate{f, Authority, a.Name()}
	return struct {
		reader
		authority
	}{reader{a, g}, authority{a, g}}
}

// Follower returns fo under the script.
func (f *Faults) Follower(fo store.Follower) store.Follower {
	g := gate{f, Follower, fo.Name()}
	return struct {
		reader
		follower
	}{reader{fo, g}, follower{fo, g}}
}

// Control returns c under the script.
func (f *Faults) Control(c store.Control) store.Control {
	return &controller{gate: gate{f, Control, ""}, c: c}
}

// Leases returns l under the script.
func (f *Faults) Leases(l store.Leases) store.Leases { return &leases{gate: gate{f, Leases, ""}, l: l} }

// Store returns s under the script, all of its parts in one. What is wrapped
// has the methods of store.Leases if s has them, and of store.Beside if it has those too. Its reads are of the role
// Shared; what it does as a Control or for Leases bears the store's name.
func (f *Faults) Store(s store.Store) store.Store {
	in := func(role Role) gate { return gate{f, role, s.Name()} }
	wrapped := whole{
		reader{s, in(Shared)}, authority{s, in(Authority)}, follower{s, in(Follower)}, controller{gate: in(Control), c: s},
	}
	l, leased := s.(store.Leases)
	b, keeps := s.(store.Beside)
	switch {
	case leased && keeps:
		return struct {
			whole
			leases
			beside
		}{wrapped, leases{gate: in(Leases), l: l}, beside{gate: in(Beside), b: b}}
	case leased:
		return struct {
			whole
			leases
		}{wrapped, leases{gate: in(Leases), l: l}}
	}
	return wrapped
}

// A whole is a store of which every part is wrapped.
type whole struct {
	reader
	authority
	follower
	controller
}

// AuthorityControl is an authority that keeps the phase record too.
type AuthorityControl interface {
	store.Authority
	store.Control
}

// AuthorityControl returns s under the script, for what asks for both in one.
func (f *Faults) AuthorityControl(s AuthorityControl) AuthorityControl {
	return struct {
		store.Authority
		store.Control
	}{f.Authority(s), f.Control(s)}
}

// writes reports whether a method changes anything, so that its error has an
// outcome.
func writes(method string) bool {
	return slices.Contains([]string{"Write", "Bump", "Clean", "Renew", "Empty", "Reach", "CleanFanOut", "Put", "PutTogether", "Insert", "Keep", "Init",
		"Advance", "Register", "Deregister", "RaiseID", "SaveProgress", "SaveDeadLetter", "DropDeadLetter", "AppendAudit",
		"Grant", "GiveBack", "Forget", "Disown", "MendBeside", "Commit"}, method)
}

// A gate is where the calls of one wrapper meet the script.
type gate struct {
	faults *Faults
	role   Role
	store  string
}

// through calls do as the script says.
func (g gate) through(ctx context.Context, method string, keys []transform.Key, do func() error) error {
	run := g.faults.begin(Call{Role: g.role, Store: g.store, Method: method, Keys: keys})
	if run.rule != nil && run.rule.stall != nil {
		if err := run.rule.stall.wait(ctx, run.dead); err != nil {
			return run.fail(store.NotApplied, err)
		}
	}
	if run.crashed() {
		return run.fail(store.Unknown, ErrCrashed)
	}
	switch run.call.Effect {
	case Before:
		if run.rule.err != nil {
			return run.rule.err
		}
		return run.fail(store.NotApplied, ErrInjected)
	case Lost:
		return run.fail(store.Unknown, ErrInjected)
	}
	err := do()
	switch {
	case run.crashed():
		// It died while the call was under way: nobody is there for the reply.
		return run.fail(store.Unknown, ErrCrashed)
	case err == nil && run.call.Effect == After:
		return run.fail(store.Unknown, ErrInjected)
	}
	return err
}

// pass is through for a method with a result, which is zero when it failed.
func pass[T any](ctx context.Context, g gate, method string, keys []transform.Key, do func() (T, error)) (T, error) {
	var result T
	err := g.through(ctx, method, keys, func() (err error) {
		result, err = do()
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return result, nil
}

// A reader is the part that both kinds of store have.
type reader struct {
	r    store.Reader
	gate gate
}

func (r reader) Name() string { return r.r.Name() }

func (r reader) Contract() *transform.Contract { return r.r.Contract() }

func (r reader) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	return pass(ctx, r.gate, "Get", []transform.Key{key}, func() (store.Row, error) { return r.r.Get(ctx, at, key) })
}

func (r reader) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	return pass(ctx, r.gate, "GetMany", keys, func() ([]store.Row, error) { return r.r.GetMany(ctx, at, keys) })
}

func (r reader) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	return pass(ctx, r.gate, "Query", nil, func() ([]store.Row, error) { return r.r.Query(ctx, at, q) })
}

func (r reader) Count(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
	return pass(ctx, r.gate, "Count", c.Keys, func() ([]int64, error) { return r.r.Count(ctx, at, c) })
}

func (r reader) Totals(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
	return pass(ctx, r.gate, "Totals", t.Keys, func() ([]transform.Total, error) { return r.r.Totals(ctx, at, t) })
}

func (r reader) Scan(ctx context.Context, at store.At, rg store.Range) (store.Page, error) {
	return pass(ctx, r.gate, "Scan", nil, func() (store.Page, error) { return r.r.Scan(ctx, at, rg) })
}

func (r reader) Copies(ctx context.Context, keys []transform.Key) ([]transform.Record, error) {
	return pass(ctx, r.gate, "Copies", keys, func() ([]transform.Record, error) { return r.r.Copies(ctx, keys) })
}

// KeepsCopies is no call.
func (r reader) KeepsCopies() bool { return r.r.KeepsCopies() }

// An authority is what an authority has besides a reader.
type authority struct {
	a    store.Authority
	gate gate
}

func (a authority) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	keys := make([]transform.Key, len(w.Mutations))
	for i, m := range w.Mutations {
		keys[i] = m.Key
	}
	var pending error // an error of the store beside its answer
	done, err := pass(ctx, a.gate, "Write", keys, func() (store.Written, error) {
		done, err := a.a.Write(ctx, at, w)
		if pending = nil; errors.Is(err, store.ErrPending) {
			pending, err = err, nil
		}
		return done, err
	})
	if err != nil {
		return done, err
	}
	return done, pending
}

func (a authority) Token(ctx context.Context, at store.At, token string) (*store.Token, error) {
	return pass(ctx, a.gate, "Token", nil, func() (*store.Token, error) { return a.a.Token(ctx, at, token) })
}

func (a authority) Bump(ctx context.Context, keys []transform.Key) error {
	return a.gate.through(ctx, "Bump", keys, func() error { return a.a.Bump(ctx, keys) })
}

// Shards is no call, as Name is none.
func (a authority) Shards() int { return a.a.Shards() }

func (a authority) Dirty(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
	return pass(ctx, a.gate, "Dirty", nil, func() (store.DirtyPage, error) { return a.a.Dirty(ctx, r) })
}

func (a authority) Clean(ctx context.Context, c store.Change) error {
	return a.gate.through(ctx, "Clean", changed(c), func() error { return a.a.Clean(ctx, c) })
}

func changed(c store.Change) []transform.Key {
	keys := make([]transform.Key, len(c.Keys))
	for i, k := range c.Keys {
		keys[i] = k.Key
	}
	return keys
}

// A follower is what a follower has besides a reader.
type follower struct {
	f    store.Follower
	gate gate
}

func (f follower) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	return pass(ctx, f.gate, "Put", []transform.Key{row.Key}, func() (bool, error) { return f.f.Put(ctx, at, row) })
}

func (f follower) PutTogether(ctx context.Context, at store.At, rows []store.Row) error {
	return f.gate.through(ctx, "PutTogether", keysOf(rows), func() error { return f.f.PutTogether(ctx, at, rows) })
}

func (f follower) Insert(ctx context.Context, rows []store.Row) ([]error, error) {
	return pass(ctx, f.gate, "Insert", keysOf(rows), func() ([]error, error) { return f.f.Insert(ctx, rows) })
}

func keysOf(rows []store.Row) []transform.Key {
	keys := make([]transform.Key, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
	}
	return keys
}

func (f follower) Keep(ctx context.Context, tokens []store.Token) error {
	return f.gate.through(ctx, "Keep", nil, func() error { return f.f.Keep(ctx, tokens) })
}

func (f follower) Check(ctx context.Context) error {
	return f.gate.through(ctx, "Check", nil, func() error { return f.f.Check(ctx) })
}
