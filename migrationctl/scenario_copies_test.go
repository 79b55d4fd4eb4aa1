package migrationctl_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// The records of storetest.CopyContract. Fields of the second block are joined, and items
// have copies of them.
type (
	Section struct {
		ID    int64   `db:"section_id"`
		Name  *string `db:"name"`
		Above *int64  `db:"above_id"`

		AboveName *string `db:"above_name"`
	}
	Ware struct {
		Shop    string  `db:"shop"`
		Number  int64   `db:"number"`
		Name    string  `db:"name"`
		Price   *string `db:"price"`
		SoldOut bool    `db:"sold_out"`
		Stock   int64   `db:"stock"`
		Section *int64  `db:"section_id"`

		SectionName *string `db:"section_name"`
	}
	BasketLine struct {
		Basket   int64   `db:"basket_id"`
		Line     int64   `db:"line"`
		Shop     *string `db:"shop"`
		Number   *int64  `db:"number"`
		Quantity int64   `db:"quantity"`

		WareName  *string `db:"ware_name"`
		WarePrice *string `db:"ware_price"`
	}
)

// A mall is a process over a world of CopyContract.
type mall struct {
	*process
	w        *world
	sections *dal.Repository[Section]
	wares    *dal.Repository[Ware]
	baskets  *dal.Repository[BasketLine]
	last     int // the number in the ware's name
}

func newMall(t *testing.T, w *world, p *process, over dal.Group) *mall {
	t.Helper()
	sections, err := dal.NewRepository[Section](over, "Sections")
	require.NoError(t, err)
	wares, err := dal.NewRepository[Ware](over, "Wares")
	require.NoError(t, err)
	baskets, err := dal.NewRepository[BasketLine](over, "Baskets")
	require.NoError(t, err)
	return &mall{process: p, w: w, sections: sections, wares: wares, baskets: baskets}
}

// openMall starts a process.
func (w *world) openMall(t *testing.T, opts *migrationctl.Options) *mall {
	t.Helper()
	p := w.open(t, opts)
	return newMall(t, w, p, p.Controller)
}

// The options of a mall: its relay carries out marks, or whoever the test has for it.
func busy() *migrationctl.Options {
	o := leading()
	o.RelayPoll = 20 * time.Millisecond
	return o
}

func idle() *migrationctl.Options {
	o := leading()
	o.RelayPoll = time.Hour
	return o
}

// eachMall plays the scenario in memory, and on MariaDB or MySQL with every DynamoDB
// engine that is there. MySQL has a ware that so many baskets show, as a service had it.
func eachMall(t *testing.T, lines int, play func(t *testing.T, w *world)) {
	eachWorldOf(t, storetest.CopyContract(t), func(t *testing.T, w *world) {
		w.stock(t, lines)
		play(t, w)
	})
}

func (w *world) stock(t *testing.T, lines int) {
	t.Helper()
	bare := dal.Standalone(w.contract, w.mysql)
	defer bare.Close()
	m := newMall(t, w, nil, bare)
	require.NoError(t, m.sections.Create(t.Context(), &Section{ID: 1, Name: text("tools")}))
	require.NoError(t, m.sections.Create(t.Context(), &Section{ID: 2, Name: text("saws"), Above: number(1)}))
	for n := range int64(2) {
		require.NoError(t, m.wares.Create(t.Context(), &Ware{Shop: "s", Number: 1 + n, Name: "name 0", Price: text("10.50"), Section: number(1)}))
	}
	for n := range int64(lines) {
		require.NoError(t, m.baskets.Create(t.Context(), &BasketLine{Basket: n / 100, Line: n % 100, Shop: text("s"), Number: number(1), Quantity: 1}))
	}
}

// rename renames the ware that the baskets show.
func (m *mall) rename(t testing.TB) {
	t.Helper()
	m.last++
	require.NoError(t, m.wares.Update(context.Background(), m.wares.Key("s", 1), func(w *Ware) error {
		w.Name, w.Price = fmt.Sprint("name ", m.last), text("%d.50", m.last)
		return nil
	}))
}

// storedCopies returns the copies that DynamoDB's items have, as text, and what they should be:
// what dal.WithCopies makes of the store that leads.
func (w *world) storedCopies(t testing.TB) (stored, want map[string]string) {
	t.Helper()
	stored, want = map[string]string{}, map[string]string{}
	from := store.Store(w.mysql)
	if r, err := w.operator(t).Phase(context.Background()); err == nil && r.Phase.DynamoDBLeads() {
		from = w.dynamo
	}
	for _, e := range w.contract.Entities {
		after := ""
		for {
			page, err := from.Scan(context.Background(), store.At{Captured: true}, store.Range{Entity: e, After: after, Limit: 100})
			require.NoError(t, err)
			rows, err := dal.WithCopies(context.Background(), from, slices.DeleteFunc(page.Rows, func(r store.Row) bool { return !r.Live })...)
			require.NoError(t, err)
			keys := make([]transform.Key, len(rows))
			for i, row := range rows {
				keys[i] = row.Key
			}
			there, err := w.dynamo.Copies(context.Background(), keys)
			require.NoError(t, err)
			for i, row := range rows {
				for _, h := range e.Copies() {
					name := e.Name + " " + row.Key.ID + " " + e.Columns[h.Column].Name
					want[name] = row.Record.At(h.Column).Text()
					require.False(t, there[i].IsZero(), name)
					stored[name] = there[i].At(h.Column).Text()
				}
			}
			if after = page.Next; after == "" {
				break
			}
		}
	}
	return stored, want
}

func (w *world) requireCopies(t testing.TB, about string) {
	t.Helper()
	stored, want := w.storedCopies(t)
	require.NotEmpty(t, want)
	require.Equal(t, want, stored, about)
}

// shows requires of a basket's item that it shows the ware's last name.
func (m *mall) shows(t testing.TB, basket, line int64, about string) {
	t.Helper()
	e := m.w.contract.Entity("Baskets")
	key, err := e.KeyOf(basket, line)
	require.NoError(t, err)
	there, err := m.w.dynamo.Copies(context.Background(), []transform.Key{key})
	require.NoError(t, err)
	require.False(t, there[0].IsZero(), about)
	v, _ := there[0].Get("ware_name")
	require.Equal(t, fmt.Sprint("name ", m.last), v.Text(), about)
}

// fannedOut waits until the relays have brought over everything.
func (m *mall) fannedOut(t testing.TB) {
	t.Helper()
	var s migrationctl.Status
	var err error
	done := func() bool {
		s, err = m.Status(context.Background())
		require.NoError(t, err)
		// In phase 5 nobody brings over what is captured.
		return s.FanOuts == 0 && (s.Dirty == 0 || s.Phase == store.DynamoDBOnly)
	}
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "phase %d: %d fan-outs and %d changes wait", s.Phase, s.FanOuts, s.Dirty)
	}
}

// TestCopiesFollow: a ware is renamed that 120 baskets show, more than a page. Their items follow in each
// phase, by the relays or by a drain, and a verify finds nothing.
func TestCopiesFollow(t *testing.T) {
	for name, options := range map[string]*migrationctl.Options{"relay": busy(), "drain": idle()} {
		t.Run(name, func(t *testing.T) {
			eachMall(t, 120, func(t *testing.T, w *world) {
				m := w.openMall(t, options)
				m.walk(t, func(phase store.Phase) {
					m.rename(t)
					about := fmt.Sprint("phase ", phase)
					got, err := m.baskets.Get(t.Context(), m.baskets.Key(int64(1), int64(19)))
					require.NoError(t, err)
					require.Equal(t, fmt.Sprint("name ", m.last), *got.WareName, about)
					if phase == store.MySQLOnly {
						return
					}
					if name == "drain" {
						s, err := m.Status(t.Context())
						require.NoError(t, err)
						require.EqualValues(t, 1, s.FanOuts, about)
						report, err := m.Drain(t.Context(), nil)
						require.NoError(t, err)
						require.EqualValues(t, 1, report.FannedOut, about)
					}
					if name == "relay" {
						m.fannedOut(t)
					}
					m.shows(t, 0, 0, about)
					m.shows(t, 1, 19, about)
					w.requireCopies(t, about)
					m.verified(t)
				}, func() error { time.Sleep(10 * time.Millisecond); return nil })
				w.requireEqualStores(t)
			})
		})
	}
}

// TestScenario23ItemsShowTheSection: a section is renamed in each phase. The sections below
// it and the wares in it show the new name, found by their ids, and so do their items once
// they have followed.
func TestScenario23ItemsShowTheSection(t *testing.T) {
	play := func(t *testing.T, w *world) {
		w.stock(t, 0)
		m, last := w.openMall(t, busy()), 0
		rename := func() error {
			last++
			return m.sections.Update(context.Background(), m.sections.Key(int64(1)), func(s *Section) error { s.Name = text("section %d", last); return nil })
		}
		m.walk(t, func(phase store.Phase) {
			about := fmt.Sprint("phase ", phase)
			require.NoError(t, rename(), about)
			below, err := m.sections.Get(t.Context(), m.sections.Key(int64(2)))
			require.NoError(t, err)
			require.Equal(t, text("section %d", last), below.AboveName, about)
			for n := range int64(2) {
				ware, err := m.wares.Get(t.Context(), m.wares.Key("s", 1+n))
				require.NoError(t, err)
				require.Equal(t, text("section %d", last), ware.SectionName, about)
			}
			if phase == store.MySQLOnly {
				return
			}
			m.fannedOut(t)
			stored, _ := w.storedCopies(t)
			shown := 0
			for _, name := range stored {
				if name == *text("section %d", last) {
					shown++
				}
			}
			require.Equal(t, 3, shown, "%s: %v", about, stored)
		}, func() error { time.Sleep(10 * time.Millisecond); return nil })
	}
	eachWorldOf(t, storetest.CopyContract(t), play)
}

// TestCopiesUnderLoad: wares and sections are renamed, baskets come, move and go, while
// the phase goes from 1 to 5 and back. In the end every copy is as what it is of.
func TestCopiesUnderLoad(t *testing.T) {
	eachMall(t, 20, func(t *testing.T, w *world) {
		m := w.openMall(t, busy())
		var mu sync.Mutex
		n := int64(0)
		churn := func() error {
			mu.Lock()
			defer mu.Unlock()
			n++
			ctx, line := context.Background(), m.baskets.Key(int64(0), n%10)
			time.Sleep(5 * time.Millisecond)
			if err := m.wares.Update(ctx, m.wares.Key("s", 1+n%2), func(x *Ware) error {
				x.Name, x.Stock = fmt.Sprint("churn ", n), n
				return nil
			}); err != nil {
				return err
			}
			if err := m.baskets.Update(ctx, line, func(l *BasketLine) error { l.Number = number(1 + n%3%2); return nil }); err != nil {
				return err
			}
			switch n % 4 {
			case 0:
				return m.sections.Update(ctx, m.sections.Key(int64(1)), func(s *Section) error { s.Name = text("section %d", n); return nil })
			case 1:
				return m.baskets.Put(ctx, &BasketLine{Basket: 7, Line: n, Shop: text("s"), Number: number(2)})
			case 2:
				return m.baskets.Delete(ctx, m.baskets.Key(int64(7), n-1))
			}
			return m.wares.Put(ctx, &Ware{Shop: "s", Number: 2, Name: fmt.Sprint("put ", n), Section: number(2)})
		}
		m.walk(t, func(phase store.Phase) {
			for range 8 {
				require.NoError(t, churn())
			}
			if phase != store.MySQLOnly {
				m.fannedOut(t)
				w.requireCopies(t, fmt.Sprint("phase ", phase))
			}
		}, churn)
		m.stepUnder(t, store.MySQLOnly, churn)
		require.NoError(t, churn())
		m.stepUnder(t, store.DualWrite, churn)
		m.fannedOut(t)
		m.verified(t)
		w.requireCopies(t, "in the end")
		w.requireEqualStores(t)
	})
}

// TestKilledCarryingOut: a process dies in the middle of a mark. Another one goes on there
// and does not begin anew.
func TestKilledCarryingOut(t *testing.T) {
	for phase := store.DualWrite; phase <= store.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) {
			eachMall(t, 300, func(t *testing.T, w *world) {
				first := w.openMall(t, idle())
				first.arrive(t, phase)
				first.rename(t)
				renewals := 0
				alive, die := context.WithCancel(t.Context())
				w.faults.On(func(c faultstore.Call) bool {
					if c.Method == "Renew" {
						renewals++
					}
					if renewals == 2 {
						die() // a drain waits for stores that are away
					}
					return renewals == 2
				}, faultstore.Crash)
				_, err := first.Drain(alive, nil)
				require.Error(t, err)
				require.Error(t, first.Close(context.Background()), "the process is dead")
				w.faults.Restart()
				calls := w.faults.Count()
				second := w.openMall(t, busy())
				second.last = first.last
				second.fannedOut(t)
				seen := make(map[transform.Key]bool)
				for _, c := range w.faults.Matching(faultstore.Method("Renew")) {
					if c.N < calls && c.Effect != 0 {
						continue // it did not arrive
					}
					for _, key := range c.Keys {
						require.False(t, seen[key], "renewed twice: %v", key)
						seen[key] = true
					}
				}
				require.Len(t, seen, 300)
				w.requireCopies(t, "after the kill")
			})
		})
	}
}

// arrive goes to a phase step by step.
func (m *mall) arrive(t *testing.T, phase store.Phase) {
	t.Helper()
	require.NoError(t, m.CaptureOn(t.Context(), migrationctl.Change{}))
	for to := store.DualWrite; to <= phase; to++ {
		m.step(t, to)
		if to == store.DualWrite {
			require.NoError(t, m.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		}
	}
}

// TestBackfillWritesCopies: what no change record brings over has its copies too.
func TestBackfillWritesCopies(t *testing.T) {
	eachMall(t, 3, func(t *testing.T, w *world) {
		m := w.openMall(t, idle())
		m.arrive(t, store.DualWrite)
		m.shows(t, 0, 2, "inserted")
		w.requireCopies(t, "inserted")
	})
}
