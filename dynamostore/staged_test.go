package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// fairs is a desk of the suite's contract of deletes that are staged, in process.
func fairs(t *testing.T) *desk {
	srv := dynamotest.Start(t)
	d := newDeskOf(t, NewClient(srv.Config(), &ClientOptions{AttemptTimeout: time.Minute}), storetest.FairContract(t))
	d.srv = srv
	return d
}

func (d *desk) of(entity, key string, id int, changes ...string) transform.Record {
	return d.record(d.contract.Entity(entity), append([]string{key, strconv.Itoa(id)}, changes...)...)
}

func (d *desk) fair(id int) transform.Record { return d.of("Fairs", "fair_id", id) }

func (d *desk) stall(id int, changes ...string) transform.Record {
	return d.of("Stalls", "stall_id", id, append([]string{"pitch", "p" + strconv.Itoa(id)}, changes...)...)
}

func (d *desk) sale(id int, changes ...string) transform.Record {
	return d.of("Sales", "sale_id", id, changes...)
}

func (d *desk) visitor(id int, changes ...string) transform.Record {
	return d.of("Visitors", "visitor_id", id, changes...)
}

// stage makes fair 1 with so many stalls, a few of which have a sale, and visitors.
func (d *desk) stage(stalls, visitors int) (gone, changed []transform.Record) {
	d.Helper()
	d.write(d.create(d.fair(1)))
	for i := range stalls {
		stall, sale := d.stall(i, "fair_id", "1"), d.sale(i, "stall_id", strconv.Itoa(i))
		d.write(d.create(stall))
		if gone = append(gone, stall); i%30 == 10 {
			d.write(d.create(sale))
			gone = append(gone, sale)
		}
	}
	for i := range visitors {
		d.write(d.create(d.visitor(i, "fair_id", "1")))
		changed = append(changed, d.visitor(i))
	}
	d.carryOut()
	d.cleanAll()
	return gone, changed
}

// marks returns the fan-out marks of all shards.
func (d *desk) marks() []store.FanOut {
	d.Helper()
	var all []store.FanOut
	for n := range d.Shards() {
		page, err := d.FanOuts(d.ctx, store.DirtyRange{Shard: n, Limit: 1000})
		require.NoError(d, err)
		all = append(all, page.Marks...)
	}
	return all
}

// carryOut does what relays do, until no mark is left.
func (d *desk) carryOut() {
	d.Helper()
	for marks := d.marks(); len(marks) > 0; marks = d.marks() {
		require.NoError(d, dal.CarryOut(d.ctx, d.Store, marks...))
	}
}

// taken requires that a fair is gone with all that goes with it, and nothing of it is left:
// no mark, no attribute, no edge, no guard.
func (d *desk) taken(gone, changed []transform.Record) {
	d.Helper()
	require.Empty(d, d.marks())
	for _, rec := range gone {
		require.False(d, d.row(rec).Live, "%s", d.keyOf(rec))
		require.NotContains(d, d.rawItem(rec), attrEmptied)
	}
	for _, rec := range changed {
		d.holds(rec)
	}
	require.NotContains(d, d.rawItem(d.fair(1)), attrEmptied)
	for _, it := range d.everything() {
		require.NotContains(d, scalarText(it[libraryPK]), "#edge#")
		require.NotContains(d, scalarText(it[libraryPK]), "#unique#")
	}
	dirty := map[transform.Key]store.Version{}
	for _, c := range d.dirty() {
		for _, k := range c.Keys {
			dirty[k.Key] = max(dirty[k.Key], k.Version)
		}
	}
	for _, rec := range append(slices.Clone(gone), changed...) {
		require.Equal(d, d.row(rec).Version, dirty[d.keyOf(rec)], "what changed has a change record: %s", d.keyOf(rec))
	}
}

// A mortal is a client of a process that dies at its n-th transaction: before it is sent,
// or, of a server, before its reply comes.
type mortal struct {
	*dynamodb.Client
	left  int
	after *dynamotest.Server
}

var errDead = errors.New("the process is dead")

func (m *mortal) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	m.left--
	switch {
	case m.left < 0 || m.left == 0 && m.after == nil:
		return nil, errDead
	case m.left == 0:
		m.after.Fault(dynamotest.OnOperation("TransactWriteItems").Nth(1).LoseReply())
	}
	return m.Client.TransactWriteItems(ctx, in, opts...)
}

// TestStagedDeleteIsKilled: at each of its first transactions, and at some of those that
// come later and are alike, before and after that took effect.
// The delete was made or was not, the next one who carries out marks finishes it, and until
// then what is left refers to what is there, or to what is gone.
func TestStagedDeleteIsKilled(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n, made := 1, true; made; n++ {
			t.Run(fmt.Sprintf("at %d, after %v", n, after), func(t *testing.T) {
				d := fairs(t)
				gone, changed := d.stage(101, 3)
				m := &mortal{Client: d.client, left: n}
				if after {
					m.Client, m.after = NewClient(d.srv.Config(), &ClientOptions{Attempts: 1, AttemptTimeout: time.Minute}), d.srv
				}
				_, err := d.with(m, Options{RetryBudget: time.Millisecond}).try(d.remove(d.fair(1)))
				made = err != nil
				if !made {
					require.Greater(t, n, 5, "it took so many transactions")
				}
				if d.row(d.fair(1)).Live {
					require.Error(t, err)
					require.NotEqual(t, store.Applied, store.OutcomeOf(err))
					d.write(d.remove(d.fair(1)))
				} else {
					if err != nil && !errors.Is(err, store.ErrPending) {
						require.Equal(t, store.Unknown, store.OutcomeOf(err))
					}
					_, err = d.try(d.create(d.stall(1000, "fair_id", "1")))
					requireRefused(t, err, store.ErrNoTarget, store.NotApplied)
				}
				d.carryOut()
				d.taken(gone, changed)
			})
			if n > 8 {
				n += n / 2 // the transactions are alike from here on
			}
		}
	}
}

// TestStagedDeletePends: what can't be carried out at once is committed, and told so with
// what was done.
func TestStagedDeletePends(t *testing.T) {
	d := fairs(t)
	gone, changed := d.stage(101, 3)
	m := &mortal{Client: d.client, left: 6}
	w, err := d.with(m, Options{RetryBudget: time.Millisecond}).Write(d.ctx, d.at, store.Write{Token: "t", Mutations: []store.Mutation{d.remove(d.fair(1))}})
	requireRefused(t, err, store.ErrPending, store.Applied)
	require.NotErrorIs(t, err, store.ErrUnavailable, "it is applied, whatever kept the rest back")
	require.Len(t, w.Rows, 1)
	require.NotEmpty(t, w.Changes)
	require.NotEmpty(t, d.marks())
	require.Contains(t, d.rawItem(d.fair(1)), attrEmptied)

	// The same write again finds it made, and finishes it.
	w, err = d.Write(d.ctx, d.at, store.Write{Token: "t", Mutations: []store.Mutation{d.remove(d.fair(1))}})
	require.NoError(t, err)
	require.True(t, w.Repeated)
	require.NotContains(t, d.rawItem(d.fair(1)), attrEmptied)
	d.carryOut()
	d.taken(gone, changed)
}

// pend deletes fair 1 and dies.
func (d *desk) pend(transactions int) {
	d.Helper()
	m := &mortal{Client: d.client, left: transactions}
	_, err := d.with(m, Options{RetryBudget: time.Millisecond}).try(d.remove(d.fair(1)))
	require.ErrorIs(d, err, store.ErrPending)
}

// TestMadeAnewWhileStaged: whoever makes the record anew takes along first what referred to
// the one before, or is refused; what refers to the new one is nobody's to take.
func TestMadeAnewWhileStaged(t *testing.T) {
	create := func(d *desk) store.Mutation { return d.create(d.fair(1)) }
	for name, c := range map[string]struct {
		put   func(*desk) store.Mutation
		later bool // in an epoch in which a tombstone of the one before is nothing
	}{
		"create":                {create, false},
		"create without a look": {create, true},
		"put":                   {func(d *desk) store.Mutation { return d.replace(d.fair(1)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			d, put := fairs(t), c.put
			gone, changed := d.stage(101, 3)
			d.pend(6)
			if c.later {
				d.advance(func(p *store.PhaseRecord) { p.Phase, p.Epoch = store.DynamoDBOnly, p.Epoch+1 })
			}
			old := d.marks()
			require.NotEmpty(t, old)
			m := &mortal{Client: d.client, left: 2} // it can't take anything along
			_, err := d.with(m, Options{RetryBudget: time.Millisecond}).try(put(d))
			requireRefused(t, err, store.ErrConflict, store.NotApplied)
			require.Contains(t, d.rawItem(d.fair(1)), attrEmptied)
			if !c.later {
				require.NoError(t, d.Bump(d.ctx, []transform.Key{d.keyOf(d.fair(1))}))
				require.Contains(t, d.rawItem(d.fair(1)), attrEmptied, "a bump leaves it")
			}
			d.write(put(d))
			d.write(d.create(d.stall(1000, "fair_id", "1")))
			require.NoError(t, dal.CarryOut(d.ctx, d.Store, old...))
			d.carryOut()
			d.holds(d.fair(1))
			d.holds(d.stall(1000, "fair_id", "1"))
			d.write(d.remove(d.stall(1000)))
			d.taken(gone, changed)
		})
	}
}

// TestOldMarkAfterAnotherLead: a mark of a lead that ended undrained takes nothing along of
// a record that the other store made anew.
func TestOldMarkAfterAnotherLead(t *testing.T) {
	d := fairs(t)
	d.stage(101, 3)
	d.pend(6)
	d.advance(func(p *store.PhaseRecord) { p.State, p.Phase, p.Epoch = store.GivenAway, store.Validate, p.Epoch+1 })
	for _, f := range d.marks() {
		if len(f.Gone) > 0 {
			require.ErrorIs(t, d.Empty(d.ctx, f), store.ErrWrongPhase, "it is given away")
		}
	}
	d.madeAnewElsewhere()
	d.carryOut()
	d.holds(d.fair(1))
	d.holds(d.stall(7, "fair_id", "1"))
}

// madeAnewElsewhere has the other store, to which this one was given away, make fair 1 and
// one of its stalls anew, and give the lead back.
func (d *desk) madeAnewElsewhere() {
	d.Helper()
	t := d.T
	version := store.Floor(d.at.Epoch) + 10
	for _, rec := range []transform.Record{d.fair(1), d.stall(7, "fair_id", "1")} {
		took, err := d.Put(d.ctx, store.At{}, store.Row{Key: d.keyOf(rec), Version: version, Live: true, Record: rec})
		require.NoError(t, err)
		require.True(t, took)
	}
	d.advance(func(p *store.PhaseRecord) { p.State, p.Phase, p.Epoch = store.Open, store.DynamoDBPrimary, p.Epoch+1 })
}

// TestMadeAnewBeneathAnEmptying: the same, while somebody who has looked at the tombstone is
// slow. His transactions look at it again.
func TestMadeAnewBeneathAnEmptying(t *testing.T) {
	d := fairs(t)
	d.stage(101, 3)
	d.pend(5)
	i := slices.IndexFunc(d.marks(), func(f store.FanOut) bool { return slices.Contains(f.Gone, d.keyOf(d.fair(1))) })
	f := d.marks()[i]
	m := &meddler{Client: d.client}
	m.before = func() {
		d.advance(func(p *store.PhaseRecord) { p.State, p.Phase, p.Epoch = store.GivenAway, store.Validate, p.Epoch+1 })
		d.madeAnewElsewhere()
	}
	require.NoError(t, d.with(m, Options{}).Empty(d.ctx, f))
	require.Nil(t, m.before)
	d.holds(d.fair(1))
	d.holds(d.stall(7, "fair_id", "1"))
}

// TestManyEmptyAtOnce: several take along at once, while records are moved out of the way
// and back into the world.
func TestManyEmptyAtOnce(t *testing.T) {
	d := fairs(t)
	gone, changed := d.stage(101, 3)
	d.write(d.create(d.fair(2)))
	d.pend(5)
	marks := d.marks()
	errs := make(chan error)
	for range 3 {
		go func() { errs <- dal.CarryOut(d.ctx, d.Store, marks...) }()
	}
	go func() {
		_, err := d.try(d.update(d.stall(100), "fair_id", "2"))
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		errs <- err
	}()
	for range 4 {
		require.NoError(t, <-errs)
	}
	d.carryOut()
	if moved := d.row(d.stall(100)); moved.Live {
		d.holds(d.stall(100, "fair_id", "2"))
		d.holds(d.sale(100, "stall_id", "100"))
		d.write(d.remove(d.stall(100)))
	}
	d.taken(gone, changed)
}

// TestEmptyPassesAClosedMark: a drain carries out what is staged once nobody writes any
// more.
func TestEmptyPassesAClosedMark(t *testing.T) {
	d := fairs(t)
	gone, changed := d.stage(101, 3)
	d.pend(5)
	from, err := d.Phase(d.ctx)
	require.NoError(t, err)
	to := from
	to.State, to.Next = store.Closed, store.Validate
	require.NoError(t, d.Advance(d.ctx, from, to, store.AuditEntry{}))
	d.carryOut()
	d.taken(gone, changed)
}

// TestStagedDeleteReadsLittle: before the delete is made nothing is read of what it takes
// along, where that is more than a transaction could have.
func TestStagedDeleteReadsLittle(t *testing.T) {
	d := fairs(t)
	d.stage(101, 0)
	d.requests()
	m := &mortal{Client: d.client, left: 3}
	_, err := d.with(m, Options{RetryBudget: time.Millisecond}).try(d.remove(d.fair(1)))
	require.Error(t, err)
	n := d.requests()
	require.Equal(t, []int{1, 3, 2}, []int{n["BatchGetItem"], n["Query"], n["TransactWriteItems"]}, "it alone, keys alone, its mark")
}
