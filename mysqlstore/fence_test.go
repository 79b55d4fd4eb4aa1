package mysqlstore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// forms are the ways a write reaches the fence: every kind of first statement,
// alone and beside others. there is a record that is stored, fresh one that is
// not.
var forms = []struct {
	name  string
	token string
	make  func(f *fixture, there, fresh transform.Record) []store.Mutation
}{
	{"create", "", func(f *fixture, there, fresh transform.Record) []store.Mutation {
		return []store.Mutation{f.create(fresh)}
	}},
	{"delete", "", func(f *fixture, there, fresh transform.Record) []store.Mutation {
		return []store.Mutation{f.remove(there)}
	}},
	{"update", "", func(f *fixture, there, fresh transform.Record) []store.Mutation {
		return []store.Mutation{f.update(there, "username", "changed-"+f.key(there).ID)}
	}},
	{"put of what is not there", "", func(f *fixture, there, fresh transform.Record) []store.Mutation {
		return []store.Mutation{f.put(fresh)}
	}},
	{"put of what is there", "", func(f *fixture, there, fresh transform.Record) []store.Mutation {
		changed := there.Clone()
		f.set(changed, "username", transform.TextValue("changed-"+f.key(there).ID))
		return []store.Mutation{f.put(changed)}
	}},
	{"put of the same", "", func(f *fixture, there, fresh transform.Record) []store.Mutation {
		return []store.Mutation{f.put(there)}
	}},
	{"delete and create", "", func(f *fixture, there, fresh transform.Record) []store.Mutation {
		return []store.Mutation{f.remove(there), f.create(fresh)}
	}},
	{"update and create", "", func(f *fixture, there, fresh transform.Record) []store.Mutation {
		return []store.Mutation{f.update(there, "username", "changed-"+f.key(there).ID), f.create(fresh)}
	}},
	{"create with a token", "once", func(f *fixture, there, fresh transform.Record) []store.Mutation {
		return []store.Mutation{f.create(fresh)}
	}},
}

// eachForm runs test for every form of a write, bare and captured, under the
// isolation levels that services use.
func eachForm(t *testing.T, test func(t *testing.T, f *fixture, w store.Write)) {
	for _, level := range []string{"READ-COMMITTED", "REPEATABLE-READ"} {
		for _, bare := range []bool{true, false} {
			f := newFixture(t, setting{params: isolated(t, level), bare: bare})
			for i, form := range forms {
				name := map[bool]string{true: "bare ", false: "captured "}[bare] + form.name
				t.Run(level+"/"+name, func(t *testing.T) {
					f.t = t
					there, fresh := f.user(int64(10*i+1)), f.user(int64(10*i+2))
					f.write(f.create(there))
					test(t, f, store.Write{Mutations: form.make(f, there, fresh), Token: form.token})
				})
			}
		}
	}
}

// A write that waits for a fence which another transaction is moving must see
// where it moved to, whatever snapshot its own transaction has.
func TestWriteWaitsForTheFenceAndObeysIt(t *testing.T) {
	enginetest.NeedsRealMySQL(t, waitsForRows)
	eachForm(t, func(t *testing.T, f *fixture, w store.Write) {
		mover := f.db.MustBegin()
		defer mover.Rollback()
		mover.MustExec("UPDATE crossfade_fence SET epoch = epoch + 1")
		before := f.dump()
		done := make(chan error)
		go func() {
			_, err := f.store.Write(f.ctx, f.at, w)
			done <- err
		}()
		f.waits(1)
		require.NoError(t, mover.Commit())
		refused(t, <-done, store.ErrWrongPhase)
		require.Equal(t, before, f.dump(), "a refused write changes nothing")
		f.db.MustExec("UPDATE crossfade_fence SET epoch = epoch - 1")
	})
}

// If the fence's lock ended before COMMIT, the fence could move in between.
func TestWriteHoldsTheFenceUntilItCommits(t *testing.T) {
	eachForm(t, func(t *testing.T, f *fixture, w store.Write) {
		if len(w.Mutations) == 1 && !f.at.Captured && w.Token == "" &&
			(w.Mutations[0].Op == store.Create || w.Mutations[0].Op == store.Delete) {
			t.Skip("it is a single statement, which holds its locks to its end")
		}
		commits := 0
		f.hooks.reset(func(_ int, query string) bool {
			if query == "COMMIT" {
				commits++
				require.False(t, f.fenceIsFree(), "the fence is locked at COMMIT")
			}
			return false
		}, nil)
		defer f.hooks.reset(nil, nil)
		_, err := f.store.Write(f.ctx, f.at, w)
		require.NoError(t, err)
		require.Equal(t, 1, commits)
		require.True(t, f.fenceIsFree(), "and free after it")
	})
}

// dump returns everything that a write could change, the fence apart.
func (f *fixture) dump() []string {
	f.t.Helper()
	var lines []string
	for _, query := range []string{
		"SELECT CONCAT_WS(' ', user_id, username, email) FROM users ORDER BY user_id",
		"SELECT CONCAT_WS(' ', entity, id, version, dirty) FROM crossfade_change ORDER BY entity, id",
		"SELECT token FROM crossfade_token ORDER BY token",
	} {
		var some []string
		require.NoError(f.t, f.db.Select(&some, query))
		lines = append(lines, some...)
	}
	return lines
}

// The number of statements is what a write costs where the network is slow:
// without capture as many as by hand, under capture one more per key than the
// same write in a transaction.
func TestStatementsOfAWrite(t *testing.T) {
	for _, c := range []struct {
		name           string
		make           func(f *fixture, rec transform.Record) store.Mutation
		bare, captured string
	}{
		{"create", func(f *fixture, rec transform.Record) store.Mutation { return f.create(f.user(2)) },
			"INSERT", "START INSERT INSERT COMMIT"},
		{"delete", func(f *fixture, rec transform.Record) store.Mutation { return f.remove(rec) },
			"DELETE", "START INSERT DELETE COMMIT"},
		{"update", func(f *fixture, rec transform.Record) store.Mutation { return f.update(rec, "username", "changed") },
			"START SELECT UPDATE COMMIT", "START INSERT SELECT UPDATE COMMIT"},
		{"put of what is not there", func(f *fixture, rec transform.Record) store.Mutation { return f.put(f.user(2)) },
			"START SELECT INSERT COMMIT", "START INSERT SELECT INSERT COMMIT"},
	} {
		for _, bare := range []bool{true, false} {
			want := map[bool]string{true: c.bare, false: c.captured}[bare]
			t.Run(c.name+": "+want, func(t *testing.T) {
				f := newFixture(t, setting{bare: bare})
				rec := f.user(1)
				f.write(f.create(rec))
				f.hooks.reset(nil, nil)
				f.write(c.make(f, rec))
				var verbs []string
				for _, s := range f.hooks.seen() {
					verb, _, _ := strings.Cut(s, " ")
					verbs = append(verbs, verb)
				}
				require.Equal(t, want, strings.Join(verbs, " "))
			})
		}
	}
}

// Capture must not be a matter of the epoch alone: whoever took it from
// elsewhere than the epoch writes nothing either.
func TestWriteNeedsTheFencesCapture(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		there := f.user(1)
		f.write(f.create(there))
		before := f.dump()
		f.at.Captured = bare
		for _, form := range forms {
			_, err := f.store.Write(f.ctx, f.at, store.Write{Mutations: form.make(f, there, f.user(2)), Token: form.token})
			refused(t, err, store.ErrWrongPhase)
		}
		require.Equal(t, before, f.dump())
	}
}

// A fence that is closed, or MySQL that was given away, lets no write pass.
func TestClosedFence(t *testing.T) {
	for state, passes := range map[store.State]bool{store.Closed: true, store.GivenAway: false, store.Sealed: false} {
		for _, bare := range []bool{true, false} {
			f := newFixture(t, setting{bare: bare})
			there := f.user(1)
			f.write(f.create(there))
			if state == store.Sealed {
				f.mark(store.GivenAway)
			}
			f.mark(state)
			before := f.dump()
			for _, form := range forms {
				_, err := f.store.Write(f.ctx, f.at, store.Write{Mutations: form.make(f, there, f.user(2)), Token: form.token})
				refused(t, err, store.ErrWrongPhase)
			}
			require.Equal(t, before, f.dump())

			err := f.store.Bump(f.ctx, []transform.Key{f.key(there)})
			if passes {
				require.NoError(t, err, "a drain needs bumps")
			} else {
				refused(t, err, store.ErrWrongPhase)
			}
			for name, read := range f.reads(f.at, there) {
				if passes {
					require.NoError(t, read, name)
				} else {
					require.ErrorIs(t, read, store.ErrWrongPhase, "what MySQL has is not the answer any more: %s", name)
				}
			}
			for name, read := range f.reads(store.At{Captured: !bare}, there) {
				require.NoError(t, read, "the relay reads what is there: %s", name)
			}
		}
	}
}

// reads returns the errors of all kinds of reads.
func (f *fixture) reads(at store.At, there transform.Record) map[string]error {
	f.t.Helper()
	_, get := f.store.Get(f.ctx, at, f.key(there))
	_, missing := f.store.Get(f.ctx, at, f.key(f.user(999_999)))
	_, many := f.store.GetMany(f.ctx, at, []transform.Key{f.key(there)})
	_, query := f.store.Query(f.ctx, at, store.Query{Entity: f.users, Index: "UsernameIndex", Equal: transform.TextValue("nobody"), Limit: 5})
	_, scan := f.store.Scan(f.ctx, at, store.Range{Entity: f.users, Limit: 5})
	_, empty := f.store.Scan(f.ctx, at, store.Range{Entity: f.stock, Limit: 5})
	return map[string]error{"get": get, "get of nothing": missing, "get many": many, "query": query, "scan": scan, "scan of nothing": empty}
}

// A fence that opens again between the DELETE that found it closed and the
// question why must not make a row that is there look deleted already. Within
// a transaction that can't be: there the fence stays locked though it said no.
func TestFenceThatOpensInBetween(t *testing.T) {
	f := newFixture(t, setting{bare: true})
	there := f.user(1)
	f.write(f.create(there))
	f.db.MustExec("UPDATE crossfade_fence SET state = 'closed'")
	asked := 0
	f.hooks.reset(func(_ int, query string) bool {
		if strings.HasPrefix(query, "SELECT f.epoch") {
			asked++
			f.db.MustExec("UPDATE crossfade_fence SET state = 'open'")
		}
		return false
	}, nil)
	f.write(f.remove(there))
	require.Equal(t, 1, asked)
	require.False(t, f.row(there).Live)
}
