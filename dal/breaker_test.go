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
		p, allowed := b.allow(true)
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
	p, allowed := b.allow(true)
	require.True(t, allowed, "a probe")
	_, second := b.allow(true)
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
		passes[i], _ = b.allow(true)
	}
	for _, p := range passes {
		b.report(p, false)
	}
	now = now.Add(breakerFirstRest)
	_, allowed := b.allow(true)
	require.True(t, allowed)
}

// TestBreakerProbeThatSaysNothing: what its caller gave up too early counts for
// nothing, and the next one may try at once.
func TestBreakerProbeThatSaysNothing(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBreaker(func() time.Time { return now })
	for range 10 * breakerThreshold {
		p, allowed := b.allow(true)
		require.True(t, allowed)
		b.withdraw(p)
	}
	require.False(t, b.open())
	now = now.Add(breakerFairTime)
	for range breakerThreshold {
		require.False(t, b.open())
		p, _ := b.allow(false)
		b.withdraw(p) // by now something should have come back
	}
	require.True(t, b.open())
	now = now.Add(breakerFirstRest)
	for range 10 {
		p, allowed := b.allow(true)
		require.True(t, allowed)
		require.False(t, b.ready(true), "one at a time")
		b.withdraw(p)
	}
	require.True(t, b.open())
	require.False(t, b.ready(false), "one without the time would say nothing again")
	_, allowed := b.allow(false)
	require.False(t, allowed)
	p, _ := b.allow(true)
	b.report(p, false)
	now = now.Add(2 * breakerFirstRest)
	require.True(t, b.ready(true), "the rest has doubled once")
	b.withdraw(pass{}) // of a call from before the opening
	require.True(t, b.ready(true))
}

// TestBreakerProbeThatNeverReports is given up after a while.
func TestBreakerProbeThatNeverReports(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBreaker(func() time.Time { return now })
	for range breakerThreshold {
		p, _ := b.allow(true)
		b.report(p, false)
	}
	now = now.Add(breakerFirstRest)
	_, allowed := b.allow(true)
	require.True(t, allowed)
	now = now.Add(breakerProbeTime)
	_, allowed = b.allow(true)
	require.True(t, allowed)
}
