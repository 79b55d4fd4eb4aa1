package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// phaseCommand is the group of phase set. The number is checked before anything
// is connected to, as part of the usage.
func (c *cli) phaseCommand() *cobra.Command {
	var change migrationctl.Change
	var abandon bool
	set := &cobra.Command{
		Use: "set N", Short: "Make one step: to the phase before or behind the present one",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("phase set needs one phase, %s", phaseList)
			}
			_, err := parsePhase(args[0])
			return err
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := parsePhase(args[0])
			if err != nil {
				return err
			}
			if abandon {
				return c.abandon(cmd.Context(), to, change)
			}
			return c.setPhase(cmd.Context(), to, change)
		},
	}
	set.Flags().StringVar(&change.Reason, "reason", "", "why, for the audit")
	set.Flags().BoolVar(&change.Force, "force", false, "overrule the conditions marked comfort, never those marked data; it is audited")
	set.Flags().BoolVar(&abandon, "abandon", false, "with 3, from 4: DynamoDB is lost; open MySQL without what was not refreshed yet. "+
		"First stop every process that may reach DynamoDB and not MySQL: it would go on writing to DynamoDB, and what it writes is undone later")
	return c.group("phase", "Change the phase", set)
}

// phaseList is the mend of a number that is no phase.
const phaseList = "1 (mysql-only), 2 (dual-write), 3 (validate), 4 (dynamodb-primary) or 5 (dynamodb-only)"

// parsePhase reads a phase's number. "2.5" is none, and 258 is not 2.
func parsePhase(text string) (store.Phase, error) {
	n, err := strconv.ParseUint(text, 10, 8)
	if p := store.Phase(n); err == nil && p.Valid() {
		return p, nil
	}
	return 0, usage("%q is no phase; give %s", text, phaseList)
}

// setPhase makes one step, or prints every condition that stands against it.
func (c *cli) setPhase(ctx context.Context, to store.Phase, change migrationctl.Change) error {
	// The way back must work from a machine that can't reach DynamoDB; the guards
	// of the way forth say what is missing.
	s, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	// No store leads while a hand-off stands between the two. That is for SetPhase
	// to finish, so it is no reason to stop here.
	before, between := s.operator.Phase(ctx)
	if err := s.operator.SetPhase(ctx, to, change); err != nil {
		return err
	}
	after, err := s.operator.Phase(ctx)
	if err != nil {
		return err
	}
	done := fmt.Sprintf("phase %d to %d is made, every process obeys", uint8(before.Phase), uint8(to))
	switch {
	case between != nil:
		done = fmt.Sprintf("the hand-off that stood between is finished, phase %d is made, every process obeys", uint8(to))
	case before.Phase == to:
		done = "nothing to do"
	}
	return c.out.print(phaseDocument(done, after))
}

// abandon opens MySQL without DynamoDB.
func (c *cli) abandon(ctx context.Context, to store.Phase, change migrationctl.Change) error {
	if to != store.Validate {
		return usage("--abandon goes with phase 3 only, not with %d", uint8(to))
	}
	if change.Reason == "" {
		return usage("--abandon gives up what was not refreshed yet; say why with --reason")
	}
	s, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.operator.Abandon(ctx, change); err != nil {
		return err
	}
	after, err := s.operator.Phase(ctx)
	if err != nil {
		return err
	}
	return c.out.print(phaseDocument("DynamoDB is abandoned, MySQL leads again. A process that reaches DynamoDB and not MySQL may still write there, "+
		"until another one reaches both: stop it. Once DynamoDB is back, migrationctl audit lists the writes that were undone (stray write undone), and verify what still differs", after))
}
