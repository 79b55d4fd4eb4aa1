package dynamostore

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// settle gives the record that the step leaves the form of its lists, and refuses
// rows that bring ids of their own: nothing here would keep two records from having
// rows with one id. Of an item that can't be read nobody knows which it has.
func (st *step) settle(record transform.Record) error {
	e := st.place.entity
	if len(e.Children()) == 0 {
		return nil
	}
	err := e.Settle(record)
	if err == nil && st.unread == nil {
		err = e.Brought(st.old.Record, record)
	}
	if err != nil {
		return st.unfitRows(err)
	}
	return nil
}

// number gives ids to the rows of a record that have none, and the record's key to
// all of them. A retry numbers them again: what was taken before is a gap.
func (wr *writing) number(ctx context.Context, st *step, record transform.Record) error {
	e := st.place.entity
	if len(e.Children()) == 0 {
		return nil
	}
	err := e.AssignIDs(record, func(ch *transform.Children) (int64, error) {
		return wr.s.sequences[ch.Rows.Name].take(ctx, wr.at.Epoch)
	})
	if err == nil {
		err = e.Settle(record)
	}
	if err != nil {
		return st.unfitRows(err)
	}
	return nil
}

// unfitRows is the error of rows that a record can't have. What a sequence says
// stays as it is.
func (st *step) unfitRows(err error) error {
	var value *transform.ValueError
	if !errors.As(err, &value) {
		return err
	}
	e := invalid(st.Op.String(), st.place.entity.Name, store.NotApplied, "the record can't have these rows")
	e.Cause, e.Field = err, value.Column
	return e
}
