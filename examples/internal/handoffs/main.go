// Command handoffs measures how long requests wait when the authority changes
// hands, in both directions, while several healthy processes work at half load:
//
//	go run ./examples/internal/handoffs [--mysql DSN] [--dynamodb-endpoint URL] [--processes 8] [--turns 20]
//
// The engines are the ones that are named, or found and started, or this
// repository's own in this process, as with the quickstart. The load runs in
// processes of its own (this program, started again), each with a controller and
// workers that read (half of the operations), update, put and create records of a
// small table with a unique column. First the same processes work without a
// pause, in phase 3 and in phase 4, with one worker each, two, four and so on.
// Where a phase saturates is the best rate of it that the follower keeps up with;
// half load is half of the smaller one. The times are long enough for a pause of
// an engine to count: the best of short ones is what it can do for a moment. Then each worker has a schedule with
// random intervals that does not depend on how long its operations take; an
// operation whose time comes while its worker is busy begins late, and how many
// did is printed. Meanwhile the authority goes from MySQL to DynamoDB and back,
// over and over, driven by this process.
//
// What the numbers mean:
//
//   - An operation met a hand-off if a store turned it away because of the phase,
//     which is when the library makes it wait. Its wait is the whole time from
//     call to answer, so that time before it was turned away, and the work itself,
//     count too.
//   - One that was due while its worker waited like that counts as one that met
//     the hand-off too (queued), and from when it was due: in a service with a
//     goroutine per request it would have met it by itself.
//   - The line on slow writes is a check that this misses nothing: writes of more
//     than 100 ms that met no hand-off, beside one and at other times.
//   - The parts of a hand-off are those of migrationctl.HandoffReport. "Fleet
//     obeys" is the whole step, "again" how often one came to nothing first and
//     was asked for again, because a store was too slow; its time counts too.
//
// The engines share the machine with the load, so that absolute rates say little
// about a service; see the number of processors in the first lines.
//
// It exits with 0 if no operation failed, with 1 if one did, also without a pause
// between them, or the run could not be made, with 2 if it was called wrongly.
// Missing the goal, 500 ms for 99 % of the writes that meet a hand-off, is printed
// and is no failure. What it made is removed in any case.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	if path := os.Getenv(childEnv); path != "" {
		os.Exit(runChild(path, os.Stdin, os.Stdout, os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Settings are what the flags say.
type settings struct {
	mysql, dynamodb           string
	processes, workers, turns int
	rows                      int
	saturate, pause           time.Duration
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	set, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitUsage
	}
	if err := bench(ctx, set, stdout); err != nil {
		fmt.Fprintln(stderr, "handoffs:", err)
		return exitFailed
	}
	return exitDone
}

// parse reads the flags and has said what is wrong with them.
func parse(args []string, stderr io.Writer) (settings, error) {
	var set settings
	flags := flag.NewFlagSet("handoffs", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&set.mysql, "mysql", "", "`DSN` of a MySQL or MariaDB server; default: CROSSFADE_MYSQL_DSN, or one that is found and started, or memmysql in this process")
	flags.StringVar(&set.dynamodb, "dynamodb-endpoint", "", "`URL` of a DynamoDB engine; default: CROSSFADE_DYNAMODB_ENDPOINT, or one that is found and started, or dynamotest in this process")
	flags.IntVar(&set.processes, "processes", 8, "how many processes the load runs in")
	flags.IntVar(&set.workers, "workers", 8, "how many workers each of them has")
	flags.IntVar(&set.turns, "turns", 20, "how many hand-offs to make in each direction")
	flags.IntVar(&set.rows, "rows", 4000, "how many rows the table has at first")
	flags.DurationVar(&set.saturate, "saturate", 10*time.Second, "how long to work without a pause, with each number of workers in each of the two phases")
	flags.DurationVar(&set.pause, "pause", time.Second, "how long to wait after each hand-off")
	if err := flags.Parse(args); err != nil {
		return set, err
	}
	err := set.check(flags.NArg())
	if err != nil {
		fmt.Fprintln(stderr, "handoffs:", err)
	}
	return set, err
}

func (set *settings) check(more int) error {
	switch {
	case more > 0:
		return errors.New("there are flags only; see --help")
	case set.processes < 1 || set.workers < 1 || set.turns < 1:
		return errors.New("--processes, --workers and --turns are 1 at least")
	case set.rows < set.processes*set.workers || set.rows >= firstCreated:
		return fmt.Errorf("--rows is %d; give each worker one, and less than %d in all", set.rows, firstCreated)
	case set.saturate <= 0 || set.pause <= 0:
		return errors.New("--saturate and --pause are longer than 0")
	}
	return nil
}
