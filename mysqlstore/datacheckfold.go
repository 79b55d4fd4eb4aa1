package mysqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/transform"
)

// A keyHash stands for a key. Two keys have the same with a chance of 1 in 10^20
// among a thousand million rows.
type keyHash [16]byte

// A hasher makes a keyHash of parts, none of which runs into the next.
type hasher struct{ b []byte }

func (h *hasher) part(kind byte, text string) {
	h.b = binary.AppendUvarint(append(h.b, kind), uint64(len(text)))
	h.b = append(h.b, text...)
}

func (h *hasher) sum() keyHash {
	sum := sha256.Sum256(h.b)
	return keyHash(sum[:16])
}

// itemKeyHash is that of the attributes of an item's key.
func itemKeyHash(e *transform.Entity, item map[string]types.AttributeValue) keyHash {
	var h hasher
	for _, k := range []transform.KeyAttribute{e.Table.PK, e.Table.SK} {
		switch v := item[k.Name].(type) {
		case *types.AttributeValueMemberS:
			h.part('S', v.Value)
		case *types.AttributeValueMemberN:
			h.part('N', v.Value)
		case *types.AttributeValueMemberB:
			h.part('B', string(v.Value))
		}
	}
	return h.sum()
}

// hasItemKey reports whether an item has all attributes of its key.
func hasItemKey(e *transform.Entity, item map[string]types.AttributeValue) bool {
	for _, k := range []transform.KeyAttribute{e.Table.PK, e.Table.SK} {
		if _, ok := item[k.Name]; !ok && !k.IsZero() {
			return false
		}
	}
	return true
}

// A folder finds out which keys are the same to MySQL. Only the server knows all of
// its collations, transform.Fold a few of them, so it is asked for the weights of the
// texts, a batch at a time.
type folder struct {
	entity  *transform.Entity
	columns []int // what the item's key is made of
	waiting []foldable
}

// A foldable is a row whose texts the server has not weighed yet.
type foldable struct {
	values []transform.Value // of columns
	entry  entry
}

// newFolder returns the folder of an entity, nil if the item's key has no text
// that MySQL compares in another way than byte by byte.
func newFolder(e *transform.Entity) *folder {
	columns, _ := e.ItemKeyColumns()
	f := &folder{entity: e, columns: columns}
	if len(f.names()) == 0 {
		return nil
	}
	return f
}

// names returns the columns that fold.
func (f *folder) names() []string {
	var names []string
	for _, i := range f.columns {
		if c := &f.entity.Columns[i]; folds(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// collationName is what may stand in a statement as a collation: names can't be
// bound.
var collationName = regexp.MustCompile(`^[a-zA-Z0-9_]+$`)

// folds reports whether a column has texts that are equal to MySQL and not byte
// by byte.
func folds(c *transform.Column) bool {
	return c.Kind == transform.Text && c.SQLType != "enum" && c.SQLType != "set" &&
		collationName.MatchString(c.Collation) && (!bytewise(c.Collation) || pads(c.Collation))
}

// pads reports whether a collation compares as if there were no blanks at the
// end.
func pads(collation string) bool {
	return collation != "binary" && !strings.Contains(collation, "_0900_") && !strings.Contains(collation, "_nopad_")
}

// add keeps a row until flush.
func (f *folder) add(rec transform.Record, e entry) {
	values := make([]transform.Value, len(f.columns))
	for n, i := range f.columns {
		values[n] = rec.At(i)
	}
	f.waiting = append(f.waiting, foldable{values, e})
}

// weighAtOnce is how many texts one statement weighs: a result has at most 4096
// columns.
const weighAtOnce = 1000

// flush adds the rows that are waiting.
func (f *folder) flush(ctx context.Context, conn *sqlx.Conn, to *collisions) error {
	atOnce := max(1, weighAtOnce/len(f.names()))
	for batch := range slices.Chunk(f.waiting, atOnce) {
		if err := f.weigh(ctx, conn, batch, to); err != nil {
			return err
		}
	}
	f.waiting = f.waiting[:0]
	return nil
}

// weigh asks for the weights of a batch and adds its rows.
func (f *folder) weigh(ctx context.Context, conn *sqlx.Conn, batch []foldable, to *collisions) error {
	var list []string
	var args []any
	for _, row := range batch {
		for n, i := range f.columns {
			c := &f.entity.Columns[i]
			if folds(c) {
				text := row.values[n].Text()
				if pads(c.Collation) {
					text = strings.TrimRight(text, " ")
				}
				list = append(list, fmt.Sprintf("WEIGHT_STRING(CONVERT(? USING %s) COLLATE %s)", charsetOf(c.Collation), c.Collation))
				args = append(args, text)
			}
		}
	}
	weights := make([]sql.NullString, len(list))
	dest := make([]any, len(list))
	for i := range weights {
		dest[i] = &weights[i]
	}
	if _, err := one(ctx, conn, "SELECT "+strings.Join(list, ", "), args, dest...); err != nil {
		return fmt.Errorf("the collation of %s: %w", strings.Join(f.names(), ", "), err)
	}
	for _, row := range batch {
		var h hasher
		for n, i := range f.columns {
			if !folds(&f.entity.Columns[i]) {
				h.part(byte(row.values[n].Kind()), row.values[n].Text())
				continue
			}
			h.part('w', weights[0].String)
			weights = weights[1:]
		}
		row.entry.hash = h.sum()
		if err := to.add(row.entry); err != nil {
			return err
		}
	}
	return nil
}
