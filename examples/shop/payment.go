package main

import (
	"strings"

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

// charge takes the amount and returns what the transaction is known by. It stands in
// for a bank, which would set the amount aside now and take it once the order is
// placed, or let it go if it could not be.
func (p payment) charge(Cents) (transaction string, err error) {
	if strings.HasSuffix(p.card(), refusedCards) {
		return "", refusedPayment("the payment was refused")
	}
	number, err := uuid.NewRandom()
	return "txn_" + number.String(), err
}
