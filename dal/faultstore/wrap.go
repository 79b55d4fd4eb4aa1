package faultstore

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Authority returns a wrapped under the script.
func (f *Faults) Authority(a store.Authority) store.Authority {
	return &authority{reader: reader{Reader: a, gate: gate{f, Authority, a.Name()}}, a: a}
}

// Follower returns fo under the script.
func (f *Faults) Follower(fo store.Follower) store.Follower {
	return &follower{reader: reader{Reader: fo, gate: gate{f, Follower, fo.Name()}}, f: fo}
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

// Control returns c under the script.
func (f *Faults) Control(c store.Control) store.Control {
	return &controller{gate: gate{f, Control, ""}, c: c}
}

// writes reports whether a method changes anything, so that its error has an
// outcome.
func writes(method string) bool {
	return slices.Contains([]string{"Write", "Bump", "Clean", "Put", "Insert", "Init", "Advance", "Register",
		"Deregister", "SaveProgress", "SaveDeadLetter", "DropDeadLetter", "AppendAudit"}, method)
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
	store.Reader
	gate gate
}

func (r *reader) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	return pass(ctx, r.gate, "Get", []transform.Key{key}, func() (store.Row, error) { return r.Reader.Get(ctx, at, key) })
}

func (r *reader) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	return pass(ctx, r.gate, "GetMany", keys, func() ([]store.Row, error) { return r.Reader.GetMany(ctx, at, keys) })
}

func (r *reader) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	return pass(ctx, r.gate, "Query", nil, func() ([]store.Row, error) { return r.Reader.Query(ctx, at, q) })
}

func (r *reader) Scan(ctx context.Context, at store.At, rg store.Range) (store.Page, error) {
	return pass(ctx, r.gate, "Scan", nil, func() (store.Page, error) { return r.Reader.Scan(ctx, at, rg) })
}

type authority struct {
	reader
	a store.Authority
}

func (a *authority) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	keys := make([]transform.Key, len(w.Mutations))
	for i, m := range w.Mutations {
		keys[i] = m.Key
	}
	return pass(ctx, a.gate, "Write", keys, func() (store.Written, error) { return a.a.Write(ctx, at, w) })
}

func (a *authority) Bump(ctx context.Context, keys []transform.Key) error {
	return a.gate.through(ctx, "Bump", keys, func() error { return a.a.Bump(ctx, keys) })
}

func (a *authority) Dirty(ctx context.Context, after transform.Key, limit int) ([]store.Change, error) {
	return pass(ctx, a.gate, "Dirty", nil, func() ([]store.Change, error) { return a.a.Dirty(ctx, after, limit) })
}

func (a *authority) Clean(ctx context.Context, key transform.Key, v store.Version) error {
	return a.gate.through(ctx, "Clean", []transform.Key{key}, func() error { return a.a.Clean(ctx, key, v) })
}

type follower struct {
	reader
	f store.Follower
}

func (f *follower) Put(ctx context.Context, row store.Row) (bool, error) {
	return pass(ctx, f.gate, "Put", []transform.Key{row.Key}, func() (bool, error) { return f.f.Put(ctx, row) })
}

func (f *follower) Insert(ctx context.Context, rows []store.Row) ([]error, error) {
	keys := make([]transform.Key, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
	}
	return pass(ctx, f.gate, "Insert", keys, func() ([]error, error) { return f.f.Insert(ctx, rows) })
}

func (f *follower) Check(ctx context.Context) error {
	return f.gate.through(ctx, "Check", nil, func() error { return f.f.Check(ctx) })
}
