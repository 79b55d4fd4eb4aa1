package fragment

// An Equality says that two columns hold the same.
type Equality struct{ Left, Right Column }

// ParseEqualities reads a join condition: an equality of two columns, or
// several with AND between them, in their order. Anything else of the language
// is an *Error, as a join must be found by an index and turned around: from a
// changed row to the rows that join it.
func ParseEqualities(condition string) ([]Equality, error) {
	f, err := Parse(condition)
	if err != nil {
		return nil, err
	}
	return f.Equalities()
}

// Equalities is ParseEqualities of a fragment that is parsed.
func (f Fragment) Equalities() ([]Equality, error) {
	var all []Equality
	if err := f.equalities(f.root, &all); err != nil {
		return nil, err
	}
	return all, nil
}

func (f Fragment) equalities(e Expr, all *[]Equality) error {
	b, ok := e.(Binary)
	if ok && b.Op == And {
		if err := f.equalities(b.L, all); err != nil {
			return err
		}
		return f.equalities(b.R, all)
	}
	left, isColumn := b.L.(Column)
	right, areColumns := b.R.(Column)
	if !ok || b.Op != Equal || !isColumn || !areColumns {
		return f.fault(firstColumn(e), "a join condition is column = column, or several of them with AND between")
	}
	*all = append(*all, Equality{left, right})
	return nil
}

// firstColumn says where an expression is, as near as the tree knows: nodes
// other than columns keep no place.
func firstColumn(e Expr) int {
	at := 0
	walk(e, func(c Column) {
		if at == 0 {
			at = c.At
		}
	})
	return at
}
