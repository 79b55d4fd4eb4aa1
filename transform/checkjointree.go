package transform

import "fmt"

// tree reads depth and hierarchy-path.
func (j *joiner) tree(kind string) Column {
	j.join.Parent = j.ownColumn(j.n.str("parent_column"))
	if j.join.Parent < 0 {
		j.err(j.at+"/parent_column", fmt.Sprintf("table %s has no column %q", j.entity.Source, j.n.str("parent_column")),
			suggest(j.n.str("parent_column"), j.from.names()))
		return Column{}
	}
	if len(j.from.Key) == 1 && !j.from.guessed {
		j.above()
	}
	if len(j.from.Key) != 1 && !j.from.guessed {
		j.err(j.at, "a tree needs a primary key of one column, which the parent column refers to", "")
		return Column{}
	}
	if kind == "depth" {
		j.join.Kind = JoinDepth
		return Column{SQLType: "bigint", Kind: Int}
	}
	j.join.Kind = JoinPath
	j.join.Text = j.ownColumn(j.n.str("select_column"))
	if j.join.Text < 0 {
		j.err(j.at+"/select_column", fmt.Sprintf("table %s has no column %q", j.entity.Source, j.n.str("select_column")),
			suggest(j.n.str("select_column"), j.from.names()))
		return Column{}
	}
	c := j.entity.Columns[j.join.Text]
	if c.Kind != Text && c.Kind != 0 {
		j.err(j.at+"/select_column", "a path is made of texts, and "+c.Name+" is "+c.typeName(), "")
	}
	j.join.Separator = j.n.str("separator")
	return Column{SQLType: "longtext", Kind: c.Kind, Collation: c.Collation, Nullable: c.Nullable}
}

// above checks that the parent column can have the key of another row.
func (j *joiner) above() {
	key, parent := &j.entity.Columns[j.from.Key[0]], &j.entity.Columns[j.join.Parent]
	switch {
	case key == parent:
		j.err(j.at+"/parent_column", "column "+key.Name+" is the primary key: every row would be above itself", "name the column that has the key of the row above")
	case key.Kind != parent.Kind && key.Kind != 0 && parent.Kind != 0:
		j.err(j.at+"/parent_column", fmt.Sprintf("column %s is %s and the primary key %s, so it can't hold the key of the row above", parent.Name, parent.typeName(), key.typeName()),
			"name the column that has the key of the row above")
	}
}
