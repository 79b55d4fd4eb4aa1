package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// A crew is the load in child processes.
type crew struct {
	children []*running
	joined   sync.WaitGroup
	ends     chan error // of each child, when it has ended

	mu     sync.Mutex
	counts sample
}

// A running is one child.
type running struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr bytes.Buffer
}

// startCrew starts the children, with their jobs in files of the folder: a job
// has a DSN in it, which others could read in an argument. It returns when each
// has joined the fleet; they rest until they are paced.
func startCrew(ctx context.Context, dir string, j job, processes int) (*crew, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &crew{ends: make(chan error, processes)}
	j.WorkAll = processes * j.Workers
	for n := range processes {
		j.First = n * j.Workers
		data, err := json.Marshal(j)
		if err == nil {
			path := filepath.Join(dir, fmt.Sprintf("job-%d.json", n))
			if err = os.WriteFile(path, data, 0o600); err == nil {
				err = c.start(program, path)
			}
		}
		if err != nil {
			return nil, errors.Join(err, c.stop())
		}
	}
	joined := make(chan struct{})
	go func() { c.joined.Wait(); close(joined) }()
	select {
	case <-joined:
		return c, nil
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), c.stop())
	}
}

func (c *crew) start(program, path string) error {
	r := &running{cmd: exec.Command(program)}
	r.cmd.Env = append(os.Environ(), childEnv+"="+path)
	r.cmd.Stderr = &r.stderr
	var err error
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := r.cmd.Start(); err != nil {
		return err
	}
	c.children = append(c.children, r)
	c.joined.Add(1)
	go func() {
		c.listen(out)
		err := r.cmd.Wait()
		if err != nil {
			err = fmt.Errorf("a process of the load failed: %w; it said: %s", err, r.stderr.String())
		}
		c.ends <- err
	}()
	return nil
}

// listen adds up a child's samples until its output ends.
func (c *crew) listen(out io.Reader) {
	join := sync.OnceFunc(c.joined.Done)
	defer join()
	for lines := json.NewDecoder(out); ; join() {
		var s sample
		if lines.Decode(&s) != nil {
			return
		}
		c.mu.Lock()
		c.counts.add(s)
		c.mu.Unlock()
	}
}

// set gives the children their pace. All together make that many operations.
func (c *crew) set(p pace) error {
	p.PerSecond /= float64(len(c.children))
	for _, r := range c.children {
		if err := json.NewEncoder(r.stdin).Encode(p); err != nil {
			return err
		}
	}
	return nil
}

// take returns what was counted since the last call.
func (c *crew) take() sample {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.counts
	c.counts = sample{}
	return s
}

// stop lets the children end by themselves, once they have their answers.
func (c *crew) stop() error {
	var errs []error
	for _, r := range c.children {
		_ = r.stdin.Close() // also closed by a child's end
	}
	for range c.children {
		errs = append(errs, <-c.ends)
	}
	c.children = nil
	return errors.Join(errs...)
}
