package transform

import (
	"fmt"
	"slices"
)

// standing returns the columns whose values stand in the text of a column as they
// are: those of a template or a concat, else the column itself.
func (e *Entity) standing(column int) []int {
	var inputs []int
	switch c := e.Columns[column].computation.(type) {
	case *templated:
		inputs = c.columns
	case *concatenated:
		inputs = c.columns
	default:
		return []int{column}
	}
	var all []int
	for _, i := range inputs {
		for _, s := range e.standing(i) {
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// unpadded returns the columns of numbers whose digits a sort key has as they are,
// so that 10 comes before 9.
func (e *Entity) unpadded(column int) []int {
	var all []int
	number := func(i int) {
		switch e.Columns[i].Kind {
		case Int, Decimal, Float:
			if !slices.Contains(all, i) {
				all = append(all, i)
			}
		}
	}
	switch c := e.Columns[column].computation.(type) {
	case *templated:
		for _, p := range c.parts() {
			if p.column >= 0 && p.width == 0 {
				number(p.column)
			}
		}
	case *concatenated:
		for _, i := range c.columns {
			number(i)
		}
	}
	return all
}

// keyTexts checks the columns that stand in a text that is part of a key, which
// mean there what they mean alone.
func (k *entityChecker) keyTexts(column int, a Attribute, use keyUse) {
	if use.property == "sk" && !use.single {
		for _, i := range k.entity.unpadded(column) {
			name := k.entity.Columns[i].Name
			k.warn(use.at, fmt.Sprintf("attribute %s has the numbers of %s as they are, and sorts 10 before 9", a.Name, name),
				fmt.Sprintf("pad whole numbers that are never below zero in a template, as in {%s:020d}", name))
		}
	}
	for _, i := range k.entity.standing(column) {
		k.keyText(i, a, use, i != column)
	}
}

// keyText checks one column that stands in a key. within says that there is text
// around it.
func (k *entityChecker) keyText(column int, a Attribute, use keyUse, within bool) {
	c := &k.entity.Columns[column]
	switch {
	case c.Kind == JSON && within:
		k.err(use.at, fmt.Sprintf("attribute %s is made of %s, which is JSON and can't be in a key", a.Name, c.Name), "")
	case c.Kind == Time:
		k.warn(use.at, "a TIME below zero in "+c.Name+" is refused, since DynamoDB would sort it the wrong way round", "")
	case use.table && slices.Contains(k.entity.KeyColumns, column): // of which the primary key's check speaks
	case slices.Contains(use.beside, column): // likewise the partition key's
	case c.Kind == Text && !c.isLabelled() && c.Collation != "" && !collationIsBinary(c.Collation):
		k.folded(c, use)
	}
}

// folded looks at text in a key whose collation takes different texts for equal.
func (k *entityChecker) folded(c *Column, use keyUse) {
	if _, known := c.Fold(""); !known {
		k.err(use.at, fmt.Sprintf("which values of %s are equal is not known here: its collation %s is none of those that are tested", c.Name, c.Collation),
			"give the column utf8mb4_bin, utf8mb4_general_ci or utf8mb4_unicode_ci, or take it out of the key")
		return
	}
	what := "the index"
	if use.table {
		what = "the item's key"
	}
	k.warn(use.at, fmt.Sprintf("MySQL compares %s by %s, %s byte for byte; queries of the library do so in both stores", c.Name, c.Collation, what),
		`to find them as MySQL does, make the key an attribute with the transformation "fold" of it; else look values up as they are stored`)
}

// longestTemplate returns how many bytes the texts of a template may have, 0 where
// that is not known.
func (k *entityChecker) longestTemplate(t *templated) int {
	total := 0
	for _, p := range t.parts() {
		total += len(p.literal)
		if p.column < 0 {
			continue
		}
		longest := k.longestPart(&k.entity.Columns[p.column])
		if longest == 0 {
			return 0
		}
		total += max(longest, p.width)
	}
	return total
}

// longestPart is longestText, but 0 where nothing is known.
func (k *entityChecker) longestPart(c *Column) int {
	switch c.Kind {
	case 0, JSON:
		return 0
	case Text, Bytes:
		return k.longest(c)
	}
	return longestText(c)
}
