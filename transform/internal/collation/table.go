package collation

import (
	"bytes"
	"compress/flate"
	_ "embed" // the weights
	"encoding/binary"
	"io"
	"strings"
	"sync"
)

//go:embed weights/general.flate
var generalFile []byte

//go:embed weights/uca4.flate
var uca4File []byte

//go:embed weights/uca9.flate
var uca9File []byte

//go:embed weights/swedish.flate
var swedishFile []byte

// The tables are read when they are first asked for: few processes need more than
// one.
var (
	general = sync.OnceValue(func() *table { return newTable(generalFile, itself, 1) })
	swedish = sync.OnceValue(func() *table { return newTable(swedishFile, itself, 1) })
	uca4    = sync.OnceValue(func() *table { return newTable(uca4File, implicit, 3) })
	uca9    = sync.OnceValue(func() *table { return newTable(uca9File, implicit9, 3) })
)

// A table has the weights of characters.
type table struct {
	ascii   [128]rune          // the characters that stand for their weights, -1 for none
	blank   string             // that of a blank
	pages   [0x1100]*[256]span // by the upper bits of a character
	weights []uint16
	rule    func(t *table, r rune) few // the weights of those that are in no page
	grows   int                        // how much longer than a text its weights are, about, and no fewer than a rule gives a character
	most    int                        // how many weights a character has at most
	reverse func() map[string]rune     // reversed, made when it is first asked for
}

// A span is where the weights of a character are, and how many. spanned tells one
// that has none from one that is not in the table.
type span struct {
	at      uint32
	n       uint8
	spanned bool
}

func newTable(file []byte, rule func(*table, rune) few, grows int) *table {
	t := &table{rule: rule, grows: grows, most: grows}
	for _, e := range Decode(file) {
		page := t.pages[e.Rune>>8]
		if page == nil {
			page = new([256]span)
			t.pages[e.Rune>>8] = page
		}
		page[e.Rune&255] = span{uint32(len(t.weights)), uint8(len(e.Weights)), true}
		t.weights = append(t.weights, e.Weights...)
		t.most = max(t.most, len(e.Weights))
	}
	for c := range t.ascii {
		t.ascii[c] = -1
		var b strings.Builder
		t.write(&b, rune(c))
		for _, w := range b.String() { // of ASCII each has one at most
			t.ascii[c] = w
		}
	}
	t.blank = string(t.ascii[' '])
	t.reverse = sync.OnceValue(t.reversed)
	return t
}

// own returns the weights that the table has of a character.
func (t *table) own(r rune) (weights []uint16, ok bool) {
	page := t.pages[r>>8]
	if page == nil || !page[r&255].spanned {
		return nil, false
	}
	s := page[r&255]
	return t.weights[s.at : s.at+uint32(s.n)], true
}

// write adds the weights of a character.
func (t *table) write(b *strings.Builder, r rune) {
	weights, ok := t.own(r)
	if !ok {
		given := t.rule(t, r)
		weights = given.of[:given.n]
	}
	for _, w := range weights {
		b.WriteRune(character(w))
	}
}

// An Entry is a character with its weights.
type Entry struct {
	Rune    rune
	Weights []uint16
}

// Encode makes a file of entries, which are in the order of their characters.
func Encode(entries []Entry) []byte {
	var plain []byte
	last, previous := rune(0), int64(0)
	for _, e := range entries {
		plain = binary.AppendUvarint(plain, uint64(e.Rune-last))
		plain = binary.AppendUvarint(plain, uint64(len(e.Weights)))
		for _, w := range e.Weights {
			plain = binary.AppendVarint(plain, int64(w)-previous)
			previous = int64(w)
		}
		last = e.Rune
	}
	var file bytes.Buffer
	w, _ := flate.NewWriter(&file, flate.BestCompression) // of a level that there is
	_, _ = w.Write(plain)
	_ = w.Close()
	return file.Bytes()
}

// Decode reads a file of this package. One that is damaged ends where the damage is;
// the tests hold that those of the package are whole.
func Decode(file []byte) []Entry {
	plain, _ := io.ReadAll(flate.NewReader(bytes.NewReader(file)))
	in := bytes.NewReader(plain)
	var entries []Entry
	r, previous := rune(0), int64(0)
	for {
		step, err := binary.ReadUvarint(in)
		if err != nil {
			return entries
		}
		n, _ := binary.ReadUvarint(in)
		r += rune(step)
		e := Entry{Rune: r}
		for range n {
			d, _ := binary.ReadVarint(in)
			previous += d
			e.Weights = append(e.Weights, uint16(previous))
		}
		entries = append(entries, e)
	}
}
