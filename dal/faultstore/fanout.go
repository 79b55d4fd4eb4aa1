package faultstore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func (a authority) FanOuts(ctx context.Context, r store.DirtyRange) (store.FanOutPage, error) {
	return pass(ctx, a.gate, "FanOuts", nil, func() (store.FanOutPage, error) { return a.a.FanOuts(ctx, r) })
}

func (a authority) Dependents(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
	return pass(ctx, a.gate, "Dependents", []transform.Key{r.To}, func() (store.DependentsPage, error) { return a.a.Dependents(ctx, r) })
}

func (a authority) Renew(ctx context.Context, keys []transform.Key) error {
	return a.gate.through(ctx, "Renew", keys, func() error { return a.a.Renew(ctx, keys) })
}

func (a authority) Empty(ctx context.Context, f store.FanOut) error {
	return a.gate.through(ctx, "Empty", f.Gone, func() error { return a.a.Empty(ctx, f) })
}

func (a authority) Reach(ctx context.Context, f store.FanOut, reached string) error {
	return a.gate.through(ctx, "Reach", f.Sources, func() error { return a.a.Reach(ctx, f, reached) })
}

func (a authority) CleanFanOut(ctx context.Context, f store.FanOut) error {
	return a.gate.through(ctx, "CleanFanOut", f.Sources, func() error { return a.a.CleanFanOut(ctx, f) })
}
