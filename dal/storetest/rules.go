package storetest

// The rules, as package store's documentation words them.
const (
	ruleCommit    = "A write and its change records commit together or not at all"
	ruleOperation = "Each operation does what it says or fails"
	ruleEpoch     = "A write that carries another epoch than the store's changes nothing"
	ruleVersion   = "Versions of a key only grow, and lie above their epoch's floor"
	ruleBump      = "A bump gives a new version and a change record, and changes no data"
	ruleDirty     = "Dirty tells of every change once, in one shard, page by page"
	ruleClean     = "Clean cleans what was refreshed, and nothing newer"
	ruleToken     = "A write with a token is applied once"
	ruleExpect    = "A write that expects what was read commits upon just that or not at all"
	ruleRace      = "Writers of one key follow one another"

	ruleMark   = "A mark that is not open lets no write pass"
	ruleCarry  = "A token waits until the follower has it"
	ruleUnique = "A unique value is held by one key at a time"
	ruleRefer  = "A record has what it refers to"
	ruleStaged = "A delete takes along any number of records"
	ruleID     = "An id is assigned once"
	ruleLease  = "Without a lease no operation counts"
	ruleGrant  = "A lease is granted by an open mark only, and listed until it is given back"
	ruleFit    = "A store under leases takes no value that MySQL can't hold"

	ruleChildren = "Rows of other tables are written and read with the record that they are part of"

	ruleRead  = "A read gives what is at the key"
	ruleValue = "Values come back as they were stored"
	ruleQuery = "A query gives an index's live records in order"
	ruleList  = "A query of the table's own key shows what was written"
	ruleLogin = "A query by a unique value shows what was written"
	ruleCount = "A count is how many records refer to a key"
	ruleTotal = "A total is what a column has in the records that refer to a key"
	rulePlace = "A record whose item moves is in one place"
	ruleScan  = "A scan gives every record once"

	ruleFanOut      = "A change of what copies show leaves a fan-out mark"
	ruleFanOutClean = "A fan-out mark is cleaned as it was read"
	ruleDependents  = "Dependents gives every record that refers, page by page"
	ruleRenew       = "Renew makes copies what the records that they refer to are"
	ruleTally       = "A change of what numbers count has them counted anew"
	ruleFrozen      = "A copy that is frozen is made anew with its own record alone"
	ruleKept        = "An update keeps the copies"
	ruleGiven       = "A follower's item has the copies it was given"

	rulePut       = "A follower keeps what it has if its version is as high as the one put"
	ruleTombstone = "A delete leaves a tombstone in a follower, also where no item was"
	ruleInsert    = "Insert puts nothing where anything is, live or tombstone"

	ruleFollow = "A follower with a fence takes only what its mark allows"
	ruleHolder = "A follower says which key holds a unique value"
	ruleRefers = "A follower keeps what refers to nothing, and knows it later"
	ruleKeep   = "A token that was kept repeats its write"

	ruleHistory = "Any history of operations gets the answers of memstore"

	ruleInit    = "Init makes what is missing and keeps what is there"
	ruleAdvance = "The phase record changes only from the revision the caller knew"
	ruleLedger  = "What a group keeps is there for every process"
)
