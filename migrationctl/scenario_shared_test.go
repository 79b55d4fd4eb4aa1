package migrationctl_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// The records of the scenarios about entities that share a table.
type (
	ClubMember struct {
		ID     int64      `db:"member_id"`
		Name   *string    `db:"name"`
		Joined *time.Time `db:"joined"`
	}
	ClubOrder struct {
		ClubMember int64      `db:"member_id"`
		Number     int64      `db:"number"`
		Status     *string    `db:"status"`
		Placed     *time.Time `db:"placed"`
		Total      *string    `db:"total"`
	}
	Label struct {
		Owner  string `db:"owner"`
		Kind   string `db:"kind"`
		Tag    string `db:"tag"`
		Lang   string `db:"lang"`
		Weight *int   `db:"weight"`
	}
)

// A club is a process over a world of SharedContract.
type club struct {
	*process
	members *dal.Repository[ClubMember]
	orders  *dal.Repository[ClubOrder]
	labels  *dal.Repository[Label]
}

// eachClub plays the scenario in memory, and on MariaDB or MySQL with every DynamoDB
// engine that is there. before fills MySQL as a service had it.
func eachClub(t *testing.T, before func(t *testing.T, c *club), play func(t *testing.T, w *world, c *club)) {
	start := func(t *testing.T, w *world) {
		bare := dal.Standalone(w.contract, w.mysql)
		before(t, newClub(t, nil, bare))
		bare.Close()
		ctl, err := migrationctl.Open(t.Context(), w.faulty(), w.faultyDynamo(), leading())
		require.NoError(t, err)
		t.Cleanup(func() { _ = ctl.Close(context.Background()) })
		play(t, w, newClub(t, &process{Controller: ctl}, ctl))
	}
	eachWorldOf(t, storetest.SharedContract(t), start)
}

func newClub(t *testing.T, p *process, over dal.Group) *club {
	t.Helper()
	members, err := dal.NewRepository[ClubMember](over, "MEMBER")
	require.NoError(t, err)
	orders, err := dal.NewRepository[ClubOrder](over, "ORDER")
	require.NoError(t, err)
	labels, err := dal.NewRepository[Label](over, "LABEL")
	require.NoError(t, err)
	return &club{p, members, orders, labels}
}

// walk goes through all phases and back, with a backfill in either direction, and
// calls do in each.
func (c *club) walk(t *testing.T, do func(phase store.Phase, n int)) {
	t.Helper()
	do(store.MySQLOnly, 0)
	require.NoError(t, c.CaptureOn(t.Context(), migrationctl.Change{Reason: "test"}))
	for i, to := range []store.Phase{2, 3, 4, 5, 4, 3, 2} {
		c.step(t, to)
		switch i {
		case 0:
			require.NoError(t, c.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		case 3:
			require.NoError(t, c.Backfill(t.Context(), migrationctl.BackfillOptions{Reverse: true}))
		}
		do(to, i+1)
		if to != store.DynamoDBOnly {
			c.drained(t)
			c.verified(t)
		}
	}
}

// awkward are texts that a key made of several could take for one another.
var awkward = []string{"a", "a#", "#a", "a#b", "b", "", "#", "##", "$0", "\"0", "%", "%23", "~", "/", "~s", "é", "😀", "\U0010FFFF", "A", "007", "7"}

// labelsOf returns labels of which each differs from the others in one place only.
func labelsOf(n int) []Label {
	var all []Label
	for i, a := range awkward {
		b := awkward[(i*5+n)%len(awkward)]
		all = append(all, Label{Owner: a, Kind: b, Tag: fmt.Sprint(n), Lang: "x"}, Label{Owner: fmt.Sprint("o", n), Kind: "k", Tag: a, Lang: b[:min(len(b), 4)]})
	}
	return all
}

// TestScenario21KeyCodecs: keys of several texts are kept apart, delimiters, empty
// parts, leading zeros and 4-byte characters included, whichever store wrote them and
// by whichever way they came to the other.
func TestScenario21KeyCodecs(t *testing.T) {
	all := labelsOf(0)
	eachClub(t, func(t *testing.T, c *club) {
		for i, l := range all {
			l.Weight = &i
			require.NoError(t, c.labels.Create(t.Context(), &l))
		}
	}, func(t *testing.T, w *world, c *club) {
		all := slices.Clone(all)
		c.walk(t, func(phase store.Phase, n int) {
			for i, l := range labelsOf(n + 1) {
				weight := len(all)
				l.Weight = &weight
				require.NoError(t, c.labels.Create(t.Context(), &l), "phase %d, label %d", phase, i)
				require.ErrorIs(t, c.labels.Create(t.Context(), &l), dal.ErrExists)
				all = append(all, l)
			}
			for i, l := range all {
				got, err := c.labels.Get(t.Context(), c.labels.Key(l.Owner, l.Kind, l.Tag, l.Lang))
				require.NoError(t, err, "phase %d", phase)
				require.Equal(t, i, *got.Weight, "phase %d: each key has its own record", phase)
			}
			gone := all[len(all)-1]
			require.NoError(t, c.labels.Delete(t.Context(), c.labels.Key(gone.Owner, gone.Kind, gone.Tag, gone.Lang)))
			all = all[:len(all)-1]
			c.requireLabels(t, phase, all)
		})
		w.requireEqualStores(t)
	})
}

// requireLabels asks for each partition and requires its labels, in the order of the
// sort key's bytes, which the model in memory has too.
func (c *club) requireLabels(t *testing.T, phase store.Phase, all []Label) {
	t.Helper()
	partitions := map[[2]string]int{}
	for _, l := range all {
		partitions[[2]string{l.Owner, l.Kind}]++
	}
	for p, want := range partitions {
		got := 0
		for l, err := range c.labels.Query(t.Context(), dal.TableKey().Equal(dal.Parts{p[0], p[1]})) {
			require.NoError(t, err)
			require.Equal(t, p, [2]string{l.Owner, l.Kind}, "phase %d", phase)
			got++
		}
		require.Equal(t, want, got, "phase %d", phase)
	}
}

func orderOf(member, number int64) ClubOrder {
	status, placed, total := fmt.Sprint("s#", number%3), time.Date(2024, 3, 10, 9, int(number), 0, 0, time.UTC), fmt.Sprintf("%d.50", number)
	return ClubOrder{member, number, &status, &placed, &total}
}

// TestScenario25OrdersByID: an order is found by its id, in its member's list and by
// its status, whether its row was there before or was written live in any phase, and
// the member beside it is no order.
func TestScenario25OrdersByID(t *testing.T) {
	const before = 40
	eachClub(t, func(t *testing.T, c *club) {
		for number := range int64(before) {
			o := orderOf(number%3, number)
			require.NoError(t, c.orders.Create(t.Context(), &o))
		}
		for id := range int64(3) {
			name := "member"
			require.NoError(t, c.members.Create(t.Context(), &ClubMember{ID: id, Name: &name}))
		}
	}, func(t *testing.T, w *world, c *club) {
		last, cursors := int64(before), map[string]string{}
		c.walk(t, func(phase store.Phase, n int) {
			for range 3 {
				o := orderOf(last%3, last)
				require.NoError(t, c.orders.Create(t.Context(), &o))
				last++
			}
			for number := range last {
				o, err := c.orders.Get(t.Context(), c.orders.Key(number%3, number))
				require.NoError(t, err, "phase %d, order %d", phase, number)
				require.Equal(t, orderOf(number%3, number), o, "phase %d", phase)
			}
			for member := range int64(3) {
				require.Equal(t, clubOrders(last, func(o ClubOrder) bool { return o.ClubMember == member }),
					c.list(t, dal.By("member_id").Equal(member)), "phase %d", phase)
				require.Equal(t, []int64{member + 3*9}, c.list(t, dal.TableKey().Equal(member).Exactly(member+3*9)), "phase %d", phase)
				m, err := c.members.Get(t.Context(), c.members.Key(member))
				require.NoError(t, err)
				require.Equal(t, "member", *m.Name)
			}
			// An index of DynamoDB may still be on its way.
			require.EventuallyWithT(t, func(t *assert.CollectT) {
				for s := range 3 {
					status := fmt.Sprint("s#", s)
					q := dal.Index("GSI1").Equal(status)
					want := clubOrders(last, func(o ClubOrder) bool { return *o.Status == status })
					assert.Equal(t, want, c.list(t, q), "phase %d", phase)
					page, err := c.orders.Page(context.Background(), q, cursors[status], 5)
					assert.NoError(t, err)
					if n == 0 {
						cursors[status] = page.Next
						continue
					}
					assert.Equal(t, want[5:10], numbersOf(page.Items), "phase %d: with the cursor of phase 1", phase)
				}
			}, 20*time.Second, 50*time.Millisecond)
		})
		w.requireEqualStores(t)
	})
}

// clubOrders returns the numbers of the orders below last that pass.
func clubOrders(last int64, pass func(ClubOrder) bool) []int64 {
	numbers := []int64{}
	for number := range last {
		if pass(orderOf(number%3, number)) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

func numbersOf(orders []ClubOrder) []int64 {
	numbers := []int64{}
	for _, o := range orders {
		numbers = append(numbers, o.Number)
	}
	return numbers
}

// list returns the numbers of the orders that a query finds.
func (c *club) list(t require.TestingT, q dal.Query) []int64 {
	numbers := []int64{}
	for o, err := range c.orders.Query(context.Background(), q) {
		require.NoError(t, err)
		numbers = append(numbers, o.Number)
	}
	return numbers
}
