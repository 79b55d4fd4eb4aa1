package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crossfade-go/crossfade/transform"
)

// maxAlike is how many findings that say the same of different places have a line
// each, and how many places are named where there are more.
const maxAlike = 5

// text prints the findings for people: what forbids the use first, and in the
// order of the contract. The document has them as they were found.
func (d *contractDoc) text(w io.Writer) {
	if d.Graph != nil {
		fmt.Fprintf(w, "%s\n", d.Graph)
	}
	for _, line := range findingLines(d.Findings) {
		fmt.Fprintln(w, line)
	}
	for _, reason := range d.NotYet {
		fmt.Fprintf(w, "note: %s: it is checked and shown, not migrated\n", escaped(reason))
	}
	fmt.Fprintf(w, "%s: %s, %s\n", escaped(d.Contract), count(d.Errors, "error"), count(d.Warnings, "warning"))
	for _, r := range d.Rows {
		fmt.Fprintf(w, "%s: %s read\n", escaped(r.Entity), count(r.Rows, "row"))
	}
	for _, note := range []string{d.Stopped, d.data, d.graph, d.note} {
		if note != "" {
			fmt.Fprintln(w, note)
		}
	}
}

// alike is what findings have in common that differ in their place only.
type alike struct{ severity, reason, mend string }

// findingLines returns the lines of findings, sorted, with one line for many that
// are alike.
func findingLines(findings []finding) (lines []string) {
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b finding) int {
		return cmp.Or(cmp.Compare(rank(a.Severity), rank(b.Severity)), comparePointers(a.Pointer, b.Pointer))
	})
	places := map[alike][]string{}
	for _, f := range sorted {
		if f.Count == 0 {
			places[f.alike()] = append(places[f.alike()], f.Pointer)
		}
	}
	tellings := unnamed(sorted)
	named := map[likeness][]*telling{}
	for i := range tellings {
		if t := &tellings[i]; t.name != "" && len(places[t.alike()]) <= maxAlike {
			named[t.like] = append(named[t.like], t)
		}
	}
	for i, f := range sorted {
		at, of := places[f.alike()], named[tellings[i].like]
		switch {
		case len(at) > maxAlike:
			if at[0] == f.Pointer {
				lines = append(lines, folded(f, at))
			}
		case tellings[i].name == "" || len(of) <= maxAlike:
			lines = append(lines, f.line)
		case of[0] == &tellings[i]:
			lines = append(lines, foldedNames(of))
		}
	}
	return lines
}

func (f *finding) alike() alike { return alike{f.Severity, f.Reason, f.Mend} }

// folded is the line of findings that are alike.
func folded(f finding, at []string) string {
	line := fmt.Sprintf("%s %s and %d more: %s", f.Severity, strings.Join(at[:maxAlike], ", "), len(at)-maxAlike, f.Reason)
	if f.Mend != "" {
		line += "; " + f.Mend
	}
	return escaped(line)
}

// rank sorts errors before warnings, and those before anything else.
func rank(severity string) int {
	switch severity {
	case transform.Error.String():
		return 0
	case transform.Warning.String():
		return 1
	}
	return 2
}

// comparePointers compares pointers part by part, positions as numbers.
func comparePointers(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "/"), strings.Split(b, "/"), func(a, b string) int {
		m, notM := strconv.Atoi(a)
		n, notN := strconv.Atoi(b)
		if notM == nil && notN == nil {
			return cmp.Compare(m, n)
		}
		return strings.Compare(a, b)
	})
}

// escaped is a line as a terminal may have it, whatever names are in it: what
// can't be seen is written as Go does.
func escaped(line string) string {
	var b strings.Builder
	for line != "" {
		r, n := utf8.DecodeRuneInString(line)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, line[0])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		line = line[n:]
	}
	return b.String()
}
