package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// lines returns what a check prints for people.
func (d *contractDoc) lines() []string {
	var b strings.Builder
	d.text(&b)
	return strings.Split(strings.TrimSpace(b.String()), "\n")
}

// TestFindingsSorted holds that errors come first and findings in the order of the
// contract, where ten is after nine, and that the document stays as it was found.
func TestFindingsSorted(t *testing.T) {
	d := &contractDoc{Contract: "c.json"}
	at := func(severity transform.Severity, pointer string) {
		d.add(transform.Finding{Severity: severity, Pointer: pointer, Reason: "at " + pointer})
	}
	at(transform.Warning, "/tables/0/attributes/10")
	at(transform.Warning, "/tables/0/attributes/9")
	at(transform.Error, "/tables/1")
	at(transform.Error, "/tables/0/pk")
	at(transform.Warning, "/tables/0")
	require.Equal(t, []string{
		"error /tables/0/pk: at /tables/0/pk",
		"error /tables/1: at /tables/1",
		"warning /tables/0: at /tables/0",
		"warning /tables/0/attributes/9: at /tables/0/attributes/9",
		"warning /tables/0/attributes/10: at /tables/0/attributes/10",
		"c.json: 2 errors, 3 warnings",
	}, d.lines())
	require.Equal(t, "/tables/0/attributes/10", d.Findings[0].Pointer)
}

// TestFindingsFolded holds that more than five findings that differ in their place
// only are one line, and that those of rows never are.
func TestFindingsFolded(t *testing.T) {
	for n, want := range map[int]int{5: 6, 6: 2, 46: 2} {
		d := &contractDoc{Contract: "c.json"}
		for i := range n {
			d.add(transform.Finding{Severity: transform.Warning, Pointer: fmt.Sprint("/tables/", n-1-i), Reason: "no justification", Mend: "say why"})
		}
		require.Len(t, d.lines(), want)
		require.Len(t, d.Findings, n)
		if n > maxAlike {
			require.Equal(t, fmt.Sprintf("warning /tables/0, /tables/1, /tables/2, /tables/3, /tables/4 and %d more: no justification; say why", n-5), d.lines()[0])
		}
	}
	d := &contractDoc{Contract: "c.json"}
	for i := range 7 {
		d.addData(mysqlstore.DataFinding{Entity: "E", Count: 1, Keys: []string{fmt.Sprint(i)},
			Finding: transform.Finding{Severity: transform.Error, Pointer: fmt.Sprint("/", i), Reason: "empty"}})
	}
	require.Len(t, d.lines(), 15)
}

// TestNamesEscaped holds that no name reaches a terminal with control characters.
func TestNamesEscaped(t *testing.T) {
	const name = "a\x1b[31m\nb\xffж"
	d := &contractDoc{Contract: name, NotYet: []string{name}, Rows: []rowCount{{name, 3}}}
	d.add(transform.Finding{Severity: transform.Warning, Pointer: "/" + name, Reason: name})
	d.addData(mysqlstore.DataFinding{Entity: name, Count: 1, Keys: []string{"1"},
		Finding: transform.Finding{Severity: transform.Error, Pointer: "/", Reason: name}})
	var b bytes.Buffer
	c := &cli{stderr: &b}
	c.begin("check of "+name, "rows", 0, 0).end()
	c.warn("%s: 2 warnings", name)
	all := strings.Join(d.lines(), "\n") + "\n" + b.String()
	require.NotContains(t, all, "\x1b")
	require.NotContains(t, all, "\xff")
	require.Equal(t, 9, strings.Count(all, `a\x1b[31m\nb\xffж`), all)
}
