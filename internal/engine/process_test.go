package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

// exists says whether a process runs. One that has ended and was not reaped by
// its parent does not count: where the first process of a container reaps
// nobody, an orphan stays like that.
func exists(pid int) bool {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return syscall.Kill(pid, 0) == nil
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// The state follows the name, which stands in brackets.
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// script puts a shell program on the test's own PATH, which nowhere set.
func script(t *testing.T, name, body string) {
	t.Helper()
	path := filepath.Join(os.Getenv("PATH"), name)
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700))
}

// self is this test binary in another part.
func self(t *testing.T, part string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), envPart+"="+part)
	cmd.Stderr = os.Stderr
	return cmd
}

// space is a workspace that is cleared up at the end of the test.
func space(t *testing.T) *workspace {
	t.Helper()
	w, err := newWorkspace("test")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.close()) })
	return w
}

func TestProcessEndsWhenAsked(t *testing.T) {
	p, err := space(t).start("/bin/sh", "-c", "PATH=$PATH:/bin:/usr/bin; sleep 1000 & wait")
	require.NoError(t, err)
	pid := p.cmd.Process.Pid
	group, err := syscall.Getpgid(pid)
	require.NoError(t, err)
	require.Equal(t, pid, group, "Ctrl-C in a terminal must not reach it")
	require.NoError(t, p.stop())
	require.False(t, exists(pid))
	killGroup(pid) // the sleep, which nobody asked
}

func TestProcessThatEndedByItself(t *testing.T) {
	p, err := space(t).start("/bin/sh", "-c", "echo out of memory; kill -9 $$")
	require.NoError(t, err)
	<-p.ended
	require.EqualError(t, p.stop(), "sh ended by itself (signal: killed); it said: out of memory")
}

// recorder keeps what the watcher is told.
type recorder struct {
	io.WriteCloser
	told string
}

func (r *recorder) Write(line []byte) (int, error) {
	r.told += string(line)
	return r.WriteCloser.Write(line)
}

// The number of a process that has ended is soon another's, which the watcher
// must not kill.
func TestWatcherForgetsTheDead(t *testing.T) {
	w := space(t)
	r := &recorder{WriteCloser: w.orders}
	w.orders = r
	p, err := w.start("/bin/sh", "-c", "exit 0")
	require.NoError(t, err)
	require.NoError(t, p.wait(t.Context()))
	require.Equal(t, fmt.Sprintf("%d\n\n", p.cmd.Process.Pid), r.told)
}

func TestWaitEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	p, err := space(t).start("/bin/sh", "-c", "PATH=$PATH:/bin:/usr/bin; sleep 1000 & echo $! > child; wait")
	require.NoError(t, err)
	var child int
	soon(t, func() bool {
		text, _ := os.ReadFile(filepath.Join(p.space.dir, "child"))
		_, err := fmt.Sscan(string(text), &child)
		return err == nil
	}, "the child's number")
	require.EqualError(t, p.wait(ctx), "enough")
	require.False(t, p.alive())
	soon(t, func() bool { return !exists(child) }, "what it started must end with it")
}

func TestAnswersTellsWhatAServerSaid(t *testing.T) {
	p, err := space(t).start("/bin/sh", "-c", "echo one; echo two >&2; exit 1")
	require.NoError(t, err)
	err = p.answers(t.Context(), func(context.Context) error { return errors.New("not yet") })
	require.EqualError(t, err, "sh ended before it answered; it said: one\ntwo")
}

// An answer on its port does not make a server live: another one may have
// given it.
func TestAnswersOfAnotherServer(t *testing.T) {
	p, err := space(t).start("/bin/sh", "-c", "exit 1")
	require.NoError(t, err)
	<-p.ended
	require.Error(t, p.answers(t.Context(), func(context.Context) error { return nil }))
}

// What playOwner tells about the engines it has started.
type owned struct {
	Pids  []int
	Dirs  []string
	Addrs []string
}

// playOwner starts all engines that can be found, says so, and goes on until it
// is killed.
func playOwner() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var o owned
	note := func(p *process, addr string) {
		o.Pids = append(o.Pids, p.cmd.Process.Pid, p.space.watcher.Process.Pid)
		o.Dirs = append(o.Dirs, p.space.dir)
		o.Addrs = append(o.Addrs, addr)
	}
	m, err := StartMySQL(ctx, onlyFound())
	if err == nil {
		note(m.server, m.config.Addr)
	} else if !isNotFound(err) {
		fmt.Fprintln(os.Stderr, err)
	}
	engines, err := StartEveryDynamoDB(ctx, onlyFound())
	if err != nil && !isNotFound(err) {
		fmt.Fprintln(os.Stderr, err)
	}
	for _, e := range engines {
		note(e.server, e.endpoint[len("http://"):])
	}
	json.NewEncoder(os.Stdout).Encode(o)
	select {}
}

func TestNothingSurvivesTheParent(t *testing.T) {
	cmd := self(t, "owner")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer cmd.Process.Kill()
	var o owned
	require.NoError(t, json.NewDecoder(bufio.NewReader(out)).Decode(&o))
	if len(o.Pids) == 0 {
		t.Skip("no engine on this machine; see TestNoMySQL for what would be looked for")
	}
	for i := range o.Dirs {
		require.DirExists(t, o.Dirs[i])
		require.False(t, refuses(o.Addrs[i]))
	}
	require.NoError(t, cmd.Process.Kill())
	cmd.Wait()
	for _, pid := range o.Pids {
		soon(t, func() bool { return !exists(pid) }, fmt.Sprintf("process %d must end", pid))
	}
	for i := range o.Dirs {
		soon(t, func() bool { _, err := os.Stat(o.Dirs[i]); return os.IsNotExist(err) }, "directory "+o.Dirs[i])
		soon(t, func() bool { return refuses(o.Addrs[i]) }, "port "+o.Addrs[i])
	}
}

// A parent can also be killed while a server is being prepared.
func TestWatcherEndsTheWholeGroup(t *testing.T) {
	w, err := newWorkspace("test")
	require.NoError(t, err)
	p, err := w.start("/bin/sh", "-c", "PATH=$PATH:/bin:/usr/bin; sleep 1000 & echo $! > child; wait")
	require.NoError(t, err)
	var child int
	soon(t, func() bool {
		text, _ := os.ReadFile(filepath.Join(w.dir, "child"))
		_, err := fmt.Sscan(string(text), &child)
		return err == nil
	}, "the child's number")
	w.orders.Close() // what the end of this process would do
	soon(t, func() bool { return !p.alive() }, "the process must end")
	require.NoError(t, w.watcher.Wait())
	soon(t, func() bool { return !exists(child) }, "the child must end")
	require.NoDirExists(t, w.dir)
}
