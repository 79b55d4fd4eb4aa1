package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// A Key is the identity of a record in columns, the same in both stores. It is
// comparable. ID is the canonical text of the key columns, a bijection and
// never empty; only Entity.Key and Entity.KeyValues know its form.
type Key struct {
	Entity string
	ID     string
}

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k == Key{} }

// String returns the entity and a hash of the key, for logs and errors, which
// never carry the values of a row. Use ID where the value itself is meant.
func (k Key) String() string {
	h := sha256.Sum256([]byte(k.Entity + "\x00" + k.ID))
	return k.Entity + ":" + hex.EncodeToString(h[:6])
}

// Key returns the key of the record that has the values in its primary key's
// columns, in their order. The error is a *ValueError: for another number of
// values, a NULL, a value of another kind or one the column can't hold, and
// text that ends in a blank where the column's collation ignores it.
func (e *Entity) Key(vals ...Value) (Key, error) {
	if len(vals) != len(e.KeyColumns) {
		return Key{}, e.keyCount(len(vals))
	}
	if len(vals) == 1 && vals[0].kind == Int {
		// Nothing to escape in the commonest of keys.
		if reason := e.Columns[e.KeyColumns[0]].fitKey(vals[0]); reason != "" {
			return Key{}, e.fault(e.KeyColumns[0], reason)
		}
		return Key{Entity: e.Name, ID: vals[0].Text()}, nil
	}
	var b []byte
	for i, v := range vals {
		c := &e.Columns[e.KeyColumns[i]]
		if reason := c.fitKey(v); reason != "" {
			return Key{}, e.fault(e.KeyColumns[i], reason)
		}
		if i > 0 {
			b = append(b, keySeparator)
		}
		b = appendKeyPart(b, v)
	}
	return Key{Entity: e.Name, ID: string(b)}, nil
}

// KeyOf returns the key with these values of the primary key's columns, as Go
// values of the types that Column.Value takes: ints, strings, []byte,
// time.Time. The error is a *ValueError that names the column and what it
// takes.
func (e *Entity) KeyOf(args ...any) (Key, error) {
	if len(args) != len(e.KeyColumns) {
		return Key{}, e.keyCount(len(args))
	}
	var array [4]Value
	vals := array[:0]
	for i, arg := range args {
		v, reason := e.Columns[e.KeyColumns[i]].fromGo(arg)
		if reason != "" {
			return Key{}, e.fault(e.KeyColumns[i], reason)
		}
		vals = append(vals, v)
	}
	return e.Key(vals...)
}

// KeyValues returns the values of the primary key's columns, in their order.
// The error is a *ValueError if Key would never have given k.
func (e *Entity) KeyValues(k Key) ([]Value, error) {
	malformed := &ValueError{Entity: e.Name, Reason: "the key is not one of this entity"}
	if k.Entity != e.Name {
		return nil, malformed
	}
	parts := strings.Split(k.ID, string(rune(keySeparator)))
	if len(parts) != len(e.KeyColumns) {
		return nil, malformed
	}
	vals := make([]Value, len(parts))
	for i, part := range parts {
		v, ok := e.Columns[e.KeyColumns[i]].parseKeyPart(part)
		if !ok {
			return nil, malformed
		}
		vals[i] = v
	}
	// One key has one ID: 007 is no key where 7 is one.
	if again, err := e.Key(vals...); err != nil || again != k {
		return nil, malformed
	}
	return vals, nil
}

func (e *Entity) keyCount(got int) *ValueError {
	names := make([]string, len(e.KeyColumns))
	for i, c := range e.KeyColumns {
		names[i] = e.Columns[c].Name + " (" + strings.TrimPrefix(goTypes[e.Columns[c].Kind], "a ") + ")"
	}
	return &ValueError{Entity: e.Name, Reason: fmt.Sprintf("the key takes %d values, %s, not %d",
		len(names), strings.Join(names, ", "), got)}
}

// fitKey is fit, and what more is asked of a key.
func (c *Column) fitKey(v Value) string {
	if v.kind == Null {
		return "NULL in a key"
	}
	if reason := c.fit(v); reason != "" {
		return reason
	}
	if v.kind != Int && v.kind != Bool {
		if same, reason := c.parse(v.text); reason != "" || same != v {
			return "not in the form that the column gives it"
		}
	}
	if v.kind == Time && v.text[0] == '-' {
		return reasonNegativeKey
	}
	// MySQL would find one row for both "a" and "a ", DynamoDB two items.
	if v.kind == Text && strings.HasSuffix(v.text, " ") && collationPads(c.Collation) && !c.isLabelled() {
		return "ends in a blank, which the column's collation does not tell from none"
	}
	return ""
}

// The form of Key.ID: the parts of the key separated by slashes. Numbers,
// dates and times are their canonical text, which has no slash. Bytes are hex.
// Text has its slashes and tildes escaped. An empty part is written ~e, so
// that no ID is empty.
const (
	keySeparator = '/'
	keyEmpty     = "~e"
)

var (
	keyEscape   = strings.NewReplacer("~", "~~", "/", "~s")
	keyUnescape = strings.NewReplacer("~~", "~", "~s", "/")
)

func appendKeyPart(b []byte, v Value) []byte {
	switch {
	case v.text == "" && (v.kind == Text || v.kind == Bytes):
		return append(b, keyEmpty...)
	case v.kind == Text:
		return append(b, keyEscape.Replace(v.text)...)
	case v.kind == Bytes:
		return hex.AppendEncode(b, []byte(v.text))
	}
	return append(b, v.Text()...)
}

// parseKeyPart reads a part back. What it takes too generously, the comparison
// in KeyValues refuses.
func (c *Column) parseKeyPart(s string) (Value, bool) {
	switch {
	case s == keyEmpty:
		return Value{kind: c.Kind}, c.Kind == Text || c.Kind == Bytes
	case s == "":
		return Value{}, false
	case c.Kind == Text:
		return Value{kind: Text, text: keyUnescape.Replace(s)}, true
	case c.Kind == Bytes:
		b, err := hex.DecodeString(s)
		return Value{kind: Bytes, text: string(b)}, err == nil
	}
	v, reason := c.parse(s)
	return v, reason == ""
}
