package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// A contractDoc is what a check found.
type contractDoc struct {
	Contract string    `json:"contract"`
	Findings []finding `json:"findings"`
	Errors   int       `json:"errors"`
	Warnings int       `json:"warnings"`
	// NotYet is what of the contract can be checked and shown, but not migrated by
	// this version.
	NotYet []string `json:"not_yet,omitempty"`
	// Rows is how many rows of each entity were read.
	Rows []rowCount `json:"rows,omitempty"`
	// Stopped says how far the rows were read where that ended early, for the
	// reason in Error. The findings are those until then.
	Stopped string `json:"stopped,omitempty"`
	Error   string `json:"error,omitempty"`
	// Graph is there if it was asked for and nothing is wrong with the contract.
	Graph *transform.Graph `json:"graph,omitempty"`
	// Written says that the file was changed.
	Written bool            `json:"written"`
	note    string          // what became of the file, for people
	data    string          // what became of the rows
	graph   string          // why there is no graph
	seen    map[string]bool // the lines of Findings
}

// A rowCount is how many rows of an entity were read.
type rowCount struct {
	Entity string `json:"entity"`
	Rows   int64  `json:"rows"`
}

// A finding is a transform.Finding as it is printed. Of one about rows it says
// how many there are and which come first.
type finding struct {
	Severity string   `json:"severity"`
	Pointer  string   `json:"pointer"`
	Reason   string   `json:"reason"`
	Mend     string   `json:"mend,omitempty"`
	Entity   string   `json:"entity,omitempty"`
	Count    int64    `json:"count,omitempty"`
	Shared   int64    `json:"shared_keys,omitempty"` // of items, by those rows
	Keys     []string `json:"keys,omitempty"`
	line     string
}

// add appends findings, each once: the same thing may be seen in the file and
// in what the file becomes.
func (d *contractDoc) add(findings ...transform.Finding) {
	for _, f := range findings {
		d.addOne(f, finding{Severity: f.Severity.String(), Pointer: f.Pointer, Reason: f.Reason, Mend: f.Mend, line: escaped(f.String())})
	}
}

func (d *contractDoc) addOne(f transform.Finding, next finding) {
	if d.seen[next.line] {
		return
	}
	if d.seen == nil {
		d.seen = map[string]bool{}
	}
	d.seen[next.line] = true
	d.Findings = append(d.Findings, next)
	if f.Severity == transform.Error {
		d.Errors++
	} else {
		d.Warnings++
	}
}

// addUndescribed adds what the contract lacks of its tables. The other findings
// of such a contract are those of what the database completes it to.
func (d *contractDoc) addUndescribed(text *transform.Document) {
	_, findings := text.Check()
	for _, f := range findings {
		if strings.HasPrefix(f.Reason, "does not say the columns") {
			d.add(f)
		}
	}
}

// addLive compares a contract that can be used with the live schema.
func (d *contractDoc) addLive(ctx context.Context, db *sqlx.DB, contract *transform.Contract) error {
	findings, err := mysqlstore.CheckLive(ctx, db, contract)
	d.add(findings...)
	return err
}

// addData adds what rows say.
func (d *contractDoc) addData(f mysqlstore.DataFinding) {
	next := finding{Severity: f.Severity.String(), Pointer: f.Pointer, Reason: f.Reason, Mend: f.Mend,
		Entity: f.Entity, Count: f.Count, Shared: f.Collisions, Keys: f.Keys}
	var keys []string
	for _, key := range f.Keys {
		keys = append(keys, shown(key))
	}
	next.line = fmt.Sprintf("%s\n  %s of %s: %s", escaped(f.Finding.String()), count(f.Count, "row"), escaped(f.Entity), strings.Join(keys, ", "))
	all := f.Count
	if f.Collisions > 0 {
		all = f.Collisions
	}
	if int64(len(keys)) < all {
		next.line += ", …"
	}
	d.addOne(f.Finding, next)
}

// shown is a name or a key as a terminal may have it: quoted where a character of
// it can't be seen.
func shown(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return strconv.Quote(text)
	}
	return text
}

// describe adds what a contract that can be used says beside findings.
func (d *contractDoc) describe(contract *transform.Contract, graph bool) {
	if contract == nil {
		if graph {
			d.graph = "there is no graph: the contract has errors"
		}
		return
	}
	for _, f := range contract.NotYet {
		d.NotYet = append(d.NotYet, f.Reason)
	}
	if graph {
		g := contract.Graph()
		d.Graph = &g
	}
}
