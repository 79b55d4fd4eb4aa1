package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dal/store"
)

// initCommand is init.
func (c *cli) initCommand() *cobra.Command {
	var capture string
	cmd := &cobra.Command{
		Use: "init", Short: "Create the library's own tables in MySQL", Args: cobra.NoArgs, Long: longInitHelp,
		Example: `  migrationctl init --contract contract.json --mysql DSN
  migrationctl init --contract contract.json --mysql DSN --capture triggers`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch capture {
			case captureLibrary:
				return c.initialise(cmd.Context())
			case captureTriggers:
				return c.initialiseTriggers(cmd.Context())
			}
			return usage("--capture %q is none; give --capture library or --capture triggers", capture)
		},
	}
	cmd.Flags().StringVar(&capture, "capture", captureLibrary, "who records changes: library, or triggers for writers outside it too")
	return cmd
}

// Who records changes.
const (
	captureLibrary  = "library"
	captureTriggers = "triggers"
)

const longInitHelp = `Create the library's own tables in MySQL. What is there stays.

With --capture triggers every writer of the contract's tables is recorded: other services,
scripts, cron jobs. Each table gets three triggers, and a parent whose foreign keys delete or
change rows of them gets one before that. They record while capture is on, and refuse a
statement with SQLSTATE 45000 where it would be lost:

  30401  a hand-off is under way: try again
  30402  DynamoDB leads: write through the service
  30403  the row's key has no form in the contract
  30404  foreign keys would take rows along through two tables: use REPEATABLE READ

Give it before capture on. The account needs TRIGGER on the tables, and stays the triggers'
definer: it must not be dropped. The service's account needs TRIGGER too, to see that they
are there. A server with a binary log may want log_bin_trust_function_creators = 1.

Nothing records TRUNCATE, DROP PARTITION, or what online schema change tools do when they
swap tables. A session with SET timestamp may hide a write behind one that the library made
on the same connection. After any of these: migrationctl verify --repair.`

// initialise looks at the schema first: the library's tables in a database that
// has not the contract's own would be litter in somebody else's place.
func (c *cli) initialise(ctx context.Context) error {
	s, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := c.requireSchema(ctx, s.mysql.CheckSchema); err != nil {
		return err
	}
	if err := s.operator.Init(ctx); err != nil {
		return err
	}
	record, err := s.operator.Phase(ctx)
	if err != nil {
		return err
	}
	return c.out.print(phaseDocument("the library's own tables are there", record))
}

// initialiseTriggers is initialise, with the triggers.
func (c *cli) initialiseTriggers(ctx context.Context) error {
	s, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := c.requireSchema(ctx, s.mysql.CheckSchemaForTriggers); err != nil {
		return err
	}
	report, err := s.operator.InitTriggers(ctx)
	if report.Unverified {
		c.warn("triggers were made while capture was on, so other writers may have left no change record before: " +
			"no verify counts any more; migrationctl verify --repair finds what differs and mends it")
	}
	if err != nil {
		return err
	}
	record, err := s.operator.Phase(ctx)
	if err != nil {
		return err
	}
	return c.out.print(triggersDoc{phaseDocument("the library's own tables and triggers are there", record), report.Made, report.Dropped})
}

// uninstallCommand is uninstall.
func (c *cli) uninstallCommand() *cobra.Command {
	return &cobra.Command{
		Use: "uninstall", Short: "Drop the triggers of init --capture triggers", Args: cobra.NoArgs,
		Long: `Drop the triggers of init --capture triggers. It is refused while capture is on.

The library's own tables stay: the versions in them must not begin again while there are
items in DynamoDB that carry older ones. Drop the tables whose names begin with crossfade_ by
hand, once these items are gone, or once MySQL goes for good.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.uninstall(cmd.Context()) },
	}
}

func (c *cli) uninstall(ctx context.Context) error {
	s, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	report, err := s.operator.Uninstall(ctx)
	if err != nil {
		return err
	}
	record, err := s.operator.Phase(ctx)
	if err != nil {
		return err
	}
	return c.out.print(triggersDoc{phaseDocument("the triggers are gone, the library's own tables stay", record), 0, report.Dropped})
}

// A triggersDoc is a phaseDoc, and what became of the triggers.
type triggersDoc struct {
	phaseDoc
	Made    int `json:"triggers_made"`
	Dropped int `json:"triggers_dropped"`
}

func (d triggersDoc) text(w io.Writer) {
	d.phaseDoc.text(w)
	fmt.Fprintf(w, "triggers made: %d, dropped: %d\n", d.Made, d.Dropped)
}

// A phaseDoc is the phase record after a command.
type phaseDoc struct {
	Done          string `json:"done"`
	Group         string `json:"group"`
	Phase         uint8  `json:"phase"`
	PhaseName     string `json:"phase_name"`
	Capture       bool   `json:"capture"`
	Epoch         uint64 `json:"epoch"`
	FollowerEmpty bool   `json:"follower_empty"`
}

func phaseDocument(done string, r store.PhaseRecord) phaseDoc {
	return phaseDoc{Done: done, Group: r.Group, Phase: uint8(r.Phase), PhaseName: r.Phase.String(),
		Capture: r.Capture, Epoch: r.Epoch, FollowerEmpty: r.FollowerEmpty}
}

func (d phaseDoc) text(w io.Writer) {
	fmt.Fprintf(w, "%s\ngroup %s is in phase %d %s, capture %s, epoch %d\n",
		d.Done, d.Group, d.Phase, d.PhaseName, onOff(d.Capture), d.Epoch)
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}
