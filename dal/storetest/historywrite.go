package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A when is the epoch that an operation of a history carries.
type when uint8

const (
	now when = iota
	behind
	ahead
	unleased
	byRelay
)

// when is what an operation of that time knows of the phase.
func (e *env) when(w when) store.At {
	at := e.at
	switch w {
	case behind:
		at.Epoch--
	case ahead:
		at.Epoch++
	case unleased:
		at.Lease = nil
	case byRelay:
		return relay
	}
	return at
}

// when chooses: wrong ones are rare.
func (g *generator) when() when {
	switch n := g.IntN(40); {
	case n == 0:
		return behind
	case n == 1:
		return ahead
	case n == 2 && g.e.leased():
		return unleased
	}
	return now
}

// reading chooses the epoch of a read. Nobody but the relay reads a follower.
func (g *generator) reading() when {
	if !g.leads {
		return byRelay
	}
	return g.when()
}

func (w when) String() string {
	return [...]string{"", ", behind", ", ahead", ", without a lease", ", by the relay"}[w]
}

// A writeStep is one write.
type writeStep struct {
	changes []mutation
	token   string
	decided bool
	when    when
}

// A mutation is one change of a write, as a history has it.
type mutation struct {
	named
	op     store.Op
	set    content
	lists  listEdits
	expect expectation
}

// An expectation is what a mutation expects at its key.
type expectation uint8

const (
	nothing     expectation = iota
	whatIsThere             // as read just before
	whatWas                 // as read by an earlier step
)

func (s *writeStep) String() string {
	var parts []string
	for _, c := range s.changes {
		part := fmt.Sprintf("%s %s", c.op, c.named)
		if c.set != nil {
			part += " {" + c.set.String() + "}" + c.lists.String()
		}
		parts = append(parts, part+[...]string{"", " upon what is there", " upon what was read"}[c.expect])
	}
	line := "write " + strings.Join(parts, "; ") + s.when.String()
	if s.token != "" {
		line += ", token " + s.token
	}
	if s.decided {
		line += ", decided"
	}
	return line
}

// write chooses a write of one to four keys.
func (g *generator) write() step {
	s := &writeStep{when: g.when()}
	for _, n := range g.names(4) {
		s.changes = append(s.changes, g.mutation(n))
	}
	chance := 4
	if c, ok := g.assigned(); ok && g.IntN(8) == 0 {
		s.changes, chance = append(s.changes[:g.IntN(len(s.changes)+1)], c), 2
	}
	if g.IntN(chance) == 0 || g.e.harness.Unsteady {
		s.token, s.decided = fmt.Sprint("t", g.IntN(1_000_000)), g.IntN(3) == 0
		g.writes = append(g.writes, s)
	}
	return s
}

// ops are the operations as often as they are chosen: a history of deletes has
// little to show.
var ops = []store.Op{store.Create, store.Create, store.Create, store.Put, store.Put, store.Put, store.Put, store.Put,
	store.Update, store.Update, store.Update, store.Delete, store.Delete, store.Check}

func (g *generator) mutation(n named) mutation {
	c := mutation{named: n, op: ops[g.IntN(len(ops))]}
	switch c.op {
	case store.Create, store.Put:
		c.set, c.lists = g.columns(n.table, whole), g.lists(n.table, whole)
	case store.Update:
		c.set, c.lists = g.columns(n.table, 0.3), g.lists(n.table, 0.6)
	}
	if g.IntN(5) == 0 || c.op == store.Check {
		c.expect = whatIsThere + expectation(g.IntN(2))
	}
	return c
}

// assigned creates a record whose id the store gives, if a table has a sequence.
func (g *generator) assigned() (mutation, bool) {
	for _, table := range g.tables {
		if g.e.entities[table].Sequence >= 0 {
			return mutation{named: named{table: table}, op: store.Create, set: g.columns(table, whole), lists: g.lists(table, whole)}, true
		}
	}
	return mutation{}, false
}

// repeat makes a write again that had a token, sometimes with another change.
func (g *generator) repeat() step {
	if len(g.writes) == 0 {
		return g.write()
	}
	again := *g.writes[g.IntN(len(g.writes))]
	again.when = g.when()
	switch g.IntN(4) {
	case 0:
		again.changes = []mutation{g.mutation(g.name())}
	case 1:
		again.changes = slices.Clone(again.changes)
		slices.Reverse(again.changes)
	}
	again.changes = fitting(again.changes)
	return &again
}

// mutations are those of the write, and need both stores to be equal.
func (p *player) mutations(s *writeStep) []store.Mutation {
	all := make([]store.Mutation, len(s.changes))
	for i, c := range s.changes {
		m := store.Mutation{Op: c.op}
		if c.key != nil {
			m.Key = p.model.keyNamed(c.named)
		}
		switch c.op {
		case store.Create, store.Put:
			m.Record = p.model.record(c.named, c.set)
			p.keepLists(m)
			c.lists.edit(p.model, m.Record)
		case store.Update:
			m.Modify = func(rec transform.Record) error {
				for column, text := range c.set {
					if err := rec.Set(column, p.model.value(rec.Entity(), column, text)); err != nil {
						return err
					}
				}
				c.lists.edit(p.model, rec)
				c.lists.turn(p.model, rec)
				return nil
			}
		}
		if c.expect != nothing {
			m.Expect = p.expected(m, c.expect)
		}
		all[i] = m
	}
	return all
}

// expected is the row that a mutation expects; nil where nobody would decide so
// upon it.
func (p *player) expected(m store.Mutation, what expectation) *store.Row {
	row, known := p.kept.rows[m.Key]
	if what == whatIsThere || !known {
		row = p.model.row(m.Key)
	}
	if m.Op == store.Create && row.Live || (m.Op == store.Update || m.Op == store.Delete) && !row.Live {
		return nil
	}
	row.Record = row.Record.Clone()
	return &row
}

func (s *writeStep) play(p *player) {
	p.newRowIDs()
	made := p.mutations(s)
	w := store.Write{Mutations: s.turned(p.model, made), Token: s.token, Decided: s.decided}
	own := w
	own.Mutations = s.turned(p.model, p.forSubject(made))
	possible := p.wrongWith(w)
	if p.changesNothing(w) {
		return
	}
	got, again, gotErr := ask(p, s.token, func() (store.Written, error) {
		return p.subject.Authority.Write(p.subject.ctx, p.subject.when(s.when), own)
	})
	if asks(w) && gotErr != nil && isAmong(possible, gotErr) {
		return // the model must not take an id for a write that failed: the store need not
	}
	if gotErr == nil && asks(w) && p.isNew(s, got) {
		p.tell(w, p.withIDs(s, w, got))
	}
	want, wantErr := p.model.Authority.Write(p.model.ctx, p.model.when(s.when), w)
	if p.sameError(gotErr, wantErr, possibleBeside(wantErr, possible)...) {
		return
	}
	require.Len(p, got.Rows, len(w.Mutations))
	if !want.Repeated {
		p.seeAlong(want)
	}
	if !again {
		require.Equal(p, want.Repeated, got.Repeated, "repeated")
	}
	if got.Repeated && s.decided {
		p.compareRows(keysOfRows(want.Rows)...) // the answer itself tells nothing
		return
	}
	for i := range want.Rows {
		require.Equal(p, want.Rows[i].Key, got.Rows[i].Key, "row %d of the answer", i)
	}
	if !got.Repeated && !want.Repeated {
		p.sameWritten(got, want)
	} else {
		p.compareRows(keysOfRows(want.Rows)...)
	}
}

// changesNothing reports whether a write has no token and nothing but updates
// that leave their records as they are. A store may commit it or not.
func (p *player) changesNothing(w store.Write) bool {
	return w.Token == "" && !slices.ContainsFunc(w.Mutations, func(m store.Mutation) bool {
		if m.Op != store.Update {
			return m.Op != store.Check
		}
		row := p.model.row(m.Key)
		now := row.Record.Clone()
		return row.Live && m.Modify(now) == nil && (now.Entity().Settle(now) != nil || !now.Equal(row.Record))
	})
}

// asks reports whether the store assigns an id in the write.
func asks(w store.Write) bool {
	return slices.ContainsFunc(w.Mutations, func(m store.Mutation) bool { return m.Key.IsZero() })
}

// keysOfRows returns the keys of the rows that have one.
func keysOfRows(rows []store.Row) []transform.Key {
	var keys []transform.Key
	for _, row := range rows {
		if !row.Key.IsZero() {
			keys = append(keys, row.Key)
		}
	}
	return keys
}

// isNew reports whether the model has yet to do a write that the store did: also
// one whose repetition is answered, after the answer to the write itself was lost.
func (p *player) isNew(s *writeStep, got store.Written) bool {
	if !got.Repeated {
		return true
	}
	known, err := p.model.Authority.Token(p.model.ctx, p.model.when(s.when), s.token)
	require.NoError(p, err)
	return known == nil
}

// withIDs returns the answer with the keys that were assigned. That to a repeated
// write which was decided has none: its token knows the ids.
func (p *player) withIDs(s *writeStep, w store.Write, got store.Written) store.Written {
	if !got.Repeated || !s.decided {
		return got
	}
	token, _, err := ask(p, "", func() (*store.Token, error) {
		return p.subject.Authority.Token(p.subject.ctx, p.subject.when(s.when), s.token)
	})
	require.NoError(p, err)
	require.NotNil(p, token, "the token of a write that is repeated")
	rows, ids := slices.Clone(got.Rows), token.Assigned
	for i, m := range w.Mutations {
		if m.Key.IsZero() && i < len(rows) && len(ids) > 0 {
			rows[i].Key, err = m.Record.Entity().KeyOf(ids[0])
			require.NoError(p, err)
			ids = ids[1:]
		}
	}
	return store.Written{Rows: rows, Repeated: true}
}

// tell lets the model assign the ids that the store assigned.
func (p *player) tell(w store.Write, got store.Written) {
	for i, m := range w.Mutations {
		if !m.Key.IsZero() || i >= len(got.Rows) {
			continue
		}
		entity := m.Record.Entity()
		values, err := entity.KeyValues(got.Rows[i].Key)
		require.NoError(p, err)
		id, _ := values[0].Int()
		if p.assigned == nil {
			p.assigned = map[string]int64{}
		}
		require.Greater(p, id, p.assigned[entity.Source], "an id is above those before")
		p.assigned[entity.Source] = id
		require.NoError(p, p.model.Control.RaiseID(p.model.ctx, entity, id-1))
	}
}

// sameWritten requires that two writes that were done tell the same of it.
func (p *player) sameWritten(got, want store.Written) {
	for i := range want.Rows {
		g, w := got.Rows[i], want.Rows[i]
		require.Equal(p, w.Live, g.Live, "live, in row %d of the answer", i)
		if !g.Record.IsZero() && !w.Record.IsZero() {
			require.Equal(p, text(w.Record), text(p.inModel(g.Record, w.Record)), "the record in row %d of the answer", i)
		}
		p.sameVersion(w.Key, g.Version, w.Version)
		if g.Record.IsZero() && len(p.childrenOf(w.Key)) > 0 {
			p.compareRows(w.Key) // which ids its rows have
		}
	}
	told, of := map[transform.Key]store.Version{}, map[transform.Key]store.Version{}
	for _, c := range got.Changes {
		for _, k := range c.Keys {
			told[k.Key] = k.Version
		}
	}
	for _, c := range want.Changes {
		for _, k := range c.Keys {
			of[k.Key] = p.seen[k.Key][k.Version]
		}
	}
	require.Equal(p, of, told, "the change records that the answer tells of")
}
