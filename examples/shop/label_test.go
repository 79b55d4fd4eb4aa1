package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
)

// An interposed group lets something happen in the first unit of work, once it has
// decided and before it commits.
type interposed struct {
	atomically
	happen func()
}

func (g interposed) Atomically(ctx context.Context, do func(ctx context.Context, tx *dal.Tx) error, options ...dal.WriteOption) error {
	return g.atomically.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		err := do(ctx, tx)
		g.happen()
		return err
	}, options...)
}

// TestTwoLevels: of two super admins who change the tree at once, none makes a third
// level or takes the parent of the other's category away, in any phase.
func TestTwoLevels(t *testing.T) {
	inEachPhase(t, 1, func(t *testing.T, s *shop, people []*shopper) {
		admin := User{Username: "root", Email: "root@example.com", PasswordHash: "none", SuperAdmin: true, CreatedAt: opening, UpdatedAt: opening}
		require.NoError(t, s.users.Create(t.Context(), &admin))
		p, group := people[0].signedInAs(t, s, admin), s.units
		category := func(name string, parent any) (int, int64) {
			var made struct{ Category categoryView }
			status, err := p.send(t.Context(), "POST", "/api/categories", fields{"name": name, "parent_id": parent}, &made)
			require.NoError(t, err)
			return status, made.Category.ID
		}
		for n, c := range []struct {
			name                string
			method, path, body  string
			beside, besidePath  string // what the other does meanwhile
			besideBody          string
			status, statusAside int
		}{
			{name: "moved, and given a child", method: "PUT", path: "/{a}", body: `{"parent_id":{b}}`,
				beside: "POST", besideBody: `{"name":"x{n}","parent_id":{a}}`, status: http.StatusConflict, statusAside: http.StatusCreated},
			{name: "moved, and given one that was there", method: "PUT", path: "/{a}", body: `{"parent_id":{b}}`,
				beside: "PUT", besidePath: "/{c}", besideBody: `{"parent_id":{a}}`, status: http.StatusConflict, statusAside: http.StatusOK},
			{name: "given a child, and moved", method: "POST", body: `{"name":"y{n}","parent_id":{a}}`,
				beside: "PUT", besidePath: "/{a}", besideBody: `{"parent_id":{b}}`, status: http.StatusBadRequest, statusAside: http.StatusOK},
			{name: "deleted, and given a child", method: "DELETE", path: "/{a}",
				beside: "POST", besideBody: `{"name":"z{n}","parent_id":{a}}`, status: http.StatusConflict, statusAside: http.StatusCreated},
			{name: "given a child, and deleted", method: "POST", body: `{"name":"u{n}","parent_id":{a}}`,
				beside: "DELETE", besidePath: "/{a}", status: http.StatusBadRequest, statusAside: http.StatusOK},
		} {
			t.Run(c.name, func(t *testing.T) {
				s.units = group
				var ids [3]string
				for i := range ids {
					status, id := category(fmt.Sprint("root ", n, " ", i), nil)
					require.Equal(t, http.StatusCreated, status)
					ids[i] = fmt.Sprint(id)
				}
				send := func(method, path, body string) int {
					fill := strings.NewReplacer("{a}", ids[0], "{b}", ids[1], "{c}", ids[2], "{n}", fmt.Sprint(n)).Replace
					var content any
					if body != "" {
						content = rawBody(fill(body))
					}
					status, err := p.send(t.Context(), method, "/api/categories"+fill(path), content, nil)
					require.NoError(t, err)
					return status
				}
				aside, done := 0, false
				s.units = interposed{group, func() {
					if !done {
						done = true
						aside = send(c.beside, c.besidePath, c.besideBody)
					}
				}}
				require.Equal(t, c.status, send(c.method, c.path, c.body))
				require.Equal(t, c.statusAside, aside)
			})
		}
	})
}

// A rawBody is JSON already.
type rawBody string

func (b rawBody) MarshalJSON() ([]byte, error) { return []byte(b), nil }
