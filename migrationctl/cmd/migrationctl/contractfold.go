package main

import (
	"fmt"
	"strconv"
	"strings"
)

// A likeness is what findings say that differ in their place only, or in their
// place and one name.
type likeness struct{ severity, place, reason, mend string }

// A telling is a finding beside those that say the same of other names.
type telling struct {
	finding
	words []string // of reason and mend
	name  string   // "" where it is like no other
	like  likeness
}

// nameHere stands for the name, and for a number in a pointer. Nothing that a
// person wrote has it.
const nameHere = "\x00"

// unnamed finds findings that differ in one name only, and gives each the same
// likeness. Sorted, such findings follow one another among those of a kind of
// place, so that each is compared with the one before it only.
func unnamed(sorted []finding) []telling {
	all := make([]telling, len(sorted))
	before := map[string]*telling{}
	for i, f := range sorted {
		t := &all[i]
		*t = telling{finding: f, words: strings.Fields(f.Reason + " " + nameHere + " " + f.Mend)}
		if f.Count > 0 {
			continue // which says how many rows and their keys
		}
		kind := f.Severity + " " + placeOf(f.Pointer) + " " + t.words[0]
		if b := before[kind]; b != nil {
			pair(b, t)
		}
		before[kind] = t
	}
	return all
}

// placeOf is a pointer without its numbers.
func placeOf(pointer string) string {
	parts := strings.Split(pointer, "/")
	for i, p := range parts {
		if _, err := strconv.Atoi(p); err == nil {
			parts[i] = nameHere
		}
	}
	return strings.Join(parts, "/")
}

// pair gives two findings one likeness if they differ in one name only.
func pair(a, b *telling) {
	x, y, ok := differing(a.words, b.words)
	if !ok || a.name != "" && a.name != x {
		return
	}
	like := b.without(y)
	if a.without(x) != like {
		return
	}
	a.name, a.like = x, like
	b.name, b.like = y, like
}

// differing returns the one name in which words differ, wherever they do.
func differing(a, b []string) (x, y string, ok bool) {
	if len(a) != len(b) {
		return "", "", false
	}
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		m, n := bare(a[i]), bare(b[i])
		if m == "" || n == "" || x != "" && (m != x || n != y) {
			return "", "", false
		}
		x, y = m, n
	}
	return x, y, x != ""
}

// bare is a word without what stands around it.
func bare(word string) string { return strings.Trim(word, "\"'`.,:;()[]{}…") }

// without is what a finding says, without the name.
func (t *telling) without(name string) likeness {
	replace := func(text string) string {
		words := strings.Fields(text)
		for i, w := range words {
			if bare(w) == name {
				words[i] = strings.Replace(w, name, nameHere, 1)
			}
		}
		return strings.Join(words, " ")
	}
	return likeness{t.Severity, placeOf(t.Pointer), replace(t.Reason), replace(t.Mend)}
}

// foldedNames is the line of findings that say the same of several names.
func foldedNames(all []*telling) string {
	var at, names []string
	known := map[string]bool{}
	for _, t := range all {
		at = append(at, t.Pointer)
		if !known[t.name] {
			known[t.name] = true
			names = append(names, t.name)
		}
	}
	first := all[0]
	line := fmt.Sprintf("%s %s: %s", first.Severity, strings.Join(spans(at), ", "), first.Reason)
	if first.Mend != "" {
		line += "; " + first.Mend
	}
	line += "; likewise for " + strings.Join(names[1:min(len(names), maxAlike)], ", ")
	if more := len(names) - maxAlike; more > 0 {
		line += fmt.Sprintf(" and %d more", more)
	}
	return escaped(line)
}

// spans writes pointers to places that follow one another as the first of them and
// the last number.
func spans(pointers []string) (short []string) {
	for i := 0; i < len(pointers); {
		parent, n, ok := position(pointers[i])
		last := i
		for ok && last+1 < len(pointers) && pointers[last+1] == parent+strconv.Itoa(n+last+1-i) {
			last++
		}
		short = append(short, pointers[i])
		if last > i {
			short[len(short)-1] += " to " + strconv.Itoa(n+last-i)
		}
		i = last + 1
	}
	return short
}

// position is the number at the end of a pointer, and what is before it.
func position(pointer string) (parent string, n int, ok bool) {
	i := strings.LastIndexByte(pointer, '/') + 1
	n, err := strconv.Atoi(pointer[i:])
	return pointer[:i], n, err == nil
}
