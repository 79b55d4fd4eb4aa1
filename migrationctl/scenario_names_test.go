package migrationctl_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// An Account is the record of the scenarios about names: login is unique under
// utf8mb4_general_ci, title under utf8mb4_unicode_ci.
type Account struct {
	ID     int64   `db:"account_id"`
	Login  *string `db:"login"`
	Title  *string `db:"title"`
	Region *string `db:"region"`
	Code   *string `db:"code"`
}

// eachNamesPhase plays the scenario in each world of NamesContract, in each of the phases,
// one after the other. base is a number above every id that was used before. needs is as
// of eachWorldOf.
func eachNamesPhase(t *testing.T, play func(t *testing.T, accounts *dal.Repository[Account], base int64), needs ...string) {
	through := func(t *testing.T, w *world) {
		w.to(t, store.MySQLOnly)
		for phase := store.MySQLOnly; phase <= store.DynamoDBOnly; phase++ {
			t.Run(phase.String(), func(t *testing.T) {
				p, accounts := w.openAccounts(t)
				if phase == store.Validate {
					require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
				}
				if phase != store.MySQLOnly {
					p.step(t, phase)
				}
				play(t, accounts, int64(phase)*10_000)
				if phase.HasFollower() {
					p.drained(t)
					require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
				}
			})
		}
	}
	eachWorldOf(t, storetest.NamesContract(t), through, needs...)
}

// openAccounts starts a process of a world of NamesContract.
func (w *world) openAccounts(t *testing.T) (*process, *dal.Repository[Account]) {
	t.Helper()
	ctl, err := migrationctl.Open(t.Context(), w.faulty(), w.faultyDynamo(), leading())
	require.NoError(t, err)
	t.Cleanup(func() { _ = ctl.Close(context.Background()) })
	accounts, err := dal.NewRepository[Account](ctl, "Accounts")
	require.NoError(t, err)
	return &process{Controller: ctl}, accounts
}

// TestScenario15OneNameInAnyForm: of fifty concurrent registrations of one name, which
// differ in case, accents and blanks at the end, one succeeds, and its form is kept.
// Who has the name may write it in another form, and holds all of them until it is
// given up. Asked for in any form, the name finds who has it.
func TestScenario15OneNameInAnyForm(t *testing.T) {
	told := func(err error) error {
		var e *dal.Error
		if err != nil && (!errors.As(err, &e) || e.Entity != "Accounts" || e.Field != "login") {
			return fmt.Errorf("entity and field are not told: %s", err)
		}
		return err
	}
	// whoHas requires that the name finds these ids. An index of DynamoDB may still be
	// on its way.
	whoHas := func(t *testing.T, accounts *dal.Repository[Account], name string, want ...int64) {
		t.Helper()
		for _, by := range []dal.IndexQuery{dal.Index("LoginIndex"), dal.By("login")} {
			require.EventuallyWithT(t, func(c *assert.CollectT) {
				var got []int64
				for a, err := range accounts.Query(t.Context(), by.Equal(name)) {
					if !assert.NoError(c, err) {
						return
					}
					got = append(got, a.ID)
				}
				assert.Equal(c, want, got, name)
			}, 20*time.Second, 50*time.Millisecond)
		}
	}
	eachNamesPhase(t, func(t *testing.T, accounts *dal.Repository[Account], base int64) {
		forms := []string{"wanted%d", "Wanted%d", "WANTED%d", "wánted%d", "wanted%d  ", "Wäñtéd%d "}
		form := func(i int64) *string { s := fmt.Sprintf(forms[i%int64(len(forms))], base); return &s }
		require.Equal(t, 1, atOnce(t, 50, dal.ErrUnique, func(i int) error {
			id := base + int64(i)
			return told(accounts.Create(t.Context(), &Account{ID: id, Login: form(id)}))
		}))
		var holder Account
		for id := base; id < base+50; id++ {
			if a, err := accounts.Get(t.Context(), accounts.Key(id)); err == nil {
				holder = a
			}
		}
		require.Equal(t, form(holder.ID), holder.Login, "it comes back as it was given")
		another := Account{ID: base + 100, Login: form(0)}
		for i := range int64(len(forms)) {
			require.NoError(t, accounts.Update(t.Context(), accounts.Key(holder.ID), func(a *Account) error { a.Login = form(i); return nil }))
			got, err := accounts.Get(t.Context(), accounts.Key(holder.ID))
			require.NoError(t, err)
			require.Equal(t, form(i), got.Login)
			for asked := range int64(len(forms)) {
				whoHas(t, accounts, *form(asked), holder.ID)
			}
			require.ErrorIs(t, told(accounts.Create(t.Context(), &another)), dal.ErrUnique)
		}
		require.NoError(t, accounts.Delete(t.Context(), accounts.Key(holder.ID)))
		whoHas(t, accounts, *form(2))
		require.NoError(t, accounts.Create(t.Context(), &another))
		whoHas(t, accounts, *form(2), another.ID)
		whoHas(t, accounts, *form(2)+"x")
		blank := "  "
		require.NoError(t, accounts.Update(t.Context(), accounts.Key(another.ID), func(a *Account) error { a.Login = &blank; return nil }))
		whoHas(t, accounts, *form(2))
		whoHas(t, accounts, blank)
		require.NoError(t, accounts.Update(t.Context(), accounts.Key(another.ID), func(a *Account) error { a.Login = form(4); return nil }))
	}, "tells the weights of its collations")
}

// TestScenario34Search: "%", "_", case and accents mean the same in a search of every
// phase: folded as the collation compares, and byte by byte where nobody says so.
func TestScenario34Search(t *testing.T) {
	titles := []string{"100% Wool", "1000 Wool", "snake_case", "SnakeXCase", "Königstraße 1", "KONIGSTRASSE 2", "Ko\u0308nigstrasse 3", "naïve café", "Naive Cafe 2",
		"trailing ", "日本語"}
	searches := map[string]struct {
		condition dal.Condition
		want      []int64
	}{
		"percent":                {dal.Contains("0% W").Folded(), []int64{0}},
		"percent, bytes":         {dal.Contains("0% w"), nil},
		"underscore":             {dal.Contains("KE_CA").Folded(), []int64{2}},
		"case":                   {dal.Contains("snake").Folded(), []int64{2, 3}},
		"case, bytes":            {dal.Contains("snake"), []int64{2}},
		"accents":                {dal.BeginsWith("NAIVE CAFÉ").Folded(), []int64{7, 8}},
		"accents, bytes":         {dal.Contains("café"), []int64{7}},
		"expansions":             {dal.Contains("NIGSTRASSE ").Folded(), []int64{4, 5, 6}},
		"a part of an expansion": {dal.BeginsWith("konigstras").Folded(), []int64{4, 5, 6}},
		"whole":                  {dal.Equals("TRAILING").Folded(), []int64{9}},
		"whole, bytes":           {dal.Equals("trailing"), nil},
		"one of":                 {dal.OneOf("SNAKE_CASE ", "日本語 ").Folded(), []int64{2, 10}},
		"others":                 {dal.Differs("naive cafe").Folded(), []int64{0, 1, 2, 3, 4, 5, 6, 8, 9, 10}},
	}
	eachNamesPhase(t, func(t *testing.T, accounts *dal.Repository[Account], base int64) {
		code := fmt.Sprint(base)
		for i, title := range titles {
			require.NoError(t, accounts.Create(t.Context(), &Account{ID: base + int64(i), Code: &code, Title: &title}))
		}
		for name, s := range searches {
			// An index of DynamoDB may still be on its way.
			require.EventuallyWithT(t, func(c *assert.CollectT) {
				var got []int64
				for a, err := range accounts.Query(t.Context(), dal.Index("CodeIndex").Equal(code).Where("title", s.condition)) {
					if !assert.NoError(c, err) {
						return
					}
					got = append(got, a.ID-base)
				}
				assert.Equal(c, s.want, got, name)
			}, 20*time.Second, 50*time.Millisecond)
		}
		for i := range titles {
			require.NoError(t, accounts.Delete(t.Context(), accounts.Key(base+int64(i))))
		}
	})
}
