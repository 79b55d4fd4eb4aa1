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

	require.NoError(t, replaceFile(link, []byte("old"), []byte("new")))
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
	require.Error(t, replaceFile(filepath.Join(dir, "absent.json"), nil, []byte("new")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
	require.Error(t, replaceFile(filepath.Join(dir, "folder"), nil, []byte("new")))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

// TestReplaceChangedFile holds that what somebody else wrote meanwhile stays.
func TestReplaceChangedFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "contract.json")
	require.NoError(t, os.WriteFile(file, []byte("theirs"), 0o600))
	require.ErrorContains(t, replaceFile(file, []byte("old"), []byte("new")), "changed")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "theirs", string(data))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

// TestWriteRefused holds that --write asks no database where the file can't be
// written.
func TestWriteRefused(t *testing.T) {
	isolateAWS(t)
	dir := t.TempDir()
	data, err := os.ReadFile("testdata/users_full.json")
	require.NoError(t, err)
	file := filepath.Join(dir, "contract.json")
	require.NoError(t, os.WriteFile(file, data, 0o400))
	check := func(path string) string {
		code, _, stderr := call(t.Context(), environment{}, "contract", "check", "--contract", path, "--mysql", "root@tcp(127.0.0.1:1)/shop", "--write")
		require.Equal(t, exitSetup, code)
		require.NotContains(t, stderr, "127.0.0.1")
		return stderr
	}
	require.Contains(t, check(file), "read-only")
	require.Contains(t, check(dir), "no regular file")
	require.Contains(t, check(os.DevNull), "no regular file")
}
