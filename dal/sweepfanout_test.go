package dal_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestSweepCarryOut fails every call of carrying out fan-out marks, and has the process die
// at each. Whatever fails, an item whose source has no mark any more is right, what is not
// yet has one, and whoever comes next carries out the rest.
func TestSweepCarryOut(t *testing.T) {
	for phase := dal.DualWrite; phase <= dal.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) {
			faultstore.Sweep(t, func(t *testing.T, faults *faultstore.Faults) { sweepCarryOut(t, phase, faults) },
				faultstore.Before, faultstore.Lost, faultstore.After, faultstore.Crash)
		})
	}
}

func sweepCarryOut(t *testing.T, phase dal.Phase, faults *faultstore.Faults) {
	f := newCopyFixture(t, phase)
	lead, _ := f.leads(t.Context())
	settle := func() {
		if phase.HasFollower() {
			f.drain(t)
		}
	}
	// Section 1 has more than a page of wares.
	const many = 120
	f.save(f.section(1, "name=desk"), f.section(2, "name=shelf"))
	for n := range many {
		f.save(f.ware(n+1, "section_id=1"))
	}
	f.save(f.ware(many+1, "section_id=2"))
	f.carryOut()
	settle()
	f.save(f.section(1, "name=table"), f.section(2, "name=board"), f.ware(many+2, "section_id=2"))

	marks := f.marks()
	require.GreaterOrEqual(t, len(marks), 2)
	err := dal.CarryOut(t.Context(), faults.Authority(lead), marks...)
	left := f.marks()
	if err == nil {
		require.Empty(t, left)
	}
	settle()
	for n := 1; n <= many+2; n++ {
		source, want := f.section(1), "table"
		if n > many {
			source, want = f.section(2), "board"
		}
		if !isMarked(left, keyOf(t, source)) && !isMarked(left, keyOf(t, f.ware(n))) {
			f.shows(f.ware(n), map[string]string{"section_name": want})
		}
	}

	faults.Restart()
	require.NoError(t, dal.CarryOut(t.Context(), lead, left...))
	require.Empty(t, f.marks())
	settle()
	for n := 1; n <= many+2; n++ {
		want := "table"
		if n > many {
			want = "board"
		}
		require.Equal(t, map[string]string{"section_name": want}, f.copiesOf(f.ware(n)), fmt.Sprint("ware ", n))
	}
}

func isMarked(marks []store.FanOut, key transform.Key) bool {
	for _, m := range marks {
		for _, k := range append(m.Sources, m.Own...) {
			if k == key {
				return true
			}
		}
	}
	return false
}
