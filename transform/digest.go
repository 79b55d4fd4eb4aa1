package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Digest returns a short text that is the same for two contracts exactly when
// they turn rows into the same items: the same tables, keys, indexes, columns
// and attributes. Justifications, estimates and the order of properties are not
// part of it.
func (c *Contract) Digest() string {
	// Everything below is plain data: it can't fail.
	text, _ := json.Marshal(struct {
		Group    string
		Entities []*Entity
	}{c.Group, c.Entities})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
