package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
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
	defer func() { err = errors.Join(err, shut(ctl), site.Clear()) }()
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
	walk := func() error { return stroll(ctx, ctl, o.walk, say) }
	if o.demo {
		d, err := newDemo(ctx, s, browsing(engines))
		if err != nil {
			return err
		}
		ctx, leave := context.WithCancel(ctx)
		defer leave()
		return serve(ctx, s, o, func(address string) error { defer leave(); return d.play(ctx, address, walk, say) })
	}
	return serve(ctx, s, o, func(address string) error {
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
}

// serve answers requests until the context ends, and those that are under way then.
// Once it does, opened is called with its address.
func serve(ctx context.Context, s *shop, o setting, opened func(address string) error) error {
	listener, err := net.Listen("tcp", o.address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newServer(s), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if err = opened(listener.Addr().String()); err == nil {
		select {
		case err = <-ended:
		case <-ctx.Done():
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(end))
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

// shut closes the controller, also after an interruption.
func shut(ctl *migrationctl.Controller) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return ctl.Close(ctx)
}

// stroll goes up to phase 5 and back to 1 while the shop is open. An operator does
// the same with the command line, from anywhere.
func stroll(ctx context.Context, ctl *migrationctl.Controller, pause time.Duration, say func(string, ...any)) error {
	why := migrationctl.Change{Reason: "a walk", Force: true} // phase 4 need not last a day here
	set := func(p dal.Phase) func() error { return func() error { return ctl.SetPhase(ctx, p, why) } }
	fill := func() error { return ctl.Backfill(ctx, migrationctl.BackfillOptions{}) }
	verify := func() error { return alike(ctx, ctl, say) }
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
		{"2 again", []func() error{set(dal.DualWrite), verify}},
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

// alike compares the stores, key by key. A key that changed whenever it was looked at
// is no difference, and keeps the comparison from counting: so it is made again.
func alike(ctx context.Context, ctl *migrationctl.Controller, say func(string, ...any)) error {
	for {
		reports, err := ctl.Verify(ctx, migrationctl.VerifyOptions{})
		if err != nil {
			return err
		}
		var keys, differ, unsettled int64
		for _, r := range reports {
			keys, differ, unsettled = keys+r.Compared, differ+r.Differences, unsettled+r.Unsettled
		}
		say("  compared under load: %d keys, %d differ, %d still changing", keys, differ, unsettled)
		if differ > 0 {
			return errors.New("the stores differ")
		}
		if unsettled == 0 || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
