package faultstore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Joining returns a service's own transaction under the script, for dal's Join. Record,
// Rows and Commit are calls. One that fails has rolled the transaction back, as the server
// does where the connection is gone, but for a Commit that fails After: that has committed.
// So a Record or Rows that fails has outcome NotApplied, whatever became of it. Rollback is
// no call.
func (f *Faults) Joining(j store.Joining) store.Joining {
	return joining{j, gate{f, Joined, ""}}
}

type joining struct {
	store.Joining
	gate gate
}

func (j joining) Record(ctx context.Context, at store.At, keys []transform.Key) ([]store.KeyVersion, error) {
	written, err := pass(ctx, j.gate, "Record", keys, func() ([]store.KeyVersion, error) { return j.Joining.Record(ctx, at, keys) })
	return written, j.ended(err)
}

func (j joining) Rows(ctx context.Context, keys []transform.Key) ([]store.Row, error) {
	rows, err := pass(ctx, j.gate, "Rows", keys, func() ([]store.Row, error) { return j.Joining.Rows(ctx, keys) })
	return rows, j.ended(err)
}

func (j joining) Commit(ctx context.Context) error {
	return j.ended(j.gate.through(ctx, "Commit", nil, func() error { return j.Joining.Commit(ctx) }))
}

// ended rolls back what has failed. It does nothing to what is committed.
func (j joining) ended(err error) error {
	if err != nil {
		_ = j.Rollback()
	}
	return err
}
