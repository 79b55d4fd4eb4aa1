package migrationctl_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// The records of storetest.FamilyContract.

type Person struct {
	ID     int64   `db:"person_id"`
	Name   *string `db:"name"`
	Parent *int64  `db:"parent_id"`
}

type Pet struct {
	Owner  int64   `db:"owner_id"`
	Name   string  `db:"name"`
	Sitter *int64  `db:"sitter_id"`
	Chip   *string `db:"chip"`
}

type Toy struct {
	ID    int64   `db:"toy_id"`
	Owner *int64  `db:"pet_owner"`
	Pet   *string `db:"pet_name"`
	Note  *string `db:"note"`
}

type Deed struct {
	ID      int64  `db:"deed_id"`
	Holder  *int64 `db:"holder_id"`
	Witness *int64 `db:"witness_id"`
}

// A family is the repositories of a process.
type family struct {
	people *dal.Repository[Person]
	pets   *dal.Repository[Pet]
	toys   *dal.Repository[Toy]
	deeds  *dal.Repository[Deed]
}

func newFamily(t *testing.T, p *process) family {
	t.Helper()
	var f family
	var err error
	f.people, err = dal.NewRepository[Person](p, "People")
	require.NoError(t, err)
	f.pets, err = dal.NewRepository[Pet](p, "Pets")
	require.NoError(t, err)
	f.toys, err = dal.NewRepository[Toy](p, "Toys")
	require.NoError(t, err)
	f.deeds, err = dal.NewRepository[Deed](p, "Deeds")
	require.NoError(t, err)
	return f
}

// settle makes a grandparent with all that goes with it, and a neighbour, the next
// id but one, who holds a deed that the grandparent has witnessed and a pet that the
// grandparent sits.
func (f family) settle(t *testing.T, id int64) {
	t.Helper()
	ctx, child, neighbour, rex, chip := t.Context(), id+1, id+2, "rex", fmt.Sprint(id)
	require.NoError(t, f.people.Create(ctx, &Person{ID: id}))
	require.NoError(t, f.people.Create(ctx, &Person{ID: child, Parent: &id}))
	require.NoError(t, f.people.Create(ctx, &Person{ID: neighbour}))
	require.NoError(t, f.pets.Create(ctx, &Pet{Owner: child, Name: rex, Chip: &chip}))
	require.NoError(t, f.toys.Create(ctx, &Toy{ID: id, Owner: &child, Pet: &rex}))
	require.NoError(t, f.pets.Create(ctx, &Pet{Owner: neighbour, Name: rex, Sitter: &id}))
	require.NoError(t, f.deeds.Create(ctx, &Deed{ID: id, Holder: &neighbour, Witness: &id}))
}

// bury deletes the grandparent, and requires that all goes with it that MySQL's
// cascades take, and nothing else.
func (f family) bury(t *testing.T, id int64) {
	t.Helper()
	ctx, child, neighbour, rex := t.Context(), id+1, id+2, "rex"
	var told *dal.Error
	err := f.people.Delete(ctx, f.people.Key(neighbour))
	require.ErrorIs(t, err, dal.ErrReferenced)
	require.ErrorAs(t, err, &told)
	require.Equal(t, []string{"People", "Deeds.holder_id"}, []string{told.Entity, told.Field})
	require.Equal(t, dal.NotApplied, told.Outcome)

	require.NoError(t, f.people.Delete(ctx, f.people.Key(id)))
	_, err = f.people.Get(ctx, f.people.Key(child))
	require.ErrorIs(t, err, dal.ErrNotFound)
	_, err = f.pets.Get(ctx, f.pets.Key(child, rex))
	require.ErrorIs(t, err, dal.ErrNotFound)
	_, err = f.toys.Get(ctx, f.toys.Key(id))
	require.ErrorIs(t, err, dal.ErrNotFound)
	pet, err := f.pets.Get(ctx, f.pets.Key(neighbour, rex))
	require.NoError(t, err)
	require.Equal(t, Pet{Owner: neighbour, Name: rex}, pet)
	deed, err := f.deeds.Get(ctx, f.deeds.Key(id))
	require.NoError(t, err)
	require.Equal(t, Deed{ID: id, Holder: &neighbour}, deed)

	err = f.pets.Create(ctx, &Pet{Owner: child, Name: rex})
	require.ErrorIs(t, err, dal.ErrNoTarget)
	require.ErrorAs(t, err, &told)
	require.Equal(t, []string{"Pets", "owner_id"}, []string{told.Entity, told.Field})
}

// TestScenario24Cascade: deleting takes what MySQL's cascades take, in both stores,
// and what RESTRICT forbids is refused, in every phase: of records of this phase, and
// of those that were written, refreshed or backfilled in an earlier one.
func TestScenario24Cascade(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "names the columns of a foreign key")
	every := []store.Phase{1, 2, 3, 4, 5}
	inPhasesOf(t, storetest.FamilyContract, every, func(t *testing.T, w *world, p *process, base int64) {
		f := newFamily(t, p)
		f.settle(t, base)
		f.bury(t, base)
		if base > 10_000 {
			f.bury(t, base-10_000+100)
		}
		f.settle(t, base+100)

		require.NoError(t, p.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
			if err := f.people.In(tx).Create(ctx, &Person{ID: base + 200}); err != nil {
				return err
			}
			return f.pets.In(tx).Create(ctx, &Pet{Owner: base + 200, Name: "bo"})
		}))
		require.NoError(t, p.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
			if _, err := f.pets.In(tx).Get(ctx, f.pets.Key(base+200, "bo")); err != nil {
				return err
			}
			if err := f.deeds.In(tx).Delete(ctx, f.deeds.Key(base)); err != nil {
				return err
			}
			if err := f.people.In(tx).Delete(ctx, f.people.Key(base+2)); err != nil {
				return err
			}
			return f.people.In(tx).Delete(ctx, f.people.Key(base+200))
		}))
		_, err := f.pets.Get(t.Context(), f.pets.Key(base+200, "bo"))
		require.ErrorIs(t, err, dal.ErrNotFound)
		if p.Router().Snapshot().Phase.HasFollower() {
			p.verified(t)
		}
	})
}
