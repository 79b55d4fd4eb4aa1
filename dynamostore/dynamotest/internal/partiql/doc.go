// Package partiql is the PartiQL that DynamoDB takes: INSERT, SELECT, UPDATE
// and DELETE statements on one table, and EXISTS as a transaction's check,
// parsed with the service's messages into the conditions, projections and
// updates of package expr.
//
//	statement, err := partiql.Parse(`UPDATE "T" SET n = n + ? WHERE pk = ?`, parameters)
//	switch s := statement.(type) {
//	case *partiql.Update:
//		key, condition, err := s.Where.Key(hash, sort) // one item
//		change, err := s.Update.Apply(item)
//	}
//
// Parsing is bounded: 8192 bytes of text, 300 operators, 32 levels
// (TestBounds). Every error is an *attr.ValidationError.
//
// testdata/statements.txt holds what statements do, or the message they are
// refused with. TestScript runs it here, TestScriptOnDynamoDBLocal on Amazon's
// own engine; where the two are meant to differ, the script says why.
package partiql
