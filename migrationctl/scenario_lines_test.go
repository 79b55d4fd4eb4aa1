package migrationctl_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// An Order has its lines with it: rows of another table in MySQL, a list of its
// item in DynamoDB.
type Order struct {
	ID       int64           `db:"order_id"`
	Customer string          `db:"customer"`
	Address  string          `db:"address"`
	Total    decimal.Decimal `db:"total"`
	Lines    []Line          `db:"lines"`
}

type Line struct {
	ID       int64               `db:"id"`
	Product  *string             `db:"product"`
	Quantity int                 `db:"quantity"`
	Price    decimal.NullDecimal `db:"price"`
	Weight   *float64            `db:"weight"`
	Sent     *time.Time          `db:"sent"`
	Due      *time.Time          `db:"due"`
	State    *string             `db:"state"`
	Gift     *bool               `db:"gift"`
	Options  map[string]any      `db:"options"`
}

func line(product string, quantity int, price string) Line {
	sent := time.Date(2024, 3, 31, 1, 30, 0, int(7*time.Millisecond), time.UTC)
	return Line{Product: &product, Quantity: quantity, Price: decimal.NullDecimal{Decimal: decimal.RequireFromString(price), Valid: true}, Sent: &sent}
}

func order(base int64, lines ...Line) Order {
	return Order{Customer: fmt.Sprintf("customer%d", base), Address: "here", Total: decimal.RequireFromString("10.50"), Lines: lines}
}

func ordersOf(t testing.TB, p *process) *dal.Repository[Order] {
	t.Helper()
	orders, err := dal.NewRepository[Order](p, "Orders")
	require.NoError(t, err)
	return orders
}

// requireOrder requires that the order is there as the caller's struct has it.
func requireOrder(t testing.TB, orders *dal.Repository[Order], want Order) {
	t.Helper()
	got, err := orders.Get(t.Context(), orders.Key(want.ID))
	require.NoError(t, err)
	requireSame(t, want, got)
}

func requireSame(t testing.TB, want, got Order) {
	t.Helper()
	text := func(o Order) string {
		for i := range o.Lines {
			o.Lines[i].Price.Decimal = decimal.RequireFromString(o.Lines[i].Price.Decimal.StringFixed(4))
		}
		lines := ""
		for _, l := range o.Lines {
			lines += fmt.Sprintf("%d %s %d %s %v; ", l.ID, *l.Product, l.Quantity, l.Price.Decimal, *l.Sent)
		}
		return fmt.Sprint(o.ID, o.Customer, o.Address, o.Total.StringFixed(2), lines)
	}
	require.Equal(t, text(want), text(got))
}

// inOrderPhases plays the scenario on orders in each of the phases.
func inOrderPhases(t *testing.T, play func(t *testing.T, w *world, p *process, base int64)) {
	inPhasesOf(t, storetest.OrderContract, []store.Phase{1, 2, 3, 4, 5}, play)
}

// TestScenario08AddressLeavesLinesAlone: setting an order's address leaves its
// lines alone, also while they change.
func TestScenario08AddressLeavesLinesAlone(t *testing.T) {
	inOrderPhases(t, func(t *testing.T, w *world, p *process, base int64) {
		orders := ordersOf(t, p)
		o := order(base, line("a", 1, "0.1"), line("b", 2, "99999999.99"))
		require.NoError(t, orders.Create(t.Context(), &o))
		require.Positive(t, o.Lines[0].ID)
		require.Greater(t, o.Lines[1].ID, o.Lines[0].ID, "the caller's struct has the ids")
		requireOrder(t, orders, o)
		const each = 10
		atOnce(t, 2, nil, func(i int) error {
			for n := range each {
				if err := orders.Update(t.Context(), orders.Key(o.ID), func(o *Order) error {
					if i == 0 {
						o.Address = fmt.Sprintf("address %d", n)
					} else {
						o.Lines[0].Quantity++
					}
					return nil
				}); err != nil {
					return err
				}
			}
			return nil
		})
		o.Address, o.Lines[0].Quantity = fmt.Sprintf("address %d", each-1), 1+each
		requireOrder(t, orders, o)
		// A struct that carries them all changes nothing else either.
		o.Address = "there"
		require.NoError(t, orders.Put(t.Context(), &o))
		requireOrder(t, orders, o)
	})
}

// TestScenario12LinesAtOnce: two transactions change different lines of one order
// at once, and others add some: all of it is in the order.
func TestScenario12LinesAtOnce(t *testing.T) {
	inOrderPhases(t, func(t *testing.T, w *world, p *process, base int64) {
		orders := ordersOf(t, p)
		o := order(base, line("a", 0, "1"), line("b", 0, "2"))
		require.NoError(t, orders.Create(t.Context(), &o))
		const each = 8
		var mu sync.Mutex
		added := map[int64]bool{}
		atOnce(t, 4, nil, func(g int) error {
			for range each {
				var err error
				switch g {
				case 0, 1:
					err = orders.Update(t.Context(), orders.Key(o.ID), func(o *Order) error { o.Lines[g].Quantity++; return nil })
				case 2:
					var last *Order
					err = orders.Update(t.Context(), orders.Key(o.ID), func(o *Order) error {
						o.Lines, last = append(o.Lines, line("new", 1, "3.5")), o
						return nil
					})
					if err == nil {
						mu.Lock()
						added[last.Lines[len(last.Lines)-1].ID] = true
						mu.Unlock()
					}
				case 3:
					err = p.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
						now, err := orders.In(tx).Get(ctx, orders.Key(o.ID))
						if err != nil {
							return err
						}
						now.Lines = append(now.Lines, line("unit", 1, "4"))
						return orders.In(tx).Put(ctx, &now)
					})
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		got, err := orders.Get(t.Context(), orders.Key(o.ID))
		require.NoError(t, err)
		require.Len(t, got.Lines, 2+2*each)
		require.Equal(t, each, got.Lines[0].Quantity)
		require.Equal(t, each, got.Lines[1].Quantity)
		require.Len(t, added, each, "each line has an id of its own")
		require.NotContains(t, added, int64(0))
	})
}

// TestScenario29NoLines: an order without lines has an empty list in every way of
// reading, and so has its item.
func TestScenario29NoLines(t *testing.T) {
	inOrderPhases(t, func(t *testing.T, w *world, p *process, base int64) {
		orders := ordersOf(t, p)
		without, empty, emptied := order(base), order(base), order(base, line("a", 1, "1"))
		empty.Lines = []Line{}
		for _, o := range []*Order{&without, &empty, &emptied} {
			require.NoError(t, orders.Create(t.Context(), o))
		}
		require.NoError(t, orders.Update(t.Context(), orders.Key(emptied.ID), func(o *Order) error { o.Lines = nil; return nil }))
		keys := []dal.Key{orders.Key(without.ID), orders.Key(empty.ID), orders.Key(emptied.ID)}
		many, err := orders.GetMany(t.Context(), keys)
		require.NoError(t, err)
		for _, key := range keys {
			got, err := orders.Get(t.Context(), key)
			require.NoError(t, err)
			require.Equal(t, []Line{}, got.Lines)
			require.Equal(t, []Line{}, many[key].Lines)
		}
		require.Eventually(t, func() bool {
			n := 0
			for got, err := range orders.Query(t.Context(), dal.Index("CustomerIndex").Equal(without.Customer)) {
				require.NoError(t, err)
				require.Equal(t, []Line{}, got.Lines)
				n++
			}
			return n == 3
		}, 10*time.Second, 10*time.Millisecond)
		for _, column := range w.texts(t, w.leads(p))[keyOf(t, w, without.ID)] {
			if list, ok := strings.CutPrefix(column, "json "); ok {
				require.Equal(t, "[]", list)
			}
		}
	})
}

// TestScenario29TypesStay: booleans stay booleans, maps maps and lists lists, at any depth
// and empty too; and amounts, moments and NULLs of a line are the same JSON in every phase,
// whether its rows were there before or were written in any phase, and however it is read.
// In the item a document is of DynamoDB's own types.
func TestScenario29TypesStay(t *testing.T) {
	options := []map[string]any{
		nil, {}, {"yes": true, "no": false, "none": nil, "empty": "", "null": "null"},
		{"map": map[string]any{}, "list": []any{}, "deep": map[string]any{"list": []any{true, false, nil, "true", map[string]any{"is": false}}}},
		{"one": 1, "zero": 0, "text": "1", "part": 0.5},
	}
	var ids []int64
	var want string
	inOrderPhases(t, func(t *testing.T, w *world, p *process, base int64) {
		if base == 10_000 {
			ids, want = nil, ""
		}
		orders, lines := ordersOf(t, p), []Line{}
		for i, o := range options {
			l := line("p", 0, []string{"0.1", "10.5", "99999999.99", "-0.01", "0"}[i])
			l.Options, l.Gift = o, []*bool{nil, ptr(true), ptr(false)}[i%3]
			lines = append(lines, l)
		}
		lines = append(lines, Line{Product: ptr("null")}, Line{Product: ptr("")}, Line{Product: ptr(" ")})
		o := order(1, lines...)
		require.NoError(t, orders.Create(t.Context(), &o))
		ids = append(ids, o.ID)
		requireJSON := func(o Order) {
			t.Helper()
			o.ID = 0
			for i := range o.Lines {
				o.Lines[i].ID = 0
			}
			got := asJSON(t, o)
			if want == "" {
				want = got
			}
			require.Equal(t, want, got)
		}
		many, err := orders.GetMany(t.Context(), []dal.Key{orders.Key(ids[0]), orders.Key(o.ID)})
		require.NoError(t, err)
		for _, id := range ids {
			got, err := orders.Get(t.Context(), orders.Key(id))
			require.NoError(t, err)
			for i, l := range got.Lines[:len(options)] {
				require.Equal(t, lines[i].Gift, l.Gift)
				require.JSONEq(t, asJSON(t, options[i]), asJSON(t, l.Options))
			}
			requireJSON(got)
		}
		for _, got := range many {
			requireJSON(got)
		}
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			n := 0
			for got, err := range orders.Query(t.Context(), dal.Index("CustomerIndex").Equal(o.Customer)) {
				if assert.NoError(c, err) {
					requireJSON(got)
				}
				n++
			}
			assert.Equal(c, len(ids), n)
		}, 20*time.Second, 20*time.Millisecond)
		phase := p.Router().Snapshot().Phase
		if phase.HasFollower() {
			p.drained(t)
		}
		if w.item == nil || phase == store.MySQLOnly {
			return
		}
		for _, id := range ids {
			item := w.item(t, "Orders", map[string]types.AttributeValue{"orderId": attribute(int(id))})
			rows := item["lines"].(*types.AttributeValueMemberL).Value
			for i, l := range lines[:len(options)] {
				row := rows[i].(*types.AttributeValueMemberM).Value
				if l.Options == nil {
					require.NotContains(t, row, "options")
					continue
				}
				require.Equal(t, attribute(l.Options), row["options"])
			}
		}
	})
}

// attribute is the attribute value of what JSON can hold.
func attribute(v any) types.AttributeValue {
	switch v := v.(type) {
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case string:
		return &types.AttributeValueMemberS{Value: v}
	case int, float64:
		return &types.AttributeValueMemberN{Value: fmt.Sprint(v)}
	case []any:
		list := make([]types.AttributeValue, len(v))
		for i, element := range v {
			list[i] = attribute(element)
		}
		return &types.AttributeValueMemberL{Value: list}
	case map[string]any:
		m := map[string]types.AttributeValue{}
		for name, field := range v {
			m[name] = attribute(field)
		}
		return &types.AttributeValueMemberM{Value: m}
	}
	return &types.AttributeValueMemberNULL{Value: true}
}

// TestLinesBothWays: orders that were there before, filled in either direction:
// verify finds no difference, ids go on above all that were given, and what
// DynamoDB took MySQL has.
func TestLinesBothWays(t *testing.T) {
	eachOrderWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.MySQLOnly)
		p := w.open(t, leading())
		orders := ordersOf(t, p)
		var all []Order
		highest := int64(0)
		create := func(lines ...Line) {
			t.Helper()
			o := order(int64(len(all)), lines...)
			require.NoError(t, orders.Create(t.Context(), &o))
			for _, l := range o.Lines {
				require.Greater(t, l.ID, highest)
				highest = l.ID
			}
			all = append(all, o)
		}
		create(line("a", 1, "1.5"), line("b", 2, "0.1"))
		create()
		p.step(t, store.DualWrite)
		create(line("c", 3, "7"))
		require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		for _, to := range []store.Phase{3, 4, 5} {
			p.step(t, to)
			create(line("d", 4, "1"), line("e", 5, "1234567890123456.7891"))
		}
		require.NoError(t, orders.Update(t.Context(), orders.Key(all[0].ID), func(o *Order) error { o.Lines = o.Lines[1:]; return nil }))
		all[0].Lines = all[0].Lines[1:]
		require.NoError(t, orders.Delete(t.Context(), orders.Key(all[2].ID)))
		require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{Reverse: true}))
		for _, to := range []store.Phase{4, 3} {
			p.step(t, to)
			p.drained(t)
			p.verified(t)
			create(line("f", 6, "1"))
		}
		p.drained(t)
		p.verified(t)
		for i, o := range all {
			if i == 2 {
				_, err := orders.Get(t.Context(), orders.Key(o.ID))
				require.ErrorIs(t, err, dal.ErrNotFound)
				continue
			}
			requireOrder(t, orders, o)
		}
		require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
	})
}

// TestLinesInUnits: a unit of work sees the lines it has staged, and gives the ids
// they were assigned to the structs it was given.
func TestLinesInUnits(t *testing.T) {
	inOrderPhases(t, func(t *testing.T, w *world, p *process, base int64) {
		orders := ordersOf(t, p)
		there := order(base, line("a", 1, "1"))
		require.NoError(t, orders.Create(t.Context(), &there))
		var made Order
		require.NoError(t, p.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
			made = order(base, line("b", 1, "2"))
			if err := orders.In(tx).Create(ctx, &made); err != nil {
				return err
			}
			if err := orders.In(tx).Update(ctx, orders.Key(there.ID), func(o *Order) error {
				o.Lines = append(o.Lines, line("c", 2, "3"))
				return nil
			}); err != nil {
				return err
			}
			seen, err := orders.In(tx).Get(ctx, orders.Key(there.ID))
			if err == nil && len(seen.Lines) != 2 {
				return errors.New("the unit does not see what it has staged")
			}
			return err
		}))
		require.Positive(t, made.Lines[0].ID)
		requireOrder(t, orders, made)
		got, err := orders.Get(t.Context(), orders.Key(there.ID))
		require.NoError(t, err)
		require.Len(t, got.Lines, 2)
		require.Equal(t, there.Lines[0].ID, got.Lines[0].ID)
		// A line of another order is refused, in every phase alike.
		err = orders.Update(t.Context(), orders.Key(there.ID), func(o *Order) error { o.Lines[0].ID = made.Lines[0].ID; return nil })
		require.ErrorIs(t, err, dal.ErrInvalid)
		require.NoError(t, orders.Delete(t.Context(), orders.Key(made.ID)))
	})
}

// TestLinesTooLarge: an order whose item would be over 400 KB is refused before
// anything commits, ids that are still to come included.
func TestLinesTooLarge(t *testing.T) {
	inOrderPhases(t, func(t *testing.T, w *world, p *process, base int64) {
		orders := ordersOf(t, p)
		long := make([]Line, 6000)
		for i := range long {
			long[i] = line(strings.Repeat("x", 60), i, "1")
		}
		o := order(base, long...)
		require.ErrorIs(t, orders.Create(t.Context(), &o), dal.ErrTooLarge)
		there := order(base, line("a", 1, "1"))
		require.NoError(t, orders.Create(t.Context(), &there))
		require.ErrorIs(t, orders.Update(t.Context(), orders.Key(there.ID), func(o *Order) error { o.Lines = append(o.Lines, long...); return nil }), dal.ErrTooLarge)
		requireOrder(t, orders, there)
	})
}

// eachOrderWorld is eachWorld on the tables of the orders.
func eachOrderWorld(t *testing.T, play func(t *testing.T, w *world)) {
	eachWorldOf(t, storetest.OrderContract(t), play)
}

func keyOf(t *testing.T, w *world, id int64) transform.Key {
	t.Helper()
	key, err := w.contract.Entity("Orders").KeyOf(id)
	require.NoError(t, err)
	return key
}
