// Package dynamojson reads items from the JSON of DynamoDB, in which tests keep
// the items that they expect: {"id": {"N": "1"}, "name": {"S": "Ann"}}.
package dynamojson
