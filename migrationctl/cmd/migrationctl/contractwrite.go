package main

import (
	"bytes"
	"errors"
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
	if err := replaceFile(c.contractFile, after); err != nil {
		return usage("the contract can't be written: %w", err)
	}
	doc.Written = true
	doc.note = "columns, primary keys and unique indexes were written from the database"
	return nil
}

// replaceFile replaces a file's content atomically and keeps its mode. A link
// stays one: what it points to is replaced.
func replaceFile(path string, data []byte) (err error) {
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
	return os.Rename(temp.Name(), path)
}
