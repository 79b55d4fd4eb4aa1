package dal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBreaker follows one breaker through an outage by a clock of its own.
func TestBreaker(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBreaker(func() time.Time { return now })
	call := func(ok bool) bool {
		p, allowed := b.allow()
		if allowed {
			b.report(p, ok)
		}
		return allowed
	}

	for range breakerThreshold - 1 {
		require.True(t, call(false))
	}
	require.True(t, call(true), "failures that are not in a row open nothing")
	for range breakerThreshold {
		require.True(t, call(false))
	}
	require.True(t, b.open())
	require.False(t, call(true), "open: nobody is let through")

	now = now.Add(breakerFirstRest)
	p, allowed := b.allow()
	require.True(t, allowed, "a probe")
	_, second := b.allow()
	require.False(t, second, "one probe at a time")
	b.report(p, false)
	now = now.Add(breakerFirstRest)
	require.False(t, call(true), "the rest doubles")
	now = now.Add(breakerFirstRest)
	require.True(t, call(true))
	require.False(t, b.open())
	require.True(t, call(true))
}

// TestBreakerManyFailTogether: calls from before the opening do not lengthen
// the rest.
func TestBreakerManyFailTogether(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBreaker(func() time.Time { return now })
	passes := make([]pass, 64)
	for i := range passes {
		passes[i], _ = b.allow()
	}
	for _, p := range passes {
		b.report(p, false)
	}
	now = now.Add(breakerFirstRest)
	_, allowed := b.allow()
	require.True(t, allowed)
}

// TestBreakerProbeThatNeverReports is given up after a while.
func TestBreakerProbeThatNeverReports(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBreaker(func() time.Time { return now })
	for range breakerThreshold {
		p, _ := b.allow()
		b.report(p, false)
	}
	now = now.Add(breakerFirstRest)
	_, allowed := b.allow()
	require.True(t, allowed)
	now = now.Add(breakerProbeTime)
	_, allowed = b.allow()
	require.True(t, allowed)
}
