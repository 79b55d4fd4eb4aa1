package storetest

import (
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// namedToo: a write that changes a record and takes it along means one of the two.
func namedToo(e *env) {
	e.fill(e.person(1), e.person(2, "parent_id", "1"), e.pet(1, "rex"), e.toy(1, "pet_owner", "1", "pet_name", "rex"), e.toy(2),
		e.deed(1, "witness_id", "1"), e.deed(2), e.person(5), e.home(5, "here", "owner_id", "5"))
	e.unchanged(func() {
		for _, c := range []struct {
			entity, field string
			w             []store.Mutation
		}{
			{"Pets", "owner_id", []store.Mutation{e.update(e.pet(1, "rex"), "chip", "2"), e.remove(e.person(1))}},
			{"Pets", "owner_id", []store.Mutation{e.remove(e.person(1)), e.update(e.pet(1, "rex"), "chip", "2")}},
			{"Pets", "owner_id", []store.Mutation{e.remove(e.person(1)), e.replace(e.pet(1, "rex"))}},
			{"Pets", "owner_id", []store.Mutation{e.remove(e.person(1)), e.remove(e.pet(1, "rex"))}},
			{"Pets", "owner_id", []store.Mutation{e.create(e.pet(1, "bo")), e.remove(e.person(1))}},
			{"Pets", "owner_id", []store.Mutation{e.remove(e.deed(2)), e.create(e.pet(1, "bo")), e.remove(e.toy(2)), e.remove(e.person(1))}},
			{"People", "parent_id", []store.Mutation{e.remove(e.person(1)), e.remove(e.person(2))}},
			{"People", "parent_id", []store.Mutation{e.update(e.person(2), "name", "other"), e.remove(e.person(1))}},
			{"Toys", "pet_owner,pet_name", []store.Mutation{e.update(e.toy(1), "note", "rolls"), e.remove(e.pet(1, "rex"))}},
			{"Toys", "pet_owner,pet_name", []store.Mutation{e.replace(e.toy(2, "pet_owner", "1", "pet_name", "rex")), e.remove(e.person(1))}},
			{"Deeds", "witness_id", []store.Mutation{e.update(e.deed(1), "holder_id", "5"), e.remove(e.person(1))}},
			{"Deeds", "witness_id", []store.Mutation{e.remove(e.person(1)), e.update(e.deed(1), "witness_id", null)}},
		} {
			_, err := e.try(c.w...)
			e.requireReferred(err, store.ErrInvalid, c.entity, c.field)
		}
		// What goes along is there as long as nothing else is.
		_, err := e.try(e.remove(e.person(5)), e.create(e.home(5, "there")))
		e.requireError(err, store.ErrExists)
		_, err = e.try(e.remove(e.person(5)), upon(&store.Row{Key: e.key(e.home(5, ""))}, e.create(e.home(5, "there"))))
		require.ErrorIs(e, err, store.ErrChanged)
	}, e.key(e.pet(1, "bo")))
	e.write(e.update(e.deed(1), "witness_id", null), e.remove(e.toy(1)), e.remove(e.pet(1, "rex")), e.update(e.person(2), "parent_id", null), e.remove(e.person(1)))
	e.requireGone(e.person(1))
	e.requireLive(e.person(2))
	e.write(e.update(e.person(2), "name", "other"), e.remove(e.person(5)), e.update(e.deed(1), "holder_id", "2"))
	e.requireLive(e.person(2, "name", "other"))
}

// dependentUpon: a write that changes a record upon what was read of it, and deletes what it
// refers to. What was read comes first, wherever it stands in the write.
func dependentUpon(e *env) {
	for id, op := range []func(transform.Record) store.Mutation{
		func(r transform.Record) store.Mutation { return e.update(r, "chip", "9") }, e.replace, e.remove,
	} {
		target, pet := e.person(id), e.pet(id, "rex")
		e.fill(target, pet)
		read := e.read(pet)
		change := upon(read, op(pet))
		e.unchanged(func() {
			_, err := e.try(e.remove(target), change)
			e.requireReferred(err, store.ErrInvalid, "Pets", "owner_id")
		})
		e.write(e.update(pet, "chip", "1"))
		e.unchanged(func() {
			for _, w := range [][]store.Mutation{{e.remove(target), change}, {change, e.remove(target)}} {
				_, err := e.try(w...)
				require.ErrorIs(e, err, store.ErrChanged, "%s upon what was changed", change.Op)
				e.requireError(err, store.ErrConflict)
			}
		})
		e.write(e.remove(pet), e.remove(target))
	}
}
