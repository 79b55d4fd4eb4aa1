package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/migrationctl"
)

// drainCommand is drain.
func (c *cli) drainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "drain", Short: "Bring every change that waits now to the store that follows", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.drain(cmd.Context()) },
	}
}

// A drainDoc is what a drain did.
type drainDoc struct {
	Refreshed int64 `json:"refreshed"`  // changes that waited when it began, and do not now
	Dead      int64 `json:"dead"`       // changes of a record that can't be converted
	FannedOut int64 `json:"fanned_out"` // changed records whose copies in other items were renewed
}

func (d drainDoc) text(w io.Writer) {
	if d.FannedOut > 0 {
		fmt.Fprintf(w, "copies of %s renewed\n", count(d.FannedOut, "changed record"))
	}
	if d.Refreshed == 0 && d.Dead == 0 {
		fmt.Fprintln(w, "no change waits")
		return
	}
	fmt.Fprintf(w, "%s brought over\n", count(d.Refreshed, "change"))
}

// drain does a relay's work itself, so that it also ends where no process of
// the service is up.
func (c *cli) drain(ctx context.Context) error {
	s, err := c.open(ctx, true)
	if err != nil {
		return err
	}
	defer s.close()
	status, err := s.operator.Status(ctx)
	if err != nil {
		return err
	}
	// A drain would wait for ever, without a word, for tables that are not there.
	if err := s.dynamo.Check(ctx); err != nil {
		return err
	}
	show := c.begin("drain", "changes", 0, status.Dirty)
	defer show.stop()
	report, err := s.operator.Drain(ctx, func(r migrationctl.DrainReport) { show.set(r.Refreshed + r.Dead) })
	if err != nil {
		return err
	}
	if err := c.out.print(drainDoc{Refreshed: report.Refreshed, Dead: report.Dead, FannedOut: report.FannedOut}); err != nil || report.Dead == 0 {
		return err
	}
	return found("%s left, because the records can't be converted; migrationctl dead-letters lists them", count(report.Dead, "change"))
}
