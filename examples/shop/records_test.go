package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCents: an amount is the same in the database, in JSON and here, to the cent, and
// what is no amount is refused.
func TestCents(t *testing.T) {
	for _, c := range []struct {
		cents    Cents
		text, js string
	}{
		{0, "0.00", "0"}, {1, "0.01", "0.01"}, {10, "0.10", "0.1"}, {100, "1.00", "1"}, {2000, "20.00", "20"},
		{1999, "19.99", "19.99"}, {-5, "-0.05", "-0.05"}, {99_999_999, "999999.99", "999999.99"}, {10_000, "100.00", "100"},
		{90_071_992_547_409_93, "90071992547409.93", "90071992547409.93"},
	} {
		text, err := c.cents.MarshalText()
		require.NoError(t, err)
		require.Equal(t, c.text, string(text))
		js, err := json.Marshal(c.cents)
		require.NoError(t, err)
		require.Equal(t, c.js, string(js))
		for _, form := range []string{c.text, c.js, c.text + "0"} {
			var back Cents
			require.NoError(t, back.UnmarshalText([]byte(form)), form)
			require.Equal(t, c.cents, back, form)
		}
	}
	for text, want := range map[string]Cents{"1e1": 1000, "1.5E0": 150, "19.990": 1999, "-0": 0} {
		var c Cents
		require.NoError(t, json.Unmarshal([]byte(text), &c), text)
		require.Equal(t, want, c, text)
	}
	for _, text := range []string{"1.005", `"1"`, "true", "{}", "1e20", "1e-3"} {
		var c Cents
		require.Error(t, json.Unmarshal([]byte(text), &c), text)
	}
	for _, text := range []string{"", "-", ".", "1.2.3", "x", "1.-5", "NaN"} {
		var c Cents
		require.Error(t, c.UnmarshalText([]byte(text)), text)
	}
}
