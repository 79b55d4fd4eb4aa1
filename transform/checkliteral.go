package transform

import (
	"cmp"
	"fmt"
	"slices"
)

// literal reads an attribute that is the same in every item.
func (k *entityChecker) literal(n *node, at string, a *Attribute) int {
	for _, other := range []string{"join", "calculation", "transformation"} {
		if n.get(other) != nil {
			k.err(at+"/literal", "has a literal and a "+other+", and can have one of them", "take one out")
			return -1
		}
	}
	if source := n.get("source_column"); source != nil && source.form != formNull {
		k.err(at+"/source_column", "names a column beside a literal, which holds none", `use "source_column": null`)
		return -1
	}
	v := n.get("literal")
	of, value, fits := Column{}, Value{}, false
	switch {
	case v.form == formString && a.Type == "S":
		of, value, fits = Column{SQLType: "longtext", Kind: Text, Collation: binaryCollation, longest: max(1, len(v.text))}, TextValue(v.text), true
	case v.form == formBool && a.Type == "BOOL":
		of, value, fits = Column{SQLType: "tinyint", Kind: Bool, Length: 1}, BoolValue(v.text == "true"), true
	case v.form == formNumber && a.Type == "N":
		of, value, fits = literalNumber(v.text)
	}
	if v.form&(formString|formNumber|formBool) == 0 {
		return -1 // which the walk has found
	}
	if !fits {
		k.err(at+"/literal", "the literal is not of the attribute's type, "+a.Type, "a literal is a text for S, a number for N, true or false for BOOL")
		return -1
	}
	return k.addComputed(a.Name, &constant{value}, of)
}

// literalNumber is a number of the contract as a value.
func literalNumber(text string) (Column, Value, bool) {
	if v, reason := parseInt(text); reason == "" {
		return Column{SQLType: "bigint", Kind: Int, Unsigned: !v.neg}, v, true
	}
	n, ok := parseNumber(text)
	if !ok || n.limit() != "" || n.first() >= maxNumberDigits || -n.exp > maxDecimalScale {
		return Column{}, Value{}, false
	}
	scale := max(0, -n.exp)
	return Column{SQLType: "decimal", Kind: Decimal, Precision: maxNumberDigits, Scale: scale}, Value{kind: Decimal, text: n.fixed(scale)}, true
}

// binaryCollation is that of texts which are made here.
const binaryCollation = "utf8mb4_bin"

// object reads a map of columns of the own row, which json-construction gives if
// it joins the row with itself.
func (k *entityChecker) object(a *Attribute, fields []Field, at string) int {
	if a.Type == "L" {
		k.err(at+"/type", "a map can't be an L", "use M")
		return -1
	}
	o := &constructed{}
	for _, f := range fields {
		column := k.ownColumn(k.from.Columns[f.Column].Name)
		if column < 0 {
			return -1
		}
		if slices.ContainsFunc(o.fields, func(other Field) bool { return other.Name == f.Name }) {
			k.err(at+"/join/construction/select_columns", fmt.Sprintf("the map has %q twice", f.Name), "take one out")
			return -1
		}
		o.fields = append(o.fields, Field{f.Name, column})
	}
	slices.SortFunc(o.fields, func(x, y Field) int { return cmp.Compare(x.Name, y.Name) })
	for _, f := range o.fields {
		o.columns = append(o.columns, f.Column)
	}
	return k.addComputed(a.Name, o, Column{SQLType: "json", Kind: JSON})
}
