package engine

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
)

// envPart makes this test binary play another part than that of a test: a
// server, or a process that starts engines and is killed.
const envPart = "CROSSFADE_ENGINE_TEST_PART"

func TestMain(m *testing.M) {
	switch os.Getenv(envPart) {
	case "":
		leaks.Main(m)
	case "server":
		playServer(os.Args[1])
	case "owner":
		playOwner()
	case "client":
		playClient(os.Args[1])
	}
}

// playServer listens until it is ended, and ends at once where it can't.
func playServer(address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Println("can't listen:", err)
		os.Exit(3)
	}
	for {
		if conn, err := l.Accept(); err == nil {
			conn.Close()
		}
	}
}

// nowhere are options under which nothing is named and nothing is found.
func nowhere(t *testing.T) Options {
	t.Setenv("PATH", t.TempDir())
	return Options{Getenv: func(string) string { return "" }, folders: []string{"/nowhere"}}
}

// onlyFound are options under which engines are looked for, not named.
func onlyFound() Options {
	return Options{Getenv: func(name string) string {
		if name == EnvDynamoDBLocal || name == EnvOnlyNamed {
			return os.Getenv(name)
		}
		return ""
	}}
}

// soon polls for what another process does in its own time.
func soon(t *testing.T, condition func() bool, words string) {
	t.Helper()
	require.Eventually(t, condition, 20*time.Second, 10*time.Millisecond, words)
}

func startContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// refuses says whether nothing listens at the address.
func refuses(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		conn.Close()
	}
	return err != nil
}
