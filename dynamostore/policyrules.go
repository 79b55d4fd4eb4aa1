package dynamostore

import (
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A policyRule allows a party actions on some resources in some phases.
//
// What is sent is not always what is allowed (Service Authorization Reference,
// "Actions, resources, and condition keys for Amazon DynamoDB"): a transaction
// needs what each of its actions would alone, and BatchExecuteStatement with
// INSERT needs PartiQLInsert.
type policyRule struct {
	party   Party
	on      policyTarget
	phases  []store.Phase
	actions []string
}

// in reports whether the rule is for a phase; 0 is any.
func (r policyRule) in(phase store.Phase) bool {
	return phase == 0 || slices.Contains(r.phases, phase)
}

// A policyTarget is what a rule is about.
type policyTarget string

// The targets. The tables of the contract are told apart by what they need.
const (
	allTables     policyTarget = "each table of the contract, and the library's"
	itemTables    policyTarget = "each table of the contract"
	libraryTable  policyTarget = "the library's table"
	indexes       policyTarget = "each index"
	bundledTables policyTarget = "tables with unique columns or references, or whose items move"
	plainTables   policyTarget = "tables with entities that have neither, and whose items stay"
	stayingTables policyTarget = "tables with entities whose items stay"
	movingTables  policyTarget = "tables with entities whose items move"
	standTable    policyTarget = "the library's table, where items move"
	targetTables  policyTarget = "tables with entities that others refer to, and whose items stay"
	uniqueTables  policyTarget = "tables with unique columns, and whose items stay"
	uniqueStands  policyTarget = "the library's table, where items with unique columns move"
	targetStands  policyTarget = "the library's table, where items move that others refer to"
	guardedTables policyTarget = "tables with unique columns or references, and whose items stay"
	guardTable    policyTarget = "the library's table, where there are unique columns or references"
	copyTables    policyTarget = "tables with entities whose items have copies"
	copyLibrary   policyTarget = "the library's table, where items have copies"
	emptiedTables policyTarget = "tables with entities whose deletes may be staged, and whose items stay"
	takenTables   policyTarget = "tables with entities whose records a staged delete deletes too, and whose items move"
	nulledTables  policyTarget = "tables with entities whose records a staged delete changes, and whose items move"
	leanIndexes   policyTarget = "tables with indexes that have not all of an item"
	taggedTables  policyTarget = "tables with tags"
	expiring      policyTarget = "tables with time to live"
	backedUp      policyTarget = "tables with point-in-time recovery"
	alterable     policyTarget = "tables with indexes or deletion protection"
)

func (on policyTarget) index() bool { return on == indexes }

// fits reports whether a table is of the kind.
func (on policyTarget) fits(c *transform.Contract, t *transform.Table) bool {
	ours := t.Name == LibraryTable
	switch on {
	case allTables, indexes:
		return true
	case itemTables:
		return !ours
	case libraryTable:
		return ours
	case bundledTables:
		return hasEntity(c, t, accompanied)
	case plainTables:
		return hasEntity(c, t, func(e *transform.Entity) bool { return !accompanied(e) })
	case stayingTables:
		return hasEntity(c, t, func(e *transform.Entity) bool { return !e.Moves() })
	case movingTables:
		return hasEntity(c, t, (*transform.Entity).Moves)
	case standTable:
		return ours && slices.ContainsFunc(c.Entities, (*transform.Entity).Moves)
	case targetTables:
		return hasEntity(c, t, func(e *transform.Entity) bool { return len(e.ReferredBy()) > 0 && !e.Moves() })
	case uniqueTables:
		return hasEntity(c, t, func(e *transform.Entity) bool { return len(e.Unique) > 0 && !e.Moves() })
	case uniqueStands:
		return ours && slices.ContainsFunc(c.Entities, func(e *transform.Entity) bool { return len(e.Unique) > 0 && e.Moves() })
	case targetStands:
		return ours && slices.ContainsFunc(c.Entities, func(e *transform.Entity) bool { return len(e.ReferredBy()) > 0 && e.Moves() })
	case guardedTables:
		return hasEntity(c, t, func(e *transform.Entity) bool { return guarded(e) && !e.Moves() })
	case guardTable:
		return ours && slices.ContainsFunc(c.Entities, guarded)
	case copyTables:
		return hasEntity(c, t, copied)
	case copyLibrary:
		return ours && slices.ContainsFunc(c.Entities, copied)
	case emptiedTables:
		return hasEntity(c, t, func(e *transform.Entity) bool { return staged(e) && !e.Moves() })
	case takenTables:
		return hasEntity(c, t, takenAs(transform.OnDeleteCascade))
	case nulledTables:
		return hasEntity(c, t, takenAs(transform.OnDeleteSetNull))
	case leanIndexes:
		return slices.ContainsFunc(t.Indexes, func(x transform.Index) bool { return projection(x) != "ALL" })
	case taggedTables:
		return len(t.Tags) > 0
	case expiring:
		return t.TTL != ""
	case backedUp:
		return t.PointInTimeRecovery
	case alterable:
		return len(t.Indexes) > 0 || t.DeletionProtection
	}
	return false
}

// copied reports whether the entity's items have copies.
func copied(e *transform.Entity) bool { return len(e.Copies()) > 0 }

// staged reports whether deletes of the entity's records may be.
func staged(e *transform.Entity) bool { return e.TakesAlong() && e.Unstaged() == "" }

// takenAs reports whether an entity's items move, and its records may be taken along by a
// delete that is staged, by a reference of the kind.
func takenAs(onDelete string) func(*transform.Entity) bool {
	return func(e *transform.Entity) bool {
		return e.Moves() && slices.ContainsFunc(e.References, func(f *transform.Reference) bool {
			return f.OnDelete == onDelete && staged(f.To())
		})
	}
}

// hasEntity reports whether an entity of the table is of the kind.
func hasEntity(c *transform.Contract, t *transform.Table, is func(*transform.Entity) bool) bool {
	return slices.ContainsFunc(c.Entities, func(e *transform.Entity) bool { return e.Table == t && is(e) })
}

// policyRules returns the rules, the service's first. The reason of a rule is
// what needs it.
func policyRules() []policyRule {
	return append(serviceRules(), operatorRules()...)
}

func serviceRules() []policyRule {
	allow := func(on policyTarget, from, to store.Phase, actions ...string) policyRule {
		return policyRule{Service, on, phasesFrom(from, to), actions}
	}
	return []policyRule{
		// In phase 1 a process looks now and then for writes that a paused one
		// sent to DynamoDB when that led.
		allow(libraryTable, 1, 5, "GetItem", "Query"),
		// It does not start on a follower, or an authority, that is wrong.
		allow(allTables, 2, 5, "DescribeTable"),
		// Refreshes, and from phase 4 on writes. A refresh that finds as high a
		// version there looks at it.
		allow(itemTables, 2, 5, "PutItem"),
		allow(stayingTables, 2, 5, "GetItem"),
		// With unique columns or references, or where items move, it reads first, and
		// puts guards, edges and stands beside the item.
		allow(bundledTables, 2, 3, "BatchGetItem"),
		allow(libraryTable, 2, 5, "PutItem", "DeleteItem"),
		// It looks at what the record refers to for marks that are out of time, and
		// takes them away.
		allow(targetTables, 2, 3, "BatchGetItem", "UpdateItem"),
		allow(targetStands, 2, 3, "UpdateItem"),
		// A guard that names a record which does not need it is taken away, while that
		// record stays as it is.
		allow(uniqueTables, 2, 3, "ConditionCheckItem"),
		allow(uniqueStands, 2, 3, "ConditionCheckItem"),
		// Where items move, stands are read too, and what is left is deleted.
		allow(movingTables, 2, 5, "DeleteItem"),
		allow(standTable, 2, 3, "BatchGetItem"),
		// Phase 3 compares queries; an index that has not all of an item leads to
		// the items.
		allow(indexes, 3, 5, "Query"),
		allow(leanIndexes, 3, 3, "BatchGetItem"),
		// Reads of several records, and of an item and its token together.
		allow(allTables, 4, 5, "BatchGetItem"),
		// Registrations, leases, sequences; transactions that look at the phase.
		allow(libraryTable, 4, 5, "UpdateItem", "ConditionCheckItem"),
		// A unit of work looks at its commit whether what it read is there still, and a
		// write of what refers to a record looks at that.
		allow(stayingTables, 4, 5, "ConditionCheckItem"),
		// A delete of what others may refer to marks it: the item, or where items move
		// the stand, which is in the library's table.
		allow(targetTables, 4, 5, "UpdateItem"),
		// The relay renews copies.
		allow(copyTables, 4, 5, "UpdateItem"),
		// A dead letter that was mended is brought over at a new version.
		allow(itemTables, 4, 4, "UpdateItem"),
	}
}

func operatorRules() []policyRule {
	allow := func(on policyTarget, from, to store.Phase, actions ...string) policyRule {
		return policyRule{Operator, on, phasesFrom(from, to), actions}
	}
	return []policyRule{
		// tables plan, apply and verify. Settings may change in any phase, keys
		// only in the first.
		allow(allTables, 1, 5, "DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups"),
		allow(taggedTables, 1, 5, "ListTagsOfResource", "TagResource"),
		allow(expiring, 1, 5, "UpdateTimeToLive"),
		allow(backedUp, 1, 5, "UpdateContinuousBackups"),
		allow(alterable, 1, 5, "UpdateTable"),
		allow(allTables, 1, 1, "CreateTable"),
		// init, status, the copy of the phase record, hand-offs.
		allow(libraryTable, 1, 5, "GetItem", "PutItem", "Query"),
		// capture on looks whether tables are empty; backfill and verify read all.
		allow(itemTables, 1, 5, "Scan", "BatchGetItem"),
		allow(stayingTables, 1, 5, "GetItem"),
		// backfill, drain and repair towards DynamoDB.
		allow(plainTables, 1, 2, "PartiQLInsert"),
		allow(stayingTables, 1, 5, "PutItem"),
		allow(libraryTable, 1, 4, "DeleteItem"),
		allow(targetTables, 1, 3, "UpdateItem"),
		allow(targetStands, 1, 3, "UpdateItem"),
		allow(movingTables, 1, 3, "PutItem"),
		allow(movingTables, 2, 3, "DeleteItem"),
		allow(standTable, 1, 5, "BatchGetItem"),
		// verify compares guards and edges with the records that have them, and mends
		// them while the records stay as they are.
		allow(guardTable, 1, 5, "Scan", "BatchGetItem", "DeleteItem"),
		allow(guardedTables, 1, 5, "ConditionCheckItem"),
		allow(standTable, 1, 5, "ConditionCheckItem"),
		// The hand-off to DynamoDB raises sequences, those from it end leases.
		allow(libraryTable, 3, 4, "UpdateItem"),
		// repair where DynamoDB leads gives the item a new version, and its stand.
		allow(itemTables, 4, 5, "UpdateItem"),
		allow(standTable, 5, 5, "UpdateItem"),
		// drain renews copies, and notes how far it has got.
		allow(copyLibrary, 5, 5, "UpdateItem"),
		allow(libraryTable, 4, 5, "ConditionCheckItem"),
		// It takes along what a delete that is staged has left.
		allow(emptiedTables, 4, 5, "ConditionCheckItem"),
		allow(takenTables, 4, 5, "DeleteItem"),
		allow(nulledTables, 4, 5, "PutItem"),
	}
}

// phasesFrom returns the phases from one to another.
func phasesFrom(from, to store.Phase) []store.Phase {
	var phases []store.Phase
	for p := from; p <= to; p++ {
		phases = append(phases, p)
	}
	return phases
}
