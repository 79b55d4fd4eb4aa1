package enginetest

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest/found"
)

// envPart makes this test binary a process that starts memmysqld and is killed.
const envPart = "CROSSFADE_ENGINETEST_PART"

func TestMain(m *testing.M) {
	if os.Getenv(envPart) == "owner" {
		playOwner()
	}
	Main(m)
}

// playOwner prints the DSN of a memmysqld and waits to be killed.
func playOwner() {
	folder, err := examples()
	if err == nil {
		var p *memMySQLProcess
		if p, err = startMemMySQL(context.Background(), folder); err == nil {
			fmt.Println(p.dsn)
			select {}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// memory returns the memmysqld of this process, also where MySQL is found.
func memory(t *testing.T) *engine.MySQL {
	t.Helper()
	m, err := memMySQL(fmt.Errorf("%w: it is not asked for", engine.ErrNotFound))
	if err != nil {
		found.Missing(t, err)
	}
	return m
}

func TestMemMySQL(t *testing.T) {
	m := memory(t)
	require.Same(t, m, memory(t), "one for all tests of a process")
	require.True(t, m.IsSubstitute())
	require.Regexp(t, `^memmysql at 127\.0\.0\.1:\d+, started by go run `, m.Describe())
	dsn, err := m.CreateDatabase(t.Context(), "numbers")
	require.NoError(t, err)
	db, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("CREATE TABLE n (i INT PRIMARY KEY)")
	require.NoError(t, err)
	require.NoError(t, m.DropDatabase(t.Context(), "numbers"))
}

// TestMemMySQLEndsWithItsOwner: a test process that is killed leaves no server.
func TestMemMySQLEndsWithItsOwner(t *testing.T) {
	memory(t) // it can be built
	program, err := os.Executable()
	require.NoError(t, err)
	owner := exec.Command(program)
	owner.Env = append(os.Environ(), envPart+"=owner")
	owner.Stderr = os.Stderr
	out, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	defer owner.Process.Kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	config, err := mysql.ParseDSN(strings.TrimSpace(line))
	require.NoError(t, err)
	answers := func() bool {
		conn, err := net.DialTimeout("tcp", config.Addr, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	require.True(t, answers())
	require.NoError(t, owner.Process.Kill())
	owner.Wait()
	require.Eventually(t, func() bool { return !answers() }, 20*time.Second, 10*time.Millisecond)
}

// TestWithoutExamples: where the module is without its repository, as in a
// module cache, the tests are skipped and say why.
func TestWithoutExamples(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := examples()
	require.ErrorContains(t, err, "the examples folder of the repository is not here")
}

// TestMemMySQLThatCanNotBeBuilt: what the go command said is in the error, and
// it is one for which tests are skipped.
func TestMemMySQLThatCanNotBeBuilt(t *testing.T) {
	_, err := startMemMySQL(t.Context(), t.TempDir())
	require.ErrorContains(t, err, "exit status")
	require.ErrorContains(t, err, "the go command said: go: ")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no answer within a second"))
	_, err = startMemMySQL(ended, "../../examples")
	require.ErrorContains(t, err, "no answer within a second")
}

// A skipped test only keeps why it was.
type skipped struct {
	testing.TB
	why string
}

func (s *skipped) Helper()                     {}
func (s *skipped) Skipf(f string, args ...any) { s.why = fmt.Sprintf(f, args...) }

// TestWhatIsSkippedIsTold: whoever reads why a test was skipped learns what is
// missing and what to do.
func TestWhatIsSkippedIsTold(t *testing.T) {
	s := &skipped{TB: t}
	need(s, memory(t), "has deadlocks")
	require.Equal(t, "needs a server that has deadlocks; memmysql does not: install mariadb-server or mysql-server "+
		"(it need not run), or name a server's DSN in CROSSFADE_MYSQL_DSN", s.why)
}
