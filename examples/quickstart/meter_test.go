package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
)

func TestPercentile(t *testing.T) {
	require.Zero(t, percentile(nil, 99))
	require.Equal(t, time.Duration(7), percentile([]time.Duration{7}, 50))
	var all []time.Duration
	for i := range 100 {
		all = append(all, time.Duration(100-i)) // 100 … 1
	}
	for _, c := range []struct {
		p    float64
		want time.Duration
	}{{0, 1}, {1, 1}, {50, 50}, {50.5, 51}, {99, 99}, {99.1, 100}, {100, 100}} {
		require.Equal(t, c.want, percentile(all, c.p), c.p)
	}
	require.Equal(t, time.Duration(2), percentile([]time.Duration{3, 1, 2}, 50))
	require.Equal(t, time.Duration(100), all[0], "the caller's order stays")
}

func TestMeterTakesWhatIsNew(t *testing.T) {
	var m meter
	m.read(1)
	m.write(2)
	m.wrong("a")
	s := m.take(dal.Stats{Compared: 5, Mismatches: 1, Unsettled: 1, Failed: 1, Dropped: 3})
	require.Equal(t, sample{Reads: []time.Duration{1}, Writes: []time.Duration{2}, Wrong: []string{"a"},
		Compared: 5, Mismatches: 1, Unsettled: 2, Dropped: 3}, s)
	m.read(4)
	s.add(m.take(dal.Stats{Compared: 7, Mismatches: 1, Unsettled: 1, Failed: 1, Dropped: 3}))
	require.Equal(t, []time.Duration{1, 4}, s.Reads)
	require.Equal(t, int64(7), s.Compared)
	require.Equal(t, int64(1), s.Mismatches)
}
