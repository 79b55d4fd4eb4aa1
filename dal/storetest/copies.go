package storetest

import (
	"maps"
	"slices"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// copying returns a check of an authority on the tables of CopyContract, under capture and,
// of a store under leases, without it too: such a store keeps copies also where no other
// one follows.
func copying(name string, only kind, run func(*env)) []check {
	return []check{
		{name: name + ", captured", only: only, on: CopyContract, run: func(e *env) { e.start(); e.capture(); run(e) }},
		{name: name + ", bare", only: byLease, on: CopyContract, run: func(e *env) { e.start(); run(e) }},
	}
}

func keptCopyCases() []testCase {
	return ruled(ruleKept, slices.Concat(
		copying("by an update", byLease, updateKeepsCopies),
		copying("by a bump", byLease, bumpKeepsCopies),
	)...)
}

// followedCopyCases are a follower's.
func followedCopyCases() []testCase {
	return append(ruled(ruleGiven,
		check{name: "put", run: copiesPut, on: CopyContract},
		check{name: "put late", run: copiesPutLate, on: CopyContract},
		check{name: "put together", run: copiesPutTogether, on: CopyContract},
		check{name: "inserted", run: copiesInserted, on: CopyContract},
		check{name: "deleted", run: copiesDeleted, on: CopyContract},
		check{name: "many", run: copiesMany, on: CopyContract},
	), ruled(ruleKept,
		check{name: "by an update, once the store is the authority", run: givenCopiesKept, only: byLease, on: CopyContract},
	)...)
}

func (e *env) section(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("sections", append([]string{"section_id", strconv.Itoa(id)}, changes...)...)
}

func (e *env) ware(number int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("wares", append([]string{"shop", "s", "number", strconv.Itoa(number), "name", "pen", "sold_out", "0", "stock", "1"}, changes...)...)
}

func (e *env) basket(line int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("basket_lines", append([]string{"basket_id", "1", "line", strconv.Itoa(line), "quantity", "1"}, changes...)...)
}

// of returns a basket of a ware.
func (e *env) of(line, ware int) transform.Record {
	e.Helper()
	return e.basket(line, "shop", "s", "number", strconv.Itoa(ware))
}

// copiesOf returns the copies that the items of records have, by column; nil where no item
// is.
func (e *env) copiesOf(records ...transform.Record) []map[string]string {
	e.Helper()
	var keys []transform.Key
	for _, rec := range records {
		keys = append(keys, e.key(rec))
	}
	read, err := e.reader().Copies(e.ctx, keys)
	require.NoError(e, err)
	if !e.reader().KeepsCopies() {
		require.Nil(e, read, "a store that joins has no copies")
		return make([]map[string]string, len(records))
	}
	require.Len(e, read, len(keys), "one for each key")
	all := make([]map[string]string, len(keys))
	for i, rec := range read {
		if !rec.IsZero() {
			all[i] = e.copiesIn(rec)
			for c, column := range rec.Entity().Columns {
				require.True(e, column.Copied || rec.At(c).IsNull(), "%s is no copy", column.Name)
			}
		}
	}
	return all
}

// copiesIn returns the copies that a record has.
func (e *env) copiesIn(rec transform.Record) map[string]string {
	texts := map[string]string{}
	for _, h := range rec.Entity().Copies() {
		if v := rec.At(h.Column); !v.IsNull() {
			texts[rec.Entity().Columns[h.Column].Name] = v.Text()
		}
	}
	return texts
}

// shows requires the copies, pairs of column and text, of the item at a record's key; of a
// store that keeps any.
func (e *env) shows(rec transform.Record, want ...string) {
	e.Helper()
	got := e.copiesOf(rec)[0]
	if !e.reader().KeepsCopies() {
		return
	}
	all := map[string]string{}
	for i := 0; i < len(want); i += 2 {
		all[want[i]] = want[i+1]
	}
	require.Equal(e, all, got, "the copies of %s", e.key(rec).ID)
}

// joined returns a record with its copies, of what the records that it refers to are now.
func (e *env) joined(rec transform.Record) transform.Record {
	e.Helper()
	rec = rec.Clone()
	for _, h := range rec.Entity().Copies() {
		v, _, err := h.Value(rec, func(key transform.Key) (transform.Record, bool) { return e.row(key).Record, true })
		require.NoError(e, err)
		if by := h.Counts(); by != nil {
			n, err := e.reader().Count(e.ctx, e.at, store.Count{By: by, Keys: []transform.Key{e.key(rec)}})
			require.NoError(e, err)
			v = transform.IntValue(n[0])
		}
		rec.SetAt(h.Column, v)
	}
	return rec
}

// given is a row as a refresh gives it to a store that keeps copies.
func (e *env) given(rec transform.Record, v store.Version, copies ...string) store.Row {
	e.Helper()
	if e.Follower.KeepsCopies() {
		rec = e.with(rec, copies...)
	}
	return e.live(rec, v)
}

// copiesPut: they are beside the record, and no part of it; what is NULL there is none.
func copiesPut(e *env) {
	rec := e.of(1, 1)
	e.put(e.given(rec, 1, "ware_name", "pen", "ware_price", "2.50", "sold_out", "1"))
	e.requireLive(rec)
	e.shows(rec, "ware_name", "pen", "ware_price", "2.50", "sold_out", "1")
	e.put(e.given(rec, 2, "ware_name", "ink", "sold_out", "0"))
	e.requireLive(rec)
	e.shows(rec, "ware_name", "ink", "sold_out", "0")
	e.put(e.given(rec, 3))
	e.shows(rec)
	above := e.section(2, "above_id", "1")
	e.put(e.given(above, 1, "above_name", "none"))
	e.requireLive(above)
	e.shows(above, "above_name", "none")
	require.Equal(e, []map[string]string{e.copiesOf(above)[0], nil, e.copiesOf(rec)[0], e.copiesOf(above)[0]},
		e.copiesOf(above, e.of(9, 1), rec, above), "in the order of the keys, which may repeat")
	page, err := e.Follower.Scan(e.ctx, relay, store.Range{Entity: rec.Entity(), Limit: 10})
	require.NoError(e, err)
	require.Len(e, page.Rows, 1)
	require.Equal(e, text(rec), text(page.Rows[0].Record))
}

// copiesPutLate: what a version has that is not newer is not taken, copies neither.
func copiesPutLate(e *env) {
	rec := e.ware(1)
	e.put(e.given(rec, 5, "section_name", "desk"))
	for _, v := range []store.Version{0, 4, 5} {
		took, err := e.Follower.Put(e.ctx, e.to, e.given(rec, v, "section_name", "old"))
		require.NoError(e, err)
		require.False(e, took)
		require.NoError(e, e.together(e.given(rec, v, "section_name", "old"), e.given(e.ware(2), v+1)))
	}
	e.shows(rec, "section_name", "desk")
}

func copiesPutTogether(e *env) {
	one, two, gone := e.ware(1), e.ware(2), e.ware(3)
	e.put(e.given(one, 3, "section_name", "a"))
	e.put(e.given(gone, 3, "section_name", "a"))
	require.NoError(e, e.together(e.given(one, 4, "section_name", "b"), e.given(two, 1, "section_name", "c"), e.dead(gone, 4)))
	e.shows(one, "section_name", "b")
	e.shows(two, "section_name", "c")
	require.Nil(e, e.copiesOf(gone)[0])
}

// copiesInserted: a backfill has what is true now, and nothing over what is newer.
func copiesInserted(e *env) {
	one, two, bare := e.ware(1), e.ware(2), e.ware(3)
	e.put(e.given(one, 5, "section_name", "new"))
	errs, err := e.Follower.Insert(e.ctx, []store.Row{e.given(one, 0, "section_name", "old"), e.given(two, 0, "section_name", "desk"), e.given(bare, 0)})
	require.NoError(e, err)
	for _, err := range errs {
		require.NoError(e, err)
	}
	e.shows(one, "section_name", "new")
	e.requireLive(two)
	e.shows(two, "section_name", "desk")
	e.shows(bare)
}

// copiesDeleted: a tombstone shows nothing, and neither does what comes after it by itself.
func copiesDeleted(e *env) {
	rec := e.ware(1)
	e.put(e.given(rec, 1, "section_name", "desk"))
	e.put(e.dead(rec, 2))
	e.requireGone(rec)
	require.Nil(e, e.copiesOf(rec)[0])
	e.put(e.given(rec, 3))
	e.shows(rec)
}

// copiesMany: of more keys than one call of an engine takes.
func copiesMany(e *env) {
	var records []transform.Record
	var rows []store.Row
	for i := range 230 {
		records = append(records, e.ware(i))
		rows = append(rows, e.given(e.ware(i), 0, "section_name", strconv.Itoa(i)))
	}
	for some := range slices.Chunk(rows, 90) {
		errs, err := e.Follower.Insert(e.ctx, some)
		require.NoError(e, err)
		for _, err := range errs {
			require.NoError(e, err)
		}
	}
	for i, got := range e.copiesOf(records...) {
		if e.Follower.KeepsCopies() {
			require.Equal(e, map[string]string{"section_name": strconv.Itoa(i)}, got)
		}
	}
}

// kept requires that do leaves the copies of the records that refer to something, as they
// were.
func (e *env) kept(do func(), records ...transform.Record) {
	e.Helper()
	before := e.copiesOf(records...)
	for _, had := range before {
		require.NotEmpty(e, had)
	}
	do()
	require.Equal(e, before, e.copiesOf(records...), "the copies are as they were")
}

// updateKeepsCopies: an update is of the record. Its writer knows nothing of what others
// show, and leaves no mark that would bring them back.
func updateKeepsCopies(e *env) {
	ware, basket, above := e.ware(1, "section_id", "1"), e.of(1, 1), e.section(2, "above_id", "1")
	e.write(e.create(e.section(1, "name", "desk")))
	e.write(e.create(ware), e.create(above))
	e.write(e.create(basket))
	e.settle()
	e.kept(func() {
		e.write(e.update(ware, "stock", "7"), e.update(basket, "quantity", "2"), e.update(above, "name", "x"))
		e.write(e.update(ware, "stock", "8"))
		_, err := e.try(e.update(ware, "stock", "9"), e.create(basket))
		e.requireError(err, store.ErrExists)
	}, ware, basket, above)
	e.write(e.remove(basket))
	require.Nil(e, e.copiesOf(basket)[0])
	e.write(e.create(e.basket(1)))
	e.shows(e.basket(1))
}

func bumpKeepsCopies(e *env) {
	ware := e.ware(1, "section_id", "1")
	e.write(e.create(e.section(1, "name", "desk")))
	e.write(e.create(ware))
	e.settle()
	e.kept(func() { require.NoError(e, e.Authority.Bump(e.ctx, []transform.Key{e.key(ware)})) }, ware)
}

// givenCopiesKept: what a follower was given is what the authority has.
func givenCopiesKept(e *env) {
	ware, basket := e.ware(1, "section_id", "1"), e.of(1, 1)
	e.put(e.given(e.section(1, "name", "desk"), 1, "above_name", "none"))
	e.put(e.given(ware, 1, "section_name", "desk"))
	errs, err := e.Follower.Insert(e.ctx, []store.Row{e.given(basket, 0, "ware_name", "pen", "sold_out", "0")})
	require.NoError(e, err)
	require.NoError(e, errs[0])
	e.lead()
	require.Empty(e, e.fanOuts(100), "what was given leaves no marks")
	e.kept(func() { e.write(e.update(ware, "stock", "7"), e.update(basket, "quantity", "2")) }, ware, basket)
	e.settle()
	e.followed(func() { e.write(e.update(ware, "name", "ink")) }, basket)
}

// A marked is what fan-out marks name.
type marked struct{ sources, own map[transform.Key]bool }

// marks returns what the marks name, in any number of them.
func (e *env) marks() marked {
	e.Helper()
	m := marked{map[transform.Key]bool{}, map[transform.Key]bool{}}
	for _, f := range e.fanOuts(100) {
		for _, key := range f.Sources {
			m.sources[key] = true
		}
		for _, key := range f.Own {
			m.own[key] = true
		}
	}
	return m
}

// leaves requires that do leaves marks of exactly these sources and, in a store that keeps
// copies, of these for their own sake; and carries them out.
func (e *env) leaves(do func(), sources, own []transform.Record) {
	e.Helper()
	require.Empty(e, e.fanOuts(100))
	do()
	want := marked{map[transform.Key]bool{}, map[transform.Key]bool{}}
	for _, rec := range sources {
		want.sources[e.key(rec)] = true
	}
	if e.Authority.KeepsCopies() {
		for _, rec := range own {
			want.own[e.key(rec)] = true
		}
	}
	got := e.marks()
	require.ElementsMatch(e, slices.Collect(maps.Keys(want.sources)), slices.Collect(maps.Keys(got.sources)), "whose copies are old")
	require.ElementsMatch(e, slices.Collect(maps.Keys(want.own)), slices.Collect(maps.Keys(got.own)), "which came to refer to others")
	e.settle()
}

// fanOuts returns the fan-out marks of all shards, in pages.
func (e *env) fanOuts(limit int) []store.FanOut {
	e.Helper()
	var all []store.FanOut
	for shard := range e.Authority.Shards() {
		r := store.DirtyRange{Shard: shard, Limit: limit}
		for pages := 0; pages == 0 || r.After != ""; pages++ {
			page, err := e.Authority.FanOuts(e.ctx, r)
			require.NoError(e, err)
			require.LessOrEqual(e, len(page.Marks), limit, "a page holds no more than its limit")
			all = append(all, page.Marks...)
			r.After = page.Next
			require.Less(e, pages, 10_000, "the pages of FanOuts do not end")
		}
	}
	return all
}

// settle carries out every mark.
func (e *env) settle() {
	e.Helper()
	for n := 0; ; n++ {
		marks := e.fanOuts(100)
		if len(marks) == 0 {
			return
		}
		require.Less(e, n, 10, "carrying out marks leaves marks")
		for _, f := range marks {
			require.NoError(e, e.carryOut(e.Authority, f))
		}
	}
}

// carryOut carries out a mark as a relay does.
func (e *env) carryOut(a store.Authority, f store.FanOut) error {
	if len(f.Gone) > 0 {
		if err := a.Empty(e.ctx, f); err != nil {
			return err
		}
	}
	for _, source := range f.Sources {
		for _, by := range a.Contract().Entity(source.Entity).CopiedBy() {
			r := store.DependentsRange{By: by, To: source, Limit: 100}
			for {
				page, err := a.Dependents(e.ctx, r)
				if err == nil && len(page.Keys) > 0 {
					err = a.Renew(e.ctx, page.Keys)
				}
				if err != nil {
					return err
				}
				if r.After = page.Next; r.After == "" {
					break
				}
			}
		}
	}
	if len(f.Own) > 0 {
		if err := a.Renew(e.ctx, f.Own); err != nil {
			return err
		}
	}
	return a.CleanFanOut(e.ctx, f)
}

// followed requires that what do changes reaches the copies of records once the marks are
// carried out: they are written, or the records have new versions and change records.
func (e *env) followed(do func(), records ...transform.Record) {
	e.Helper()
	do()
	e.cleanAll()
	versions := map[transform.Key]store.Version{}
	for _, rec := range records {
		versions[e.key(rec)] = e.row(e.key(rec)).Version
	}
	e.settle()
	e.requireRenewed(versions, records...)
}

// requireRenewed requires that the records' copies have been made anew since they had the
// versions.
func (e *env) requireRenewed(versions map[transform.Key]store.Version, records ...transform.Record) {
	e.Helper()
	if !e.Authority.KeepsCopies() {
		dirty := e.dirty()
		for _, rec := range records {
			key := e.key(rec)
			require.Greater(e, e.row(key).Version, versions[key], "the version of %s", key.ID)
			require.Equal(e, e.row(key).Version, dirty[key], "%s is dirty", key.ID)
		}
		return
	}
	for i, got := range e.copiesOf(records...) {
		row := e.row(e.key(records[i]))
		require.True(e, row.Live)
		require.Equal(e, e.copiesIn(e.joined(row.Record)), got, "the copies of %s", row.Key.ID)
	}
}
