package collation

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Unfold returns a text that has the folded form, so that the collation takes it for
// equal to all that have it; ok is false if none is found. It finds one of the form of
// any text, unless a blank that came off at the end is a part of a character's
// weights.
func (c Collation) Unfold(folded string) (text string, ok bool) {
	text = folded
	if c.weights != nil {
		var weights []uint16
		for _, r := range folded {
			weights = append(weights, weight(r))
		}
		text, ok = c.weights().unfold(weights)
		if !ok {
			return "", false
		}
	}
	return text, c.Fold(text) == folded
}

// unfold returns a text with the weights. Of all characters that have some of them
// it takes those with the fewest, the first of them in the order of Unicode: so that
// an old character set has them where it can.
func (t *table) unfold(weights []uint16) (text string, ok bool) {
	// rest[i] is the character with which begins a text of the weights from i on,
	// after[i] how many of these it has, 0 if there is no such text.
	rest, after := make([]rune, len(weights)), make([]int, len(weights)+1)
	after[len(weights)] = 1
	for i := range slices.Backward(weights) {
		for n := 1; n <= t.most && i+n <= len(weights) && after[i] == 0; n++ {
			if after[i+n] == 0 {
				continue
			}
			if r := t.with(weights[i : i+n]); r >= 0 {
				rest[i], after[i] = r, n
			}
		}
	}
	if after[0] == 0 {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(weights); i += after[i] {
		b.WriteRune(rest[i])
	}
	return b.String(), true
}

// with returns the first character with the weights, -1 if none is found.
func (t *table) with(weights []uint16) rune {
	found := rune(-1)
	consider := func(r rune) {
		if utf8.ValidRune(r) && (found < 0 || r < found) && t.has(r, weights) {
			found = r
		}
	}
	if r, listed := t.reverse()[string(characters(weights))]; listed {
		consider(r)
	}
	for _, r := range undone(weights) {
		consider(r)
	}
	return found
}

// has reports whether these are the weights of a character.
func (t *table) has(r rune, weights []uint16) bool {
	own, ok := t.own(r)
	if !ok {
		given := t.rule(t, r)
		own = given.of[:given.n]
	}
	return slices.Equal(own, weights)
}

// reversed returns the first of the table's characters with each weights, which are
// written as Fold writes them.
func (t *table) reversed() map[string]rune {
	first := map[string]rune{}
	for high, page := range t.pages {
		if page == nil {
			continue
		}
		for low, s := range page {
			if !s.spanned || s.n == 0 {
				continue
			}
			weights := string(characters(t.weights[s.at : s.at+uint32(s.n)]))
			if _, has := first[weights]; !has {
				first[weights] = rune(high<<8 | low)
			}
		}
	}
	return first
}

// characters are those that stand for weights.
func characters(weights []uint16) []rune {
	all := make([]rune, len(weights))
	for i, w := range weights {
		all[i] = character(w)
	}
	return all
}
