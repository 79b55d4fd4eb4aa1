package dal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
)

// inEveryPhase runs a test on a fixture of each phase.
func inEveryPhase(t *testing.T, test func(t *testing.T, f *fixture)) {
	for phase := dal.MySQLOnly; phase <= dal.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) { test(t, newFixture(t, phase, dal.RouterOptions{})) })
	}
}

// atomically runs a unit of work over the users.
func (f *fixture) atomically(t *testing.T, do func(users dal.InUnit[User]) error, options ...dal.WriteOption) error {
	t.Helper()
	return f.router.Atomically(t.Context(), func(_ context.Context, tx *dal.Tx) error { return do(f.users.In(tx)) }, options...)
}

func setEmail(email string) func(*User) error {
	return func(u *User) error { u.Email = email; return nil }
}

// TestUnitIsAllOrNothing: whatever ends a unit of work, nothing of it is there.
func TestUnitIsAllOrNothing(t *testing.T) {
	errOwn := errors.New("the caller's own")
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1), user(2))
		taken, there := user(8), user(2)
		taken.ID, there.Email = 1, "new@example.com"
		for _, c := range []struct {
			name string
			last func(users dal.InUnit[User]) error
			want error
		}{
			{"an error of its own", func(dal.InUnit[User]) error { return errOwn }, errOwn},
			{"an error that it was given", func(users dal.InUnit[User]) error {
				_, err := users.Get(t.Context(), users.Key(77))
				return err
			}, dal.ErrNotFound},
			{"a record that is there", func(users dal.InUnit[User]) error { return users.Create(t.Context(), &there) }, dal.ErrExists},
			{"a change of nothing", func(users dal.InUnit[User]) error {
				return users.UpdateAtCommit(t.Context(), users.Key(77), setEmail("x"))
			}, dal.ErrNotFound},
			{"a change that fails", func(users dal.InUnit[User]) error {
				return users.UpdateAtCommit(t.Context(), users.Key(2), func(*User) error { return errOwn })
			}, errOwn},
		} {
			before := f.records(t, f.mysql)
			err := f.atomically(t, func(users dal.InUnit[User]) error {
				third := user(3)
				require.NoError(t, users.Create(t.Context(), &third))
				require.NoError(t, users.Update(t.Context(), users.Key(1), setEmail("half@example.com")))
				return c.last(users)
			})
			require.ErrorIs(t, err, c.want, c.name)
			if errors.Is(c.want, errOwn) {
				require.Equal(t, errOwn, err, "it comes back as it is")
			}
			require.Equal(t, before, f.records(t, f.mysql), c.name)
			lead, _ := f.leads(t.Context())
			require.False(t, f.in(t, lead, 3).Live, c.name)
		}
	})
}

// TestUnitRunsAgain: what others change between a unit's read and its commit is
// what it reads the next time, also where it only read it.
func TestUnitRunsAgain(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1), user(2))
		other := f.elsewhere(t)
		runs := 0
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			read, err := users.Get(t.Context(), users.Key(2))
			require.NoError(t, err)
			if runs++; runs == 1 {
				require.NoError(t, other.Update(t.Context(), other.Key(2), setEmail("changed@example.com")))
			}
			return users.Update(t.Context(), users.Key(1), func(u *User) error { u.Username = read.Email; return nil })
		}))
		require.Equal(t, 2, runs)
		got, err := f.users.Get(t.Context(), f.users.Key(1))
		require.NoError(t, err)
		require.Equal(t, "changed@example.com", got.Username)
	})
}

// TestUnitAtCommitRunsOnce: a change that needs nothing read is not begun again
// for others who change the same record.
func TestUnitAtCommitRunsOnce(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1))
		other := f.elsewhere(t)
		runs := 0
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			runs++
			second := user(2)
			require.NoError(t, users.Create(t.Context(), &second))
			require.NoError(t, users.UpdateAtCommit(t.Context(), users.Key(1), func(u *User) error { u.Username += "+"; return nil }))
			return other.Update(t.Context(), other.Key(1), func(u *User) error { u.Username += "*"; return nil })
		}))
		require.Equal(t, 1, runs)
		got, err := f.users.Get(t.Context(), f.users.Key(1))
		require.NoError(t, err)
		require.Equal(t, "user1*+", got.Username)
	})
}

// TestUnitFailsForWhatIsTrue: a unit that refuses because two records do not fit
// together is not believed if they were read before and after a change of both.
func TestUnitFailsForWhatIsTrue(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1), user(2))
		other := f.elsewhere(t)
		name := func(n string) {
			for id := range 2 {
				require.NoError(t, other.Update(t.Context(), other.Key(id+1), func(u *User) error { u.Username = n + strconv.Itoa(id); return nil }))
			}
		}
		name("a")
		runs := 0
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			first, err := users.Get(t.Context(), users.Key(1))
			require.NoError(t, err)
			if runs++; runs == 1 {
				name("b")
			}
			second, err := users.Get(t.Context(), users.Key(2))
			require.NoError(t, err)
			if first.Username[0] != second.Username[0] {
				return errors.New("two records that do not fit together")
			}
			return nil
		}))
		require.Equal(t, 2, runs)
	})
}

// TestUnitGivesUp: a unit whose records never hold still ends after its budget.
func TestUnitGivesUp(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{RetryBudget: 20_000_000})
	f.seed(t, user(1))
	other, runs := f.elsewhere(t), 0
	err := f.atomically(t, func(users dal.InUnit[User]) error {
		runs++
		require.NoError(t, users.Update(t.Context(), users.Key(1), setEmail("mine@example.com")))
		return other.Update(t.Context(), other.Key(1), setEmail(fmt.Sprint(runs)))
	})
	require.ErrorIs(t, err, dal.ErrConflict)
	require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
	require.Greater(t, runs, 1)
}

// TestUnitWithToken: a unit whose reply was lost is applied once, whatever it
// decides when it is repeated, and gives the ids of the first time.
func TestUnitWithToken(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1))
		var created User
		unit := func(users dal.InUnit[User]) error {
			created = user(5)
			created.ID = 0
			if err := users.Create(t.Context(), &created); err != nil {
				return err
			}
			return users.Update(t.Context(), users.Key(1), func(u *User) error { u.Username += "+"; return nil })
		}
		remove := f.faults.On(faultstore.Method("Write"), faultstore.After)
		require.Equal(t, dal.Unknown, dal.OutcomeOf(f.atomically(t, unit, dal.Token("t"))))
		remove()
		for range 2 {
			require.NoError(t, f.atomically(t, unit, dal.Token("t")))
			require.NotZero(t, created.ID)
			got, err := f.users.Get(t.Context(), f.users.Key(created.ID))
			require.NoError(t, err)
			require.Equal(t, "user5", got.Username)
		}
		got, err := f.users.Get(t.Context(), f.users.Key(1))
		require.NoError(t, err)
		require.Equal(t, "user1+", got.Username)
		require.NoError(t, f.atomically(t, func(dal.InUnit[User]) error { return errors.New("there is nothing left to do") }, dal.Token("t")))
		require.Error(t, f.atomically(t, func(dal.InUnit[User]) error { return errors.New("there is nothing left to do") }, dal.Token("u")))
		require.ErrorIs(t, f.users.Update(t.Context(), f.users.Key(1), setEmail("x@example.com"), dal.Token("t")), dal.ErrInvalid)
	})
}

// TestUnitThatReadsTakesNoToken: a unit that reads one record leaves its token to the next,
// and one that stages a change of it, be it none, does not.
func TestUnitThatReadsTakesNoToken(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1))
		read := func(users dal.InUnit[User]) error {
			_, err := users.Get(t.Context(), users.Key(1))
			return err
		}
		rename := func(name string) func(dal.InUnit[User]) error {
			return func(users dal.InUnit[User]) error {
				return users.Update(t.Context(), users.Key(1), func(u *User) error { u.Username += name; return nil })
			}
		}
		for _, unit := range []func(dal.InUnit[User]) error{read, rename(""), rename("+")} {
			require.NoError(t, f.atomically(t, unit, dal.Token("t")))
		}
		for _, unit := range []func(dal.InUnit[User]) error{read, rename("-")} {
			require.NoError(t, f.atomically(t, unit, dal.Token("u")))
		}
		got, err := f.users.Get(t.Context(), f.users.Key(1))
		require.NoError(t, err)
		require.Equal(t, "user1-", got.Username)
	})
}

// TestUnitAskedAfter: whoever has only the token learns whether the unit was applied,
// and the ids it was given, from one that stages as many creates and then fails: it
// applies nothing.
func TestUnitAskedAfter(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		var v User
		failed := errors.New("this one only asks")
		ask := func(users dal.InUnit[User]) error {
			v = user(9)
			v.ID = 0
			return errors.Join(users.Create(t.Context(), &v), failed)
		}
		require.ErrorIs(t, f.atomically(t, ask, dal.Token("t")), failed)
		require.Zero(t, v.ID)
		var created User
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			created = user(5)
			created.ID = 0
			return users.Create(t.Context(), &created)
		}, dal.Token("t")))
		require.NoError(t, f.atomically(t, ask, dal.Token("t")))
		require.Equal(t, created.ID, v.ID)
		got, err := f.users.Get(t.Context(), f.users.Key(v.ID))
		require.NoError(t, err)
		require.Equal(t, "user5", got.Username)
		// One that creates nothing spends its token, and whoever asks gets no id.
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			if _, err := users.Get(t.Context(), users.Key(v.ID)); err != nil {
				return err
			}
			return users.Update(t.Context(), users.Key(v.ID), func(*User) error { return nil })
		}, dal.Token("spent")))
		require.NoError(t, f.atomically(t, ask, dal.Token("spent")))
		require.Zero(t, v.ID)
	})
}

// TestUnitWhoseIDsAreUnknown: a unit that was applied before, and whose ids can't be
// looked up, is no success with an id of zero.
func TestUnitWhoseIDsAreUnknown(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		var created User
		unit := func(users dal.InUnit[User]) error {
			created = user(5)
			created.ID = 0
			second := user(6)
			second.ID = 77
			return errors.Join(users.Create(t.Context(), &created), users.Create(t.Context(), &second))
		}
		require.NoError(t, f.atomically(t, unit, dal.Token("t")))
		id := created.ID
		remove := f.faults.On(faultstore.Method("Token"), faultstore.Before)
		err := f.atomically(t, unit, dal.Token("t"))
		require.ErrorIs(t, err, dal.ErrUnavailable)
		require.Equal(t, dal.Applied, dal.OutcomeOf(err))
		remove()
		require.NoError(t, f.atomically(t, unit, dal.Token("t")))
		require.Equal(t, id, created.ID)
	})
}

// TestUnitWhoseIDFitsNowhere: an id that the caller's struct can't hold is told
// after the unit has reached the follower as any other.
func TestUnitWhoseIDFitsNowhere(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	require.NoError(t, f.mysql.RaiseID(t.Context(), f.contract.Entity("Users"), 1000))
	var v struct {
		ID         int8           `db:"user_id"`
		Username   string         `db:"username"`
		Email      string         `db:"email"`
		Registered *time.Time     `db:"registration_date"`
		LastLogin  *time.Time     `db:"last_login"`
		Profile    map[string]any `db:"profile_data"`
	}
	v.Username, v.Email = "wide", "wide@example.com"
	err := createIn(t, f, &v)
	require.Equal(t, dal.Applied, dal.OutcomeOf(err), "%v", err)
	require.ErrorContains(t, err, "can't be given back")
	require.True(t, f.in(t, f.dynamo, 1001).Live, "the follower does not have it")
}

// createIn creates a record in a unit of work of its own.
func createIn[T any](t *testing.T, f *fixture, v *T) error {
	t.Helper()
	repository, err := dal.NewRepository[T](f.router, "Users")
	require.NoError(t, err)
	return f.router.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error { return repository.In(tx).Create(ctx, v) })
}

// TestScenario19LongUnitSpansASwitch: a unit of work that began under one
// authority and would end under the other is done again there, whole.
func TestScenario19LongUnitSpansASwitch(t *testing.T) {
	for _, phase := range []dal.Phase{dal.Validate, dal.DynamoDBPrimary} {
		t.Run(phase.String(), func(t *testing.T) {
			f := newFixture(t, phase, dal.RouterOptions{})
			f.seed(t, user(1), user(2))
			old, other := f.leads(t.Context())
			runs := 0
			require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
				first, err := users.Get(t.Context(), users.Key(1))
				if err != nil {
					return err
				}
				if runs++; runs == 1 {
					if phase == dal.Validate {
						f.handOver(t)
					} else {
						f.handBack(t)
					}
					elsewhere := f.elsewhere(t)
					require.NoError(t, elsewhere.Update(t.Context(), elsewhere.Key(1), setEmail("other@example.com")))
				}
				third := user(3)
				third.Username = "of " + first.Email
				if err := users.Create(t.Context(), &third); err != nil {
					return err
				}
				if _, err := users.Get(t.Context(), users.Key(2)); err != nil {
					return fmt.Errorf("not to be believed: %s", "a read that was turned away")
				}
				return users.Delete(t.Context(), users.Key(2))
			}))
			require.Equal(t, 2, runs)
			v, _ := f.in(t, other, 3).Record.Get("username")
			require.Equal(t, "of other@example.com", v.Text(), "what was read in the old phase was written")
			require.False(t, f.in(t, other, 2).Live)
			require.False(t, f.isDirty(t, old, 3))
			f.drain(t)
			f.requireEqualStores(t)
		})
	}
}

// TestUnitsOfManyWorkers: workers move amounts between accounts, and others read
// all of them; every reader sees the same sum, and at the end it is there.
func TestUnitsOfManyWorkers(t *testing.T) {
	const accounts, workers, moves, each = 6, 8, 25, 100
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		var keys []dal.Key
		for id := int64(1); id <= accounts; id++ {
			u := user(id)
			u.Profile = map[string]any{"amount": float64(each)}
			f.seed(t, u)
			keys = append(keys, f.users.Key(id))
		}
		mustFloat := func(v any) float64 {
			n, err := strconv.ParseFloat(fmt.Sprint(v), 64)
			require.NoError(t, err)
			return n
		}
		amount := func(u User) float64 { return mustFloat(u.Profile["amount"]) }
		sum := func() (total float64) {
			require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
				total = 0
				for _, key := range keys {
					u, err := users.Get(t.Context(), key)
					if err != nil {
						return err
					}
					total += amount(u)
				}
				return nil
			}))
			return total
		}
		add := func(users dal.InUnit[User], key dal.Key, n float64) error {
			return users.Update(t.Context(), key, func(u *User) error { u.Profile["amount"] = amount(*u) + n; return nil })
		}
		var all sync.WaitGroup
		for worker := range workers {
			all.Go(func() {
				r := rand.New(rand.NewSource(int64(worker)))
				for range moves {
					from, to := r.Intn(accounts), r.Intn(accounts)
					err := f.atomically(t, func(users dal.InUnit[User]) error {
						if err := add(users, keys[from], -1); err != nil {
							return err
						}
						return add(users, keys[to], 1)
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 5 {
			if total := sum(); total != accounts*each {
				t.Errorf("a reader saw a sum of %v", total)
			}
		}
		all.Wait()
		require.EqualValues(t, accounts*each, sum())
	})
}
