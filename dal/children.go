package dal

import "github.com/crossfade-go/crossfade/transform"

// setRows gives v the rows of other tables that are part of its record as they were
// stored, with the ids that the store has assigned: what Get would give. Of a write
// that was applied before nothing is known.
func (r *Repository[T]) setRows(v *T, stored transform.Record) error {
	if stored.IsZero() {
		return nil
	}
	for _, ch := range r.entity.Children() {
		if ch.Rows.Sequence < 0 {
			continue
		}
		if err := r.binding.SetColumn(v, ch.List, stored.At(ch.List)); err != nil {
			return &Error{Op: "write", Entity: r.entity.Name, Kind: ErrInvalid, Outcome: Applied,
				Detail: "the record is stored, and the ids of its rows can't be given back", Cause: err}
		}
	}
	return nil
}
