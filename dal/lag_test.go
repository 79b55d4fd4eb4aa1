package dal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
)

// TestTellLag: an answer that a global index of DynamoDB has given says so; every other
// one says that it shows what was written before.
func TestTellLag(t *testing.T) {
	for phase := dal.MySQLOnly; phase <= dal.DynamoDBOnly; phase++ {
		f := newFixture(t, phase, dal.RouterOptions{})
		f.seed(t, user(1))
		index := phase >= dal.DynamoDBPrimary
		ask := func(want bool, q dal.Query, options ...dal.ReadOption) {
			t.Helper()
			lags := !want
			for _, err := range f.users.Query(t.Context(), q, append(options, dal.TellLag(&lags))...) {
				require.NoError(t, err)
			}
			require.Equal(t, want, lags, "phase %d", phase)
			lags = !want
			_, err := f.users.Page(t.Context(), q, "", 1, append(options, dal.TellLag(&lags))...)
			require.NoError(t, err)
			require.Equal(t, want, lags, "phase %d", phase)
		}
		day := dal.Index("RegistrationIndex").Equal("2025-01-02")
		ask(index, day)
		ask(index, day.AtLeast(int64(1)).Descending(), dal.AllowStale(nil))
		ask(false, day.Between(int64(2), int64(1)))
		ask(false, dal.TableKey().Equal(1))
		ask(false, dal.Index("UsernameIndex").Equal("user1"))
		for name, read := range reads {
			lags := true
			_, err := read(t.Context(), f.users, dal.TellLag(&lags))
			require.NoError(t, err)
			require.False(t, lags, "%s of a key or of a unique value, in phase %d", name, phase)
		}
	}
}

// TestStaleAnswersTellNoLag: what MySQL answers in DynamoDB's stead is stale, and nothing
// that an index has to do with.
func TestStaleAnswersTellNoLag(t *testing.T) {
	f := newFixture(t, dal.DynamoDBPrimary, dal.RouterOptions{})
	f.seed(t, user(1))
	f.faults.FailWith(ofDynamoDB, &store.Error{Op: "x", Store: "dynamodb", Kind: dal.ErrUnavailable})
	stale, lags := false, true
	_, err := f.users.Page(t.Context(), dal.Index("RegistrationIndex").Equal("2025-01-02"), "", 1, dal.AllowStale(&stale), dal.TellLag(&lags))
	require.NoError(t, err)
	require.True(t, stale)
	require.False(t, lags)
}
