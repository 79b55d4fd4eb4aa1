package store

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

// TokenLife is how long a token is kept: until then it does not apply twice.
const TokenLife = 24 * time.Hour

// A Token is an idempotency token as a store keeps it.
type Token struct {
	Token       string
	Fingerprint [32]byte // of the write it came with
	// Assigned are the ids that the store assigned in that write, in the order
	// of the mutations that asked for one: a repeated Create answers with them.
	Assigned []int64
	Created  time.Time
}

// Fingerprint returns a hash of what the write does to which keys, whatever
// the order of its mutations, the same in every store. All writes that are
// Decided have the same. Values are left out: a
// caller that retries may have stamped the record anew. Of a key that the store
// assigns only the entity counts.
func (w Write) Fingerprint() [32]byte {
	if w.Decided {
		return sha256.Sum256([]byte("decided"))
	}
	parts := make([]string, len(w.Mutations))
	for i, m := range w.Mutations {
		entity := m.Key.Entity
		if m.Key.IsZero() && !m.Record.IsZero() {
			entity = m.Record.Entity().Name
		}
		parts[i] = fmt.Sprintf("%s %q %q", m.Op, entity, m.Key.ID)
	}
	slices.Sort(parts)
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintln(h, part)
	}
	return [32]byte(h.Sum(nil))
}
