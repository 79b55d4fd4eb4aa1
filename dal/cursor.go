package dal

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A cursor is where a page ended: the key of its last record and the value of the
// sort key. Neither store appears in it, so that a cursor taken in one phase goes
// on in the next. Value, index, range, direction and filters come from the query
// it is given with; the cursor has a digest of them, so that it goes on in no
// other one.
//
// Its bytes, in base64 for URLs: the version, the digest, the key's ID and, unless
// the key tells it, the sort key's text, both with their length before them, and a
// checksum. The checksum tells a cursor that was cut or mistyped from one of
// another query. Neither is a secret: who makes a cursor up begins his page at
// another record of the same list, and can't get out of it.
const (
	cursorVersion = 1
	digestSize    = 12
	checksumSize  = 4
	// maxCursor bounds what is looked at. The key of an item has 3 KB at most, its
	// sort key in an index 1 KB.
	maxCursor = 16 << 10
)

// encodeCursor returns the cursor after a record.
func (r *resolved) encodeCursor(last store.Row) (string, error) {
	b := append([]byte{cursorVersion}, r.digest()...)
	b = appendPart(b, last.Key.ID)
	if r.sortsApart() {
		b = appendPart(b, r.At(last.Record, r.Sort).Text()) // it may be bytes
	}
	text := base64.RawURLEncoding.EncodeToString(append(b, checksum(b)...))
	if len(text) > maxCursor {
		// Only MySQL can hold it: no item has a key as long.
		return "", &Error{Op: "query", Entity: r.Entity.Name, Kind: ErrTooLarge, Detail: "the page ends at a record whose key or sort key is too long for a cursor"}
	}
	return text, nil
}

// decodeCursor returns the record after which the query goes on: its key and the
// columns of the index.
func (r *resolved) decodeCursor(text string) (transform.Record, error) {
	parts, fault := r.cursorParts(text)
	if fault != "" {
		return transform.Record{}, queryFault(r.Entity, "", "the cursor "+fault)
	}
	rec, ok := r.position(parts)
	if !ok {
		return transform.Record{}, queryFault(r.Entity, "", "the cursor names no record that the query could find")
	}
	return rec, nil
}

// cursorParts checks all that can be checked without knowing what a key is.
func (r *resolved) cursorParts(text string) (parts []string, fault string) {
	if len(text) > maxCursor {
		return nil, "is longer than any that was given"
	}
	const damaged = "is damaged: it must come back as it was given"
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) == 0 || base64.RawURLEncoding.EncodeToString(b) != text {
		return nil, damaged // line breaks, which the decoder skips, are none of ours
	}
	if b[0] != cursorVersion {
		return nil, fmt.Sprintf("is of version %d, and this release reads version %d: begin again without one", b[0], cursorVersion)
	}
	body := len(b) - checksumSize
	if body < 1+digestSize || !bytes.Equal(checksum(b[:body]), b[body:]) {
		return nil, damaged
	}
	if !bytes.Equal(b[1:1+digestSize], r.digest()) {
		return nil, "is of another query: entity, index, value, range, direction and filters must be those of the page before"
	}
	for rest := b[1+digestSize : body]; len(rest) > 0; {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return nil, damaged
		}
		parts, rest = append(parts, string(rest[size:size+int(n)])), rest[size+int(n):]
	}
	return parts, ""
}

// position makes the record that a cursor names. It must be one that the query
// can find, and its texts canonical: what is neither was made up.
func (r *resolved) position(parts []string) (transform.Record, bool) {
	want := 1
	if r.sortsApart() {
		want = 2
	}
	if len(parts) != want {
		return transform.Record{}, false
	}
	values, err := r.Entity.KeyValues(transform.Key{Entity: r.Entity.Name, ID: parts[0]})
	if err != nil {
		return transform.Record{}, false
	}
	rec := r.Entity.NewRecord()
	if !r.Entity.Columns[r.Partition].IsComputed() || !r.InKey(r.Partition) {
		rec.SetAt(r.Partition, r.Equal)
	}
	for i, column := range r.Entity.KeyColumns {
		rec.SetAt(column, values[i])
	}
	if want == 2 {
		v, err := r.Entity.Columns[r.Sort].Parse(parts[1])
		if err != nil || v.Text() != parts[1] {
			return transform.Record{}, false
		}
		rec.SetAt(r.Sort, v)
	}
	return rec, r.Contains(rec)
}

// sortsApart reports whether the sort key is told by the primary key's columns as
// little as by the partition key.
func (r *resolved) sortsApart() bool {
	return r.Sort >= 0 && r.Sort != r.Partition && !r.InKey(r.Sort)
}

// digest stands for the query: for what decides which records it finds, and in
// which order.
func (r *resolved) digest() []byte {
	h := sha256.New()
	hashText(h, r.Entity.Name, r.Index)
	hashValue(h, r.Equal)
	for _, b := range []*store.Bound{r.Lower, r.Upper} {
		if b == nil {
			hashText(h, "open")
			continue
		}
		hashText(h, fmt.Sprint(b.Exclusive))
		hashValue(h, b.Value)
	}
	hashText(h, fmt.Sprint(r.Descending))
	for _, f := range r.filters {
		op := f.Op.String()
		if f.Folded {
			op += ", folded"
		}
		hashText(h, r.Entity.Columns[f.Column].Name, op, fmt.Sprint(len(f.Values)))
		for _, v := range f.Values {
			hashValue(h, v)
		}
	}
	return h.Sum(nil)[:digestSize]
}

func hashValue(h hash.Hash, v transform.Value) { hashText(h, v.Kind().String(), v.Text()) }

func hashText(h hash.Hash, texts ...string) {
	for _, s := range texts {
		h.Write(appendPart(nil, s))
	}
}

// appendPart appends a text with its length before it.
func appendPart(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func checksum(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:checksumSize]
}
