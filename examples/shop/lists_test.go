package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestListsBeyondAMegabyte: five megabytes of products are listed and searched in the same
// order whoever leads, which is looked at on pages from far behind.
func TestListsBeyondAMegabyte(t *testing.T) {
	const products = 3000
	enginetest.NeedsRealMySQL(t, "a server that sorts thousands of rows by an expression, many times")
	e := quickEngine(t)
	filled := func(t testing.TB, s *shop) {
		shelved(t, s)
		for n := range products {
			description := fmt.Sprintf("Größe %d %s", n, strings.Repeat("é", 800))
			p := Product{SellerID: 1, CategoryID: 7, Name: fmt.Sprintf("heap %d", n), Description: &description, Price: Cents(n + 1),
				CreatedAt: opening.Add(time.Duration(n/5) * time.Second), UpdatedAt: opening}
			require.NoError(t, s.products.Create(t.Context(), &p))
		}
	}
	requests := []paritytest.Request{{Path: "/api/products?limit=100&page=30"}, {Path: "/api/products?search=GROSSE+1&limit=100&page=11"},
		{Path: "/api/products?category_id=7&limit=3"}, {Path: "/api/products?seller_id=1&limit=3&page=1001"}}
	paritytest.HTTP(t, func(t testing.TB) paritytest.Service[http.Handler] {
		return newTestShop(t, &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: e}, filled)
	}, requests, &paritytest.Options{Phases: []dal.Phase{dal.DynamoDBPrimary}, InTurn: true, Timeout: 2 * time.Minute})
}

// TestCut: pages have each record once.
func TestCut(t *testing.T) {
	records := []int{1, 2, 3, 4, 5}
	require.Equal(t, []int{3, 4}, cut(window{2, 2}, records))
	require.Equal(t, []int{5}, cut(window{3, 2}, records))
	require.Empty(t, cut(window{4, 2}, records))
	require.Empty(t, cut(window{1<<31 - 1, 100}, records))
	require.EqualValues(t, 3, window{1, 2}.pages(5))
	require.EqualValues(t, 0, window{1, 2}.pages(0))
	require.EqualValues(t, 1, window{1, 5}.pages(5))
}

// TestNewestFirst: lists are newest first, and of one second the last id is first.
func TestNewestFirst(t *testing.T) {
	m := newMarket(t)
	late := Product{SellerID: 5, CategoryID: 1, Name: "late", Price: 1, CreatedAt: opening, UpdatedAt: opening}
	require.NoError(t, m.s.products.Create(t.Context(), &late))
	early := Product{SellerID: 5, CategoryID: 2, Name: "early", Price: 1, CreatedAt: opening.AddDate(-1, 0, 0), UpdatedAt: opening}
	require.NoError(t, m.s.products.Create(t.Context(), &early))
	ids := func(list any) []int64 {
		var found []int64
		for _, one := range list.([]any) {
			found = append(found, int64(one.(map[string]any)["id"].(float64)))
		}
		return found
	}
	want := []int64{late.ID}
	for id := late.ID - 1; id >= 1; id-- {
		want = append(want, id)
	}
	_, answer := m.send(2, "GET", "/api/products?limit=100", "")
	require.Equal(t, append(want, early.ID), ids(answer["products"]))
	_, answer = m.send(2, "GET", "/api/products?category_id=1&search=a&limit=2", "") // and the category below it
	require.Len(t, answer["products"], 2)
	require.Equal(t, late.ID, ids(answer["products"])[0])
	_, answer = m.send(3, "GET", "/api/orders", "")
	require.Equal(t, []int64{4, 3, 2, 1}, ids(answer["orders"]))
	for product := 1; product <= 2; product++ {
		m.send(2, "POST", "/api/cart/items", fmt.Sprintf(`{"productId":%d,"quantity":1}`, product))
	}
	_, answer = m.send(2, "GET", "/api/cart", "")
	require.Equal(t, []int64{2, 1}, ids(answer["items"]))
}
