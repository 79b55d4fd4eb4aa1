package faultstore

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSweep holds that every call of a workload fails once with every effect,
// and that a last run passes untouched.
func TestSweep(t *testing.T) {
	runs := map[string]int{}
	Sweep(t, func(t *testing.T, faults *Faults) {
		f := newFixture(t)
		f.Faults, f.authority = faults, faults.Authority(f.mem)
		for id := range int64(3) {
			if f.put(id) != nil {
				break // a workload that gives up makes fewer calls
			}
		}
		last := faults.Calls()[faults.Count()-1]
		runs[fmt.Sprintf("%d of %d %s", last.N, faults.Count(), last.Effect)]++
		require.Equal(t, last.Effect != Before && last.Effect != Lost, f.has(int64(last.N)))
	})
	want := map[string]int{"2 of 3 ": 3}
	for _, effect := range []Effect{Before, Lost, After} {
		for n := range 3 {
			want[fmt.Sprintf("%d of %d %s", n, n+1, effect)] = 1
		}
	}
	require.Equal(t, want, runs)
}

// TestSweepOfCrashes holds that what is committed survives, whenever the
// process dies.
func TestSweepOfCrashes(t *testing.T) {
	runs := 0
	Sweep(t, func(t *testing.T, faults *Faults) {
		runs++
		f := newFixture(t)
		f.Faults, f.authority = faults, faults.Authority(f.mem)
		acknowledged := map[int64]bool{}
		for id := range int64(3) {
			acknowledged[id] = f.put(id) == nil
		}
		faults.Restart()
		for id := range int64(3) {
			require.Equal(t, acknowledged[id], f.has(id))
			require.NoError(t, f.put(id), "the process started anew")
		}
	}, Crash)
	require.Equal(t, 4, runs, "a death at each of three calls, and once none")
}

// A fakeRunner plays a testing.T whose test number fails fails.
type fakeRunner struct {
	*testing.T
	fails, ran int
	said       string
}

func (r *fakeRunner) Run(_ string, run func(*testing.T)) bool {
	r.ran++
	run(r.T)
	return r.ran != r.fails
}

func (r *fakeRunner) Errorf(format string, args ...any) { r.said = fmt.Sprintf(format, args...) }

// TestSweepStops holds that a sweep ends with the first call that breaks the
// workload.
func TestSweepStops(t *testing.T) {
	r := &fakeRunner{T: t, fails: 2}
	sweep(r, func(_ *testing.T, f *Faults) {
		for range 10 {
			_, _ = f.Control(newFixture(t).mem).Phase(t.Context())
		}
	}, Before, 100)
	require.Equal(t, 2, r.ran)
	require.Empty(t, r.said)
}

// TestSweepWithoutEnd holds that a workload that calls without end is found.
func TestSweepWithoutEnd(t *testing.T) {
	r := &fakeRunner{T: t}
	control := newFixture(t).mem
	const limit = 20
	sweep(r, func(t *testing.T, f *Faults) {
		for i := range limit + 1 {
			_, err := f.Control(control).Phase(t.Context())
			require.Equal(t, i == r.ran-1, err != nil)
		}
	}, Before, limit)
	require.Equal(t, limit, r.ran)
	require.Contains(t, r.said, "retry without end")
}

// TestStringOfEffect keeps the words that test names and logs are made of.
func TestStringOfEffect(t *testing.T) {
	require.Equal(t, []string{"", "before", "lost", "after", "crash", "effect(9)"},
		[]string{Effect(0).String(), Before.String(), Lost.String(), After.String(), Crash.String(), Effect(9).String()})
	require.Equal(t, "7 control Phase", Call{N: 7, Role: Control, Method: "Phase"}.String())
}
