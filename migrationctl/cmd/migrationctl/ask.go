package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore"
)

// asker returns a function that asks before each table. Where nobody can be
// asked, it refuses: a script says --yes.
func (c *cli) asker(ctx context.Context) func(dynamostore.TablePlan) (bool, error) {
	answers := bufio.NewReader(c.env.Stdin)
	return func(p dynamostore.TablePlan) (bool, error) {
		verb := "create"
		if p.Exists() {
			verb = "change"
		}
		if !c.env.Interactive {
			return false, usage("table %s would be %sd, and there is no terminal to ask on; give --yes", p.Table, verb)
		}
		t, _ := planned(p)
		t.describe(c.stderr)
		fmt.Fprintf(c.stderr, "%s table %s? [y/N] ", verb, p.Table)
		answer, err := readLine(ctx, answers)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "y", "yes":
			return true, nil
		}
		return false, nil
	}
}

// readLine reads one line, and gives up when ctx ends: an interrupt at a
// question must not wait for its answer. The reader is then left behind, which
// the end of the process takes care of.
func readLine(ctx context.Context, r *bufio.Reader) (string, error) {
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := r.ReadString('\n')
		read <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case l := <-read:
		if l.err != nil && !errors.Is(l.err, io.EOF) {
			return "", l.err
		}
		return l.text, nil
	}
}
