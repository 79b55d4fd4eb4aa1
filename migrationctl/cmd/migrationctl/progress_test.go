package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestProgressLine holds that without a terminal a step leaves one line, with
// its rate, counted without what an earlier run has done.
func TestProgressLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		c := &cli{stderr: &b}
		s := c.series(func(step string) *progress { return c.begin(step, "rows", 500, 0) })
		time.Sleep(time.Second)
		s.set("one", 1000)
		require.Empty(t, b.String())
		time.Sleep(time.Second)
		s.set("one", 2500)
		time.Sleep(time.Second)
		s.set("two", 1500)
		s.end()
		require.Equal(t, "one: 2,000 rows in 3.0s, 666 rows/s, after 500 earlier\n"+
			"two: 1,000 rows in 0.0s, after 500 earlier\n", b.String())
	})
}

// TestProgressBar holds that a terminal gets a bar with rate and time left, and
// that it is gone when the step has ended, also by an error.
func TestProgressBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		c := &cli{stderr: &b, env: environment{Terminal: true}}
		s := c.series(func(step string) *progress { return c.begin(step, "rows", 0, 1000) })
		for at := int64(100); at <= 1200; at += 100 {
			s.set("fill", at) // more rows than were counted
			time.Sleep(time.Second)
		}
		require.Contains(t, b.String(), "fill")
		require.Regexp(t, `600/1000, 1\d\d rows/s\) \[5s:\ds\]`, b.String())
		require.Contains(t, b.String(), "1100/1201")
		s.stop()
		require.True(t, strings.HasSuffix(b.String(), "\033[2K\r"), "%q", b.String())
	})
}
