package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A readStep reads keys, one by one and together.
type readStep struct {
	names []named
	when  when
}

func (g *generator) read() step { return readStep{g.names(4), g.reading()} }

func (s readStep) String() string { return fmt.Sprint("read ", s.names, s.when) }

func (s readStep) play(p *player) {
	var keys []transform.Key
	for _, n := range s.names {
		keys = append(keys, p.model.keyNamed(n))
	}
	keys = append(keys, keys[0]) // one twice
	p.compareRows(keys...)
	got, _, gotErr := ask(p, "", func() ([]store.Row, error) {
		return p.subject.reader().GetMany(p.subject.ctx, p.subject.when(s.when), keys)
	})
	want, wantErr := p.model.reader().GetMany(p.model.ctx, p.model.when(s.when), keys)
	if p.sameError(gotErr, wantErr) {
		return
	}
	require.Len(p, got, len(keys))
	for i := range want {
		p.sameRow(got[i], want[i], p.model.when(s.when))
	}
}

// A scanStep goes through a table.
type scanStep struct {
	table string
	limit int
}

func (g *generator) scan() step { return scanStep{g.table(), 1 + g.IntN(5)} }

func (s scanStep) String() string { return fmt.Sprintf("scan %s in pages of %d", s.table, s.limit) }

func (s scanStep) play(p *player) { p.compareScan(s.table, s.limit) }

// A queryStep asks an index, or a table's own key, page by page to the end.
type queryStep struct {
	table, index string
	equal        string
	lower, upper *limitOf
	prefix       *string
	descending   bool
	limit        int
	when         when
}

// A limitOf is a bound as text.
type limitOf struct {
	text      string
	exclusive bool
}

// after is the bound behind a word, nothing if there is none.
func (b *limitOf) after(word string) string {
	if b == nil {
		return ""
	}
	return fmt.Sprintf("%s %q exclusive=%t", word, b.text, b.exclusive)
}

func (s queryStep) String() string {
	line := fmt.Sprintf("query %s index=%q equal=%q in pages of %d%s", s.table, s.index, s.equal, s.limit, s.when)
	line += s.lower.after(" from") + s.upper.after(" to")
	if s.prefix != nil {
		line += fmt.Sprintf(" beginning with %q", *s.prefix)
	}
	if s.descending {
		line += " descending"
	}
	return line
}

func (g *generator) query() step {
	s := queryStep{descending: g.IntN(2) == 0, limit: []int{1, 2, 100}[g.IntN(3)], when: g.reading()}
	asked := g.asked[g.IntN(len(g.asked))]
	s.table, s.index = asked[0], asked[1]
	entity := g.e.entities[s.table]
	key, err := store.KeyNamed(entity, s.index)
	require.NoError(g.e, err)
	partition, sort := store.ColumnOf(entity, key.PK), store.ColumnOf(entity, key.SK)
	s.equal = g.keyText(entity, s.table, partition)
	if sort < 0 {
		return s
	}
	kind := entity.Columns[sort].Kind
	if (kind == transform.Text || kind == transform.Bytes) && g.IntN(4) == 0 {
		prefix := g.keyText(entity, s.table, sort)
		s.prefix = &prefix
		return s
	}
	for _, b := range []**limitOf{&s.lower, &s.upper} {
		if g.IntN(3) == 0 {
			*b = &limitOf{g.keyText(entity, s.table, sort), g.IntN(2) == 0}
		}
	}
	return s
}

// keyText chooses a text that some record may have in the column.
func (g *generator) keyText(entity *transform.Entity, table string, column int) string {
	if i := slices.Index(entity.KeyColumns, column); i >= 0 {
		return g.nameIn(table).key[i]
	}
	texts := g.values[table+"."+entity.Columns[column].Name]
	return texts[g.IntN(len(texts))]
}

func (s queryStep) play(p *player) {
	q := p.query(s)
	for page := 0; ; page++ {
		require.Less(p, page, 1000, "the pages of Query do not end")
		want, wantErr := p.model.reader().Query(p.model.ctx, p.model.when(s.when), q)
		got, gotErr := p.answer(q, s.when, textsOf(want))
		if p.sameError(gotErr, wantErr) {
			return
		}
		require.Equal(p, textsOf(want), textsOf(got), "page %d", page)
		if len(want) < q.Limit {
			return
		}
		q.After = want[len(want)-1].Record
	}
}

// query is the step's query.
func (p *player) query(s queryStep) store.Query {
	entity := p.model.entities[s.table]
	key, err := store.KeyNamed(entity, s.index)
	require.NoError(p, err)
	value := func(k transform.KeyAttribute, text string) transform.Value {
		return p.model.value(entity, entity.Columns[store.ColumnOf(entity, k)].Name, text)
	}
	q := store.Query{Entity: entity, Index: s.index, Equal: value(key.PK, s.equal), Descending: s.descending, Limit: s.limit}
	if s.prefix != nil {
		return beginning(q, value(key.SK, *s.prefix))
	}
	if s.lower != nil {
		q.Lower = &store.Bound{Value: value(key.SK, s.lower.text), Exclusive: s.lower.exclusive}
	}
	if s.upper != nil {
		q.Upper = &store.Bound{Value: value(key.SK, s.upper.text), Exclusive: s.upper.exclusive}
	}
	return q
}

// answer asks the store under test. An index that lags has its time to show what
// was written; the table's own key has none.
func (p *player) answer(q store.Query, w when, want []string) (rows []store.Row, err error) {
	for deadline := time.Now().Add(p.subject.lag); ; time.Sleep(20 * time.Millisecond) {
		rows, _, err = ask(p, "", func() ([]store.Row, error) {
			return p.subject.reader().Query(p.subject.ctx, p.subject.when(w), q)
		})
		for i := range rows {
			rows[i].Record = p.inModel(rows[i].Record, transform.Record{})
		}
		if err != nil || q.Index == "" || slices.Equal(want, textsOf(rows)) || time.Now().After(deadline) {
			return rows, err
		}
	}
}
