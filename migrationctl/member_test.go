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
