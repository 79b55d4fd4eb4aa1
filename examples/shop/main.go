package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/migrationctl"
)

var (
	//go:embed contract.json
	contractJSON []byte
	//go:embed schema.sql
	schema string
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

// A setting is what the command was told.
type setting struct {
	dsn, endpoint, address, secret string
	walk                           time.Duration
	demo                           bool
}

func settings(args []string) (o setting, err error) {
	flags := flag.NewFlagSet("shop", flag.ContinueOnError)
	flags.StringVar(&o.dsn, "mysql", "", "`DSN` of a MySQL or MariaDB server")
	flags.StringVar(&o.endpoint, "dynamodb-endpoint", "", "`URL` of a DynamoDB engine")
	flags.StringVar(&o.address, "listen", "127.0.0.1:8080", "`ADDRESS` to serve at")
	flags.StringVar(&o.secret, "secret", "", "`TEXT` that tokens are signed with; default one of this run's own")
	flags.DurationVar(&o.walk, "walk", 0, "go to the next phase each time this has passed; 0 stays in phase 1")
	flags.BoolVar(&o.demo, "demo", false, "let a hundred shoppers buy through all phases, settle accounts, and end")
	err = flags.Parse(args)
	switch {
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("%q is not understood; flags are all that is", flags.Arg(0))
	case o.walk < 0:
		err = errors.New("--walk can't be negative")
	case o.demo && o.walk == 0:
		o.walk = demoPause
	}
	if err == nil && o.secret == "" {
		o.secret = rand.Text()
	}
	return o, err
}

// run serves the shop until the context ends, on tables of the run's own.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	o, err := settings(args)
	if err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	engines, err := local.Start(ctx, o.dsn, o.endpoint)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engines.Close()) }()
	engines.Tell(say)
	site, ctl, err := open(ctx, engines)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.Shut(ctl), site.Clear()) }()
	cost := bcrypt.DefaultCost
	if o.demo {
		cost = bcrypt.MinCost // a hundred at once, that guard nothing
	}
	s, err := newShop(ctl, []byte(o.secret), cost)
	if err != nil {
		return err
	}
	password, err := s.furnish(ctx)
	if err != nil {
		return err
	}
	walk := func() error { return local.Walk(ctx, ctl, o.walk, say) }
	if o.demo {
		d, err := newDemo(ctx, s, browsing(engines))
		if err != nil {
			return err
		}
		ctx, leave := context.WithCancel(ctx)
		defer leave()
		return local.Serve(ctx, o.address, newServer(s), func(address string) error { defer leave(); return d.play(ctx, address, walk, say) })
	}
	return local.Serve(ctx, o.address, newServer(s), func(address string) error {
		greet(address, password, say)
		if o.walk == 0 {
			return nil
		}
		return walk()
	})
}

// demoPause is how long a demo stays in a phase.
const demoPause = 3 * time.Second

// browsing is how long a shopper of a demo thinks. The MySQL that is in this process
// has one writing transaction at a time.
func browsing(e *local.Engines) time.Duration {
	if e.OneTurn {
		return 8 * time.Second
	}
	return 3 * time.Second
}

// greet says where the shop is and what to ask it first.
func greet(address, password string, say func(string, ...any)) {
	say("serving at http://%s; try:", address)
	say("  curl 'http://%s/api/products?search=espresso'", address)
	say("  curl -d '{\"username\":\"admin\",\"password\":\"%s\"}' http://%s/api/auth/login", password, address)
	say("The same password signs in Tea_Chest, who sells, and TeaXChest and bo_, who buy.")
}

// open makes a database with the tables and opens the controller, which a service
// does when it starts. The hooks are told of what happens.
func open(ctx context.Context, engines *local.Engines, hooks ...dal.Hook) (*local.Site, *migrationctl.Controller, error) {
	site, err := local.NewSite(ctx, engines, "shop", contractJSON)
	if err != nil {
		return nil, nil, err
	}
	for _, create := range strings.SplitAfter(schema, ";\n") {
		if err == nil && strings.TrimSpace(create) != "" {
			_, err = site.DB.ExecContext(ctx, create)
		}
	}
	if err == nil {
		err = site.CreateTables(ctx, nil)
	}
	if err == nil {
		err = site.MySQL.Init(ctx)
	}
	var ctl *migrationctl.Controller
	if err == nil {
		ctl, err = migrationctl.Open(ctx, site.MySQL, site.Dynamo, &migrationctl.Options{Who: "shop", Hooks: hooks})
	}
	if err != nil {
		return nil, nil, errors.Join(err, site.Clear())
	}
	return site, ctl, nil
}
