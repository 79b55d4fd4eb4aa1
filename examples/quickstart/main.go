// Command quickstart moves a users table from MySQL to DynamoDB while it is being
// used, back, and forth again, and then settles accounts:
//
//	go run ./examples/quickstart [--processes N] [--kill] [--stop] [--walks N] [--bare]
//
// It uses the MySQL or MariaDB and the DynamoDB engine that are named, or finds
// and starts them, or has them in its own process where there are none; makes a
// database and a DynamoDB table of its own; loads users.csv and generated rows;
// and runs workers that read, create, update and delete through one repository,
// while an operator goes 1 bare, capture on, 2, backfill, 3, verify, 4, 5, verify,
// back to 4 and 3, and forth to 4. Every worker keeps a ledger of what was
// acknowledged. In the end it prints how many requests met each switch, how long
// these waited and how many failed, and what each part of a hand-off took; and
// the ledgers are compared with what both stores hold, read without the library.
//
// With --processes the load runs in that many processes, which share the stores.
// With --kill they are killed (SIGKILL) and started again, one after the other,
// in every stage and at every part of a switch, and so is a first operator of
// every change of phase. With --stop they are stopped (SIGSTOP) for longer than
// a lease lasts, and go on; with both, either happens.
//
// A contract of one's own that names no unique columns ends the walk in phase 3,
// with the reason: DynamoDB would take what MySQL refuses.
//
// It exits with 0 only if no acknowledged write is lost, no key differs, no
// deleted key is back and every lookup is answered alike; with 1 if anything of
// that does not hold, or the input is wrong; with 2 if it was called wrongly or
// can't work with the engines. What it made is removed in any case.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

//go:embed users.csv
var usersCSV []byte

//go:embed contract.json
var contractJSON []byte

func main() {
	if path := os.Getenv(childEnv); path != "" {
		os.Exit(runChild(path, os.Stdin, os.Stdout, os.Stderr))
	}
	// A reader that goes away, as in "quickstart | head", must not keep the run
	// from clearing up, however often it writes until then: the signal that would
	// end it is taken and not looked at. It says nothing of the reader, since a
	// client of the engines in this process that hangs up brings it too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, lost := context.WithCancel(context.Background())
	stdout := &outlet{os.Stdout, lost}
	// The first of these asks to stop and clear up; a second one ends it at once.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], stdout, os.Stderr, normalPace()))
}

// An outlet is the standard output. It stops the run when nobody reads it.
type outlet struct {
	io.Writer
	lost func()
}

func (o *outlet) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if err != nil {
		o.lost()
	}
	return n, err
}

// A pace says how long the run takes. Tests have a quicker one.
type pace struct {
	hold     time.Duration // each stage, at least
	think    time.Duration // mean pause between two operations of each of six workers
	shortest time.Duration // life of a process until it is killed, if it is the only one
	longest  time.Duration
}

func normalPace() pace {
	return pace{hold: 700 * time.Millisecond, think: 8 * time.Millisecond,
		shortest: 250 * time.Millisecond, longest: 1250 * time.Millisecond}
}

// oneTurnThinks is how many times as long the pauses are where transactions of
// MySQL follow one another: as a follower it would not keep up.
const oneTurnThinks = 5

// pause returns the mean pause of each worker. More than six do not offer more
// load unless asked to: with the engines beside them, that would only be a test
// of how much the machine can do.
func (p pace) pause(set settings) time.Duration {
	if set.think > 0 {
		return set.think
	}
	return p.think * time.Duration(max(set.workers, 6)) / 6
}

// Settings are what the flags say.
type settings struct {
	mysql, dynamodb        string
	csvFile, contractFile  string
	rows, workers, readers int
	processes, walks       int
	think                  time.Duration
	seed                   uint64
	kill, stop, bare       bool
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, p pace) int {
	set, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err == nil {
		err = play(ctx, set, stdout, p)
	}
	if err != nil {
		return complain(ctx, stderr, err)
	}
	return exitDone
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var set settings
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&set.mysql, "mysql", "", "`DSN` of a MySQL or MariaDB server; default: CROSSFADE_MYSQL_DSN, or one that is found and started, or memmysql in this process")
	flags.StringVar(&set.dynamodb, "dynamodb-endpoint", "", "`URL` of a DynamoDB engine; default: CROSSFADE_DYNAMODB_ENDPOINT, or one that is found and started, or dynamotest in this process")
	flags.StringVar(&set.csvFile, "csv", "", "CSV `FILE` with users; default: the three that are built in")
	flags.StringVar(&set.contractFile, "contract", "", "migration contract, a JSON `FILE`; default: the one that is built in")
	flags.IntVar(&set.rows, "rows", 2000, "how many rows to generate beside those of the CSV file")
	flags.IntVar(&set.workers, "workers", 6, "how many workers write; half as many more only read")
	flags.DurationVar(&set.think, "think", 0, "mean pause of a worker between two operations; 0 is 8ms, and more if there are more than six, or if MySQL is in this process")
	flags.Uint64Var(&set.seed, "seed", 0, "seed of rows and of the workers' choices; 0 draws one and says it")
	flags.IntVar(&set.processes, "processes", 1, "how many processes the load runs in, which share the stores; one is this process, unless with --kill or --stop")
	flags.BoolVar(&set.kill, "kill", false, "run the load in processes that are killed and restarted all the time")
	flags.BoolVar(&set.stop, "stop", false, "run the load in processes that are stopped, longer than a lease lasts, and go on")
	flags.IntVar(&set.walks, "walks", 1, "how often to go from phase 1 to 5, back to 3 and forth to 4")
	flags.BoolVar(&set.bare, "bare", false, "have phase 5 without capture for a while, and fill MySQL from DynamoDB to get back; takes half a minute more")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return set, err
		}
		return set, usage("%w", err)
	}
	if set.seed == 0 {
		set.seed = rand.Uint64()>>32 + 1
	}
	set.readers = (set.workers + 1) / 2
	return set, set.check(flags.Args())
}

func (set *settings) check(rest []string) error {
	const most = 64 // more would only wait for each other
	switch {
	case len(rest) > 0:
		return usage("unknown argument %q; see --help", rest[0])
	case set.rows < 0:
		return usage("--rows is %d, and it is a number of rows; give 0 or more", set.rows)
	case set.rows > 500_000:
		return usage("--rows is %d; give 500000 at most, so that ids of loaded and of new users stay apart", set.rows)
	case set.workers < 1 || set.workers > most:
		return usage("--workers is %d; give 1 to %d", set.workers, most)
	case set.processes < 1 || set.processes > set.workers:
		return usage("--processes is %d; give 1 to %d, so that each has a worker", set.processes, set.workers)
	case set.think < 0 || set.think > time.Minute:
		return usage("--think is %v; give 0 to 1m", set.think)
	case set.stop && !canStop:
		return usage("--stop needs the signals SIGSTOP and SIGCONT, which this system does not have")
	case set.walks < 1:
		return usage("--walks is %d; give 1 or more", set.walks)
	}
	return nil
}

// harms reports whether processes are killed or stopped.
func (set *settings) harms() bool { return set.kill || set.stop }

// An input is what the run works on, checked.
type input struct {
	contract  []byte
	csvName   string
	given     []csvRow
	generated []plain
}

// all returns all rows that are loaded.
func (in input) all() []plain {
	rows := make([]plain, 0, len(in.given)+len(in.generated))
	for _, r := range in.given {
		rows = append(rows, r.plain)
	}
	return append(rows, in.generated...)
}

// read reads and checks the input before anything is touched.
func (set *settings) read() (input, error) {
	in := input{contract: contractJSON, csvName: set.csvFile}
	users := usersCSV
	var err error
	if set.contractFile != "" {
		if in.contract, err = os.ReadFile(set.contractFile); err != nil {
			return in, usage("--contract: %w", err)
		}
	}
	m, err := loadMapping(orBuiltIn(set.contractFile, "contract.json"), in.contract)
	if err != nil {
		return in, err
	}
	if set.csvFile != "" {
		if users, err = os.ReadFile(set.csvFile); err != nil {
			return in, usage("--csv: %w", err)
		}
	}
	in.csvName = orBuiltIn(set.csvFile, "users.csv")
	if in.given, err = readCSV(in.csvName, users); err != nil {
		return in, err
	}
	if err := m.checkRows(in.csvName, in.given); err != nil {
		return in, err
	}
	in.generated = generate(set.rows, set.seed, in.given)
	return in, nil
}

func orBuiltIn(file, name string) string {
	if file == "" {
		return name + " (built in)"
	}
	return file
}
