package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// play does the whole run.
func play(ctx context.Context, set settings, stdout io.Writer, p pace) (err error) {
	say := func(format string, args ...any) { fmt.Fprintf(stdout, format+"\n", args...) }
	in, err := set.read()
	if err != nil {
		return err
	}
	e, err := local.Start(ctx, set.mysql, set.dynamodb)
	if err != nil {
		return usage("%w", err)
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if set.stop && e.OneTurn {
		return usage("--stop needs a MySQL server of its own: the one in this process waits for a process that is stopped inside a transaction")
	}
	if e.OneTurn {
		p.think *= oneTurnThinks
	}
	e.Tell(say)
	s, err := newSite(ctx, e, in.contract)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.made.Clear()) }()
	if err := s.prepare(ctx, in, say); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "crossfade-quickstart-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := beginBooks(dir, set.workers, in.all()); err != nil {
		return err
	}
	g := &game{site: s, set: set, pace: p, dir: dir, out: stdout, say: say}
	return g.play(ctx)
}

// prepare makes the tables on both sides and fills the one of MySQL.
func (s *site) prepare(ctx context.Context, in input, say func(string, ...any)) error {
	if err := s.fill(ctx, in.csvName, in.given, in.generated); err != nil {
		return err
	}
	say("table %s in database %s: %d rows of %s, %d generated", sourceTable, s.made.Name, len(in.given), in.csvName, len(in.generated))
	if err := s.checkSchema(ctx, say); err != nil {
		return err
	}
	say("contract: entity %s, %d attributes, no errors", s.entity.Name, len(s.entity.Attributes))
	if err := s.createTables(ctx, say); err != nil {
		return err
	}
	return s.MySQL.Init(ctx)
}

// A game is a run whose tables are ready.
type game struct {
	*site
	set  settings
	pace pace
	dir  string // of the ledgers
	out  io.Writer
	say  func(string, ...any)
}

func (g *game) play(ctx context.Context) error {
	plan := loadPlan{Workers: g.set.workers, Readers: g.set.readers, Processes: 1, Seed: g.set.seed, Ledgers: g.dir, Think: g.pace.pause(g.set)}
	g.say("load: %d workers and %d readers%s, seed %d", plan.Workers, plan.Readers, inProcesses(g.set.processes), plan.Seed)
	if g.set.harms() || g.set.processes > 1 {
		return g.apart(ctx, plan)
	}
	return g.within(ctx, plan)
}

func inProcesses(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" in %d processes", n)
}

// within has the load in this process.
func (g *game) within(ctx context.Context, plan loadPlan) error {
	l, err := startLive(ctx, g.stores, plan)
	if err != nil {
		return err
	}
	d, err := g.drive(l)
	if err != nil {
		return closing(firstError(err, l.stop()), l.ctl)
	}
	err = firstError(d.run(ctx), l.stop())
	l.settle()
	d.late(l.sample())
	if err != nil {
		return closing(err, l.ctl)
	}
	return closing(g.settle(ctx, l.ctl, d), l.ctl)
}

// drive returns what takes the group through its stages, as an operator of its
// own beside the load.
func (g *game) drive(t traffic) (*drive, error) {
	d := &drive{traffic: t, hold: g.pace.hold, patience: patience, walks: g.set.walks, bare: g.set.bare, harmed: g.set.harms(), say: g.say}
	if g.set.kill {
		d.doomed = g.doomed
	}
	var err error
	d.operator, err = g.operator(func(r migrationctl.HandoffReport) { d.parts = &r })
	return d, err
}

// operator returns one. Phase 4 need not last a day before phase 5.
func (s *stores) operator(handoff func(migrationctl.HandoffReport)) (*migrationctl.Operator, error) {
	return migrationctl.NewOperator(s.MySQL, s.Dynamo, &migrationctl.Options{Who: "quickstart",
		MinPrimary: time.Nanosecond, Handoff: handoff})
}

// apart has the load in processes of its own, which may be killed or stopped. When it is
// over, a new process, this one, takes over what the last ones left.
func (g *game) apart(ctx context.Context, plan loadPlan) error {
	plan.Tokens = g.made.Name
	v, err := startCrew(g.dir, job{Place: g.made.Place, Load: plan}, g.set, g.pace)
	if err != nil {
		return err
	}
	d, err := g.drive(v)
	if err != nil {
		return firstError(err, v.stop())
	}
	if err := firstError(d.run(ctx), v.stop()); err != nil {
		return err
	}
	d.late(v.sample())
	ctl, err := migrationctl.Open(ctx, g.MySQL, g.Dynamo, &migrationctl.Options{Who: "quickstart"})
	if err != nil {
		return err
	}
	return closing(g.settle(ctx, ctl, d), ctl)
}

// clearTimeout bounds closing the controller, also after an interruption.
const clearTimeout = 30 * time.Second

// patience is how long a stage waits for operations to end in it. Without any
// it would show nothing.
const patience = 30 * time.Second

// drainTimeout bounds how long bringing over what is left may take.
const drainTimeout = 20 * time.Second

// settle brings over what is left, compares everything and prints the outcome.
// The error is that something did not hold.
func (g *game) settle(ctx context.Context, ctl *migrationctl.Controller, d *drive) error {
	start := time.Now()
	drained, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	left, err := ctl.Drain(drained, nil)
	if err != nil {
		return fmt.Errorf("bring over what is left: %w", err)
	}
	g.say("load ended%s; %d keys were left to bring over, done in %s", d.traffic.harms(), left.Refreshed, short(time.Since(start)))
	reports, err := ctl.Verify(ctx, migrationctl.VerifyOptions{})
	if err != nil {
		return err
	}
	b, err := readBooks(g.dir, g.set.workers)
	if err != nil {
		return err
	}
	e, err := g.gather(ctx, b)
	if err != nil {
		return err
	}
	verdicts := append(reckon(b, e), verified(reports, "at the end"))
	verdicts = append(verdicts, verified(d.verified, underLoad))
	verdicts = append(verdicts, observed(d)...)
	fmt.Fprintln(g.out)
	printStages(g.out, d.stages)
	fmt.Fprintln(g.out)
	printSwitches(g.out, d.stages)
	fmt.Fprintf(g.out, "\nreckoning: %d rows, %d items, %d tombstones\n", len(e.rows), len(e.items), e.graves)
	if printVerdicts(g.out, verdicts) > 0 {
		return found("not all of it holds: see FAILED in the reckoning")
	}
	g.say("all of it holds")
	return nil
}

const underLoad = "under load"

// verified is what migrationctl's own verify says. Under load some keys never
// stand still; in the end all do.
func verified(reports []migrationctl.VerifyReport, when string) verdict {
	v := verdict{What: "keys that differ, by verify " + when}
	for _, r := range reports {
		v.Of += int(r.Compared)
		v.extra += int(r.Differences) - len(r.Named)
		if when != underLoad {
			v.extra += int(r.Unsettled)
		}
		for _, c := range r.Named {
			v.Wrong = append(v.Wrong, fmt.Sprintf("%s: columns %v, missing in %q, beside it %v", c.Key, c.Columns, c.Missing, c.Beside))
		}
	}
	return v
}

// observed is what the load itself saw.
func observed(d *drive) []verdict {
	all := d.all()
	operations := len(all.Reads) + len(all.Writes)
	idle := verdict{What: "stages without load", Of: len(d.stages)}
	for _, s := range d.stages {
		if len(s.Reads) == 0 || len(s.Writes) == 0 {
			idle.Wrong = append(idle.Wrong, s.Name)
		}
	}
	unsure := verdict{What: "writes without an answer at first, sent again with their token", Of: len(all.Writes), Wrong: all.Unsure}
	if d.harmed {
		d.say("%d writes had no answer at first, and were sent again with their token", len(all.Unsure))
		if d.doomed != nil {
			d.say("%d operators were killed inside a change of phase", d.dead)
		}
		unsure.Wrong = nil // a process that is stopped can't know what became of them
	}
	return []verdict{
		idle,
		unsure,
		{What: "answers that contradict a ledger", Of: operations, Wrong: all.Wrong},
		{What: "operations that failed", Of: operations, Wrong: all.Failed},
		{What: "mismatches of phase 3", Of: int(all.Compared), extra: int(all.Mismatches)},
	}
}

// firstError returns the first error that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// closing closes a controller, also after ctx has ended, and returns err or
// what closing gave.
func closing(err error, ctl *migrationctl.Controller) error {
	ctx, cancel := context.WithTimeout(context.Background(), clearTimeout)
	defer cancel()
	return firstError(err, ctl.Close(ctx))
}

// settle waits until the comparisons of phase 3 that are under way have ended:
// nothing says so, but their counts stand still.
func (l *live) settle() {
	const quiet, most = 200 * time.Millisecond, 3 * time.Second
	last, since := l.ctl.Stats(), time.Now()
	for start := since; time.Since(since) < quiet && time.Since(start) < most; {
		time.Sleep(20 * time.Millisecond)
		if now := l.ctl.Stats(); now != last {
			last, since = now, time.Now()
		}
	}
}
