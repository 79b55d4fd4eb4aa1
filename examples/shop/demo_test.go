package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// TestDemo: a hundred shoppers buy through all phases, and the accounts hold.
func TestDemo(t *testing.T) {
	out := &strings.Builder{}
	args := []string{"--demo", "--walk", "100ms", "--listen", "127.0.0.1:0", "--dynamodb-endpoint", quickEngine(t).Endpoint()}
	if server := enginetest.MySQLServer(t); !server.IsSubstitute() {
		args = append(args, "--mysql", server.DSN(""))
	}
	require.NoError(t, run(t.Context(), args, out), out)
	for _, part := range []string{"100 shoppers", "phase 5", "phase 1 again", "requests that failed", "all of it holds"} {
		require.Contains(t, out.String(), part)
	}
	require.NotContains(t, out.String(), "0 of 0\n", "everything was looked at")
}

// TestDemoOnABusyDay: a shop that answers 503 now and then, whether it has done what it
// was asked for or not, keeps its accounts, and its clients know what to do.
func TestDemoOnABusyDay(t *testing.T) {
	c, err := transform.Load(contractJSON)
	require.NoError(t, err)
	s, err := newShop(dal.Standalone(c, memstore.New(c, nil)), []byte("a secret of the tests"), bcrypt.MinCost)
	require.NoError(t, err)
	d, err := newDemo(t.Context(), s, time.Millisecond)
	require.NoError(t, err)
	var mu sync.Mutex
	asked, bought, enough := map[string]bool{}, 0, make(chan struct{})
	serves := newServer(s)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		who := r.Method + r.URL.Path + r.Header.Get("Authorization")
		if r.Header.Get("Authorization") == "Bearer " {
			who = fmt.Sprint(r.Method, r.URL.Path, len(asked))
		}
		before, n := asked[who] || bought >= shoppers, len(asked)
		asked[who] = true
		mu.Unlock()
		if before || n%3 == 0 { // the first of a path and a shopper is not answered, as a rule
			answer := &noted{ResponseWriter: w}
			serves.ServeHTTP(answer, r)
			mu.Lock()
			defer mu.Unlock()
			if r.URL.Path == checkoutPath && answer.status == http.StatusCreated {
				if bought++; bought == shoppers {
					close(enough)
				}
			}
			return
		}
		if n%3 == 1 {
			serves.ServeHTTP(httptest.NewRecorder(), r)
		}
		s.fail(w, r, &problem{http.StatusServiceUnavailable, "busy", context.DeadlineExceeded})
	}))
	defer server.Close()
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	err = d.play(t.Context(), strings.TrimPrefix(server.URL, "http://"), func() error { <-enough; return nil }, say)
	require.NoError(t, err, lines)
	require.Regexp(t, `asked for the same again, and had it +[1-9]`, strings.Join(lines, "\n"))
	require.Regexp(t, `whose order was looked for +[1-9]`, strings.Join(lines, "\n"))
}

// TestDemoInterrupted: a demo that was cut has shown nothing, and says so.
func TestDemoInterrupted(t *testing.T) {
	c, err := transform.Load(contractJSON)
	require.NoError(t, err)
	s, err := newShop(dal.Standalone(c, memstore.New(c, nil)), []byte("a secret of the tests"), bcrypt.MinCost)
	require.NoError(t, err)
	d, err := newDemo(t.Context(), s, time.Millisecond)
	require.NoError(t, err)
	server := httptest.NewServer(newServer(s))
	defer server.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	walk := func() error { interrupt(); return nil }
	say := func(format string, args ...any) { require.NotContains(t, format, "holds") }
	require.EqualError(t, d.play(ctx, strings.TrimPrefix(server.URL, "http://"), walk, say), "interrupted before the accounts were settled")
}

// TestReckoning finds what a shop has not kept.
func TestReckoning(t *testing.T) {
	for name, harm := range map[string]func(*testing.T, *shop, receipt) error{
		"": func(*testing.T, *shop, receipt) error { return nil },
		"products whose stock": func(t *testing.T, s *shop, o receipt) error {
			return s.products.Update(t.Context(), s.products.Key(o.Items[0].ProductID), func(p *Product) error { p.Inventory++; return nil })
		},
		"orders whose total": func(t *testing.T, s *shop, o receipt) error {
			return s.orders.Update(t.Context(), s.orders.Key(o.ID), func(o *Order) error { o.Total++; return nil })
		},
		"acknowledged orders": func(t *testing.T, s *shop, o receipt) error {
			return s.orders.Delete(t.Context(), s.orders.Key(o.ID))
		},
		"orders without a payment": func(t *testing.T, s *shop, o receipt) error {
			account := ""
			err := s.orders.Update(t.Context(), s.orders.Key(o.ID), func(o *Order) error { account, o.Status = *o.Account, pending; return nil })
			return errors.Join(err, s.bank.release(t.Context(), account))
		},
		"payments that are not orders'": func(t *testing.T, s *shop, o receipt) error {
			_, err := s.bank.charge(t.Context(), "checkout 1 another", payment{}, o.Total)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := transform.Load(contractJSON)
			require.NoError(t, err)
			s, err := newShop(dal.Standalone(c, memstore.New(c, nil)), []byte("a secret of the tests"), bcrypt.MinCost)
			require.NoError(t, err)
			d, err := newDemo(t.Context(), s, time.Millisecond)
			require.NoError(t, err)
			bought, first := make(chan struct{}), sync.Once{}
			serves := newServer(s)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := &noted{ResponseWriter: w}
				serves.ServeHTTP(answer, r)
				if r.URL.Path == "/api/orders/checkout" && answer.status == http.StatusCreated {
					first.Do(func() { close(bought) })
				}
			}))
			defer server.Close()
			var lines []string
			say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
			err = d.play(t.Context(), strings.TrimPrefix(server.URL, "http://"), func() error { <-bought; return nil }, say)
			require.NoError(t, err, lines)
			for _, p := range d.people {
				for _, o := range p.ordered {
					require.NoError(t, harm(t, s, o))
					lines = nil
					err = d.settle(t.Context(), say)
					if name == "" {
						require.NoError(t, err)
						return
					}
					require.ErrorIs(t, err, errReckoning)
					require.Regexp(t, name+`.* [1-9]\d* of `, strings.Join(lines, "\n"))
					return
				}
			}
			require.Fail(t, "nobody bought anything")
		})
	}
}
