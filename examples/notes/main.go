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
	"os"
	"os/signal"
	"syscall"

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
	defer func() { err = errors.Join(err, local.Shut(ctl), s.Clear()) }()
	notes, err := dal.NewRepository[Note](ctl, "notes")
	if err != nil {
		return err
	}
	return local.Serve(ctx, *address, newServer(notes), func(address string) error {
		say("serving at http://%s; try:", address)
		say("  curl -X POST -H 'X-User-Id: ann' -d '{\"content\":\"hello\"}' http://%s/notes", address)
		say("  curl -H 'X-User-Id: ann' http://%s/notes", address)
		if *walk == 0 {
			return nil
		}
		return local.Walk(ctx, ctl, *walk, say)
	})
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
