package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Leased is a store that may need leases.
type Leased interface {
	store.Store
	store.Leases
	store.Beside
}

// Store returns s as the process sees it: over the network. s must have Wire as
// its memstore.Options.Wire.
func (p *Process) Store(s Leased) Leased { return &remote{Leased: s, process: p, name: s.Name()} }

// callKey is under which the context of an operation that goes over the wire by
// itself carries its call.
type callKey struct{}

// A wired is such an operation.
type wired struct {
	Call
	ctx context.Context // the caller's
}

// Wire is the memstore.Options.Wire of a store that processes see by Store. Who
// uses the store itself is not in the network.
func Wire(ctx context.Context, effect func() error) error {
	c, ok := ctx.Value(callKey{}).(*wired)
	if !ok {
		_ = effect()
		return nil
	}
	return c.Process.trip(c.ctx, c.Call, func() (string, error) { return "ok", effect() })
}

// A remote is a store as a process sees it.
type remote struct {
	Leased  // Name, Contract, Shards, which ask nobody
	process *Process
	name    string
}

func (r *remote) call(ctx context.Context, writes bool, method, format string, args ...any) Call {
	c := Call{Process: r.process, Store: r.name, Method: method, What: method, Writes: writes}
	if format != "" {
		c.What += " " + fmt.Sprintf(format, args...)
	}
	c.Who, c.stack = whoIs(ctx)
	return c
}

// over does an operation that goes over the wire by itself, in parts.
func over[T any](ctx context.Context, c Call, do func(context.Context) (T, error), say func(T) string) (T, error) {
	result, err := do(context.WithValue(context.WithoutCancel(ctx), callKey{}, &wired{c, ctx}))
	text := short(err)
	if err == nil {
		text = say(result)
	}
	c.Process.world.note(fmt.Sprintf("%s %s: %s %s = %s", c.Process.name, c.Who, c.Store, c.What, text))
	return result, err
}

// send does any other operation, all of it at the store.
func send[T any](ctx context.Context, c Call, do func(context.Context) (T, error), say func(T) string) (T, error) {
	var result T
	failed := errNotSent
	err := c.Process.trip(ctx, c, func() (string, error) {
		result, failed = do(context.WithoutCancel(ctx))
		if failed != nil {
			return "", failed
		}
		return say(result), nil
	})
	if err == nil {
		return result, failed
	}
	var zero T
	e := &store.Error{Op: c.Method, Store: c.Store, Kind: store.ErrUnavailable, Cause: err}
	if c.Writes {
		e.Outcome = store.Unknown
		if err == ErrAway {
			e.Outcome = store.NotApplied
		}
	}
	return zero, e
}

var errNotSent = fmt.Errorf("fleet: a reply to what never arrived")

// tell is send of what returns an error only.
func tell(ctx context.Context, c Call, do func(context.Context) error) error {
	_, err := send(ctx, c, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) },
		func(struct{}) string { return "ok" })
	return err
}

func (r *remote) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	return over(ctx, r.call(ctx, false, "Get", "%s %s", keyText(key), atText(at)),
		func(ctx context.Context) (store.Row, error) { return r.Leased.Get(ctx, at, key) }, rowText)
}

func (r *remote) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	return over(ctx, r.call(ctx, false, "GetMany", "%s %s", keysText(keys), atText(at)),
		func(ctx context.Context) ([]store.Row, error) { return r.Leased.GetMany(ctx, at, keys) }, rowsText)
}

func (r *remote) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	return over(ctx, r.call(ctx, false, "Query", "%s %s", q.Index, atText(at)),
		func(ctx context.Context) ([]store.Row, error) { return r.Leased.Query(ctx, at, q) }, rowsText)
}

func (r *remote) Count(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
	return over(ctx, r.call(ctx, false, "Count", "%s %s", keysText(c.Keys), atText(at)),
		func(ctx context.Context) ([]int64, error) { return r.Leased.Count(ctx, at, c) },
		func(n []int64) string { return fmt.Sprint(n) })
}

func (r *remote) Totals(ctx context.Context, at store.At, t store.Totals) ([]transform.Total, error) {
	return over(ctx, r.call(ctx, false, "Totals", "%s %s", keysText(t.Keys), atText(at)),
		func(ctx context.Context) ([]transform.Total, error) { return r.Leased.Totals(ctx, at, t) },
		func(all []transform.Total) string { return fmt.Sprintf("of %d keys", len(all)) })
}

func (r *remote) Scan(ctx context.Context, at store.At, q store.Range) (store.Page, error) {
	return over(ctx, r.call(ctx, false, "Scan", "%s after %q", q.Entity.Name, q.After),
		func(ctx context.Context) (store.Page, error) { return r.Leased.Scan(ctx, at, q) },
		func(p store.Page) string { return rowsText(p.Rows) })
}

func (r *remote) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	return over(ctx, r.call(ctx, true, "Write", "%s %s", writeText(w), atText(at)),
		func(ctx context.Context) (store.Written, error) { return r.Leased.Write(ctx, at, w) },
		func(done store.Written) string {
			if done.Repeated {
				return "repeated " + rowsText(done.Rows)
			}
			return rowsText(done.Rows)
		})
}

func (r *remote) Token(ctx context.Context, at store.At, token string) (*store.Token, error) {
	return over(ctx, r.call(ctx, false, "Token", "%s", atText(at)),
		func(ctx context.Context) (*store.Token, error) { return r.Leased.Token(ctx, at, token) },
		func(t *store.Token) string { return fmt.Sprint(t != nil) })
}

func (r *remote) Backlog(ctx context.Context) (store.Backlog, error) {
	return over(ctx, r.call(ctx, false, "Backlog", ""),
		func(ctx context.Context) (store.Backlog, error) { return r.Leased.Backlog(ctx) },
		func(b store.Backlog) string { return fmt.Sprint(b.Dirty) })
}

func (r *remote) Bump(ctx context.Context, keys []transform.Key) error {
	return tell(ctx, r.call(ctx, true, "Bump", "%s", keysText(keys)),
		func(ctx context.Context) error { return r.Leased.Bump(ctx, keys) })
}

func (r *remote) Dirty(ctx context.Context, d store.DirtyRange) (store.DirtyPage, error) {
	return send(ctx, r.call(ctx, false, "Dirty", "shard %d", d.Shard),
		func(ctx context.Context) (store.DirtyPage, error) { return r.Leased.Dirty(ctx, d) },
		func(p store.DirtyPage) string {
			text := ""
			for _, c := range p.Changes {
				text += changeText(c) + " "
			}
			return "[" + text + "]"
		})
}

func (r *remote) Clean(ctx context.Context, c store.Change) error {
	return tell(ctx, r.call(ctx, true, "Clean", "%s", changeText(c)),
		func(ctx context.Context) error { return r.Leased.Clean(ctx, c) })
}

func (r *remote) FanOuts(ctx context.Context, d store.DirtyRange) (store.FanOutPage, error) {
	return send(ctx, r.call(ctx, false, "FanOuts", "shard %d", d.Shard),
		func(ctx context.Context) (store.FanOutPage, error) { return r.Leased.FanOuts(ctx, d) },
		func(p store.FanOutPage) string { return fmt.Sprint(len(p.Marks)) })
}

func (r *remote) Dependents(ctx context.Context, d store.DependentsRange) (store.DependentsPage, error) {
	return send(ctx, r.call(ctx, false, "Dependents", "of %s after %q", keyText(d.To), d.After),
		func(ctx context.Context) (store.DependentsPage, error) { return r.Leased.Dependents(ctx, d) },
		func(p store.DependentsPage) string { return keysText(p.Keys) })
}

func (r *remote) Renew(ctx context.Context, keys []transform.Key) error {
	_, err := over(ctx, r.call(ctx, true, "Renew", "%s", keysText(keys)),
		func(ctx context.Context) (struct{}, error) { return struct{}{}, r.Leased.Renew(ctx, keys) },
		func(struct{}) string { return "ok" })
	return err
}

func (r *remote) Empty(ctx context.Context, f store.FanOut) error {
	return tell(ctx, r.call(ctx, true, "Empty", "%s", keysText(f.Gone)),
		func(ctx context.Context) error { return r.Leased.Empty(ctx, f) })
}

func (r *remote) Reach(ctx context.Context, f store.FanOut, reached string) error {
	return tell(ctx, r.call(ctx, true, "Reach", "%s %q", keysText(f.Sources), reached),
		func(ctx context.Context) error { return r.Leased.Reach(ctx, f, reached) })
}

func (r *remote) CleanFanOut(ctx context.Context, f store.FanOut) error {
	return tell(ctx, r.call(ctx, true, "CleanFanOut", "%s", keysText(f.Sources)),
		func(ctx context.Context) error { return r.Leased.CleanFanOut(ctx, f) })
}

func (r *remote) Copies(ctx context.Context, keys []transform.Key) ([]transform.Record, error) {
	return send(ctx, r.call(ctx, false, "Copies", "%s", keysText(keys)),
		func(ctx context.Context) ([]transform.Record, error) { return r.Leased.Copies(ctx, keys) },
		func(all []transform.Record) string { return fmt.Sprint(len(all)) })
}

func (r *remote) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	return send(ctx, r.call(ctx, true, "Put", "%s %s", rowText(row), atText(at)),
		func(ctx context.Context) (bool, error) { return r.Leased.Put(ctx, at, row) },
		func(ok bool) string {
			if ok {
				return "put"
			}
			return "not newer"
		})
}

func (r *remote) PutTogether(ctx context.Context, at store.At, rows []store.Row) error {
	return tell(ctx, r.call(ctx, true, "PutTogether", "%s %s", rowsText(rows), atText(at)),
		func(ctx context.Context) error { return r.Leased.PutTogether(ctx, at, rows) })
}

func (r *remote) Insert(ctx context.Context, rows []store.Row) ([]error, error) {
	return send(ctx, r.call(ctx, true, "Insert", "%s", rowsText(rows)),
		func(ctx context.Context) ([]error, error) { return r.Leased.Insert(ctx, rows) },
		func(errs []error) string {
			text := ""
			for _, err := range errs {
				text += short(err) + " "
			}
			return "[" + text + "]"
		})
}

func (r *remote) Keep(ctx context.Context, tokens []store.Token) error {
	text := ""
	for _, t := range tokens {
		text += " " + t.Token
	}
	return tell(ctx, r.call(ctx, true, "Keep", "%s", text), func(ctx context.Context) error { return r.Leased.Keep(ctx, tokens) })
}

func (r *remote) Check(ctx context.Context) error {
	return tell(ctx, r.call(ctx, false, "Check", ""), r.Leased.Check)
}

func (r *remote) Init(ctx context.Context) error {
	return tell(ctx, r.call(ctx, true, "Init", ""), r.Leased.Init)
}

func (r *remote) Ready(ctx context.Context) error {
	return tell(ctx, r.call(ctx, false, "Ready", ""), r.Leased.Ready)
}

func (r *remote) Phase(ctx context.Context) (store.PhaseRecord, error) {
	return send(ctx, r.call(ctx, false, "Phase", ""), r.Leased.Phase, recordText)
}

func (r *remote) Advance(ctx context.Context, from, to store.PhaseRecord, entry store.AuditEntry) error {
	return tell(ctx, r.call(ctx, true, "Advance", "#%d to %s (%s)", from.Revision, recordText(to), entry.Action),
		func(ctx context.Context) error { return r.Leased.Advance(ctx, from, to, entry) })
}

func (r *remote) Register(ctx context.Context, reg store.Registration) (store.PhaseRecord, error) {
	return send(ctx, r.call(ctx, true, "Register", "%s in %d", reg.Process, reg.Epoch),
		func(ctx context.Context) (store.PhaseRecord, error) { return r.Leased.Register(ctx, reg) }, recordText)
}

func (r *remote) Deregister(ctx context.Context, process string) error {
	return tell(ctx, r.call(ctx, true, "Deregister", "%s", process),
		func(ctx context.Context) error { return r.Leased.Deregister(ctx, process) })
}

func (r *remote) Registrations(ctx context.Context) ([]store.Registration, error) {
	return send(ctx, r.call(ctx, false, "Registrations", ""), r.Leased.Registrations,
		func(all []store.Registration) string {
			text := ""
			for _, reg := range all {
				text += fmt.Sprintf("%s in %d ", reg.Process, reg.Epoch)
			}
			return "[" + text + "]"
		})
}

func (r *remote) LastID(ctx context.Context, e *transform.Entity) (int64, error) {
	return send(ctx, r.call(ctx, false, "LastID", "%s", e.Name),
		func(ctx context.Context) (int64, error) { return r.Leased.LastID(ctx, e) },
		func(id int64) string { return fmt.Sprint(id) })
}

func (r *remote) RaiseID(ctx context.Context, e *transform.Entity, id int64) error {
	return tell(ctx, r.call(ctx, true, "RaiseID", "%s %d", e.Name, id),
		func(ctx context.Context) error { return r.Leased.RaiseID(ctx, e, id) })
}

func (r *remote) SaveProgress(ctx context.Context, p store.Progress) error {
	return tell(ctx, r.call(ctx, true, "SaveProgress", "%s %s %q done=%v", p.Name, p.Entity, p.Position, p.Done),
		func(ctx context.Context) error { return r.Leased.SaveProgress(ctx, p) })
}

func (r *remote) Progress(ctx context.Context, name string) ([]store.Progress, error) {
	return send(ctx, r.call(ctx, false, "Progress", "%s", name),
		func(ctx context.Context) ([]store.Progress, error) { return r.Leased.Progress(ctx, name) },
		func(all []store.Progress) string { return fmt.Sprint(len(all)) })
}

func (r *remote) SaveDeadLetter(ctx context.Context, key transform.Key, v store.Version, reason string) error {
	return tell(ctx, r.call(ctx, true, "SaveDeadLetter", "%s", keyText(key)),
		func(ctx context.Context) error { return r.Leased.SaveDeadLetter(ctx, key, v, reason) })
}

func (r *remote) DropDeadLetter(ctx context.Context, key transform.Key) error {
	return tell(ctx, r.call(ctx, true, "DropDeadLetter", "%s", keyText(key)),
		func(ctx context.Context) error { return r.Leased.DropDeadLetter(ctx, key) })
}

func (r *remote) DeadLetters(ctx context.Context, limit int) ([]store.DeadLetter, int64, error) {
	type letters struct {
		some  []store.DeadLetter
		total int64
	}
	all, err := send(ctx, r.call(ctx, false, "DeadLetters", ""), func(ctx context.Context) (letters, error) {
		some, total, err := r.Leased.DeadLetters(ctx, limit)
		return letters{some, total}, err
	}, func(l letters) string { return fmt.Sprint(l.total) })
	return all.some, all.total, err
}

func (r *remote) Audit(ctx context.Context, limit int) ([]store.AuditEntry, error) {
	return send(ctx, r.call(ctx, false, "Audit", ""),
		func(ctx context.Context) ([]store.AuditEntry, error) { return r.Leased.Audit(ctx, limit) },
		func(all []store.AuditEntry) string { return fmt.Sprint(len(all)) })
}

func (r *remote) AppendAudit(ctx context.Context, entry store.AuditEntry) error {
	return tell(ctx, r.call(ctx, true, "AppendAudit", "%s: %s", entry.Action, entry.Detail),
		func(ctx context.Context) error { return r.Leased.AppendAudit(ctx, entry) })
}

func (r *remote) Grant(ctx context.Context, process string, epoch uint64, d time.Duration) error {
	return tell(ctx, r.call(ctx, true, "Grant", "%s in %d", process, epoch),
		func(ctx context.Context) error { return r.Leased.Grant(ctx, process, epoch, d) })
}

func (r *remote) GiveBack(ctx context.Context, process string) error {
	return tell(ctx, r.call(ctx, true, "GiveBack", "%s", process),
		func(ctx context.Context) error { return r.Leased.GiveBack(ctx, process) })
}

func (r *remote) Granted(ctx context.Context) ([]store.GrantedLease, error) {
	return send(ctx, r.call(ctx, false, "Granted", ""), r.Leased.Granted, func(all []store.GrantedLease) string {
		text := ""
		for _, l := range all {
			text += fmt.Sprintf("%s in %d ", l.Process, l.Epoch)
		}
		return "[" + text + "]"
	})
}

func (r *remote) Forget(ctx context.Context, l store.GrantedLease) error {
	return tell(ctx, r.call(ctx, true, "Forget", "%s in %d", l.Process, l.Epoch),
		func(ctx context.Context) error { return r.Leased.Forget(ctx, l) })
}

func (r *remote) Disown(ctx context.Context, c store.Change) error {
	return tell(ctx, r.call(ctx, true, "Disown", "%s", changeText(c)),
		func(ctx context.Context) error { return r.Leased.Disown(ctx, c) })
}
