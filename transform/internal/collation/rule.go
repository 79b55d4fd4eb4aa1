package collation

// supplementary is the one weight of all characters above U+FFFF in the collations
// that are older than they (MySQL manual, "Unicode Character Sets").
const supplementary = 0xFFFD

// A few are the weights that a rule gives.
type few struct {
	of [6]uint16
	n  int
}

func (f *few) add(weights ...uint16) { f.n += copy(f.of[f.n:], weights) }

// itself is the rule of a collation in which a character stands for itself unless the
// table says otherwise.
func itself(_ *table, r rune) (w few) {
	if r > 0xFFFF {
		r = supplementary
	}
	w.add(uint16(r))
	return w
}

// Whose implicit weights begin with what (UTS #10, "Derived Collation Elements").
const (
	unified    = 0xFB40
	extension  = 0xFB80
	unassigned = 0xFBC0
	tangut     = 0xFB00
)

// implicit is the rule of UCA 4.0.0 as MySQL has it.
func implicit(_ *table, r rune) (w few) {
	switch {
	case r > 0xFFFF:
		w.add(supplementary)
		return w
	case r >= 0x3400 && r <= 0x4DB5:
		return derived(extension, r)
	case r >= 0x4E00 && r <= 0x9FA5, isUnifiedCompatibility(r):
		return derived(unified, r)
	}
	return derived(unassigned, r)
}

// derived are the two weights of a character that has none of its own.
func derived(base uint16, r rune) (w few) {
	w.add(base+uint16(r>>15), uint16(r&0x7FFF)|0x8000)
	return w
}

// implicit9 is the rule of UCA 9.0.0.
func implicit9(t *table, r rune) (w few) {
	switch {
	case r >= hangulFirst && r <= hangulLast:
		return t.hangul(r - hangulFirst)
	case r >= 0x17000 && r <= 0x18AFF:
		w.add(tangut, uint16(r-0x17000)|0x8000)
		return w
	case r >= 0x4E00 && r <= 0x9FD5, isUnifiedCompatibility(r):
		return derived(unified, r)
	case r >= 0x3400 && r <= 0x4DB5, r >= 0x20000 && r <= 0x2A6D6, r >= 0x2A700 && r <= 0x2B734,
		r >= 0x2B740 && r <= 0x2B81D, r >= 0x2B820 && r <= 0x2CEA1:
		return derived(extension, r)
	}
	return derived(unassigned, r)
}

// isUnifiedCompatibility reports whether the character is one of the twelve in the
// block of compatibility ideographs that are unified ones.
func isUnifiedCompatibility(r rune) bool {
	switch r {
	case 0xFA0E, 0xFA0F, 0xFA11, 0xFA13, 0xFA14, 0xFA1F, 0xFA21, 0xFA23, 0xFA24, 0xFA27, 0xFA28, 0xFA29:
		return true
	}
	return false
}

// Of how the syllables of Hangul are made of letters (Unicode Standard, section 3.12).
// The last twelve of the block are no syllables, and are taken apart all the same:
// the engine in the examples has them in that place (TestFoldOfCharacters there).
const (
	hangulFirst, hangulLast    = 0xAC00, 0xD7AF
	leading, vowel, trailing   = 0x1100, 0x1161, 0x11A7
	vowelCount, trailingsCount = 21, 28
)

// hangul are the weights of a syllable's letters, each of which has one.
func (t *table) hangul(n rune) (w few) {
	last := n % trailingsCount
	n /= trailingsCount
	for _, letter := range []rune{leading + n/vowelCount, vowel + n%vowelCount, trailing + last} {
		if letter != trailing {
			own, _ := t.own(letter)
			w.add(own...)
		}
	}
	return w
}

// undone returns the characters to which a rule may give the weights. Whether it does
// is to be asked.
func undone(weights []uint16) []rune {
	switch {
	case len(weights) == 1:
		return []rune{rune(weights[0]), 0x10000} // itself, or any above U+FFFF
	case len(weights) == 2 && weights[0] == tangut:
		return []rune{0x17000 + rune(weights[1]&0x7FFF)}
	case len(weights) == 2 && weights[0] > tangut && weights[0] < unassigned+0x40:
		return []rune{rune(weights[0]&0x3F)<<15 | rune(weights[1]&0x7FFF)}
	}
	return nil
}
