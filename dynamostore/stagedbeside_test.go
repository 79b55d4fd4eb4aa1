package dynamostore

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// An overtaken is a client of a process that has left the mark of a staged delete, or met
// one, and before whose next transaction others are at work. What they return is its answer.
type overtaken struct {
	*dynamodb.Client
	met bool
	do  func() error
}

func (o *overtaken) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if do := o.do; o.met && do != nil {
		o.do = nil
		if err := do(); err != nil {
			return nil, err
		}
	}
	for _, action := range in.TransactItems {
		o.met = o.met || action.Put != nil && action.Put.Item[attrEmptied] != nil
	}
	return o.Client.TransactWriteItems(ctx, in, opts...)
}

// die is what happens to a process that dies there.
func (o *overtaken) die() error {
	o.do = o.die
	return errDead
}

// stageSales is stage, with a sale of every stall.
func (d *desk) stageSales() (gone []transform.Record) {
	d.Helper()
	gone, _ = d.stage(101, 0)
	for i := range 101 {
		sale := d.sale(1000+i, "stall_id", strconv.Itoa(i))
		d.write(d.create(sale))
		gone = append(gone, sale)
	}
	d.carryOut()
	d.cleanAll()
	return gone
}

// emptiesSome has another one take some stalls of fair 1 along, and die before what refers
// to them. It returns the mark of the fair.
func (d *desk) emptiesSome() store.FanOut {
	d.Helper()
	marks := d.marks()
	require.Len(d, marks, 1)
	err := d.with(&mortal{Client: d.client, left: 2}, Options{RetryBudget: time.Millisecond}).Empty(d.ctx, marks[0])
	require.Error(d, err)
	require.Len(d, d.marks(), 2)
	return marks[0]
}

func (d *desk) allGone(gone []transform.Record) {
	d.Helper()
	for _, rec := range gone {
		require.False(d, d.row(rec).Live, "%s", d.keyOf(rec))
	}
}

// TestStagedDeleteBesideAnother: somebody else has taken some records along, and not what
// refers to these. Whoever deleted does not say that all is gone before it is.
func TestStagedDeleteBesideAnother(t *testing.T) {
	d := fairs(t)
	gone := d.stageSales()
	o := &overtaken{Client: d.client}
	o.do = func() error { d.emptiesSome(); return nil }
	_, err := d.with(o, Options{}).try(d.remove(d.fair(1)))
	require.NoError(t, err)
	require.Nil(t, o.do)
	d.allGone(gone)
	d.taken(gone, nil)
}

// TestStagedDeleteRepeatedBesideAnother: the same, of a write that is repeated after its own
// mark was carried out.
func TestStagedDeleteRepeatedBesideAnother(t *testing.T) {
	d := fairs(t)
	gone := d.stageSales()
	w := store.Write{Token: "t", Mutations: []store.Mutation{d.remove(d.fair(1))}}
	hasty := Options{RetryBudget: time.Millisecond}
	o := &overtaken{Client: d.client}
	o.do = o.die
	_, err := d.with(o, hasty).Write(d.ctx, d.at, w)
	requireRefused(t, err, store.ErrPending, store.Applied)
	mark := d.emptiesSome()
	require.NoError(t, d.Empty(d.ctx, mark))
	require.NoError(t, d.CleanFanOut(d.ctx, mark))
	require.Len(t, d.marks(), 1)
	require.NotContains(t, d.rawItem(d.fair(1)), attrEmptied)

	_, err = d.with(&mortal{Client: d.client, left: 1}, hasty).Write(d.ctx, d.at, w)
	requireRefused(t, err, store.ErrPending, store.Applied)
	done, err := d.Write(d.ctx, d.at, w)
	require.NoError(t, err)
	require.True(t, done.Repeated)
	d.allGone(gone)
	d.taken(gone, nil)
}

// TestPutLosesThePhaseOverAnEmptying: of a write that takes along first what referred to
// the record before, nothing was sent when the phase changes meanwhile, whatever became of
// what it took along.
func TestPutLosesThePhaseOverAnEmptying(t *testing.T) {
	d := fairs(t)
	d.stage(101, 3)
	d.pend(6)
	o := &overtaken{Client: d.client, met: true}
	o.do = func() error {
		d.advance(func(p *store.PhaseRecord) { p.State, p.Phase, p.Epoch = store.GivenAway, store.Validate, p.Epoch+1 })
		return errDead
	}
	_, err := d.with(o, Options{}).try(d.replace(d.fair(1)))
	require.Nil(t, o.do)
	requireRefused(t, err, store.ErrWrongPhase, store.NotApplied)
}

// TestStagedDeleteTellsOfSoMuch: an answer has change records of so many keys, and says
// that there are more.
func TestStagedDeleteTellsOfSoMuch(t *testing.T) {
	keys := func(d *desk) (n int, beyond bool) {
		done, err := d.Write(d.ctx, d.at, store.Write{Mutations: []store.Mutation{d.remove(d.fair(1))}})
		require.NoError(t, err)
		for _, c := range done.Changes {
			n += len(c.Keys)
		}
		return n, done.Unlisted
	}
	d := fairs(t)
	d.stage(101, 0)
	n, beyond := keys(d)
	require.Equal(t, 1+101+4, n)
	require.False(t, beyond)

	d = fairs(t)
	d.stage(101, mostListed)
	n, beyond = keys(d)
	require.LessOrEqual(t, n, mostListed+1)
	require.Greater(t, n, mostListed/2)
	require.True(t, beyond)
}
