package leaks

import (
	"bytes"
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
)

// envPart makes this test binary one whose only test leaves a goroutine, and envURL is
// where that finds a server.
const (
	envPart = "CROSSFADE_LEAKS_TEST_PART"
	envURL  = "CROSSFADE_LEAKS_TEST_URL"
)

func TestMain(m *testing.M) {
	if os.Getenv(envPart) == "" {
		Main(m)
	}
	os.Exit(check(m.Run(), time.Second, os.Stderr))
}

// TestPart plays the test that leaves something. It does nothing among the others.
func TestPart(t *testing.T) {
	switch os.Getenv(envPart) {
	case "stays":
		go stays(make(chan struct{}))
	case "ends":
		end := make(chan struct{})
		go stays(end)
		time.AfterFunc(50*time.Millisecond, func() { close(end) })
	case "fails":
		go stays(make(chan struct{}))
		t.Fail()
	case "open database":
		_, err := sql.Open("mysql", "/nowhere")
		require.NoError(t, err)
	case "pooled connection":
		answer := get(t)
		_, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	case "open answer":
		get(t)
	}
}

func stays(end chan struct{}) { <-end }

func get(t *testing.T) *http.Response {
	answer, err := http.Get(os.Getenv(envURL))
	require.NoError(t, err)
	return answer
}

// TestLeaks: what is left fails the package with its stack; what ends a little later does
// not, and nothing is looked for after a failure or when no test was selected.
func TestLeaks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "an answer") }))
	t.Cleanup(server.Close)
	for part, want := range map[string]struct {
		code int
		said string
	}{
		"stays":             {1, "leaks.stays("},
		"open database":     {1, "database/sql.(*DB).connectionOpener("},
		"open answer":       {1, "net/http.(*persistConn).readLoop("},
		"pooled connection": {},
		"ends":              {},
		"nothing":           {},
		"fails":             {code: 1},
	} {
		t.Run(part, func(t *testing.T) {
			code, said := play(t, "^TestPart$", envPart+"="+part, envURL+"="+server.URL)
			require.Equal(t, want.code, code, said)
			if want.said == "" {
				require.NotContains(t, said, "leaks: ")
				return
			}
			require.Contains(t, said, "leaks: 1s after the last test: found unexpected goroutines:")
			require.Contains(t, said, want.said)
		})
	}
	code, said := play(t, "^TestOfNoName$", envPart+"=stays")
	require.Zero(t, code, said)
}

// play runs tests of this package in a process of its own, and returns its exit code and
// what it said on its standard error.
func play(t *testing.T, tests string, env ...string) (int, string) {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	var said bytes.Buffer
	cmd := exec.Command(program, "-test.run="+tests)
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), &said
	_ = cmd.Run() // its exit code says more
	return cmd.ProcessState.ExitCode(), said.String()
}
