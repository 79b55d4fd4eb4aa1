package dynamostore

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

func (d *desk) withToken(token string, m ...store.Mutation) (store.Written, error) {
	return d.Write(d.ctx, d.at, store.Write{Mutations: m, Token: token})
}

// TestTokenAppliesOnce: each operation, captured and bare, by two processes.
func TestTokenAppliesOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		for _, d := range []*desk{d, d.bare()} {
			tag := map[bool]string{true: "c", false: "b"}[d.at.Captured]
			gone, r, fresh := d.note("gone"+tag), d.note("r"+tag, "count", "1"), d.note("fresh"+tag)
			d.write(d.create(gone), d.create(r))
			for name, m := range map[string]store.Mutation{
				"create": d.create(fresh), "delete": d.remove(gone), "update": d.update(r, "count", "2"), "put": d.replace(d.note("p" + tag)),
			} {
				w, err := d.withToken(name+tag, m)
				require.NoError(t, err, name)
				require.False(t, w.Repeated)
				d.write(d.update(r, "body", name))
				before := d.everything()
				for _, process := range []*desk{d, d.with(d.client, Options{})} {
					w, err = process.withToken(name+tag, m)
					require.NoError(t, err, name)
					require.True(t, w.Repeated, name)
					require.Equal(t, []store.Row{{Key: m.Key}}, w.Rows)
					require.Empty(t, w.Changes)
				}
				require.Equal(t, before, d.everything())
				_, err = d.withToken(name+tag, d.create(d.note("other")))
				requireRefused(t, err, store.ErrInvalid, store.NotApplied)
				require.Equal(t, before, d.everything())
			}
		}
	})
}

// TestTokenAnswersWithTheAssignedIDs of the write that was made.
func TestTokenAnswersWithTheAssignedIDs(t *testing.T) {
	d := inProcess(t)
	m := []store.Mutation{d.create(d.record(d.accounts, "name", "a")), d.create(d.record(d.accounts, "name", "b"))}
	first, err := d.withToken("t", m...)
	require.NoError(t, err)
	again, err := d.withToken("t", m...)
	require.NoError(t, err)
	require.True(t, again.Repeated)
	for i := range m {
		require.Equal(t, first.Rows[i].Key, again.Rows[i].Key)
	}
	require.Equal(t, []int64{1, 2}, first.Changes[0].Token.Assigned)
	require.Equal(t, first.Changes[0].Token, d.dirty()[0].Token)
}

// TestTokenOfManyAtOnce: twenty try, one applies, all succeed.
func TestTokenOfManyAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		r := d.note("a", "count", "0")
		d.write(d.create(r))
		var wg sync.WaitGroup
		errs, repeated := make([]error, 20), make([]bool, 20)
		for i := range errs {
			wg.Go(func() {
				w, err := d.withToken("t", d.update(r, "count", "1"), d.create(d.note("b")))
				errs[i], repeated[i] = err, w.Repeated
			})
		}
		wg.Wait()
		applied := 0
		for i, err := range errs {
			require.NoError(t, err)
			if !repeated[i] {
				applied++
			}
		}
		require.Equal(t, 1, applied)
	})
}

// TestTokenOfABareWriteIsCarried for a day, and no longer: what tells of it has
// a time to live, for capture may never begin. A write under capture must be told
// of however long it takes.
func TestTokenOfABareWriteIsCarried(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		now := time.Now()
		d = d.with(d.client, Options{Now: func() time.Time { return now }})
		_, err := d.bare().withToken("bare", d.create(d.note("a")), d.create(d.note("b")))
		require.NoError(t, err)
		left := d.dirty()
		require.Len(t, left, 1)
		require.Empty(t, left[0].Keys)
		require.Equal(t, "bare", left[0].Token.Token)
		key, err := d.changeKey("test", left[0])
		require.NoError(t, err)
		it, err := d.libraryGet(d.ctx, "test", key)
		require.NoError(t, err)
		require.Equal(t, number(now.Add(store.TokenLife+tokenSlack).Unix()), it[libraryTTL])

		_, err = d.withToken("captured", d.create(d.note("c")))
		require.NoError(t, err)
		require.Len(t, d.dirty(), 2)
		now = now.Add(store.TokenLife + time.Second)
		left = d.dirty()
		require.Len(t, left, 1, "the service deletes it late")
		require.Equal(t, "captured", left[0].Token.Token)
		backlog, err := d.Backlog(d.ctx)
		require.NoError(t, err)
		require.EqualValues(t, 1, backlog.Dirty)
		key, err = d.changeKey("test", left[0])
		require.NoError(t, err)
		it, err = d.libraryGet(d.ctx, "test", key)
		require.NoError(t, err)
		require.NotContains(t, it, libraryTTL, "keys are never forgotten")
	})
}

// TestPagesOverExpiredTokens: a page that holds nothing but tokens that do not
// count any more is not the last one.
func TestPagesOverExpiredTokens(t *testing.T) {
	d := inProcess(t)
	now := time.Now()
	d = d.with(d.client, Options{Now: func() time.Time { return now }})
	for i := range 3 * shards {
		_, err := d.bare().withToken("bare"+strconv.Itoa(i), d.create(d.note("b"+strconv.Itoa(i))))
		require.NoError(t, err)
	}
	now = now.Add(store.TokenLife + time.Second)
	want := 2 * shards
	for i := range want {
		d.write(d.create(d.note("c" + strconv.Itoa(i))))
	}
	found := 0
	for shard := range d.Shards() {
		for r := (store.DirtyRange{Shard: shard, Limit: 1}); ; {
			page, err := d.Dirty(d.ctx, r)
			require.NoError(t, err)
			found += len(page.Changes)
			if r.After = page.Next; r.After == "" {
				break
			}
		}
	}
	require.Equal(t, want, found)
}

// TestKeepAndLifeOfTokens: what was kept counts, is not replaced, and counts no
// more after a day.
func TestKeepAndLifeOfTokens(t *testing.T) {
	d := inProcess(t)
	now := time.Now()
	d = d.with(d.client, Options{Now: func() time.Time { return now }})
	m := d.create(d.note("a"))
	w := store.Write{Mutations: []store.Mutation{m}}
	kept := []store.Token{
		{Token: "t", Fingerprint: w.Fingerprint(), Created: now},
		{Token: "t", Fingerprint: [32]byte{1}, Created: now},
	}
	for _, token := range kept {
		require.NoError(t, d.Keep(d.ctx, []store.Token{token}))
	}
	done, err := d.withToken("t", m)
	require.NoError(t, err)
	require.True(t, done.Repeated)
	now = now.Add(store.TokenLife + time.Second)
	done, err = d.withToken("t", m)
	require.NoError(t, err)
	require.False(t, done.Repeated, "the service may delete it late, the time has come all the same")
	done, err = d.withToken("t", m)
	require.NoError(t, err)
	require.True(t, done.Repeated)
	now = now.Add(store.TokenLife + time.Second)
	require.NoError(t, d.Keep(d.ctx, []store.Token{{Token: "t", Fingerprint: [32]byte{9}, Created: now}}))
	_, err = d.withToken("t", m)
	requireRefused(t, err, store.ErrInvalid, store.NotApplied)

	long := strings.Repeat("x", MaxToken+1)
	_, err = d.withToken(long, m)
	requireRefused(t, err, store.ErrInvalid, store.NotApplied)
	requireRefused(t, d.Keep(d.ctx, []store.Token{{Token: long}}), store.ErrInvalid, store.NotApplied)
}

// TestDisownTakesTheTokenAlong, but not one that came later.
func TestDisownTakesTheTokenAlong(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		r := d.note("a", "count", "1")
		_, err := d.withToken("t", d.create(r))
		require.NoError(t, err)
		stray := d.dirty()[0]
		require.NoError(t, d.Disown(d.ctx, stray))
		require.Empty(t, d.dirty())
		w, err := d.withToken("t", d.update(r, "count", "2"))
		require.NoError(t, err, "the token is free again")
		require.False(t, w.Repeated)
		require.NoError(t, d.Disown(d.ctx, stray))
		w, err = d.withToken("t", d.update(r, "count", "2"))
		require.NoError(t, err)
		require.True(t, w.Repeated, "the token of another write stays")
		d.cleanAll()
		d.write(d.update(r, "count", "4"))
		require.NoError(t, d.Disown(d.ctx, d.dirty()[0]))
		require.Empty(t, d.dirty())
	})
}
