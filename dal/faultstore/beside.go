package faultstore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

type beside struct {
	gate gate
	b    store.Beside
}

func (b beside) LookBeside(ctx context.Context, rows []store.Row) (faults []store.Fault, changed []transform.Key, err error) {
	err = b.gate.through(ctx, "LookBeside", keysOf(rows), func() (err error) {
		faults, changed, err = b.b.LookBeside(ctx, rows)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return faults, changed, nil
}

func (b beside) LeftBeside(ctx context.Context, after string, limit int) (store.FaultPage, error) {
	return pass(ctx, b.gate, "LeftBeside", nil, func() (store.FaultPage, error) { return b.b.LeftBeside(ctx, after, limit) })
}

func (b beside) Stamps(ctx context.Context, keys []transform.Key) ([]string, error) {
	return pass(ctx, b.gate, "Stamps", keys, func() ([]string, error) { return b.b.Stamps(ctx, keys) })
}

func (b beside) MendBeside(ctx context.Context, f store.Fault) (bool, error) {
	return pass(ctx, b.gate, "MendBeside", []transform.Key{f.Key}, func() (bool, error) { return b.b.MendBeside(ctx, f) })
}
