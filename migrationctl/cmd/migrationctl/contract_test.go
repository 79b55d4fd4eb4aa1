package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReplaceFile holds that a contract is replaced whole: with its mode,
// through a link, and without leaving anything beside it.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "contract.json"), filepath.Join(dir, "link.json")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
	require.NoError(t, os.Chmod(file, 0o664))
	require.NoError(t, os.Symlink("contract.json", link))

	require.NoError(t, replaceFile(link, []byte("new")))
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "new", string(data))
	info, err := os.Lstat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o664), info.Mode())
	info, err = os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink, "the link stays one")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

// TestReplaceFileFails holds that a failure leaves the file and nothing else.
func TestReplaceFileFails(t *testing.T) {
	dir := t.TempDir()
	require.Error(t, replaceFile(filepath.Join(dir, "absent.json"), []byte("new")))
	// A directory can't be replaced by a file: the rename fails at the end.
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
	require.Error(t, replaceFile(filepath.Join(dir, "folder"), []byte("new")))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
