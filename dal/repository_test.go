package dal_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/transform"
)

func TestRepositoryRoundTrip(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	day := time.Date(2023, 1, 15, 0, 0, 0, 0, time.UTC)
	login := time.Date(2024, 3, 10, 9, 30, 0, 0, time.UTC)
	u := User{ID: 101, Username: "alice", Email: "alice@example.com", Registered: &day, LastLogin: &login,
		Profile: map[string]any{"bio": "Loves dogs"}}
	require.NoError(t, f.users.Create(t.Context(), &u))

	got, err := f.users.Get(t.Context(), f.users.Key(101))
	require.NoError(t, err)
	require.Equal(t, u, got)

	many, err := f.users.GetMany(t.Context(), []dal.Key{f.users.Key(101), f.users.Key(102), f.users.Key(101)})
	require.NoError(t, err)
	require.Equal(t, map[dal.Key]User{f.users.Key(101): u}, many)

	require.NoError(t, f.users.Delete(t.Context(), f.users.Key(101)))
	_, err = f.users.Get(t.Context(), f.users.Key(101))
	require.ErrorIs(t, err, dal.ErrNotFound)
	require.ErrorIs(t, f.users.Delete(t.Context(), f.users.Key(101)), dal.ErrNotFound)
}

func TestUniqueNamesTheField(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	f.seed(t, user(1))
	u := user(2)
	u.Email = user(1).Email
	err := f.users.Create(t.Context(), &u)
	require.ErrorIs(t, err, dal.ErrUnique)
	var e *dal.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "email", e.Field)
	require.Equal(t, dal.NotApplied, e.Outcome)
}

// TestUpdateTouchesOnlyWhatItSays: columns the caller left alone keep what
// others gave them, JSON properties the struct does not know included.
func TestUpdateTouchesOnlyWhatItSays(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	u := user(1)
	u.Profile = map[string]any{"bio": "x", "theme": "dark"}
	f.seed(t, u)

	type Profile struct {
		Bio string `json:"bio"`
	}
	type Narrow struct {
		ID         int64      `db:"user_id"`
		Username   string     `db:"username"`
		Email      string     `db:"email"`
		Registered *time.Time `db:"registration_date"`
		LastLogin  *time.Time `db:"last_login"`
		Profile    Profile    `db:"profile_data"`
	}
	narrow, err := dal.NewRepository[Narrow](f.router, "Users")
	require.NoError(t, err)
	require.NoError(t, narrow.Update(t.Context(), narrow.Key(1), func(n *Narrow) error { n.Email = "new@example.com"; return nil }))

	got, err := f.users.Get(t.Context(), f.users.Key(1))
	require.NoError(t, err)
	require.Equal(t, "new@example.com", got.Email)
	require.Equal(t, u.Profile, got.Profile)
}

func TestUpdateFaults(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	f.seed(t, user(1))
	boom := errors.New("boom")
	version := f.in(t, f.mysql, 1).Version

	require.ErrorIs(t, f.users.Update(t.Context(), f.users.Key(1), func(*User) error { return boom }), boom)
	err := f.users.Update(t.Context(), f.users.Key(1), func(u *User) error { u.ID = 2; return nil })
	require.ErrorIs(t, err, dal.ErrInvalid)
	require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
	require.Equal(t, version, f.in(t, f.mysql, 1).Version)
	// Scenario 9: updating what does not exist creates nothing.
	require.ErrorIs(t, f.users.Update(t.Context(), f.users.Key(7), func(*User) error { return nil }), dal.ErrNotFound)
	require.False(t, f.in(t, f.dynamo, 7).Live)
}

func TestKeyFaults(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	for _, key := range []dal.Key{f.users.Key("alice"), f.users.Key(), f.users.Key(1, 2), {}} {
		_, err := f.users.Get(t.Context(), key)
		require.ErrorIs(t, err, dal.ErrInvalid)
		require.ErrorIs(t, f.users.Delete(t.Context(), key), dal.ErrInvalid)
		_, err = f.users.GetMany(t.Context(), []dal.Key{key})
		require.ErrorIs(t, err, dal.ErrInvalid)
	}
	require.Error(t, f.users.Key("alice").Err())
	require.NoError(t, f.users.Key(1).Err())
	require.NotContains(t, f.users.Key(4711).String(), "4711")
	require.Empty(t, f.faults.Calls())
}

func TestNewRepositoryFaults(t *testing.T) {
	f := newFixture(t, dal.MySQLOnly, dal.RouterOptions{})
	_, err := dal.NewRepository[User](f.router, "Nobody")
	require.ErrorIs(t, err, dal.ErrInvalid)
	_, err = dal.NewRepository[struct {
		ID int `db:"user_id"`
	}](f.router, "Users")
	require.ErrorIs(t, err, dal.ErrInvalid)
	require.ErrorContains(t, err, "username")
	require.ErrorContains(t, err, "email")
}

// TestTokenAppliesOnce: a retry with the token of a write that was applied
// changes nothing, also after somebody else changed the record.
func TestTokenAppliesOnce(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	f.seed(t, user(1))
	add := func(u *User) error { u.Email += "+"; return nil }
	for range 3 {
		require.NoError(t, f.users.Update(t.Context(), f.users.Key(1), add, dal.Token("once")))
	}
	got, err := f.users.Get(t.Context(), f.users.Key(1))
	require.NoError(t, err)
	require.Equal(t, user(1).Email+"+", got.Email)

	err = f.users.Delete(t.Context(), f.users.Key(1), dal.Token("once"))
	require.ErrorIs(t, err, dal.ErrInvalid)
	require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
}

func TestQueryAndPage(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	day := time.Date(2023, 1, 15, 0, 0, 0, 0, time.UTC)
	var seed []User
	for id := int64(1); id <= 250; id++ {
		u := user(id)
		u.Registered = &day
		seed = append(seed, u)
	}
	f.seed(t, seed...)
	byDay := dal.Index("RegistrationIndex").Equal("2023-01-15")

	var ids []int64
	for u, err := range f.users.Query(t.Context(), byDay) {
		require.NoError(t, err)
		ids = append(ids, u.ID)
	}
	require.Len(t, ids, 250)
	require.IsIncreasing(t, ids)

	var paged []int64
	cursor := ""
	for pages := 0; ; pages++ {
		require.Less(t, pages, 10)
		page, err := f.users.Page(t.Context(), byDay, cursor, 100)
		require.NoError(t, err)
		for _, u := range page.Items {
			paged = append(paged, u.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	require.Equal(t, ids, paged)

	require.Equal(t, []int64{250, 249}, collect(t, f, byDay.Descending().Limit(2)))
	require.Equal(t, []int64{10, 11}, collect(t, f, byDay.AtLeast(10).Below(12)))
	require.Equal(t, []int64{249, 250}, collect(t, f, byDay.Above(248).AtMost(999)))
	require.Equal(t, []int64{7}, collect(t, f, dal.Index("UsernameIndex").Equal("user7")))
	require.Empty(t, collect(t, f, dal.Index("UsernameIndex").Equal("USER7")), "indexes compare byte for byte")

	for u, err := range f.users.Query(t.Context(), byDay) {
		require.NoError(t, err)
		require.Equal(t, int64(1), u.ID)
		break
	}
}

func TestPageTakesNoLimit(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	_, err := f.users.Page(t.Context(), dal.Index("UsernameIndex").Equal("x").Limit(2), "", 10)
	require.ErrorIs(t, err, dal.ErrInvalid)
}

// TestEmptyTokenRefused: a caller who gives one takes the write for safe.
func TestEmptyTokenRefused(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	u := user(1)
	err := f.users.Create(t.Context(), &u, dal.Token(""))
	require.ErrorIs(t, err, dal.ErrInvalid)
	require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
}

// TestCallersErrorIsItsOwn: an error of change is returned as it is and never
// taken for one of the stores, whatever it wraps.
func TestCallersErrorIsItsOwn(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	f.seed(t, user(1))
	own := fmt.Errorf("mine: %w", dal.ErrWrongPhase)
	calls := 0
	err := f.users.Update(t.Context(), f.users.Key(1), func(*User) error { calls++; return own })
	require.Same(t, own, err)
	require.Equal(t, 1, calls)
}

func collect(t *testing.T, f *fixture, q dal.Query) []int64 {
	t.Helper()
	var ids []int64
	for u, err := range f.users.Query(t.Context(), q) {
		require.NoError(t, err)
		ids = append(ids, u.ID)
	}
	return ids
}

func TestQueryFaults(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	f.seed(t, user(1), user(2))
	byName := dal.Index("UsernameIndex")
	for name, q := range map[string]dal.Query{
		"unknown index": dal.Index("Nope").Equal("x"),
		"wrong type":    byName.Equal(12.5),
		"null":          byName.Equal(nil),
		"no sort key":   byName.Equal("user1").AtLeast("x"),
		"limit":         byName.Equal("user1").Limit(-1),
	} {
		_, err := f.users.Page(t.Context(), q, "", 10)
		require.ErrorIs(t, err, dal.ErrInvalid, name)
	}
	for _, cursor := range []string{"x", "!", "eyJpIjoiTm9wZSJ9"} {
		_, err := f.users.Page(t.Context(), byName.Equal("user1"), cursor, 10)
		require.ErrorIs(t, err, dal.ErrInvalid, cursor)
	}
	_, err := f.users.Page(t.Context(), byName.Equal("user1"), "", 0)
	require.ErrorIs(t, err, dal.ErrInvalid)
	_, err = f.users.Page(t.Context(), dal.Index("Nope").Equal("x"), "", 10)
	require.ErrorContains(t, err, "Nope")

	// An error is the last pair.
	n := 0
	for _, err := range f.users.Query(t.Context(), dal.Index("Nope").Equal("x")) {
		require.Error(t, err)
		n++
	}
	require.Equal(t, 1, n)
}

// TestErrorsHoldNoContent: scenario 43, for the errors made here.
func TestErrorsHoldNoContent(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	u := user(1)
	u.Username = "secret-name"
	u.Profile = map[string]any{"bio": "secret-bio" + string(make([]byte, 500_000))}
	err := f.users.Create(t.Context(), &u)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
	_, err = f.users.Get(t.Context(), f.users.Key("secret-key"))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
	require.NotContains(t, transform.Key{Entity: "Users", ID: "secret"}.String(), "secret")
}
