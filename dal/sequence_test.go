package dal_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
)

// TestScenario20CreateFillsID: an id that the store assigns is the id in the
// struct and in both stores, in every phase, and across switches no id comes
// twice.
func TestScenario20CreateFillsID(t *testing.T) {
	for phase := dal.MySQLOnly; phase <= dal.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) {
			f := newFixture(t, phase, dal.RouterOptions{})
			lead, other := f.leads(t.Context())
			for want := int64(1); want <= 3; want++ {
				u := user(100 + want)
				u.ID = 0
				require.NoError(t, f.users.Create(t.Context(), &u))
				require.Equal(t, want, u.ID)
				got, err := f.users.Get(t.Context(), f.users.Key(u.ID))
				require.NoError(t, err)
				require.Equal(t, u, got)
				require.True(t, f.in(t, lead, u.ID).Live)
				require.Equal(t, phase.HasFollower(), f.in(t, other, u.ID).Live)
			}
		})
	}
}

// TestCreateFillsIDAgain: a create that is repeated with its token answers with
// the id of the first time, whatever became of the reply.
func TestCreateFillsIDAgain(t *testing.T) {
	for _, phase := range []dal.Phase{dal.MySQLOnly, dal.DualWrite, dal.DynamoDBPrimary, dal.DynamoDBOnly} {
		f := newFixture(t, phase, dal.RouterOptions{})
		remove := f.faults.On(faultstore.Method("Write"), faultstore.After)
		u := user(7)
		u.ID = 0
		err := f.users.Create(t.Context(), &u, dal.Token("t"))
		require.Equal(t, dal.Unknown, dal.OutcomeOf(err))
		require.Zero(t, u.ID)
		remove()
		require.NoError(t, f.users.Create(t.Context(), &u, dal.Token("t")))
		require.Equal(t, int64(1), u.ID)
		again := user(7)
		again.ID = 0
		require.NoError(t, f.users.Create(t.Context(), &again, dal.Token("t")))
		require.Equal(t, int64(1), again.ID)
		lead, _ := f.leads(t.Context())
		require.False(t, f.in(t, lead, 2).Live)
	}
}

// TestCreatePendingFillsID: the record is there, so its id is known.
func TestCreatePendingFillsID(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{RequiredBudget: 10 * time.Millisecond})
	f.faults.On(faultstore.Method("Put"), faultstore.Before)
	u := user(7)
	u.ID = 0
	require.ErrorIs(t, f.users.Create(t.Context(), &u, dal.Follow(dal.Required)), dal.ErrPending)
	require.Equal(t, int64(1), u.ID)
}

// TestCreateWaitsAndFillsID: the id is the one of the phase in which the create
// was done in the end.
func TestCreateWaitsAndFillsID(t *testing.T) {
	f := newFixture(t, dal.Validate, dal.RouterOptions{})
	f.seed(t, user(1))
	f.handOver(t)
	require.NoError(t, f.dynamo.RaiseID(t.Context(), f.contract.Entity("Users"), 41))
	u := user(7)
	u.ID = 0
	require.NoError(t, f.users.Create(t.Context(), &u))
	require.Equal(t, int64(42), u.ID)
}

// TestOnlyCreateAssigns: a put without an id could mean no record.
func TestOnlyCreateAssigns(t *testing.T) {
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	u := user(0)
	err := f.users.Put(t.Context(), &u)
	require.ErrorIs(t, err, dal.ErrInvalid)
	require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
	var e *dal.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "user_id", e.Field)
	require.Empty(t, f.faults.Matching(faultstore.Method("Write")))
}

// TestIDThatDoesNotFit: the record is stored, and the error says so.
func TestIDThatDoesNotFit(t *testing.T) {
	type Narrow struct {
		ID         int8           `db:"user_id"`
		Username   string         `db:"username"`
		Email      string         `db:"email"`
		Registered *time.Time     `db:"registration_date"`
		LastLogin  *time.Time     `db:"last_login"`
		Profile    map[string]any `db:"profile_data"`
	}
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	require.NoError(t, f.dynamo.RaiseID(t.Context(), f.contract.Entity("Users"), 1000))
	users, err := dal.NewRepository[Narrow](f.router, "Users")
	require.NoError(t, err)
	err = users.Create(t.Context(), &Narrow{Username: "a", Email: "b"})
	require.ErrorIs(t, err, dal.ErrInvalid)
	require.Equal(t, dal.Applied, dal.OutcomeOf(err))
	require.True(t, f.in(t, f.dynamo, 1001).Live)
}

// TestNullID: a field that can be NULL says it that way.
func TestNullID(t *testing.T) {
	type Nullable struct {
		ID         sql.NullInt64  `db:"user_id"`
		Username   string         `db:"username"`
		Email      string         `db:"email"`
		Registered *time.Time     `db:"registration_date"`
		LastLogin  *time.Time     `db:"last_login"`
		Profile    map[string]any `db:"profile_data"`
	}
	f := newFixture(t, dal.DualWrite, dal.RouterOptions{})
	users, err := dal.NewRepository[Nullable](f.router, "Users")
	require.NoError(t, err)
	u := Nullable{Username: "a", Email: "b"}
	require.NoError(t, users.Create(t.Context(), &u))
	require.Equal(t, sql.NullInt64{Int64: 1, Valid: true}, u.ID)
}

// TestWhatMySQLCantHold: with DynamoDB as authority a record that MySQL's
// columns can't hold is refused before the commit, captured or not.
func TestWhatMySQLCantHold(t *testing.T) {
	long := string(make([]byte, 256))
	for _, capture := range []bool{true, false} {
		for _, phase := range []dal.Phase{dal.DynamoDBPrimary, dal.DynamoDBOnly} {
			if phase == dal.DynamoDBPrimary && !capture {
				continue
			}
			f := newFixture(t, phase, dal.RouterOptions{})
			if !capture {
				f.advance(t, phase, false)
				now, err := f.snapshot(t.Context())
				require.NoError(t, err)
				f.router.Set(now)
			}
			f.seed(t, user(1))
			refused := func(err error, field string) {
				t.Helper()
				require.ErrorIs(t, err, dal.ErrInvalid)
				require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
				var e *dal.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, field, e.Field)
				require.Empty(t, e.Store, "a store was asked")
			}
			u := user(2)
			u.Username = long
			refused(f.users.Create(t.Context(), &u), "username")
			refused(f.users.Put(t.Context(), &u), "username")
			u.ID = 0
			refused(f.users.Create(t.Context(), &u), "username")
			u = user(1 << 40)
			refused(f.users.Create(t.Context(), &u), "user_id")
			refused(f.users.Update(t.Context(), f.users.Key(1), func(u *User) error { u.Username = long; return nil }), "username")
			require.Equal(t, user(1).Username, f.username(t, f.dynamo, 1))
		}
	}
}
