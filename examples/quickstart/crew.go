package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"sync"
)

// A crew is the load in child processes, which share the stores and divide the
// workers among themselves. With kills set they are killed (SIGKILL, wherever
// they stand) and started again, one after the other, over and over; with stops
// they are stopped (SIGSTOP) for longer than a lease lasts, and go on.
type crew struct {
	jobs   []string // each child's, a file
	kills  bool
	stops  bool
	random *rand.Rand
	pace   pace

	children []*running    // as of now, by number
	ends     chan *running // children whose process has ended
	switches chan struct{} // a switch begins

	mu     sync.Mutex
	counts sample
	done   harm

	stopping chan struct{} // closed by stop
	ended    chan error
}

// startCrew starts the children, with their jobs in files of the folder.
func startCrew(dir string, j job, set settings, p pace) (*crew, error) {
	c := &crew{kills: set.kill, stops: set.stop, pace: p, random: rand.New(rand.NewPCG(j.Load.Seed, 3)),
		children: make([]*running, set.processes), ends: make(chan *running, set.processes), switches: make(chan struct{}, 1),
		stopping: make(chan struct{}), ended: make(chan error, 1)}
	for n := range set.processes {
		j.Load.Process, j.Load.Processes = n, set.processes
		path, err := j.write(dir, fmt.Sprintf("load-%d", n))
		if err != nil {
			return nil, err
		}
		c.jobs = append(c.jobs, path)
	}
	go func() {
		defer close(c.ended)
		if err := c.work(); err != nil {
			c.ended <- err
		}
	}()
	return c, nil
}

// work keeps all children at work until stop lets them end by themselves.
func (c *crew) work() error {
	defer c.abandon()
	for n := range c.children {
		if err := c.start(n); err != nil {
			return err
		}
	}
	for victim := 0; ; victim = (victim + 1) % len(c.children) {
		select {
		case child := <-c.ends:
			return child.failure(errEnded)
		case <-c.stopping:
			return c.dismiss()
		case <-c.moment(c.children[victim]):
		}
		if err := c.harm(victim); err != nil {
			return err
		}
	}
}

// dismiss tells the children to end, and waits until they have.
func (c *crew) dismiss() error {
	for _, child := range c.children {
		child.input.Close()
	}
	for range c.children {
		child := <-c.ends
		c.children[child.number] = nil
		if child.err != nil {
			return child.failure(nil)
		}
	}
	return nil
}

// abandon ends the children that are left when something went wrong.
func (c *crew) abandon() {
	for _, child := range c.children {
		if child != nil {
			child.input.Close()
		}
	}
}

var errEnded = errors.New("nobody killed it")

// A running is one child.
type running struct {
	number int
	cmd    *exec.Cmd
	input  io.Closer
	begun  chan struct{} // closed when it has said something, or ended
	err    error         // how it ended, once it has
	stderr *tail
}

// failure is the error of a child that ended and should not have.
func (r *running) failure(why error) error {
	return fmt.Errorf("a process of the load failed: %w; it said: %s", errors.Join(r.err, why), r.stderr.text())
}

// start starts a child and reads what it counts.
func (c *crew) start(n int) error {
	cmd, err := jobCommand(c.jobs[n])
	if err != nil {
		return err
	}
	r := &running{number: n, cmd: cmd, begun: make(chan struct{}), stderr: &tail{}}
	r.cmd.Stderr = r.stderr
	if r.input, err = r.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := r.cmd.Start(); err != nil {
		return fmt.Errorf("start a process of the load: %w", err)
	}
	c.children[n] = r
	go func() {
		c.listen(out, r.begun)
		r.err = r.cmd.Wait()
		c.ends <- r
	}()
	return nil
}

// listen adds up a child's samples until its output ends, and closes begun at
// the first. The last line of one that was killed may be half a line.
func (c *crew) listen(out io.Reader, begun chan struct{}) {
	begin := sync.OnceFunc(func() { close(begun) })
	defer begin()
	lines := json.NewDecoder(out)
	for {
		var s sample
		if lines.Decode(&s) != nil {
			return
		}
		begin()
		c.mu.Lock()
		c.counts.add(s)
		c.mu.Unlock()
	}
}

func (c *crew) sample() sample {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.counts
	c.counts = sample{}
	return s
}

func (c *crew) harms() harm {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

func (c *crew) count(h harm) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = c.done.plus(h)
}

func (c *crew) failed() <-chan error { return c.ended }

// stop lets the children end by themselves, once they have their answers.
func (c *crew) stop() error {
	close(c.stopping)
	return <-c.ended
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
