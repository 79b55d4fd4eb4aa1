package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/migrationctl"
)

// A result is what a command found or did. It is printed as its JSON, or as
// its text for people.
type result interface {
	text(w io.Writer)
}

// An output is where results go: stdout, and nothing else goes there.
type output struct {
	w       io.Writer
	json    bool
	printed bool // a document is out
}

// print writes the one document of a command.
func (o *output) print(r result) error {
	o.printed = true
	if o.json {
		return o.document(r)
	}
	var b strings.Builder
	r.text(&b)
	_, err := io.WriteString(o.w, b.String())
	return err
}

// document writes a value as JSON, indented for people who look at it.
func (o *output) document(v any) error {
	e := json.NewEncoder(o.w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// A failure is the document of a command that printed no other.
type failure struct {
	Error string `json:"error"`
	// Unmet are the conditions of a refused step.
	Unmet []unmet `json:"unmet,omitempty"`
}

// An unmet condition, as migrationctl.Unmet.
type unmet struct {
	Guard  string `json:"guard"`
	Data   bool   `json:"data"`
	Reason string `json:"reason"`
	Mend   string `json:"mend,omitempty"`
}

// failed writes the document of an error, if none is out yet.
func (o *output) failed(lines []string, err error) {
	if !o.json || o.printed {
		return
	}
	o.printed = true
	f := failure{Error: strings.Join(lines, "\n")}
	var refused *migrationctl.RefusedError
	if errors.As(err, &refused) {
		f.Error = lines[0]
		for _, u := range refused.Unmet {
			f.Unmet = append(f.Unmet, unmet{u.Guard, u.Data, u.Reason, u.Mend})
		}
	}
	o.document(f) // the exit code says it too
}

// number prints an integer for people: 2,003.
func number[N ~int | ~int64 | ~uint64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count prints a number of things: "1 row", "2,003 rows".
func count[N ~int | ~int64 | ~uint64](n N, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return number(n) + " " + thing
}

// moment prints a time for people.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// span prints a duration for people, to a tenth of a second.
func span(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
