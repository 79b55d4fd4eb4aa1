package main

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

func TestPrintShell(t *testing.T) {
	var out strings.Builder
	printShell(&out, []string{"A=root@tcp(h:1)/?time_zone=%27", `B=it's $HOME "x"`})
	require.True(t, strings.HasSuffix(out.String(), "\n# ready\n"))
	said, err := exec.Command("/bin/sh", "-c", out.String()+`printf '%s|%s' "$A" "$B"`).Output()
	require.NoError(t, err)
	require.Equal(t, `root@tcp(h:1)/?time_zone=%27|it's $HOME "x"`, string(said))
}

func TestHold(t *testing.T) {
	hold(t.Context(), strings.NewReader("until the input ends"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	input, end := io.Pipe() // that does not end before hold returns
	defer end.Close()
	hold(ctx, input)
}

func TestRunCommand(t *testing.T) {
	code, err := runCommand([]string{"/bin/sh", "-c", `test "$A" = b && exit 7`}, []string{"A=b"})
	require.NoError(t, err)
	require.Equal(t, 7, code)
	code, err = runCommand([]string{"/bin/sh", "-c", "true"}, nil)
	require.NoError(t, err)
	require.Zero(t, code)
	code, err = runCommand([]string{"/bin/sh", "-c", "kill -9 $$"}, nil)
	require.NoError(t, err)
	require.Equal(t, 1, code)
	_, err = runCommand([]string{"./no such program"}, nil)
	require.Error(t, err)
}

func TestRun(t *testing.T) {
	code, err := run([]string{"/bin/sh", "-c", `test -n "$CROSSFADE_MYSQL_DSN" && test -n "$CROSSFADE_DYNAMODB_ENDPOINTS" && exit 7`})
	if errors.Is(err, engine.ErrNotFound) {
		t.Skip(err)
	}
	require.NoError(t, err)
	require.Equal(t, 7, code)
}
