package transform

import "strings"

// Text returns what the unique columns of a record hold, in a form that two
// records share exactly when MySQL takes their values for equal. It is false
// where one of the columns is NULL: then nothing is guarded.
func (u Unique) Text(r Record) (text string, guarded bool) {
	var b []byte
	for i, c := range u.Columns {
		v := r.At(c)
		if v.IsNull() {
			return "", false
		}
		if v.Kind() == Text && collationPads(r.Entity().Columns[c].Collation) {
			v = TextValue(strings.TrimRight(v.Text(), " "))
		}
		if i > 0 {
			b = append(b, keySeparator)
		}
		b = appendKeyPart(b, v)
	}
	return string(b), true
}
