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
// # What this version converts
//
// Tables of one entity each, "type": "single-entity", whose item key is made of
// the primary key's columns; attributes that carry one column each; columns of
// the integer types, DECIMAL, CHAR, VARCHAR, the TEXT and BLOB types, BINARY,
// VARBINARY, DATE, DATETIME, TIMESTAMP and JSON, NULL or not. The rest of the
// contract's format is read strictly, so that a misspelt property is found, and
// is then an error that says it is not supported.
//
// The format is the migrationContract.json that AWS published for its
// modernizer workshop, an array of tables or an object that has one, with these
// additions:
//
//	{ "group": "default", "tables": [ {
//	  "table": "Users", "type": "single-entity", "source_table": "users", "pk": "userId",
//	  "columns": [ {"name": "user_id", "type": "int", "unsigned": false, "null": false,
//	                "length": 0, "precision": 0, "scale": 0, "collation": "",
//	                "default": "0", "on_update": "CURRENT_TIMESTAMP", "generated": "auto_increment"} ],
//	  "primary_key": ["user_id"],
//	  "unique": [ {"name": "username", "columns": ["username"]} ],
//	  "sequence": {"column": "user_id"},
//	  "billing": "PROVISIONED", "capacity": {"read": 5, "write": 5},
//	  … } ] }
//
// columns and primary_key are required; `migrationctl contract check --mysql
// DSN --write` fills them in. A boolean that is absent is false. An index of a
// provisioned table may have a capacity of its own. An attribute of type JSON
// holds whatever the document is, M only objects and L only arrays.
//
// unique are the sets of columns of which MySQL has a unique index: DynamoDB
// has none, and as the authority it keeps a guard item for each value. Guards
// compare bytes, so text in them has a binary collation, utf8mb4_bin,
// utf8mb4_0900_bin, ascii_bin or the like; where that one does not count
// trailing blanks, guards do not either. sequence is the AUTO_INCREMENT column,
// of which DynamoDB gives new ids once MySQL no longer does.
//
// # Forms
//
// A DATE is S "2024-03-10"; a TIMESTAMP S "2024-03-10T09:30:00Z" with as many
// fractional digits as the column has; a DATETIME the same without the Z, for
// it has no zone. NULL is an absent attribute, JSON's null one of type NULL. A
// DECIMAL is an N and comes back with its scale, or S where it has more than 38
// digits. A TINYINT is BOOL where the contract says so. Attributes whose names
// begin with LibraryPrefix belong to the library.
//
// # Guarantees
//
//   - A record that becomes an item comes back from it equal, to the digit and
//     the byte, whatever DynamoDB does to numbers in between:
//     TestRecordItemRoundTrip, FuzzCanonicalJSON.
//   - NULL, the empty string, blanks and the text "null" stay what they are:
//     TestNullEmptyAndTheTextNull, TestNullOfJSON.
//   - One value has one item: an item in another form is an error and not a
//     guess: TestRecordOfStrangeItem.
//   - What DynamoDB would refuse is refused before anything is sent:
//     TestItemRefuses, TestItemOf400KB, TestItemSize.
//   - Two keys have the same ID exactly when they have the same values, and no
//     ID is empty: TestKeyBijection, FuzzKeyText, FuzzKeyID, TestKeyValuesRefuses.
//   - Two records share a unique text exactly when MySQL takes their values for
//     equal: TestUniqueText.
//   - A contract is used only if nothing in it is misunderstood: TestFindings,
//     TestUniqueAndSequenceFindings, TestPublishedContract, FuzzParse.
//   - No error carries a value of a row: TestItemRefuses, TestBindingFails.
//
// They hold for a contract whose columns are those of the live table, and for
// text that MySQL gave in a session in UTC. A column altered since, or a
// session in another zone, voids them; package mysqlstore looks for both.
package transform
