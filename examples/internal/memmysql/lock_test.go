package memmysql

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Sessions get their turn in the order in which they came.
func TestTurnIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turn turn
		sessions := []*session{{id: 1}, {id: 2}, {id: 3}}
		require.NoError(t, turn.take(t.Context(), sessions[0], time.Second))
		require.NoError(t, turn.take(t.Context(), sessions[0], time.Second), "it has it already")
		got := make(chan uint32, 2)
		for _, s := range sessions[1:] {
			go func() {
				require.NoError(t, turn.take(t.Context(), s, time.Minute))
				got <- s.id
				turn.give(s)
			}()
			synctest.Wait()
		}
		turn.give(sessions[1]) // it has not got it, so nothing happens
		synctest.Wait()
		require.Empty(t, got)
		turn.give(sessions[0])
		require.Equal(t, []uint32{2, 3}, []uint32{<-got, <-got})
	})
}

// A wait ends with the bound or the context, and leaves the queue.
func TestTurnIsNotWaitedForTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turn turn
		first, second := &session{id: 1}, &session{id: 2}
		require.NoError(t, turn.take(t.Context(), first, 0))
		start := time.Now()
		require.ErrorContains(t, turn.take(t.Context(), second, 3*time.Second), "Lock wait timeout exceeded")
		require.Equal(t, 3*time.Second, time.Since(start))
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("gone")
		cancel(gone)
		require.ErrorIs(t, turn.take(ctx, second, time.Second), gone)
		_, waiting := turn.line()
		require.Empty(t, waiting)
		turn.give(first)
		require.False(t, turn.has(second))
	})
}
