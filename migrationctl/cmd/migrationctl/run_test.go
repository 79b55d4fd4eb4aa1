package main

import "testing"

// TestUsage holds that whatever is typed wrongly is said with its mend, exits
// with 2, and reaches no store.
func TestUsage(t *testing.T) {
	runScript(t, "usage.script", map[string]string{}, nil)
}

// TestBadContract holds that a contract that can't be used is told with the
// place, the reason and the mend, by every command and before any connection.
func TestBadContract(t *testing.T) {
	runScript(t, "contract.script", map[string]string{}, nil)
}
