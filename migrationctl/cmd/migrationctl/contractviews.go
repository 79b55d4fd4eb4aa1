package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/transform"
)

// contractViewsCommand is contract views.
func (c *cli) contractViewsCommand() *cobra.Command {
	var (
		apply, yes bool
		prefix     string
	)
	cmd := &cobra.Command{
		Use: "views", Short: "Print the views that show rows as items, or create them", Args: cobra.NoArgs,
		Long: `Print the CREATE VIEW statements that show rows as items, a view for each entity and in
it a column for each attribute. What SQL can't show as the item has it is left out, and
said. Nothing is read, and without --apply nothing is changed.

--apply creates or replaces the views in the database, and asks before each.`,
		Example: `  migrationctl contract views --contract contract.json
  migrationctl contract views --contract contract.json --mysql DSN --apply --yes`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if yes && !apply {
				return usage("--yes goes with --apply")
			}
			return c.contractViews(cmd.Context(), prefix, apply, yes)
		},
	}
	cmd.Flags().BoolVar(&apply, "apply", false, "create or replace the views in the database")
	cmd.Flags().BoolVar(&yes, "yes", false, "don't ask")
	cmd.Flags().StringVar(&prefix, "prefix", transform.ViewPrefix, "what comes before the name of each entity")
	return cmd
}

// A viewsDoc is the views of a contract.
type viewsDoc struct {
	Views []view `json:"views"`
}

// A view shows the rows of an entity as items.
type view struct {
	Entity string `json:"entity"`
	Name   string `json:"name"`
	SQL    string `json:"sql,omitempty"`
	// LeftOut are the attributes that the view does not show, and why.
	LeftOut []string `json:"left_out,omitempty"`
	Applied bool     `json:"applied"`
}

// text is a script for MySQL's own client, or what was done.
func (d viewsDoc) text(w io.Writer) {
	for _, v := range d.Views {
		switch {
		case v.Applied:
			fmt.Fprintf(w, "view %s shows %s\n", v.Name, v.Entity)
		case v.SQL != "":
			fmt.Fprintf(w, "%s;\n", v.SQL)
		}
	}
}

// contractViews prints the views, and creates them if that is asked for. What
// was created before an error is there.
func (c *cli) contractViews(ctx context.Context, prefix string, apply, yes bool) error {
	contract, err := c.loadContract()
	if err != nil {
		return err
	}
	doc := viewsDoc{Views: []view{}}
	for _, v := range contract.Views(prefix) {
		next := view{Entity: v.Entity, Name: v.Name, SQL: v.SQL}
		for _, f := range v.Findings {
			next.LeftOut = append(next.LeftOut, f.Reason)
			c.warn("%s", f.Reason)
		}
		doc.Views = append(doc.Views, next)
	}
	if apply {
		if err := c.applyViews(ctx, doc.Views, yes); err != nil {
			return err
		}
	}
	return c.out.print(doc)
}

// applyViews creates the views.
func (c *cli) applyViews(ctx context.Context, views []view, yes bool) error {
	db, err := c.connectMySQL(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	answers := bufio.NewReader(c.env.Stdin)
	for i := range views {
		v := &views[i]
		if v.SQL == "" {
			continue
		}
		if !yes {
			agreed, err := c.agree(ctx, answers, "create or replace view "+v.Name)
			if err != nil {
				return err
			}
			if !agreed {
				return found("view %s was not created", v.Name)
			}
		}
		if _, err := db.ExecContext(ctx, v.SQL); err != nil {
			return fmt.Errorf("view %s: %w", v.Name, err)
		}
		v.Applied = true
	}
	return nil
}

// agree asks a question. Where nobody can be asked, it refuses: a script says
// --yes.
func (c *cli) agree(ctx context.Context, answers *bufio.Reader, what string) (bool, error) {
	if !c.env.Interactive {
		return false, usage("there is no terminal to ask on whether to %s; give --yes", what)
	}
	fmt.Fprintf(c.stderr, "%s? [y/N] ", escaped(what))
	answer, err := readLine(ctx, answers)
	if err != nil {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}
