package template

import "unicode/utf8"

// A DatePlace is a piece of what a date-format writes, for whoever writes it in
// another language: a literal, or digits that stand at a fixed place in the
// source's text, with zeros behind them where the source has fewer.
type DatePlace struct {
	Literal string
	From    int // where the digits begin, in characters from 1; 0 if there are none
	Digits  int // how many are taken of the source
	Zeros   int // how many follow
}

// Places returns the pieces of the format in order. They are right for a source
// that is in its form, which a column of text need not be.
func (d *Date) Places() []DatePlace {
	var begin [fields]int
	at := 1
	for _, p := range d.from.pieces {
		if p.digits > 0 {
			begin[p.field] = at
		}
		at += p.digits + utf8.RuneCountInString(p.literal)
	}
	var places []DatePlace
	for _, p := range d.to.pieces {
		if p.digits == 0 {
			places = append(places, DatePlace{Literal: p.literal})
			continue
		}
		take := min(p.digits, d.from.digits[p.field])
		places = append(places, DatePlace{From: begin[p.field], Digits: take, Zeros: p.digits - take})
	}
	return places
}
