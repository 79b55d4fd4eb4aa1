package faultstore

import (
	"context"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

type leases struct {
	gate gate
	l    store.Leases
}

func (l leases) Grant(ctx context.Context, process string, epoch uint64, d time.Duration) error {
	return l.gate.through(ctx, "Grant", nil, func() error { return l.l.Grant(ctx, process, epoch, d) })
}

func (l leases) GiveBack(ctx context.Context, process string) error {
	return l.gate.through(ctx, "GiveBack", nil, func() error { return l.l.GiveBack(ctx, process) })
}

func (l leases) Granted(ctx context.Context) ([]store.GrantedLease, error) {
	return pass(ctx, l.gate, "Granted", nil, func() ([]store.GrantedLease, error) { return l.l.Granted(ctx) })
}

func (l leases) Forget(ctx context.Context, granted store.GrantedLease) error {
	return l.gate.through(ctx, "Forget", nil, func() error { return l.l.Forget(ctx, granted) })
}

func (l leases) Disown(ctx context.Context, c store.Change) error {
	return l.gate.through(ctx, "Disown", changed(c), func() error { return l.l.Disown(ctx, c) })
}
