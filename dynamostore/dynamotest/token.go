package dynamotest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"
)

// tokenLife is how long a client request token makes a transaction idempotent
// (API reference, "TransactWriteItems").
const tokenLife = 10 * time.Minute

const maxToken = 36

// A tokenLog holds the client request tokens of transactions that were done,
// or are being done.
type tokenLog struct {
	mu     sync.Mutex
	tokens map[string]*token
	swept  time.Time
}

type token struct {
	request [sha256.Size]byte
	since   time.Time
	done    bool
}

// begin notes a token. done is true if its transaction has been done, so that
// there is nothing to do. An empty token is none.
func (l *tokenLog) begin(text string, request []byte, now time.Time) (done bool, err error) {
	if text == "" {
		return false, nil
	}
	if len(text) > maxToken {
		return false, violated("'"+text+"'", "clientRequestToken", "Member must have length less than or equal to 36")
	}
	sum := canonicalSum(request)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	t := l.tokens[text]
	switch {
	case t == nil || now.Sub(t.since) >= tokenLife:
		l.tokens[text] = &token{request: sum, since: now}
		return false, nil
	case t.request != sum:
		return false, refuse("IdempotentParameterMismatchException", "The request uses the same client token as a previous, but non-identical request")
	case !t.done:
		return false, refuse("TransactionInProgressException", "Transaction is in progress for the given client request token")
	}
	return true, nil
}

// end notes what became of a token's transaction. One that was not done may be
// tried again with the same token.
func (l *tokenLog) end(text string, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch t := l.tokens[text]; {
	case t == nil:
	case done:
		t.done = true
	default:
		delete(l.tokens, text)
	}
}

// sweep forgets old tokens, once a minute.
func (l *tokenLog) sweep(now time.Time) {
	if l.tokens == nil {
		l.tokens = map[string]*token{}
	}
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for text, t := range l.tokens {
		if now.Sub(t.since) >= tokenLife {
			delete(l.tokens, text)
		}
	}
}

// canonicalSum identifies a request, in whatever order its members come.
func canonicalSum(request []byte) [sha256.Size]byte {
	d := json.NewDecoder(bytes.NewReader(request))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return sha256.Sum256(request)
	}
	return sha256.Sum256(appendJSON(nil, v))
}
