package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// lend serves a till to other processes.
func lend(t *till) http.Handler {
	mux := http.NewServeMux()
	serve := func(what string, do func(ctx context.Context, key string, amount Cents) (string, error)) {
		mux.HandleFunc("POST /"+what, func(w http.ResponseWriter, r *http.Request) {
			amount, _ := strconv.ParseInt(r.FormValue("amount"), 10, 64) // none is 0
			text, err := do(r.Context(), r.FormValue("key"), Cents(amount))
			if err != nil {
				w.WriteHeader(problemOf(err).status)
			}
			_, _ = io.WriteString(w, text) // who asks may have been killed
		})
	}
	serve("charge", func(ctx context.Context, key string, amount Cents) (string, error) {
		return t.charge(ctx, key, payment{}, amount)
	})
	serve("transaction", func(ctx context.Context, key string, _ Cents) (string, error) { return t.transaction(ctx, key) })
	serve("release", func(ctx context.Context, key string, _ Cents) (string, error) { return "", t.release(ctx, key) })
	return mux
}

// A farTill is a till of another process.
type farTill struct{ at string }

func (f farTill) charge(ctx context.Context, key string, _ payment, amount Cents) (string, error) {
	return f.ask(ctx, "charge", url.Values{"key": {key}, "amount": {strconv.FormatInt(int64(amount), 10)}})
}

func (f farTill) transaction(ctx context.Context, key string) (string, error) {
	return f.ask(ctx, "transaction", url.Values{"key": {key}})
}

func (f farTill) release(ctx context.Context, key string) error {
	_, err := f.ask(ctx, "release", url.Values{"key": {key}})
	return err
}

func (f farTill) ask(ctx context.Context, what string, values url.Values) (string, error) {
	r, err := http.NewRequestWithContext(ctx, "POST", f.at+"/"+what+"?"+values.Encode(), nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	switch {
	case answer.StatusCode == http.StatusConflict:
		return "", cartChanged
	case answer.StatusCode != http.StatusOK:
		return "", errors.Join(err, fmt.Errorf("the till answers %d", answer.StatusCode))
	}
	return string(text), err
}
