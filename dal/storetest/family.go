package storetest

import (
	"errors"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func referenceCases() []testCase {
	return append(bothWays(ruled(ruleRefer,
		ofFamilies("a target that is not there", noTarget),
		ofFamilies("NULL", nullRefersToNothing),
		ofFamilies("restricted", restricted),
		ofFamilies("restricted further down", restrictedBelow),
		ofFamilies("taken along", takenAlong),
		ofFamilies("set to NULL", setToNull),
		ofFamilies("to itself", refersToItself),
		ofFamilies("replaced", targetReplaced),
		ofFamilies("in one write", referredInOneWrite),
		ofFamilies("what was read of a dependent", dependentChecked),
		ofFamilies("what was read of a dependent that the write changes", dependentUpon),
		ofFamilies("changed by the same write", namedToo),
		ofFamilies("deleted while others begin to refer to it", deletedMeanwhile),
	)), ruled(ruleRefer,
		ofFamilies("change records", takenAlongChanges),
		ofFamilies("the caller is told", takenAlongTold),
		ofFamilies("too deep", tooDeep),
	)...)
}

// referredCases are a follower's.
func referredCases() []testCase {
	return ruled(ruleRefers,
		ofFamilies("by put", putRefers),
		ofFamilies("once the store is the authority", func(e *env) {
			if e.Control == nil {
				return // it never is
			}
			referredByFollower(e)
		}),
		ofFamilies("once the store is the authority, where items move", movedByFollower),
	)
}

func (e *env) person(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("people", append([]string{"person_id", strconv.Itoa(id), "name", "person " + strconv.Itoa(id)}, changes...)...)
}

func (e *env) pet(owner int, name string, changes ...string) transform.Record {
	e.Helper()
	return e.listed("pets", append([]string{"owner_id", strconv.Itoa(owner), "name", name}, changes...)...)
}

func (e *env) toy(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("toys", append([]string{"toy_id", strconv.Itoa(id), "note", "squeaks"}, changes...)...)
}

func (e *env) deed(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("deeds", append([]string{"deed_id", strconv.Itoa(id)}, changes...)...)
}

// requireReferred requires the error of a reference that is in the way.
func (e *env) requireReferred(err, kind error, entity, field string) {
	e.Helper()
	e.requireError(err, kind)
	var se *store.Error
	require.ErrorAs(e, err, &se)
	require.Equal(e, entity, se.Entity, "the error names the entity")
	require.Equal(e, field, se.Field, "the error names the columns")
}

// noTarget: whichever operation would leave a record without what it refers to.
func noTarget(e *env) {
	e.fill(e.person(1), e.person(2, "parent_id", "1"), e.pet(1, "rex"), e.toy(1, "pet_owner", "1", "pet_name", "rex"), e.deed(1, "holder_id", "1"))
	e.unchanged(func() {
		for _, c := range []struct {
			m             store.Mutation
			entity, field string
		}{
			{e.create(e.person(3, "parent_id", "9")), "People", "parent_id"},
			{e.create(e.pet(9, "rex")), "Pets", "owner_id"},
			{e.replace(e.pet(1, "bo", "sitter_id", "9")), "Pets", "sitter_id"},
			{e.replace(e.person(2, "parent_id", "9")), "People", "parent_id"},
			{e.update(e.person(2), "parent_id", "9"), "People", "parent_id"},
			{e.update(e.toy(1), "pet_name", "bo"), "Toys", "pet_owner,pet_name"},
			{e.create(e.toy(2, "pet_owner", "2", "pet_name", "rex")), "Toys", "pet_owner,pet_name"},
			{e.update(e.deed(1), "witness_id", "-1"), "Deeds", "witness_id"},
		} {
			_, err := e.try(c.m)
			e.requireReferred(err, store.ErrNoTarget, c.entity, c.field)
		}
	}, e.key(e.person(3)), e.key(e.pet(9, "rex")), e.key(e.pet(1, "bo")), e.key(e.toy(2)))
	e.write(e.update(e.deed(1), "witness_id", "2"))
	e.write(e.update(e.deed(1), "witness_id", "1", "holder_id", null))
	e.write(e.remove(e.person(2)))
	_, err := e.try(e.update(e.deed(1), "holder_id", "2"))
	e.requireReferred(err, store.ErrNoTarget, "Deeds", "holder_id")
}

// nullRefersToNothing: as in MySQL, NULL in one of several columns is enough.
func nullRefersToNothing(e *env) {
	e.fill(e.person(1), e.toy(1), e.toy(2, "pet_owner", "9"), e.toy(3, "pet_name", "rex"), e.deed(1))
	_, err := e.try(e.update(e.toy(2), "pet_name", "rex"))
	e.requireReferred(err, store.ErrNoTarget, "Toys", "pet_owner,pet_name")
	e.write(e.create(e.pet(1, "rex")))
	e.write(e.update(e.toy(3), "pet_owner", "1"))
	e.write(e.update(e.toy(3), "pet_name", null))
	e.write(e.remove(e.pet(1, "rex")))
	e.requireLive(e.toy(3, "pet_owner", "1"))
}

// restricted: what others refer to stays, and they with it.
func restricted(e *env) {
	e.fill(e.person(1), e.person(2), e.deed(1, "holder_id", "1", "witness_id", "2"), e.deed(2, "holder_id", "1"), e.pet(1, "rex"))
	refused := func() {
		e.unchanged(func() {
			_, err := e.try(e.remove(e.person(1)))
			e.requireReferred(err, store.ErrReferenced, "People", "Deeds.holder_id")
		})
	}
	refused()
	e.write(e.update(e.deed(1), "holder_id", "2"))
	refused()
	e.write(e.remove(e.deed(2)))
	e.write(e.remove(e.person(1)))
	e.requireGone(e.person(1))
	e.requireLive(e.deed(1, "holder_id", "2", "witness_id", "2"))
}

// restrictedBelow: what would be taken along may be restricted by something else.
func restrictedBelow(e *env) {
	e.fill(e.person(1), e.person(2, "parent_id", "1"), e.person(3, "parent_id", "2"), e.pet(2, "rex"), e.deed(1, "holder_id", "3"))
	e.unchanged(func() {
		_, err := e.try(e.remove(e.person(1)))
		e.requireError(err, store.ErrReferenced)
		var se *store.Error
		require.ErrorAs(e, err, &se)
		require.Equal(e, "Deeds.holder_id", se.Field)
	})
	e.write(e.update(e.deed(1), "holder_id", null))
	e.write(e.remove(e.person(1)))
	for _, rec := range []transform.Record{e.person(2), e.person(3), e.pet(2, "rex")} {
		e.requireGone(rec)
	}
}

// takenAlong: several levels down, by several ways, and nobody else's. Their
// unique values are free again.
func takenAlong(e *env) {
	kept := []transform.Record{e.person(9), e.pet(9, "rex", "chip", "9"), e.toy(9, "pet_owner", "9", "pet_name", "rex"), e.toy(8)}
	gone := []transform.Record{e.person(1), e.person(2, "parent_id", "1"), e.person(3, "parent_id", "2"), e.person(4, "parent_id", "2"),
		e.pet(1, "rex", "chip", "1"), e.pet(1, "bo"), e.pet(3, "rex", "chip", "3"),
		e.toy(1, "pet_owner", "1", "pet_name", "rex"), e.toy(2, "pet_owner", "1", "pet_name", "rex"), e.toy(3, "pet_owner", "3", "pet_name", "rex")}
	e.fill(kept...)
	e.fill(gone...)
	e.write(e.remove(gone[0]))
	for _, rec := range gone {
		e.requireGone(rec)
	}
	for _, rec := range kept {
		e.requireLive(rec)
	}
	e.write(e.create(e.pet(9, "bo", "chip", "1")), e.create(e.pet(9, "kit", "chip", "3")))
	e.write(e.create(gone[0]))
	e.write(e.create(e.pet(1, "rex")))
	e.requireGone(gone[7])
}

// setToNull: nothing else of the record changes.
func setToNull(e *env) {
	e.fill(e.person(1), e.person(2), e.pet(2, "rex", "sitter_id", "1", "chip", "7"), e.pet(2, "bo", "sitter_id", "2"),
		e.deed(1, "holder_id", "2", "witness_id", "1"), e.deed(2, "witness_id", "1"), e.toy(1, "pet_owner", "2", "pet_name", "rex"))
	e.write(e.remove(e.person(1)))
	e.requireGone(e.person(1))
	e.requireLive(e.pet(2, "rex", "chip", "7"))
	e.requireLive(e.pet(2, "bo", "sitter_id", "2"))
	e.requireLive(e.deed(1, "holder_id", "2"))
	e.requireLive(e.deed(2))
	e.requireLive(e.toy(1, "pet_owner", "2", "pet_name", "rex"))
	e.write(e.create(e.person(1)))
	e.write(e.remove(e.person(1)))
	e.requireLive(e.pet(2, "rex", "chip", "7"))
}

// refersToItself: it needs nobody else, and is in its own way where it restricts.
func refersToItself(e *env) {
	e.write(e.create(e.person(1, "parent_id", "1")))
	e.write(e.create(e.person(2)))
	e.write(e.update(e.person(2), "parent_id", "2"))
	e.write(e.create(e.person(3, "parent_id", "2")))
	e.write(e.update(e.person(2), "parent_id", "3"))
	e.write(e.remove(e.person(1)))
	e.write(e.remove(e.person(3)))
	for id := range 4 {
		e.requireGone(e.person(id))
	}
}

// targetReplaced: a put upon what is there is no delete.
func targetReplaced(e *env) {
	e.fill(e.person(1), e.pet(1, "rex", "sitter_id", "1"), e.deed(1, "holder_id", "1"))
	e.write(e.replace(e.person(1, "name", "other")))
	e.requireLive(e.pet(1, "rex", "sitter_id", "1"))
	e.requireLive(e.deed(1, "holder_id", "1"))
}

// referredInOneWrite: each change of a write is made upon those before it.
func referredInOneWrite(e *env) {
	e.write(e.create(e.person(1)), e.create(e.pet(1, "rex", "sitter_id", "1")), e.create(e.toy(1, "pet_owner", "1", "pet_name", "rex")),
		e.create(e.deed(1, "holder_id", "1")))
	e.unchanged(func() {
		for _, w := range [][]store.Mutation{
			{e.create(e.pet(2, "rex")), e.create(e.person(2))},
			{e.create(e.person(3)), e.create(e.pet(2, "rex"))},
		} {
			_, err := e.try(w...)
			e.requireReferred(err, store.ErrNoTarget, "Pets", "owner_id")
		}
		_, err := e.try(e.remove(e.person(1)), e.remove(e.deed(1)))
		e.requireReferred(err, store.ErrReferenced, "People", "Deeds.holder_id")
	}, e.key(e.person(2)), e.key(e.person(3)), e.key(e.pet(2, "rex")))
	e.write(e.create(e.person(2)), e.update(e.deed(1), "holder_id", "2"), e.remove(e.person(1)))
	e.requireLive(e.deed(1, "holder_id", "2"))
	e.requireGone(e.toy(1))
	e.unchanged(func() {
		_, err := e.try(e.remove(e.deed(1)), e.remove(e.person(2)), e.create(e.deed(2, "holder_id", "2")))
		e.requireReferred(err, store.ErrNoTarget, "Deeds", "holder_id")
	}, e.key(e.deed(2)))
	e.write(e.remove(e.deed(1)), e.remove(e.person(2)))
	e.requireGone(e.person(2))
}

// dependentChecked: a write that has read a record and deletes what it refers to.
func dependentChecked(e *env) {
	e.fill(e.person(1), e.pet(1, "rex"), e.person(2), e.deed(1, "witness_id", "2"))
	read := e.row(e.key(e.pet(1, "rex")))
	e.write(e.replace(e.pet(1, "rex", "chip", "1")))
	check := store.Mutation{Op: store.Check, Key: read.Key, Expect: &read}
	e.unchanged(func() {
		_, err := e.try(check, e.remove(e.person(1)))
		e.requireError(err, store.ErrChanged)
	})
	read = e.row(read.Key)
	e.write(check, e.remove(e.person(1)))
	e.requireGone(e.pet(1, "rex"))
	witnessed, person := e.row(e.key(e.deed(1))), e.row(e.key(e.person(2)))
	e.write(e.remove(e.person(2)), store.Mutation{Op: store.Check, Key: witnessed.Key, Expect: &witnessed}) // in either order
	e.requireLive(e.deed(1))
	_, err := e.try(store.Mutation{Op: store.Check, Key: person.Key, Expect: &person}, e.update(e.deed(1), "witness_id", "2"))
	e.requireError(err, store.ErrChanged)
	e.write(e.create(e.person(2)))
	e.write(store.Mutation{Op: store.Check, Key: person.Key, Expect: &person}, e.update(e.deed(1), "witness_id", "2"))
}

// deletedMeanwhile: a record comes before the delete, and goes with its target, or
// after it, and is refused. It never outlives its target.
func deletedMeanwhile(e *env) {
	second := e.other()
	for round := range meetings {
		target, pet, deed := e.person(round), e.pet(round, "rex"), e.deed(round, "witness_id", strconv.Itoa(round))
		e.write(e.create(target))
		errs := together(3, func(i int) error {
			return persist(func() error {
				m, a := e.remove(target), e.Authority
				if i > 0 {
					a = second.Authority
					m = []store.Mutation{e.create(pet), e.create(deed)}[i-1]
				}
				_, err := a.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{m}})
				return err
			})
		})
		require.NoError(e, errs[0], "round %d", round)
		for _, err := range errs[1:] {
			if err != nil {
				e.requireError(err, store.ErrNoTarget)
			}
		}
		e.requireGone(target)
		e.requireGone(pet)
		if errs[2] == nil {
			e.requireLive(e.deed(round))
		}
	}
}

// meetings is how often the delete of a target meets creates of what refers to it.
const meetings = 50

// takenAlongChanges: what a delete takes along has change records, each with a
// version of its own, and the answer tells of them.
func takenAlongChanges(e *env) {
	e.start()
	e.capture()
	all := []transform.Record{e.person(1), e.person(2, "parent_id", "1"), e.pet(2, "rex"), e.toy(1, "pet_owner", "2", "pet_name", "rex"),
		e.person(9), e.deed(1, "holder_id", "9", "witness_id", "2"), e.pet(9, "bo", "sitter_id", "1")}
	e.fill(all...)
	e.cleanAll()
	before := map[transform.Key]store.Version{}
	for _, rec := range all {
		before[e.key(rec)] = e.row(e.key(rec)).Version
	}
	w := e.write(e.remove(all[0]))
	told := map[transform.Key]store.Version{}
	for _, c := range w.Changes {
		for _, k := range c.Keys {
			told[k.Key] = k.Version
		}
	}
	dirty := e.dirty()
	for i, rec := range all {
		key := e.key(rec)
		v, is := dirty[key]
		require.Equal(e, i != 4, is, "%d: what changed has a change record, and nothing else", i)
		require.Equal(e, v, told[key], "%d: the answer tells of it", i)
		if is {
			require.Greater(e, v, before[key], "%d: at a new version", i)
			require.Equal(e, v, e.row(key).Version, "%d", i)
		}
	}
}

// takenAlongTold: before anything is applied, and what the caller says counts.
func takenAlongTold(e *env) {
	e.start()
	e.capture()
	e.fill(e.person(1), e.pet(1, "rex", "chip", "1"), e.deed(1, "witness_id", "1"))
	errEnough := errors.New("enough")
	var told []store.Along
	write := func(err error) error {
		told = nil
		_, failed := e.Authority.Write(e.ctx, e.at, store.Write{Mutations: []store.Mutation{e.remove(e.person(1))},
			Along: func(all []store.Along) error { told = all; return err }})
		return failed
	}
	e.unchanged(func() { require.Equal(e, errEnough, write(errEnough)) })
	require.NoError(e, write(nil))
	require.Len(e, told, 2)
	for _, a := range told {
		switch a.Key {
		case e.key(e.pet(1, "rex")):
			require.Equal(e, text(e.pet(1, "rex", "chip", "1")), text(a.Before))
			require.True(e, a.After.IsZero(), "it is deleted")
		default:
			require.Equal(e, e.key(e.deed(1)), a.Key)
			require.Equal(e, text(e.deed(1, "witness_id", "1")), text(a.Before))
			require.Equal(e, text(e.deed(1)), text(a.After))
		}
	}
}

// tooDeep: what InnoDB's cascades don't reach no store does.
func tooDeep(e *env) {
	e.start()
	e.capture()
	e.write(e.create(e.person(1)))
	for id := 2; id <= store.MaxDepth+2; id++ {
		e.write(e.create(e.person(id, "parent_id", strconv.Itoa(id-1))))
	}
	e.unchanged(func() {
		_, err := e.try(e.remove(e.person(1)))
		e.requireError(err, store.ErrTooLarge)
	})
	e.write(e.remove(e.person(2)))
	e.requireGone(e.person(store.MaxDepth + 2))
	e.requireLive(e.person(1))
}

// putRefers: refreshes come in any order, each key's by itself, so that a target
// may come after what refers to it, and go before.
func putRefers(e *env) {
	e.put(e.live(e.toy(1, "pet_owner", "1", "pet_name", "rex"), 5))
	e.put(e.live(e.pet(1, "rex", "sitter_id", "2"), 5))
	e.put(e.live(e.person(1), 5))
	e.put(e.live(e.deed(1, "holder_id", "1", "witness_id", "1"), 5))
	e.put(e.dead(e.person(1), 6))
	e.requireLive(e.toy(1, "pet_owner", "1", "pet_name", "rex"))
	e.requireLive(e.pet(1, "rex", "sitter_id", "2"))
	e.requireLive(e.deed(1, "holder_id", "1", "witness_id", "1"))
	e.put(e.live(e.deed(1, "holder_id", "3"), 6))
	e.put(e.dead(e.pet(1, "rex"), 6))
	e.requireLive(e.toy(1, "pet_owner", "1", "pet_name", "rex"))
	errs, err := e.Follower.Insert(e.ctx, []store.Row{e.live(e.toy(2, "pet_owner", "7", "pet_name", "bo"), 0)})
	require.NoError(e, err)
	require.NoError(e, errs[0])
	e.requireLive(e.toy(2, "pet_owner", "7", "pet_name", "bo"))
}

// referredByFollower: however a record came, what it refers to is known.
func referredByFollower(e *env) {
	errs, err := e.Follower.Insert(e.ctx, []store.Row{e.live(e.pet(1, "rex", "chip", "1"), 0), e.live(e.person(1), 0),
		e.live(e.person(2), 0), e.live(e.deed(1, "holder_id", "2"), 0), e.live(e.deed(2, "witness_id", "1"), 0)})
	require.NoError(e, err)
	for _, err := range errs {
		require.NoError(e, err)
	}
	e.put(e.live(e.toy(1, "pet_owner", "1", "pet_name", "rex"), 5))
	e.put(e.live(e.deed(3, "holder_id", "1"), 5))
	e.put(e.live(e.deed(3, "holder_id", "2"), 6))
	require.NoError(e, e.together(e.live(e.pet(2, "bo", "sitter_id", "1"), 5), e.live(e.pet(2, "kit", "sitter_id", "1"), 5)))
	e.put(e.dead(e.pet(2, "kit"), 6))
	e.lead()
	e.unchanged(func() {
		_, err := e.try(e.remove(e.person(2)))
		e.requireReferred(err, store.ErrReferenced, "People", "Deeds.holder_id")
	})
	e.write(e.remove(e.person(1)))
	for _, rec := range []transform.Record{e.person(1), e.pet(1, "rex"), e.toy(1), e.pet(2, "kit")} {
		e.requireGone(rec)
	}
	e.requireLive(e.deed(2))
	e.requireLive(e.pet(2, "bo"))
	e.write(e.remove(e.deed(1)), e.remove(e.deed(3)), e.remove(e.person(2)))
	e.requireGone(e.pet(2, "bo"))
}
