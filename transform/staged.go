package transform

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxLevels is how many levels of records a delete takes along at most, as in MySQL.
const maxLevels = 14

// A delete that takes along more than one transaction of DynamoDB can have is staged
// there: the record goes first, and then, step by step, what refers to it. Nothing else
// need be, moves of items neither: an update moves the items of the records that it names,
// and no others, for a reference is to a primary key, which no update changes, and a
// foreign key that follows something else by ON UPDATE is refused before a migration
// begins, as the change would be nobody's write.

// Unstaged says why a delete of one of the entity's records can't be staged, "" if it
// can. It can where nothing that it takes along may turn out to be what must stay: where
// no entity whose records it deletes has a reference ON DELETE RESTRICT to it, but for
// the record's own, which are looked at before anything is written; and where it can
// reach no more levels of records than a delete in MySQL may, which the references
// themselves tell, so that those of no entity go round in a circle.
func (e *Entity) Unstaged() string {
	why := ""
	levels := map[*Entity]int{} // below each, -1 while they are being counted
	var below func(*Entity) int
	below = func(at *Entity) int {
		if n, known := levels[at]; known {
			return n
		}
		levels[at] = -1
		deepest := 0
		for _, f := range at.referredBy {
			name := f.of.Name + "." + f.Field()
			n := 1
			switch {
			case f.OnDelete == OnDeleteRestrict && at == e:
				continue
			case f.OnDelete == OnDeleteRestrict:
				why = cmp.Or(why, name+" keeps records of "+at.Name+", which it takes along, from being deleted")
				continue
			case f.OnDelete == OnDeleteCascade:
				if n = below(f.of) + 1; n == 0 {
					why = cmp.Or(why, "by "+name+" it may take along any number of levels")
				}
			}
			deepest = max(deepest, n)
		}
		levels[at] = deepest
		return deepest
	}
	if n := below(e); n > maxLevels {
		why = cmp.Or(why, fmt.Sprintf("it may take along %d levels of records, and MySQL takes %d", n, maxLevels))
	}
	return why
}

// TakesAlong reports whether a delete of one of the entity's records may delete others
// or set their columns to NULL.
func (e *Entity) TakesAlong() bool {
	return slices.ContainsFunc(e.referredBy, func(f *Reference) bool { return f.OnDelete != OnDeleteRestrict })
}

// stages warns of deletes that may take along more than a transaction can have.
func (k *entityChecker) stages() {
	if !k.entity.TakesAlong() {
		return
	}
	var by []string
	for _, f := range k.entity.referredBy {
		if f.OnDelete != OnDeleteRestrict {
			by = append(by, f.of.Name+"."+f.Field())
		}
	}
	along := fmt.Sprintf("a delete from %s takes along what refers to it by %s", k.entity.Name, strings.Join(by, ", "))
	if why := k.entity.Unstaged(); why != "" {
		k.warn(k.at, along+": more than a DynamoDB transaction of 100 actions can have is refused, since "+why,
			"delete what refers to the record before, in several writes")
		return
	}
	k.warn(k.at, along+": more than a DynamoDB transaction of 100 actions can have is staged there, and until that is done readers see what is left",
		"")
}
