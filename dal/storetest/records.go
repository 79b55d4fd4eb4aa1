package storetest

import (
	"fmt"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// null stands for SQL NULL among the texts of a record.
const null = "\x00null"

// user returns a user's record with a value in every column. changes are pairs
// of column and text.
func (e *env) user(id int, changes ...string) transform.Record {
	e.Helper()
	name := fmt.Sprintf("user-%d", id)
	rec := e.with(e.users.NewRecord(), "user_id", strconv.Itoa(id), "username", name, "email", name+"@example.com",
		"registration_date", "2024-02-29", "last_login", "2024-03-10T09:30:00Z", "profile_data", `{"bio":"likes birds"}`)
	return e.with(rec, changes...)
}

// visit returns a visit's record; place, rank, title and note are NULL unless
// changes says otherwise.
func (e *env) visit(visitor string, number int, changes ...string) transform.Record {
	e.Helper()
	rec := e.with(e.visits.NewRecord(), "visitor", visitor, "number", strconv.Itoa(number))
	return e.with(rec, changes...)
}

// with returns a copy of the record with other values: pairs of column and text.
func (e *env) with(rec transform.Record, changes ...string) transform.Record {
	e.Helper()
	rec = rec.Clone()
	for i := 0; i < len(changes); i += 2 {
		column, content := changes[i], changes[i+1]
		require.NoError(e, rec.Set(column, e.value(rec.Entity(), column, content)))
	}
	return rec
}

// value returns the column's value for a text.
func (e *env) value(entity *transform.Entity, column, content string) transform.Value {
	e.Helper()
	if content == null {
		return transform.Value{}
	}
	v, err := entity.Columns[entity.ColumnIndex(column)].Parse(content)
	require.NoError(e, err, "column %s", column)
	return v
}

// key returns the record's key.
func (e *env) key(rec transform.Record) transform.Key {
	e.Helper()
	key, err := rec.Key()
	require.NoError(e, err)
	return key
}

// create, replace, update and remove are the four operations.

func (e *env) create(rec transform.Record) store.Mutation {
	return store.Mutation{Op: store.Create, Key: e.key(rec), Record: rec}
}

func (e *env) replace(rec transform.Record) store.Mutation {
	return store.Mutation{Op: store.Put, Key: e.key(rec), Record: rec}
}

// update sets columns of the record that is there: pairs of column and text.
func (e *env) update(rec transform.Record, changes ...string) store.Mutation {
	e.Helper()
	changed := e.with(rec, changes...)
	return e.modify(rec, func(now transform.Record) error {
		for i := 0; i < len(changes); i += 2 {
			v, _ := changed.Get(changes[i])
			if err := now.Set(changes[i], v); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *env) modify(rec transform.Record, modify func(transform.Record) error) store.Mutation {
	return store.Mutation{Op: store.Update, Key: e.key(rec), Modify: modify}
}

func (e *env) remove(rec transform.Record) store.Mutation {
	return store.Mutation{Op: store.Delete, Key: e.key(rec)}
}

// increment adds one to the rank of a visit.
func (e *env) increment(rec transform.Record) store.Mutation {
	return e.modify(rec, func(now transform.Record) error {
		v, _ := now.Get("rank")
		n, ok := v.Int()
		if !ok {
			return fmt.Errorf("the rank is %s", v.Kind())
		}
		return now.Set("rank", transform.IntValue(n+1))
	})
}

// rank returns the rank of the visit that is at the record's key.
func (e *env) rank(rec transform.Record) int64 {
	e.Helper()
	row := e.row(e.key(rec))
	require.True(e, row.Live)
	v, _ := row.Record.Get("rank")
	n, ok := v.Int()
	require.True(e, ok)
	return n
}

// requireLive requires that the record, and exactly it, is at its key.
func (e *env) requireLive(rec transform.Record) store.Row {
	e.Helper()
	row := e.row(e.key(rec))
	require.True(e, row.Live, "the record is there")
	require.Equal(e, text(rec), text(row.Record))
	return row
}

// requireGone requires that no record is at the record's key.
func (e *env) requireGone(rec transform.Record) store.Row {
	e.Helper()
	row := e.row(e.key(rec))
	require.False(e, row.Live, "no record is there")
	require.True(e, row.Record.IsZero(), "a row that is not live has no record")
	return row
}
