package main

import (
	"context"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// A payment is how a customer pays.
type payment struct {
	Method  string `json:"paymentMethod"`
	Details struct {
		CardNumber string `json:"cardNumber"`
	} `json:"paymentDetails"`
}

// refusedCards is how the number of a card ends that the bank does not pay.
const refusedCards = "0002"

// check returns why nobody can pay like this, before anybody is asked to.
func (p payment) check() error {
	switch p.Method {
	case "":
		return invalid("paymentMethod is missing")
	case "credit_card", "debit_card", "paypal":
	default:
		return invalid("paymentMethod must be credit_card, debit_card or paypal")
	}
	if number := p.card(); number != "" && (len(number) < 12 || len(number) > 19 || strings.Trim(number, "0123456789") != "") {
		return invalid("cardNumber must have 12 to 19 digits")
	}
	return nil
}

// card returns the digits of the card that pays, "" where none was named or needed.
func (p payment) card() string {
	if p.Method == "paypal" {
		return ""
	}
	return strings.ReplaceAll(p.Details.CardNumber, " ", "")
}

// A bank takes what customers pay, once for each key.
type bank interface {
	// charge takes the amount and returns what the transaction is known by. A key that
	// was charged has its transaction already, and nothing more is taken; if that was of
	// another amount, the error is cartChanged.
	charge(ctx context.Context, key string, p payment, amount Cents) (transaction string, err error)
	// transaction returns what the last charge of the key is known by, also if it was
	// released, "" if there was none. It takes nothing.
	transaction(ctx context.Context, key string) (string, error)
	// release gives back what was taken for the key, if anything was. A charge of the key
	// after that is a new one.
	release(ctx context.Context, key string) error
}

// A till stands in for a bank. It refuses some cards, and forgets when it closes what a
// bank would know for good.
type till struct {
	mu       sync.Mutex
	charges  map[string]charge // by key, but for what was given back
	returned map[string]charge // and that
}

type charge struct {
	transaction string
	amount      Cents
}

func newTill() *till { return &till{charges: map[string]charge{}, returned: map[string]charge{}} }

func (t *till) charge(_ context.Context, key string, p payment, amount Cents) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, is := t.charges[key]; is {
		if c.amount != amount {
			return "", cartChanged
		}
		return c.transaction, nil
	}
	if strings.HasSuffix(p.card(), refusedCards) {
		return "", refusedPayment("the payment was refused")
	}
	number, err := uuid.NewRandom()
	if err != nil {
		return "", err
	}
	t.charges[key] = charge{"txn_" + number.String(), amount}
	return t.charges[key].transaction, nil
}

func (t *till) transaction(_ context.Context, key string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, is := t.charges[key]; is {
		return c.transaction, nil
	}
	return t.returned[key].transaction, nil
}

func (t *till) release(_ context.Context, key string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, is := t.charges[key]; is {
		delete(t.charges, key)
		t.returned[key] = c
	}
	return nil
}

// held returns what was taken and not given back, by key.
func (t *till) held() map[string]Cents {
	t.mu.Lock()
	defer t.mu.Unlock()
	amounts := make(map[string]Cents, len(t.charges))
	for key, c := range t.charges {
		amounts[key] = c.amount
	}
	return amounts
}
