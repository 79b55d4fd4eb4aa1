package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strings"
)

// canonicalJSON returns a document in a form that equal documents share: keys
// sorted, no blanks, numbers as plain decimals. MariaDB keeps a document as the
// text it was given, MySQL and DynamoDB each in an order of their own.
func canonicalJSON(text []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a float64 would round
	var v any
	if err := decoder.Decode(&v); err != nil {
		return "", err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("something follows the document")
	}
	return encode(canonical(v))
}

func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func canonical(v any) any {
	switch v := v.(type) {
	case json.Number:
		return canonicalNumber(v)
	case []any:
		for i := range v {
			v[i] = canonical(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = canonical(v[k])
		}
	}
	return v
}

// canonicalNumber writes a number without exponent and needless zeros, so that
// 1.50 and 15e-1 are one. A number with an absurd exponent, which neither store
// holds, stays as it is.
func canonicalNumber(n json.Number) json.Number {
	if i := strings.IndexAny(string(n), "eE"); i >= 0 && len(n)-i > len("e-999") {
		return n
	}
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return n
	}
	digits, _ := r.FloatPrec() // a decimal always has an end
	return json.Number(r.FloatString(digits))
}

// countLogin returns the profile with one login more. It is the part of an
// update that depends on what was there: applied twice, it shows.
func countLogin(profile json.RawMessage) json.RawMessage {
	doc := map[string]json.RawMessage{}
	if profile != nil && json.Unmarshal(profile, &doc) != nil {
		return profile // not an object: a profile of somebody's own CSV file
	}
	if doc == nil {
		doc = map[string]json.RawMessage{} // the document null
	}
	var logins int
	_ = json.Unmarshal(doc["logins"], &logins) // absent counts as 0
	doc["logins"], _ = json.Marshal(logins + 1)
	text, _ := json.Marshal(doc)
	return text
}
