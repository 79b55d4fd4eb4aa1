package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dal/store"
)

// initCommand is init. The flag is there because later versions know another
// way to capture; a script that says which one it means stays right.
func (c *cli) initCommand() *cobra.Command {
	var capture string
	cmd := &cobra.Command{
		Use: "init", Short: "Create the library's own tables in MySQL", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if capture != "library" {
				return usage("--capture %q is not known to this version; give --capture library", capture)
			}
			return c.initialise(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&capture, "capture", "library", "who records changes: library")
	return cmd
}

// initialise looks at the schema first: the library's tables in a database that
// has not the contract's own would be litter in somebody else's place.
func (c *cli) initialise(ctx context.Context) error {
	s, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := c.requireSchema(ctx, s); err != nil {
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
