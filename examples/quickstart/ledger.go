package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// The outcomes of an operation, as a ledger writes them down.
const (
	applied    = "applied"
	notApplied = "not applied"
	unknown    = "unknown"
)

// An entry is one line of a ledger: an intent (Op), written before the call, or
// what became of it (Outcome), written after. A line with both is a row that was
// there before the load began.
type entry struct {
	N       int64  `json:"n"`
	Op      string `json:"op,omitempty"` // load, create, put, login, rename, delete
	ID      int64  `json:"id,omitempty"`
	Want    *plain `json:"want,omitempty"` // what is there afterwards, absent for nothing
	Outcome string `json:"out,omitempty"`
}

// An account is what a ledger knows of one key.
type account struct {
	now    *plain // what was acknowledged last; nil is nothing
	before *plain // what that replaced, for lookups of values that are gone
	// doubt is an intent whose outcome is not known: the key may also be as it
	// wants. A process was killed between the two lines, or the answer was lost.
	doubt *entry
	wrote bool // an operation of the load was acknowledged
}

// A ledger is the record of what one worker was promised. Every line is handed
// to the operating system before the worker goes on, so that a process killed
// at any moment has forgotten nothing it was promised; it would not survive a
// power cut, and need not. One worker is the only writer of its keys.
type ledger struct {
	file     *os.File
	accounts map[int64]*account
	last     int64           // the number of the last intent
	open     map[int64]entry // intents without outcome, by number
	acked    int             // acknowledged operations, without the rows loaded first
}

func ledgerPath(dir string, worker int) string {
	return filepath.Join(dir, fmt.Sprintf("worker-%d.ledger", worker))
}

// openLedger reads a ledger again, or begins one, and makes it ready for more.
// A last line that was cut off is removed: as an intent, its call had not begun;
// as an outcome, it was never known.
func openLedger(path string) (*ledger, error) {
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	l := &ledger{accounts: map[int64]*account{}, open: map[int64]entry{}}
	whole, err := l.replay(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if l.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	if err := l.file.Truncate(int64(whole)); err != nil {
		return nil, err
	}
	return l, nil
}

// replay takes the complete lines of a file and returns how many bytes they
// are.
func (l *ledger) replay(data []byte) (whole int, err error) {
	for n := 1; ; n++ {
		end := bytes.IndexByte(data[whole:], '\n')
		if end < 0 {
			return whole, nil
		}
		var e entry
		if err := json.Unmarshal(data[whole:whole+end], &e); err != nil {
			return whole, fmt.Errorf("line %d of a ledger is not one of ours: %w", n, err)
		}
		if err := l.take(e); err != nil {
			return whole, fmt.Errorf("line %d of a ledger: %w", n, err)
		}
		whole += end + 1
	}
}

// take brings the accounts up to date with one line.
func (l *ledger) take(e entry) error {
	l.last = max(l.last, e.N)
	if e.Op != "" {
		a := l.account(e.ID)
		if e.Outcome != "" { // was there before
			a.now = e.Want
			return nil
		}
		l.open[e.N], a.doubt = e, &e
		return nil
	}
	intent, ok := l.open[e.N]
	if !ok {
		return fmt.Errorf("an outcome of operation %d, which nobody meant", e.N)
	}
	if e.Outcome == unknown {
		return nil // the doubt stays, and a retry may settle it
	}
	delete(l.open, e.N)
	a := l.account(intent.ID)
	a.doubt = nil
	if e.Outcome == applied {
		a.now, a.before, a.wrote = intent.Want, a.now, true
		l.acked++
	}
	return nil
}

func (l *ledger) account(id int64) *account {
	a := l.accounts[id]
	if a == nil {
		a = &account{}
		l.accounts[id] = a
	}
	return a
}

// write appends lines in one call and takes them. Nothing is buffered: what is
// not in the file does not count as promised.
func (l *ledger) write(entries ...entry) error {
	var b bytes.Buffer
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	if _, err := l.file.Write(b.Bytes()); err != nil {
		return fmt.Errorf("a ledger can't be written: %w", err)
	}
	for _, e := range entries {
		if err := l.take(e); err != nil {
			return err
		}
	}
	return nil
}

// begin writes down the rows that are there before the load.
func (l *ledger) begin(rows []plain) error {
	entries := make([]entry, len(rows))
	for i, row := range rows {
		entries[i] = entry{N: int64(i + 1), Op: "load", ID: row.ID, Want: &row, Outcome: applied}
	}
	return l.write(entries...)
}

// intend writes down what is about to be tried and returns it with its number.
func (l *ledger) intend(op string, id int64, want *plain) (entry, error) {
	e := entry{N: l.last + 1, Op: op, ID: id, Want: want}
	return e, l.write(e)
}

// settle writes down what became of an intent.
func (l *ledger) settle(e entry, outcome string) error {
	return l.write(entry{N: e.N, Outcome: outcome})
}

// close ends the ledger; it can be opened again.
func (l *ledger) close() error { return l.file.Close() }

// A books is what all ledgers say together.
type books struct {
	accounts map[int64]*account
	acked    int
}

// readBooks reads the ledgers of a folder.
func readBooks(dir string, workers int) (books, error) {
	b := books{accounts: map[int64]*account{}}
	for w := range workers {
		l, err := openLedger(ledgerPath(dir, w))
		if err != nil {
			return b, err
		}
		for id, a := range l.accounts {
			b.accounts[id] = a
		}
		b.acked += l.acked
		if err := l.close(); err != nil {
			return b, err
		}
	}
	return b, nil
}

// beginBooks writes the ledgers of all workers with the rows that are there.
// The worker of a key follows from its id, so that every key has one writer.
func beginBooks(dir string, workers int, rows []plain) error {
	shares := make([][]plain, workers)
	for _, row := range rows {
		w := ownerOf(row.ID, workers)
		shares[w] = append(shares[w], row)
	}
	for w, share := range shares {
		l, err := openLedger(ledgerPath(dir, w))
		if err != nil {
			return err
		}
		if err := l.begin(share); err != nil {
			return err
		}
		if err := l.close(); err != nil {
			return err
		}
	}
	return nil
}

// ownerOf returns the worker that writes a key.
func ownerOf(id int64, workers int) int {
	n := int64(workers)
	return int((id%n + n) % n)
}
