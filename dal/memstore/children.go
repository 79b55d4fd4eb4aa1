package memstore

import (
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// settle gives the record that is to be stored the form of its lists, and refuses
// rows that bring ids of their own.
func (s *Store) settle(m store.Mutation, st *step) error {
	e := st.record.Entity()
	err := e.Settle(st.record)
	if err == nil {
		err = e.Brought(st.before, st.record)
	}
	if err == nil {
		return nil
	}
	unfit := s.fail(m.Op.String(), e.Name, store.ErrInvalid, "")
	unfit.Cause = err
	var v *transform.ValueError
	if errors.As(err, &v) {
		unfit.Field = v.Column
	}
	return unfit
}

// assignRows gives ids to the rows that ask for one, and the record's key to those
// of a record that was given it just now. The caller holds the lock.
func (s *Store) assignRows(p *plan) error {
	for _, st := range p.steps {
		if st.record.IsZero() || len(st.record.Entity().Children()) == 0 {
			continue
		}
		e := st.record.Entity()
		err := e.AssignIDs(st.record, func(ch *transform.Children) (int64, error) { return s.nextRowID(ch.Rows) })
		if err == nil {
			err = e.Settle(st.record)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nextRowID returns the next id of a table's rows.
func (s *Store) nextRowID(rows *transform.Entity) (int64, error) {
	id, column := s.lastIDs[rows.Name]+1, rows.Columns[rows.Sequence]
	if err := column.Fit(transform.IntValue(id)); err != nil {
		full := s.fail("write", rows.Name, store.ErrInvalid, "the sequence has come to the end of its column")
		full.Field, full.Cause = column.Name, err
		return 0, full
	}
	s.lastIDs[rows.Name] = id
	return id, nil
}

// seenRows makes the sequences of rows go on above the ids that a record has.
func (s *Store) seenRows(rec transform.Record) {
	for _, ch := range rec.Entity().Children() {
		if ch.Rows.Sequence < 0 {
			continue
		}
		rows, _ := ch.Of(rec)
		for _, row := range rows {
			if id, ok := row.At(ch.Rows.Sequence).Int(); ok {
				s.raise(ch.Rows, id)
			}
		}
	}
}
