package dal_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// A relative is a record of People in the suite's contract of references.
type relative struct {
	ID     int64   `db:"person_id"`
	Name   *string `db:"name"`
	Parent *int64  `db:"parent_id"`
}

// A homestead is a record of Homes, whose items move.
type homestead struct {
	ID      int64  `db:"home_id"`
	Address string `db:"address"`
	Owner   *int64 `db:"owner_id"`
	Guest   *int64 `db:"guest_id"`
	Main    *int64 `db:"main_id"`
}

// capturedFamilies routes to a MySQL in memory of the suite's contract of references,
// in phase 1 under capture.
func capturedFamilies(t *testing.T) *dal.Router { return captured(t, storetest.FamilyContract(t)) }

func captured(t *testing.T, c *transform.Contract) *dal.Router {
	m := memstore.New(c, nil)
	require.NoError(t, m.Init(t.Context()))
	from, err := m.Phase(t.Context())
	require.NoError(t, err)
	to := from
	to.Epoch, to.Capture, to.CaptureEpoch = from.Epoch+1, true, from.Epoch+1
	require.NoError(t, m.Advance(t.Context(), from, to, store.AuditEntry{}))
	router := dal.NewRouter(c, m, nil, dal.Snapshot{Phase: dal.MySQLOnly, Capture: true, Epoch: to.Epoch}, nil)
	t.Cleanup(router.Close)
	return router
}

// TestTakenAlongIsCounted: a delete takes along as much as one transaction of
// DynamoDB can change, and no more, also while MySQL leads: each child costs its
// record and its reference, the parent its record and the reference that it might
// have, and there is the change.
func TestTakenAlongIsCounted(t *testing.T) {
	for children, kind := range map[int]error{48: nil, 49: dal.ErrTooLarge} {
		t.Run(fmt.Sprint(children), func(t *testing.T) {
			people, err := dal.NewRepository[relative](capturedFamilies(t), "People")
			require.NoError(t, err)
			root := int64(1)
			require.NoError(t, people.Create(t.Context(), &relative{ID: root}))
			for i := range children {
				require.NoError(t, people.Create(t.Context(), &relative{ID: int64(i + 2), Parent: &root}))
			}
			err = people.Delete(t.Context(), people.Key(root))
			if kind == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, kind)
			require.ErrorContains(t, err, "101 actions of the 100")
			require.ErrorContains(t, err, "it can't be staged, since by People.parent_id it may take along any number of levels")
			require.Equal(t, dal.NotApplied, dal.OutcomeOf(err))
			_, err = people.Get(t.Context(), people.Key(root))
			require.NoError(t, err)
		})
	}
}

// TestMovingTakenAlongIsCounted: each home that goes along costs its stand, its item,
// its address and its reference.
func TestMovingTakenAlongIsCounted(t *testing.T) {
	for homes, kind := range map[int]error{24: nil, 25: dal.ErrTooLarge} {
		t.Run(fmt.Sprint(homes), func(t *testing.T) {
			router := capturedFamilies(t)
			people, err := dal.NewRepository[relative](router, "People")
			require.NoError(t, err)
			owned, err := dal.NewRepository[homestead](router, "Homes")
			require.NoError(t, err)
			root := int64(1)
			require.NoError(t, people.Create(t.Context(), &relative{ID: root}))
			for i := range homes {
				require.NoError(t, owned.Create(t.Context(), &homestead{ID: int64(i + 1), Address: fmt.Sprint(i), Owner: &root}))
			}
			err = people.Delete(t.Context(), people.Key(root))
			if kind == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, kind)
			require.ErrorContains(t, err, "103 actions of the 100")
		})
	}
}
