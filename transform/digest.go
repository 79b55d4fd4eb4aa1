package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Digest returns a short text that is the same for two contracts exactly when
// they turn rows into the same items: the same tables, keys, indexes, columns
// and attributes, joined, calculated and transformed as the same words say it.
// Justifications, estimates and the order of properties are not part of it.
func (c *Contract) Digest() string {
	var made []string
	for _, e := range c.Entities {
		for _, a := range e.Attributes {
			made = append(made, a.made)
		}
	}
	// Everything below is plain data: it can't fail.
	text, _ := json.Marshal(struct {
		Group    string
		Entities []*Entity
		Made     []string
	}{c.Group, c.Entities, made})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
