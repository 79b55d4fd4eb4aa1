package dal

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// byColumns returns the key that begins with the columns: partition key, sort key.
func byColumns(e *transform.Entity, columns []string) (transform.Index, error) {
	if len(columns) > 2 {
		return transform.Index{}, fmt.Errorf("an index has a partition key and a sort key, and so no %d columns", len(columns))
	}
	for _, name := range columns {
		i := e.ColumnIndex(name)
		if i < 0 {
			return transform.Index{}, fmt.Errorf("the entity has no column %q", name)
		}
		if e.Columns[i].Hydrated {
			return transform.Index{}, fmt.Errorf("column %q is hydrated: no item has it, so no index can", name)
		}
	}
	own, err := store.KeyNamed(e, "")
	if err != nil {
		return own, err
	}
	for _, folded := range []bool{false, true} {
		for _, index := range append([]transform.Index{own}, e.Table.Indexes...) {
			if serves(e, index, columns, folded) {
				return index, nil
			}
		}
	}
	return transform.Index{}, fmt.Errorf("no index finds records by %s: %s", strings.Join(columns, " and "), addIndex(e, columns))
}

// serves reports whether the key of an index begins with the columns, or, if folded,
// with them or their folds.
func serves(e *transform.Entity, index transform.Index, columns []string, folded bool) bool {
	for i, key := range []transform.KeyAttribute{index.PK, index.SK}[:len(columns)] {
		column := store.ColumnOf(e, key)
		if column < 0 || e.FoldOf(column) >= 0 && !folded {
			return false
		}
		if parts := e.Parts(column); len(parts) == 1 {
			column = parts[0] // of which alone the attribute is made
		}
		if e.Columns[column].Name != columns[i] {
			return false
		}
	}
	return true
}

// addIndex says what to add to the contract, so that an index has the columns for
// its key.
func addIndex(e *transform.Entity, columns []string) string {
	index := struct {
		Name       string `json:"index_name"`
		PK         string `json:"pk"`
		SK         string `json:"sk,omitempty"`
		Projection string `json:"projection"`
	}{Name: "By", Projection: "ALL"}
	for i, key := range []*string{&index.PK, &index.SK}[:len(columns)] {
		attribute := keyAttribute(e, columns[i])
		if attribute == "" {
			return fmt.Sprintf("no attribute of the contract carries %s as S, N or B, which the key of an index must be", columns[i])
		}
		*key = attribute
		index.Name += strings.ToUpper(attribute[:1]) + attribute[1:]
	}
	text, _ := json.Marshal(index) // of strings: it can't fail
	return fmt.Sprintf(`add %s to the "gsis" of table %s in the contract`, text, e.Table.Name)
}

// keyAttribute returns the attribute that carries the column and can be a key, ""
// if there is none.
func keyAttribute(e *transform.Entity, column string) string {
	for _, a := range e.Attributes {
		if a.Column >= 0 && e.Columns[a.Column].Name == column && len(a.Type) == 1 && strings.Contains("SNB", a.Type) {
			return a.Name
		}
	}
	return ""
}
