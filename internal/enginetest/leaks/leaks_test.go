package leaks

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// envPart makes this test binary one whose only test leaves a goroutine.
const envPart = "CROSSFADE_LEAKS_TEST_PART"

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
	case "stays elsewhere":
		go time.Sleep(time.Hour)
	case "ends":
		end := make(chan struct{})
		go stays(end)
		time.AfterFunc(50*time.Millisecond, func() { close(end) })
	case "fails":
		go stays(make(chan struct{}))
		t.Fail()
	}
}

func stays(end chan struct{}) { <-end }

// TestLeaks: a goroutine that our code has started fails the package with its stack, wherever
// it is by now; one that ends a little later does not, and none is looked for after a failure.
func TestLeaks(t *testing.T) {
	for part, want := range map[string]struct {
		code int
		said string
	}{
		"stays":           {1, "leaks.stays("},
		"stays elsewhere": {1, "created by " + module + "/internal/enginetest/leaks.TestPart"},
		"ends":            {0, ""},
		"nothing":         {0, ""},
		"fails":           {1, ""},
	} {
		t.Run(part, func(t *testing.T) {
			program, err := os.Executable()
			require.NoError(t, err)
			var said bytes.Buffer
			cmd := exec.Command(program, "-test.run=^TestPart$")
			cmd.Env, cmd.Stderr = append(os.Environ(), envPart+"="+part), &said
			cmd.Run()
			require.Equal(t, want.code, cmd.ProcessState.ExitCode(), said.String())
			if want.said == "" {
				require.NotContains(t, said.String(), "leaks: ")
				return
			}
			require.Contains(t, said.String(), "leaks: 1 goroutines have outlived")
			require.Contains(t, said.String(), want.said)
		})
	}
}
