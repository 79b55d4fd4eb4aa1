package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writeContract replaces the file, whole or not at all. Errors elsewhere in the
// contract don't make the columns wrong, so they don't prevent it.
func (c *cli) writeContract(before, after []byte, doc *contractDoc) error {
	if bytes.Equal(before, after) {
		doc.note = "the tables in the contract are those of the database, nothing was written"
		return nil
	}
	if err := replaceFile(c.contractFile, before, after); err != nil {
		return usage("the contract can't be written: %w", err)
	}
	doc.Written = true
	doc.note = "columns, primary keys, sequences and unique indexes were written from the database"
	return nil
}

// requireWritable refuses what can't be replaced: better before the work than
// after it. A rename asks nobody whether the file itself may be written.
func requireWritable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // who reads it says so
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New(shown(path) + " is no regular file")
	case info.Mode().Perm()&0o222 == 0: // which an administrator's account may write
		return errors.New(shown(path) + " is read-only")
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// replaceFile replaces a file's content atomically and keeps its mode, if it still
// is what it was before. A link stays one: what it points to is replaced.
func replaceFile(path string, before, data []byte) (err error) {
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	// Beside the file, since a rename does not cross file systems.
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Sync(), temp.Close())
	if err != nil {
		return err
	}
	now, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, before) {
		return errors.New("it was changed meanwhile, and is left as it is; run the command again")
	}
	return os.Rename(temp.Name(), path)
}
