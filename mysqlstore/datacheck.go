package mysqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// DataOptions are the choices of CheckData. The zero value of a field is its
// default.
type DataOptions struct {
	// Keys is how many keys a finding shows. Default 5.
	Keys int
	// Dir is where temporary files are made, if there must be any: see CheckData.
	// Default os.TempDir.
	Dir string
	// Report is told after each page how many rows of the entity were read. It may
	// be nil.
	Report func(entity string, rows int64)
}

// A DataFinding is what CheckData has to say of some rows.
type DataFinding struct {
	transform.Finding
	Entity string
	Count  int64 // rows
	// Collisions is how many keys of items those rows share, 0 of another finding.
	Collisions int64
	// Keys are the first rows by their primary key: the values as they are, with
	// "/" between columns. Of collisions each is one, with " = " between the rows.
	Keys []string
}

// CheckData reads every row of every entity of a contract, in the order of the
// primary key, as Preview does, and returns what keeps rows from becoming items:
// values that have no form, keys that are empty or too long, items that are too
// large, rows whose item has the key of another row's, byte for byte or as the
// columns of the key compare, and rows that refer to nothing where items have copies.
// A row counts for each thing that is wrong with it. Nothing is written; rows that
// change meanwhile are seen before or after. Beside an error are the findings of the
// rows that were read until then.
//
// It holds one row at a time, and some 10 MB of the keys among which it looks for
// collisions. What is more goes to files in a directory of its own under Dir,
// readable by the process's user only, 50 bytes and the primary key for each row.
// They have no names on Unix, and are gone when CheckData returns or the process
// ends. That is needed only for entities whose item
// key does not hold the whole primary key, or holds an ENUM or SET with an empty
// label, which reads like what is no label: of two others, and of two entities that
// share a table, the check of the contract has proved that no item is both's.
//
// Unlike everything else of this package, a DataFinding shows values: those of
// primary keys.
func CheckData(ctx context.Context, db *sqlx.DB, c *transform.Contract, opts *DataOptions) ([]DataFinding, error) {
	if db == nil || c == nil {
		return nil, errors.New("mysqlstore: a check needs a database and a contract")
	}
	var o DataOptions
	if opts != nil {
		o = *opts
	}
	o.Keys, o.Dir = max(cmp.Or(o.Keys, 5), 1), cmp.Or(o.Dir, os.TempDir())
	s := &Store{db: db, contract: c}
	d := &dataCheck{options: o, contract: c}
	err := reading(ctx, db, func(conn *sqlx.Conn) error {
		d.conn = conn
		return d.entities(ctx)
	})
	return d.found, s.wrap("check data", nil, store.NoWrite, err)
}

// A dataCheck is one run of CheckData.
type dataCheck struct {
	options  DataOptions
	conn     *sqlx.Conn
	contract *transform.Contract
	found    []DataFinding
}

// entities goes through the entities, in the order of the contract.
func (d *dataCheck) entities(ctx context.Context) error {
	for _, e := range d.contract.Entities {
		p := &dataPass{dataCheck: d, entity: e, faults: map[fault]*DataFinding{}, blurred: blurredKeys(e)}
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("entity %s: %w", e.Name, err)
		}
	}
	return nil
}

// A fault is what rows may have in common that can't become items.
type fault struct{ column, reason string }

// reasonLongKey is of rows whose items may have a key for all that.
var reasonLongKey = fmt.Sprintf("the primary key has over %d bytes as change records have it, and none holds it", MaxKeyID)

// maxFaults bounds the findings of one entity: what transform says is of a few
// kinds for each column.
const maxFaults = 200

// A dataPass goes through the rows of one entity.
type dataPass struct {
	*dataCheck
	entity *transform.Entity
	rows   int64
	faults map[fault]*DataFinding
	order  []fault
	same   *collisions // nil where no two items can have one key
	folded *collisions // nil where no two rows can have one key in MySQL's eyes
	fold   *folder
	// blurred are key columns whose text does not tell their value.
	blurred []int
}

// identifies reports whether the item's key holds the whole primary key, and
// whether that can be told from it.
func (p *dataPass) identifies() (holds, told bool) {
	columns, told := p.entity.ItemKeyColumns()
	holds = !slices.ContainsFunc(p.entity.KeyColumns, func(c int) bool { return !slices.Contains(columns, c) })
	return holds, holds && told && len(p.blurred) == 0
}

// run reads all rows and collects the findings.
func (p *dataPass) run(ctx context.Context) error {
	holds, told := p.identifies()
	if !told {
		p.same = newCollisions(p.options)
		defer p.same.close()
	}
	if !holds {
		if p.fold = newFolder(p.entity); p.fold != nil {
			p.folded = newCollisions(p.options)
			defer p.folded.close()
		}
	}
	err := p.pages(ctx)
	if err == nil {
		err = p.orphans(ctx)
	}
	for _, f := range p.order {
		p.found = append(p.found, *p.faults[f])
	}
	if err != nil {
		_ = p.collided() // of the rows that were read, as far as that can be told
		return err
	}
	return p.collided()
}

// row looks at one row.
func (p *dataPass) row(texts rowText) error {
	p.rows++
	rec, key, err := readRow(p.entity, texts)
	id := key.ID
	if key.IsZero() {
		id = p.rawKey(texts)
	}
	if checkKeyID(key) != "" {
		p.count(fault{reason: reasonLongKey}, id)
	}
	var item map[string]types.AttributeValue
	if err == nil {
		item, err = p.entity.Item(rec)
	}
	if err != nil {
		if rec, item = p.faulty(texts, id); !hasItemKey(p.entity, item) {
			return nil
		}
	}
	return p.keyed(rec, item, id)
}

// faulty counts a row for each thing that is wrong with it, and returns what can
// be made of it all the same.
func (p *dataPass) faulty(texts rowText, id string) (transform.Record, map[string]types.AttributeValue) {
	rec, item, faults := p.entity.Examine(texts)
	seen := map[fault]bool{} // two of one row may be told as one
	for _, err := range faults {
		if f := p.faultOf(err); !seen[f] {
			seen[f] = true
			p.count(f, id)
		}
	}
	return rec, item
}

// keyed keeps the key of a row's item, to find those that other rows have.
func (p *dataPass) keyed(rec transform.Record, item map[string]types.AttributeValue, id string) error {
	exact := itemKeyHash(p.entity, item)
	member := member{p.rows, shorten(id)}
	if p.same != nil {
		if err := p.same.add(entry{hash: exact, member: member}); err != nil {
			return err
		}
	}
	if p.fold != nil {
		p.fold.add(rec, entry{tag: exact, member: member})
	}
	return nil
}

// rawKey is the key of a row that has none the library knows.
func (p *dataPass) rawKey(texts rowText) string {
	var parts []string
	for _, i := range p.entity.KeyColumns {
		parts = append(parts, texts[i].String)
	}
	return strings.Join(parts, "/")
}

// maxShown is how many bytes of a key are shown and kept.
const maxShown = 200

func shorten(id string) string {
	if len(id) <= maxShown {
		return id
	}
	return strings.ToValidUTF8(id[:maxShown], "") + "…"
}

// faultOf is what an error has in common with those of other rows.
func (p *dataPass) faultOf(err error) fault {
	f := fault{reason: err.Error()}
	var v *transform.ValueError
	if errors.As(err, &v) {
		f = fault{v.Column, v.Reason}
		if v.TooLarge && v.Column == "" {
			f.reason = "the item is over DynamoDB's 400 KB" // which says how much in each row
		}
	}
	if p.faults[f] == nil && len(p.faults) >= maxFaults {
		f = fault{reason: "can't become an item, for other reasons"}
	}
	return f
}

// count counts a row that can't become an item.
func (p *dataPass) count(f fault, id string) {
	known, ok := p.faults[f]
	if !ok {
		known = p.finding(f)
		p.faults[f], p.order = known, append(p.order, f)
	}
	known.Count++
	if len(known.Keys) < p.options.Keys {
		known.Keys = append(known.Keys, shorten(id))
	}
}

// finding makes the finding of a fault.
func (p *dataPass) finding(f fault) *DataFinding {
	e := p.entity
	out := &DataFinding{Entity: e.Name, Finding: transform.Finding{
		Severity: transform.Error, Pointer: e.Pointer, Reason: f.reason, Mend: "mend the rows"}}
	i := e.ColumnIndex(f.column)
	if i < 0 {
		return out
	}
	out.Pointer, _ = attributeOf(e, i)
	out.Reason = "column " + f.column + ": " + f.reason
	switch c := &e.Columns[i]; c.Kind {
	case transform.Bool:
		out.Mend = "make the attribute N, or mend the rows"
	case transform.Date, transform.DateTime, transform.Timestamp:
		out.Mend = `say in the attribute what becomes of zero dates, as in "zero_dates": "text", or mend the rows`
	case transform.JSON:
		if c.Join.HasDates() {
			out.Mend = `mend the rows, or if it is about zero dates, say in the attribute what becomes of them, as in "zero_dates": "text"`
		}
	}
	return out
}

// collided finds rows whose items have one key, and rows that MySQL takes for one
// by their items' keys, and DynamoDB for several.
func (p *dataPass) collided() error {
	if p.same != nil {
		err := p.collisions(p.same, "several rows have one item key in table "+p.entity.Table.Name+", and only one of them would stay",
			"let the item's key hold the whole primary key, or mend the rows")
		if err != nil {
			return err
		}
	}
	if p.folded == nil {
		return nil
	}
	return p.collisions(p.folded, "the items of several rows have keys that are one and the same to MySQL, by the collation of "+
		strings.Join(p.fold.names(), ", ")+", and not to DynamoDB", "mend the rows, or give the columns a _bin collation")
}

// collisions makes the finding of what collides, if anything does.
func (p *dataPass) collisions(c *collisions, reason, mend string) error {
	groups, err := c.groups()
	if err != nil || groups.rows == 0 {
		return err
	}
	f := DataFinding{Entity: p.entity.Name, Count: groups.rows, Collisions: groups.total, Finding: transform.Finding{
		Severity: transform.Error, Pointer: p.entity.Pointer, Reason: reason, Mend: mend}}
	for _, g := range groups.first {
		f.Keys = append(f.Keys, g.text())
	}
	p.found = append(p.found, f)
	return nil
}
