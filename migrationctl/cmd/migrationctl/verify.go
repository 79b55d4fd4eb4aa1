package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// verifyCommand is verify.
func (c *cli) verifyCommand() *cobra.Command {
	var (
		opts migrationctl.VerifyOptions
		keys bool
	)
	cmd := &cobra.Command{
		Use: "verify", Short: "Compare every key of both stores and name each difference", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.verify(cmd.Context(), opts, keys) },
	}
	cmd.Flags().StringVar(&opts.Entity, "entity", "", "one `ENTITY` only; default: all")
	cmd.Flags().BoolVar(&opts.Repair, "repair", false, "mend each difference from the store that leads, and look again")
	cmd.Flags().BoolVar(&keys, "show-keys", false, "print keys as they are; default: a hash of each")
	return cmd
}

// A verifyDoc is what a verify found.
type verifyDoc struct {
	Clean    bool       `json:"clean"`
	Entities []verified `json:"entities"`
}

// A verified entity is what was found in one entity.
type verified struct {
	Entity      string          `json:"entity"`
	Compared    int64           `json:"compared"`
	Differences int64           `json:"differences"`
	Repaired    int64           `json:"repaired"`
	Unsettled   int64           `json:"unsettled"`
	Done        bool            `json:"done"`
	Named       []keyDifference `json:"named"` // the first thousand
}

// A keyDifference is one key that is not the same in both stores. It holds
// names of columns, never values.
type keyDifference struct {
	Key     string   `json:"key"`
	Columns []string `json:"columns,omitempty"`
	Missing string   `json:"missing_in,omitempty"`
	Unfit   string   `json:"unfit,omitempty"`
	Beside  []string `json:"beside,omitempty"` // guards, edges and copies that are wrong
}

// String returns the difference in one line.
func (d keyDifference) String() string {
	switch {
	case d.Missing != "" && d.Unfit != "":
		return d.Key + " is missing in " + d.Missing + " and can't be there: " + d.Unfit
	case d.Unfit != "":
		return d.Key + " can't be compared: " + d.Unfit
	case d.Missing != "":
		return d.Key + " is missing in " + d.Missing
	case len(d.Beside) > 0:
		return d.Key + ": " + strings.Join(d.Beside, ", ")
	default:
		return d.Key + " differs in " + strings.Join(d.Columns, ", ")
	}
}

func (d verifyDoc) text(w io.Writer) {
	for _, e := range d.Entities {
		for _, n := range e.Named {
			fmt.Fprintln(w, n)
		}
		if more := e.Differences - int64(len(e.Named)); more > 0 {
			fmt.Fprintf(w, "and %s\n", count(more, "more difference"))
		}
		fmt.Fprintf(w, "%s: %s compared, %s, %d repaired, %d unsettled\n",
			e.Entity, count(e.Compared, "key"), count(e.Differences, "difference"), e.Repaired, e.Unsettled)
	}
}

// verify compares everything, and fails unless all of it is the same or mended.
func (c *cli) verify(ctx context.Context, opts migrationctl.VerifyOptions, keys bool) error {
	s, err := c.open(ctx, true)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.entity(opts.Entity); err != nil {
		return err
	}
	show := c.series(func(entity string) *progress {
		return c.begin("verify of "+entity, "keys", 0, c.rows(ctx, s.db, s.contract.Entity(entity).Source))
	})
	defer show.stop()
	opts.Report = func(r migrationctl.VerifyReport) {
		show.set(r.Entity, r.Compared)
		if r.Done {
			show.end()
		}
	}
	reports, err := s.operator.Verify(ctx, opts)
	if err != nil {
		return err
	}
	doc := verifyDocument(reports, keys)
	if err := c.out.print(doc); err != nil || doc.Clean {
		return err
	}
	return found("%s", unclean(doc))
}

// verifyDocument turns the reports into what is printed; keys says to show them.
func verifyDocument(reports []migrationctl.VerifyReport, keys bool) verifyDoc {
	doc := verifyDoc{Clean: true, Entities: []verified{}}
	for _, r := range reports {
		v := verified{Entity: r.Entity, Compared: r.Compared, Differences: r.Differences,
			Repaired: r.Repaired, Unsettled: r.Unsettled, Done: r.Done, Named: []keyDifference{}}
		for _, n := range r.Named {
			v.Named = append(v.Named, differenceOf(n, keys))
		}
		doc.Entities = append(doc.Entities, v)
		doc.Clean = doc.Clean && r.Clean()
	}
	return doc
}

func differenceOf(found dal.Comparison, keys bool) keyDifference {
	d := keyDifference{Key: keyText(found.Key, keys), Columns: found.Columns, Missing: found.Missing, Beside: found.Beside}
	if found.Unfit != nil {
		d.Unfit = found.Unfit.Error()
	}
	return d
}

// keyText prints a key hashed, or as it is where someone asked for that.
func keyText(k transform.Key, show bool) string {
	if show {
		return k.Entity + " " + k.ID
	}
	return k.String()
}

// unclean says what a verify found and what to do about it.
func unclean(doc verifyDoc) string {
	var left, unsettled int64
	for _, e := range doc.Entities {
		left += e.Differences - e.Repaired
		unsettled += e.Unsettled
	}
	var parts []string
	if left > 0 {
		parts = append(parts, count(left, "key")+" not the same in both stores; --repair mends what can be mended")
	}
	if unsettled > 0 {
		parts = append(parts, count(unsettled, "key")+" kept changing or waited for a refresh; look again when less is written, or after migrationctl drain")
	}
	return strings.Join(parts, "; ")
}
