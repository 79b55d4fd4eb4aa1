package migrationctl_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// TestServiceTellsOfPhases: a service's log has a line for each phase that its
// process obeys, once.
func TestServiceTellsOfPhases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		var log bytes.Buffer
		p := w.open(t, &migrationctl.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		w.to(t, store.Validate)
		time.Sleep(2 * migrationctl.RenewEvery)
		require.NoError(t, p.Close(context.Background()))
		var phases []string
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, "msg=obeys") {
				phases = append(phases, line[strings.Index(line, "phase="):strings.Index(line, " epoch=")])
			}
		}
		require.Equal(t, []string{"phase=mysql-only capture=false", "phase=mysql-only capture=true",
			"phase=dual-write capture=true", "phase=validate capture=true"}, phases)
	})
}

// slowly marks the context of a write whose reply takes longer than a lease.
type slowly struct{}

// TestLateReplyCounts: a process that was too busy to renew its lease while a write was
// on its way has the lease again soon. The write is acknowledged: DynamoDB has led all
// the time, and has it.
func TestLateReplyCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWorld(t, faultstore.New())
		asked := 0 // of the write: it looks first
		w.dynamo = picky{memstore.New(w.contract, &memstore.Options{Name: "dynamodb", Leased: true,
			Wire: func(ctx context.Context, effect func() error) error {
				err := effect()
				if ctx.Value(slowly{}) != nil {
					if asked++; asked == 2 {
						time.Sleep(2 * migrationctl.LeaseLength)
					}
				}
				return err
			}})}
		p := w.lead(t, store.DynamoDBPrimary)
		back := w.faults.On(func(c faultstore.Call) bool { return c.Method == "Grant" }, faultstore.Before)
		u := user(1)
		written := make(chan error, 1)
		go func() { written <- p.users.Create(context.WithValue(context.Background(), slowly{}, true), &u) }()
		time.Sleep(2*migrationctl.LeaseLength + time.Millisecond)
		synctest.Wait()
		require.Empty(t, written, "it waits for the lease")
		back()
		require.NoError(t, <-written)
		require.Len(t, w.faults.Matching(faultstore.Method("Write")), 1, "and is not sent again")
		require.NoError(t, p.Close(context.Background()))
	})
}
