package storetest

import (
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// wrongWith returns everything that is wrong with a write, as the model stands: a
// store may find any of it first.
func (p *player) wrongWith(w store.Write) (all []wrong) {
	placed := map[transform.Key]transform.Record{}
	for _, m := range w.Mutations {
		if m.Key.IsZero() {
			placed[m.Key] = m.Record
			if unfitRows(transform.Record{}, m.Record) {
				all = append(all, wrong{kind: store.ErrInvalid, always: unfitRows(m.Record, m.Record)})
			}
			continue
		}
		row := p.model.row(m.Key)
		before := row.Record.Clone()
		switch {
		case m.Op == store.Create && row.Live:
			all = append(all, wrong{kind: store.ErrExists})
		case (m.Op == store.Update || m.Op == store.Delete) && !row.Live:
			all = append(all, wrong{kind: store.ErrNotFound})
		}
		if m.Expect != nil && (row.Live != m.Expect.Live || row.Live && !row.Record.Equal(m.Expect.Record)) {
			all = append(all, wrong{kind: store.ErrChanged})
		}
		switch {
		case m.Op == store.Create || m.Op == store.Put:
			placed[m.Key] = m.Record
		case m.Op == store.Update && row.Live && m.Modify(row.Record) == nil:
			placed[m.Key] = row.Record
		case m.Op == store.Check && m.Expect == nil:
			all = append(all, wrong{kind: store.ErrInvalid})
		}
		if m.Op == store.Create {
			before = transform.Record{} // which has no rows with ids
		}
		if now, changes := placed[m.Key]; changes && unfitRows(before, now) {
			all = append(all, wrong{kind: store.ErrInvalid, always: m.Op != store.Update && unfitRows(now, now)})
		}
	}
	return append(p.refersWrongly(all, w), p.takenFrom(placed)...)
}

// takenFrom returns which unique values of the records others hold, or each other.
func (p *player) takenFrom(placed map[transform.Key]transform.Record) (all []wrong) {
	for key, rec := range placed {
		for _, u := range rec.Entity().Unique {
			value, ok := u.Text(rec)
			if !ok {
				continue
			}
			var names []string
			for _, c := range u.Columns {
				names = append(names, rec.Entity().Columns[c].Name)
			}
			holds := func(other transform.Key, its transform.Record) {
				if its.IsZero() || its.Entity() != rec.Entity() || other == key {
					return
				}
				if text, ok := u.Text(its); ok && text == value {
					all = append(all, wrong{kind: store.ErrUnique, field: strings.Join(names, ","), holder: other})
				}
			}
			for _, row := range p.model.scan(rec.Entity(), 1000) {
				holds(row.Key, row.Record)
			}
			for other, its := range placed {
				holds(other, its)
			}
		}
	}
	return all
}

// possibleBeside: who comes with another epoch learns nothing else, and an
// error of a token stands for itself, also where a field could be as invalid.
func possibleBeside(model error, possible []wrong) []wrong {
	kind := kindOf(model)
	if isAmong(possible, model) || kind != store.ErrInvalid && slices.ContainsFunc(possible, func(f wrong) bool { return f.kind == kind }) {
		return possible
	}
	always := slices.DeleteFunc(slices.Clone(possible), func(f wrong) bool { return !f.always })
	if len(always) == 0 {
		return nil
	}
	return append(always, wrong{kind: kind})
}

func kindOf(err error) error {
	if se, ok := err.(*store.Error); ok {
		return se.Kind
	}
	return nil
}
