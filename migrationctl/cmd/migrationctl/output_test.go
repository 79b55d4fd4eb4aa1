package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNumbers holds how numbers, times and durations are printed for people.
func TestNumbers(t *testing.T) {
	for want, n := range map[string]int64{"0": 0, "999": 999, "1,000": 1000, "-1,234,567": -1234567, "-123": -123} {
		require.Equal(t, want, number(n))
	}
	require.Equal(t, "1 key", count(1, "key"))
	require.Equal(t, "0 keys", count(0, "key"))
	require.Equal(t, "2,003 rows", count(2003, "row"))
	require.Equal(t, "0.3s", span(340*time.Millisecond))
	require.Equal(t, "1m30s", span(90*time.Second+200*time.Millisecond))
	require.Equal(t, "-", moment(time.Time{}))
	require.Equal(t, "2024-03-10 08:30:00 UTC", moment(time.Date(2024, 3, 10, 9, 30, 0, 0, time.FixedZone("", 3600))))
}

// TestFailureDocument holds that a script that asked for JSON gets exactly one
// document, also when the command fails, before or after its own.
func TestFailureDocument(t *testing.T) {
	var b bytes.Buffer
	o := output{w: &b, json: true}
	o.failed([]string{"a", "b"}, usage("a"))
	require.JSONEq(t, `{"error":"a\nb"}`, b.String())
	b.Reset()
	require.NoError(t, (&output{w: &b, json: true, printed: true}).print(auditDoc{}))
	o.failed([]string{"again"}, usage("again"))
	require.JSONEq(t, `{"entries":null}`, b.String())
	b.Reset()
	(&output{w: &b}).failed([]string{"text"}, usage("text"))
	require.Empty(t, b.String())
}
