package dynamostore

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// An interloper is a client that has something else done before its next writes of items,
// one for each.
type interloper struct {
	Client
	before []func()
	sent   int
}

func (c *interloper) come() {
	c.sent++
	if len(c.before) > 0 {
		do := c.before[0]
		c.before = c.before[1:]
		do()
	}
}

func (c *interloper) PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	c.come()
	return c.Client.PutItem(ctx, in, opts...)
}

func (c *interloper) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	c.come()
	return c.Client.UpdateItem(ctx, in, opts...)
}

func (c *interloper) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	c.come()
	return c.Client.TransactWriteItems(ctx, in, opts...)
}

// TestOlderRenewComesTooLate: a renewal reads a record and its source. Then the source
// changes back to what the item shows, and another renewal finds nothing to change. What
// the first one read may not land.
func TestOlderRenewComesTooLate(t *testing.T) {
	eachShelf(t, func(t *testing.T, d *shelf) {
		d.T = t
		ware, line := d.ware(1, "name", "pen"), d.line(1, 1)
		keys := []transform.Key{d.keyOf(line)}
		d.write(d.create(ware))
		d.write(d.create(line))
		d.carryOut()
		d.write(d.update(ware, "name", "ink"))
		c := &interloper{Client: d.client, before: []func(){func() {
			d.write(d.update(ware, "name", "pen"))
			d.carryOut()
		}}}
		require.NoError(t, d.with(c, Options{}).Renew(d.ctx, keys))
		require.Equal(t, 2, c.sent)
		d.shows(line, "ware_name=pen", "sold_out=0")
	})
}

// TestRenewBesideWriters: whoever has read an item before a renewal does not put back what
// it showed, wherever the item is then.
func TestRenewBesideWriters(t *testing.T) {
	for name, c := range map[string]struct {
		moves    bool
		captured bool
		record   func(d *shelf) transform.Record
		write    func(d *shelf) []store.Mutation
	}{
		"a single put": {false, false, func(d *shelf) transform.Record { return d.ware(1) }, func(d *shelf) []store.Mutation {
			return []store.Mutation{d.update(d.ware(1), "stock", "4")}
		}},
		"a transaction": {false, true, func(d *shelf) transform.Record { return d.ware(1) }, func(d *shelf) []store.Mutation {
			return []store.Mutation{d.update(d.ware(1), "stock", "4")}
		}},
		"in its place": {true, true, func(d *shelf) transform.Record { return d.ware(1) }, func(d *shelf) []store.Mutation {
			return []store.Mutation{d.update(d.ware(1), "stock", "4")}
		}},
		"to another place": {true, true, func(d *shelf) transform.Record { return d.ware(1) }, func(d *shelf) []store.Mutation {
			return []store.Mutation{d.update(d.ware(1), "name", "moved")}
		}},
		"to another's place": {true, true, func(d *shelf) transform.Record { return d.ware(1) }, func(d *shelf) []store.Mutation {
			return []store.Mutation{d.update(d.ware(2), "name", "free"), d.update(d.ware(1), "name", "ware2")}
		}},
		"of another, to its place": {true, false, func(d *shelf) transform.Record { return d.ware(2) }, func(d *shelf) []store.Mutation {
			return []store.Mutation{d.update(d.ware(2), "name", "free"), d.update(d.ware(1), "name", "ware2")}
		}},
		"a put": {false, true, func(d *shelf) transform.Record { return d.ware(1) }, func(d *shelf) []store.Mutation {
			return []store.Mutation{d.replace(d.ware(1, "stock", "1", "section_id", "1"))}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newShelf(t, c.moves)
			if !c.captured {
				d = &shelf{d.bare()}
			}
			d.write(d.create(d.section(1, "name", "old")))
			d.write(d.create(d.ware(1, "section_id", "1")), d.create(d.ware(2, "section_id", "1")))
			d.carryOut()
			d.shows(c.record(d), "section_name=old")
			client := &interloper{Client: d.client, before: []func(){func() {
				d.write(d.update(d.section(1), "name", "new"))
				d.carryOut()
			}}}
			_, err := d.with(client, Options{}).try(c.write(d)...)
			require.NoError(t, err)
			require.Equal(t, 2, client.sent)
			d.shows(c.record(d), "section_name=new")
		})
	}
}

// TestRenewBesideAlong: the same of a record that a delete takes along.
func TestRenewBesideAlong(t *testing.T) {
	d := newShelf(t, false)
	d.write(d.create(d.section(1, "above_id", "NULL")), d.create(d.section(2)))
	d.write(d.create(d.ware(1, "section_id", "1")))
	d.carryOut()
	client := &interloper{Client: d.client, before: []func(){func() {}, func() {
		d.write(d.update(d.ware(1), "section_id", "2"))
		d.carryOut()
	}}}
	_, err := d.with(client, Options{}).try(d.remove(d.section(1)))
	require.NoError(t, err)
	d.shows(d.ware(1), "section_name=section2")
}

// TestRenewWhileARequestIsLost: a single put gets no answer, and a renewal comes before its
// repetition, which is then refused. The put can't land any more, so that the write begins
// again, and does not end unknown.
func TestRenewWhileARequestIsLost(t *testing.T) {
	d := newShelf(t, false)
	d = &shelf{d.bare()}
	d.write(d.create(d.section(1)), d.create(d.ware(1, "section_id", "1")))
	d.carryOut()
	c := &silent{interloper: interloper{Client: d.client, before: []func(){func() {}, func() {
		require.NoError(t, d.Renew(d.ctx, []transform.Key{d.keyOf(d.ware(1))}))
	}}}, times: 1}
	_, err := d.with(c, Options{}).try(d.update(d.ware(1), "stock", "4"))
	require.NoError(t, err)
	require.Equal(t, 3, c.sent)
	d.holds(d.ware(1, "stock", "4", "section_id", "1"))
}

// A silent is a client whose first puts get no answer, and do nothing.
type silent struct {
	interloper
	times int
}

func (c *silent) PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if c.times--; c.times >= 0 {
		c.come()
		return nil, &types.InternalServerError{}
	}
	return c.interloper.PutItem(ctx, in, opts...)
}

// TestRenewGivenAway: a renewal passes while the store is being given away, and not after
// it has been; one that has looked before is kept out by the refreshes that came since.
func TestRenewGivenAway(t *testing.T) {
	d := newShelf(t, false)
	line := d.line(1, 1)
	keys := []transform.Key{d.keyOf(line)}
	d.write(d.create(d.ware(1, "name", "pen")))
	d.write(d.create(line))
	d.advance(func(p *store.PhaseRecord) { p.State = store.Closed })
	require.NoError(t, d.Renew(d.ctx, keys))
	d.shows(line, "ware_name=pen", "sold_out=0")

	refreshed := line.Clone()
	require.NoError(t, refreshed.Set("ware_name", transform.TextValue("ink")))
	c := &interloper{Client: d.client, before: []func(){func() {
		d.advance(func(p *store.PhaseRecord) { p.State, p.Epoch, p.Phase = store.GivenAway, 2, store.Validate })
		took, err := d.Put(d.ctx, store.At{}, store.Row{Key: keys[0], Version: store.Floor(2) + 1, Live: true, Record: refreshed})
		require.NoError(t, err)
		require.True(t, took)
	}}}
	err := d.with(c, Options{}).Renew(d.ctx, keys)
	requireRefused(t, err, store.ErrWrongPhase, store.NotApplied)
	require.Equal(t, 1, c.sent)
	d.shows(line, "ware_name=ink")
}

// TestRenewOfWhatIsNotThere: nothing is written where no record is, or one that can't be
// read, and what can't be shown is taken away.
func TestRenewOfWhatIsNotThere(t *testing.T) {
	d := newShelf(t, false)
	ware, line, other := d.ware(1), d.line(1, 1), d.line(2, 1)
	d.write(d.create(ware))
	d.write(d.create(line), d.create(other))
	d.carryOut()
	d.write(d.remove(other))
	before := d.everything()
	require.NoError(t, d.Renew(d.ctx, []transform.Key{d.keyOf(other), d.keyOf(d.line(3, 1)), d.keyOf(ware), d.keyOf(other)}))
	d.shows(ware)
	after := d.everything()
	delete(before, d.places["Wares"].slot(d.itemOf(ware)))
	delete(after, d.places["Wares"].slot(d.itemOf(ware)))
	require.Equal(t, before, after)

	broken := d.itemOf(ware)
	broken["stock"] = text("many")
	require.NoError(t, d.rawPut(d.places["Wares"], broken))
	require.NoError(t, d.Renew(d.ctx, []transform.Key{d.keyOf(ware), d.keyOf(line)}))
	require.Equal(t, broken, d.itemOf(ware))
	d.shows(line)
	d.write(d.replace(ware))
	d.carryOut()
	d.shows(line, "ware_name=ware1", "sold_out=0")

	broken = d.itemOf(line)
	broken["ware_price"] = text("much")
	require.NoError(t, d.rawPut(d.places["Baskets"], broken))
	d.shows(line, "ware_name=ware1", "sold_out=0") // and no price: what is there is none
	require.NoError(t, d.Renew(d.ctx, []transform.Key{d.keyOf(line)}))
	d.shows(line, "ware_name=ware1", "sold_out=0")
}

// TestRenewThroughFaults: throttles, conflicts and lost replies end as nothing of the kind
// would, and a renewal of many is done for each.
func TestRenewThroughFaults(t *testing.T) {
	for name, rule := range map[string]dynamotest.Rule{
		"throttled":   dynamotest.OnOperation("UpdateItem").Skip(3).Times(5).Throttle(dynamotest.KeyRangeThroughput),
		"in conflict": dynamotest.OnOperation("UpdateItem").Skip(3).Times(5).Conflict(),
		"no reply":    dynamotest.OnOperation("UpdateItem").Skip(3).Times(5).LoseReply(),
		"unprocessed": dynamotest.OnOperation("BatchGetItem").Times(3).Unprocessed(50),
	} {
		t.Run(name, func(t *testing.T) {
			d := newShelf(t, false)
			d.write(d.create(d.ware(1)))
			var keys []transform.Key
			for i := range 130 {
				keys = append(keys, d.keyOf(d.line(i, 1)))
				d.write(d.create(d.line(i, 1)))
			}
			fault := d.srv.Fault(rule)
			require.NoError(t, d.Renew(d.ctx, keys))
			require.NotZero(t, fault.Hits())
			for i := range 130 {
				d.shows(d.line(i, 1), "ware_name=ware1", "sold_out=0")
			}
		})
	}
}

// TestRenewGivesUp: a renewal that finds another item each time ends with its budget.
func TestRenewGivesUp(t *testing.T) {
	d := newShelf(t, false)
	d.write(d.create(d.ware(1)))
	d.write(d.create(d.line(1, 1)))
	keys := []transform.Key{d.keyOf(d.line(1, 1))}
	c := &interloper{Client: d.client}
	for range 100 {
		c.before = append(c.before, func() { require.NoError(t, d.Renew(d.ctx, keys)) })
	}
	err := d.with(c, Options{RetryBudget: 100 * time.Millisecond}).Renew(d.ctx, keys)
	requireRefused(t, err, store.ErrConflict, store.NotApplied)
}
