package enginetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest/found"
)

// substitutes are what tests of this process run on where engines are missing.
var substitutes struct {
	mysql  found.Lazy[*engine.MySQL]
	dynamo found.Lazy[*engine.DynamoDB]
}

func usedSubstitutes() []string {
	var all []string
	if m := substitutes.mysql.Made(); m != nil {
		all = append(all, m.Describe())
	}
	if d := substitutes.dynamo.Made(); d != nil {
		all = append(all, d.Describe())
	}
	return all
}

func stopSubstitutes() error {
	var errs []error
	if m := substitutes.mysql.Made(); m != nil {
		errs = append(errs, m.Close())
	}
	if d := substitutes.dynamo.Made(); d != nil {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// dynamoTest returns the dynamotest of this process.
func dynamoTest() (*engine.DynamoDB, error) {
	return substitutes.dynamo.Get(found.StartTimeout, func(ctx context.Context) (*engine.DynamoDB, error) {
		server, err := dynamotest.New()
		if err != nil {
			return nil, err
		}
		lent := &engine.Substitute{Name: "dynamotest", Where: "in this process", Stop: func() error { server.Close(); return nil }}
		return lent.DynamoDB(ctx, server.URL)
	})
}

// buildTimeout is how long memmysqld may take to be built and to answer. On a
// machine that has built nothing yet that is minutes: it is a whole database,
// and the go command that runs the tests builds beside it.
const buildTimeout = 8 * time.Minute

// memMySQL returns the memmysqld of this process. Why is the error of looking
// for a real server.
func memMySQL(why error) (*engine.MySQL, error) {
	return substitutes.mysql.Get(buildTimeout, func(ctx context.Context) (*engine.MySQL, error) {
		folder, err := examples()
		if err != nil {
			return nil, fmt.Errorf("%w; in its place, %w", why, err)
		}
		s, err := startMemMySQL(ctx, folder)
		if err != nil {
			return nil, fmt.Errorf("%w; in its place, %s can't be run: %w", why, memmysqld, err)
		}
		lent := &engine.Substitute{Name: "memmysql", Where: "started by go run " + memmysqld, Stop: s.stop}
		return lent.MySQL(ctx, s.dsn)
	})
}

// memmysqld is the package of the examples' module whose program is a MySQL
// server in memory. It is built and run, not imported: what it links would
// otherwise be among the requirements of everyone who requires this module.
const memmysqld = "./internal/memmysql/memmysqld"

// examples returns the folder of the examples' module. It is a module of its own,
// so a test that runs in a module cache does not have it beside it.
func examples() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		folder := filepath.Join(dir, "examples")
		if _, err := os.Stat(filepath.Join(folder, memmysqld)); err == nil {
			return folder, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("memmysql would do, but the examples folder of the repository is not here")
		}
		dir = filepath.Dir(dir)
	}
}

// A memMySQLProcess is a memmysqld that runs. It ends when its input does, which
// the system sees to however this process ends.
type memMySQLProcess struct {
	dsn   string
	input io.Closer
	ended chan error // gives how it ended, once
}

// startMemMySQL has the go command build and run memmysqld. The command keeps
// what it built, so it takes long only once.
func startMemMySQL(ctx context.Context, folder string) (*memMySQLProcess, error) {
	cmd := exec.Command("go", "run", "-buildvcs=false", memmysqld)
	cmd.Dir = folder
	cmd.WaitDelay = 10 * time.Second // for its children, if it is killed
	said := &saying{}
	cmd.Stderr = said
	input, errIn := cmd.StdinPipe()
	output, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		return nil, err
	}
	p := &memMySQLProcess{input: input, ended: make(chan error, 1)}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	line, err := bufio.NewReader(output).ReadString('\n')
	go func() { p.ended <- cmd.Wait() }()
	if err != nil {
		input.Close()
		return nil, fmt.Errorf("%w; the go command said: %s", errors.Join(<-p.ended, context.Cause(ctx)), said)
	}
	p.dsn = strings.TrimSpace(line)
	return p, nil
}

// stop ends it and waits until it has.
func (p *memMySQLProcess) stop() error {
	p.input.Close()
	return <-p.ended
}

// A saying keeps what a process says on its standard error.
type saying struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *saying) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String returns the end of it, where a go command says what was wrong.
func (s *saying) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.TrimSpace(s.text.String())
	return text[max(0, len(text)-2000):]
}
