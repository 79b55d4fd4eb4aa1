package dal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// A copyFixture is a fixture of storetest.CopyContract, whose records the tests write as
// the stores know them.
type copyFixture struct {
	*fixture
	*testing.T
}

func newCopyFixture(t *testing.T, phase dal.Phase) *copyFixture {
	t.Helper()
	return &copyFixture{newFixtureOf(t, storetest.CopyContract(t), phase, dal.RouterOptions{}, faultstore.New()), t}
}

// rec returns a record of an entity. Of its columns "name=value" are set.
func (f *copyFixture) rec(entity string, columns ...string) transform.Record {
	f.Helper()
	rec := f.contract.Entity(entity).NewRecord()
	for _, c := range columns {
		name, text, _ := strings.Cut(c, "=")
		i := rec.Entity().ColumnIndex(name)
		v, err := rec.Entity().Columns[i].Parse(text)
		require.NoError(f, err)
		rec.SetAt(i, v)
	}
	return rec
}

func (f *copyFixture) section(id int, columns ...string) transform.Record {
	f.Helper()
	return f.rec("Sections", append([]string{fmt.Sprint("section_id=", id)}, columns...)...)
}

func (f *copyFixture) ware(number int, columns ...string) transform.Record {
	f.Helper()
	return f.rec("Wares", append([]string{"shop=s", fmt.Sprint("number=", number), "name=pen", "sold_out=0", "stock=1"}, columns...)...)
}

func (f *copyFixture) basket(line int, columns ...string) transform.Record {
	f.Helper()
	return f.rec("Baskets", append([]string{"basket_id=1", fmt.Sprint("line=", line), "quantity=1"}, columns...)...)
}

func keyOf(t testing.TB, rec transform.Record) transform.Key {
	t.Helper()
	key, err := rec.Key()
	require.NoError(t, err)
	return key
}

// save puts records into the store that leads, each in a write of its own.
func (f *copyFixture) save(records ...transform.Record) {
	f.Helper()
	for _, rec := range records {
		op := store.Update
		lead, _ := f.leads(f.Context())
		row, err := lead.Get(f.Context(), store.At{Captured: true}, keyOf(f, rec))
		require.NoError(f, err)
		if !row.Live {
			op = store.Create
		}
		f.write(store.Mutation{Op: op, Key: keyOf(f, rec), Record: rec, Modify: func(now transform.Record) error {
			for i := range now.Entity().Columns {
				now.SetAt(i, rec.At(i))
			}
			return nil
		}})
	}
}

func (f *copyFixture) write(m ...store.Mutation) {
	f.Helper()
	lead, _ := f.leads(f.Context())
	now, err := f.snapshot(f.Context())
	require.NoError(f, err)
	_, err = lead.Write(f.Context(), store.At{Epoch: now.Epoch, Captured: now.Capture, Lease: now.Lease}, store.Write{Mutations: m})
	require.NoError(f, err)
}

// marks returns the fan-out marks of the store that leads.
func (f *copyFixture) marks() []store.FanOut {
	f.Helper()
	lead, _ := f.leads(f.Context())
	var all []store.FanOut
	for shard := range lead.Shards() {
		page, err := lead.FanOuts(f.Context(), store.DirtyRange{Shard: shard, Limit: 1000})
		require.NoError(f, err)
		all = append(all, page.Marks...)
	}
	return all
}

// carryOut carries out every mark.
func (f *copyFixture) carryOut() {
	f.Helper()
	lead, _ := f.leads(f.Context())
	for _, m := range f.marks() {
		require.NoError(f, dal.CarryOut(f.Context(), lead, m))
	}
	require.Empty(f, f.marks())
}

// shows requires what the item of DynamoDB at a record's key has of others: "" is nothing.
func (f *copyFixture) shows(rec transform.Record, want map[string]string) {
	f.Helper()
	require.Equal(f, want, f.copiesOf(rec))
}

func (f *copyFixture) copiesOf(rec transform.Record) map[string]string {
	f.Helper()
	all, err := f.dynamo.Copies(f.Context(), []transform.Key{keyOf(f, rec)})
	require.NoError(f, err)
	return f.texts(all[0])
}

func (f *copyFixture) texts(rec transform.Record) map[string]string {
	got := map[string]string{}
	if rec.IsZero() {
		return nil
	}
	for _, h := range rec.Entity().Copies() {
		got[rec.Entity().Columns[h.Column].Name] = rec.At(h.Column).Text()
	}
	return got
}

// TestWithCopies: a row's copies are what it refers to has, of all rows in one batch; what
// is not live, or has no copies, is as it was.
func TestWithCopies(t *testing.T) {
	f := newCopyFixture(t, dal.MySQLOnly)
	f.save(f.section(1, "name=desk"), f.section(2, "name=below", "above_id=1"),
		f.ware(1, "price=1.50", "section_id=1"), f.ware(2, "sold_out=1", "section_id=2"))
	one, two := f.basket(1, "shop=s", "number=1"), f.basket(2, "shop=s", "number=2")
	none := f.basket(3)
	var rows []store.Row
	for _, rec := range []transform.Record{one, two, none, f.ware(1, "section_id=1"), f.section(2, "above_id=1"), f.section(1)} {
		rows = append(rows, store.Row{Key: keyOf(t, rec), Version: 7, Live: true, Record: rec})
	}
	rows = append(rows, store.Row{Key: keyOf(t, f.basket(9)), Version: 8, Tombstone: true})
	reads := &batches{Reader: f.mysql}
	filled, err := dal.WithCopies(t.Context(), reads, rows...)
	require.NoError(t, err)
	require.Equal(t, []int{3}, reads.sizes, "each record once, in one batch")
	for i, want := range []map[string]string{
		{"ware_name": "pen", "ware_price": "1.50", "sold_out": "0"},
		{"ware_name": "pen", "ware_price": "", "sold_out": "1"},
		{"ware_name": "", "ware_price": "", "sold_out": ""},
		{"section_name": "desk"}, {"above_name": "desk"}, {"above_name": "none"},
	} {
		require.Equal(t, want, f.texts(filled[i].Record), i)
		require.EqualValues(t, 7, filled[i].Version)
	}
	require.Equal(t, rows[6], filled[6])
	require.True(t, one.At(one.Entity().ColumnIndex("ware_name")).IsNull(), "what was given stays as it is")
}

// batches counts the keys of each GetMany, and asks for nothing else.
type batches struct {
	store.Reader
	sizes []int
}

func (b *batches) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	b.sizes = append(b.sizes, len(keys))
	return b.Reader.GetMany(ctx, at, keys)
}

// unreadable answers a GetMany with rows that can't be read.
type unreadable struct {
	store.Authority
	of string
}

func (u unreadable) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	rows, err := u.Authority.GetMany(ctx, at, keys)
	for i := range rows {
		if rows[i].Key.Entity == u.of {
			rows[i].Record, rows[i].Err = transform.Record{}, &transform.ValueError{Entity: u.of, Column: "name", Reason: "is no text"}
		}
	}
	return rows, err
}

// TestWithCopiesUnread: a record that can't be read hides nobody who shows it: their items
// have no copy of it until it is mended, which leaves a mark.
func TestWithCopiesUnread(t *testing.T) {
	f := newCopyFixture(t, dal.DualWrite)
	f.save(f.section(1, "name=desk"), f.ware(1, "section_id=1"), f.ware(2))
	spoilt := unreadable{f.mysql, "Sections"}
	read, err := f.mysql.GetMany(t.Context(), store.At{Captured: true}, []transform.Key{keyOf(t, f.ware(1)), keyOf(t, f.ware(2))})
	require.NoError(t, err)
	rows, err := dal.WithCopies(t.Context(), spoilt, read...)
	require.NoError(t, err)
	require.NoError(t, rows[0].Err)
	require.Equal(t, map[string]string{"section_name": ""}, f.texts(rows[0].Record))

	r := dal.NewRefresher(spoilt, f.dynamo, nil)
	require.NoError(t, r.Refresh(t.Context(), store.Change{Keys: []store.KeyVersion{{Key: read[0].Key}, {Key: read[1].Key}}}))
	f.shows(f.ware(1), map[string]string{"section_name": ""})
}

// TestCarryOutTogether: the own keys of many marks are renewed at once, and one that can't
// be keeps back no other. A key of another contract is passed over.
func TestCarryOutTogether(t *testing.T) {
	f := newCopyFixture(t, dal.DynamoDBOnly)
	f.save(f.section(1, "name=desk"))
	f.carryOut()
	f.save(f.ware(1, "section_id=1"), f.ware(2, "section_id=1"), f.ware(3, "section_id=1"))
	marks := f.marks()
	require.Len(t, marks, 3)
	marks[0].Own = append(marks[0].Own, transform.Key{Entity: "Gone", ID: "1"}, transform.Key{Entity: "Wares", ID: "1"})
	s := &steps{Authority: f.dynamo}
	require.NoError(t, dal.CarryOut(t.Context(), s, marks...))
	require.Equal(t, "renew 3", s.calls[0])
	require.Empty(t, f.marks())
	for n := 1; n <= 3; n++ {
		f.shows(f.ware(n), map[string]string{"section_name": "desk"})
	}

	f.save(f.ware(4, "section_id=1"), f.ware(5, "section_id=1"))
	marks = f.marks()
	stuck := marks[0].Own[0]
	err := dal.CarryOut(t.Context(), sticks{f.dynamo, stuck}, marks...)
	require.ErrorIs(t, err, store.ErrConflict)
	require.Equal(t, []store.FanOut{marks[0]}, aged(f.marks(), marks[0].Age))
}

// sticks renews everything but one key.
type sticks struct {
	store.Authority
	key transform.Key
}

func (s sticks) Renew(ctx context.Context, keys []transform.Key) error {
	for _, key := range keys {
		if key == s.key {
			return &store.Error{Op: "renew", Kind: store.ErrConflict, Outcome: store.NotApplied}
		}
	}
	return s.Authority.Renew(ctx, keys)
}

func aged(marks []store.FanOut, age int64) []store.FanOut {
	for i := range marks {
		marks[i].Age = age
	}
	return marks
}

// TestCopiesFollow: in each phase with two stores, and with DynamoDB alone, the items show
// what the records that they refer to are, once changes and marks have been carried out.
func TestCopiesFollow(t *testing.T) {
	for phase := dal.DualWrite; phase <= dal.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) {
			f := newCopyFixture(t, phase)
			settle := func() {
				t.Helper()
				f.carryOut()
				if phase.HasFollower() {
					f.drain(t)
				}
			}
			basket := f.basket(1, "shop=s", "number=1")
			f.save(f.section(1, "name=desk"), f.section(2, "name=shelf"), f.ware(1, "section_id=1"), f.ware(2, "name=ink"), basket)
			settle()
			f.shows(basket, map[string]string{"ware_name": "pen", "ware_price": "", "sold_out": "0"})
			f.shows(f.ware(1), map[string]string{"section_name": "desk"})

			f.save(f.section(1, "name=table"), f.ware(1, "name=pencil", "price=2", "section_id=1"))
			settle()
			f.shows(basket, map[string]string{"ware_name": "pencil", "ware_price": "2.00", "sold_out": "0"})
			f.shows(f.ware(1), map[string]string{"section_name": "table"})

			f.save(f.ware(1, "name=pencil", "price=2", "section_id=2"), f.basket(1, "shop=s", "number=2"))
			settle()
			f.shows(basket, map[string]string{"ware_name": "ink", "ware_price": "", "sold_out": "0"})
			f.shows(f.ware(1), map[string]string{"section_name": "shelf"})

			f.write(store.Mutation{Op: store.Delete, Key: keyOf(t, f.section(2))})
			settle()
			f.shows(f.ware(1), map[string]string{"section_name": ""})
			f.write(store.Mutation{Op: store.Delete, Key: keyOf(t, f.ware(2))})
			settle()
			f.shows(basket, nil)
		})
	}
}

// TestSwapsHaveCopies: keys that exchange unique values are put with their copies.
func TestSwapsHaveCopies(t *testing.T) {
	f := newCopyFixture(t, dal.DualWrite)
	f.save(f.section(1, "name=desk"), f.ware(1, "section_id=1"), f.ware(2, "section_id=1"))
	holder := keyOf(t, f.ware(2))
	first := true
	follower := &collides{Store: f.dynamo, err: func() error {
		if !first {
			return nil
		}
		first = false
		return &store.Error{Op: "put", Kind: store.ErrUnique, Outcome: store.NotApplied, Holder: holder}
	}}
	require.NoError(t, dal.NewRefresher(f.mysql, follower, nil).RefreshKey(t.Context(), keyOf(t, f.ware(1))))
	require.False(t, first)
	f.shows(f.ware(1), map[string]string{"section_name": "desk"})
	f.shows(f.ware(2), map[string]string{"section_name": "desk"})
}

type collides struct {
	store.Store
	err func() error
}

func (c *collides) Put(ctx context.Context, at store.At, row store.Row) (bool, error) {
	if err := c.err(); err != nil {
		return false, err
	}
	return c.Store.Put(ctx, at, row)
}

// A steps notes what carrying out a mark asks the authority for, and fails call n.
type steps struct {
	store.Authority
	mu    sync.Mutex // marks are cleaned at the same time
	calls []string
	fail  int
}

var errStep = errors.New("the step fails")

func (s *steps) step(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, name)
	if len(s.calls) == s.fail {
		return errStep
	}
	return nil
}

func (s *steps) Dependents(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
	if err := s.step(fmt.Sprintf("dependents of %s by %s.%s after %q", r.To.ID, r.By.Of().Name, r.By.Field(), r.After)); err != nil {
		return store.DependentsPage{}, err
	}
	return s.Authority.Dependents(ctx, r)
}

func (s *steps) Renew(ctx context.Context, keys []transform.Key) error {
	if err := s.step(fmt.Sprintf("renew %d", len(keys))); err != nil {
		return err
	}
	return s.Authority.Renew(ctx, keys)
}

func (s *steps) Reach(ctx context.Context, f store.FanOut, reached string) error {
	if err := s.step("reach"); err != nil {
		return err
	}
	return s.Authority.Reach(ctx, f, reached)
}

func (s *steps) CleanFanOut(ctx context.Context, f store.FanOut) error {
	if err := s.step("clean"); err != nil {
		return err
	}
	return s.Authority.CleanFanOut(ctx, f)
}

// TestCarryOutInOrder: every page is renewed before the mark is cleaned, and whatever
// fails, the mark stays, and what has been reached is not done again.
func TestCarryOutInOrder(t *testing.T) {
	all := []string{
		`dependents of 1 by Sections.above_id after ""`, "renew 1",
		`dependents of 1 by Wares.section_id after ""`, "renew 100", "reach",
		`dependents of 1 by Wares.section_id after "s#0000000100"`, "renew 100", "reach",
		`dependents of 1 by Wares.section_id after "s#0000000200"`, "renew 50",
		"clean",
	}
	for fail := 0; fail <= len(all); fail++ {
		f := newCopyFixture(t, dal.DualWrite)
		f.save(f.section(1, "name=desk"), f.section(2, "above_id=1"))
		for n := range 250 {
			f.save(f.ware(n+1, "section_id=1"))
		}
		f.save(f.section(1, "name=table"))
		require.Len(t, f.marks(), 1)
		s := &steps{Authority: f.mysql, fail: fail}
		err := dal.CarryOut(t.Context(), s, f.marks()[0])
		if fail == 0 {
			require.NoError(t, err)
			require.Len(t, s.calls, len(all))
			for i, call := range s.calls {
				require.Equal(t, strings.SplitAfter(all[i], "after ")[0], strings.SplitAfter(call, "after ")[0])
			}
			all = s.calls
			require.Empty(t, f.marks())
			continue
		}
		require.ErrorIs(t, err, errStep)
		require.Equal(t, all[:fail], s.calls)
		require.Len(t, f.marks(), 1, "the mark stays")
		again := &steps{Authority: f.mysql}
		require.NoError(t, dal.CarryOut(t.Context(), again, f.marks()[0]))
		from := 0
		if fail > 5 {
			from = 5
		}
		if fail > 8 {
			from = 8
		}
		require.Equal(t, all[from:], again.calls, "after a failure of %s", all[fail-1])
		require.Empty(t, f.marks())
	}
}

// TestCarryOutOwn: what has come to refer to others is renewed itself.
func TestCarryOutOwn(t *testing.T) {
	f := newCopyFixture(t, dal.DynamoDBOnly)
	f.save(f.section(1, "name=desk"))
	f.carryOut()
	f.save(f.ware(1, "section_id=1"))
	require.Len(t, f.marks(), 1)
	s := &steps{Authority: f.dynamo}
	require.NoError(t, dal.CarryOut(t.Context(), s, f.marks()[0]))
	require.Equal(t, []string{"renew 1", "clean"}, s.calls)
	f.shows(f.ware(1), map[string]string{"section_name": "desk"})
}
