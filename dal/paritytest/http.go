package paritytest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Request is one that a client sends.
type Request struct {
	// Name says which it is where a difference is told. Default: method and path.
	Name   string
	Method string // default GET
	// Path may have a query. {name} in path, headers and body stands for what an
	// earlier request saved.
	Path   string
	Header map[string]string
	Body   string
	// Save keeps parts of the answer for later requests: names to JSON paths. An
	// answer without them fails the test.
	Save map[string]string
	// Varies are the JSON paths of what may differ in this answer, beside those of
	// the options. What is saved may still differ only if it is named here or
	// there: an id is the same in every phase, a token perhaps not.
	Varies []string
}

// HTTP sends requests to a service in each phase and across every step, and compares
// status, headers and bodies with those of phase 1. open is called for each time
// the requests are sent: what it opens has the same rows each time.
func HTTP(t *testing.T, open func(testing.TB) Service[http.Handler], requests []Request, opts *Options) {
	t.Helper()
	o := opts.withDefaults()
	var all []checked
	for i, r := range requests {
		c, err := r.check(o)
		require.NoError(t, err, "request %d", i+1)
		all = append(all, c)
	}
	play(t, open, func() []Operation[http.Handler] {
		saved := map[string]string{}
		history := make([]Operation[http.Handler], len(all))
		for i, c := range all {
			history[i] = Operation[http.Handler]{Name: c.Name, Reads: c.reads(), Do: func(ctx context.Context, h http.Handler) (Answer, error) {
				return c.send(ctx, h, o, saved)
			}}
		}
		return history
	}, o, nil)
}

// A checked request is one whose paths are read.
type checked struct {
	Request
	save   map[string]path
	varies []path
}

func (r Request) check(o Options) (checked, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Name == "" {
		r.Name = r.Method + " " + r.Path
	}
	c := checked{Request: r, save: map[string]path{}}
	var err error
	for name, text := range r.Save {
		if c.save[name], err = parsePath(text); err != nil {
			return c, err
		}
	}
	c.varies, err = parsePaths(slices.Concat(o.Varies, r.Varies))
	return c, err
}

// reads reports whether the request may be sent again.
func (r Request) reads() bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// send sends the request and returns the answer with what may vary blanked.
func (c checked) send(ctx context.Context, h http.Handler, o Options, saved map[string]string) (Answer, error) {
	var pairs []string
	for name, value := range saved {
		pairs = append(pairs, "{"+name+"}", value)
	}
	fill := strings.NewReplacer(pairs...)
	req := httptest.NewRequestWithContext(ctx, c.Method, fill.Replace(c.Path), strings.NewReader(fill.Replace(c.Body)))
	if c.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.Header {
		req.Header.Set(name, fill.Replace(value))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	body := w.Body.Bytes()
	for name, at := range c.save {
		value, ok := at.text(body)
		if !ok {
			return Answer{}, fmt.Errorf("status %d, and the answer has nothing at %s to save as %s; body %s", w.Code, at, name, excerpt(body))
		}
		saved[name] = value
	}
	return Answer{Head: head(w.Result(), o.Headers), Body: blank(body, c.varies)}, nil
}

// head is the line of status and headers that are compared.
func head(r *http.Response, names []string) string {
	line := r.Status
	for _, name := range names {
		if values := r.Header.Values(name); len(values) > 0 {
			line += "; " + name + ": " + strings.Join(values, ", ")
		}
	}
	return line
}
