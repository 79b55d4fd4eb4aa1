package mysqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A source is an entity as the statements of this package see it: one row of
// one table. The parts of the statements are put together once, in New.
type source struct {
	entity *transform.Entity
	table  string // quoted
	list   string // what a read selects, of the alias t
	byKey  string // the condition that finds a key's row, of the alias t
	exact  string // the same without alias, byte by byte
	insert string // INSERT INTO … (…), without the values
	writes []int  // positions of the columns that a write may set
	// shown is what the computed attributes of keys show, of the alias t, by column.
	shown map[int]string
	// counter is the position of the AUTO_INCREMENT column, -1 if there is none.
	counter int
	// children are rows of other tables that are part of the records.
	children []*children
	// shows are the columns that items of whichever entity have copies of.
	shows []int
	// sql reads and writes the rows, nil where the library's own statements do.
	sql *SQL
	// locked is list for a statement that locks, by the words that do it.
	locked map[string]string
}

// newSource returns the source of an entity, or every reason why it can't be
// stored here.
func newSource(e *transform.Entity) (*source, error) {
	src, err := newTable(e)
	errs := []error{checkName("entity", e.Name), err}
	src.locked = map[string]string{}
	src.shows = shows(e)
	for _, lock := range []string{forUpdate, inShare} {
		src.locked[lock] = e.SelectListLocked("t", lock).SQL
	}
	for _, ch := range e.Children() {
		c, err := newChildren(ch)
		errs = append(errs, err)
		src.children = append(src.children, c)
	}
	return src, errors.Join(errs...)
}

// newTable returns the source of a table's rows, without what is part of them.
func newTable(e *transform.Entity) (*source, error) {
	var errs []error
	if e.Source == "" {
		errs = append(errs, fmt.Errorf("entity %s has no source table", e.Name))
	}
	if len(e.KeyColumns) == 0 {
		errs = append(errs, fmt.Errorf("entity %s has no key columns", e.Name))
	}
	for _, i := range e.KeyColumns {
		switch c := e.Columns[i]; c.Kind {
		case transform.JSON, transform.Null:
			errs = append(errs, fmt.Errorf("entity %s: column %s can't be part of a key", e.Name, c.Name))
		}
	}
	src := &source{entity: e, table: quote(e.Source), counter: -1, shown: map[int]string{}}
	errs = append(errs, src.showKeys())
	src.list, src.byKey, src.exact = e.SelectList("t").SQL, src.keyCondition("t."), src.exactCondition()
	var names []string
	for i, c := range e.Own() {
		if c.Generated == "auto_increment" {
			src.counter = i
		}
		if c.Generated != "virtual" && c.Generated != "stored" {
			src.writes = append(src.writes, i)
			names = append(names, quote(c.Name))
		}
	}
	if len(names) > 0 {
		src.insert = "INSERT INTO " + src.table + " (" + strings.Join(names, ", ") + ")"
	}
	return src, errors.Join(errs...)
}

// showKeys notes the expressions by which computed attributes of keys are found and
// sorted.
func (src *source) showKeys() error {
	e := src.entity
	if e.Table == nil {
		return nil // then it has no attributes either
	}
	keys := []transform.KeyAttribute{e.Table.PK, e.Table.SK}
	for _, index := range e.Table.Indexes {
		keys = append(keys, index.PK, index.SK)
	}
	for _, k := range keys {
		i := store.ColumnOf(e, k)
		if i < 0 || !e.Columns[i].IsComputed() {
			continue
		}
		x, err := e.SelectShown(i, "t")
		if err != nil {
			return fmt.Errorf("entity %s can't be asked by attribute %s: %w", e.Name, k.Name, err)
		}
		src.shown[i] = x.SQL
	}
	return nil
}

// quote makes an identifier of a name.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// keyCondition is true for the row of a key. Under a collation that takes two
// texts for equal it may also be true for another key's row: those who read the
// row compare its key.
func (src *source) keyCondition(prefix string) string {
	var parts []string
	for _, i := range src.entity.KeyColumns {
		c := &src.entity.Columns[i]
		parts = append(parts, prefix+quote(c.Name)+" = "+place(c))
	}
	return strings.Join(parts, " AND ")
}

// byKeys is true for the rows of that many keys. A list serves where the key is
// one column: a long chain of ORs takes an optimiser more than linear time.
func (src *source) byKeys(n int) string {
	if len(src.entity.KeyColumns) == 1 {
		c := &src.entity.Columns[src.entity.KeyColumns[0]]
		return "t." + quote(c.Name) + " IN (" + repeat(place(c), n) + ")"
	}
	return strings.Repeat("("+src.byKey+") OR ", n-1) + "(" + src.byKey + ")"
}

// exactCondition is for statements that do not read the row first. Its
// arguments are those of keyCondition, then the text columns of the key again.
func (src *source) exactCondition() string {
	where := src.keyCondition("")
	for _, i := range src.entity.KeyColumns {
		if c := &src.entity.Columns[i]; c.Kind == transform.Text {
			where += " AND " + asBytes(quote(c.Name)) + " = ?"
		}
	}
	return where
}

// asBytes makes a text expression one that compares and sorts byte by byte, as
// DynamoDB does, whatever its collation and character set.
func asBytes(expression string) string {
	return "CAST(CONVERT(" + expression + " USING utf8mb4) AS BINARY)"
}

// place is the placeholder for a value that a column is compared with.
func place(c *transform.Column) string { return c.Placeholder() }

// keyArgs returns the arguments of byKey for a key, or why it can't be one of
// this table. KeyValues refuses a value that MySQL would store in another form:
// the row it makes would have another key.
func (src *source) keyArgs(key transform.Key) ([]any, string) {
	if fault := checkKeyID(key); fault != "" {
		return nil, fault
	}
	values, err := src.entity.KeyValues(key)
	if err != nil {
		return nil, err.Error()
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = src.entity.Columns[src.entity.KeyColumns[i]].SQL(v)
	}
	return args, ""
}

// exactArgs returns the arguments of exact.
func (src *source) exactArgs(args []any) []any {
	all := append([]any(nil), args...)
	for i, c := range src.entity.KeyColumns {
		if src.entity.Columns[c].Kind == transform.Text {
			all = append(all, args[i])
		}
	}
	return all
}

// insertArgs returns the arguments of insert for a record.
func (src *source) insertArgs(rec transform.Record) []any {
	args := make([]any, len(src.writes))
	for i, c := range src.writes {
		args[i] = src.entity.Columns[c].SQL(rec.At(c))
	}
	return args
}

// A rowText is what a statement selected of a row, in the driver's text.
type rowText []sql.NullString

// scan scans the current row of a result: first what lead points to, then the
// columns of list.
func (src *source) scan(rows *sql.Rows, lead ...any) (rowText, error) {
	return scanTexts(rows, src.entity.Selected(), lead...)
}

// scanTexts scans that many columns as texts, after what lead points to.
func scanTexts(rows *sql.Rows, n int, lead ...any) (rowText, error) {
	text := make(rowText, n)
	dest := make([]any, 0, len(lead)+n)
	dest = append(dest, lead...)
	for i := range text {
		dest = append(dest, &text[i])
	}
	return text, rows.Scan(dest...)
}

// isThere reports whether there was a row, where a join made NULLs of none.
func (src *source) isThere(text rowText) bool { return text[src.entity.KeyColumns[0]].Valid }

// record returns the record and its key. The error is one of the first column
// that has no canonical form; the key is there all the same if its own columns
// have one.
func (src *source) record(text rowText) (transform.Record, transform.Key, error) {
	return readRow(src.entity, text)
}

func readRow(e *transform.Entity, text rowText) (transform.Record, transform.Key, error) {
	rec, first := e.ReadRow(text)
	key, err := rec.Key()
	if first == nil {
		first = err
	}
	return rec, key, first
}

// row returns the store.Row of what was selected. A row that can't be
// represented has an error and no record.
func (src *source) row(text rowText) (store.Row, error) {
	rec, key, err := src.record(text)
	if err != nil {
		return store.Row{Key: key, Live: true}, err
	}
	return store.Row{Key: key, Live: true, Record: rec}, nil
}

// unfit returns the error of a row that can't be represented.
func (s *Store) unfit(op string, e *transform.Entity, err error, outcome store.Outcome) *store.Error {
	out := &store.Error{Op: op, Entity: e.Name, Store: s.Name(), Kind: store.ErrInvalid, Outcome: outcome,
		Detail: "the stored row can't be represented", Cause: err}
	var v *transform.ValueError
	if errors.As(err, &v) {
		out.Field = v.Column
		if v.TooLarge {
			out.Kind = store.ErrTooLarge
		}
	}
	return out
}
