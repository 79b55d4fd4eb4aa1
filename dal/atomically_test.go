package dal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/transform"
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

// TestUnitSeesItself: what a unit has staged is what it reads, and what both
// stores have afterwards.
func TestUnitSeesItself(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1), user(2), user(3))
		assigned := user(9)
		assigned.ID = 0
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			ctx := t.Context()
			fourth, second := user(4), user(2)
			assigned.ID = 0
			require.NoError(t, users.Create(ctx, &fourth))
			require.ErrorIs(t, users.Create(ctx, &fourth), dal.ErrExists)
			require.NoError(t, users.Update(ctx, users.Key(4), setEmail("four@example.com")))
			require.NoError(t, users.Update(ctx, users.Key(1), setEmail("one@example.com")))
			require.NoError(t, users.UpdateAtCommit(ctx, users.Key(1), func(u *User) error { u.Email += ".org"; return nil }))
			require.NoError(t, users.UpdateAtCommit(ctx, users.Key(3), func(u *User) error { u.Username += "!"; return nil }))
			require.NoError(t, users.UpdateAtCommit(ctx, users.Key(3), func(u *User) error { u.Username += "?"; return nil }))
			require.NoError(t, users.Delete(ctx, users.Key(2)))
			require.ErrorIs(t, users.Delete(ctx, users.Key(2)), dal.ErrNotFound)
			require.ErrorIs(t, users.Update(ctx, users.Key(2), setEmail("x")), dal.ErrNotFound)
			require.NoError(t, users.Create(ctx, &second))
			require.NoError(t, users.Delete(ctx, users.Key(2)))
			require.NoError(t, users.Create(ctx, &assigned))
			require.Zero(t, assigned.ID)
			all, err := users.GetMany(ctx, []dal.Key{users.Key(1), users.Key(2), users.Key(3), users.Key(4), users.Key(5)})
			require.NoError(t, err)
			require.Len(t, all, 3)
			require.Equal(t, "one@example.com.org", all[users.Key(1)].Email)
			require.Equal(t, "user3!?", all[users.Key(3)].Username)
			require.Equal(t, "four@example.com", all[users.Key(4)].Email)
			_, err = users.Get(ctx, users.Key(2))
			require.ErrorIs(t, err, dal.ErrNotFound)
			lead, _ := f.leads(ctx)
			require.False(t, f.in(t, lead, 4).Live, "nothing is written before the end")
			return nil
		}))
		lead, _ := f.leads(t.Context())
		require.Equal(t, "one@example.com.org", f.email(t, lead, 1))
		require.Equal(t, "four@example.com", f.email(t, lead, 4))
		require.False(t, f.in(t, lead, 2).Live)
		require.NotZero(t, assigned.ID)
		require.Equal(t, "user9@example.com", f.email(t, lead, assigned.ID))
		if phase := f.router.Snapshot().Phase; phase.HasFollower() {
			f.requireEqualStores(t)
		}
	})
}

// TestUnitOverItsOwnSteps: what a unit stages for one key follows upon what it
// has staged there before, whatever it knows of the store.
func TestUnitOverItsOwnSteps(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1), user(2), user(3))
		again, put, fresh := user(1), user(3), user(4)
		again.Username, put.Username, fresh.Username = "again", "put", "fresh"
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			ctx := t.Context()
			require.NoError(t, users.Delete(ctx, users.Key(1)))
			require.NoError(t, users.Create(ctx, &again))
			require.NoError(t, users.UpdateAtCommit(ctx, users.Key(3), func(u *User) error { u.Username = "lost"; return nil }))
			require.NoError(t, users.Put(ctx, &put))
			require.NoError(t, users.Create(ctx, &fresh))
			require.NoError(t, users.Put(ctx, &fresh))
			return users.UpdateAtCommit(ctx, users.Key(4), func(u *User) error { u.Username += "!"; return nil })
		}))
		for id, want := range map[int64]string{1: "again", 3: "put", 4: "fresh!"} {
			u, err := f.users.Get(t.Context(), f.users.Key(id))
			require.NoError(t, err)
			require.Equal(t, want, u.Username)
		}
		require.ErrorIs(t, f.atomically(t, func(users dal.InUnit[User]) error {
			second := user(2)
			require.NoError(t, users.Create(t.Context(), &second))
			return users.Delete(t.Context(), users.Key(2))
		}), dal.ErrExists, "it was never there to be created")
		require.ErrorIs(t, f.atomically(t, func(users dal.InUnit[User]) error {
			require.NoError(t, users.UpdateAtCommit(t.Context(), users.Key(77), setEmail("x")))
			missing := user(77)
			return users.Put(t.Context(), &missing)
		}), dal.ErrNotFound)
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			fifth := user(5)
			require.NoError(t, users.Put(t.Context(), &fifth))
			return users.Delete(t.Context(), users.Key(5))
		}))
		lead, _ := f.leads(t.Context())
		require.False(t, f.in(t, lead, 5).Live)
	})
}

// TestUnitKeepsItsOrder: statements come in the order in which they were staged,
// whatever was read before: in MySQL a unique value has to be given up first.
func TestUnitKeepsItsOrder(t *testing.T) {
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		f.seed(t, user(1), user(2), user(3))
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error {
			_, err := users.GetMany(t.Context(), []dal.Key{users.Key(1), users.Key(2), users.Key(3)})
			require.NoError(t, err)
			fresh := user(9)
			fresh.ID = 0
			require.NoError(t, users.Create(t.Context(), &fresh))
			require.NoError(t, users.Delete(t.Context(), users.Key(2)))
			require.NoError(t, users.Update(t.Context(), users.Key(3), setEmail("user2@example.com")))
			return users.Update(t.Context(), users.Key(1), setEmail("user3@example.com"))
		}))
		writes := f.faults.Matching(faultstore.Method("Write"))
		require.Equal(t, []transform.Key{{}, f.key(2), f.key(3), f.key(1)}, writes[len(writes)-1].Keys)
	})
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

// TestUnitTooLarge: what a transaction of DynamoDB can't take is refused in every
// phase with the same count, before anything is written; in phase 1 without
// capture it is reported.
func TestUnitTooLarge(t *testing.T) {
	many := func(n int) func(t *testing.T, users dal.InUnit[User]) error {
		return func(t *testing.T, users dal.InUnit[User]) error {
			for id := range int64(n) {
				u := user(id + 1)
				require.NoError(t, users.Create(t.Context(), &u))
			}
			return nil
		}
	}
	inEveryPhase(t, func(t *testing.T, f *fixture) {
		each := 1 + len(f.contract.Entity("Users").Unique)
		most := 99 / each
		reported := f.router.Stats().Unfit
		err := f.atomically(t, func(users dal.InUnit[User]) error { return many(most+1)(t, users) })
		lead, _ := f.leads(t.Context())
		if f.router.Snapshot().Phase == dal.MySQLOnly {
			require.NoError(t, err)
			require.Equal(t, reported+1, f.router.Stats().Unfit)
			return
		}
		require.ErrorIs(t, err, dal.ErrTooLarge)
		require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
		require.ErrorContains(t, err, fmt.Sprintf("takes %d actions of the 100", (most+1)*each+1))
		require.False(t, f.in(t, lead, 1).Live)
		require.NoError(t, f.atomically(t, func(users dal.InUnit[User]) error { return many(most)(t, users) }))
		require.True(t, f.in(t, lead, int64(most)).Live)
		require.ErrorContains(t, f.atomically(t, func(users dal.InUnit[User]) error {
			for id := range int64(most) { // of which nobody knows what they replace
				u := user(id + 1)
				require.NoError(t, users.Put(t.Context(), &u))
			}
			return nil
		}), fmt.Sprintf("takes %d actions of the 100", most*(2*each-1)+1))
		large := func(users dal.InUnit[User]) error {
			for id := range int64(14) {
				err := users.UpdateAtCommit(t.Context(), users.Key(id+1), func(u *User) error {
					u.Profile = map[string]any{"text": string(make([]byte, 0)) + fmt.Sprintf("%0300000d", id)}
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		}
		err = f.atomically(t, large)
		require.ErrorIs(t, err, dal.ErrTooLarge)
		require.ErrorContains(t, err, "bytes of the 4194304")
	})
}

// TestUnitMisused: what can't be part of a unit of work is refused.
func TestUnitMisused(t *testing.T) {
	f, g := newFixture(t, dal.DualWrite, dal.RouterOptions{}), newFixture(t, dal.DualWrite, dal.RouterOptions{})
	var after dal.InUnit[User]
	require.NoError(t, f.router.Atomically(t.Context(), func(_ context.Context, tx *dal.Tx) error {
		after = f.users.In(tx)
		_, err := g.users.In(tx).Get(t.Context(), g.users.Key(1))
		require.ErrorIs(t, err, dal.ErrInvalid)
		require.ErrorContains(t, err, "another group")
		none := User{}
		require.ErrorIs(t, after.Put(t.Context(), &none), dal.ErrInvalid)
		_, err = after.Get(t.Context(), f.users.Key("no number"))
		require.ErrorIs(t, err, dal.ErrInvalid)
		return nil
	}))
	_, err := after.Get(t.Context(), f.users.Key(1))
	require.ErrorContains(t, err, "over")
	require.ErrorIs(t, f.atomically(t, func(dal.InUnit[User]) error { return nil }, dal.Token("")), dal.ErrInvalid)
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
