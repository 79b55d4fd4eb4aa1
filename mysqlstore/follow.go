package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A following is a row on its way into MySQL as the follower.
type following struct {
	store.Row
	store *Store
	src   *source
	args  []any // of src.byKey
	// before is the version that the key had, 0 if it had none.
	before store.Version
}

// newFollowing returns what a row to be put needs, or its fault. A value that
// the column can't hold is one: the server rounds some of those even in strict
// mode, and MySQL would hold another record than the authority.
func (s *Store) newFollowing(op string, row store.Row) (*following, error) {
	p := &following{Row: row, store: s, src: s.sources[row.Key.Entity]}
	fault := ""
	switch {
	case p.src == nil:
		fault = "the contract has no such entity"
	case row.Live && row.Record.Entity() != p.src.entity:
		fault = "the record is of another entity"
	case row.Live:
		if key, err := row.Record.Key(); err != nil || key != row.Key {
			fault = "the record is not of the row's key"
		}
	}
	if fault == "" {
		p.args, fault = p.src.keyArgs(row.Key)
	}
	if fault != "" {
		return nil, s.invalid(op, row.Key.Entity, "", fault, store.NotApplied)
	}
	if err := s.keepsAway(op, p.src, store.NotApplied); err != nil {
		return nil, err
	}
	if row.Live {
		if err := row.Record.Fit(); err != nil {
			e := s.unfit(op, p.src.entity, err, store.NotApplied)
			e.Detail = "MySQL can't hold the record"
			return nil, e
		}
	}
	return p, nil
}

// Put stores the row, or deletes it if it is not live, on condition that the
// version in the key's change record is absent or smaller. The change record
// keeps the version, of a deleted key too: without a row it is the tombstone.
//
// It is one transaction, which holds the fence's shared lock and passes only
// where MySQL was given away to the authority of at.Epoch and is not sealed. It
// checks no foreign keys, and stores what it is given: ids, and columns that
// MySQL would fill or update by itself. A row of version 0 is never newer; that
// is what Insert is for.
//
// An error with ErrUnique has as its Field the columns of the index, and as its
// Holder the key whose row holds the value.
func (s *Store) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	p, err := s.newFollowing("put", row)
	if err != nil {
		return false, err
	}
	took, err := s.follow(ctx, s.beginFollowing, func(t *tx) (bool, error) {
		took, err := s.claim(ctx, t, at, p)
		if err != nil || !took {
			return false, err
		}
		return true, s.place(ctx, t, p)
	})
	return took, s.wrap("put", p.src.entity, store.NotApplied, s.unclaim(ctx, err, p))
}

// PutTogether puts rows of different keys in one transaction. All that are
// newer are deleted before the first is inserted, so that no order of unique
// values is in the way; nothing cascades, since foreign keys are not checked.
func (s *Store) PutTogether(ctx context.Context, at store.At, rows []store.Row) error {
	all := make([]*following, len(rows))
	for i, row := range rows {
		p, err := s.newFollowing("put", row)
		if err != nil {
			return err
		}
		all[i] = p
	}
	slices.SortFunc(all, func(a, b *following) int { return compareKeys(a.Key, b.Key) })
	for i := 1; i < len(all); i++ {
		if all[i].Key == all[i-1].Key {
			return s.invalid("put", all[i].Key.Entity, "", "each key is put together once", store.NotApplied)
		}
	}
	_, err := s.follow(ctx, s.beginFollowing, func(t *tx) (bool, error) { return s.putTogether(ctx, t, at, all) })
	return s.wrap("put", nil, store.NotApplied, s.unclaim(ctx, err, all...))
}

// putTogether puts sorted rows, and reports whether any was newer.
func (s *Store) putTogether(ctx context.Context, t *tx, at store.At, all []*following) (bool, error) {
	var newer []*following
	for _, p := range all {
		took, err := s.claim(ctx, t, at, p)
		if err != nil {
			return false, err
		}
		if took {
			newer = append(newer, p)
		}
	}
	f := &fenced{s: s, t: t, passed: true}
	for _, p := range newer {
		if err := p.makeRoom(ctx, f); err != nil {
			return false, err
		}
	}
	for _, p := range newer {
		if !p.Live {
			continue
		}
		if p.src.sql != nil {
			if err := f.writeOwn(ctx, p.src, &Change{Key: p.Key, After: p.Record}); err != nil {
				return false, s.unplaced(ctx, t, "put", p, err)
			}
			continue
		}
		_, err := t.exec(ctx, p.src.insertPlain(), p.src.insertArgs(p.Record)...)
		if err == nil {
			err = s.placeRows(ctx, t, p, transform.Record{})
		}
		if err != nil {
			return false, s.unplaced(ctx, t, "put", p, err)
		}
	}
	return len(newer) > 0, f.settleOwn(ctx)
}

// claimVersion looks at the fence, takes its shared lock, and gives the change
// record the version if it is newer, all at once. The version that was there
// comes back as the last insert id, 0 if there was none. It is done without
// arithmetic: versions need all 64 bits, and not every server's sums keep them.
const claimVersion = "INSERT INTO crossfade_change (grp, entity, id, version, dirty, dirty_at)" +
	" SELECT f.grp, ?, ?, ?, LAST_INSERT_ID(0), UTC_TIMESTAMP(6) FROM crossfade_fence f" +
	" WHERE f.grp = ? AND f.epoch = ? AND f.state = 'given_away' LOCK IN SHARE MODE ON DUPLICATE KEY UPDATE" +
	" dirty = IF(LAST_INSERT_ID(crossfade_change.version) < ?, 0, crossfade_change.dirty)," +
	" version = IF(crossfade_change.version < ?, ?, crossfade_change.version)"

// claim takes the key's change record for the row, and reports whether the row
// is newer than what is there. From then on the key is this transaction's.
func (s *Store) claim(ctx context.Context, t *tx, at store.At, p *following) (bool, error) {
	version := uint64(p.Version)
	r, err := t.exec(ctx, claimVersion, p.Key.Entity, []byte(p.Key.ID), version, s.group, at.Epoch, version, version, version)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	if err != nil {
		return false, err
	}
	before, err := r.LastInsertId()
	if p.before = store.Version(before); err != nil || n > 0 && p.before < p.Version {
		return err == nil, err
	}
	return false, s.unclaimed(ctx, t, at, p)
}

// unclaimed finds out why a row was not put: the fence, or what is there. That
// no row was affected may mean either.
func (s *Store) unclaimed(ctx context.Context, t *tx, at store.At, p *following) error {
	f, err := s.holdFence(ctx, t)
	if err != nil {
		return err
	}
	if err := s.followerOnly("put", p.Key.Entity, &f, at.Epoch); err != nil {
		return err
	}
	var there sql.Null[uint64]
	err = t.query(ctx, func(rows *sql.Rows) error { return rows.Scan(&there) },
		"SELECT version FROM crossfade_change WHERE grp=? AND entity=? AND id=? LOCK IN SHARE MODE",
		s.group, p.Key.Entity, []byte(p.Key.ID))
	if err == nil && (!there.Valid || there.V < uint64(p.Version)) {
		return errAgain
	}
	return err
}

// followerOnly returns an error unless the fence says that MySQL follows the
// authority of that epoch.
func (s *Store) followerOnly(op, entity string, f *fenceRow, epoch uint64) error {
	switch {
	case !f.state.Valid:
		return s.notInitialised(op, store.NotApplied)
	case !f.follows(store.At{Epoch: epoch}):
		return s.wrongPhase(op, entity, store.NotApplied)
	}
	return nil
}

// place makes the row that is there the one that was claimed for. Every column
// that can be written is set, so that none is left to a default or to ON UPDATE.
func (s *Store) place(ctx context.Context, t *tx, p *following) error {
	if p.src.sql != nil {
		return s.placeOwn(ctx, t, p)
	}
	if !p.Live {
		return p.delete(ctx, t)
	}
	if p.before > 0 {
		// Most likely there is a row. No row affected may also mean that it has
		// these values already.
		n, err := p.update(ctx, t)
		if err == nil && n > 0 {
			err = s.placeOver(ctx, t, p)
		}
		if err != nil || n > 0 {
			return s.unplaced(ctx, t, "put", p, err)
		}
	}
	there, err := p.isThere(ctx, t)
	switch {
	case err != nil:
	case there:
		if _, err = p.update(ctx, t); err == nil {
			err = s.placeOver(ctx, t, p)
		}
	default:
		if _, err = t.exec(ctx, p.src.insertPlain(), p.src.insertArgs(p.Record)...); err == nil {
			err = s.placeRows(ctx, t, p, transform.Record{})
		}
	}
	return s.unplaced(ctx, t, "put", p, err)
}

// placeRows makes the rows of other tables those that the record has; before has
// those that are there.
func (s *Store) placeRows(ctx context.Context, t *tx, p *following, before transform.Record) error {
	if len(p.src.children) == 0 {
		return nil
	}
	f := &fenced{s: s, t: t, passed: true} // the claim has
	if before.IsZero() {
		// Where no foreign key forbids it there may be rows of a record that is gone.
		if err := f.deleteAll(ctx, p.src, p.Key); err != nil {
			return err
		}
	}
	_, err := f.setRows(ctx, p.src, before, p.Record.Clone())
	return err
}

// placeOver is placeRows where there may be rows. It reads without a lock: whoever
// changes these rows holds the change record, as this transaction does.
func (s *Store) placeOver(ctx context.Context, t *tx, p *following) error {
	if len(p.src.children) == 0 {
		return nil
	}
	var before store.Row
	err := t.query(ctx, func(rows *sql.Rows) error {
		text, err := p.src.scan(rows)
		if err == nil {
			var fault error
			before, fault = p.src.own(p.Key, text)
			before.Err = fault
		}
		return err
	}, "SELECT "+p.src.list+" FROM "+p.src.table+" t WHERE "+p.src.byKey, p.args...)
	if err != nil {
		return err
	}
	if before.Err != nil { // what is there can't be compared
		f := &fenced{s: s, t: t, passed: true}
		if err := f.deleteAll(ctx, p.src, p.Key); err != nil {
			return err
		}
		before = store.Row{}
	}
	return s.placeRows(ctx, t, p, before.Record)
}

// isThere reports whether the key has a row. It takes no lock: the change
// record is locked, and the lock of a gap would be in the way of other inserts.
func (p *following) isThere(ctx context.Context, t *tx) (there bool, err error) {
	err = t.query(ctx, func(*sql.Rows) error { there = true; return nil },
		"SELECT 1 FROM "+p.src.table+" WHERE "+p.src.exact, p.src.exactArgs(p.args)...)
	return there, err
}

// update sets every column of the key's row.
func (p *following) update(ctx context.Context, t *tx) (int64, error) {
	names := make([]string, len(p.src.writes))
	for i, c := range p.src.writes {
		names[i] = quote(p.src.entity.Columns[c].Name) + " = ?"
	}
	return affected(t.exec(ctx, "UPDATE "+p.src.table+" SET "+strings.Join(names, ", ")+" WHERE "+p.src.exact,
		append(p.src.insertArgs(p.Record), p.src.exactArgs(p.args)...)...))
}

// delete deletes the key's row, if there is one, and what is part of its record.
func (p *following) delete(ctx context.Context, t *tx) error {
	f := &fenced{s: p.store, t: t, passed: true}
	if err := f.deleteAll(ctx, p.src, p.Key); err != nil {
		return err
	}
	_, err := t.exec(ctx, "DELETE FROM "+p.src.table+" WHERE "+p.src.exact, p.src.exactArgs(p.args)...)
	return err
}

// unplaced returns the error of a statement that was to put a row, ErrUnique
// where another row is in the way. It asks for that row within the
// transaction, which is not committed after an error.
func (s *Store) unplaced(ctx context.Context, t *tx, op string, p *following, err error) error {
	var done *store.Error
	if number(err) != erDupEntry || errors.As(err, &done) {
		return err
	}
	index := s.uniqueIndex(ctx, t.conn, p.src.entity.Source, duplicateIndex(err))
	out := &store.Error{Op: op, Entity: p.Key.Entity, Store: s.Name(), Kind: store.ErrUnique, Outcome: store.NotApplied,
		Field: index.field(), Cause: cause(err, meaning{})}
	holder, asked := s.holder(ctx, t, p, index)
	switch {
	case isConflict(asked):
		return asked
	case holder == p.Key && p.src.sql != nil:
		out.Kind, out.Detail = store.ErrInvalid, "the service's own Write inserted a row that is there, where Read shows no record"
		out.Holder, out.Field = transform.Key{}, ""
	case holder == p.Key:
		return errAgain // it came from outside this library since isThere
	case asked == nil:
		out.Holder = holder
	}
	return out
}

// errNoHolder says that the row which holds a value can't be found.
var errNoHolder = errors.New("the holder of the value is not known")

// holder returns the key of the row that holds the values which the index keeps
// unique. It reads with a lock: its snapshot may be older than that row.
func (s *Store) holder(ctx context.Context, t *tx, p *following, index UniqueIndex) (transform.Key, error) {
	e := p.src.entity
	var where []string
	var args []any
	for _, name := range index.Columns {
		i := e.ColumnIndex(name)
		if i < 0 {
			return transform.Key{}, errNoHolder
		}
		c := &e.Columns[i]
		where, args = append(where, column(c)+" = "+place(c)), append(args, c.SQL(p.Record.At(i)))
	}
	if where == nil || index.Partial {
		return transform.Key{}, errNoHolder
	}
	var key transform.Key
	err := each(ctx, t.conn, func(rows *sql.Rows) error {
		text, err := scanTexts(rows, len(e.KeyColumns))
		if err == nil {
			key, _ = e.ReadKey(text)
		}
		return err
	}, "SELECT "+e.SelectKey("t").SQL+" FROM "+p.src.table+" t WHERE "+strings.Join(where, " AND ")+" LOCK IN SHARE MODE", args...)
	if err == nil && key.IsZero() {
		err = errNoHolder
	}
	return key, err
}
