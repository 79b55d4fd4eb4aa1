package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/crossfade-go/crossfade/dal"
)

// A purchase is a checkout under way.
type purchase struct {
	user    int64
	payment payment
	// account is what the bank knows it by, and the order that it places, and if the
	// client gave a key, the unit of work too, for as long as a token lives.
	account string
	keyed   bool
}

// keys are what clients may send as Idempotency-Key. With the user's id they fit into
// a token.
var keys = regexp.MustCompile(`^[!-~]{1,100}$`)

// purchaseOf reads how the client pays, and its key.
func purchaseOf(w http.ResponseWriter, r *http.Request) (b purchase, err error) {
	if err = read(w, r, &b.payment); err == nil {
		err = b.payment.check()
	}
	b.user, b.account = caller(r), "checkout "+rand.Text()
	if key := r.Header.Get("Idempotency-Key"); err == nil && key != "" {
		if !keys.MatchString(key) {
			err = invalid("Idempotency-Key must have 1 to 100 visible characters of ASCII")
		}
		b.account, b.keyed = fmt.Sprintf("checkout %d %s", b.user, key), true
	}
	return b, err
}

// A settled purchase is what the client is told of: the order, what is in it, and
// what the payment is known by.
type settled struct {
	order       Order
	goods       map[int64]good
	transaction string
}

// buy has the cart paid and places its order. If the order can't be placed, what was
// paid goes back; if nobody knows whether it was placed, the payment stays, and a
// client that gave a key asks again.
func (s *shop) buy(ctx context.Context, b purchase) (settled, error) {
	if b.keyed {
		if o, err := s.placed(ctx, b); err != nil || o.ID != 0 {
			return s.acknowledge(ctx, b, o, err)
		}
	}
	c, err := s.cart(ctx, b.user)
	if err == nil {
		if issues := c.hindrances(); len(issues) > 0 {
			err = invalid("%s", issues[0])
		}
	}
	var transaction string
	if err == nil {
		transaction, err = s.charge(ctx, b, c.totals().Amount)
	}
	var o Order
	if err == nil {
		o, err = s.placeOrder(ctx, b, c)
	}
	switch {
	case err != nil:
		return settled{}, s.abandon(ctx, b, err)
	case b.keyed: // another try may have placed it, of another cart
		o, err = s.placed(ctx, b)
		return s.acknowledge(ctx, b, o, err)
	}
	return settled{o, c.goods, transaction}, nil
}

// charge asks the bank for the amount. If the bank can't be asked, that is nothing that
// the client did.
func (s *shop) charge(ctx context.Context, b purchase, amount Cents) (transaction string, err error) {
	transaction, err = s.bank.charge(ctx, b.account, b.payment, amount)
	if p := (*problem)(nil); err != nil && !errors.As(err, &p) {
		err = &problem{http.StatusServiceUnavailable, "the bank can't be asked at the moment; try again", err}
	}
	return transaction, err
}

var (
	errNotPlaced = errors.New("the purchase has placed no order")
	errSpent     = conflict("the checkout with this Idempotency-Key has failed; begin another with a new key")
)

// placed returns the order that an earlier try has placed, the zero Order if none has,
// and errSpent if none will. An order has its account for good, and the token may be gone.
// Whether there is none yet or will be none, it asks by a unit of work that fails, and so
// changes nothing, unless one with its token was applied before.
func (s *shop) placed(ctx context.Context, b purchase) (Order, error) {
	if o, err := s.paidFrom(ctx, b.account); err != nil || o.ID != 0 {
		return o, err
	}
	o := Order{UserID: b.user, Status: pending, CreatedAt: s.seconds(), UpdatedAt: s.seconds()}
	err := s.units.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		return errors.Join(s.orders.In(tx).Create(ctx, &o), errNotPlaced)
	}, dal.Token(b.account))
	switch {
	case errors.Is(err, errNotPlaced):
		return Order{}, nil
	case err != nil:
		return Order{}, err
	case o.ID == 0:
		return Order{}, errSpent
	}
	return s.orders.Get(ctx, s.order(o.ID))
}

// paidFrom returns the order that was paid from an account, the zero Order if there is
// none.
func (s *shop) paidFrom(ctx context.Context, account string) (o Order, err error) {
	found, err := all(ctx, s.orders, paidBy(account))
	if len(found) > 0 {
		o = found[0]
	}
	return o, err
}

// acknowledge answers with an order that was placed, unless there is an error already.
// It was paid before, so that nothing is taken any more.
func (s *shop) acknowledge(ctx context.Context, b purchase, o Order, err error) (settled, error) {
	if errors.Is(err, errSpent) {
		return settled{}, s.giveBack(ctx, b, errSpent) // as it was to be
	}
	done := settled{order: o}
	if err == nil {
		err = s.refund(ctx, o) // this try may have paid after it was cancelled
	}
	if err == nil {
		done.goods, err = s.ordered(ctx, []Order{o})
	}
	if err == nil {
		done.transaction, err = s.bank.transaction(ctx, b.account)
	}
	if err != nil {
		return settled{}, unsettled(b, err)
	}
	return done, nil
}

// abandon gives back what was paid for an order that is not placed, and returns what
// the client is told. A payment stays where the order may have been placed, and where
// the client sends its key again for another reason.
func (s *shop) abandon(ctx context.Context, b purchase, cause error) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if !notDone(cause) || b.keyed && problemOf(cause).status >= 500 {
		return unsettled(b, cause)
	}
	if b.keyed {
		if err := s.spend(ctx, b); !errors.Is(err, errSpent) {
			return unsettled(b, errors.Join(cause, err))
		}
	}
	return s.giveBack(ctx, b, cause)
}

// giveBack gives back what was paid for an order that surely is not placed any more, and
// returns why it is not. Of a key that is errSpent: no order has its account.
func (s *shop) giveBack(ctx context.Context, b purchase, cause error) error {
	if err := s.bank.release(ctx, b.account); err != nil {
		return b.unanswered("no order was placed, and the payment could not be given back", "", errors.Join(cause, err))
	}
	return cause
}

// refund gives back what was paid for an order, if that is cancelled, which it stays.
func (s *shop) refund(ctx context.Context, o Order) error {
	if o.Status != cancelled || o.Account == nil {
		return nil
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if err := s.bank.release(ctx, *o.Account); err != nil {
		return &problem{http.StatusServiceUnavailable, "the order is cancelled, and the payment could not be given back; cancel it again",
			ofPayment(*o.Account, err)}
	}
	return nil
}

// spend makes sure that no try of the purchase places an order any more, and returns
// errSpent then: one that is still under way somewhere must not find its payment gone.
// The unit of work has the token and changes nothing. It needs its Update: one that only
// reads one record is not committed, and takes no token.
func (s *shop) spend(ctx context.Context, b purchase) error {
	user := s.user(b.user)
	err := s.units.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
		if _, err := s.users.In(tx).Get(ctx, user); err != nil {
			return err
		}
		return s.users.In(tx).Update(ctx, user, func(*User) error { return nil })
	}, dal.Token(b.account))
	switch {
	case errors.Is(err, dal.ErrNotFound):
		return errSpent // nobody orders for a user who is gone
	case err == nil:
		_, err = s.placed(ctx, b)
	}
	return err
}

// notDone reports whether nothing came of a unit of work that failed. An error of a
// read has no outcome, which is 0.
func notDone(err error) bool {
	if p := (*problem)(nil); errors.As(err, &p) {
		return true
	}
	e := (*dal.Error)(nil)
	return errors.As(err, &e) && (e.Outcome == dal.NotApplied || e.Outcome == 0)
}

// unsettled is the answer where nobody knows.
func unsettled(b purchase, cause error) error {
	return b.unanswered("it is not known whether the order was placed", "; look at the orders", cause)
}

// unanswered tells a client that gave a key to come again with it, and others what else
// to do. The log has the account, by which the payment is found that may have stayed.
func (b purchase) unanswered(text, otherwise string, cause error) error {
	if b.keyed {
		otherwise = "; send the same again, with the same Idempotency-Key"
	}
	return &problem{http.StatusServiceUnavailable, text + otherwise, ofPayment(b.account, cause)}
}

// ofPayment notes in an error for the log which payment it is about.
func ofPayment(account string, err error) error { return fmt.Errorf("payment %q: %w", account, err) }

// afterwards returns a context for what has to be done also if the client is gone.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}
