package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/transform"
)

// TestFurnish: a new shop can be kept, and what is on its shelves is found however it is
// written, and nothing else is.
func TestFurnish(t *testing.T) {
	contract, err := transform.Load(contractJSON)
	require.NoError(t, err)
	s, err := newShop(dal.Standalone(contract, memstore.New(contract, nil)), []byte("of a test"), bcrypt.MinCost)
	require.NoError(t, err)
	password, err := s.furnish(t.Context())
	require.NoError(t, err)
	m := market{t, s, newServer(s)}
	status, welcome := m.send(0, "POST", "/api/auth/login", `{"username":"ADMIN","password":"`+password+`"}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, true, welcome["user"].(map[string]any)["super_admin"])
	for name, sells := range map[string]bool{"TEA_Chest": true, "teaXchest": false, "bo_": false} {
		status, welcome = m.send(0, "POST", "/api/auth/login", `{"username":"`+name+`","password":"`+password+`"}`)
		require.Equal(t, http.StatusOK, status, name)
		require.Equal(t, sells, welcome["user"].(map[string]any)["is_seller"], name)
	}
	for query, want := range map[string][]any{
		"":                              {8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0}, // of one second
		"?search=%25":                   {7.0, 2.0},
		"?search=_":                     {7.0, 2.0},
		"?search=CAFFE":                 {3.0, 2.0},
		"?search=strasse":               {6.0},
		"?search=%E2%98%95":             {6.0},
		"?search=knife":                 {5.0, 4.0},
		"?min_price=999999.99":          {8.0},
		"?max_price=0.1":                {7.0, 6.0},
		"?category_id=1&search=samovar": {8.0}, // of a category below it
		"?seller_id=2":                  {8.0, 7.0, 5.0},
		"?seller_id=1&search=knife":     {4.0}, // its double is the other seller's
		"?seller_id=3":                  {},
	} {
		_, answer := m.send(0, "GET", "/api/products"+query, "")
		ids := []any{}
		for _, p := range answer["products"].([]any) {
			ids = append(ids, p.(map[string]any)["id"])
		}
		require.Equal(t, want, ids, query)
	}
	_, tree := m.send(0, "GET", "/api/categories", "")
	require.Len(t, tree["categories"].([]any)[0].(map[string]any)["children"], 2)
}
