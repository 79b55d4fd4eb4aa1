package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// childEnv holds the path of a job, and makes the program do that job instead.
// It is how the run starts the processes of its load, and those it kills. A path, because the job has a
// DSN in it, which other users of the machine could read in an argument.
const childEnv = "CROSSFADE_QUICKSTART_JOB"

// tellEvery is how often a child says what it has counted: what a kill makes
// it forget at most.
const tellEvery = 50 * time.Millisecond

// A job is what a child process does: the load, or one change of phase.
type job struct {
	Place local.Place
	Load  loadPlan
	To    dal.Phase // 0 for the load
}

// write puts a job into a file of a folder and returns its path.
func (j job) write(dir, name string) (string, error) {
	data, err := json.Marshal(j)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name+".json")
	return path, os.WriteFile(path, data, 0o600)
}

// jobCommand returns the command that does the job of a file.
func jobCommand(path string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	return cmd, nil
}

// runChild does the job of a file until its standard input ends, which it also
// does when the parent dies. It prints one sample a line.
func runChild(path string, stdin io.Reader, stdout, stderr io.Writer) int {
	// Ctrl-C reaches the whole group; the parent says when to stop.
	signal.Ignore(os.Interrupt)
	if err := child(path, stdin, stdout); err != nil {
		fmt.Fprintln(stderr, "quickstart:", err)
		return exitFound
	}
	return exitDone
}

func child(path string, stdin io.Reader, stdout io.Writer) error {
	// The first line says that the program has begun: its packages need their
	// time before it does, which is not part of its life.
	if err := json.NewEncoder(stdout).Encode(sample{}); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var j job
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	s, err := openStores(j.Place)
	if err != nil {
		return err
	}
	defer s.Close()
	if j.To != 0 {
		return s.setPhase(j.To)
	}
	l, err := startLive(context.Background(), s, j.Load)
	if err != nil {
		return err
	}
	return closing(l.tell(stdin, json.NewEncoder(stdout)), l.ctl)
}

// setPhase turns the phase, as an operator does from the command line.
func (s *stores) setPhase(to dal.Phase) error {
	operator, err := s.operator(nil)
	if err != nil {
		return err
	}
	return turn(context.Background(), operator, to)
}

// turnTries is how often a step is tried for which the follower must catch up.
// An engine on a busy machine may stand still for longer than a step waits.
const turnTries = 3

// turn makes a step, as a patient operator does.
func turn(ctx context.Context, operator *migrationctl.Operator, to dal.Phase) error {
	var err error
	for range turnTries {
		if err = operator.SetPhase(ctx, to, migrationctl.Change{Reason: "walk"}); !errors.Is(err, migrationctl.ErrBehind) || ctx.Err() != nil {
			break
		}
	}
	return err
}

// tell prints samples until the input ends, and then ends the load.
func (l *live) tell(stdin io.Reader, out *json.Encoder) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, stdin)
	}()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := out.Encode(l.sample()); err != nil {
				return err
			}
		case err := <-l.ended:
			return err
		case <-ended:
			err := l.stop()
			l.settle()
			return firstError(err, out.Encode(l.sample()))
		}
	}
}
