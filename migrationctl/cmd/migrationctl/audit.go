package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// auditCommand is audit.
func (c *cli) auditCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "audit", Short: "Show who changed what when and why, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage("--limit must be at least 1")
			}
			return c.audit(cmd.Context(), limit)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "entries at most")
	return cmd
}

// An auditDoc is the newest part of the audit.
type auditDoc struct {
	Entries []auditEntry `json:"entries"`
	// Unread says which store's entries are not among them, and why.
	Unread string `json:"unread,omitempty"`
}

// An auditEntry is a store.AuditEntry as it is printed.
type auditEntry struct {
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	Action string    `json:"action"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	Reason string    `json:"reason"`
	Detail string    `json:"detail"`
}

func (d auditDoc) text(w io.Writer) {
	if len(d.Entries) == 0 && d.Unread == "" {
		fmt.Fprintln(w, "nothing was changed yet")
	}
	for _, e := range d.Entries {
		fmt.Fprintf(w, "%s  %s  %s", moment(e.At), e.Who, e.Action)
		if e.From != "" || e.To != "" {
			fmt.Fprintf(w, "  %s -> %s", e.From, e.To)
		}
		fmt.Fprintln(w)
		for _, line := range []struct{ name, text string }{{"reason", e.Reason}, {"guards", e.Detail}} {
			if line.text != "" {
				fmt.Fprintf(w, "    %s: %s\n", line.name, line.text)
			}
		}
	}
}

func (c *cli) audit(ctx context.Context, limit int) error {
	s, err := c.openToLook(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	entries, err := s.operator.Audit(ctx, limit)
	doc := auditDocument(entries)
	var unread *migrationctl.UnreadError
	switch {
	case errors.As(err, &unread):
		doc.Unread = oneLine(unread)
		c.warn("note: %s", doc.Unread)
	case err != nil:
		return s.explained(err)
	}
	return c.out.print(doc)
}

func auditDocument(entries []store.AuditEntry) auditDoc {
	doc := auditDoc{Entries: []auditEntry{}}
	for _, e := range entries {
		doc.Entries = append(doc.Entries, auditEntry(e))
	}
	return doc
}
