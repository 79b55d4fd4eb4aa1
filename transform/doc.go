// Package transform says how rows of MySQL become items of DynamoDB and come
// back: it loads and checks a migration contract, and converts between rows,
// records, items, keys and Go structs, without doing any I/O of its own.
//
// The smallest program that works:
//
//	contract, err := transform.LoadFile("contract.json")
//	if err != nil {
//		return err // a *CheckError: every finding, each with pointer, reason and mend
//	}
//	users := contract.Entity("Users")
//	binding, err := transform.Bind[User](users) // by db tags
//	record, err := binding.Record(&user)
//	item, err := users.Item(record)             // what PutItem takes
//	record, err = users.Record(item)            // and back
//
// # What this version does
//
// It reads the whole format strictly, so that a misspelt property is found:
// tables of one entity and of several, joins, calculations and transformations,
// key templates, columns of every type but the spatial ones, MariaDB's UUID and
// INET, and VECTOR. Such contracts are checked, shown as views and previewed.
// The stores migrate tables of one entity and of several, whose items carry the
// columns of their own rows, or what is computed of these, and the references between
// them. Joined attributes that are hydrated they read; where these are kept by an edge, a counter
// or a copy, items have a copy or a number besides (see below). Contract.NotYet says
// what else a contract has: what is joined in another way, items that move
// when rows of other tables change, and computed attributes of keys of which SQL has no
// text, numbers above all.
//
// Rows of another table that are part of a record, as an order's lines are, are
// migrated with it (see Children): a json-construction of type array without limit,
// over a table that is no entity, joined by the record's whole primary key. Every
// column of that table is selected, but those of the join and what MySQL makes of
// others. Its primary key tells the rows apart: one AUTO_INCREMENT column, whose ids
// a store assigns, or a key that has the columns of the join in it.
//
// The format is the migrationContract.json that AWS published for its
// modernizer workshop, an array of tables or an object that has one, with these
// additions:
//
//	{ "group": "default", "tables": [ {
//	  "table": "Users", "type": "single-entity", "source_table": "users", "pk": "userId",
//	  "columns": [ {"name": "user_id", "type": "int", "unsigned": false, "null": false,
//	                "length": 0, "precision": 0, "scale": 0, "collation": "",
//	                "default": "0", "on_update": "CURRENT_TIMESTAMP", "generated": "auto_increment",
//	                "values": ["of", "enum", "and", "set"]} ],
//	  "attributes": [ {"name": "born", "type": "S", "source_column": "born",
//	                   "null": "absent", "zero_dates": "error"} ],
//	  "primary_key": ["user_id"],
//	  "unique": [ {"name": "username", "columns": ["username"]} ],
//	  "sequence": {"column": "user_id"},
//	  "references": [ {"columns": ["group_id"], "entity": "Groups", "on_delete": "restrict"} ],
//	  … } ] }
//
// columns and primary_key are required; `migrationctl contract check --mysql
// DSN --write` fills them in. A boolean that is absent is false. An index of a
// provisioned table may have a capacity of its own. An attribute of type JSON
// holds whatever the document is, M only objects and L only arrays.
//
// A table that only joins read is described beside the tables, in
// "source_tables": [{"table", "columns", "primary_key", "unique"}].
//
// unique are the sets of columns of which MySQL has a unique index: DynamoDB
// has none, and as the authority it keeps a guard item for each value. Guards
// compare texts as their columns' collations do (TestUniqueText), so that Müller
// and MULLER are one name where MySQL says so; the record keeps the form it was
// given. That can be done for the collations that Fold knows: another one is an
// error, utf8mb4_0900_ai_ci a warning, since it was not verified against a server.
// sequence is the AUTO_INCREMENT column, of which DynamoDB gives new ids once
// MySQL no longer does. Without it no store assigns ids, and MySQL refuses a Create
// with 0 in the column.
//
// references are the columns that are the primary key of another entity's records, or
// of the same one's: the foreign keys of MySQL, which DynamoDB keeps as the authority.
// on_delete is restrict, cascade or set-null. Refused is what the two would not take
// for the same: columns of another type or collation, a set-null of what can't be
// NULL or is part of the item's key, and deletes whose outcome in MySQL depends on the
// names of its foreign keys (TestReferenceFindings, TestReferenceInTheItemsKey).
//
// # How tables are kept
//
// A table may say how the service is to keep it, which items do not depend on:
//
//	"billing": "PROVISIONED", "capacity": {"read": 5, "write": 5},
//	"ttl": "expires_at",
//	"point_in_time_recovery": true,
//	"encryption": "AWS_MANAGED",
//	"deletion_protection": true,
//	"tags": {"team": "shop", "env": "test"}
//
// billing is PAY_PER_REQUEST where nothing is said, and a capacity is in units per
// second. ttl is an attribute of type N that holds seconds since 1970; items without
// it never expire, which is every item of an entity that has no such attribute. What
// the service deletes by it leaves no change record: MySQL keeps the row, and in
// phases 2 to 4 verify tells of the difference. encryption is AWS_OWNED, which costs
// nothing and is meant where nothing is said, AWS_MANAGED, or the ARN or the alias of
// a key of KMS. A table has 50 tags at most, with names of 1 to 128 characters and
// values of 0 to 256.
//
// # Joins
//
// All joins are LEFT: where no row is found the attribute is absent, or what
// null_value says; a row that is found and has NULL makes it absent. A conditional
// join is CASE WHEN condition THEN select_column ELSE else_value END: where the
// condition is true and no row is found it is absent. Every join has an alias of
// its own, which "join_alias" names; without one the joined row is called as its
// table.
// Where that is the entity's own table, the side of the condition that is the
// primary key is the joined row's. A join that selects a value must provably find
// one row at most: by the primary key, or by columns declared "unique". An array
// is in the order of order_by and then of the primary key. Its rows are part of
// the record, written and deleted with it, if no entity is made of their table,
// they are joined by the record's whole primary key, and there is no limit. A row
// of a tree has at most 31 rows above it; one with more can't be read, nor one that
// is above itself. The section "Catalogue" has an example of every join.
//
// MySQL joins as it reads, DynamoDB does not. Any other joined attribute says how
// it is kept, "keep": {"mysql": …, "dynamodb": …}:
//
//	mysql     live     MySQL joins as it reads; so it is if nothing is said
//	          copy     the item has what was there when its record was brought
//	dynamodb  copy     read with the record, and the item has what was there when its
//	                   record was written: for one column of a row that is referred to
//	          edge     read with the record, and a copy in the item follows, found by the
//	                   edges of a reference: for one column of a row that is referred to
//	          counter  read with the record, and a number in the item follows: for a COUNT
//	                   of an entity's records
//	          hydrate  not stored, joined when it is read: for joins by the primary keys of
//	                   entities, for trees, and for aggregates of an entity's records
//
// An item has one shape, so what is hydrated is in none, in no phase, but for the copy or
// number of an edge, a copy or a counter: Item leaves it out, views and comparisons know nothing of it, and records have NULL in its place.
// Package dal reads it with the record, from MySQL too, by the keys of the records that
// have it. So a hop is joined by the whole primary key of an entity of the contract,
// whose columns equal columns of the same types in this row or in an earlier hop's, and
// what is selected is one column of an entity's own row, as it is: no expression, no
// conditional join, no text of several hops. Trees are read level by level, so that the
// items of a whole branch stay as they are when its root is renamed.
//
// A COUNT is hydrated where the counted entity declares a reference to the entity that
// shows the number, by just the columns that the join compares: DynamoDB finds the records
// by the edges of that reference. It counts records, so select_column is "*" or a column
// that is never NULL in them (TestCounted, TestCountNotYet). NULL in the reference is no
// record that refers, and of none the number is 0. A COUNT of rows that are part of
// the record is the length of their list.
//
// SUM, AVG, MIN and MAX are hydrated under the same conditions, of one column of the entity's
// own row, as it is: SUM and AVG of integers and of a DECIMAL of up to 43 digits, AVG of one
// with up to 26 of them after the point; MIN and MAX of integers, of any DECIMAL, YEAR, DATE,
// DATETIME, TIMESTAMP and TIME. A SUM has 22 digits more than its column, so that an attribute
// that may have more than 38 is of type S. They are what the
// server's own functions give, to the last digit, in every phase: AVG has four digits more
// than its column, as div_precision_increment has it by default, of a quotient that is cut
// before it is rounded (TestTotals, TestTotalsAreTheServers, on MariaDB). NULL is no value,
// and of no value the attribute is absent. Anything else would be another one than the
// server's, or depend on the order of addition or on a collation, and is refused: expressions,
// FLOAT and DOUBLE, texts, labels, bits, an id that the store assigns, and dates whose
// attribute, or the one that shows them, has a "zero_dates" but "error" (TestTotalNotYet,
// TestTotalNotYetOfTypes). Each read of the record reads all the records that refer, once for
// each column that is totalled, and DynamoDB is paid for them. Where these are many, let the record have a column with the
// total, and change it in the unit of work that changes what it is made of.
//
// What is kept by an edge is hydrated too, so a record shows what is true when it is read.
// Besides, its item has a copy, for projections of indexes and for other readers of the
// table: a moment older, and renewed after what it shows has changed, in phases 2 to 5. So
// the join is a single hop by the columns of a reference that the entity declares, which
// tells the items that have the copy, and no key, unique set or TTL is made of it. Record
// and comparisons know nothing of the copy; verify does.
//
// A counter is a COUNT that is hydrated, and besides its item has the number, of type N. It
// is not changed in the transaction that changes what it counts: to add to it there would
// make all who refer to one record wait for each other, or turn each other away in DynamoDB,
// and what a fault has once made wrong would stay so for ever. So who makes it another
// number leaves word in his own transaction, and the relay counts anew. Who reads the item
// itself sees a number as old as the relay is behind, and an exact one once no mark is left;
// records show the exact one always (TestCounters, TestRecounts).
//
// A copy is joined as an edge is, and does not follow: the item has what was there when its
// own record was last written, or a moment later, when the relay has made it. While MySQL
// leads it is made with whatever brings the record, a repair and a backfill too: MySQL has
// kept nothing of what was there. Records show what is true now, so that answers are alike in
// every phase; "mysql": "copy" says of the item what is so anyway, and is refused beside
// any other way to keep an attribute in DynamoDB (TestFrozenCopies).
//
// Anything else stays in Contract.NotYet, with the reason and the mend (TestHydratedNotYet,
// TestCountNotYet, TestCountersNotYet); keys, unique sets and projections of what is hydrated are errors
// (TestHydratedFindings, TestCountFindings).
//
// The stores of this version migrate what is hydrated as described above, what is kept by an
// edge or a copy in a single hop by a declared reference, and counters of a COUNT. With any
// other join or aggregate, any other way to keep one, or without a word of how it is kept, a
// contract is checked, shown as views and previewed.
//
// # Calculations and transformations
//
// An attribute is a column, a join or a calculation, and after that at most one
// transformation. What is made of the record's own columns is made here, and by the
// same rules in the views:
//
//	case           the first case that is true; names are own columns, then joined
//	               attributes; texts are quoted: "then": "'hot'"
//	concat         the source columns with a separator, absent ones left out
//	date-math      "operation" add or subtract, "interval" a number, "unit" second to
//	               year; a month ends with its last day; outside years 1 to 9999 an
//	               error of the row
//	json-construction of the own row ("users.id = users.id")
//	               a map of its columns
//	string-format  text with {name} and {name:010d}: an attribute before its
//	               transformation, else a column; a BOOL stands as 0 or 1. Delimiters
//	               in values are escaped. static and template mean the same
//	date-format    tokens YYYY MM DD HH mm ss SSS; number-format: digits, 0000 or 0.00
//	fold           text as MySQL compares it in the column: the weights of its
//	               characters in hexadecimal digits, without those of blanks at the end
//	               where the collation pads; the key of an index that finds Müller by
//	               MULLER; absent where no weights are left, of a text of blanks, as
//	               it is of NULL (TestFoldTransformation, TestFoldView, TestFoldOfNothing)
//	json-parse     a text to M or L
//	literal        the same in every item, with "source_column": null
//
// A column comes back from a template, a number-format, a date-format that keeps
// every digit, a map of the own row, and a json-parse whose source_format is
// "canonical". From the others it does not: where nothing else carries it the check
// says so, and phase 4 is refused. An item whose computed attributes are not what
// its others make is an error.
//
// # Access patterns
//
// What a service asks for stands beside the tables, and the names that a table's
// "satisfies" lists are those of patterns:
//
//	"access_patterns": [
//	  {"name": "AP30", "entity": "ORDER", "index": "GSI1", "equal": ["user_id"],
//	   "range": "placed", "order": "placed", "own_writes": false} ]
//
// index is one of the entity's table, "table" for the table's own key, which is
// also meant if nothing is said, or "scan" for reading every record. equal names
// attributes or columns whose values are given: all that the partition key is made
// of, then a beginning of what the sort key is made of. range is the next part of
// the sort key, bounded from one side or both; order is the one by which the
// records come, in either direction. A pattern that is several queries stands
// there several times. own_writes says that who has written must find it at once,
// which no index of DynamoDB promises. It may be said of the table's own key, and of an
// index that is asked by all columns of a "unique": then the item that guards the value
// says whose it is, and no index is asked.
//
// # Forms
//
// One value has one form, whichever way it was read or written:
//
//	integers             N
//	DECIMAL              N, exact; S where it has more than 38 digits; the scale comes back
//	FLOAT, DOUBLE        N (or S), the fewest digits that give the same float: 16777216, 1.1
//	TINYINT, BIT(1)      BOOL where the contract says so; a 2 is then an error
//	BIT                  N, or B of as many bytes as the bits need
//	YEAR                 N
//	CHAR, VARCHAR, TEXT  S
//	BINARY, VARBINARY, BLOB  B, nothing trimmed
//	ENUM                 S, the label
//	SET                  S "a,b" in the order of the declaration, or SS, absent when empty
//	DATE                 S "2024-03-10"
//	DATETIME             S "2024-03-10T09:30:00", with the column's fractional digits; no zone.
//	                     In sort keys it has three of them at least (TestTimesInSortKeys)
//	TIMESTAMP            S "2024-03-10T09:30:00Z", likewise, in UTC
//	TIME                 S "[-]HHH:MM:SS", likewise: a duration of up to 838:59:59
//	JSON                 M, L, JSON for either or a scalar, or S; numbers exact
//
// NULL is an absent attribute, or one of type NULL where the attribute says
// "null": "type", which a key's can't; JSON's null is always one of type NULL. An
// SS that is absent is the empty set. Where it would be NULL as well, in a column
// that may be NULL without "null": "type", the empty set becomes NULL, and the
// check warns that it is lost.
//
// A DOUBLE beyond what N holds, 1E-130 to 9.99E+125, can't be an N: an attribute
// of type S holds every one. -0 is 0, as in MySQL's comparisons. A zero or partial
// date is an error of its row, NULL, or its text, by the "zero_dates" of the
// column's attributes: "error", "null" or "text". As NULL it is lost, and the
// check says so. A TIME below zero is in no key, where it would sort the wrong
// way round. Attributes whose names begin with LibraryPrefix belong to the
// library.
//
// # Guarantees
//
//   - A record that becomes an item comes back from it equal, to the digit and
//     the byte, whatever DynamoDB does to numbers and sets in between:
//     TestRecordItemRoundTrip, TestGoldenTypes, TestOrderOfSet,
//     FuzzCanonicalJSON, FuzzColumnParse.
//   - NULL, the empty string, blanks and the text "null" stay what they are:
//     TestNullEmptyAndTheTextNull, TestNullOfJSON; so does an empty SET:
//     TestNullOfTypes, TestSetInSeveralAttributes.
//   - One value has one item: an item in another form is an error and not a
//     guess: TestRecordOfStrangeItem, TestStrangeItemOfTypes.
//   - What DynamoDB would refuse is refused before anything is sent:
//     TestItemRefuses, TestTypesThatNoItemHolds, TestItemOf400KB, TestItemSize.
//   - Two keys have the same ID exactly when they have the same values, and no
//     ID is empty: TestKeyBijection, FuzzKeyText, FuzzKeyID, TestKeyValuesRefuses.
//   - Two records share a unique text exactly when MySQL takes their values for
//     equal: TestUniqueText.
//   - A contract is used only if nothing in it is misunderstood, and it is said
//     what it would lose: TestFindings, TestFindingsOfTypes,
//     TestFindingsOfTypesInKeys, TestUniqueAndSequenceFindings,
//     TestSettingFindings, TestExpiryOfAttributes, TestRules,
//     TestPublishedContract, TestKeyTemplates, TestCatalogue, FuzzParse.
//   - What is computed comes back, or is listed as lost: TestGeneratedContractsAreReversible,
//     TestLostColumnsAreFound, TestComputeFindings.
//   - What the server has no room for is an error of its row: TestListsAreNeverCut,
//     TestTextsAreNeverCut.
//   - What a column shows of a record, what is made of the same values and what is
//     told from that are one: TestShown, TestShownBeginning, TestFoldShown. Of the entities of a table
//     one at most has items with a key: TestMayHave. What the stores can't do is said:
//     TestNotYet.
//   - A view shows what an item holds: TestViewIsItem, TestViewsOfWideSums. No text
//     of a contract is pasted into SQL: TestNothingOfAContractIsPasted.
//   - What is hydrated, and not copied (TestCopies, TestCounters), is in no item, no statement and no comparison, and shows what the
//     join says: TestHydratedIsStoredNowhere, TestHydratedValue, TestHydratedBinding,
//     TestTotalled, TestTotalsAreTheServers.
//   - A join has one meaning, or there is none: TestJoins, TestJoinsOfUnknownTables.
//   - No document makes the check panic or work without end: FuzzCheck,
//     TestCheckOfMutilatedContracts, TestCheckOfLongContracts.
//   - The graph has every column that an attribute is made of, so no change of one
//     is missed: TestGraph, TestGraphOfChains, TestTouchedAttributes, TestTouchedItems.
//   - No error carries a value of a row: TestItemRefuses, TestBindingFails,
//     TestBindingOfTypesFails.
//
// They hold for a contract whose columns are those of the live table, and for
// text that MySQL gave in a session in UTC. A column altered since, or a
// session in another zone, voids them; package mysqlstore looks for both.
package transform
