package leaks

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// looks is a TestMain, or the end of one, that looks for goroutines.
var looks = regexp.MustCompile(`(?m)\b((leaks|found|enginetest)\.)?Main\(m\)( })?$`)

// TestEveryPackageLooks: every package of all three modules that has tests looks for what
// they leave.
func TestEveryPackageLooks(t *testing.T) {
	packages := map[string]bool{}
	root := os.DirFS("../../..")
	require.NoError(t, fs.WalkDir(root, ".", func(file string, _ fs.DirEntry, err error) error {
		if ok, _ := path.Match("*_test.go", path.Base(file)); err != nil || !ok {
			return err
		}
		text, err := fs.ReadFile(root, file)
		folder := path.Dir(file)
		packages[folder] = packages[folder] || looks.Match(text)
		return err
	}))
	require.Contains(t, packages, "dal")
	for folder, does := range packages {
		require.True(t, does, "%s: no TestMain ends in leaks.Main, or in enginetest.Main", folder)
	}
}
