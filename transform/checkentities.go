package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/template"
)

// together checks what the entities of one table mean for each other.
func (k *tableChecker) together() {
	for i, e := range k.entities {
		for _, other := range k.entities[:i] {
			e.apart(other)
			e.sameTypes(other)
		}
	}
}

// apart checks that no item can be of both entities. Nothing else in an item says
// what it is, and two records at one key would overwrite each other.
func (k *entityChecker) apart(other *entityChecker) {
	t := k.entity.Table
	if t.PK.IsZero() {
		return
	}
	for _, key := range []KeyAttribute{t.PK, t.SK} {
		if !key.IsZero() && !k.meets(other, key) {
			return
		}
	}
	mend := fmt.Sprintf("begin the sk_template of each with a text of its own, as %q", strings.ToUpper(k.entity.Name)+"#…")
	if t.SK.IsZero() {
		mend = "add a sort key to the table, and begin the sk_template of each with a text of its own"
	}
	k.err(k.at, fmt.Sprintf("an item of entity %s can have the key of one of entity %s: the two can't be told apart, and may overwrite each other",
		k.entity.Name, other.entity.Name), mend)
}

// meets reports whether the key attribute may have one value in items of both
// entities. If something in it is wrong it does not.
func (k *entityChecker) meets(other *entityChecker, key KeyAttribute) bool {
	a, b := k.keyTemplate(key), other.keyTemplate(key)
	return a != nil && b != nil && template.Overlaps(a, b) && k.mayBe(key, b) && other.mayBe(key, a)
}

// mayBe reports whether the key attribute can have the text of a template that is
// always the same: a date or a number can't be #META.
func (k *entityChecker) mayBe(key KeyAttribute, t *template.Template) bool {
	c := &k.entity.Columns[k.entity.Attributes[k.attributeNamed(key.Name)].Column]
	if !t.Constant() || c.Kind == 0 || c.IsComputed() {
		return true
	}
	_, reason := c.parse(t.Prefix())
	return reason == ""
}

// keyTemplate returns what the texts of a key attribute look like, nil if that is
// not known. A column is any text.
func (k *entityChecker) keyTemplate(key KeyAttribute) *template.Template {
	i := k.attributeNamed(key.Name)
	if i < 0 || k.entity.Attributes[i].Column < 0 {
		return nil
	}
	text := "{any}"
	switch c := k.entity.Columns[k.entity.Attributes[i].Column].computation.(type) {
	case *templated:
		return c.template
	case *constant:
		if c.is.kind == Text && c.is.text != "" {
			text = strings.NewReplacer("{", "{{", "}", "}}").Replace(c.is.text)
		}
	}
	anything, err := template.Parse(text)
	if err != nil {
		return nil
	}
	return anything
}

// sameTypes warns of attributes that two entities of the table have in two types.
// Those of keys are errors, found elsewhere.
func (k *entityChecker) sameTypes(other *entityChecker) {
	t := k.entity.Table
	keys := []string{t.PK.Name, t.SK.Name}
	for _, index := range t.Indexes {
		keys = append(keys, index.PK.Name, index.SK.Name)
	}
	for i, a := range k.entity.Attributes {
		o := other.attributeNamed(a.Name)
		if a.Name == "" || o < 0 || slices.Contains(keys, a.Name) {
			continue
		}
		if was := other.entity.Attributes[o].Type; was != a.Type && was != "" && a.Type != "" {
			k.warn(k.attributeAt[i]+"/type", fmt.Sprintf("attribute %s is %s here and %s in entity %s of the same table: no index can use it, and who reads the table must know both",
				a.Name, a.Type, was, other.entity.Name), "give it one type, or another name")
		}
	}
}

// sharedRows warns of rows that are records of several entities: of one table, or
// of several tables.
func (c *checker) sharedRows() {
	for i, k := range c.entities {
		for _, other := range c.entities[:i] {
			if k.entity.Source == other.entity.Source && k.entity.Source != "" {
				c.warn(k.at+"/source_table", fmt.Sprintf("every row of %s is a record of %s and one of %s: a write of one is not a write of the other once MySQL no longer holds the row",
					k.entity.Source, other.entity.Name, k.entity.Name), "write both in one unit of work, or make them one entity with an index")
				break
			}
		}
	}
}
