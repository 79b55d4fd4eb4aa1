package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/migrationctl"
)

// backfillCommand is backfill, in both directions.
func (c *cli) backfillCommand() *cobra.Command {
	var opts migrationctl.BackfillOptions
	cmd := &cobra.Command{
		Use: "backfill", Short: "Bring the rows that are there to DynamoDB, or back, while writes go on", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.Rate < 0 || opts.Workers < 0 {
				return usage("--rate and --workers can't be negative")
			}
			return c.backfill(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&opts.Entity, "entity", "", "one `ENTITY` only; default: all")
	cmd.Flags().IntVar(&opts.Rate, "rate", 0, "rows a second at most; 0: no limit")
	cmd.Flags().IntVar(&opts.Workers, "workers", 0, "batches at once; 0: the default of 8")
	cmd.Flags().BoolVar(&opts.Reverse, "reverse", false, "fill MySQL from DynamoDB, in phase 5 with capture on")
	return cmd
}

// A backfillDoc is what a backfill did.
type backfillDoc struct {
	Entities []backfilled `json:"entities"`
	// DeadLetters is how many records could not be converted, of this and
	// earlier runs.
	DeadLetters int64 `json:"dead_letters"`
}

// A backfilled entity is one whose backfill is complete.
type backfilled struct {
	Entity      string `json:"entity"`
	Mode        string `json:"mode"`      // "insert", "bump" or "bump leftovers"
	Rows        int64  `json:"rows"`      // of MySQL, passed so far
	Leftovers   int64  `json:"leftovers"` // records that only DynamoDB had
	DeadLetters int64  `json:"dead_letters"`
	Done        bool   `json:"done"`
}

func (d backfillDoc) text(w io.Writer) {
	for _, e := range d.Entities {
		fmt.Fprintf(w, "%s: %s backfilled (%s)\n", e.Entity, count(e.Rows, "row"), e.Mode)
	}
	if d.DeadLetters > 0 {
		fmt.Fprintf(w, "%s could not be converted; migrationctl dead-letters lists them\n", count(d.DeadLetters, "record"))
	}
}

// backfill begins, or goes on where an earlier run stopped.
func (c *cli) backfill(ctx context.Context, opts migrationctl.BackfillOptions) error {
	s, err := c.open(ctx, true)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.entity(opts.Entity); err != nil {
		return err
	}
	earlier, err := s.earlierRuns(ctx)
	if err != nil {
		return err
	}
	run := backfillRun{c: c, earlier: earlier, rows: map[string]int64{}, done: []backfilled{}}
	run.count = func(entity string) int64 { return c.rows(ctx, s.db, s.contract.Entity(entity).Source) }
	run.show = c.series(run.begin)
	defer run.show.stop()
	opts.Report = run.report
	if err := s.operator.Backfill(ctx, opts); err != nil {
		return err
	}
	doc := backfillDoc{Entities: run.done}
	if _, doc.DeadLetters, err = s.operator.DeadLetters(ctx, 0); err != nil {
		return err
	}
	return c.out.print(doc)
}

// A backfillRun follows one backfill by its reports.
type backfillRun struct {
	c       *cli
	count   func(entity string) int64 // its rows, for the bar
	earlier map[string]earlierRun     // by entity
	rows    map[string]int64          // of MySQL, passed so far, by entity
	done    []backfilled
	show    *series
}

// The steps of a backfill: the rows, and then, in a follower that was not
// empty, the items that no row has any more.
const (
	stepRows      = "backfill of "
	stepLeftovers = "leftovers of "
)

// report is told after each page of the run.
func (b *backfillRun) report(r migrationctl.BackfillReport) {
	b.rows[r.Entity] = r.Rows
	rows, leftovers := stepRows+r.Entity, stepLeftovers+r.Entity
	switch {
	case r.Done && b.earlier[r.Entity].done:
		// It was complete before this run: there is nothing to show.
	case b.show.at(leftovers):
		b.show.set(leftovers, r.Leftovers)
	default:
		b.show.set(rows, r.Rows)
		if r.Mode == "bump leftovers" {
			b.show.end()
			b.show.set(leftovers, r.Leftovers)
		}
	}
	if r.Done {
		b.show.end()
		b.done = append(b.done, backfilled{r.Entity, r.Mode, r.Rows, r.Leftovers, r.DeadLetters, true})
	}
}

// begin shows the beginning of a step.
func (b *backfillRun) begin(step string) *progress {
	if strings.HasPrefix(step, stepLeftovers) {
		return b.c.begin(step, "items", 0, 0)
	}
	entity := strings.TrimPrefix(step, stepRows)
	return b.c.begin(step, "rows", b.earlier[entity].rows, b.count(entity))
}

// An earlierRun is how far a backfill was when this one began.
type earlierRun struct {
	rows int64
	done bool
}

// earlierRuns returns how far the backfills are that count, by entity.
func (s *session) earlierRuns(ctx context.Context) (map[string]earlierRun, error) {
	status, err := s.operator.Status(ctx)
	if err != nil {
		return nil, err
	}
	runs := map[string]earlierRun{}
	for _, r := range status.Backfill {
		// The other store's are of another direction, or of another time.
		if !r.Void && r.Store == status.Leader {
			runs[r.Entity] = earlierRun{r.Rows, r.Done}
		}
	}
	return runs, nil
}
