package transform

// Text returns what the unique columns of a record hold, in a form that two
// records share exactly when MySQL takes their values for equal: texts are folded
// as their columns' collations fold (TestUniqueText). It is false where one of the
// columns is NULL: then nothing is guarded.
func (u Unique) Text(r Record) (text string, guarded bool) {
	var b []byte
	for i, c := range u.Columns {
		v := r.At(c)
		if v.IsNull() {
			return "", false
		}
		if i > 0 {
			b = append(b, keySeparator)
		}
		b = appendKeyPart(b, r.Entity().Columns[c].guarded(v))
	}
	return string(b), true
}
