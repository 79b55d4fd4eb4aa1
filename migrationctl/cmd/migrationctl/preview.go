package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// previewPage is how many rows are read at once.
const previewPage = 500

// previewCommand is preview, the one command whose output is the content of
// rows.
func (c *cli) previewCommand() *cobra.Command {
	var (
		entity string
		limit  int
	)
	cmd := &cobra.Command{
		Use: "preview", Short: "Print the items that rows become, one DynamoDB JSON object a line", Args: cobra.NoArgs,
		Long: "Print the items that rows become, one DynamoDB JSON object a line.\nThis shows the values of rows.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return usage("--limit can't be negative")
			}
			return c.preview(cmd.Context(), entity, limit)
		},
	}
	cmd.Flags().StringVar(&entity, "entity", "", "the `ENTITY` whose rows are read")
	cmd.Flags().IntVar(&limit, "limit", 10, "rows at most; 0: all")
	return cmd
}

// preview needs no init and writes nothing. A row that can't become an item is
// listed, and those behind it are printed all the same.
func (c *cli) preview(ctx context.Context, name string, limit int) error {
	s, err := c.openMySQL(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if name == "" {
		return usage("--entity is missing; the contract has %s", s.entityNames())
	}
	if err := s.entity(name); err != nil {
		return err
	}
	c.out.printed = true // what comes is lines, also none
	p := previewing{c: c, entity: s.contract.Entity(name)}
	after, left := "", limit
	for {
		page, err := s.mysql.Scan(ctx, store.At{}, store.Range{Entity: p.entity, After: after, Limit: pageSize(limit, left)})
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if err := p.print(row); err != nil {
				return err
			}
		}
		left -= len(page.Rows)
		if after = page.Next; after == "" || limit > 0 && left <= 0 {
			break
		}
	}
	if p.unfit > 0 {
		return found("%s can't become an item", count(p.unfit, "row"))
	}
	return nil
}

// pageSize returns how many rows to read next, of a limit where 0 is none.
func pageSize(limit, left int) int {
	if limit == 0 {
		return previewPage
	}
	return min(left, previewPage)
}

// previewing prints the items of one entity.
type previewing struct {
	c      *cli
	entity *transform.Entity
	unfit  int    // rows that can't become an item
	line   []byte // reused
}

// print writes the line of a row, or says why there is none, without a value.
func (p *previewing) print(row store.Row) error {
	err := row.Err
	if err == nil {
		var item map[string]attributeValue
		if item, err = p.entity.Item(row.Record); err == nil {
			p.line = appendItem(p.line[:0], p.entity, item)
			_, err := p.c.out.w.Write(append(p.line, '\n'))
			return err
		}
	}
	p.unfit++
	p.c.warn("%s can't become an item: %v", row.Key, err)
	return nil
}
