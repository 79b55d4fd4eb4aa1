// Command migrationctl is what an operator types to move a group of entities
// from MySQL to DynamoDB while its service keeps serving:
//
//	migrationctl contract check --contract contract.json --mysql DSN --write
//	migrationctl prepare        --contract contract.json --mysql DSN --dynamodb-endpoint URL
//	migrationctl capture on     …
//	migrationctl phase set 2    …
//	migrationctl backfill       …
//	migrationctl phase set 3    …
//	migrationctl verify         …
//
// It exits with 0 if what was asked is done, with 1 if it found errors or
// differences, refused, failed or was interrupted, and with 2 if it was called
// wrongly or can't work with a database, an account or a service as they are
// set up. What it prints holds no values of rows, save preview, whose purpose
// they are, the primary keys that contract check --data shows, and what
// --show-keys asks for.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup's is to stay so
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	// The first signal asks to stop; a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], environment{
		Getenv:      os.Getenv,
		Stdin:       os.Stdin,
		Interactive: term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		Terminal:    term.IsTerminal(int(os.Stderr.Fd())),
	}, os.Stdout, os.Stderr))
}
