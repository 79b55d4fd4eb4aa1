package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestListsBeyondAMegabyte: five megabytes of products are listed and searched in the same
// order in every phase, which is looked at on pages from far behind. An answer is 31
// queries of a hundred products, and no page of a query comes near a megabyte.
func TestListsBeyondAMegabyte(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "sorts thousands of rows by an expression, many times")
	onEachEngine(t, listsBeyondAMegabyte)
}

func listsBeyondAMegabyte(t *testing.T, e *local.Engines) {
	const products = 3000
	service := newTestShop(t, e, func(t testing.TB, s *shop) {
		shelved(t, s)
		for n := range products {
			description := fmt.Sprintf("Größe %d %s", n, strings.Repeat("é", 800))
			p := Product{SellerID: 1, CategoryID: 7, Name: fmt.Sprintf("heap %d", n), Description: &description, Price: Cents(n + 1),
				CreatedAt: opening.Add(time.Duration(n/5) * time.Second), UpdatedAt: opening}
			require.NoError(t, s.products.Create(t.Context(), &p))
		}
	})
	answers := func() []string {
		var all []string
		for _, path := range []string{"/api/products?limit=100&page=30", "/api/products?search=GROSSE+1&limit=100&page=11",
			"/api/products?category_id=7&limit=3", "/api/products?seller_id=1&limit=3&page=1001"} {
			w := httptest.NewRecorder()
			service.API.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
			require.Equal(t, http.StatusOK, w.Code, w.Body)
			all = append(all, w.Body.String())
		}
		return all
	}
	expected := answers()
	require.Contains(t, expected[0], `"total":3031`)
	require.Contains(t, expected[1], `"total":1111`)
	ctx, there := context.WithCancel(t.Context())
	defer there()
	stops := 0
	require.NoError(t, local.Walk(ctx, service.Controller, 0, func(format string, args ...any) {
		if !strings.HasPrefix(format, "phase") {
			return
		}
		for i, answer := range answers() {
			require.True(t, expected[i] == answer, "%v, request %d", args, i+1)
		}
		if stops++; stops == 4 { // phase 5, and what is left to do is the way back
			there()
		}
	}))
	require.Equal(t, 4, stops)
	require.Equal(t, dal.DynamoDBOnly, service.Controller.Router().Snapshot().Phase)
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
