package fragment

import (
	"errors"
	"strings"
)

// castCollation is the collation of a text that CAST made; see castSQL.
const castCollation = "utf8mb4_bin"

// mixed stands for collations that can't come together; MySQL calls it an
// illegal mix.
const mixed = "\x00mixed"

// Collate returns how a collation compares two texts: below 0, 0 or above 0,
// as strings.Compare does. An error says why it can't be done; what only the
// server can compare must not be compared here in another way. It is asked when
// a fragment is compiled, not for each row.
type Collate func(collation string) (func(a, b string) int, error)

// ByBytes is the Collate that knows the binary collations, which compare the
// bytes of the texts, with or without padding by blanks, and refuses others.
func ByBytes(collation string) (func(a, b string) int, error) {
	switch collation {
	case "utf8mb4_bin", "utf8mb3_bin", "utf8_bin", "ascii_bin":
		return comparePadded, nil
	case "utf8mb4_0900_bin", "utf8mb4_nopad_bin", "utf8mb3_nopad_bin":
		return strings.Compare, nil
	}
	return nil, errors.New("a text of the collation " + collation + " is compared as only the server can; use a binary collation or compare CAST(… AS CHAR)")
}

// comparePadded compares bytes as if the shorter text had blanks at its end
// (MySQL manual, "Trailing space handling in comparisons").
func comparePadded(a, b string) int {
	n := min(len(a), len(b))
	if c := strings.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	if c := compareBlanks(a[n:]); c != 0 {
		return c
	}
	return -compareBlanks(b[n:])
}

// compareBlanks compares a text with as many blanks as it has bytes.
func compareBlanks(s string) int {
	s = strings.TrimLeft(s, " ")
	switch {
	case s == "":
		return 0
	case s[0] < ' ':
		return -1
	}
	return 1
}

// mix returns the collation of a text made of two: "" is that of a literal or
// a number, which takes the other's. Of two collations of one character set a
// binary one wins (MySQL manual, "Collation coercibility in expressions").
func mix(a, b string) string {
	switch {
	case a == b || b == "":
		return a
	case a == "":
		return b
	case characterSet(a) != characterSet(b) || a == mixed || b == mixed:
		return mixed
	case strings.HasSuffix(a, "_bin") && !strings.HasSuffix(b, "_bin"):
		return a
	case strings.HasSuffix(b, "_bin") && !strings.HasSuffix(a, "_bin"):
		return b
	}
	return mixed
}

func characterSet(collation string) string {
	set, _, _ := strings.Cut(collation, "_")
	return set
}
