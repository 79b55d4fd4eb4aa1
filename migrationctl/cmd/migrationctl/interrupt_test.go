package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestInterruptedBackfill holds that a backfill that is stopped says so, exits
// with 1, and goes on where it stopped.
func TestInterruptedBackfill(t *testing.T) {
	isolateAWS(t)
	enginetest.MySQLServer(t)
	w := newWorld(t, enginetest.DynamoDBEngines(t)[0])
	values := make([]string, 2500)
	for i := range values {
		values[i] = fmt.Sprintf("(%d)", 1000+i)
	}
	w.db.MustExec("INSERT INTO users (user_id) VALUES " + strings.Join(values, ","))
	for _, args := range [][]string{{"init"}, {"tables", "apply", "--yes"}, {"capture", "on"}, {"phase", "set", "2"}} {
		code, _, stderr := w.call(t.Context(), args...)
		require.Zero(t, code, stderr)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan int)
	var stdout, stderr string
	go func() {
		var code int
		code, stdout, stderr = w.call(ctx, "backfill", "--rate", "500", "--json")
		ended <- code
	}()
	require.Eventually(t, func() bool {
		var rows int
		err := w.db.Get(&rows, "SELECT row_count FROM crossfade_progress WHERE name = 'backfill'")
		return err == nil && rows >= 500
	}, 20*time.Second, 20*time.Millisecond)
	interrupt()
	require.Equal(t, exitFound, <-ended)
	require.Contains(t, stderr, "interrupted; the same command goes on")
	require.Contains(t, stdout, `"error": "interrupted`)

	code, _, stderr := w.call(t.Context(), "phase", "set", "3")
	require.Equal(t, exitFound, code)
	require.Contains(t, stderr, "backfill (data)")
	code, stdout, stderr = w.call(t.Context(), "backfill")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "Users: 2,503 rows backfilled (insert)")
	require.Regexp(t, `after (500|1,000|1,500|2,000) earlier`, stderr)
	code, stdout, stderr = w.call(t.Context(), "verify")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "2,503 keys compared, 0 differences")
}

// TestInterruptedQuestion holds that an interrupt at a question does not wait
// for its answer.
func TestInterruptedQuestion(t *testing.T) {
	never, end := io.Pipe()
	defer end.Close() // only now: whoever reads it ends
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	_, err := readLine(ctx, bufio.NewReader(never))
	require.ErrorIs(t, err, context.Canceled)
}
