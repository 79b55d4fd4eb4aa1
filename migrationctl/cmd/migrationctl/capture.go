package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/migrationctl"
)

// captureCommand is the group of the two commands that switch capture.
func (c *cli) captureCommand() *cobra.Command {
	var reason string
	on := &cobra.Command{
		Use: "on", Short: "Make every write leave a change record from now on", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.captureOn(cmd.Context(), reason) },
	}
	off := &cobra.Command{
		Use: "off", Short: "Stop recording changes; it voids every backfill", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.captureOff(cmd.Context(), reason) },
	}
	for _, cmd := range []*cobra.Command{on, off} {
		cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit")
	}
	return c.group("capture", "Start or stop recording changes", on, off)
}

// captureOn looks at DynamoDB too: only if its tables are seen empty when capture
// first begins may a backfill insert, which is several times faster.
func (c *cli) captureOn(ctx context.Context, reason string) error {
	s, err := c.open(ctx, true)
	if err != nil {
		return err
	}
	defer s.close()
	before, unseen := s.operator.Phase(ctx) // the command itself says why, if it must
	if err := s.operator.CaptureOn(ctx, migrationctl.Change{Reason: reason}); err != nil {
		return err
	}
	record, err := s.operator.Phase(ctx)
	if err != nil {
		return err
	}
	// Who finds it on has been told; and from DynamoDB a backfill goes to MySQL.
	began := unseen == nil && !before.Capture
	if began && !record.FollowerEmpty && !record.Phase.DynamoDBLeads() {
		c.warn("note: the DynamoDB tables were not seen empty when recording first began, " +
			"so a backfill gives every key a new version instead of inserting")
	}
	return c.out.print(phaseDocument("writes leave change records", record))
}

// captureOff never asks DynamoDB, so that it works while that is gone.
func (c *cli) captureOff(ctx context.Context, reason string) error {
	s, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.operator.CaptureOff(ctx, migrationctl.Change{Reason: reason}); err != nil {
		return err
	}
	record, err := s.operator.Phase(ctx)
	if err != nil {
		return err
	}
	return c.out.print(phaseDocument("writes leave no change records", record))
}
