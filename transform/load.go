package transform

import (
	"fmt"
	"os"
)

// Load checks the contract in data and returns it. The error is a *CheckError
// with all findings if any of them is an error.
func Load(data []byte) (*Contract, error) {
	c, findings := Check(data)
	if c == nil {
		return nil, &CheckError{Findings: findings}
	}
	return c, nil
}

// LoadFile is Load of a file's content. It is the only function of the package
// that does I/O.
func LoadFile(path string) (*Contract, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	c, err := Load(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}
