package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// A victim is a load in a child process that is killed (SIGKILL, wherever it
// stands) and started again, over and over.
type victim struct {
	program string
	jobPath string
	random  *rand.Rand
	pace    pace

	mu     sync.Mutex
	counts sample
	killed int

	stopping chan struct{} // closed by stop
	ended    chan error
}

// startVictim starts the first child, with the job in a file of the folder.
func startVictim(dir string, j job, p pace) (*victim, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	v := &victim{program: program, pace: p, jobPath: filepath.Join(dir, "job.json"),
		random: rand.New(rand.NewPCG(j.Load.Seed, 3)), stopping: make(chan struct{}), ended: make(chan error, 1)}
	if err := os.WriteFile(v.jobPath, data, 0o600); err != nil {
		return nil, err
	}
	go func() {
		defer close(v.ended)
		if err := v.haunt(); err != nil {
			v.ended <- err
		}
	}()
	return v, nil
}

// haunt starts a child and kills it, until stop lets one end by itself.
func (v *victim) haunt() error {
	for {
		c, err := v.start()
		if err != nil {
			return err
		}
		select {
		case err := <-c.gone:
			return fmt.Errorf("the load's process ended by itself: %w; it said: %s", errors.Join(err, errEnded), c.said())
		case <-v.stopping:
			c.input.Close()
			if err := <-c.gone; err != nil {
				return fmt.Errorf("the load's process failed: %w; it said: %s", err, c.said())
			}
			return nil
		case <-v.life(c):
			// Kill is SIGKILL: no handler, no flush, no goodbye.
			if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return err
			}
			<-c.gone
			v.mu.Lock()
			v.killed++
			v.mu.Unlock()
		}
	}
}

// life returns a channel that is closed when a child has lived long enough,
// counted from its own beginning.
func (v *victim) life(c *running) <-chan struct{} {
	length := v.pace.shortest + time.Duration(v.random.Int64N(int64(v.pace.longest-v.pace.shortest)))
	over := make(chan struct{})
	go func() {
		<-c.begun
		time.Sleep(length)
		close(over)
	}()
	return over
}

var errEnded = errors.New("nobody killed it")

// A running is one child.
type running struct {
	cmd    *exec.Cmd
	input  io.Closer
	begun  chan struct{} // closed when it has said something, or ended
	gone   chan error    // gives how it ended, once
	stderr *tail
}

func (c *running) said() string { return c.stderr.text() }

// start starts a child and reads what it counts.
func (v *victim) start() (*running, error) {
	c := &running{cmd: exec.Command(v.program), begun: make(chan struct{}), gone: make(chan error, 1), stderr: &tail{}}
	c.cmd.Env = append(os.Environ(), childEnv+"="+v.jobPath)
	c.cmd.Stderr = c.stderr
	var err error
	if c.input, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the load's process: %w", err)
	}
	go func() {
		v.listen(out, c.begun)
		c.gone <- c.cmd.Wait()
	}()
	return c, nil
}

// listen adds up a child's samples until its output ends, and closes begun at
// the first. The last line of one that was killed may be half a line.
func (v *victim) listen(out io.Reader, begun chan struct{}) {
	begin := sync.OnceFunc(func() { close(begun) })
	defer begin()
	lines := json.NewDecoder(out)
	for {
		var s sample
		if lines.Decode(&s) != nil {
			return
		}
		begin()
		v.mu.Lock()
		v.counts.add(s)
		v.mu.Unlock()
	}
}

func (v *victim) sample() sample {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.counts
	v.counts = sample{}
	return s
}

func (v *victim) kills() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.killed
}

func (v *victim) failed() <-chan error { return v.ended }

// stop lets the child end by itself, once it has its answers.
func (v *victim) stop() error {
	close(v.stopping)
	return <-v.ended
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const most = 2000
	t.end = append(t.end, p...)
	if len(t.end) > most {
		t.end = t.end[len(t.end)-most:]
	}
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
