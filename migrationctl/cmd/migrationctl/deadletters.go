package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/transform"
)

// deadLettersCommand is dead-letters.
func (c *cli) deadLettersCommand() *cobra.Command {
	var (
		limit int
		keys  bool
	)
	cmd := &cobra.Command{
		Use: "dead-letters", Short: "List the records that could not be converted", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage("--limit must be at least 1")
			}
			return c.deadLetters(cmd.Context(), limit, keys)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "entries at most")
	cmd.Flags().BoolVar(&keys, "show-keys", false, "print keys as they are; default: a hash of each")
	return cmd
}

// A deadLettersDoc is the records that could not be converted.
type deadLettersDoc struct {
	Total       int64        `json:"total"`
	DeadLetters []deadLetter `json:"dead_letters"`
}

// A deadLetter is one record and the reason, which names columns and limits,
// never values.
type deadLetter struct {
	Key    string    `json:"key"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

func (d deadLettersDoc) text(w io.Writer) {
	for _, l := range d.DeadLetters {
		fmt.Fprintf(w, "%s  %s: %s\n", moment(l.At), l.Key, l.Reason)
	}
	fmt.Fprintf(w, "%s could not be converted\n", count(d.Total, "record"))
}

func (c *cli) deadLetters(ctx context.Context, limit int, keys bool) error {
	s, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer s.close()
	letters, total, err := s.operator.DeadLetters(ctx, limit)
	if err != nil {
		return err
	}
	doc := deadLettersDoc{Total: total, DeadLetters: []deadLetter{}}
	for _, l := range letters {
		key := transform.Key{Entity: l.Entity, ID: l.ID}
		doc.DeadLetters = append(doc.DeadLetters, deadLetter{keyText(key, keys), l.Reason, l.At})
	}
	return c.out.print(doc)
}
