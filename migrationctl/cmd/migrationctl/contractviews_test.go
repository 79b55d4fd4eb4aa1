package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAgree holds that a view is replaced only where somebody said yes: whoever
// types anything else, or nothing, did not.
func TestAgree(t *testing.T) {
	for answer, want := range map[string]bool{
		"y\n": true, "Y\n": true, "yes\n": true, "Yes\n": true, " y \r\n": true, "y": true,
		"n\n": false, "N\n": false, "no\n": false, "\n": false, "\r\n": false, "": false, " \n": false,
		"ye\n": false, "yess\n": false, "yn\n": false, "ja\n": false, "true\n": false, "1\n": false, "\nyes\n": false,
	} {
		var stderr strings.Builder
		c := &cli{env: environment{Interactive: true}, stderr: &stderr}
		agreed, err := c.agree(t.Context(), bufio.NewReader(strings.NewReader(answer)), "replace view v")
		require.NoError(t, err, "%q", answer)
		require.Equal(t, want, agreed, "%q", answer)
		require.Equal(t, "replace view v? [y/N] ", stderr.String())
	}
}

// TestAgreeAsksNobody holds that where nobody can be asked, and where the command
// is interrupted at the question, nothing counts as a yes.
func TestAgreeAsksNobody(t *testing.T) {
	c := &cli{stderr: io.Discard}
	agreed, err := c.agree(t.Context(), bufio.NewReader(strings.NewReader("yes\n")), "replace view v")
	require.ErrorContains(t, err, "there is no terminal to ask on whether to replace view v; give --yes")
	require.Equal(t, exitSetup, exitCode(err))
	require.False(t, agreed)

	c.env.Interactive = true
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	silent, end := io.Pipe()
	defer end.Close()
	agreed, err = c.agree(ctx, bufio.NewReader(silent), "replace view v")
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, agreed)
}
