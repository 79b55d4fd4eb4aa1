package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// previewCommand is preview, the one command whose output is the content of
// rows.
func (c *cli) previewCommand() *cobra.Command {
	var (
		entity string
		limit  int
	)
	cmd := &cobra.Command{
		Use: "preview", Short: "Print the items that rows become, one DynamoDB JSON object a line", Args: cobra.NoArgs,
		Long: `Print the items that rows become, one DynamoDB JSON object a line, in the order of the
primary key. With --json they are the "items" of one document, which says whether it is
complete. Rows that can't become an item are listed by a hash of their key. Nothing has
to be set up, and nothing is written. This shows the values of rows.`,
		Example: `  migrationctl preview --contract contract.json --mysql DSN --entity USER
  migrationctl preview --contract contract.json --mysql DSN --entity USER --limit 0 > items.jsonl`,
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
	contract, err := c.loadContract()
	if err != nil {
		return err
	}
	s := &session{contract: contract}
	if name == "" {
		return usage("--entity is missing; the contract has %s", s.entityNames())
	}
	if err := s.entity(name); err != nil {
		return err
	}
	if s.db, err = c.connectMySQL(ctx); err != nil {
		return err
	}
	defer s.close()
	rows, err := mysqlstore.NewPreview(s.db, contract)
	if err != nil {
		return found("%w", err)
	}
	p := previewing{c: c, entity: contract.Entity(name)}
	c.out.printed = true // what comes is lines, also none
	if err := p.begin(); err != nil {
		return err
	}
	err = rows.Rows(ctx, name, limit, p.print)
	if end := p.end(ctx, err); err == nil {
		err = end
	}
	if err == nil && p.unfit > 0 {
		err = found("%s can't become an item", count(p.unfit, "row"))
	}
	return err
}

// previewing prints the items of one entity.
type previewing struct {
	c      *cli
	entity *transform.Entity
	items  int
	unfit  int    // rows that can't become an item
	line   []byte // reused
}

// begin and end write what stands around the items of a document. It is written
// as the items come, so that any number of them can be.
func (p *previewing) begin() error {
	if !p.c.out.json {
		return nil
	}
	name, err := json.Marshal(p.entity.Name)
	if err == nil {
		_, err = p.c.out.w.Write(append(append([]byte(`{"entity": `), name...), `, "items": [`...))
	}
	return err
}

// end says whether the rows were read to their end, and if not, why.
func (p *previewing) end(ctx context.Context, failed error) error {
	if !p.c.out.json {
		return nil
	}
	tail := fmt.Sprintf("\n], \"unfit\": %d, \"complete\": %t", p.unfit, failed == nil)
	if failed != nil {
		_, lines := report(ctx, failed)
		why, err := json.Marshal(strings.Join(lines, "\n"))
		if err != nil {
			return err
		}
		tail += `, "error": ` + string(why)
	}
	_, err := io.WriteString(p.c.out.w, tail+"}\n")
	return err
}

// print writes the line of a row, or says why there is none, without a value.
func (p *previewing) print(row store.Row) error {
	err := row.Err
	if err == nil {
		var item map[string]attributeValue
		if item, err = p.entity.Item(row.Record); err == nil {
			return p.write(item)
		}
	}
	p.unfit++
	p.c.warn("%s can't become an item: %v", row.Key, err)
	return nil
}

func (p *previewing) write(item map[string]attributeValue) error {
	p.line = p.line[:0]
	switch {
	case !p.c.out.json:
	case p.items > 0:
		p.line = append(p.line, ",\n"...)
	default:
		p.line = append(p.line, '\n')
	}
	p.items++
	p.line = appendItem(p.line, p.entity, item)
	if !p.c.out.json {
		p.line = append(p.line, '\n')
	}
	_, err := p.c.out.w.Write(p.line)
	return err
}
