package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNull: null takes away what may be empty, what is not said stays, and what always
// has a value is not taken away.
func TestNull(t *testing.T) {
	m := newMarket(t)
	path := "/api/products/1"
	change := func(user int64, path, body string) (int, map[string]any) { return m.send(user, "PUT", path, body) }
	status, _ := change(1, path, `{"image_url":"http://x/1.png"}`)
	require.Equal(t, http.StatusOK, status)
	for _, c := range []struct {
		body               string
		description, image any
	}{
		{`{"price":5}`, "100% neuf, 5_G", "http://x/1.png"},
		{`{"description":""}`, "", "http://x/1.png"},
		{`{"description":null}`, nil, "http://x/1.png"},
		{`{"image_url":null}`, nil, nil},
	} {
		status, answer := change(1, path, c.body)
		require.Equal(t, http.StatusOK, status, c.body)
		product := answer["product"].(map[string]any)
		require.Equal(t, c.description, product["description"], c.body)
		require.Equal(t, c.image, product["imageUrl"], c.body)
	}
	for _, field := range []string{"name", "category_id", "price", "inventory_quantity"} {
		status, answer := change(1, path, `{"`+field+`":null}`)
		require.Equal(t, http.StatusBadRequest, status, field)
		require.Equal(t, field+" can't be null", answer["message"])
	}
	status, answer := change(1, path, `{"description":7}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "description has a value of the wrong type", answer["message"])

	for _, c := range []struct{ body, first string }{{`{"last_name":null}`, "Böb"}, {`{"first_name":null}`, ""}} {
		status, answer := change(2, "/api/auth/profile", c.body)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, c.first, answer["user"].(map[string]any)["first_name"], c.body)
	}
	bob, err := m.s.users.Get(t.Context(), m.s.user(2))
	require.NoError(t, err)
	require.Nil(t, bob.FirstName, "taken away, and not empty")
	status, _ = change(2, "/api/auth/profile", `{"email":null}`)
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = change(4, "/api/categories/2", `{"name":null}`)
	require.Equal(t, http.StatusBadRequest, status)
	status, answer = change(4, "/api/categories/2", `{"parent_id":null}`)
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, answer["category"], "parent_id", "a root has none")
}

// TestOneValue: a body is one JSON value, and nothing after it.
func TestOneValue(t *testing.T) {
	m := newMarket(t)
	for _, more := range []string{"}", "]", " {}", "x"} {
		status, _ := m.send(1, "PUT", "/api/products/1", `{"price":5}`+more)
		require.Equal(t, http.StatusBadRequest, status, more)
	}
	status, _ := m.send(1, "PUT", "/api/products/1", `{"price":5}`+" \n")
	require.Equal(t, http.StatusOK, status)
}
