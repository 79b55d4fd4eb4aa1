// Package attr is DynamoDB's data: attribute values and items as the JSON 1.0
// wire protocol has them, with the service's own checks, sizes and order.
//
//	var in attr.Input
//	err := json.Unmarshal(body, &in) // *SerializationError: not the protocol's shape
//	item, err := in.Item()           // *ValidationError: not a legal item
//	size := attr.ItemSize(item)
//	reply, err := json.Marshal(item)
//
// A [Value] is never changed once it exists, and neither is the map, slice or
// string behind it. So values may be shared between items, requests and
// goroutines without a copy; whoever changes an item builds a new map and
// shares what stays. The tests of expr hold this (TestApplyLeavesTheOldItem).
//
// Numbers are exact (TestNumberAgainstBig), and come back the way the service
// writes them: 1.0 as 1, 1E2 as 100 (TestNumberText). Sets are kept sorted, so
// equality does not depend on the order they were sent in (TestEqual).
//
// The rules are those of the Developer Guide's "Naming rules and data types"
// and "Constraints"; the messages are the service's.
package attr
