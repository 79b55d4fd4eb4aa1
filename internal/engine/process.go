package engine

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// How long a server may take to end after it was asked to.
const stopTimeout = 10 * time.Second

// A process is one running command of a workspace.
type process struct {
	cmd   *exec.Cmd
	space *workspace
	log   string        // the file with what it printed
	ended chan struct{} // closed when it has ended and was reaped
	err   error         // how it ended; read after ended
}

// start runs a command in the workspace. What it prints goes to a file there:
// a pipe would end with this process, and a server that writes to a broken pipe
// may hang or die in ways that no test is about.
func (w *workspace) start(path string, args ...string) (*process, error) {
	name := filepath.Base(path)
	log, err := os.OpenFile(filepath.Join(w.dir, name+".log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("engine: start %s: %w", name, err)
	}
	defer log.Close()
	p := &process{cmd: exec.Command(path, args...), space: w, log: log.Name(), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = w.dir, log, log
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("engine: start %s: %w", name, err)
	}
	guardErr := w.guard(p.cmd.Process.Pid)
	go p.reap()
	if guardErr != nil {
		p.stop()
		return nil, fmt.Errorf("engine: start %s: its watcher is gone: %w", name, guardErr)
	}
	return p, nil
}

// reap waits for the end and then takes the number from the watcher, before
// the system gives it to someone else.
func (p *process) reap() {
	p.err = p.cmd.Wait()
	p.space.guard(0)
	close(p.ended)
}

// wait returns when the process has ended by itself, or kills it when the
// context ends first.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.ended:
		if p.err != nil {
			return fmt.Errorf("%w; it said: %s", p.err, p.said())
		}
		return nil
	case <-ctx.Done():
		p.kill()
		return context.Cause(ctx)
	}
}

// stop asks the process to end, and ends it when it does not. One that has
// ended before without being asked is an error: whoever used it saw refused
// connections at best, and its log will be gone.
func (p *process) stop() error {
	if !p.alive() {
		return fmt.Errorf("%s ended by itself (%v); it said: %s", filepath.Base(p.cmd.Path), p.cmd.ProcessState, p.said())
	}
	terminate(p.cmd.Process.Pid)
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
		p.kill()
	}
	return nil
}

// kill ends the process and what it started, and returns when it was reaped.
func (p *process) kill() {
	killGroup(p.cmd.Process.Pid)
	p.cmd.Process.Kill() // if it left the group
	<-p.ended
}

// answers calls ask until it succeeds. It ends early when the process has
// ended, with the last lines of what it said.
func (p *process) answers(ctx context.Context, ask func(context.Context) error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil && p.alive() {
			return nil
		}
		select {
		case <-p.ended:
			return &diedError{name: filepath.Base(p.cmd.Path), said: p.said()}
		case <-ctx.Done():
			return fmt.Errorf("%w; last answer: %v; it said: %s", context.Cause(ctx), err, p.said())
		case <-tick.C:
		}
	}
}

func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// said returns the end of what the process printed. mariadb-install-db has much
// to say after the line that tells why it failed.
func (p *process) said() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}

// A diedError is the end of a server that never answered.
type diedError struct{ name, said string }

func (e *diedError) Error() string {
	return fmt.Sprintf("%s ended before it answered; it said: %s", e.name, e.said)
}
