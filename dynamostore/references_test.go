package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// families is a desk of the suite's contract of references, in process.
func families(t *testing.T) *desk {
	srv := dynamotest.Start(t)
	d := newDeskOf(t, NewClient(srv.Config(), &ClientOptions{AttemptTimeout: time.Minute}), storetest.FamilyContract(t))
	d.srv = srv
	return d
}

func (d *desk) person(id int, changes ...string) transform.Record {
	return d.record(d.contract.Entity("People"), append([]string{"person_id", strconv.Itoa(id)}, changes...)...)
}

func (d *desk) pet(owner int, name string, changes ...string) transform.Record {
	return d.record(d.contract.Entity("Pets"), append([]string{"owner_id", strconv.Itoa(owner), "name", name}, changes...)...)
}

func (d *desk) deed(id int, changes ...string) transform.Record {
	return d.record(d.contract.Entity("Deeds"), append([]string{"deed_id", strconv.Itoa(id)}, changes...)...)
}

// edgesTo returns the edges to a person, as "Pets.owner_id 1/rex".
func (d *desk) edgesTo(id int) []string {
	d.Helper()
	var all []string
	for _, f := range d.contract.Entity("People").ReferredBy() {
		keys, err := d.referring(d.ctx, "test", f, d.keyOf(d.person(id)))
		require.NoError(d, err)
		for _, key := range keys {
			require.Equal(d, f.Of().Name, key.Entity)
			all = append(all, key.Entity+"."+f.Field()+" "+key.ID)
		}
	}
	slices.Sort(all)
	return all
}

// where returns an edit of a record, which knows where its version and its mark are.
func (d *desk) where(r transform.Record) *edit {
	d.Helper()
	e, err := d.newEdit("test", d.places[r.Entity().Name], d.keyOf(r))
	require.NoError(d, err)
	return &e
}

// rawItem reads an item as it is, or a stand where items move.
func (d *desk) rawItem(r transform.Record) item {
	d.Helper()
	e := d.where(r)
	out, err := d.client.GetItem(d.ctx, &dynamodb.GetItemInput{TableName: &e.home.table, Key: e.key, ConsistentRead: aws.Bool(true)})
	require.NoError(d, err)
	return out.Item
}

// rawMark puts a mark on a record, as a deleter does that dies then.
func (d *desk) rawMark(r transform.Record, by string) {
	d.Helper()
	e := d.where(r)
	_, err := d.client.UpdateItem(d.ctx, &dynamodb.UpdateItemInput{TableName: &e.home.table, Key: e.key, UpdateExpression: aws.String("SET #m = :m"),
		ExpressionAttributeNames: map[string]string{"#m": attrMark}, ExpressionAttributeValues: item{":m": text(by)}})
	require.NoError(d, err)
}

// TestEdgesAreTheirRecords: whatever wrote, moved or deleted a record, what refers to
// a key is what its edges say.
func TestEdgesAreTheirRecords(t *testing.T) {
	d := families(t)
	d.write(d.create(d.person(1)), d.create(d.person(2)))
	d.write(d.create(d.pet(1, "rex", "sitter_id", "2")))
	d.write(d.create(d.person(3, "parent_id", "1")))
	d.write(d.replace(d.deed(1, "holder_id", "1", "witness_id", "1")))
	require.Equal(t, []string{"Deeds.holder_id 1", "Deeds.witness_id 1", "People.parent_id 3", "Pets.owner_id 1/rex"}, d.edgesTo(1))
	require.Equal(t, []string{"Pets.sitter_id 1/rex"}, d.edgesTo(2))
	d.write(d.update(d.deed(1), "holder_id", "2"))
	d.write(d.replace(d.person(3)))
	d.write(d.update(d.pet(1, "rex"), "chip", "7"))
	require.Equal(t, []string{"Deeds.witness_id 1", "Pets.owner_id 1/rex"}, d.edgesTo(1))
	d.write(d.remove(d.person(1)))
	require.Empty(t, d.edgesTo(1))
	require.Equal(t, []string{"Deeds.holder_id 1"}, d.edgesTo(2))
	d.write(d.remove(d.deed(1)))
	require.Empty(t, d.edgesTo(2))
}

// TestFollowerKeepsEdges: a refresh, one of several rows together and a backfill put
// them, and a refresh mends what is missing.
func TestFollowerKeepsEdges(t *testing.T) {
	d := families(t)
	row := func(r transform.Record, v store.Version) store.Row {
		return store.Row{Key: d.keyOf(r), Version: v, Live: true, Record: r}
	}
	put := func(r store.Row) {
		t.Helper()
		took, err := d.Put(d.ctx, store.At{}, r)
		require.NoError(t, err)
		require.True(t, took)
	}
	put(row(d.deed(1, "holder_id", "1"), 5))
	put(row(d.deed(1, "holder_id", "2"), 6))
	took, err := d.Put(d.ctx, store.At{}, row(d.deed(1, "holder_id", "1"), 5))
	require.NoError(t, err)
	require.False(t, took, "late")
	require.NoError(t, d.PutTogether(d.ctx, store.At{}, []store.Row{row(d.deed(2, "holder_id", "2"), 5), row(d.deed(3, "witness_id", "2"), 5)}))
	errs, err := d.Insert(d.ctx, []store.Row{row(d.deed(4, "holder_id", "2"), 0), row(d.deed(1, "holder_id", "1"), 0)})
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil}, errs)
	require.Empty(t, d.edgesTo(1))
	require.Equal(t, []string{"Deeds.holder_id 1", "Deeds.holder_id 2", "Deeds.holder_id 4", "Deeds.witness_id 3"}, d.edgesTo(2))
	put(store.Row{Key: d.keyOf(d.deed(2)), Version: 6})
	f := d.contract.Entity("Deeds").References[0]
	edges := d.edgesAt(f.Of(), row(d.deed(4, "holder_id", "2"), 0))
	require.NoError(t, d.libraryDelete(d.ctx, "test", edges[0].key))
	require.Equal(t, []string{"Deeds.holder_id 1", "Deeds.witness_id 3"}, d.edgesTo(2))
	put(row(d.deed(4, "holder_id", "2"), 7))
	require.Equal(t, []string{"Deeds.holder_id 1", "Deeds.holder_id 4", "Deeds.witness_id 3"}, d.edgesTo(2))
}

// TestMarksAreTakenAway: a delete that was refused leaves the item as it was.
func TestMarksAreTakenAway(t *testing.T) {
	d := families(t)
	d.write(d.create(d.person(1)), d.create(d.person(2, "parent_id", "1")), d.create(d.deed(1, "holder_id", "2")))
	one, two := d.rawItem(d.person(1)), d.rawItem(d.person(2))
	_, err := d.try(d.remove(d.person(1)))
	requireRefused(t, err, store.ErrReferenced, store.NotApplied)
	require.Equal(t, one, d.rawItem(d.person(1)))
	require.Equal(t, two, d.rawItem(d.person(2)))
	errEnough := errors.New("enough")
	d.write(d.remove(d.deed(1)))
	_, err = d.Write(d.ctx, d.at, store.Write{Mutations: []store.Mutation{d.remove(d.person(1))},
		Along: func([]store.Along) error { return errEnough }})
	require.Equal(t, errEnough, err)
	require.Equal(t, one, d.rawItem(d.person(1)))
	require.Equal(t, two, d.rawItem(d.person(2)))
}

// TestDeadDeleterBlocksNobody: a mark that nobody takes away is taken away by who
// meets it, and until then nothing of it can be seen.
func TestDeadDeleterBlocksNobody(t *testing.T) {
	d := families(t)
	d.write(d.create(d.person(1)), d.create(d.person(2)))
	d = d.with(d.client, Options{RetryBudget: 600 * time.Millisecond})
	d.rawMark(d.person(1), "dead")
	d.holds(d.person(1))
	d.write(d.create(d.pet(1, "rex")))
	require.NotContains(t, d.rawItem(d.person(1)), attrMark)
	d.rawMark(d.person(1), "dead too")
	d.write(d.remove(d.person(1)))
	require.False(t, d.row(d.pet(1, "rex")).Live)
	d.rawMark(d.person(2), "dead again")
	read := d.row(d.person(2))
	d.write(store.Mutation{Op: store.Check, Key: read.Key, Expect: &read}, d.create(d.pet(2, "rex")))
	d.rawMark(d.person(2), "and again")
	d.write(d.update(d.person(2), "name", "other"))
	require.NotContains(t, d.rawItem(d.person(2)), attrMark, "an update of the record itself waits for nobody")
}

// A meddler does something else before a query of its client, the one after skip.
type meddler struct {
	*dynamodb.Client
	skip   int
	before func()
}

func (m *meddler) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	m.skip--
	if do := m.before; do != nil && m.skip < 0 {
		m.before = nil
		do()
	}
	return m.Client.Query(ctx, in, opts...)
}

// TestNothingBeginsToReferToWhatIsMarked: a create that comes between the mark and
// the delete waits, and is refused when the record is gone.
func TestNothingBeginsToReferToWhatIsMarked(t *testing.T) {
	d := families(t)
	d.write(d.create(d.person(1)), d.create(d.person(2)))
	hasty := d.with(d.client, Options{RetryBudget: time.Millisecond})
	m := &meddler{Client: d.client}
	slow := d.with(m, Options{})
	m.before = func() {
		require.Contains(t, d.rawItem(d.person(1)), attrMark)
		_, err := hasty.try(d.create(d.pet(1, "rex")))
		requireRefused(t, err, store.ErrConflict, store.NotApplied)
	}
	slow.write(d.remove(d.person(1)))
	require.Nil(t, m.before)
	_, err := d.try(d.create(d.pet(1, "rex")))
	requireRefused(t, err, store.ErrNoTarget, store.NotApplied)
}

// TestDeleteWithoutItsMark: a delete whose mark was taken away looks again, so that
// what began to refer to the record meanwhile goes along.
func TestDeleteWithoutItsMark(t *testing.T) {
	for name, meddle := range map[string]func(d *desk){
		"taken away": func(d *desk) {
			b := budget{total: time.Second}
			require.NoError(d, d.unmark(d.ctx, "test", d.where(d.person(1)).markBy(markOf(d.rawItem(d.person(1)))), &b))
		},
		"replaced": func(d *desk) { d.rawMark(d.person(1), "another's") },
		"lost in an update": func(d *desk) {
			d.write(d.update(d.person(1), "name", "other"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := families(t)
			d.T = t
			d.write(d.create(d.person(1)))
			// At the last query that the delete makes: those for pets were before.
			m := &meddler{Client: d.client, skip: len(d.contract.Entity("People").ReferredBy()) - 1}
			slow := d.with(m, Options{RetryBudget: 2 * time.Second})
			other := d.with(d.client, Options{RetryBudget: 50 * time.Millisecond})
			m.before = func() {
				meddle(other)
				if name != "replaced" {
					other.write(d.create(d.pet(1, "rex")))
				}
			}
			slow.write(d.remove(d.person(1)))
			require.Nil(t, m.before)
			require.False(t, d.row(d.person(1)).Live)
			require.False(t, d.row(d.pet(1, "rex")).Live)
			require.Empty(t, d.edgesTo(1))
		})
	}
}

// TestRepliesOfADeleteAreLost: each in turn, of the mark, of the delete. It is made
// once, and no mark stays.
func TestRepliesOfADeleteAreLost(t *testing.T) {
	for n := 1; n <= 4; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			d := families(t)
			d.T = t
			d.write(d.create(d.person(1)), d.create(d.person(2, "parent_id", "1")), d.create(d.pet(2, "rex")), d.create(d.deed(1, "witness_id", "2")))
			d = d.with(NewClient(d.srv.Config(), &ClientOptions{Attempts: 1, AttemptTimeout: time.Minute}), Options{})
			fault := d.srv.Fault(dynamotest.OnOperation("TransactWriteItems").Nth(n).LoseReply())
			d.write(d.remove(d.person(1)))
			if n <= 3 {
				require.Equal(t, 1, fault.Hits())
			}
			for _, r := range []transform.Record{d.person(1), d.person(2), d.pet(2, "rex")} {
				require.False(t, d.row(r).Live)
				require.NotContains(t, d.rawItem(r), attrMark)
			}
			d.holds(d.deed(1))
			require.Empty(t, d.edgesTo(2))
		})
	}
}

// TestNoReferenceNoTransaction: a record that refers to nothing is one request, bare.
func TestNoReferenceNoTransaction(t *testing.T) {
	d := families(t).bare()
	fault := d.srv.Fault(dynamotest.OnOperation("TransactWriteItems").InternalError())
	d.write(d.create(d.person(1)))
	d.write(d.update(d.person(1), "name", "other"))
	require.Zero(t, fault.Hits())
}

// TestDeletesThatTakeEachOtherAlong: both records go, and one of the deletes finds
// nothing any more.
func TestDeletesThatTakeEachOtherAlong(t *testing.T) {
	d := families(t)
	other := d.with(d.client, Options{})
	for round := range 10 {
		one, two := d.person(2*round+1), d.person(2*round+2)
		d.write(d.create(one), d.create(two))
		d.write(d.update(one, "parent_id", strconv.Itoa(2*round+2)), d.update(two, "parent_id", strconv.Itoa(2*round+1)))
		failed := make(chan error, 1)
		go func() {
			_, err := other.try(d.remove(two))
			failed <- err
		}()
		_, err := d.try(d.remove(one))
		for _, err := range []error{err, <-failed} {
			if err != nil {
				requireRefused(t, err, store.ErrNotFound, store.NotApplied)
			}
		}
		require.False(t, d.row(one).Live || d.row(two).Live)
		require.NotContains(t, d.rawItem(one), attrMark)
	}
}
