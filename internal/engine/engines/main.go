// Engines starts MySQL and every DynamoDB engine of the machine, or uses those
// that are named, so that many tests and commands can share them.
//
//	go run ./internal/engine/engines go test ./...
//
// runs a command with the engines in its environment and stops them after it,
// with the command's exit code. Without a command it prints the environment as
// a shell reads it, with "# ready" as the last line, and goes on until its
// standard input ends or it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/crossfade-go/crossfade/internal/engine"
)

// How long the engines may take to answer.
const startTimeout = 2 * time.Minute

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "engines:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// run starts the engines, does what was asked, and stops them.
func run(command []string) (code int, err error) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	e, err := start(ctx)
	defer func() { err = errors.Join(err, e.close()) }()
	if err != nil {
		return 1, err
	}
	if len(command) == 0 {
		printShell(os.Stdout, e.environment())
		hold(ctx, os.Stdin)
		return 0, nil
	}
	return runCommand(command, e.environment())
}

// The engines that run, as far as they could be started.
type engines struct {
	mysql  *engine.MySQL
	dynamo []*engine.DynamoDB
}

func start(ctx context.Context) (e engines, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if e.mysql, err = engine.StartMySQL(ctx, engine.Options{}); err != nil {
		return e, err
	}
	fmt.Fprintln(os.Stderr, "engines:", e.mysql.Describe())
	if e.dynamo, err = engine.StartEveryDynamoDB(ctx, engine.Options{}); err != nil {
		return e, err
	}
	for _, d := range e.dynamo {
		fmt.Fprintln(os.Stderr, "engines:", d.Describe())
	}
	return e, nil
}

func (e engines) close() error {
	var errs []error
	if e.mysql != nil {
		errs = append(errs, e.mysql.Close())
	}
	for _, d := range e.dynamo {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// environment is what names these engines to package engine.
func (e engines) environment() []string {
	var urls []string
	for _, d := range e.dynamo {
		urls = append(urls, d.Endpoint())
	}
	return []string{
		engine.EnvMySQL + "=" + e.mysql.DSN(""),
		engine.EnvDynamoDBList + "=" + strings.Join(urls, ","),
	}
}

// printShell prints variables as a shell reads them.
func printShell(w io.Writer, environment []string) {
	for _, pair := range environment {
		name, value, _ := strings.Cut(pair, "=")
		fmt.Fprintf(w, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	fmt.Fprintln(w, "# ready")
}

// hold returns when the input ends, which a shell's does however it dies, or
// when the context does.
func hold(ctx context.Context, input io.Reader) {
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, input)
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// runCommand runs the command to its end and returns its exit code. An
// interrupt from a terminal reaches it directly, as it is in the same process
// group; it says when it is over.
func runCommand(command, environment []string) (int, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}
