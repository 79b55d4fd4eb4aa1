package migrationctl

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// MySQL is what this package needs of the store that is the authority in
// phases 1 to 3; mysqlstore's is one.
type MySQL interface {
	store.Authority
	store.Control
}

// DynamoDB is what this package needs of the store that follows in phases 2
// and 3; dynamostore's is one.
type DynamoDB interface {
	store.Follower
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
	// processes left. Default 250 ms.
	RelayPoll time.Duration
	// MaxDirty is how many keys may be dirty at step 2 → 3, unless forced.
	// Default 10,000.
	MaxDirty int64
	// Logger gets a line for what an operator should know. Default: silent.
	Logger *slog.Logger
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
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
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
		"RelayPoll": o.RelayPoll < 0, "MaxDirty": o.MaxDirty < 0} {
		if negative {
			faults = append(faults, name+" is negative")
		}
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
	mysql     MySQL
	dynamo    DynamoDB
	contract  *transform.Contract
	digest    string // of the contract
	opts      Options
	refresher *dal.Refresher
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
	return &Operator{
		mysql: mysql, dynamo: dynamo, contract: mysql.Contract(), digest: mysql.Contract().Digest(), opts: opts.withDefaults(),
		refresher: dal.NewRefresher(mysql, dynamo),
	}, nil
}

// Init creates the library's own tables in MySQL and the phase record. What is
// there stays.
func (o *Operator) Init(ctx context.Context) error { return o.mysql.Init(ctx) }

// Phase returns the phase record.
func (o *Operator) Phase(ctx context.Context) (store.PhaseRecord, error) { return o.mysql.Phase(ctx) }

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
