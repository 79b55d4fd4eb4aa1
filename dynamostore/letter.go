package dynamostore

import (
	"context"
	"encoding/hex"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// letterKey returns where the dead letter of a key is: an ID may be no text, so
// it is written in hexadecimal, and in full, since two keys have two letters.
// 1024 bytes are what a sort key may have; what is longer is hashed.
func (s *Store) letterKey(key transform.Key) item {
	return libraryKey(s.partition(partLetter), key.Entity+"#"+letterID(key))
}

func letterID(key transform.Key) string {
	if id := hex.EncodeToString([]byte(key.ID)); len(id) <= 700 {
		return id
	}
	return "hash " + digest(key.ID)
}

// SaveDeadLetter stores a dead letter.
func (s *Store) SaveDeadLetter(ctx context.Context, key transform.Key, v store.Version, reason string) error {
	it := s.letterKey(key)
	it[attrEntity], it[attrKey] = text(key.Entity), keyID(key)
	it["version"], it["reason"], it["at"] = number(uint64(v)), text(reason), moment(s.opts.Now())
	return s.libraryPut(ctx, "save dead letter", it)
}

// DropDeadLetter removes a dead letter, if there is one.
func (s *Store) DropDeadLetter(ctx context.Context, key transform.Key) error {
	return s.libraryDelete(ctx, "drop dead letter", s.letterKey(key))
}

// DeadLetters returns up to limit of them, by entity and key, and how many
// there are. It reads all of them to count.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]store.DeadLetter, int64, error) {
	var (
		all   []store.DeadLetter
		total int64
	)
	for it, err := range s.libraryAll(ctx, "dead letters", libraryQuery{partition: s.partition(partLetter)}) {
		if err != nil {
			return nil, 0, err
		}
		if total++; len(all) >= limit {
			continue
		}
		r, key := reading{item: it}, owner(it)
		d := store.DeadLetter{
			Entity: key.Entity, ID: key.ID, Version: store.Version(r.uint("version")), Reason: r.text("reason"), At: r.moment("at"),
		}
		if r.err != nil {
			return nil, 0, s.broken("dead letters", "dead letter", r.err)
		}
		all = append(all, d)
	}
	return all, total, nil
}
