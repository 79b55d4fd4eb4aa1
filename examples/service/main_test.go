package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadmeShowsThisProgram: the README's program is this one, letter for
// letter, so that what people copy is what compiles.
func TestReadmeShowsThisProgram(t *testing.T) {
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		if strings.Contains(block[1], "package main") {
			require.Equal(t, string(program), block[1])
			return
		}
	}
	t.Fatal("README.md has no Go block with package main")
}

// TestShortEnoughToRead: a program in a README is read, or it is not.
func TestShortEnoughToRead(t *testing.T) {
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	require.LessOrEqual(t, strings.Count(string(program), "\n"), 80)
}
