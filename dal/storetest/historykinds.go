package storetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// kindSteps is how long the histories are of contracts in which a record is more than a row
// by itself: there are several such, and each plays as many histories as the others.
const kindSteps = 150

// kindHistoryCases play histories of an authority over records that refer to one another,
// whose items move, which are counted, which rows of other tables are part of, which show
// what others have, and whose values are compared by a collation.
func kindHistoryCases() []testCase {
	histories := func(e *env) {
		e.Helper()
		playHistories(e, func(g *generator) []step {
			// Most of it under capture: what a write takes along is told by change records.
			steps := append(g.fill(), g.history(kindSteps)[:kindSteps/5]...)
			steps = append(append(steps, advanceStep{capture: true}), g.fill()...)
			return append(steps, g.history(kindSteps-kindSteps/5)...)
		})
	}
	return ruled(ruleHistory,
		ofFamilies("of families", histories),
		ofPlaces("of places", histories),
		ofCounts("of shelves", histories),
		ofNames("of names", histories),
		ofOrders("of orders", histories),
		check{name: "of wares", run: histories, on: CopyContract},
	)
}

// whole is the chance with which a record's columns have values; less is a change of some.
const whole = 0.8

// simplest are values for columns that can't be NULL, where any will do.
var simplest = map[transform.Kind]string{transform.Text: "x", transform.Int: "1", transform.Bool: "0"}

// isOwn reports whether records have values of a column.
func isOwn(c *transform.Column) bool { return c.Join == nil && !c.Hydrated && !c.IsComputed() }

// filled returns a content with a value for each column that can't be NULL.
func (g *generator) filled(n named, c content) content {
	entity, all := g.e.entities[n.table], content{}
	for i := range entity.Columns {
		column := &entity.Columns[i]
		if !column.Nullable && isOwn(column) && !slices.Contains(entity.KeyColumns, i) {
			all[column.Name] = simplest[column.Kind]
		}
	}
	for name, text := range c {
		all[name] = text
	}
	return all
}

// referred returns what a column may refer to: the texts of the target's keys, and one that
// no record has. Nothing if it is of no reference.
func (g *generator) referred(entity *transform.Entity, column int) []string {
	for _, f := range entity.References {
		i := slices.Index(f.Columns, column)
		if i < 0 {
			continue
		}
		var texts []string
		for _, key := range g.pool(f.To().Source) {
			if !slices.Contains(texts, key[i]) {
				texts = append(texts, key[i])
			}
		}
		if f.To().Columns[f.To().KeyColumns[i]].Kind == transform.Int {
			return append(texts, "77")
		}
		return append(texts, "nobody")
	}
	return nil
}

// fill puts most records, each after what it may refer to: by chance few would ever find
// that there.
func (g *generator) fill() (steps []step) {
	done := map[string]bool{}
	var of func(table string)
	of = func(table string) {
		if done[table] {
			return
		}
		done[table] = true
		for _, f := range g.e.entities[table].References {
			of(f.To().Source)
		}
		for _, key := range g.pool(table) {
			if g.IntN(5) > 0 {
				n := named{table, key}
				steps = append(steps, &writeStep{changes: []mutation{{named: n, op: store.Put, set: g.columns(table, whole), lists: g.lists(table, whole)}},
					token: fmt.Sprint("f", g.IntN(1_000_000))})
			}
		}
	}
	for _, table := range g.tables {
		of(table)
	}
	return steps
}

// keys is how many keys a history of each table is about: fewer where records refer to one
// another, so that what they refer to is there.
func (g *generator) keys() int {
	if g.e.refers() {
		return 4
	}
	return 6
}

// pool returns the keys of a table, of those that it refers to first.
func (g *generator) pool(table string) [][]string {
	if g.pools[table] == nil {
		g.pools[table] = g.keyPool(table)
	}
	return g.pools[table]
}

// aim has references of several columns name a record that there may be, most often: by
// chance they would hardly ever.
func (g *generator) aim(table string, c content) {
	for _, f := range g.e.entities[table].References {
		columns := g.e.entities[table].Columns
		_, chosen := c[columns[f.Columns[0]].Name]
		if len(f.Columns) == 1 || !chosen || g.IntN(4) == 0 {
			continue
		}
		pool := g.pool(f.To().Source)
		for i, text := range pool[g.IntN(len(pool))] {
			c[columns[f.Columns[i]].Name] = text
		}
	}
}

// askable reports whether a history can ask an index, or the table's own key: values of
// computed columns it does not choose.
func (g *generator) askable(entity *transform.Entity, index string) bool {
	key, err := store.KeyNamed(entity, index)
	if err != nil {
		return false
	}
	for _, k := range []transform.KeyAttribute{key.PK, key.SK} {
		if i := store.ColumnOf(entity, k); !k.IsZero() && (i < 0 || !isOwn(&entity.Columns[i])) {
			return false
		}
	}
	return true
}

// refersWrongly adds what may be wrong with the references of a write. Which of them a store
// finds first, and whether before anything else, is its own. A delete may take along what
// the write changes, which a store finds where it looks for what refers: before it knows
// that the write is refused anyway, or never.
func (p *player) refersWrongly(all []wrong, w store.Write) []wrong {
	if !p.refers() {
		return all
	}
	for _, m := range w.Mutations {
		switch m.Op {
		case store.Create, store.Put:
			if slices.ContainsFunc(m.Record.Entity().References, func(f *transform.Reference) bool {
				_, refers := f.Key(m.Record)
				return refers
			}) {
				all = append(all, wrong{kind: store.ErrNoTarget})
			}
		case store.Update:
			if i := slices.IndexFunc(p.subject.sequence, func(e *transform.Entity) bool { return e.Name == m.Key.Entity }); len(p.subject.sequence[i].References) > 0 {
				all = append(all, wrong{kind: store.ErrNoTarget})
			}
		case store.Delete:
			if p.referred(m.Key.Entity) {
				all = append(all, wrong{kind: store.ErrReferenced})
			}
			if len(w.Mutations) > 1 {
				all = append(all, p.namedToo()...)
			}
		}
	}
	return all
}

// namedToo are the errors of writes that change a record and delete what takes it along.
func (p *player) namedToo() (all []wrong) {
	for _, entity := range p.subject.sequence {
		for _, f := range entity.References {
			all = append(all, wrong{kind: store.ErrInvalid, field: f.Field()})
		}
	}
	return all
}

func (p *player) refers() bool { return p.subject.refers() }

func (e *env) refers() bool {
	return slices.ContainsFunc(e.sequence, func(e *transform.Entity) bool { return len(e.References) > 0 })
}

// referred reports whether records refer to those of an entity.
func (p *player) referred(entity string) bool {
	return slices.ContainsFunc(p.subject.sequence, func(e *transform.Entity) bool {
		return slices.ContainsFunc(e.References, func(f *transform.Reference) bool { return f.To().Name == entity })
	})
}

// seeAlong reads what a write has changed besides the records that it names, so that their
// versions are known.
func (p *player) seeAlong(want store.Written) {
	for _, c := range want.Changes {
		for _, k := range c.Keys {
			if _, known := p.seen[k.Key][k.Version]; !known {
				p.compareRows(k.Key)
			}
		}
	}
}

// removal deletes a record that others may refer to, and nothing else, which would most often
// be in its way. A follower deletes nothing.
func (g *generator) removal() step {
	if !g.leads {
		return g.counting()
	}
	var referred []string
	for _, table := range g.tables {
		for _, f := range g.e.entities[table].References {
			referred = append(referred, f.To().Source)
		}
	}
	n := g.nameIn(referred[g.IntN(len(referred))])
	return &writeStep{when: g.when(), changes: []mutation{{named: n, op: store.Delete}}, token: fmt.Sprint("d", g.IntN(1_000_000))}
}

// A countStep counts what refers to records, but for some, and asks what a column has in it.
type countStep struct {
	table     string // of what refers
	reference int
	column    int
	of        []named
	except    []named
	when      when
}

// counting chooses a count, if anything refers to anything.
func (g *generator) counting() step {
	var all []countStep
	for _, table := range g.tables {
		for i := range g.e.entities[table].References {
			all = append(all, countStep{table: table, reference: i})
		}
	}
	s := all[g.IntN(len(all))]
	s.when = g.reading()
	references := g.e.entities[s.table].References
	for range 1 + g.IntN(4) {
		s.of = append(s.of, g.nameIn(references[s.reference].To().Source))
	}
	for range g.IntN(3) {
		s.except = append(s.except, g.nameIn(s.table))
	}
	var columns []int
	for i, c := range g.e.entities[s.table].Columns {
		if hasTotals(&c) {
			columns = append(columns, i)
		}
	}
	s.column = columns[g.IntN(len(columns))]
	return s
}

// hasTotals reports whether the values of a column can be added up, or have an order in
// every store.
func hasTotals(c *transform.Column) bool {
	switch c.Kind {
	case transform.Int, transform.Decimal, transform.Date, transform.DateTime, transform.Timestamp:
		return c.IsOwn()
	}
	return false
}

func (s countStep) String() string {
	return fmt.Sprintf("count %s by reference %d to %s but for %s, with the total of column %d%s", s.table, s.reference, s.of, s.except, s.column, s.when)
}

func (s countStep) play(p *player) {
	c := store.Count{By: p.model.entities[s.table].References[s.reference]}
	for _, n := range s.of {
		c.Keys = append(c.Keys, p.model.keyNamed(n))
	}
	for _, n := range s.except {
		c.Except = append(c.Except, p.model.keyNamed(n))
	}
	sameAnswer(p, s.when, func(r store.Reader, ctx context.Context, at store.At) ([]int64, error) { return r.Count(ctx, at, c) })
	t := store.Totals{Count: c, Column: s.column}
	sameAnswer(p, s.when, func(r store.Reader, ctx context.Context, at store.At) ([]transform.Total, error) {
		return r.Totals(ctx, at, t)
	})
}

// sameAnswer asks the store and the model the same.
func sameAnswer[A any](p *player, when when, read func(store.Reader, context.Context, store.At) (A, error)) {
	got, _, gotErr := ask(p, "", func() (A, error) { return read(p.subject.reader(), p.subject.ctx, p.subject.when(when)) })
	want, wantErr := read(p.model.reader(), p.model.ctx, p.model.when(when))
	if !p.sameError(gotErr, wantErr) {
		require.Equal(p, want, got)
	}
}
