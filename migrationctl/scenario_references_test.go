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

type Home struct {
	ID      int64  `db:"home_id"`
	Address string `db:"address"`
	Owner   *int64 `db:"owner_id"`
	Guest   *int64 `db:"guest_id"`
	Main    *int64 `db:"main_id"`
}

type Room struct {
	ID   int64  `db:"room_id"`
	Home *int64 `db:"home_id"`
	Last *int64 `db:"last_id"`
}

// An estate is a person, the id, with a child, the next id, who owns a home with a
// second home that belongs to it. The second one has a room, which restricts.
type estate struct {
	family
	homes *dal.Repository[Home]
	rooms *dal.Repository[Room]
}

func newEstate(t *testing.T, p *process) estate {
	t.Helper()
	homes, err := dal.NewRepository[Home](p, "Homes")
	require.NoError(t, err)
	rooms, err := dal.NewRepository[Room](p, "Rooms")
	require.NoError(t, err)
	return estate{newFamily(t, p), homes, rooms}
}

func (e estate) build(t *testing.T, id int64) {
	t.Helper()
	ctx, child, second := t.Context(), id+1, id+1
	require.NoError(t, e.people.Create(ctx, &Person{ID: id}))
	require.NoError(t, e.people.Create(ctx, &Person{ID: child, Parent: &id}))
	require.NoError(t, e.pets.Create(ctx, &Pet{Owner: child, Name: "rex"}))
	require.NoError(t, e.homes.Create(ctx, &Home{ID: id, Address: fmt.Sprint("first ", id), Owner: &child}))
	require.NoError(t, e.homes.Create(ctx, &Home{ID: second, Address: fmt.Sprint("second ", id), Main: &id, Guest: &child}))
	require.NoError(t, e.rooms.Create(ctx, &Room{ID: id, Home: &second, Last: &id}))
}

// refused requires that nothing above the room can be deleted, alone or in a unit that has
// written already, and that nothing has changed by it.
func (e estate) refused(t *testing.T, w *world, p *process, id int64) {
	t.Helper()
	ctx, before := t.Context(), w.texts(t, w.leads(p))
	for what, remove := range map[string]func() error{
		"the home":           func() error { return e.homes.Delete(ctx, e.homes.Key(id+1)) },
		"the home it is of":  func() error { return e.homes.Delete(ctx, e.homes.Key(id)) },
		"the owner":          func() error { return e.people.Delete(ctx, e.people.Key(id+1)) },
		"the owner's parent": func() error { return e.people.Delete(ctx, e.people.Key(id)) },
		"the owner, in a unit": func() error {
			return p.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
				if err := e.people.In(tx).Create(ctx, &Person{ID: id + 50}); err != nil {
					return err
				}
				if err := e.pets.In(tx).Delete(ctx, e.pets.Key(id+1, "rex")); err != nil {
					return err
				}
				return e.people.In(tx).Delete(ctx, e.people.Key(id+1))
			})
		},
	} {
		err := remove()
		require.ErrorIs(t, err, dal.ErrReferenced, what)
		require.Equal(t, dal.NotApplied, dal.OutcomeOf(err), what)
		var told *dal.Error
		require.ErrorAs(t, err, &told)
		require.Equal(t, "Rooms.home_id", told.Field, what)
	}
	require.Equal(t, before, w.texts(t, w.leads(p)))
}

// TestScenario24Restrict: what RESTRICT forbids is refused in every phase, however many
// cascades lie between, and then none of them takes anything: of records of this phase,
// and of an earlier one. Once the room is of no home the same delete takes all of them.
func TestScenario24Restrict(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "names the columns of a foreign key")
	every := []store.Phase{1, 2, 3, 4, 5}
	inPhasesOf(t, storetest.FamilyContract, every, func(t *testing.T, w *world, p *process, base int64) {
		e := newEstate(t, p)
		e.build(t, base)
		e.build(t, base+100)
		ids := []int64{base}
		if base > 10_000 {
			ids = append(ids, base-10_000+100)
		}
		for _, id := range ids {
			e.refused(t, w, p, id)
			require.NoError(t, e.rooms.Update(t.Context(), e.rooms.Key(id), func(r *Room) error { r.Home = nil; return nil }))
			require.NoError(t, e.people.Delete(t.Context(), e.people.Key(id)))
			e.gone(t, id)
			room, err := e.rooms.Get(t.Context(), e.rooms.Key(id))
			require.NoError(t, err)
			require.Equal(t, Room{ID: id}, room)
		}
	})
}

// gone requires that nothing of an estate is there but the room.
func (e estate) gone(t *testing.T, id int64) {
	t.Helper()
	for n := range int64(2) {
		_, err := e.people.Get(t.Context(), e.people.Key(id+n))
		require.ErrorIs(t, err, dal.ErrNotFound)
		_, err = e.homes.Get(t.Context(), e.homes.Key(id+n))
		require.ErrorIs(t, err, dal.ErrNotFound)
	}
	_, err := e.pets.Get(t.Context(), e.pets.Key(id+1, "rex"))
	require.ErrorIs(t, err, dal.ErrNotFound)
}

// TestScenario24DeletesAcrossSwitches: people are deleted while the phase changes. Those
// with a room below them are refused, the others go with all that goes with them.
func TestScenario24DeletesAcrossSwitches(t *testing.T) {
	eachCrossing(t, storetest.FamilyContract, func(t *testing.T, c *crossing) {
		e, ctx := newEstate(t, c.fleet[0]), t.Context()
		const families = 4
		for i := range int64(families) {
			e.build(t, c.base+100*i)
			if i%2 == 0 {
				require.NoError(t, e.rooms.Delete(ctx, e.rooms.Key(c.base+100*i)))
			}
		}
		require.Equal(t, families/2, c.atOnce(t, families, dal.ErrReferenced, func(p *process, i int) error {
			people := newFamily(t, p).people
			return people.Delete(ctx, people.Key(c.base+100*int64(families-1-i)))
		}), c.about)
		for i := range int64(families) {
			if i%2 == 0 {
				e.gone(t, c.base+100*i)
			} else {
				e.refused(t, c.w, c.fleet[0], c.base+100*i)
			}
		}
	}, "names the columns of a foreign key")
}
