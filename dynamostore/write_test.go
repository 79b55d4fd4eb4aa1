package dynamostore

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestWriteDoesWhatItSays: each operation on what is there, on nothing, and on a
// tombstone, captured and bare.
func TestWriteDoesWhatItSays(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		for _, d := range []*desk{d, d.bare()} {
			for _, first := range []string{"nothing", "a tombstone"} {
				r := d.note(fmt.Sprint(first, d.at.Captured), "count", "1")
				if first != "nothing" {
					d.write(d.create(r))
					d.write(d.remove(r))
				}
				_, err := d.try(d.update(r, "count", "5"))
				requireRefused(t, err, store.ErrNotFound, store.NotApplied)
				_, err = d.try(d.remove(r))
				requireRefused(t, err, store.ErrNotFound, store.NotApplied)
				w := d.write(d.create(r))
				require.True(t, w.Rows[0].Live)
				d.holds(r)
				_, err = d.try(d.create(r))
				requireRefused(t, err, store.ErrExists, store.NotApplied)
				d.write(d.update(r, "count", "2"))
				d.set(r, "count", "2")
				d.holds(r)
				d.set(r, "body", "put")
				d.write(d.replace(r))
				d.holds(r)
				d.write(d.remove(r))
				require.False(t, d.row(r).Live)
				d.write(d.replace(r))
				d.holds(r)
			}
		}
	})
}

// TestWriteIsAllOrNothing: one mutation of several that can't be.
func TestWriteIsAllOrNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		a, b, c := d.note("a", "count", "1"), d.note("b"), d.account("7", "ann")
		d.write(d.create(a))
		before := d.everything()
		stop := errors.New("stop")
		for name, m := range map[string]struct {
			mutation store.Mutation
			kind     error
		}{
			"exists":    {d.create(a), store.ErrExists},
			"not found": {d.remove(d.note("z")), store.ErrNotFound},
			"modify":    {store.Mutation{Op: store.Update, Key: d.keyOf(a), Modify: func(transform.Record) error { return stop }}, stop},
			"key":       {d.update(a, "code", "x"), store.ErrInvalid},
			"unfit":     {d.update(a, "count", "NULL", "body", strings.Repeat("x", 400<<10)), store.ErrTooLarge},
		} {
			_, err := d.try(d.create(b), m.mutation, d.create(c))
			require.ErrorIs(t, err, m.kind, name)
			require.Equal(t, before, d.everything(), name)
		}
		d.write(d.create(b), d.update(a, "count", "2"), d.create(c))
		d.holds(b)
		d.holds(c)
	})
}

// TestCapturedWriteLeavesOneChangeItem: with every key at the version it was
// given, in the same transaction.
func TestCapturedWriteLeavesOneChangeItem(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		a, b := d.note("a"), d.note("b")
		w := d.write(d.create(a), d.create(b))
		require.Len(t, w.Changes, 1)
		all := d.dirty()
		require.Len(t, all, 1)
		require.Equal(t, w.Changes[0].Ref, all[0].Ref)
		require.Equal(t, []store.KeyVersion{
			{Key: d.keyOf(a), Version: d.row(a).Version}, {Key: d.keyOf(b), Version: d.row(b).Version},
		}, all[0].Keys)
		require.Equal(t, w.Changes[0].Keys, all[0].Keys)
		require.Equal(t, d.row(a).Version, w.Rows[0].Version)
		require.Equal(t, store.Floor(1)+1, w.Rows[0].Version)

		d.write(d.remove(a))
		require.Len(t, d.dirty(), 2)
		require.Equal(t, store.Row{Key: d.keyOf(a), Version: store.Floor(1) + 2, Tombstone: true}, d.row(a))
		d.cleanAll()
		require.Empty(t, d.dirty())

		bare := d.bare()
		w = bare.write(bare.create(a))
		require.Empty(t, w.Changes)
		require.False(t, w.Rows[0].Dirty)
		require.Zero(t, w.Rows[0].Version)
		require.Empty(t, d.dirty())
		require.Equal(t, store.Floor(1)+3, d.row(a).Version, "bare too, versions only grow")
	})
}

// TestVersionsLieAboveTheFloor: of the epoch, whatever the key had before.
func TestVersionsLieAboveTheFloor(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		r := d.note("a", "count", "0")
		gone := d.note("gone")
		d.write(d.create(r), d.create(gone))
		d.write(d.remove(gone))
		for epoch := uint64(2); epoch < 5; epoch++ {
			d.advance(func(p *store.PhaseRecord) { p.Epoch = epoch })
			d.write(d.update(r, "count", strconv.Itoa(int(epoch))))
			require.Equal(t, store.Floor(epoch)+1, d.row(r).Version)
		}
		d.write(d.create(gone))
		require.Equal(t, store.Floor(4)+1, d.row(gone).Version)
		// A follower of an epoch to come has put something newer.
		_, err := d.Put(d.ctx, store.At{}, store.Row{Key: d.keyOf(r), Version: store.Floor(9), Live: true, Record: r})
		require.NoError(t, err)
		d.write(d.update(r, "count", "77"))
		require.Equal(t, store.Floor(9)+1, d.row(r).Version)
	})
}

// TestWriteRefusesWhatMySQLCannotHold, before it commits.
func TestWriteRefusesWhatMySQLCannotHold(t *testing.T) {
	d := inProcess(t)
	d.write(d.create(d.account("1", "ann")))
	before := d.everything()
	long := d.account("2", strings.Repeat("x", 41))
	missing := d.record(d.accounts, "id", "2")
	wide := d.account("2", "b")
	require.NoError(t, wide.Set("count", transform.IntValue(70000)))
	for name, c := range map[string]struct {
		mutation store.Mutation
		field    string
	}{
		"too long":      {d.create(long), "name"},
		"NULL":          {d.create(missing), "name"},
		"out of range":  {d.replace(wide), "count"},
		"by an update":  {d.update(d.account("1", "ann"), "name", strings.Repeat("é", 41)), "name"},
		"with no id":    {d.create(d.record(d.accounts, "name", strings.Repeat("x", 41))), "name"},
		"of an unknown": {store.Mutation{Op: store.Put, Key: transform.Key{Entity: "Nobody", ID: "1"}}, ""},
	} {
		_, err := d.try(c.mutation)
		e := requireRefused(t, err, store.ErrInvalid, store.NotApplied)
		require.Equal(t, c.field, e.Field, name)
	}
	after := d.everything()
	delete(after, d.library.slot(d.sequences["Accounts"].key())) // a block of ids was taken
	require.Equal(t, before, after)
}

// TestWriteCountsBeforeItSends: over 100 actions or 4 MB nothing is sent.
func TestWriteCountsBeforeItSends(t *testing.T) {
	d := inProcess(t)
	var many, large []store.Mutation
	for i := range 100 {
		many = append(many, d.create(d.note(strconv.Itoa(i))))
	}
	for i := range 12 {
		large = append(large, d.create(d.note(strconv.Itoa(i), "body", strings.Repeat("x", 380<<10))))
	}
	var unique []store.Mutation
	for i := range 40 {
		unique = append(unique, d.create(d.account(strconv.Itoa(i+1), fmt.Sprint("n", i), "email", fmt.Sprint("e", i))))
	}
	d.requests()
	for text, w := range map[string]store.Write{
		"101 mutations": {Mutations: append(many[:100:100], d.create(d.note("x")))},
		"101 actions":   {Mutations: many},
		"102 actions":   {Mutations: many, Token: "t"},
		"records: 40, unique values: 80, token and change item: 1": {Mutations: unique},
		" bytes of the 4194304": {Mutations: large},
	} {
		_, err := d.Write(d.ctx, d.at, w)
		requireRefused(t, err, store.ErrTooLarge, store.NotApplied)
		require.ErrorContains(t, err, text)
	}
	require.Empty(t, d.requests())
	d.write(many[:99]...)
}

// TestWriteIsOneCall beyond the reads it needs.
func TestWriteIsOneCall(t *testing.T) {
	d := inProcess(t)
	a, b := d.note("a", "count", "1"), d.account("1", "ann")
	d.requests()
	d.write(d.create(a), d.create(b))
	require.Equal(t, map[string]int{"TransactWriteItems": 1}, d.requests())
	d.write(d.update(a, "count", "2"))
	require.Equal(t, map[string]int{"BatchGetItem": 1, "TransactWriteItems": 1}, d.requests())
	d.write(d.replace(a), d.update(b, "count", "5"))
	require.Equal(t, map[string]int{"BatchGetItem": 1, "TransactWriteItems": 1}, d.requests())
	bare := d.bare()
	bare.write(bare.create(d.note("b")))
	require.Equal(t, map[string]int{"PutItem": 1}, d.requests())
	_, err := d.Get(d.ctx, d.at, d.keyOf(a))
	require.NoError(t, err)
	require.Equal(t, map[string]int{"GetItem": 1}, d.requests())
	d.write(d.update(a, "count", "1"))
	require.Equal(t, map[string]int{"BatchGetItem": 1}, d.requests(), "nothing changes")
}

// TestUpdateThatChangesNothing commits nothing, unless a token is to be kept.
func TestUpdateThatChangesNothing(t *testing.T) {
	d := inProcess(t)
	a, b := d.note("a", "count", "1"), d.note("b")
	d.write(d.create(a))
	d.cleanAll()
	before := d.everything()
	w := d.write(d.update(a, "count", "1"))
	require.Zero(t, w.Rows[0].Version)
	require.Empty(t, w.Changes)
	require.Equal(t, before, d.everything())
	w = d.write(d.update(a, "count", "1"), d.create(b))
	require.Equal(t, store.Floor(1)+2, w.Rows[0].Version)
	_, err := d.Write(d.ctx, d.at, store.Write{Mutations: []store.Mutation{d.update(a)}, Token: "t"})
	require.NoError(t, err)
	require.Len(t, d.dirty(), 2)
}

// TestWritersOfOneKeyAllSucceed: fifty at once, in two processes, lose nothing, and hardly
// ever collide.
func TestWritersOfOneKeyAllSucceed(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		r := d.note("a", "count", "0")
		d.write(d.create(r))
		var sent atomic.Int64
		counted := through(d.client, func(r *http.Request) (*http.Response, error) {
			if operation(r) == "TransactWriteItems" {
				sent.Add(1)
			}
			return d.client.Options().HTTPClient.Do(r)
		})
		one, other := d.with(counted, Options{}), d.with(counted, Options{})
		var wg sync.WaitGroup
		errs := make([]error, 50)
		for i := range errs {
			process := []*desk{one, other}[i%2]
			wg.Go(func() {
				_, errs[i] = process.try(store.Mutation{Op: store.Update, Key: d.keyOf(r), Modify: func(r transform.Record) error {
					v, _ := r.Get("count")
					n, _ := v.Int()
					return r.Set("count", transform.IntValue(n+1))
				}})
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		// Those of one process wait for one another, and a commit of one process costs the
		// other one attempt.
		require.LessOrEqual(t, sent.Load(), int64(2*len(errs)))
		d.set(r, "count", "50")
		d.holds(r)
		require.Equal(t, store.Floor(1)+51, d.row(r).Version)
		require.Len(t, d.dirty(), 51)
	})
}

// TestWritersOfTwoKeys in opposite order do not wait for each other for ever.
func TestWritersOfTwoKeys(t *testing.T) {
	d := inProcess(t)
	a, b := d.note("a", "count", "0"), d.note("b", "count", "0")
	d.write(d.create(a), d.create(b))
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		m := []store.Mutation{d.update(a, "count", strconv.Itoa(i+1)), d.update(b, "count", strconv.Itoa(i+1))}
		if i%2 == 0 {
			m[0], m[1] = m[1], m[0]
		}
		wg.Go(func() { _, errs[i] = d.try(m...) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, d.row(a).Version, d.row(b).Version)
	require.Empty(t, d.queue.lines, "nobody waits any more")
}

// TestPutOverWhatCannotBeRead mends it; an item of another key stays.
func TestPutOverWhatCannotBeRead(t *testing.T) {
	d := inProcess(t)
	r := d.note("a", "count", "1")
	p := d.places["Notes"]
	for name, it := range map[string]item{
		"no version":  {"code": text("a"), "count": text("secret")},
		"a version":   {"code": text("a"), "count": text("secret"), attrVersion: number(3)},
		"another key": {"code": text("a"), attrEntity: text("Notes"), attrKey: text("b"), attrVersion: number(3)},
		"bad version": {"code": text("a"), attrVersion: text("secret")},
	} {
		require.NoError(t, d.rawPut(p, it))
		_, err := d.try(d.replace(r))
		if name == "another key" || name == "bad version" {
			requireRefused(t, err, store.ErrInvalid, store.NotApplied)
			continue
		}
		require.NoError(t, err, name)
		d.holds(r)
		require.NoError(t, d.rawPut(p, it))
		_, err = d.try(d.update(r, "count", "2"))
		requireRefused(t, err, store.ErrInvalid, store.NotApplied)
		d.write(d.remove(r))
	}
}
