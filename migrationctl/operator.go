package migrationctl

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// MySQL is what this package needs of the store that leads in phases 1 to 3 and
// follows in phase 4; mysqlstore's is one.
type MySQL interface {
	store.Store
}

// DynamoDB is what this package needs of the store that follows in phases 2
// and 3 and leads in 4 and 5; dynamostore's is one.
type DynamoDB interface {
	store.Store
	store.Leases
	store.Beside
}

// Options are the choices of an Operator and a Controller. The zero value of
// each field means its default.
type Options struct {
	// Who is written into the audit. Default: the host's name.
	Who string
	// Policy, PromptBudget and Hooks are passed to the router; see
	// dal.RouterOptions.
	Policy       dal.Policy
	PromptBudget time.Duration
	Hooks        []dal.Hook
	// RelayWorkers is how many keys the relay refreshes at once. Default 8.
	RelayWorkers int
	// RelayPoll is how often the relay looks for dirty keys that other
	// processes left, and for fan-out marks. Default 250 ms.
	RelayPoll time.Duration
	// MaxDirty is how many changes may wait for the follower at the steps 2 → 3
	// and 3 → 4, unless forced, and at 4 → 5. Default 10,000.
	MaxDirty int64
	// MinPrimary is how long phase 4 should last before step 4 → 5, unless
	// forced. Default 24 hours.
	MinPrimary time.Duration
	// MinMatched is how many reads of phase 3 each process that met one which
	// DynamoDB answered differently should find alike after it, before step
	// 3 → 4, unless forced. Default 1,000.
	MinMatched int64
	// MinQuiet is for how long MySQL should have answered no read of phase 4 for
	// DynamoDB before step 4 → 5, unless forced. Default 1 hour.
	MinQuiet time.Duration
	// HandoffWait bounds how long a hand-off may keep requests waiting before it
	// is given up. It should be less than what callers wait, and is 4.3 s at least:
	// a process that is stopped holds its lease for 3 s. Default 8 s.
	HandoffWait time.Duration
	// Handoff, if not nil, is told how long each part of a hand-off took that
	// this Operator has driven to its end.
	Handoff func(HandoffReport)
	// Logger gets a line for what an operator should know. Default: silent.
	Logger *slog.Logger

	machine *machine // thisMachine, but in simulations
}

func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Who == "" {
		c.Who, _ = os.Hostname()
	}
	if c.RelayWorkers == 0 {
		c.RelayWorkers = 8
	}
	if c.RelayPoll == 0 {
		c.RelayPoll = 250 * time.Millisecond
	}
	if c.MaxDirty == 0 {
		c.MaxDirty = 10_000
	}
	if c.MinPrimary == 0 {
		c.MinPrimary = 24 * time.Hour
	}
	if c.MinMatched == 0 {
		c.MinMatched = 1000
	}
	if c.MinQuiet == 0 {
		c.MinQuiet = time.Hour
	}
	if c.HandoffWait == 0 {
		c.HandoffWait = 8 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.machine == nil {
		c.machine = thisMachine()
	}
	return c
}

// check returns every option that can't be.
func (o *Options) check() error {
	if o == nil {
		return nil
	}
	var faults []string
	for name, negative := range map[string]bool{"PromptBudget": o.PromptBudget < 0, "RelayWorkers": o.RelayWorkers < 0,
		"RelayPoll": o.RelayPoll < 0, "MaxDirty": o.MaxDirty < 0, "HandoffWait": o.HandoffWait < 0,
		"MinPrimary": o.MinPrimary < 0, "MinMatched": o.MinMatched < 0, "MinQuiet": o.MinQuiet < 0} {
		if negative {
			faults = append(faults, name+" is negative")
		}
	}
	if o.HandoffWait > 0 && o.HandoffWait < minHandoffWait {
		faults = append(faults, fmt.Sprintf("HandoffWait is shorter than %v, and a lease may have to run out", minHandoffWait))
	}
	if o.Policy > dal.Required {
		faults = append(faults, "Policy is none")
	}
	if faults == nil {
		return nil
	}
	slices.Sort(faults)
	return &store.Error{Op: "open", Kind: store.ErrInvalid, Detail: "options: " + strings.Join(faults, ", ")}
}

// An Operator does what an operator types: init, capture, backfill, verify,
// phase steps. It runs nothing in the background and is not part of the fleet.
type Operator struct {
	mysql    MySQL
	dynamo   DynamoDB
	contract *transform.Contract
	digest   string // of the contract
	opts     Options
	forward  *dal.Refresher // MySQL to DynamoDB
	backward *dal.Refresher // DynamoDB to MySQL
	epoch    atomic.Uint64  // of the lead that was last seen, for what is put into MySQL
	// rejoin makes this process look at the phase now, nil if it is in no fleet. A
	// step that a service makes itself need not wait for its own next look.
	rejoin func(context.Context)
}

// obey makes this process obey what a step has just changed.
func (o *Operator) obey(ctx context.Context) {
	if o.rejoin != nil {
		o.rejoin(ctx)
	}
}

// NewOperator returns an Operator over the group's two stores, which must be
// made with the same contract. opts may be nil. It does no I/O.
func NewOperator(mysql MySQL, dynamo DynamoDB, opts *Options) (*Operator, error) {
	if mysql.Contract() != dynamo.Contract() {
		return nil, &store.Error{Op: "open", Kind: store.ErrInvalid,
			Detail: "the two stores were made with different contracts: load it once and hand it to both"}
	}
	if err := opts.check(); err != nil {
		return nil, err
	}
	o := &Operator{
		mysql: mysql, dynamo: dynamo, contract: mysql.Contract(), digest: mysql.Contract().Digest(), opts: opts.withDefaults(),
	}
	o.forward = dal.NewRefresher(mysql, dynamo, o.epoch.Load)
	o.backward = dal.NewRefresher(dynamo, mysql, o.epoch.Load)
	return o, nil
}

// refresher returns what brings keys from the authority to the other store.
func (o *Operator) refresher(l lead) *dal.Refresher {
	if l.side == dynamoSide {
		return o.backward
	}
	return o.forward
}

// Init creates the library's own tables in MySQL, and the phase records of both
// stores. DynamoDB's own table is made with the contract's, by tables apply;
// where it is missing Init leaves DynamoDB alone. What is there stays.
func (o *Operator) Init(ctx context.Context) error {
	if err := o.mysql.Init(ctx); err != nil {
		return err
	}
	if err := o.dynamo.Check(ctx); err != nil {
		return nil // made by the step to phase 2, which needs the tables
	}
	return o.dynamo.Init(ctx)
}

// Phase returns the phase record of the store that leads.
func (o *Operator) Phase(ctx context.Context) (store.PhaseRecord, error) {
	l, err := o.lead(ctx)
	return l.record, err
}

// now is the time of this process's clock.
func (o *Operator) now() time.Time { return o.opts.machine.now() }

// sleep waits for d by this process's clock, or until ctx ends.
func (o *Operator) sleep(ctx context.Context, d time.Duration) error {
	return o.opts.machine.sleep(ctx, d)
}
