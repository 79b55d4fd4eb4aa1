package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/migrationctl"
)

// TestStatusOfTheFleet: the processes that count are listed, and of those that
// have ended no more than how many they are; a day of restarts must not bury the
// rest. A program reads them all.
func TestStatusOfTheFleet(t *testing.T) {
	s := migrationctl.Status{Leader: "mysql", Processes: []migrationctl.ProcessStatus{
		{Process: "dead-1", Host: "h", Epoch: 3, Age: time.Hour},
		{Process: "live", Host: "h", Epoch: 4, Age: time.Second, Live: true},
		{Process: "dead-2", Host: "h", Epoch: 2, Age: 2 * time.Hour},
	}}
	text := printed(s)
	require.Contains(t, text, "1 live")
	require.Contains(t, text, "live on h, epoch 4, renewed 1.0s ago")
	require.NotContains(t, text, "dead-")
	require.Equal(t, 1, strings.Count(text, "2 more have ended or fallen silent, the last one 1h0m0s ago"))
	require.Len(t, statusDocument(s).Processes, 3)

	s.Processes = s.Processes[1:2]
	require.NotContains(t, printed(s), "silent")
}

// TestStatusOfTheBacklog: what waits may be keys and tokens of writes.
func TestStatusOfTheBacklog(t *testing.T) {
	require.Contains(t, printed(migrationctl.Status{Leader: "mysql"}), "0 changes\n")
	require.Contains(t, printed(migrationctl.Status{Leader: "mysql", Dirty: 2, OldestDirty: time.Minute}), "2 changes, the oldest for 1m0s\n")
}

// TestStatusOfTheLastChange: the time is that of the last change of phase or capture,
// which in phases 1 and 5 need not be when the phase began.
func TestStatusOfTheLastChange(t *testing.T) {
	text := printed(migrationctl.Status{Phase: 5, ChangedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	require.Regexp(t, `(?m)^phase +5 dynamodb-only, phase or capture last changed 2026-01-02`, text)
}

func printed(s migrationctl.Status) string {
	var b strings.Builder
	statusDocument(s).text(&b)
	return b.String()
}

// TestStatusOfCopies: records whose copies are to be renewed are counted, where there are
// any.
func TestStatusOfCopies(t *testing.T) {
	s := migrationctl.Status{Leader: "dynamodb", FanOuts: 2}
	require.Regexp(t, `(?m)^copies +to be renewed of 2 changed records$`, printed(s))
	require.EqualValues(t, 2, statusDocument(s).FanOuts)
	require.NotContains(t, printed(migrationctl.Status{Leader: "dynamodb"}), "copies")
}
