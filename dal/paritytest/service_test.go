package paritytest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// A User is the record of the service under test.
type User struct {
	ID       int64   `db:"user_id" json:"id"`
	Username *string `db:"username" json:"username"`
	Email    *string `db:"email" json:"email"`

	Registered *time.Time     `db:"registration_date" json:"-"`
	LastLogin  *time.Time     `db:"last_login" json:"-"`
	Profile    map[string]any `db:"profile_data" json:"profile"`
}

// A world is a service's two stores and its controller.
type world struct {
	mysql, dynamo *memstore.Store
	ctl           *migrationctl.Controller
	users         *dal.Repository[User]
}

// newWorld has two users in MySQL, in phase 1.
func newWorld(t testing.TB) *world {
	w := emptyWorld(t)
	w.fill(t)
	return w
}

// fill creates the two users.
func (w *world) fill(t testing.TB) {
	for id := range int64(2) {
		name := fmt.Sprintf("user-%d", id+1)
		require.NoError(t, w.users.Create(t.Context(), &User{ID: id + 1, Username: &name}))
	}
}

func emptyWorld(t testing.TB) *world {
	c := storetest.Contract(t)
	w := &world{mysql: memstore.New(c, &memstore.Options{Name: "mysql"}),
		dynamo: memstore.New(c, &memstore.Options{Name: "dynamodb", Leased: true})}
	require.NoError(t, w.mysql.Init(t.Context()))
	require.NoError(t, w.dynamo.Init(t.Context()))
	var err error
	w.ctl, err = migrationctl.Open(t.Context(), w.mysql, w.dynamo, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.ctl.Close(context.WithoutCancel(t.Context()))) })
	w.users, err = dal.NewRepository[User](w.ctl, "Users")
	require.NoError(t, err)
	return w
}

// phase is the phase that the process is in.
func (w *world) phase() dal.Phase { return w.ctl.Router().Snapshot().Phase }

// open is what a service's team writes: the service on fresh stores.
func open(t testing.TB) paritytest.Service[http.Handler] { return serve(newWorld(t), nil) }

// serve returns the service of a world, with something between it and its client.
func serve(w *world, between func(w *world, next http.Handler) http.Handler) paritytest.Service[http.Handler] {
	var h http.Handler = handler(w.users)
	if between != nil {
		h = between(w, h)
	}
	return paritytest.Service[http.Handler]{API: h, Controller: w.ctl}
}

// handler is the service.
func handler(users *dal.Repository[User]) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /users", func(w http.ResponseWriter, r *http.Request) {
		var u User
		err := json.NewDecoder(r.Body).Decode(&u)
		if err == nil {
			err = users.Create(r.Context(), &u)
		}
		answer(w, http.StatusCreated, u, err)
	})
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		u, err := users.Get(r.Context(), users.Key(number(r)))
		answer(w, http.StatusOK, u, err)
	})
	mux.HandleFunc("PUT /users/{id}/email", func(w http.ResponseWriter, r *http.Request) {
		var email string
		err := json.NewDecoder(r.Body).Decode(&email)
		if err == nil {
			err = users.Update(r.Context(), users.Key(number(r)), func(u *User) error { u.Email = &email; return nil })
		}
		answer(w, http.StatusOK, email, err)
	})
	mux.HandleFunc("DELETE /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, nil, users.Delete(r.Context(), users.Key(number(r))))
	})
	mux.HandleFunc("GET /users", func(w http.ResponseWriter, r *http.Request) {
		page, err := users.Page(r.Context(), dal.Index("UsernameIndex").Equal(r.FormValue("username")), "", 10)
		answer(w, http.StatusOK, page.Items, err)
	})
	return mux
}

func number(r *http.Request) int64 {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	return id
}

func answer(w http.ResponseWriter, status int, value any, err error) {
	switch {
	case errors.Is(err, dal.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, dal.ErrExists), errors.Is(err, dal.ErrUnique):
		status = http.StatusConflict
	case err != nil:
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err != nil {
		value = nil
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": value})
}

// requests are what the tests send: every kind, errors included.
func requests() []paritytest.Request {
	return []paritytest.Request{
		{Path: "/users/1"},
		{Method: "POST", Path: "/users", Body: `{"id": 3, "username": "dora"}`, Save: map[string]string{"dora": "$.data.id"}},
		{Path: "/users/{dora}"},
		{Method: "PUT", Path: "/users/{dora}/email", Body: `"dora@example.com"`},
		{Path: "/users?username=dora"},
		{Method: "POST", Path: "/users", Body: `{"id": 4, "username": "dora"}`},
		{Method: "DELETE", Path: "/users/2"},
		{Path: "/users/2"},
	}
}
