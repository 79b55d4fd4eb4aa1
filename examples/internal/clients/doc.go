// Package clients holds tests and nothing else: clients of DynamoDB that others
// wrote run against dynamotest as they are, so that it is not only the SDK's
// own client that it gets on with. They stand in this module to stay out of the
// module graph of services.
package clients
