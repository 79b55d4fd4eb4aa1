package dal_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// late is the context key of a renewal whose last part arrives late.
type late struct{}

// TestCopiesOvertaken: a renewal that has read the name before writes it after another one
// has seen to the name that is there now. That one has written all the same, though the copy
// looked right, and so the first is turned away; without that rule the copy is old for ever.
func TestCopiesOvertaken(t *testing.T) {
	for name, right := range map[string]bool{"as it is": true, "what looks right is not renewed": false} {
		t.Run(name, func(t *testing.T) {
			rule := soundCopies()
			if !right {
				skipEqual(&rule)
			}
			parts := 0
			var between func()
			p := newCopyPlayOver(t, 1, true, rule, func(ctx context.Context, effect func() error) error {
				if ctx.Value(late{}) != nil {
					if parts++; parts == 3 { // the record is read, and what it shows
						between()
					}
				}
				_ = effect()
				return nil
			})
			rename := func(name string) {
				_, err := p.lead.Write(t.Context(), p.at, store.Write{Mutations: []store.Mutation{{Op: store.Update, Key: keyOf(t, p.ware(1, 1)),
					Modify: func(now transform.Record) error { return now.Set("name", transform.TextValue(name)) }}}})
				require.NoError(t, err)
			}
			between = func() {
				rename("pen")
				p.carryOut(t, rule)
			}
			rename("ink")
			require.NoError(t, p.lead.Renew(context.WithValue(t.Context(), late{}, true), []transform.Key{keyOf(t, p.basket(1))}))
			p.look(t)
			require.Greater(t, parts, 2)
			require.Equal(t, right, p.broken == "", p.broken)
		})
	}
}

// TestCopiesWeakRules: each part of the rule is needed. The play finds out without it.
func TestCopiesWeakRules(t *testing.T) {
	for name, weak := range map[string]struct {
		alone  bool
		weaken func(*relayRule)
	}{
		"cleaned before it is renewed":                 {false, cleanFirst},
		"cleaned before it is renewed, in DynamoDB":    {true, cleanFirst},
		"what is dirty is not renewed":                 {false, skipDirty},
		"cleaned as it is by then":                     {false, cleanAny},
		"copies read before the row":                   {false, copiesFirst},
		"what has come to refer to others is as it is": {true, skipOwn},
	} {
		t.Run(name, func(t *testing.T) {
			rule := soundCopies()
			weak.weaken(&rule)
			for seed := range uint64(300) {
				if wrong := playCopies(t, seed, weak.alone, rule); wrong != "" {
					t.Logf("seed %d: %s", seed, wrong)
					return
				}
			}
			require.Fail(t, "no seed finds out")
		})
	}
}

func cleanFirst(rule *relayRule) {
	rule.carryOut = func(ctx context.Context, a store.Authority, f store.FanOut) error {
		if err := a.CleanFanOut(ctx, f); err != nil {
			return err
		}
		return dal.CarryOut(ctx, a, f)
	}
}

// skipEqual leaves copies alone that are what they would be written as: a renewal that read
// before is not turned away then.
func skipEqual(rule *relayRule) {
	rule.carryOut = func(ctx context.Context, a store.Authority, f store.FanOut) error {
		return dal.CarryOut(ctx, renewsOnly{a, func(ctx context.Context, keys []transform.Key) ([]transform.Key, error) {
			rows, err := a.GetMany(ctx, store.At{Captured: true}, keys)
			if err == nil {
				rows, err = dal.WithCopies(ctx, a, rows...)
			}
			if err != nil {
				return nil, err
			}
			copies, err := a.Copies(ctx, keys)
			if err != nil {
				return nil, err
			}
			var needed []transform.Key
			for i, row := range rows {
				if row.Live && !copies[i].IsZero() && slices.ContainsFunc(row.Record.Entity().Copies(), func(h *transform.Hydration) bool {
					return row.Record.At(h.Column) != copies[i].At(h.Column)
				}) {
					needed = append(needed, keys[i])
				}
			}
			return needed, nil
		}}, f)
	}
}

func skipDirty(rule *relayRule) {
	rule.carryOut = func(ctx context.Context, a store.Authority, f store.FanOut) error {
		return dal.CarryOut(ctx, renewsOnly{a, func(ctx context.Context, keys []transform.Key) ([]transform.Key, error) {
			rows, err := a.GetMany(ctx, store.At{Captured: true}, keys)
			var needed []transform.Key
			for _, row := range rows {
				if !row.Dirty {
					needed = append(needed, row.Key)
				}
			}
			return needed, err
		}}, f)
	}
}

// cleansAny is an authority whose marks are cleaned as they are by then.
type cleansAny struct{ store.Authority }

func (c cleansAny) CleanFanOut(ctx context.Context, f store.FanOut) error {
	time.Sleep(50 * time.Millisecond) // of the world's time: it is slow
	page, err := c.FanOuts(ctx, store.DirtyRange{Limit: 100})
	for _, now := range page.Marks {
		if err == nil && now.Sources[0] == f.Sources[0] {
			err = c.Authority.CleanFanOut(ctx, now)
		}
	}
	return err
}

func cleanAny(rule *relayRule) {
	rule.carryOut = func(ctx context.Context, a store.Authority, f store.FanOut) error {
		return dal.CarryOut(ctx, cleansAny{a}, f)
	}
}

// copiesFirst puts the version that it reads after what the row showed before.
func copiesFirst(rule *relayRule) {
	rule.refresh = func(ctx context.Context, lead store.Authority, follower store.Follower, at store.At, c store.Change) error {
		get := func() (store.Row, error) {
			rows, err := lead.GetMany(ctx, store.At{Captured: true}, []transform.Key{c.Keys[0].Key})
			if err != nil {
				return store.Row{}, err
			}
			return rows[0], nil
		}
		before, err := get()
		if err != nil {
			return err
		}
		shown, err := dal.WithCopies(ctx, lead, before)
		if err != nil {
			return err
		}
		time.Sleep(30 * time.Millisecond) // of the world's time: it is slow
		row, err := get()
		if err != nil {
			return err
		}
		if row.Live && before.Live && row.Record.Equal(before.Record) {
			row.Record = shown[0].Record
		} else if filled, err := dal.WithCopies(ctx, lead, row); err != nil {
			return err
		} else {
			row = filled[0]
		}
		if _, err := follower.Put(ctx, at, row); err != nil {
			return err
		}
		return lead.Clean(ctx, store.Change{Keys: []store.KeyVersion{{Key: row.Key, Version: row.Version}}})
	}
}

func skipOwn(rule *relayRule) {
	rule.carryOut = func(ctx context.Context, a store.Authority, f store.FanOut) error {
		f.Own = nil
		return dal.CarryOut(ctx, a, f)
	}
}

// renewsOnly is an authority that renews some of the keys that it is asked to.
type renewsOnly struct {
	store.Authority
	needed func(ctx context.Context, keys []transform.Key) ([]transform.Key, error)
}

func (r renewsOnly) Renew(ctx context.Context, keys []transform.Key) error {
	keys, err := r.needed(ctx, keys)
	if err != nil || len(keys) == 0 {
		return err
	}
	return r.Authority.Renew(ctx, keys)
}
