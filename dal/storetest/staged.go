package storetest

import (
	"slices"
	"strconv"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// stagedCases are about deletes that take along more than one transaction of DynamoDB can
// have: 100 items.
func stagedCases() []testCase {
	of := func(name string, run func(*env)) check { return check{name: name, run: run, on: FairContract} }
	return bothWays(ruled(ruleStaged,
		of("of two levels", staged),
		of("in a unit", stagedInUnit),
		of("restricted", stagedRestricted),
		of("and the record is made anew", stagedAnew),
	))
}

func (e *env) fair(id int) transform.Record {
	e.Helper()
	return e.listed("fairs", "fair_id", strconv.Itoa(id), "name", "fair "+strconv.Itoa(id))
}

func (e *env) stall(id, fair int) transform.Record {
	e.Helper()
	return e.listed("stalls", "stall_id", strconv.Itoa(id), "pitch", "p"+strconv.Itoa(id), "fair_id", strconv.Itoa(fair))
}

func (e *env) sale(id, stall int) transform.Record {
	e.Helper()
	return e.listed("sales", "sale_id", strconv.Itoa(id), "stall_id", strconv.Itoa(stall), "receipt", "r"+strconv.Itoa(id))
}

func (e *env) visitor(id int, changes ...string) transform.Record {
	e.Helper()
	return e.listed("visitors", append([]string{"visitor_id", strconv.Itoa(id)}, changes...)...)
}

// A fairground is a fair with all that refers to it.
type fairground struct {
	gone    []transform.Record // what its delete deletes, it itself first
	changed []transform.Record // what it sets to NULL, as it is then
	kept    []transform.Record // what it has nothing to do with
}

// open makes fair 1 with so many stalls, of which one has sales, and visitors, and another
// fair with one of each.
func (e *env) open(stalls, sales, visitors int) fairground {
	e.Helper()
	var f fairground
	f.gone = []transform.Record{e.fair(1)}
	f.kept = []transform.Record{e.fair(2), e.stall(9001, 2), e.sale(9001, 9001), e.visitor(9001, "fair_id", "2")}
	for i := range stalls {
		f.gone = append(f.gone, e.stall(i+1, 1))
	}
	for i := range sales {
		f.gone = append(f.gone, e.sale(i+1, 1))
	}
	before := slices.Clone(f.gone)
	for i := range visitors {
		f.changed = append(f.changed, e.visitor(i+1))
		before = append(before, e.visitor(i+1, "fair_id", "1"))
	}
	for some := range slices.Chunk(append(before, f.kept...), 15) {
		var m []store.Mutation
		for _, rec := range some {
			m = append(m, e.create(rec))
		}
		e.write(m...)
	}
	e.settle()
	e.cleanAll()
	return f
}

// requireStaged requires that the delete of the fair has taken along what it takes, and
// nothing else; what waits is carried out.
func (e *env) requireStaged(f fairground) {
	e.Helper()
	dirty := e.dirty()
	e.settle()
	for _, rec := range f.gone {
		e.requireGone(rec)
	}
	for _, rec := range f.changed {
		e.requireLive(rec)
		e.shows(rec)
	}
	for _, rec := range f.kept {
		e.requireLive(rec)
	}
	if !e.at.Captured {
		require.Empty(e, dirty)
		return
	}
	for _, rec := range slices.Concat(f.gone, f.changed) {
		require.Equal(e, e.row(e.key(rec)).Version, dirty[e.key(rec)], "%s is dirty", e.key(rec))
	}
	require.Len(e, dirty, len(f.gone)+len(f.changed), "nothing else is")
}

// staged: 120 records and 110 below one of them are deleted, and 30 changed, before the
// delete is acknowledged. Their unique values and places are free.
func staged(e *env) {
	f := e.open(120, 110, 30)
	w := e.write(e.remove(f.gone[0]))
	told := map[transform.Key]bool{}
	for _, c := range w.Changes {
		for _, k := range c.Keys {
			told[k.Key] = true
		}
	}
	if e.at.Captured {
		require.Len(e, told, len(f.gone)+len(f.changed), "the answer tells of what was taken along")
	}
	e.requireStaged(f)
	require.Empty(e, e.fanOuts(100))
	e.write(e.create(e.listed("stalls", "stall_id", "500", "pitch", "p1")), e.create(e.listed("sales", "sale_id", "500", "receipt", "r1")))
}

// stagedInUnit: with other changes, and another delete, in one write.
func stagedInUnit(e *env) {
	f := e.open(101, 3, 2)
	w := e.write(e.remove(f.gone[0]), e.create(e.fair(3)), e.remove(f.kept[3]), e.create(e.stall(9002, 3)))
	require.False(e, w.Rows[0].Live)
	require.True(e, w.Rows[1].Live)
	e.requireLive(e.stall(9002, 3))
	e.requireGone(f.kept[3])
	for _, rec := range f.gone {
		e.requireGone(rec)
	}
	_, err := e.try(e.remove(f.kept[0]), e.create(e.fair(3)))
	e.requireError(err, store.ErrExists)
	e.requireLive(f.kept[1])
}

// stagedRestricted: nothing is taken along of what is kept, however much that would be, and
// nothing changed by a write that also deletes what it changes.
func stagedRestricted(e *env) {
	f := e.open(101, 3, 2)
	permit := e.listed("permits", "permit_id", "1", "fair_id", "1")
	e.write(e.create(permit))
	e.unchanged(func() {
		_, err := e.try(e.remove(f.gone[0]))
		e.requireError(err, store.ErrReferenced)
	})
	e.write(e.remove(permit))
	e.write(e.remove(f.gone[0]))
	for _, rec := range f.gone {
		e.requireGone(rec)
	}
}

// stagedAnew: what comes to the place of the record has nothing of what referred to the one
// before, and nothing can refer to a record that is gone.
func stagedAnew(e *env) {
	f := e.open(101, 3, 2)
	e.write(e.remove(f.gone[0]))
	_, err := e.try(e.create(e.stall(777, 1)))
	e.requireError(err, store.ErrNoTarget)
	e.write(e.create(f.gone[0]))
	e.write(e.create(e.stall(777, 1)), e.update(f.changed[0], "fair_id", "1"))
	e.settle()
	e.requireLive(e.stall(777, 1))
	e.requireLive(f.gone[0])
	for _, rec := range f.gone[1:] {
		e.requireGone(rec)
	}
	e.write(e.remove(f.gone[0]))
	e.requireGone(e.stall(777, 1))
	e.requireLive(f.changed[0])
}
