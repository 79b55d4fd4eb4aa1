package migrationctl

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// WithoutMySQL stands for a MySQL that is not there any more. A service that has
// arrived in phase 5 opens with it, and has no pool, no DSN and no mysqlstore:
//
//	ctl, err := migrationctl.Open(ctx, migrationctl.WithoutMySQL(contract), dynamo, nil)
//
// It is to this process what a MySQL that is stopped would be, and as safe. In phases
// 1 to 4 Open refuses, and says that this process has no MySQL (TestWithoutMySQL); so
// take MySQL out of the last process only when nobody means to go back. Where an
// operator goes back all the same, this process serves phase 4 as long as it can renew
// its lease, and then fails its requests with ErrUnavailable; no write is lost by it
// (TestWithoutMySQLWhenTheGroupGoesBack), but for those after Abandon, before which it
// is to be stopped; and what waits for MySQL the other processes
// bring over (TestShareOfAProcessWithoutMySQL).
func WithoutMySQL(c *transform.Contract) MySQL { return &noMySQL{c} }

// noMySQL answers every call that would ask a server with ErrUnavailable.
type noMySQL struct{ contract *transform.Contract }

// isNoMySQL reports whether a store is none.
func isNoMySQL(s store.Store) bool {
	_, is := s.(*noMySQL)
	return is
}

func (n *noMySQL) gone(op string) error {
	return &store.Error{Op: op, Store: n.Name(), Kind: store.ErrUnavailable, Outcome: store.NotApplied,
		Detail: "this process was opened without MySQL"}
}

// The reader.

func (n *noMySQL) Name() string                  { return "mysql" }
func (n *noMySQL) Contract() *transform.Contract { return n.contract }

func (n *noMySQL) Get(context.Context, store.At, transform.Key) (store.Row, error) {
	return store.Row{}, n.gone("get")
}

func (n *noMySQL) GetMany(context.Context, store.At, []transform.Key) ([]store.Row, error) {
	return nil, n.gone("get")
}

func (n *noMySQL) Query(context.Context, store.At, store.Query) ([]store.Row, error) {
	return nil, n.gone("query")
}

func (n *noMySQL) Count(context.Context, store.At, store.Count) ([]int64, error) {
	return nil, n.gone("count")
}

func (n *noMySQL) Totals(context.Context, store.At, store.Totals) ([]transform.Total, error) {
	return nil, n.gone("totals")
}

func (n *noMySQL) Scan(context.Context, store.At, store.Range) (store.Page, error) {
	return store.Page{}, n.gone("scan")
}

func (n *noMySQL) Copies(context.Context, []transform.Key) ([]transform.Record, error) {
	return nil, nil
}

func (n *noMySQL) KeepsCopies() bool { return false }

// The authority.

func (n *noMySQL) Write(context.Context, store.At, store.Write) (store.Written, error) {
	return store.Written{}, n.gone("write")
}

func (n *noMySQL) Token(context.Context, store.At, string) (*store.Token, error) {
	return nil, n.gone("token")
}

func (n *noMySQL) Bump(context.Context, []transform.Key) error { return n.gone("bump") }

// Shards is one, as every store has a part to read; reading it fails.
func (n *noMySQL) Shards() int { return 1 }

func (n *noMySQL) Dirty(context.Context, store.DirtyRange) (store.DirtyPage, error) {
	return store.DirtyPage{}, n.gone("dirty")
}

func (n *noMySQL) Clean(context.Context, store.Change) error { return n.gone("clean") }

func (n *noMySQL) FanOuts(context.Context, store.DirtyRange) (store.FanOutPage, error) {
	return store.FanOutPage{}, n.gone("fan-outs")
}

func (n *noMySQL) Dependents(context.Context, store.DependentsRange) (store.DependentsPage, error) {
	return store.DependentsPage{}, n.gone("dependents")
}

func (n *noMySQL) Renew(context.Context, []transform.Key) error      { return n.gone("renew") }
func (n *noMySQL) Empty(context.Context, store.FanOut) error         { return n.gone("empty") }
func (n *noMySQL) Reach(context.Context, store.FanOut, string) error { return n.gone("reach") }
func (n *noMySQL) CleanFanOut(context.Context, store.FanOut) error   { return n.gone("clean") }

// The follower.

func (n *noMySQL) Put(context.Context, store.At, store.Row) (bool, error) {
	return false, n.gone("put")
}

func (n *noMySQL) PutTogether(context.Context, store.At, []store.Row) error { return n.gone("put") }

func (n *noMySQL) Insert(context.Context, []store.Row) ([]error, error) {
	return nil, n.gone("insert")
}

func (n *noMySQL) Keep(context.Context, []store.Token) error { return n.gone("keep") }
func (n *noMySQL) Check(context.Context) error               { return n.gone("check") }

// The control.

func (n *noMySQL) Init(context.Context) error  { return n.gone("init") }
func (n *noMySQL) Ready(context.Context) error { return n.gone("ready") }

func (n *noMySQL) Phase(context.Context) (store.PhaseRecord, error) {
	return store.PhaseRecord{}, n.gone("phase")
}

func (n *noMySQL) Advance(context.Context, store.PhaseRecord, store.PhaseRecord, store.AuditEntry) error {
	return n.gone("advance")
}

func (n *noMySQL) Register(context.Context, store.Registration) (store.PhaseRecord, error) {
	return store.PhaseRecord{}, n.gone("register")
}

func (n *noMySQL) Deregister(context.Context, string) error { return n.gone("deregister") }

func (n *noMySQL) Registrations(context.Context) ([]store.Registration, error) {
	return nil, n.gone("registrations")
}

func (n *noMySQL) Backlog(context.Context) (store.Backlog, error) {
	return store.Backlog{}, n.gone("backlog")
}

func (n *noMySQL) LastID(context.Context, *transform.Entity) (int64, error) {
	return 0, n.gone("last id")
}

func (n *noMySQL) RaiseID(context.Context, *transform.Entity, int64) error {
	return n.gone("raise id")
}

func (n *noMySQL) SaveProgress(context.Context, store.Progress) error { return n.gone("progress") }

func (n *noMySQL) Progress(context.Context, string) ([]store.Progress, error) {
	return nil, n.gone("progress")
}

func (n *noMySQL) SaveDeadLetter(context.Context, transform.Key, store.Version, string) error {
	return n.gone("dead letter")
}

func (n *noMySQL) DropDeadLetter(context.Context, transform.Key) error {
	return n.gone("dead letter")
}

func (n *noMySQL) DeadLetters(context.Context, int) ([]store.DeadLetter, int64, error) {
	return nil, 0, n.gone("dead letters")
}

func (n *noMySQL) Audit(context.Context, int) ([]store.AuditEntry, error) {
	return nil, n.gone("audit")
}

func (n *noMySQL) AppendAudit(context.Context, store.AuditEntry) error { return n.gone("audit") }
