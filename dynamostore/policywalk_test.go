package dynamostore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// The records of the walk's contract.
type (
	account struct {
		ID    int64  `db:"id"`
		Name  string `db:"name"`
		Count int    `db:"count"`
	}
	note struct {
		Code  string `db:"code"`
		Owner string `db:"owner"`
		Body  string `db:"body"`
	}
	// A seat's item has another key in another row. Its guest is the code of a note.
	seat struct {
		ID    int64   `db:"id"`
		Row   string  `db:"row_name"`
		Place int64   `db:"place"`
		Guest *string `db:"guest"`
	}
	setting struct {
		Name  string `db:"name"`
		Value string `db:"value"`
		Ends  *int64 `db:"ends"`
	}
)

// A walk takes a service and its operator through every phase and records what
// they ask of DynamoDB. MySQL is in memory: what it is asked does not matter.
type walk struct {
	*testing.T
	*calls
	ctx      context.Context
	contract *transform.Contract
	mysql    *memstore.Store
	operator *migrationctl.Operator
	tables   *dynamostore.Store // the operator's
	service  *dynamostore.Store
	phase    store.Phase
	serial   int
	crowds   int
	kept     int64 // id of the last account
	seat     int64 // id of the last seat

	ctl      *migrationctl.Controller
	accounts *dal.Repository[account]
	notes    *dal.Repository[note]
	settings *dal.Repository[setting]
	seats    *dal.Repository[seat]
}

// quick are options under which no guard asks for hours.
func quick() *migrationctl.Options {
	return &migrationctl.Options{Who: "ann", MinPrimary: time.Nanosecond, MinQuiet: time.Nanosecond, MinMatched: 1}
}

var why = migrationctl.Change{Who: "ann", Reason: "walk", Force: true}

// walked runs f in a bubble of its own and returns what was called.
func walked(t *testing.T, f func(w *walk)) *calls {
	contract, err := transform.LoadFile("testdata/policy.json")
	require.NoError(t, err)
	c := &calls{t: t, prefix: "test-", server: dynamotest.Start(t), seen: map[need][][]store.Phase{}, served: map[string][]string{}}
	synctest.Test(t, func(t *testing.T) {
		w := &walk{T: t, calls: c, ctx: t.Context(), contract: contract, phase: store.MySQLOnly}
		c.t = t
		w.in(w.phase)
		w.mysql = memstore.New(contract, &memstore.Options{Name: "mysql"})
		w.tables, w.service = w.store(dynamostore.Operator), w.store(dynamostore.Service)
		w.operator, err = migrationctl.NewOperator(w.mysql, w.tables, quick())
		require.NoError(t, err)
		f(w)
	})
	return c
}

func (w *walk) store(party dynamostore.Party) *dynamostore.Store {
	s, err := dynamostore.New(w.client(party), w.contract, &dynamostore.Options{TablePrefix: w.prefix})
	require.NoError(w, err)
	return s
}

// begin does what an operator does before the service starts, and starts it.
func (w *walk) begin() {
	require.NoError(w, w.tables.Apply(w.ctx, nil, nil))
	require.NoError(w, w.operator.Init(w.ctx))
	w.open()
}

// open starts a process of the service.
func (w *walk) open() {
	var err error
	w.ctl, err = migrationctl.Open(w.ctx, w.mysql, w.service, quick())
	require.NoError(w, err)
	w.Cleanup(func() { _ = w.ctl.Close(context.Background()) })
	w.accounts, err = dal.NewRepository[account](w.ctl, "Accounts")
	require.NoError(w, err)
	w.notes, err = dal.NewRepository[note](w.ctl, "Notes")
	require.NoError(w, err)
	w.settings, err = dal.NewRepository[setting](w.ctl, "Settings")
	require.NoError(w, err)
	w.seats, err = dal.NewRepository[seat](w.ctl, "Seats")
	require.NoError(w, err)
}

func (w *walk) close() { require.NoError(w, w.ctl.Close(context.Background())) }

// step makes a step, by whoever makes it. What was begun under the phase before
// may still be under way for a while.
func (w *walk) step(to store.Phase, make func() error) {
	w.in(w.phase, to)
	require.NoError(w, make())
	time.Sleep(time.Second)
	w.phase = to
	w.in(to)
}

// set makes a step by the operator, who has to wait for the lease of a process
// that is dead.
func (w *walk) set(to store.Phase) {
	if w.phase.DynamoDBLeads() {
		record, err := w.service.Phase(w.ctx)
		require.NoError(w, err)
		require.NoError(w, w.service.Grant(w.ctx, "dead.1", record.Epoch, migrationctl.LeaseLength))
	}
	w.step(to, func() error { return w.operator.SetPhase(w.ctx, to, why) })
}

// use does everything that a service does in a phase, long enough for what runs
// in the background to come round.
func (w *walk) use() {
	w.serial++
	name := fmt.Sprint("name", w.serial)
	a := account{Name: name}
	require.NoError(w, w.accounts.Create(w.ctx, &a, dal.Token(name)))
	again := account{Name: name} // as after a lost reply: its refresh finds itself there
	require.NoError(w, w.accounts.Create(w.ctx, &again, dal.Token(name)))
	require.NoError(w, w.accounts.Update(w.ctx, w.accounts.Key(a.ID), func(a *account) error { a.Count++; a.Name += "!"; return nil }, dal.Token(name+"!")))
	require.ErrorIs(w, w.accounts.Create(w.ctx, &account{Name: name + "!"}), dal.ErrUnique)
	_, err := w.accounts.Get(w.ctx, w.accounts.Key(a.ID))
	require.NoError(w, err)
	kept := account{Name: name + "?"}
	require.NoError(w, w.accounts.Create(w.ctx, &kept))
	w.kept = kept.ID
	_, err = w.accounts.GetMany(w.ctx, []dal.Key{w.accounts.Key(a.ID), w.accounts.Key(kept.ID)})
	require.NoError(w, err)
	w.named(name+"!", a.ID)
	w.named(name + " that nobody has")
	require.NoError(w, w.accounts.Delete(w.ctx, w.accounts.Key(a.ID)))

	for _, n := range []note{{name, "ann", "one"}, {name + "b", "ann", "two"}} {
		require.NoError(w, w.notes.Create(w.ctx, &n))
		n.Body = "changed"
		require.NoError(w, w.notes.Put(w.ctx, &n, dal.Follow(dal.Async)))
	}
	_, err = w.notes.Get(w.ctx, w.notes.Key(name))
	require.NoError(w, err)
	_, err = w.notes.GetMany(w.ctx, []dal.Key{w.notes.Key(name), w.notes.Key(name + "b")})
	require.NoError(w, err)
	_, err = w.notes.Page(w.ctx, dal.Index("ByOwner").Equal("ann"), "", 2)
	require.NoError(w, err)
	require.NoError(w, w.notes.Delete(w.ctx, w.notes.Key(name+"b")))

	w.mark(name)
	for id := range int64(2) {
		id += int64(2 * w.serial)
		require.NoError(w, w.seats.Create(w.ctx, &seat{ID: id, Row: "first", Place: id, Guest: &name}))
		require.NoError(w, w.seats.Update(w.ctx, w.seats.Key(id), func(s *seat) error { s.Row = "last"; return nil }))
	}
	w.seat = int64(2 * w.serial)
	_, err = w.seats.Get(w.ctx, w.seats.Key(w.seat))
	require.NoError(w, err)
	_, err = w.seats.GetMany(w.ctx, []dal.Key{w.seats.Key(w.seat), w.seats.Key(w.seat + 1)})
	require.NoError(w, err)
	for _, query := range []dal.Query{dal.Index("ByPlace").Equal("last"), dal.Index("ByPlace").Equal("last").Exactly(w.seat)} {
		_, err = w.seats.Page(w.ctx, query, "", 2)
		require.NoError(w, err)
	}
	require.NoError(w, w.seats.Delete(w.ctx, w.seats.Key(w.seat+1)))

	s := setting{Name: name, Value: "on"}
	require.NoError(w, w.settings.Put(w.ctx, &s))
	require.NoError(w, w.settings.Update(w.ctx, w.settings.Key(name), func(s *setting) error { s.Value = "off"; return nil }))
	_, err = w.settings.Get(w.ctx, w.settings.Key(name))
	require.NoError(w, err)
	_, err = w.settings.GetMany(w.ctx, []dal.Key{w.settings.Key(name)})
	require.NoError(w, err)
	if w.phase.HasFollower() && !w.phase.DynamoDBLeads() {
		w.leave()
	}
	w.decide(name)
	time.Sleep(12 * time.Second)
}

// named asks who has a name.
func (w *walk) named(name string, want ...int64) {
	var ids []int64
	for a, err := range w.accounts.Query(w.ctx, dal.Index("NameIndex").Equal(name)) {
		require.NoError(w, err)
		ids = append(ids, a.ID)
	}
	require.Equal(w, want, ids)
}

// decide changes a setting upon what it reads of everything else, and a note upon the
// setting.
func (w *walk) decide(name string) {
	require.NoError(w, w.ctl.Atomically(w.ctx, func(ctx context.Context, tx *dal.Tx) error {
		_, errAccount := w.accounts.In(tx).Get(ctx, w.accounts.Key(w.kept))
		_, errNote := w.notes.In(tx).Get(ctx, w.notes.Key(name))
		_, errSeat := w.seats.In(tx).Get(ctx, w.seats.Key(w.seat))
		errSetting := w.settings.In(tx).Update(ctx, w.settings.Key(name), func(s *setting) error { s.Value = "decided"; return nil })
		return errors.Join(errAccount, errNote, errSeat, errSetting)
	}))
	require.NoError(w, w.ctl.Atomically(w.ctx, func(ctx context.Context, tx *dal.Tx) error {
		_, errSetting := w.settings.In(tx).Get(ctx, w.settings.Key(name))
		return errors.Join(errSetting, w.notes.In(tx).Update(ctx, w.notes.Key(name), func(n *note) error { n.Body = "decided"; return nil }))
	}))
}

// operate does what an operator does in any phase.
func (w *walk) operate() {
	_, err := w.operator.Status(w.ctx)
	require.NoError(w, err)
	_, err = w.operator.Audit(w.ctx, 10)
	require.NoError(w, err)
	_, _, err = w.operator.DeadLetters(w.ctx, 10)
	require.NoError(w, err)
	w.unsettle()
	_, err = w.tables.Plan(w.ctx)
	require.NoError(w, err)
	require.NoError(w, w.tables.Apply(w.ctx, nil, nil))
	_, err = w.tables.Verify(w.ctx)
	require.NoError(w, err)
	_, err = w.tables.Contents(w.ctx)
	require.NoError(w, err)
	w.allowed(w.operator.Backfill(w.ctx, migrationctl.BackfillOptions{Reverse: w.phase.DynamoDBLeads()}))
	if !w.phase.DynamoDBLeads() {
		w.lose()
	}
	w.confuse()
	_, err = w.operator.Verify(w.ctx, migrationctl.VerifyOptions{Repair: true})
	w.allowed(err)
	w.crowd()
	_, err = w.operator.Drain(w.ctx, nil)
	w.allowed(err)
}

// allowed accepts that something can't be done in the phase.
func (w *walk) allowed(err error) {
	if !errors.As(err, new(*migrationctl.RefusedError)) {
		require.NoError(w, err)
	}
}

// thereAndBack is the whole way.
func thereAndBack(w *walk) {
	w.begin()
	w.live()
	require.NoError(w, w.operator.CaptureOn(w.ctx, why))
	w.live()
	w.set(store.DualWrite)
	require.NoError(w, w.operator.Backfill(w.ctx, migrationctl.BackfillOptions{}))
	w.live()
	w.set(store.Validate)
	w.live()
	w.verify()
	w.set(store.DynamoDBPrimary)
	w.live()
	w.verify()
	w.set(store.DynamoDBOnly)
	w.use()
	w.operate()
	require.NoError(w, w.operator.CaptureOff(w.ctx, why))
	w.use()
	w.close()
	w.open()
	w.use()
	require.NoError(w, w.operator.CaptureOn(w.ctx, why))
	require.NoError(w, w.operator.Backfill(w.ctx, migrationctl.BackfillOptions{Reverse: true}))
	w.live()
	var followed int64 // an account that DynamoDB has, with the guard of its name
	for to := store.DynamoDBPrimary; to >= store.MySQLOnly; to-- {
		w.verify()
		followed = w.kept
		w.set(to)
		w.live()
	}
	require.NoError(w, w.operator.CaptureOff(w.ctx, why))
	require.NoError(w, w.accounts.Update(w.ctx, w.accounts.Key(followed), func(a *account) error { a.Name += "."; return nil }))
	require.NoError(w, w.operator.CaptureOn(w.ctx, why)) // now a backfill bumps
	w.use()
	w.operate()
	w.repairSeat()
	w.close()
}

// takenOver has a service finish what an operator that died has begun.
func takenOver(w *walk) {
	w.begin()
	require.NoError(w, w.operator.CaptureOn(w.ctx, why))
	for to := store.DualWrite; to <= store.Validate; to++ {
		w.set(to)
		require.NoError(w, w.operator.Backfill(w.ctx, migrationctl.BackfillOptions{}))
	}
	for _, to := range []store.Phase{4, 5, 4, 3} {
		w.use()
		w.verify()
		for n := range 4 {
			if w.dies(to, n) {
				break
			}
		}
		if w.phase != to {
			w.set(to)
		}
	}
	w.close()
}

// abandoned gives DynamoDB up, which then is back.
func abandoned(w *walk) {
	w.begin()
	require.NoError(w, w.operator.CaptureOn(w.ctx, why))
	for to := store.DualWrite; to <= store.DynamoDBPrimary; to++ {
		w.set(to)
		w.use()
		w.operate()
	}
	w.step(store.Validate, func() error { return w.operator.Abandon(w.ctx, why) })
	w.use()
	w.operate()
	w.close()
}

// dies has an operator die at a change of a record in a step, and reports
// whether the service made the step then.
func (w *walk) dies(to store.Phase, n int) bool {
	faults := faultstore.New()
	advances := 0
	faults.On(func(c faultstore.Call) bool {
		if c.Method == "Advance" {
			advances++
		}
		return advances > n
	}, faultstore.Crash)
	dynamo := faults.Store(w.tables).(migrationctl.DynamoDB)
	op, err := migrationctl.NewOperator(faults.Store(w.mysql), dynamo, quick())
	require.NoError(w, err)
	w.in(w.phase, to)
	_ = op.SetPhase(w.ctx, to, why)
	time.Sleep(20 * time.Second)
	now, err := w.operator.Phase(w.ctx)
	require.NoError(w, err)
	w.phase = now.Phase
	w.in(w.phase)
	return now.Phase == to
}
