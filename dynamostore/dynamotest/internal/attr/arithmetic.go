package attr

import (
	"math/big"
	"strconv"
	"strings"
)

func formatInt(i int64) string { return strconv.FormatInt(i, 10) }

func parseInt(s string) (int64, bool) {
	i, err := strconv.ParseInt(s, 10, 64)
	return i, err == nil
}

// Add returns the exact sum. A sum that needs more than 38 digits is an error
// and not rounded, as in the service; so is one out of range. The error is a
// *ValidationError.
func (n Number) Add(other Number) (Number, error) {
	switch {
	case n.digits == "":
		return other, nil
	case other.digits == "":
		return n, nil
	}
	low := min(n.last(), other.last())
	// Numbers this far apart need more digits than there are, whatever they
	// are: the lower one ends where the higher one has no digits to cancel it.
	if high := max(n.first, other.first); int(high)-low > maxDigits {
		return Number{}, errPrecision
	}
	sum := new(big.Int).Add(n.scaled(low), other.scaled(low))
	return newNumber(sum.Sign() < 0, strings.TrimPrefix(sum.String(), "-"), low)
}

// last returns the exponent of the last digit.
func (n Number) last() int { return int(n.first) - len(n.digits) + 1 }

// scaled returns n / 10^exp, for an exp up to that of the last digit.
func (n Number) scaled(exp int) *big.Int {
	text := n.digits + strings.Repeat("0", n.last()-exp)
	i, _ := new(big.Int).SetString(text, 10)
	if n.neg {
		i.Neg(i)
	}
	return i
}
