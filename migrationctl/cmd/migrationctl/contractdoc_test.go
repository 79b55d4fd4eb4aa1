package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// TestFindingsOnce holds that a finding is there once, however often it is seen.
func TestFindingsOnce(t *testing.T) {
	const n = 1_000
	d := &contractDoc{}
	for range 2 {
		for i := range n {
			d.add(transform.Finding{Severity: transform.Warning, Pointer: fmt.Sprint("/tables/", i), Reason: "no justification"})
		}
	}
	require.Len(t, d.Findings, n)
	require.Equal(t, n, d.Warnings)
}
