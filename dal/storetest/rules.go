package storetest

// The rules, as package store's documentation words them.
const (
	ruleCommit    = "A write and its change records commit together or not at all"
	ruleOperation = "Each operation does what it says or fails"
	ruleEpoch     = "A write that carries another epoch than the fence's changes nothing"
	ruleVersion   = "Versions of a key only grow, and lie above the fence's floor"
	ruleBump      = "A bump gives a new version and a change record, and changes no data"
	ruleDirty     = "Dirty tells of every dirty key once, page by page"
	ruleClean     = "Clean takes effect only at the version that was refreshed"
	ruleToken     = "A write with a token is applied once"
	ruleRace      = "Writers of one key follow one another"

	ruleRead  = "A read gives what is at the key"
	ruleValue = "Values come back as they were stored"
	ruleQuery = "A query gives an index's live records in order"
	ruleScan  = "A scan gives every record once"

	rulePut       = "A follower keeps what it has if its version is as high as the one put"
	ruleTombstone = "A delete leaves a tombstone in a follower, also where no item was"
	ruleInsert    = "Insert puts nothing where anything is, live or tombstone"

	ruleInit    = "Init makes what is missing and keeps what is there"
	ruleAdvance = "The phase record changes only from the epoch the caller knew"
	ruleLedger  = "What a group keeps is there for every process"
)
