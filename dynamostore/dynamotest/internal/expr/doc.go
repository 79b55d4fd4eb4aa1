// Package expr is DynamoDB's expression language: conditions, filters, key
// conditions, projections and updates, parsed with the service's own checks
// and messages, and evaluated on items.
//
//	env, err := expr.NewEnv(names, values)
//	condition, err := expr.ParseCondition(expr.KindCondition, text, env)
//	update, err := expr.ParseUpdate(text2, env)
//	err = env.Finish() // names and values that no expression used
//	if condition.Eval(item) {
//		change, err := update.Apply(item)
//		put(change.Item)
//	}
//
// Parsing is bounded: 4 KB of text, 300 operators and functions, paths of 32
// levels (TestBounds; Developer Guide, "Constraints: expression parameters").
// How large names and values may be is left to who reads the request. What was
// parsed is not changed by use and may be shared between goroutines. Every
// error is an *attr.ValidationError.
//
// The scripts of testdata hold what each expression does, or the message it is
// refused with. TestScripts runs them here, TestScriptsOnDynamoDBLocal on
// Amazon's own engine; where the two are meant to differ, the script says why.
// With -record, the latter writes what the engine says of new cases.
//
// An item is never changed: Apply returns a new one, that shares what stayed
// (TestApplyLeavesTheOldItem).
package expr
