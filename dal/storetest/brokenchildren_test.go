package storetest

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// relisted is a store whose readers are told another list, of the orders or of all
// records.
func relisted(change func(rows []transform.Record) []transform.Record) func(*broken) {
	return func(b *broken) {
		b.read = func(row store.Row) store.Row {
			if !row.Live || row.Record.IsZero() {
				return row
			}
			for _, ch := range row.Record.Entity().Children() {
				rows, _ := ch.Of(row.Record)
				row.Record = row.Record.Clone()
				ch.Set(row.Record, change(rows))
			}
			return row
		}
	}
}

// rewritten is a store that stores another record than it is given, with what it
// had before.
func rewritten(change func(before, now transform.Record)) func(*broken) {
	return func(b *broken) {
		b.write = b.mutate(func(ctx context.Context, m store.Mutation) store.Mutation {
			row, _ := b.Store.Get(ctx, relay, m.Key)
			switch {
			case m.Op == store.Update:
				modify := m.Modify
				m.Modify = func(now transform.Record) error {
					before := now.Clone()
					if err := modify(now); err != nil {
						return err
					}
					change(before, now)
					return nil
				}
			case !m.Record.IsZero():
				m.Record = m.Record.Clone()
				change(row.Record, m.Record)
			}
			return m
		})
	}
}

// lists calls do with each list of a record.
func lists(now transform.Record, do func(ch *transform.Children, rows []transform.Record)) {
	for _, ch := range now.Entity().Children() {
		if rows, err := ch.Of(now); err == nil {
			do(ch, rows)
		}
	}
}

var childFaults = []fault{
	{name: "rows are forgotten", breaks: slices.Concat(both(ruleChildren, "created"), both(ruleChildren, "values of every type"),
		both(ruleChildren, "in every way of reading"), both(ruleChildren, "in order"), both(ruleChildren, "all or nothing"),
		cases(ruleChildren, "put", "put, taken out and put together", "inserted")),
		in: relisted(func([]transform.Record) []transform.Record { return nil })},
	{name: "long lists are cut", breaks: both(ruleChildren, "many"),
		in: relisted(func(rows []transform.Record) []transform.Record { return rows[:min(len(rows), 1000)] })},
	{name: "no rows are no list", breaks: both(ruleChildren, "none"),
		in: func(b *broken) {
			b.read = func(row store.Row) store.Row {
				if row.Live && !row.Record.IsZero() {
					row.Record = row.Record.Clone()
					for _, ch := range row.Record.Entity().Children() {
						if rows, _ := ch.Of(row.Record); len(rows) == 0 {
							row.Record.SetAt(ch.List, transform.Value{})
						}
					}
				}
				return row
			}
		}},
	{name: "rows that are taken out stay", breaks: slices.Concat(both(ruleChildren, "added, changed and taken out"), both(ruleChildren, "put over others")),
		in: rewritten(func(before, now transform.Record) {
			if before.IsZero() {
				return
			}
			lists(now, func(ch *transform.Children, rows []transform.Record) {
				had, _ := ch.Of(before)
				for _, row := range had {
					key, _ := row.Key()
					if !slices.ContainsFunc(rows, func(r transform.Record) bool { k, err := r.Key(); return err == nil && k == key }) {
						rows = append(rows, row)
					}
				}
				ch.Set(now, rows)
			})
		})},
	{name: "an update takes the rows", breaks: both(ruleChildren, "left alone"),
		in: rewritten(func(before, now transform.Record) {
			if !before.IsZero() {
				lists(now, func(ch *transform.Children, _ []transform.Record) {
					if before.At(ch.List) == now.At(ch.List) {
						ch.Set(now, nil)
					}
				})
			}
		})},
	{name: "rows come back with their record", breaks: both(ruleChildren, "gone with their record"), in: revived},
	{name: "ids are given again", breaks: both(ruleChildren, "ids of their own"),
		in: func(b *broken) {
			b.lastID = func(context.Context, *transform.Entity) (int64, error) { return 0, nil }
		}},
	{name: "ids are brought", breaks: both(ruleChildren, "ids are not brought"), in: brings},
	{name: "sequences of rows are not raised", breaks: slices.Concat(both(ruleChildren, "ids above what they were raised to"),
		cases(ruleChildren, "ids after the store has followed")),
		in: func(b *broken) { b.raiseID = func(context.Context, *transform.Entity, int64) error { return nil } }},
	{name: "rows are not looked at", breaks: both(ruleChildren, "rows that no table holds"),
		in: rewritten(func(_, now transform.Record) {
			if now.Entity().Settle(now) != nil || now.Entity().FitChildren(now) != nil {
				lists(now.Entity().NewRecord(), func(ch *transform.Children, _ []transform.Record) { ch.Set(now, nil) })
			}
		})},
	{name: "writers of one record overtake each other", breaks: both(ruleChildren, "two writers of one record"), in: overtaking},
	{name: "rows are not expected", breaks: both(ruleChildren, "expected"),
		in: func(b *broken) {
			b.write = b.mutate(func(ctx context.Context, m store.Mutation) store.Mutation {
				if m.Expect != nil && m.Expect.Live {
					row, _ := b.Store.Get(ctx, relay, m.Key)
					m.Expect = &row
				}
				return m
			})
		}},
}

// revived gives a record that is created the rows that its key had before.
func revived(b *broken) {
	b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
		w.Mutations = slices.Clone(w.Mutations)
		for i := range w.Mutations {
			m := &w.Mutations[i]
			b.locked(func() {
				switch had := b.records[m.Key]; {
				case m.Op == store.Delete:
					if row, _ := b.Store.Get(ctx, relay, m.Key); row.Live {
						b.records[m.Key] = row.Record
					}
				case m.Op == store.Create && !had.IsZero():
					m.Record = m.Record.Clone()
					lists(had, func(ch *transform.Children, rows []transform.Record) {
						if ch.Rows.Sequence >= 0 {
							for _, row := range rows {
								row.SetAt(ch.Rows.Sequence, transform.Value{})
							}
						}
						ch.Set(m.Record, rows)
					})
				}
			})
		}
		return b.Store.Write(ctx, at, w)
	}
}

// brings takes ids that a caller brings: it has the store assign others.
func brings(b *broken) {
	rewritten(func(before, now transform.Record) {
		if now.Entity().Settle(now) == nil && now.Entity().Brought(before, now) != nil {
			lists(now, func(ch *transform.Children, rows []transform.Record) {
				for _, row := range rows {
					row.SetAt(ch.Rows.Sequence, transform.Value{})
				}
				ch.Set(now, rows)
			})
		}
	})(b)
}

// overtaking makes every update out of what it has read of the key first.
func overtaking(b *broken) {
	b.write = b.mutate(func(ctx context.Context, m store.Mutation) store.Mutation {
		if m.Op != store.Update {
			return m
		}
		row, _ := b.Store.Get(ctx, relay, m.Key)
		b.locked(func() {
			if b.records[m.Key].IsZero() && row.Live {
				b.records[m.Key] = row.Record
			}
			row.Record = b.records[m.Key]
		})
		modify := m.Modify
		m.Modify = func(now transform.Record) error {
			if row.Record.IsZero() {
				return modify(now)
			}
			for c := range now.Entity().Columns {
				now.SetAt(c, row.Record.At(c))
			}
			return modify(now)
		}
		return m
	})
}
