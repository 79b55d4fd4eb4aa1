package main

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// names gives each thing of a document an identifier of its own. Those who ask
// first get the plain one; whoever would get the same one has a hash of its
// words in it, which stays when others come or go.
type names struct {
	join  func(words []string) string
	limit int // characters
	taken map[string]bool
}

// The identifiers of CloudFormation are letters and digits, 255 at most; those of
// Terraform are by custom small letters, digits and "_".
func newLogicalIDs() *names { return &names{camelCase, 255, map[string]bool{}} }
func newLabels() *names     { return &names{snakeCase, 255, map[string]bool{}} }

// of returns the identifier for some words.
func (n *names) of(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	hash := hex.EncodeToString(sum[:])
	id := n.join(words)
	for size := 6; id == "" || len(id) > n.limit || n.taken[id]; size++ {
		id = n.join(words)
		id = n.join([]string{id[:min(len(id), n.limit-size-1)], hash[:size]})
	}
	n.taken[id] = true
	return id
}

// camelCase leaves letters and digits: "order-items", "ByDay" is OrderItemsByDay.
func camelCase(words []string) string {
	var b strings.Builder
	for _, word := range words {
		begin := true
		for _, r := range word {
			if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				begin = true
				continue
			}
			if begin {
				r = unicode.ToUpper(r)
			}
			b.WriteRune(r)
			begin = false
		}
	}
	return b.String()
}

// snakeCase leaves small letters, digits and "_", and begins with a letter:
// "orderItems", "ByDay" is order_items_by_day.
func snakeCase(words []string) string {
	var b strings.Builder
	for i, word := range words {
		if i > 0 {
			b.WriteByte('_')
		}
		small := false // the rune before is a small letter or a digit
		for _, r := range word {
			switch {
			case r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r):
				r = '_'
			case small && unicode.IsUpper(r):
				b.WriteByte('_')
			}
			small = unicode.IsLower(r) || unicode.IsDigit(r)
			b.WriteRune(unicode.ToLower(r))
		}
	}
	if id := b.String(); id != "" && unicode.IsLetter(rune(id[0])) {
		return id
	}
	return "t_" + b.String()
}
