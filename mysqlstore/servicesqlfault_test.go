package mysqlstore_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestServiceSQLWithFaultAtEveryStatement is TestWriteWithFaultAtEveryStatement where the
// rows are read and written by SQL of the service's own: what that writes beside them is
// there with them or not at all.
func TestServiceSQLWithFaultAtEveryStatement(t *testing.T) {
	eachCapture(t, func(t *testing.T, bare bool) {
		f := newServiced(t, setting{bare: bare}, nil)
		id := int64(0)
		for _, form := range forms {
			if !slices.Contains([]string{"put of what is there", "delete and create", "update and create"}, form.name) {
				continue
			}
			t.Run(form.name, func(t *testing.T) {
				f.sweep(t, func(t *testing.T, ctx context.Context, _ int) {
					id += 2
					there, fresh := f.user(id), f.user(id+1)
					before, lines := map[transform.Key]store.Version{f.key(there): f.prepare(there)}, len(f.lines())
					w := store.Write{Mutations: form.make(f, there, fresh)}
					_, err := f.store.Write(ctx, f.at, w)
					f.judge(w, before, err)
					want := 0
					if name := f.username(there); name != "user-"+f.key(there).ID {
						want = len(w.Mutations)
					}
					require.Len(t, f.lines(), lines+want)
				})
			})
		}
	})
}

// username is what a user's row has, "" where there is none.
func (f *fixture) username(rec transform.Record) string {
	f.t.Helper()
	if !f.row(rec).Live {
		return ""
	}
	return f.text(rec, "username")
}

// TestServiceSQLPutWithFaultAtEveryStatement: what a refresh writes by SQL of the service's
// own is there with its version or not at all.
func TestServiceSQLPutWithFaultAtEveryStatement(t *testing.T) {
	f := newServicedFollower(t, nil)
	f.sweep(t, func(t *testing.T, ctx context.Context, run int) {
		changed := f.user(int64(run))
		seed(t, f.db, changed)
		lines := len(f.lines())
		f.set(changed, "username", transform.TextValue("changed"))
		_, err := f.store.Put(ctx, f.at, f.live(changed, 9))
		f.hooks.reset(nil, nil)
		require.Eventually(t, f.fenceIsFree, 20*time.Second, 5*time.Millisecond)
		landed := f.username(changed) == "changed"
		require.Equal(t, landed, f.row(changed).Version == 9, "row and version")
		require.Equal(t, landed, len(f.lines()) > lines, "row and what is written beside it")
		switch {
		case err == nil:
			require.True(t, landed)
		case store.OutcomeOf(err) == store.NotApplied:
			require.False(t, landed, "%v", err)
		}
	})
}
