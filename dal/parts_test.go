package dal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/storetest"
)

// The records of SharedContract.
type (
	clubMember struct {
		ID     int64      `db:"member_id"`
		Name   *string    `db:"name"`
		Joined *time.Time `db:"joined"`
	}
	clubOrder struct {
		Member int64      `db:"member_id"`
		Number int64      `db:"number"`
		Status *string    `db:"status"`
		Placed *time.Time `db:"placed"`
		Total  *string    `db:"total"`
	}
	clubLabel struct {
		Owner  string `db:"owner"`
		Kind   string `db:"kind"`
		Tag    string `db:"tag"`
		Lang   string `db:"lang"`
		Weight *int   `db:"weight"`
	}
)

// A club is a store in memory with the entities of SharedContract.
type club struct {
	members *dal.Repository[clubMember]
	orders  *dal.Repository[clubOrder]
	labels  *dal.Repository[clubLabel]
}

func newClub(t *testing.T) club {
	t.Helper()
	c := storetest.SharedContract(t)
	s := memstore.New(c, nil)
	require.NoError(t, s.Init(t.Context()))
	r := dal.Standalone(c, s)
	members, err := dal.NewRepository[clubMember](r, "MEMBER")
	require.NoError(t, err)
	orders, err := dal.NewRepository[clubOrder](r, "ORDER")
	require.NoError(t, err)
	labels, err := dal.NewRepository[clubLabel](r, "LABEL")
	require.NoError(t, err)
	return club{members, orders, labels}
}

// placed is the moment of the n-th minute.
func placed(n int) time.Time { return time.Date(2024, 3, 10, 9, n, 0, 0, time.UTC) }

// found returns the answer to a query, each record in a few words.
func found[T any](t *testing.T, r *dal.Repository[T], q dal.Query, words func(T) string) []string {
	t.Helper()
	got := []string{}
	for v, err := range r.Query(t.Context(), q) {
		require.NoError(t, err)
		got = append(got, words(v))
	}
	return got
}

func memberID(m clubMember) string   { return fmt.Sprint(m.ID) }
func orderNumber(o clubOrder) string { return fmt.Sprint(o.Number) }
func labelTag(l clubLabel) string    { return l.Tag + "/" + l.Lang }

// TestParts: of a template the values are given, and nothing of its text.
func TestParts(t *testing.T) {
	c := newClub(t)
	for _, id := range []int64{1, 2, 12, 100} {
		require.NoError(t, c.members.Put(t.Context(), &clubMember{ID: id, Name: ptr([]string{"Ann", "Anna", "Ann"}[id%3])}))
	}
	for n := range 6 {
		o := clubOrder{Member: 1, Number: int64(n * 5), Status: ptr("a#b"), Placed: ptr(placed(n / 2))}
		require.NoError(t, c.orders.Put(t.Context(), &o))
	}
	own, byStatus := dal.TableKey().Equal(1), dal.Index("GSI1").Equal("a#b")
	for name, of := range map[string]struct {
		q    dal.Query
		want []string
	}{
		"all":                         {own, []string{"0", "5", "10", "15", "20", "25"}},
		"exactly":                     {own.Exactly(10), []string{"10"}},
		"at least":                    {own.AtLeast(10), []string{"10", "15", "20", "25"}},
		"above":                       {own.Above(10), []string{"15", "20", "25"}},
		"at most":                     {own.AtMost(10), []string{"0", "5", "10"}},
		"below":                       {own.Below(10), []string{"0", "5"}},
		"between":                     {own.Between(4, 11), []string{"5", "10"}},
		"begins with all":             {own.BeginsWith(10), []string{"10"}},
		"no beginning of a number":    {own.BeginsWith(1), []string{}},
		"two parts":                   {byStatus.Exactly(dal.Parts{placed(1), 15}), []string{"15"}},
		"two parts, above":            {byStatus.Above(dal.Parts{placed(1), 10}), []string{"15", "20", "25"}},
		"leading part":                {byStatus.Exactly(placed(1)), []string{"10", "15"}},
		"leading part, begins":        {byStatus.BeginsWith(placed(1)), []string{"10", "15"}},
		"leading part, as one":        {byStatus.BeginsWith(dal.Parts{placed(1)}), []string{"10", "15"}},
		"leading part, at least":      {byStatus.AtLeast(placed(1)), []string{"10", "15", "20", "25"}},
		"leading part, above":         {byStatus.Above(placed(1)), []string{"20", "25"}},
		"leading part, at most":       {byStatus.AtMost(placed(1)), []string{"0", "5", "10", "15"}},
		"leading part, below":         {byStatus.Below(placed(1)), []string{"0", "5"}},
		"leading part, between":       {byStatus.Between(placed(1), placed(1)).Descending(), []string{"15", "10"}},
		"no part":                     {byStatus.BeginsWith(dal.Parts{}), []string{"0", "5", "10", "15", "20", "25"}},
		"a beginning of a moment":     {byStatus.BeginsWith(dal.Beginning("2024-03-10T09:02")), []string{"20", "25"}},
		"another value":               {dal.Index("GSI1").Equal("a"), []string{}},
		"a month by a moment":         {dal.Index("MonthIndex").Equal(placed(59)).Above(placed(0)).Limit(1), []string{"10"}},
		"by the column of a template": {dal.By("member_id", "number").Equal(1).AtMost(5), []string{"0", "5"}},
		"by the column of an index":   {dal.By("status").Equal("a#b").Limit(1), []string{"0"}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, of.want, found(t, c.orders, of.q, orderNumber)) })
	}
	byName := dal.Index("GSI1").Equal("MEMBERS")
	require.Equal(t, []string{"2", "12"}, found(t, c.members, byName.BeginsWith("Ann"), memberID))
	require.Equal(t, []string{"1", "100"}, found(t, c.members, byName.BeginsWith("Anna"), memberID))
	require.Equal(t, []string{"2", "12", "1", "100"}, found(t, c.members, byName.BeginsWith(dal.Beginning("Ann")), memberID))
	require.Equal(t, []string{}, found(t, c.members, dal.Index("GSI1").Equal("MEMBER"), memberID))
	require.Equal(t, []string{"12"}, found(t, c.members, dal.By("member_id").Equal(12), memberID))
}

// TestPartsOfTexts: a value that has the delimiter in it is one value.
func TestPartsOfTexts(t *testing.T) {
	c := newClub(t)
	for _, l := range []clubLabel{
		{Owner: "a", Kind: "b#c", Tag: "t", Lang: "1"}, {Owner: "a#b", Kind: "c", Tag: "t", Lang: "2"}, {Owner: "a#b", Kind: "c", Tag: "t#", Lang: "3"},
		{Owner: "a#b", Kind: "c", Tag: "t", Lang: "#4"}, {Owner: "a#b", Kind: "c", Tag: "tt", Lang: "5"}, {Owner: "a#b", Kind: "c", Tag: "😀%", Lang: ""},
	} {
		require.NoError(t, c.labels.Put(t.Context(), &l))
	}
	q := dal.TableKey().Equal(dal.Parts{"a#b", "c"})
	require.Equal(t, []string{"t/1"}, found(t, c.labels, dal.TableKey().Equal(dal.Parts{"a", "b#c"}), labelTag))
	require.Equal(t, []string{"t/#4", "t/2"}, found(t, c.labels, q.BeginsWith("t"), labelTag))
	require.Equal(t, []string{"t#/3"}, found(t, c.labels, q.BeginsWith("t#"), labelTag))
	require.Equal(t, []string{"t/#4"}, found(t, c.labels, q.BeginsWith(dal.Parts{"t", dal.Beginning("#")}), labelTag))
	require.ElementsMatch(t, []string{"t/#4", "t/2", "t#/3", "tt/5"}, found(t, c.labels, q.BeginsWith(dal.Beginning("t")), labelTag))
	require.Equal(t, []string{"😀%/"}, found(t, c.labels, q.Exactly(dal.Parts{"😀%", ""}), labelTag))
}

// TestPartsRefused: what makes no sense is an error that names the attribute and the
// values it takes.
func TestPartsRefused(t *testing.T) {
	c := newClub(t)
	own, status := dal.TableKey().Equal(1), dal.Index("GSI1").Equal("s")
	for want, q := range map[string]dal.Query{
		"attribute PK: ORDER.PK: is made of 1 values, member_id, and 2 are given":    dal.TableKey().Equal(dal.Parts{1, 2}),
		"attribute PK: ORDER.PK: is made of 1 values, member_id, and 0 are given":    dal.TableKey().Equal(dal.Parts{}),
		"GSI1SK: is made of 2 values, placed, number, and more are given":            status.AtLeast(dal.Parts{placed(1), 2, 3}),
		"NULL is compared with nothing":                                              dal.TableKey().Equal(nil),
		"(PK): only BeginsWith takes a Beginning":                                    dal.TableKey().Equal(dal.Beginning("1")),
		"(GSI1SK): only BeginsWith takes a Beginning, and only in the last place":    status.AtLeast(dal.Beginning("2024")),
		"{number}: a padded number is given whole or not at all":                     own.BeginsWith(dal.Beginning("1")),
		"attribute SK: ORDER.number: takes an integer, not string":                   own.AtLeast("x"),
		"attribute month: ORDER.month: is made of 1 values, placed, and 0 are given": dal.Index("MonthIndex").Equal(dal.Parts{}),
	} {
		_, err := c.orders.Page(t.Context(), q, "", 1)
		require.ErrorIs(t, err, dal.ErrInvalid, want)
		require.ErrorContains(t, err, want)
	}
}

// TestCursorsOfTemplates: a page goes on where the one before ended, also among
// records of one sort key, and a cursor of another partition is none of the query.
func TestCursorsOfTemplates(t *testing.T) {
	c := newClub(t)
	for n := range 7 {
		o := clubOrder{Member: int64(n%2 + 1), Number: int64(n / 2), Status: ptr("s"), Placed: ptr(placed(0))}
		require.NoError(t, c.orders.Put(t.Context(), &o))
	}
	for _, q := range []dal.Query{dal.TableKey().Equal(1), dal.Index("GSI1").Equal("s"), dal.Index("GSI1").Equal("s").Descending(), dal.Index("MonthIndex").Equal(placed(0))} {
		whole := found(t, c.orders, q, func(o clubOrder) string { return fmt.Sprint(o.Member, " ", o.Number) })
		var paged []string
		cursor := ""
		for range 8 {
			page, err := c.orders.Page(t.Context(), q, cursor, 2)
			require.NoError(t, err)
			for _, o := range page.Items {
				paged = append(paged, fmt.Sprint(o.Member, " ", o.Number))
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		require.Equal(t, whole, paged)
	}
	page, err := c.orders.Page(t.Context(), dal.TableKey().Equal(1), "", 1)
	require.NoError(t, err)
	_, err = c.orders.Page(t.Context(), dal.TableKey().Equal(2), page.Next, 1)
	require.ErrorIs(t, err, dal.ErrInvalid)
}
