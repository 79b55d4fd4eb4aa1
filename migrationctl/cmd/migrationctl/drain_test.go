package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestDrainBesideWrites holds that a drain ends when what was dirty as it began
// is refreshed, though a busy service leaves keys dirty all the time.
func TestDrainBesideWrites(t *testing.T) {
	isolateAWS(t)
	enginetest.MySQLServer(t)
	w := newWorld(t, enginetest.DynamoDBEngines(t)[0])
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, args := range [][]string{{"init"}, {"tables", "apply", "--yes"}, {"capture", "on"}, {"phase", "set", "2"}} {
		code, _, stderr := w.call(ctx, args...)
		require.Zero(t, code, stderr)
	}
	const change = "REPLACE INTO crossfade_change (grp, entity, id, version, dirty, dirty_at)" +
		" VALUES ('default', 'Users', ?, ?, 1, UTC_TIMESTAMP(6))"
	w.db.MustExec(change, "101", 4<<40)
	writes, stopped := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		// Each time as new as its last write: no relay takes it from its writer.
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for version := 4 << 40; ; version++ {
			if _, err := w.db.Exec(change, "102", version); err != nil {
				ended <- err
				return
			}
			select {
			case <-writes.Done():
				ended <- nil
				return
			case <-tick.C:
			}
		}
	}()
	require.Eventually(t, func() bool {
		var n int
		return w.db.Get(&n, "SELECT COUNT(*) FROM crossfade_change WHERE dirty = 1") == nil && n == 2
	}, 10*time.Second, 10*time.Millisecond)
	code, stdout, stderr := w.call(ctx, "drain")
	stopped()
	require.NoError(t, <-ended)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "brought over")
}

// TestDrainSaysWhatItRenewed: copies of other records are no changes of the follower's.
func TestDrainSaysWhatItRenewed(t *testing.T) {
	said := func(d drainDoc) string {
		var b strings.Builder
		d.text(&b)
		return b.String()
	}
	require.Equal(t, "copies of 1 changed record renewed\nno change waits\n", said(drainDoc{FannedOut: 1}))
	require.Equal(t, "copies of 2 changed records renewed\n3 changes brought over\n", said(drainDoc{FannedOut: 2, Refreshed: 3}))
	require.Equal(t, "no change waits\n", said(drainDoc{}))
}
