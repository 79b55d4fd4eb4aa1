package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A bumpStep bumps keys.
type bumpStep struct{ names []named }

func (g *generator) bump() step { return bumpStep{g.names(3)} }

func (s bumpStep) String() string { return fmt.Sprint("bump ", s.names) }

func (s bumpStep) play(p *player) {
	var keys []transform.Key
	for _, n := range s.names {
		keys = append(keys, p.model.keyNamed(n))
	}
	p.both(func(e *env) { require.NoError(p, e.Authority.Bump(e.ctx, keys)) })
	p.compareRows(keys...)
}

// A dirtyStep reads all change records in pages, and remembers one.
type dirtyStep struct{ limit, keep int }

func (g *generator) dirty() step { return dirtyStep{1 + g.IntN(5), g.IntN(100)} }

func (s dirtyStep) String() string { return fmt.Sprintf("change records in pages of %d", s.limit) }

func (s dirtyStep) play(p *player) {
	if pairs := p.compareChanges(s.limit); len(pairs) > 0 {
		p.kept.changes = append(p.kept.changes, pairs[s.keep%len(pairs)])
	}
}

// A cleanStep cleans a change record, as it is or as it was.
type cleanStep struct {
	n    int
	late bool
}

func (g *generator) clean() step { return cleanStep{g.IntN(100), g.IntN(3) == 0} }

func (s cleanStep) String() string {
	if s.late {
		return fmt.Sprintf("clean what was remembered, number %d", s.n)
	}
	return fmt.Sprintf("clean number %d", s.n)
}

func (s cleanStep) play(p *player) {
	pairs := p.kept.changes
	if !s.late {
		pairs = p.compareChanges(10)
	}
	if len(pairs) == 0 {
		return
	}
	pair := pairs[s.n%len(pairs)]
	require.NoError(p, p.subject.Authority.Clean(p.subject.ctx, pair[0]))
	require.NoError(p, p.model.Authority.Clean(p.model.ctx, pair[1]))
	p.compareChanges(10)
}

// An advanceStep brings the store into the next epoch.
type advanceStep struct{ capture bool }

func (g *generator) advance() step { return advanceStep{g.IntN(3) > 0} }

func (s advanceStep) String() string { return fmt.Sprintf("next epoch, capture %t", s.capture) }

func (s advanceStep) play(p *player) { p.both(func(e *env) { e.advance(s.capture) }) }

// A leadStep makes the authority come to a store that followed.
type leadStep struct{}

func (leadStep) String() string { return "the authority comes here" }

func (leadStep) play(p *player) {
	p.both((*env).raiseAll) // as a hand-off does
	p.both((*env).lead)
}

// raiseAll makes the sequences go on above the ids that a history brings along.
// What becomes of an id that a caller brings is for the cases about ids.
func (e *env) raiseAll() {
	for _, entity := range e.reader().Contract().Sequences() {
		require.NoError(e, e.Control.RaiseID(e.ctx, entity, ownIDsEnd))
	}
}

// ownIDsEnd is above every id that a history brings along.
const ownIDsEnd = 50

// A markStep closes the mark for a while.
type markStep struct{ meanwhile []step }

func (g *generator) mark() step {
	return markStep{[]step{g.write(), g.bump(), g.read(), g.repeat()}[:1+g.IntN(4)]}
}

func (s markStep) String() string {
	var lines []string
	for _, m := range s.meanwhile {
		lines = append(lines, m.String())
	}
	return "close, " + strings.Join(lines, "; ") + ", open"
}

func (s markStep) play(p *player) {
	p.both(func(e *env) { e.mark(store.Closed) })
	for _, m := range s.meanwhile {
		m.play(p)
	}
	p.both(func(e *env) { e.mark(store.Open) })
}

// A tokenStep asks for a token.
type tokenStep struct {
	token string
	when  when
}

func (g *generator) token() step {
	if len(g.writes) == 0 {
		return tokenStep{"none", g.when()}
	}
	return tokenStep{g.writes[g.IntN(len(g.writes))].token, g.when()}
}

func (s tokenStep) String() string { return "token " + s.token + s.when.String() }

func (s tokenStep) play(p *player) {
	got, _, gotErr := ask(p, "", func() (*store.Token, error) {
		return p.subject.Authority.Token(p.subject.ctx, p.subject.when(s.when), s.token)
	})
	want, wantErr := p.model.Authority.Token(p.model.ctx, p.model.when(s.when), s.token)
	if p.sameError(gotErr, wantErr) {
		return
	}
	require.Equal(p, want == nil, got == nil, "the token is there")
	if want != nil {
		require.Equal(p, want.Fingerprint, got.Fingerprint)
		require.Equal(p, len(want.Assigned), len(got.Assigned))
	}
}

// A raiseStep makes a sequence go on higher up: that of a table, or of the rows of its
// records' first list.
type raiseStep struct {
	table string
	rows  bool
	by    int64
}

func (g *generator) raise() step {
	if c, ok := g.assigned(); ok {
		rows := len(g.e.entities[c.table].Children()) > 0 && g.IntN(2) == 0
		return raiseStep{c.table, rows, g.Int64N(30)}
	}
	return g.scan()
}

func (s raiseStep) String() string {
	return fmt.Sprintf("raise the sequence of %s by %d, its rows' %t", s.table, s.by, s.rows)
}

func (s raiseStep) play(p *player) {
	entity := p.model.entities[s.table]
	if s.rows {
		entity = entity.Children()[0].Rows
	}
	last, err := p.model.Control.LastID(p.model.ctx, entity)
	require.NoError(p, err)
	p.both(func(e *env) { require.NoError(p, e.Control.RaiseID(e.ctx, entity, last+s.by)) })
	now, err := p.subject.Control.LastID(p.subject.ctx, entity)
	require.NoError(p, err)
	require.GreaterOrEqual(p, now, last+s.by, "the sequence goes on above")
	if s.rows {
		p.rowIDs(entity).highest = max(p.rowIDs(entity).highest, last+s.by)
	}
}

// A rowsStep brings rows to a follower: one by Put, several together, or by Insert.
type rowsStep struct {
	how  string
	rows []rowOf
	when when
}

// A rowOf is a row that comes from an authority, a tombstone without content.
type rowOf struct {
	named
	version store.Version
	set     content
	lists   listEdits
}

func (s rowsStep) String() string {
	var parts []string
	for _, r := range s.rows {
		what := "tombstone"
		if r.set != nil {
			what = "{" + r.set.String() + "}" + r.lists.String()
		}
		parts = append(parts, fmt.Sprintf("%s at %d %s", r.named, r.version, what))
	}
	return s.how + " " + strings.Join(parts, "; ") + s.when.String()
}

func (g *generator) rowOf(n named) rowOf {
	r := rowOf{named: n, version: store.Version(1 + g.IntN(6))}
	if g.IntN(3) == 0 {
		r.version += store.Floor(uint64(1 + g.IntN(2))) // of a later epoch
	}
	if g.IntN(4) > 0 {
		r.set, r.lists = g.columns(n.table, whole), g.brought(n)
	}
	return r
}

func (g *generator) put() step { return rowsStep{"put", []rowOf{g.rowOf(g.name())}, g.when()} }

func (g *generator) together() step {
	s := rowsStep{how: "put together", when: g.when()}
	for _, n := range g.names(4) {
		s.rows = append(s.rows, g.rowOf(n))
	}
	return s
}

// insert chooses live rows of one table: one, where values are unique. Of two that have
// one value a store may take either.
func (g *generator) insert() step {
	s, table := rowsStep{how: "insert"}, g.table()
	n := 1
	if len(g.e.entities[table].Unique) == 0 {
		n += g.IntN(4)
	}
	for range n {
		r := g.rowOf(g.nameIn(table))
		r.set, r.lists = g.columns(table, whole), g.brought(r.named)
		there := false
		for _, other := range s.rows {
			there = there || other.String() == r.named.String()
		}
		if !there {
			s.rows = append(s.rows, r)
		}
	}
	return s
}

func (s rowsStep) play(p *player) {
	var rows []store.Row
	placed := map[transform.Key]transform.Record{}
	for _, r := range s.rows {
		row := store.Row{Key: p.model.keyNamed(r.named), Version: r.version, Live: r.set != nil}
		if row.Live {
			row.Record = p.model.record(r.named, r.set)
			r.lists.edit(p.model, row.Record)
			require.NoError(p, row.Record.Entity().Settle(row.Record)) // as an authority tells it
			placed[row.Key] = row.Record
		}
		rows = append(rows, row)
	}
	possible := p.takenFrom(placed)
	took, again, gotErr := ask(p, "by version", func() (bool, error) { return p.subject.bring(s, rows) })
	wanted, wantErr := p.model.bring(s, rows)
	if !p.sameError(gotErr, wantErr, possibleBeside(wantErr, possible)...) && !again {
		require.Equal(p, wanted, took, "whether it took effect")
	}
	for _, row := range rows {
		p.compareRows(row.Key)
	}
}

// bring brings the rows to the follower.
func (e *env) bring(s rowsStep, rows []store.Row) (bool, error) {
	to := e.to
	if s.when == behind || s.when == ahead {
		to.Epoch++
	}
	switch s.how {
	case "put":
		return e.Follower.Put(e.ctx, to, rows[0])
	case "put together":
		return true, e.Follower.PutTogether(e.ctx, to, rows)
	}
	errs, err := e.Follower.Insert(e.ctx, rows)
	if err == nil {
		require.Len(e, errs, len(rows), "one error per row")
	}
	for i := range errs {
		if err == nil {
			err = errs[i]
		}
	}
	return true, err
}

// A keepStep keeps the token of a write that another authority had.
type keepStep struct{ write *writeStep }

func (g *generator) keep() step {
	s := &writeStep{token: fmt.Sprint("k", g.IntN(1_000_000)), changes: []mutation{g.mutation(g.name())}}
	g.writes = append(g.writes, s)
	return keepStep{s}
}

func (s keepStep) String() string { return "keep the token of: " + s.write.String() }

func (s keepStep) play(p *player) {
	w := store.Write{Mutations: p.mutations(s.write), Token: s.write.token}
	t := store.Token{Token: w.Token, Fingerprint: w.Fingerprint(), Created: time.Now()}
	p.both(func(e *env) { require.NoError(p, e.Follower.Keep(e.ctx, []store.Token{t})) })
}
