package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A csvError says what is wrong in a CSV file, and where: lines and columns are
// counted from 1, columns in bytes.
type csvError struct {
	file         string
	line, column int
	reason       string
}

func (e *csvError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.file, e.line, e.column, e.reason)
}

// A csvRow is a user of a CSV file and the line its row begins on.
type csvRow struct {
	plain
	line int
}

// readCSV reads the users of a CSV file (RFC 4180: a field with a comma or a
// quote is in quotes, and each quote in it doubled). Its first line names the
// columns. An empty date, time or document is NULL. It returns the first fault
// as a *csvError and then no row, so that a bad file changes nothing.
func readCSV(file string, data []byte) ([]csvRow, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // spreadsheets write it
	f := &csvFile{name: file, data: data, lines: lineStarts(data), reader: csv.NewReader(bytes.NewReader(data)),
		seen: map[string]int{}}
	f.reader.FieldsPerRecord = -1 // counted here, with a better answer
	if err := f.header(); err != nil {
		return nil, err
	}
	var rows []csvRow
	for {
		fields, err := f.reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, f.syntax(err)
		}
		row, err := f.row(fields)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
}

// A csvFile is a CSV file that is being read.
type csvFile struct {
	name   string
	data   []byte
	lines  []int // the offset each line begins at
	reader *csv.Reader
	seen   map[string]int // a unique value, with its column, to its line
}

func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// fault is an error at a field of the row that was read last.
func (f *csvFile) fault(field int, format string, args ...any) *csvError {
	line, column := f.reader.FieldPos(field)
	return &csvError{f.name, line, column, fmt.Sprintf(format, args...)}
}

func (f *csvFile) header() error {
	fields, err := f.reader.Read()
	if errors.Is(err, io.EOF) {
		return &csvError{f.name, 1, 1, "the file is empty; its first line is " + strings.Join(columns(), ",")}
	}
	if err != nil {
		return f.syntax(err)
	}
	if !slices.Equal(fields, columns()) {
		return f.fault(0, "the first line names other columns than %s", strings.Join(columns(), ","))
	}
	return nil
}

// syntax turns an error of the standard library's reader into one with a mend.
func (f *csvFile) syntax(err error) error {
	var p *csv.ParseError
	if !errors.As(err, &p) {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return &csvError{f.name, p.Line, p.Column,
		p.Err.Error() + "; put a field with quotes into quotes and double each quote in it"}
}

// row checks and converts one row.
func (f *csvFile) row(fields []string) (csvRow, error) {
	var r csvRow
	r.line, _ = f.reader.FieldPos(0)
	if len(fields) != len(columns()) {
		return r, f.fault(0, "the row has %d columns and the file %d (%s); a comma or a quote is missing or too many",
			len(fields), len(columns()), strings.Join(columns(), ","))
	}
	for i, field := range fields {
		if !utf8.ValidString(field) {
			return r, f.fault(i, "%s is not UTF-8; save the file as UTF-8", columns()[i])
		}
	}
	err := errors.Join(
		f.id(fields[0], &r.ID),
		f.name255(1, fields[1], &r.Username),
		f.name255(2, fields[2], &r.Email),
		f.date(fields[3], &r.Registered),
		f.time(fields[4], &r.LastLogin),
		f.document(fields[5], &r.Profile),
		f.unique(0, fields[0], r.line), f.unique(1, fields[1], r.line), f.unique(2, fields[2], r.line),
	)
	return r, first(err)
}

// first returns the first of joined errors: one fault at a time is mended.
func first(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()[0]
	}
	return err
}

func (f *csvFile) id(text string, id *int64) error {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || strconv.FormatInt(n, 10) != text {
		return f.fault(0, "user_id %q is not an integer that an INT column holds, such as 101", text)
	}
	*id = n
	return nil
}

// name255 reads a column that an index looks up, so it is never empty: an
// index of DynamoDB holds no empty text.
func (f *csvFile) name255(field int, text string, to *string) error {
	switch n := utf8.RuneCountInString(text); {
	case text == "":
		return f.fault(field, "%s is empty, and it is looked up by", columns()[field])
	case n > 255:
		return f.fault(field, "%s has %d characters, and its column holds 255", columns()[field], n)
	}
	*to = text
	return nil
}

func (f *csvFile) date(text string, to *string) error {
	if text == "" {
		return nil
	}
	t, err := time.Parse(dateLayout, text)
	if err != nil || t.Year() < 1000 {
		return f.fault(3, "registration_date %q is not a date such as 2023-01-15 between 1000 and 9999", text)
	}
	*to = text
	return nil
}

func (f *csvFile) time(text string, to *string) error {
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Nanosecond() != 0 {
		return f.fault(4, "last_login %q is not a moment of whole seconds such as 2024-03-10T09:30:00Z", text)
	}
	if u := t.Unix(); u < 1 || u > 1<<31-1 {
		return f.fault(4, "last_login %q is outside 1970 to 2038, all that a TIMESTAMP column holds", text)
	}
	*to = t.UTC().Format(timeLayout)
	return nil
}

func (f *csvFile) document(text string, to *string) error {
	if text == "" {
		return nil
	}
	var any any
	err := json.Unmarshal([]byte(text), &any)
	var bad *json.SyntaxError
	if errors.As(err, &bad) {
		line, column := f.inside(5, int(bad.Offset)-1)
		return &csvError{f.name, line, column, "profile_data is not JSON: " + bad.Error()}
	}
	if err == nil {
		*to, err = canonicalJSON([]byte(text))
	}
	if err != nil {
		return f.fault(5, "profile_data is not JSON: %v", err)
	}
	return nil
}

// inside returns the place of byte n of a field's content. In a quoted field
// each quote takes two bytes of the file.
func (f *csvFile) inside(field, n int) (line, column int) {
	line, column = f.reader.FieldPos(field)
	at := f.lines[line-1] + column - 1
	quoted := at < len(f.data) && f.data[at] == '"'
	if quoted {
		at, column = at+1, column+1
	}
	for ; n > 0 && at < len(f.data); n-- {
		switch {
		case f.data[at] == '\n':
			line, column, at = line+1, 1, at+1
		case quoted && f.data[at] == '"':
			column, at = column+2, at+2
		default:
			column, at = column+1, at+1
		}
	}
	return line, column
}

// unique refuses a value that an earlier row has. The columns' collation also
// takes two texts for one that differ in blanks at their end; that, MySQL says
// when the row is loaded.
func (f *csvFile) unique(field int, text string, line int) error {
	key := columns()[field] + "\x00" + text
	if before, ok := f.seen[key]; ok {
		return f.fault(field, "%s is the same in lines %d and %d, and it is unique; take one of the rows out",
			columns()[field], before, line)
	}
	f.seen[key] = line
	return nil
}
