package engine

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

// A workspace is the directory of one private server, and the watcher that
// clears up behind a process that could not do it itself.
type workspace struct {
	dir     string
	watcher *exec.Cmd
	orders  io.WriteCloser // the watcher's standard input
	mu      sync.Mutex
}

// The watcher is a shell that reads lines from this process. Every line is the
// process group that must not survive it, or empty. When the pipe breaks, which
// it does however this process ends, the watcher kills the group of the last
// line and removes the directory; again, if something that was still dying made
// a file meanwhile.
//
// A parent-death signal would be shorter, but it exists on Linux only, hangs on
// the thread that forked, and leaves the data directory behind.
const watch = `
PATH=$PATH:/bin:/usr/bin # for rm and sleep, whatever this process has
group=
while read -r line; do group=$line; done
[ -n "$group" ] && kill -s KILL -- "-$group"
n=0
until rm -rf -- "$1" || [ $n -ge 100 ]; do n=$((n+1)); sleep 0.1; done
`

// newWorkspace makes the directory, for this user only, and starts the watcher.
func newWorkspace(name string) (*workspace, error) {
	dir, err := os.MkdirTemp("", "crossfade-"+name+"-")
	if err != nil {
		return nil, fmt.Errorf("engine: make a directory for %s: %w", name, err)
	}
	w := &workspace{dir: dir, watcher: exec.Command("/bin/sh", "-c", watch, "sh", dir)}
	w.watcher.Dir = "/" // not a directory that someone wants to remove
	ownGroup(w.watcher)
	if w.orders, err = w.watcher.StdinPipe(); err == nil {
		err = w.watcher.Start()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("engine: start the watcher of %s: %w", name, err)
	}
	return w, nil
}

// guard tells the watcher which process group must not survive; 0 is none.
func (w *workspace) guard(pid int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := "\n"
	if pid != 0 {
		line = fmt.Sprintf("%d\n", pid)
	}
	_, err := io.WriteString(w.orders, line)
	return err
}

// close ends the watcher, which removes the directory as its last act. What
// ran in the workspace has ended.
func (w *workspace) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.orders.Close()
	w.watcher.Wait() // it may have been killed; what counts is the directory
	return os.RemoveAll(w.dir)
}
