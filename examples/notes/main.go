// Command notes serves notes of users over HTTP: create, list newest first by page,
// get, update and delete, on a key of two parts, userId and noteId. It is the
// smallest service with a sort key, and the one to read first: notes.go is the
// service, which knows of no store and no phase, and this file puts it on stores.
//
//	go run ./examples/notes
//	curl -X POST -H 'X-User-Id: ann' -d '{"content":"hello"}' http://127.0.0.1:8080/notes
//
// It runs on the engines that are named or found, or in this process, with a
// database and tables of its own that it removes in the end. With --walk 10s it
// goes from phase to phase, up to 5 and back to 1, one every ten seconds: its
// clients see no difference (TestParity).
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/migrationctl"
)

var (
	//go:embed contract.json
	contractJSON []byte
	//go:embed schema.sql
	createNotes string
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "notes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("notes", flag.ContinueOnError)
	dsn := flags.String("mysql", "", "`DSN` of a MySQL or MariaDB server")
	endpoint := flags.String("dynamodb-endpoint", "", "`URL` of a DynamoDB engine")
	address := flags.String("listen", "127.0.0.1:8080", "`ADDRESS` to serve at")
	walk := flags.Duration("walk", 0, "go to the next phase each time this has passed; 0 stays in phase 1")
	if err := flags.Parse(args); err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	engines, err := local.Start(ctx, *dsn, *endpoint)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engines.Close()) }()
	engines.Tell(say)
	s, ctl, err := open(ctx, engines)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut(ctl), s.Clear()) }()
	notes, err := dal.NewRepository[Note](ctl, "notes")
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newServer(notes), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	say("serving at http://%s; try:", listener.Addr())
	say("  curl -X POST -H 'X-User-Id: ann' -d '{\"content\":\"hello\"}' http://%s/notes", listener.Addr())
	say("  curl -H 'X-User-Id: ann' http://%s/notes", listener.Addr())
	if *walk > 0 {
		err = stroll(ctx, ctl, *walk, say)
	}
	if err == nil {
		select {
		case err = <-ended:
		case <-ctx.Done():
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(end)) // requests under way get their answers
}

// open makes a database with the table and opens the controller, which a service
// does when it starts.
func open(ctx context.Context, engines *local.Engines) (*local.Site, *migrationctl.Controller, error) {
	s, err := local.NewSite(ctx, engines, "notes", contractJSON)
	if err != nil {
		return nil, nil, err
	}
	if _, err = s.DB.ExecContext(ctx, createNotes); err == nil {
		if err = s.CreateTables(ctx, nil); err == nil {
			err = s.MySQL.Init(ctx)
		}
	}
	var ctl *migrationctl.Controller
	if err == nil {
		ctl, err = migrationctl.Open(ctx, s.MySQL, s.Dynamo, &migrationctl.Options{Who: "notes"})
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.Clear())
	}
	return s, ctl, nil
}

// shut closes the controller, also after an interruption.
func shut(ctl *migrationctl.Controller) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return ctl.Close(ctx)
}

// stroll goes up to phase 5 and back to 1 while the service is being used. An
// operator does the same with the command line, from anywhere.
func stroll(ctx context.Context, ctl *migrationctl.Controller, pause time.Duration, say func(string, ...any)) error {
	why := migrationctl.Change{Reason: "a walk", Force: true} // phase 4 need not last a day here
	set := func(p dal.Phase) func() error { return func() error { return ctl.SetPhase(ctx, p, why) } }
	fill := func() error { return ctl.Backfill(ctx, migrationctl.BackfillOptions{}) }
	verify := func() error { _, err := ctl.Verify(ctx, migrationctl.VerifyOptions{}); return err }
	for _, step := range []struct {
		name string
		do   []func() error
	}{
		{"2, both are written", []func() error{func() error { return ctl.CaptureOn(ctx, why) }, set(dal.DualWrite), fill}},
		{"3, reads are compared", []func() error{set(dal.Validate), verify}},
		{"4, DynamoDB leads", []func() error{set(dal.DynamoDBPrimary)}},
		{"5, DynamoDB alone", []func() error{set(dal.DynamoDBOnly)}},
		{"4 again", []func() error{verify, set(dal.DynamoDBPrimary)}},
		{"3 again, MySQL leads", []func() error{set(dal.Validate)}},
		{"2 again", []func() error{set(dal.DualWrite)}},
		{"1 again, MySQL alone", []func() error{set(dal.MySQLOnly)}},
	} {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		for _, do := range step.do {
			if err := do(); err != nil {
				return err
			}
		}
		say("phase %s", step.name)
	}
	return nil
}
