package store

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPendingIsOfNoOtherKind: what keeps the rest of a committed write back is told, and is
// no reason to make the write again.
func TestPendingIsOfNoOtherKind(t *testing.T) {
	for _, kind := range []error{ErrConflict, ErrWrongPhase, ErrUnavailable} {
		cause := &Error{Op: "empty", Kind: kind, Outcome: Unknown, Cause: errors.New("the reason")}
		err := error(&Error{Op: "delete", Kind: ErrPending, Outcome: Applied, Cause: cause})
		require.ErrorIs(t, err, ErrPending)
		require.NotErrorIs(t, err, kind)
		require.Equal(t, Applied, OutcomeOf(err))
		require.ErrorContains(t, err, "the reason")
		require.ErrorIs(t, &Error{Op: "delete", Kind: ErrUnavailable, Cause: cause}, kind, "any other one is of its cause's kind too")
	}
}
