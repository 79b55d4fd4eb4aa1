package transform

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// MySQL counts the characters of a name and not its bytes, and has none beyond the
// basic multilingual plane in it.
func TestIdentifierFault(t *testing.T) {
	const (
		long      = "is longer than the 64 characters of a name in MySQL"
		blank     = "ends in a blank, as no name in MySQL does"
		character = "has a character that no name in MySQL has"
		begins    = "begins with a blank or a control character, which MySQL would leave out"
	)
	for name, want := range map[string]string{
		"": blank, "a": "", "a b": "", "`": "", "0": "", "%$": "",
		"a ": blank, "a\t": blank, "a\n": blank, "a\u00a0": "", "a\x7f": "",
		" a": begins, "\ta": begins, "\x7fa": begins, "\u00a0a": "",
		strings.Repeat("a", 64): "", strings.Repeat("a", 65): long,
		strings.Repeat("ж", 64): "", strings.Repeat("ж", 65): long,
		strings.Repeat("€", 64): "", strings.Repeat("€", 65): long,
		"a\x00": character, "\xff": character, "a\xed\xa0\x80": character,
		"\uffff": "", "\U00010000": character, "😀": character, "face_😀_of": character,
		// Beyond the plane, too, a character is one, however many bytes or halves it has.
		strings.Repeat("😀", 64): character, strings.Repeat("😀", 65): long,
	} {
		require.Equal(t, want, identifierFault(name), "%q", name)
	}
}
