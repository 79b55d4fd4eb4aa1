package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// childEnv holds the path of a job, and makes the program do that job instead.
const childEnv = "CROSSFADE_HANDOFFS_JOB"

// tellEvery is how often a child says what it has counted.
const tellEvery = 50 * time.Millisecond

// A job is what a child process does.
type job struct {
	Place                         local.Place
	Rows, Workers, First, WorkAll int
}

// A sample is what a process has counted since it last told.
type sample struct {
	Operations, Late, Failed int
	Errors                   []string    // the first of the failures
	Notable                  []operation // that met a hand-off or were slow
	Waited                   int64       // operations that waited, by the library's own count
}

func (s *sample) count(o operation, late bool, err error) {
	s.Operations++
	if late {
		s.Late++
	}
	if o.Met || o.Queued || o.To.Sub(o.From) > slow {
		s.Notable = append(s.Notable, o)
	}
	if err != nil {
		s.Failed++
		s.Errors = someOf(append(s.Errors, err.Error()))
	}
}

func (s *sample) add(o sample) {
	s.Operations += o.Operations
	s.Late += o.Late
	s.Failed += o.Failed
	s.Waited += o.Waited
	s.Errors = someOf(append(s.Errors, o.Errors...))
	s.Notable = append(s.Notable, o.Notable...)
}

// someOf keeps enough errors to see what is wrong.
func someOf(errs []string) []string { return errs[:min(len(errs), 5)] }

// runChild does the job of a file until its standard input ends, which it also
// does when the parent dies. Each line of the input is a pace, each of the output
// a sample.
func runChild(path string, stdin io.Reader, stdout, stderr io.Writer) int {
	signal.Ignore(os.Interrupt) // Ctrl-C reaches the whole group; the parent says when to stop
	if err := child(path, stdin, json.NewEncoder(stdout)); err != nil {
		fmt.Fprintln(stderr, "handoffs: the load:", err)
		return exitFailed
	}
	return exitDone
}

func child(path string, stdin io.Reader, out *json.Encoder) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var j job
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	s, err := j.Place.Open()
	if err != nil {
		return err
	}
	defer s.Close()
	ctl, err := migrationctl.Open(context.Background(), markingMySQL{s.MySQL}, markingDynamoDB{s.Dynamo}, &migrationctl.Options{Who: "handoffs"})
	if err != nil {
		return err
	}
	l := &load{rows: j.Rows, workers: j.Workers, first: j.First, workAll: j.WorkAll, paced: make(chan struct{})}
	if l.accounts, err = dal.NewRepository[account](ctl, "Accounts"); err != nil {
		return errors.Join(err, closing(ctl))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); l.run(ctx) }()
	err = l.obey(stdin, out, ctl)
	cancel()
	<-ended
	return errors.Join(err, out.Encode(l.take(ctl)), closing(ctl))
}

// clearTimeout bounds closing the controller, also after an interruption.
const clearTimeout = 30 * time.Second

func closing(ctl *migrationctl.Controller) error {
	ctx, cancel := context.WithTimeout(context.Background(), clearTimeout)
	defer cancel()
	return ctl.Close(ctx)
}

// obey follows the paces of the input until it ends, and tells what it counts.
func (l *load) obey(stdin io.Reader, out *json.Encoder, ctl *migrationctl.Controller) error {
	input := make(chan error, 1)
	go func() {
		lines := json.NewDecoder(stdin)
		for {
			var p pace
			if err := lines.Decode(&p); err != nil {
				input <- err
				return
			}
			l.set(p)
		}
	}()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	// The first line says that this process has joined.
	for err := out.Encode(sample{}); ; {
		if err != nil {
			return err
		}
		select {
		case err := <-input:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		case <-tick.C:
			err = out.Encode(l.take(ctl))
		}
	}
}

// take returns what was counted since the last call.
func (l *load) take(ctl *migrationctl.Controller) sample {
	waited := ctl.Stats().Waited
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.counts
	s.Waited = waited - l.told
	l.counts, l.told = sample{}, waited
	return s
}
