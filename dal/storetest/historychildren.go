package storetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// listEdits are what a history makes of a record's lists of rows, by the list's column.
type listEdits map[string]listEdit

// A listEdit is what becomes of one list: rows that are there and stay, each as it is or
// changed, and new ones. All others are taken out.
type listEdit struct {
	rows      []rowEdit
	unfit     bool // also rows that can't be beside those before them
	backwards bool // told the other way round, whatever the order of the contract
}

// A rowEdit is a row of a list: the one at a place of the list that is there, or another.
// It says nothing if there is none at the place.
type rowEdit struct {
	place int
	set   content
}

// another is the place of a row that is new.
const another = -1

// String returns what becomes of each list.
func (l listEdits) String() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(l)) {
		edit, parts := l[name], []string{}
		for _, r := range edit.rows {
			part := "new"
			if r.place != another {
				part = fmt.Sprint("row ", r.place)
			}
			parts = append(parts, strings.TrimSpace(part+" "+r.set.String()))
		}
		line := fmt.Sprintf(" %s [%s]", name, strings.Join(parts, ", "))
		if edit.unfit {
			line += " whether they fit or not"
		}
		if edit.backwards {
			line += " backwards"
		}
		all = append(all, line)
	}
	return strings.Join(all, "")
}

// lists chooses what becomes of each list of a table's records, with a chance.
func (g *generator) lists(table string, chance float64) listEdits {
	all := listEdits{}
	for _, ch := range g.e.entities[table].Children() {
		if g.Float64() >= chance {
			continue
		}
		edit := listEdit{unfit: g.IntN(25) == 0, backwards: g.IntN(3) == 0}
		for _, place := range g.Perm(5) {
			switch g.IntN(5) {
			case 0, 1:
				edit.rows = append(edit.rows, rowEdit{place: place})
			case 2, 3:
				edit.rows = append(edit.rows, rowEdit{place, g.rowColumns(ch, 0.4)})
			}
		}
		for range g.IntN(4) {
			edit.rows = append(edit.rows, rowEdit{another, g.rowColumns(ch, whole)})
		}
		if edit.unfit && ch.Rows.Sequence >= 0 && g.IntN(2) == 0 {
			g.bringID(ch, &edit, 1+g.IntN(ownIDsEnd-1))
		}
		all[g.listName(table, ch)] = edit
	}
	return all
}

// brought chooses lists for a record that comes from another authority. Rows have the ids
// that it gave them, which are no other record's.
func (g *generator) brought(n named) listEdits {
	all, pool := g.lists(n.table, whole), g.pool(n.table)
	for _, ch := range g.e.entities[n.table].Children() {
		edit, ok := all[g.listName(n.table, ch)]
		edit.unfit = false
		if ok && ch.Rows.Sequence >= 0 {
			edit.rows = slices.DeleteFunc(edit.rows, func(r rowEdit) bool { return r.place != another })
			of := slices.IndexFunc(pool, func(key []string) bool { return slices.Equal(key, n.key) })
			ids := (ownIDsEnd - 1) / g.keys() // of each record
			for range g.IntN(ids) {
				g.bringID(ch, &edit, of*ids+1+g.IntN(ids))
			}
			edit.rows = slices.DeleteFunc(edit.rows, func(r rowEdit) bool { return r.set[ch.Rows.Columns[ch.Rows.Sequence].Name] == "" })
		}
		if ok {
			all[g.listName(n.table, ch)] = edit
		}
	}
	return all
}

// bringID adds a new row with an id.
func (g *generator) bringID(ch *transform.Children, edit *listEdit, id int) {
	set := g.rowColumns(ch, whole)
	set[ch.Rows.Columns[ch.Rows.Sequence].Name] = fmt.Sprint(id)
	edit.rows = append(edit.rows, rowEdit{another, set})
}

func (g *generator) listName(table string, ch *transform.Children) string {
	return g.e.entities[table].Columns[ch.List].Name
}

// rowColumns chooses values for the columns of a row, each with a chance.
func (g *generator) rowColumns(ch *transform.Children, chance float64) content {
	c := content{}
	for i := range ch.Rows.Columns {
		column := &ch.Rows.Columns[i]
		if ch.IsParents(i) || i == ch.Rows.Sequence || g.Float64() >= chance && (column.Nullable || chance < whole) {
			continue
		}
		texts := g.values[ch.Rows.Source+"."+column.Name]
		if column.Nullable && g.IntN(6) == 0 {
			c[column.Name] = null
			continue
		}
		c[column.Name] = texts[g.IntN(len(texts))]
	}
	return c
}

// rowPools chooses the values of a table's rows: few, where they tell rows apart.
func (g *generator) rowPools(table string) {
	for _, ch := range g.e.entities[table].Children() {
		for i := range ch.Rows.Columns {
			column := &ch.Rows.Columns[i]
			pool := slices.DeleteFunc(slices.Clone(edgesOf(column)), func(text string) bool { return !canHold(column, text) })
			g.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
			g.values[ch.Rows.Source+"."+column.Name] = pool[:min(5, len(pool))]
		}
	}
}

// fitting returns the changes with lists of rows that fit: no caller repeats what was
// refused whatever the token says.
func fitting(changes []mutation) []mutation {
	all := slices.Clone(changes)
	for i := range all {
		all[i].lists = maps.Clone(all[i].lists)
		for name, edit := range all[i].lists {
			edit.unfit = false
			all[i].lists[name] = edit
		}
	}
	return all
}

// edit gives the record the lists that become of those that it has.
func (l listEdits) edit(e *env, rec transform.Record) {
	for _, ch := range rec.Entity().Children() {
		edit, ok := l[rec.Entity().Columns[ch.List].Name]
		if !ok {
			continue
		}
		had, err := ch.Of(rec)
		require.NoError(e, err)
		var rows []transform.Record
		for _, r := range edit.rows {
			row := ch.Rows.NewRecord()
			switch {
			case r.place >= len(had):
				continue
			case r.place != another:
				row = had[r.place]
			}
			row = e.withAll(row, r.set)
			for i := range ch.Rows.Columns {
				if from := ch.Parent(i); from >= 0 {
					row.SetAt(i, rec.At(from))
				}
			}
			if edit.unfit || !slices.ContainsFunc(rows, func(other transform.Record) bool { return clash(row, other) }) {
				rows = append(rows, row)
			}
		}
		ch.Set(rec, rows)
	}
}

// clash reports whether two rows have one key or one unique value.
func clash(a, b transform.Record) bool {
	ours, errOurs := a.Key()
	theirs, err := b.Key()
	return errOurs == nil && err == nil && ours == theirs || slices.ContainsFunc(a.Entity().Unique, func(u transform.Unique) bool {
		our, ok := u.Text(a)
		their, guarded := u.Text(b)
		return ok && guarded && our == their
	})
}

// turn tells the lists backwards that are.
func (l listEdits) turn(e *env, rec transform.Record) {
	for name, edit := range l {
		list, _ := rec.Get(name)
		if !edit.backwards || list.IsNull() {
			continue
		}
		var rows []json.RawMessage
		require.NoError(e, json.Unmarshal([]byte(list.Text()), &rows))
		slices.Reverse(rows)
		text, err := json.Marshal(rows)
		require.NoError(e, err)
		list, err = transform.JSONValue(text)
		require.NoError(e, err)
		require.NoError(e, rec.Set(name, list))
	}
}

// turned returns mutations with lists as the step tells them.
func (s *writeStep) turned(e *env, of []store.Mutation) []store.Mutation {
	all := slices.Clone(of)
	for i := range all {
		if l := s.changes[i].lists; len(l) > 0 && !all[i].Record.IsZero() {
			all[i].Record = all[i].Record.Clone()
			l.turn(e, all[i].Record)
		}
	}
	return all
}

// unfitRows reports whether a record can't have the rows that it has, after those before.
func unfitRows(before, now transform.Record) bool {
	now = now.Clone()
	e := now.Entity()
	return e.Settle(now) != nil || e.FitChildren(now) != nil || e.Brought(before, now) != nil
}

// rowIDs are the ids that the store under test gave to rows of a table, and the model to
// the same. Those that callers bring, up to ownIDsEnd, are not among them.
type rowIDs struct {
	subject, model  map[int64]int64 // the one's by the other's
	before, highest int64           // given before this write, and at all
}

// rowIDs returns the ids of a table's rows.
func (p *player) rowIDs(rows *transform.Entity) *rowIDs {
	ids := p.ofRows[rows.Source]
	if ids == nil {
		ids = &rowIDs{map[int64]int64{}, map[int64]int64{}, ownIDsEnd, ownIDsEnd}
		p.ofRows[rows.Source] = ids
	}
	return ids
}

// asTheirs returns a record with other ids in its rows. Those that are not known stay.
func asTheirs(rec transform.Record, of func(rows *transform.Entity) map[int64]int64) transform.Record {
	rec = rec.Clone()
	for _, ch := range rec.Entity().Children() {
		rows, err := ch.Of(rec)
		if ch.Rows.Sequence < 0 || err != nil || len(rows) == 0 {
			continue
		}
		for _, row := range rows {
			id, _ := row.At(ch.Rows.Sequence).Int()
			if other, known := of(ch.Rows)[id]; known {
				row.SetAt(ch.Rows.Sequence, transform.IntValue(other))
			}
		}
		ch.Set(rec, rows)
	}
	return rec
}

// forSubject returns what the store under test is given in place of the model's mutations:
// the ids of rows are its own.
func (p *player) forSubject(of []store.Mutation) []store.Mutation {
	subjects := func(rows *transform.Entity) map[int64]int64 { return p.rowIDs(rows).subject }
	all := slices.Clone(of)
	for i := range all {
		m := &all[i]
		if !m.Record.IsZero() {
			m.Record = asTheirs(m.Record, subjects)
		}
		if m.Expect != nil && m.Expect.Live {
			read := *m.Expect
			read.Record = asTheirs(read.Record, subjects)
			m.Expect = &read
		}
	}
	return all
}

// inModel returns what the store under test tells of a record with the model's ids in its
// rows. New ones it learns from what the model has there.
func (p *player) inModel(got, want transform.Record) transform.Record {
	if got.IsZero() || len(got.Entity().Children()) == 0 {
		return got
	}
	settled := got.Clone()
	require.NoError(p, settled.Entity().Settle(settled))
	require.Equal(p, text(settled), text(got), "a record's lists have the form that the contract gives them")
	for _, ch := range got.Entity().Children() {
		p.learnIDs(ch, got, want)
	}
	return asTheirs(got, func(rows *transform.Entity) map[int64]int64 { return p.rowIDs(rows).model })
}

// learnIDs takes it that rows at the same places of both lists are the same.
func (p *player) learnIDs(ch *transform.Children, got, want transform.Record) {
	if ch.Rows.Sequence < 0 || want.IsZero() {
		return
	}
	ours, err := ch.Of(got)
	require.NoError(p, err)
	theirs, err := ch.Of(want)
	require.NoError(p, err)
	if len(ours) != len(theirs) {
		return // which is told by the comparison
	}
	ids := p.rowIDs(ch.Rows)
	for i := range ours {
		subject, _ := ours[i].At(ch.Rows.Sequence).Int()
		model, _ := theirs[i].At(ch.Rows.Sequence).Int()
		if _, known := ids.subject[model]; known || model <= ownIDsEnd {
			continue
		}
		require.Greater(p, subject, ids.before, "an id of a row is above those before")
		require.NotContains(p, ids.model, subject, "an id of a row is given once")
		ids.subject[model], ids.model[subject] = subject, model
		ids.highest = max(ids.highest, subject)
	}
}

// compareLastIDs holds that the store under test knows how far its sequences of rows are.
func (p *player) compareLastIDs() {
	for _, entity := range p.subject.sequence {
		for _, ch := range entity.Children() {
			if ids := p.ofRows[ch.Rows.Source]; ids != nil {
				last, err := p.subject.Control.LastID(p.subject.ctx, ch.Rows)
				require.NoError(p, err)
				require.GreaterOrEqual(p, last, ids.highest, "no id above the last one was given to a row")
			}
		}
	}
}

// newRowIDs begins a write: the ids that it gives are above all before.
func (p *player) newRowIDs() {
	for _, ids := range p.ofRows {
		ids.before = ids.highest
	}
}

// keepLists gives a record that is put the lists that are there, to be changed.
func (p *player) keepLists(m store.Mutation) {
	if m.Op != store.Put || len(p.childrenOf(m.Key)) == 0 {
		return
	}
	if row := p.model.row(m.Key); row.Live {
		for _, ch := range p.childrenOf(m.Key) {
			m.Record.SetAt(ch.List, row.Record.At(ch.List))
		}
	}
}

func (p *player) childrenOf(key transform.Key) []*transform.Children {
	return p.model.reader().Contract().Entity(key.Entity).Children()
}
