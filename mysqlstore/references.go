package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A taking is what the deletes of one transaction take along by references.
// MySQL's own foreign keys do it, and fire no statement of this library: so each
// delete looks first, with locks, at every row that they will change, and writes
// its change record. The foreign keys must be those that the contract declares,
// which CheckSchema demands.
//
// No row slips in between the look and the delete. Whoever inserts a row that
// refers to another, or makes one refer to it, takes a shared lock on that other
// row; the look locks it exclusively before it looks for what refers to it, level
// by level, and holds that until the end.
type taking struct {
	steps    []*step                 // of the write, in their order
	named    map[transform.Key]*step // what the write itself changes
	order    []transform.Key
	along    map[transform.Key]*store.Along
	versions map[transform.Key]store.Version
	tell     func([]store.Along) error // the write's Along
}

// newTaking returns what the steps take along, as nothing yet.
func newTaking(steps []*step, tell func([]store.Along) error) *taking {
	t := &taking{steps: steps, named: map[transform.Key]*step{}, along: map[transform.Key]*store.Along{}, versions: map[transform.Key]store.Version{}, tell: tell}
	for _, st := range steps {
		if !st.asks && st.Op != store.Check {
			t.name(st.Key, st)
		}
	}
	return t
}

// name notes what the write itself changes at a key, once it is known.
func (t *taking) name(key transform.Key, st *step) { t.named[key] = st }

// takes reports whether the delete may take rows along that need change records, that
// have rows of other tables, or that the same write changes.
func (f *fenced) takes(st *step) bool {
	e := st.src.entity
	return f.taken != nil && len(e.ReferredBy()) > 0 &&
		(f.at.Captured || takesRows(e) || f.s.takesHanded(e) || f.taken.mayMeet(st))
}

// mayMeet reports whether the delete may take along what another step changes. What a
// step before it has deleted is in nobody's way.
func (t *taking) mayMeet(st *step) bool {
	before := true
	for _, other := range t.steps {
		switch {
		case other == st:
			before = false
		case other.Op == store.Check, other.Op == store.Delete && before:
		case reaches(st.src.entity, other.src.entity):
			return true
		}
	}
	return false
}

// reaches reports whether a delete of one entity's records may take along, or set to NULL,
// those of another one.
func reaches(from, to *transform.Entity, seen ...*transform.Entity) bool {
	for _, r := range from.ReferredBy() {
		of := r.Of()
		switch {
		case r.OnDelete == transform.OnDeleteRestrict:
		case of == to:
			return true
		case r.OnDelete == transform.OnDeleteCascade && !slices.Contains(seen, of) && reaches(of, to, append(seen, of)...):
			return true
		}
	}
	return false
}

// createsBehind returns the error of a Create that is to come after the delete, if one of the
// records that the delete takes along is there already.
func (f *fenced) createsBehind(st *step, along []transform.Record) error {
	for _, rec := range along {
		key, err := rec.Key()
		other := f.taken.named[key]
		if err == nil && other != nil && other.Op == store.Create && slices.Index(f.taken.steps, other) > slices.Index(f.taken.steps, st) {
			return f.s.misplaced(other, false)
		}
	}
	return nil
}

// takesRows reports whether a delete of one of the entity's records may take others
// along that have rows of other tables. No foreign key need delete these, and one may
// forbid that they are left behind.
func takesRows(e *transform.Entity, seen ...*transform.Entity) bool {
	for _, r := range e.ReferredBy() {
		of := r.Of()
		if r.OnDelete != transform.OnDeleteCascade || slices.Contains(seen, of) {
			continue
		}
		if len(of.Children()) > 0 || takesRows(of, append(seen, of)...) {
			return true
		}
	}
	return false
}

// takeAlong does what MySQL's cascades do not do when they delete what refers to the
// step's row, which this transaction has locked: it writes the change records, and
// deletes the rows of other tables.
func (f *fenced) takeAlong(ctx context.Context, st *step) error {
	own, err := keyRecord(st.src.entity, st.Key)
	if err != nil {
		return err
	}
	references := store.References{
		Store: f.s.Name(),
		Named: func(key transform.Key) bool { return f.taken.named[key] != nil },
		Dependents: func(r *transform.Reference, to transform.Key) ([]transform.Record, error) {
			all, err := f.dependents(ctx, r, to)
			if err == nil {
				err = f.createsBehind(st, all)
			}
			return all, err
		},
	}
	along, _, err := references.Follow([]store.Changed{{Op: store.Delete, Key: st.Key, Before: own}})
	if err != nil {
		// What was found depends on the fence as much as the change would.
		if refusal := new(store.Error); errors.As(err, &refusal) {
			if err := f.pass(ctx); err != nil {
				return err
			}
		}
		return err
	}
	if f.at.Captured {
		if err := f.note(ctx, along); err != nil {
			return err
		}
	}
	if err := f.handAlong(ctx, along); err != nil {
		return err
	}
	for _, a := range along {
		if !a.After.IsZero() {
			continue
		}
		if err := f.deleteAll(ctx, f.s.sources[a.Key.Entity], a.Key); err != nil {
			return err
		}
	}
	return nil
}

// keyRecord returns a record that has nothing but its key.
func keyRecord(e *transform.Entity, key transform.Key) (transform.Record, error) {
	values, err := e.KeyValues(key)
	rec := e.NewRecord()
	for i, v := range values {
		rec.SetAt(e.KeyColumns[i], v)
	}
	return rec, err
}

// note tells the caller of what is taken along, and writes the change records.
func (f *fenced) note(ctx context.Context, along []store.Along) error {
	var fresh []transform.Key
	for _, a := range along {
		if !a.After.IsZero() {
			f.outdates(f.s.sources[a.Key.Entity], a.Key, a.Before, a.After)
		}
		f.recounts(f.s.sources[a.Key.Entity].entity, a.Before, a.After)
		if known := f.taken.along[a.Key]; known != nil {
			known.After = a.After
			continue
		}
		f.taken.along[a.Key] = &a
		f.taken.order = append(f.taken.order, a.Key)
		fresh = append(fresh, a.Key)
	}
	if len(fresh) == 0 {
		return nil
	}
	if tell := f.taken.tell; tell != nil {
		var all []store.Along
		for _, key := range f.taken.order {
			all = append(all, *f.taken.along[key])
		}
		if err := tell(all); err != nil {
			return &callerError{err}
		}
	}
	slices.SortFunc(fresh, compareKeys)
	for _, key := range fresh {
		if fault := checkKeyID(key); fault != "" {
			return f.s.invalid("delete", key.Entity, "", fault, store.NotApplied)
		}
		row := store.Row{Key: key}
		if err := f.recordChange(ctx, &row); err != nil {
			return err
		}
		f.taken.versions[key] = row.Version
	}
	return nil
}

// changes returns the change records of what was taken along.
func (t *taking) changes() []store.Change {
	var all []store.Change
	for _, key := range t.order {
		all = append(all, store.Change{Keys: []store.KeyVersion{{Key: key, Version: t.versions[key]}}})
	}
	return all
}

// dependents reads and locks the rows that refer to a key, in the order of their
// keys.
func (f *fenced) dependents(ctx context.Context, r *transform.Reference, to transform.Key) ([]transform.Record, error) {
	src := f.s.sources[r.Of().Name]
	more, args, err := f.s.refersBy(r, to)
	if err != nil {
		return nil, err
	}
	if src.sql != nil {
		return f.ownDependents(ctx, src, more, args)
	}
	var all []transform.Record
	var unnamed error
	err = f.t.query(ctx, func(rows *sql.Rows) error {
		text, err := src.scan(rows)
		if err != nil {
			return err
		}
		// A row that can't be represented goes with its target like any other one:
		// only its key is needed.
		rec, key, fault := src.record(text)
		if key.IsZero() {
			unnamed = f.s.unfit("delete", src.entity, fault, store.NotApplied)
		}
		all = append(all, rec)
		return nil
	}, "SELECT "+src.locked[forUpdate]+" FROM "+src.table+" t "+more+forUpdate, args...)
	if err == nil {
		err = unnamed
	}
	return all, err
}

// refersBy returns what follows the table's name in a statement of the rows that refer to a
// record by one reference, in the order of their keys.
func (s *Store) refersBy(r *transform.Reference, to transform.Key) (more string, args []any, err error) {
	values, err := r.To().KeyValues(to)
	if err != nil {
		return "", nil, err
	}
	e := r.Of()
	var where, order []string
	for i, c := range r.Columns {
		column := &e.Columns[c]
		where = append(where, "t."+quote(column.Name)+" = "+place(column))
		args = append(args, column.SQL(values[i]))
	}
	for _, c := range e.KeyColumns {
		order = append(order, "t."+quote(e.Columns[c].Name))
	}
	return "WHERE " + strings.Join(where, " AND ") + " ORDER BY " + strings.Join(order, ", "), args, nil
}

// Numbers of the errors of foreign keys, with and without their names.
const (
	erNoReferencedRow  = 1216
	erRowIsReferenced  = 1217
	erRowIsReferenced2 = 1451
	erNoReferencedRow2 = 1452
)

// referred returns the error of a statement that met a foreign key, nil for any
// other one.
func (s *Store) referred(st *step, outcome store.Outcome, err error) error {
	out := &store.Error{Op: st.Op.String(), Entity: st.entity(), Store: s.Name(), Outcome: outcome, Cause: cause(err, meaning{})}
	table, columns := foreignKeyOf(err)
	switch number(err) {
	case erNoReferencedRow, erNoReferencedRow2:
		out.Kind, out.Field = store.ErrNoTarget, columns
	case erRowIsReferenced, erRowIsReferenced2:
		out.Kind, out.Field = store.ErrReferenced, columns
		if table != "" {
			out.Field = s.referring(table, columns) + "." + columns
		}
	default:
		return nil
	}
	return out
}

// referring returns the entity of a table that declares a reference of the
// columns, the table's name if there is none.
func (s *Store) referring(table, columns string) string {
	for _, e := range s.contract.Entities {
		for _, r := range e.References {
			if strings.EqualFold(e.Source, table) && strings.EqualFold(r.Field(), columns) {
				return e.Name
			}
		}
	}
	return table
}

// foreignKeyOf returns the table and the columns that a 1451 or 1452 names, with
// commas between them: "… fails (`db`.`pets`, CONSTRAINT `pets_owner` FOREIGN KEY
// (`owner_id`) REFERENCES `people` (`person_id`))". A message in another form costs
// the names, nothing else.
func foreignKeyOf(err error) (table, columns string) {
	var me *mysql.MySQLError
	if !errors.As(err, &me) {
		return "", ""
	}
	before, after, ok := strings.Cut(me.Message, " FOREIGN KEY (")
	if !ok {
		return "", ""
	}
	list, _, _ := strings.Cut(after, ") REFERENCES ")
	columns = strings.ReplaceAll(strings.ReplaceAll(list, "`", ""), ", ", ",")
	before, _, _ = strings.Cut(before, ", CONSTRAINT ")
	parts := strings.Split(before, "`")
	if len(parts) >= 2 {
		table = parts[len(parts)-2]
	}
	return table, columns
}
