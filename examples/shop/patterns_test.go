package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// An asked store notes what it is asked for: entities, and the index that a list is of.
type asked struct {
	*memstore.Store
	what map[string]bool
}

func (a *asked) keys(keys ...transform.Key) {
	for _, key := range keys {
		if !key.IsZero() { // an id that is to be assigned
			a.what[key.Entity] = true
		}
	}
}

func (a *asked) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	a.keys(key)
	return a.Store.Get(ctx, at, key)
}

func (a *asked) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	a.keys(keys...)
	return a.Store.GetMany(ctx, at, keys)
}

func (a *asked) Query(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
	a.what[strings.TrimSuffix(q.Entity.Name+" "+q.Index, " ")] = true
	return a.Store.Query(ctx, at, q)
}

func (a *asked) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	for _, m := range w.Mutations {
		if a.keys(m.Key); m.Op == store.Create {
			a.what[m.Record.Entity().Name] = true
		}
	}
	return a.Store.Write(ctx, at, w)
}

// TestAccessPatterns: each of the 48 patterns asks for what the contract says, no more
// and no less.
func TestAccessPatterns(t *testing.T) {
	contract, err := transform.Load(contractJSON)
	require.NoError(t, err)
	var declared struct {
		AccessPatterns []struct{ Name, Entity, Index string } `json:"access_patterns"`
	}
	require.NoError(t, json.Unmarshal(contractJSON, &declared))
	want := map[string]map[string]bool{}
	for _, p := range declared.AccessPatterns {
		if want[p.Name] == nil {
			want[p.Name] = map[string]bool{}
		}
		want[p.Name][strings.TrimSuffix(p.Entity+" "+p.Index, " ")] = true
	}
	got := map[string]map[string]bool{}
	play := func(fill func(testing.TB, *shop), requests []paritytest.Request) {
		records := &asked{Store: memstore.New(contract, nil), what: map[string]bool{}}
		s, err := newShop(dal.Standalone(contract, records), []byte("of a test"), bcrypt.MinCost)
		require.NoError(t, err)
		fill(t, s)
		h, saved := newServer(s), map[string]string{}
		for _, request := range requests {
			clear(records.what)
			pattern, _ := sendSaved(t, h, request, saved)
			name := "AP" + strconv.Itoa(1+slices.Index(patterns[:], pattern))
			if got[name] == nil {
				got[name] = map[string]bool{}
			}
			maps.Copy(got[name], records.what)
		}
	}
	play(shelved, shelfRequests())
	play(stocked, marketRequests())
	delete(got, "AP0") // no such path
	require.Len(t, got, len(patterns))
	require.Equal(t, want, got)
}

// sendSaved sends a request, saves what it says is to be saved, and returns the pattern
// that it is of, and the answer.
func sendSaved(t *testing.T, h http.Handler, request paritytest.Request, saved map[string]string) (pattern string, answer *httptest.ResponseRecorder) {
	var pairs []string
	for name, value := range saved {
		pairs = append(pairs, "{"+name+"}", value)
	}
	fill := strings.NewReplacer(pairs...).Replace
	r := httptest.NewRequestWithContext(t.Context(), cmp.Or(request.Method, "GET"), fill(request.Path), strings.NewReader(fill(request.Body)))
	for name, value := range request.Header {
		r.Header.Set(name, fill(value))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	for name, path := range request.Save {
		var at any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &at))
		for _, member := range strings.Split(path, ".")[1:] {
			require.Contains(t, at, member, request.Path)
			at = at.(map[string]any)[member]
		}
		saved[name] = fmt.Sprint(at)
	}
	return r.Pattern, w
}
