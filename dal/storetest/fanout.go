package storetest

import (
	"errors"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func fanOutCases() []testCase {
	return append(ruled(ruleFanOut, slices.Concat(
		copying("of each column that is shown", 0, marksOfColumns),
		copying("of what is put", 0, marksOfPuts),
		copying("of what comes and goes", 0, marksOfDeletes),
		copying("of what moves", 0, marksOfMoves),
		copying("of what a reference sets to NULL", 0, marksOfSetNull),
		copying("of several", 0, marksTogether),
		copying("of a write that is refused", 0, marksRefused),
		copying("of a write that is repeated", 0, marksRepeated),
		copying("counted", 0, marksCounted),
	)...), ruled(ruleFanOutClean, slices.Concat(
		copying("changed meanwhile", 0, markChanged),
		copying("cleaned by another", 0, markCleaned),
		copying("how far it was carried out", 0, markReached),
		copying("changed in the middle", aFence, markGoesOn)[:1],
		copying("page by page", 0, marksInPages),
	)...)...)
}

// shop stores a section, a ware of it and a basket of that, each shown by the next.
func (e *env) shop() (section, ware, basket transform.Record) {
	e.Helper()
	section, ware, basket = e.section(1, "name", "desk"), e.ware(1, "section_id", "1"), e.of(1, 1)
	e.write(e.create(section))
	e.write(e.create(ware))
	e.write(e.create(basket))
	e.settle()
	return section, ware, basket
}

func these(records ...transform.Record) []transform.Record { return records }

// marksOfColumns: each of the columns, alone. What nobody shows costs nobody anything.
func marksOfColumns(e *env) {
	section, ware, basket := e.shop()
	for _, to := range [][]string{{"name", "ink"}, {"price", "2.50"}, {"price", "2.75"}, {"sold_out", "1"}, {"price", null}, {"name", "pen", "stock", "3"}} {
		e.leaves(func() { e.write(e.update(ware, to...)) }, these(ware), nil)
	}
	e.leaves(func() { e.write(e.update(section, "name", null)) }, these(section), nil)
	for _, m := range []store.Mutation{e.update(ware, "stock", "9"), e.update(ware, "name", "pen"), e.update(basket, "quantity", "3")} {
		e.leaves(func() { e.write(m) }, nil, nil)
	}
}

// marksOfPuts: whoever puts a record knows nothing of the one that is there.
func marksOfPuts(e *env) {
	section, ware, basket := e.shop()
	e.leaves(func() { e.write(e.replace(e.with(ware, "name", "ink"))) }, these(ware), these(ware))
	e.leaves(func() { e.write(e.replace(e.with(section, "name", "table"))) }, these(section), these(section))
	e.leaves(func() { e.write(e.replace(e.with(basket, "quantity", "5"))) }, nil, these(basket))
	e.leaves(func() { e.write(e.replace(e.ware(2))) }, nil, these(e.ware(2)))
}

// marksOfDeletes: nobody shows what was not there, and what showed a record that is gone
// went with it.
func marksOfDeletes(e *env) {
	_, ware, basket := e.shop()
	second := e.of(2, 1)
	e.leaves(func() { e.write(e.create(second)) }, nil, these(second))
	e.leaves(func() { e.write(e.create(e.section(2))) }, nil, these(e.section(2)))
	e.leaves(func() { e.write(e.remove(basket)) }, nil, nil)
	e.leaves(func() { e.write(e.remove(ware)) }, nil, nil)
	e.requireGone(second)
	require.Nil(e, e.copiesOf(second)[0])
	e.leaves(func() { e.write(e.create(ware)) }, nil, these(ware))
	e.shows(ware, "section_name", "desk")
}

// marksOfMoves: what refers to another record than before shows that one.
func marksOfMoves(e *env) {
	_, ware, basket := e.shop()
	e.write(e.create(e.section(2, "name", "shelf")), e.create(e.ware(2, "name", "ink")))
	e.settle()
	e.leaves(func() { e.write(e.update(ware, "section_id", "2")) }, nil, these(ware))
	e.shows(ware, "section_name", "shelf")
	e.leaves(func() { e.write(e.update(basket, "number", "2")) }, nil, these(basket))
	e.shows(basket, "ware_name", "ink", "sold_out", "0")
	e.leaves(func() { e.write(e.update(basket, "shop", null)) }, nil, these(basket))
	e.shows(basket)
	e.leaves(func() { e.write(e.update(ware, "section_id", null, "name", "pencil")) }, these(ware), these(ware))
	e.shows(ware)
}

// marksOfSetNull: a delete makes others refer to nothing.
func marksOfSetNull(e *env) {
	section, ware, _ := e.shop()
	e.write(e.create(e.section(2, "name", "shelf")))
	e.write(e.create(e.ware(2, "section_id", "1")), e.create(e.ware(3, "section_id", "2")))
	e.settle()
	e.cleanAll()
	before := e.row(e.key(ware)).Version
	e.leaves(func() { e.write(e.remove(section)) }, nil, these(ware, e.ware(2)))
	e.shows(ware)
	e.shows(e.ware(3), "section_name", "shelf")
	if !e.Authority.KeepsCopies() {
		require.Greater(e, e.row(e.key(ware)).Version, before)
		require.True(e, e.isDirty(e.key(ware)))
	}
}

func marksTogether(e *env) {
	section, ware, basket := e.shop()
	e.write(e.create(e.ware(2)), e.create(e.ware(3)))
	e.settle()
	e.leaves(func() {
		e.write(e.update(section, "name", "table"), e.update(ware, "price", "1.25"), e.update(e.ware(2), "stock", "4"), e.update(basket, "number", "3"),
			e.replace(e.with(e.ware(3), "sold_out", "1")), e.create(e.of(5, 2)))
	}, these(section, ware, e.ware(3)), these(basket, e.ware(3), e.of(5, 2)))
	e.shows(basket, "ware_name", "pen", "sold_out", "1")
	e.shows(ware, "section_name", "table")
}

// marksRefused: a mark is there with the write, or not at all.
func marksRefused(e *env) {
	section, ware, basket := e.shop()
	e.leaves(func() {
		_, err := e.try(e.update(ware, "name", "ink"), e.update(section, "name", "table"), e.create(basket))
		e.requireError(err, store.ErrExists)
		_, err = e.try(e.update(ware, "name", "ink"), e.create(e.of(7, 99)))
		e.requireError(err, store.ErrNoTarget)
		enough := errors.New("enough")
		_, err = e.try(e.update(ware, "name", "ink"), e.modify(section, func(transform.Record) error { return enough }))
		require.ErrorIs(e, err, enough)
	}, nil, nil)
}

func marksRepeated(e *env) {
	_, ware, _ := e.shop()
	e.leaves(func() { e.once("a token", e.replace(e.with(ware, "name", "ink"))) }, these(ware), these(ware))
	e.leaves(func() { require.True(e, e.once("a token", e.replace(e.with(ware, "name", "ink"))).Repeated) }, nil, nil)
}

// marksCounted: a step that waits for every copy trusts the count, and that of changes
// knows nothing of it.
func marksCounted(e *env) {
	_, ware, _ := e.shop()
	e.cleanAll()
	require.Zero(e, e.counted().FanOuts)
	e.write(e.update(ware, "name", "ink"))
	e.cleanAll()
	b := e.counted()
	require.EqualValues(e, 1, b.FanOuts)
	b.FanOuts = 0
	require.Zero(e, b, "a mark is no change record")
	e.settle()
	require.Zero(e, e.counted().FanOuts)
}

// marksOf returns the marks of a source that are not as one that was read before.
func (e *env) marksOf(source transform.Record, but store.FanOut) []store.FanOut {
	e.Helper()
	return slices.DeleteFunc(e.fanOuts(100), func(f store.FanOut) bool {
		return !slices.Contains(f.Sources, e.key(source)) || f.Ref == but.Ref && f.Version == but.Version
	})
}

// theMark returns the only mark that there is.
func (e *env) theMark() store.FanOut {
	e.Helper()
	marks := e.fanOuts(100)
	require.Len(e, marks, 1)
	return marks[0]
}

// markChanged: who carries a mark out has seen the source as it was then.
func markChanged(e *env) {
	_, ware, basket := e.shop()
	e.write(e.update(ware, "name", "ink"))
	read := e.theMark()
	e.followed(func() {
		e.write(e.update(ware, "name", "pencil"))
		require.NoError(e, e.other().Authority.CleanFanOut(e.ctx, read))
		require.Len(e, e.marksOf(ware, read), 1, "what changed since is not forgotten")
	}, basket)
	require.NoError(e, e.Authority.CleanFanOut(e.ctx, read))
	require.Empty(e, e.fanOuts(100))
}

// markCleaned: one relay is slow, and what it has read is long done. A version that began
// anew would be taken for the one that it knows.
func markCleaned(e *env) {
	_, ware, basket := e.shop()
	e.write(e.update(ware, "name", "ink"))
	slow := e.theMark()
	e.settle()
	for _, name := range []string{"pencil", "chalk"} {
		e.followed(func() {
			e.write(e.update(ware, "name", name))
			require.NoError(e, e.other().Authority.CleanFanOut(e.ctx, slow))
			require.Len(e, e.marksOf(ware, slow), 1, "a mark of a later change")
		}, basket)
	}
	require.NoError(e, e.Authority.Reach(e.ctx, slow, "far"))
	require.Empty(e, e.fanOuts(100), "what is cleaned does not come back")
}

// markReached: whoever goes on with a mark begins there, and with a later change anew.
func markReached(e *env) {
	_, ware, _ := e.shop()
	e.write(e.update(ware, "name", "ink"))
	read := e.theMark()
	require.Empty(e, read.Reached)
	for _, place := range []string{"here", `{"a": "\u00e9 "}`} {
		require.NoError(e, e.other().Authority.Reach(e.ctx, read, place))
		now := e.theMark()
		require.Equal(e, place, now.Reached)
		require.Equal(e, []any{read.Ref, read.Version, read.Sources}, []any{now.Ref, now.Version, now.Sources}, "it is the same mark")
	}
	e.write(e.update(ware, "name", "pencil"))
	require.NoError(e, e.Authority.Reach(e.ctx, read, "there"))
	later := e.marksOf(ware, read)
	require.Len(e, later, 1)
	require.True(e, later[0].Reached == "" || later[0].Since != later[0].Version, "nothing of the later change was carried out")
}

// markGoesOn: a change does not send those who carry out a mark back to the beginning, and
// what they did before it does not count for it.
func markGoesOn(e *env) {
	_, ware, _ := e.shop()
	e.write(e.update(ware, "name", "ink"))
	e.write(e.update(ware, "name", "chalk"))
	read := e.theMark()
	require.Equal(e, read.Version, read.Since, "nobody has begun")
	require.NoError(e, e.Authority.Reach(e.ctx, read, "here"))
	e.write(e.update(ware, "name", "pencil"))
	now := e.theMark()
	require.Equal(e, "here", now.Reached)
	require.Equal(e, read.Version, now.Since)
	require.Greater(e, now.Version, now.Since)
	require.NoError(e, e.other().Authority.Reach(e.ctx, read, "there"), "of the same pass")
	require.Equal(e, "there", e.theMark().Reached)
	require.NoError(e, e.Authority.Reach(e.ctx, now, ""))
	now = e.theMark()
	require.Empty(e, now.Reached)
	require.Equal(e, now.Version, now.Since, "a pass that covers all")
	require.NoError(e, e.Authority.Reach(e.ctx, now, "anew"))
	require.NoError(e, e.other().Authority.Reach(e.ctx, read, "the end"), "of a pass that is over")
	require.Equal(e, "anew", e.theMark().Reached)
	require.NoError(e, e.Authority.CleanFanOut(e.ctx, e.theMark()))
	require.Empty(e, e.fanOuts(100))
}

// marksInPages: each once, whatever the size of a page.
func marksInPages(e *env) {
	want := map[transform.Key]int{}
	for id := range 9 {
		e.write(e.create(e.section(id)))
	}
	e.settle()
	for id := range 9 {
		e.write(e.update(e.section(id), "name", "x"))
		want[e.key(e.section(id))] = 1
	}
	for _, limit := range []int{1, 2, 4, 100} {
		got := map[transform.Key]int{}
		for _, f := range e.fanOuts(limit) {
			require.GreaterOrEqual(e, f.Age, int64(0))
			for _, key := range f.Sources {
				got[key]++
			}
		}
		require.Equal(e, want, got, "in pages of %d", limit)
	}
	for _, shard := range []int{-1, e.Authority.Shards()} {
		_, err := e.Authority.FanOuts(e.ctx, store.DirtyRange{Shard: shard, Limit: 1})
		require.ErrorIs(e, err, store.ErrInvalid)
	}
}
