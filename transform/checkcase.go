package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// cases reads a CASE over the columns of the own row, and over those that other
// attributes join, by the names of these attributes. last says that no
// transformation follows.
func (k *entityChecker) cases(n *node, at string, a *Attribute, last bool) int {
	var all []fragment.When
	for i, c := range n.list("cases") {
		at := fmt.Sprintf("%s/cases/%d", at, i)
		when, ok := k.ownFragment(c.str("when"), at+"/when", fragment.Fragment.CompileCondition)
		then, ok2 := k.ownFragment(c.str("then"), at+"/then", fragment.Fragment.Compile)
		if !ok || !ok2 {
			return -1
		}
		all = append(all, fragment.When{When: when, Then: then})
	}
	if len(all) == 0 {
		k.err(at+"/cases", "there is no case", "")
		return -1
	}
	var otherwise *fragment.Fragment
	if e := n.get("else"); e != nil && e.form == formString {
		f, ok := k.ownFragment(e.text, at+"/else", fragment.Fragment.Compile)
		if !ok {
			return -1
		}
		otherwise = &f
	}
	f, err := fragment.Case(all, otherwise)
	if err != nil {
		k.err(at+"/cases", err.Error(), "")
		return -1
	}
	return k.compiled(f, at, a, last)
}

// compiled adds the column of a fragment whose references are resolved.
func (k *entityChecker) compiled(f fragment.Fragment, at string, a *Attribute, last bool) int {
	c := &cased{fragment: f}
	for _, r := range f.Refs() {
		column := k.columnNamed(r.Name)
		c.columns = append(c.columns, column)
		c.types = append(c.types, fragmentType(&k.entity.Columns[column]))
		if k.entity.Columns[column].Kind == 0 {
			return k.addComputed(a.Name, c, Column{}) // of a table that is not described
		}
	}
	program, err := f.Compile(k.typeOfRef, nil)
	if err != nil {
		k.err(at, err.Error(), "")
		return -1
	}
	c.program = program
	var reason string
	if c.result, reason = columnOfType(program.Type()); reason != "" {
		k.err(at, "what the case gives "+reason, "")
		return -1
	}
	if c.result.Kind == Int && a.Type == "BOOL" && last {
		c.result = Column{SQLType: "tinyint", Kind: Bool, Length: 1}
	}
	return k.addComputed(a.Name, c, c.result)
}

// typeOfRef is what a fragment knows of a column of the record.
func (k *entityChecker) typeOfRef(r fragment.Ref) (fragment.Type, error) {
	return fragmentType(&k.entity.Columns[k.columnNamed(r.Name)]), nil
}

// A compile makes a program of a fragment.
type compile func(fragment.Fragment, func(fragment.Ref) (fragment.Type, error), fragment.Collate) (*fragment.Program, error)

// ownFragment reads a fragment over the record, and compiles it so that what is
// wrong is told of the part that is. A name is first a column of the source table,
// as in SQL, then an attribute.
func (k *entityChecker) ownFragment(text, at string, compiled compile) (fragment.Fragment, bool) {
	f, err := fragment.Parse(text)
	if err == nil {
		resolved, wrong := f.Resolve(k.resolveOwn)
		unknown := func(r fragment.Ref) bool { return k.entity.Columns[k.columnNamed(r.Name)].Kind == 0 }
		if err = wrong; err == nil && !slices.ContainsFunc(resolved.Refs(), unknown) {
			_, err = compiled(resolved, k.typeOfRef, nil)
		}
		if err == nil {
			return resolved, true
		}
	}
	mend := ""
	if r, alone := f.Column(); alone && r.Table == "" {
		mend = fmt.Sprintf("write '%s' if the text is meant", strings.ReplaceAll(r.Name, "'", "''"))
	}
	k.err(at, err.Error(), mend)
	return f, false
}

// resolveOwn finds the column of the record that a reference means.
func (k *entityChecker) resolveOwn(r fragment.Ref) (fragment.Ref, error) {
	if r.Table != "" && r.Table != k.entity.Source {
		return r, fmt.Errorf("%s is another table: a case has the columns of %s, and by their names the attributes that join others", r.Table, k.entity.Source)
	}
	column := -1
	if i := k.attributeNamed(r.Name); r.Table == "" && i >= 0 && k.from.ColumnIndex(r.Name) < 0 {
		if c := k.entity.Attributes[i].Column; c >= 0 && k.entity.Columns[c].Join != nil {
			column = c
		}
	}
	if column < 0 {
		column = k.ownColumn(r.Name)
	}
	if column < 0 {
		return r, fmt.Errorf("there is no column %s of %s, and no attribute of that name that joins one", r, k.entity.Source)
	}
	return fragment.Ref{Table: ownAlias, Name: k.entity.Columns[column].Name}, nil
}
