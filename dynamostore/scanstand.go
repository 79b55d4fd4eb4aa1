package dynamostore

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// inStands begins the positions of a pass that has come to the stands. No position
// in a table does.
const inStands = "~"

// A standPosition is after which stand a pass goes on.
type standPosition struct {
	shard int
	after string // sort key
}

func (sp standPosition) String() string {
	return inStands + strconv.Itoa(sp.shard) + inStands + sp.after
}

// standPosition reads a position. It is false for one in the entity's table.
func (p *place) standPosition(text string) (sp standPosition, is bool, err error) {
	rest, is := strings.CutPrefix(text, inStands)
	if !is {
		return sp, false, nil
	}
	shard, after, whole := strings.Cut(rest, inStands)
	n, err := strconv.Atoi(shard)
	if err != nil || !whole || n < 0 || n >= standShards || !p.moves() {
		return sp, true, invalid("scan", p.entity.Name, store.NoWrite, "After is no position in table %s", p.table)
	}
	return standPosition{n, after}, true, nil
}

// scanStands adds the tombstones of an entity whose items move: stands, of which each
// shard is read by consistent queries.
func (s *Store) scanStands(ctx context.Context, p *place, from standPosition, page store.Page, limit int) (store.Page, error) {
	for ; from.shard < standShards; from = (standPosition{shard: from.shard + 1}) {
		if len(page.Rows) == limit {
			page.Next = from.String()
			return page, nil
		}
		q := libraryQuery{partition: s.standShard(p.entity.Name, from.shard), after: from.after, dead: true}
		for it, err := range s.libraryAll(ctx, "scan", q) {
			if err != nil {
				return store.Page{}, err
			}
			if len(page.Rows) == limit {
				page.Next = from.String()
				return page, nil
			}
			row, err := p.row("scan", transform.Key{}, asItem(it))
			if err != nil {
				return store.Page{}, err
			}
			page.Rows = append(page.Rows, row)
			from.after = scalarText(it[librarySK])
		}
	}
	return page, nil
}

// onlyDead limits a query to what deletes left.
func (q libraryQuery) onlyDead(names map[string]string, values item) *string {
	if !q.dead {
		return nil
	}
	names["#d"], values[":d"] = attrTombstone, flag(true)
	return aws.String("#d = :d")
}
