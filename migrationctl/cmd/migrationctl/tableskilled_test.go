package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// commandEnv makes a process of this test program the command itself.
const commandEnv = "CROSSFADE_TEST_COMMAND"

// A gallows stands before a DynamoDB, and kills the process that calls it at one of
// its calls: before the call is passed on, or after it took effect.
type gallows struct {
	url    string
	calls  atomic.Int64
	at     int64 // the call, counted from 1
	after  bool
	begun  chan struct{} // closed when there is a victim
	victim *os.Process
}

func newGallows(t *testing.T, d *engine.DynamoDB, at int64, after bool) *gallows {
	target, err := url.Parse(d.Endpoint())
	require.NoError(t, err)
	g := &gallows{at: at, after: after, begun: make(chan struct{})}
	pass := httputil.NewSingleHostReverseProxy(target)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-g.begun
		if g.calls.Add(1) != g.at {
			pass.ServeHTTP(w, r)
			return
		}
		if g.after {
			pass.ServeHTTP(httptest.NewRecorder(), r)
		}
		_ = g.victim.Kill()
		panic(http.ErrAbortHandler) // which closes the connection
	}))
	t.Cleanup(s.Close)
	g.url = s.URL
	return g
}

// runs runs the command in a process of its own, once, and reports whether it was
// killed.
func (g *gallows) runs(t *testing.T, args ...string) bool {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), commandEnv+"=1", envDynamoDB+"="+g.url)
	var told strings.Builder
	cmd.Stderr = &told
	require.NoError(t, cmd.Start())
	g.victim = cmd.Process
	close(g.begun)
	if cmd.Wait() == nil {
		return false
	}
	require.Equal(t, -1, cmd.ProcessState.ExitCode(), "it was killed, and did not fail: %s", told.String())
	return true
}

// TestTablesApplyKilled kills tables apply by SIGKILL, each time at a later call of
// its process, with the contracts of the shop and of the notes. Whatever it left, the
// same command makes the tables that the contract says, and verify finds no fault.
func TestTablesApplyKilled(t *testing.T) {
	for _, d := range enginetest.DynamoDBEngines(t) {
		for _, of := range []string{"notes", "shop"} {
			t.Run(d.Kind()+"/"+of, func(t *testing.T) {
				killed := 0
				for applyKilled(t, d, "../../../examples/"+of+"/contract.json", int64(1+3*killed)) {
					killed++
				}
				require.GreaterOrEqual(t, killed, 4, "a call of many was the last")
			})
		}
	}
}

// applyKilled reports whether the process made the call at which it is killed.
func applyKilled(t *testing.T, d *engine.DynamoDB, contract string, at int64) bool {
	vars := tablesWorld(t, d)
	args := []string{"--contract", contract, "--table-prefix", vars["PREFIX"]}
	killed := newGallows(t, d, at, at%2 == 0).runs(t, append([]string{"tables", "apply", "--yes"}, args...)...)
	env := environment{Getenv: func(name string) string { return vars[name] }}
	for _, again := range [][]string{{"tables", "apply", "--yes"}, {"tables", "verify"}} {
		code, stdout, stderr := call(t.Context(), env, append(again, args...)...)
		require.Equal(t, exitDone, code, "%s after call %d: %s%s", again, at, stdout, stderr)
		if again[1] == "verify" {
			require.Contains(t, stdout, "every table is as the contract says")
		}
	}
	return killed
}
