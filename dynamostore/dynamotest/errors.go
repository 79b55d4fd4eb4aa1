package dynamotest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// The namespaces of the service's error types.
const (
	serviceErrors    = "com.amazonaws.dynamodb.v20120810#"
	validationErrors = "com.amazon.coral.validate#"
	coralErrors      = "com.amazon.coral.service#"
)

// A serviceError is a refusal as the service words it.
type serviceError struct {
	status  int
	kind    string // with its namespace
	message string
	item    attr.Item          // of a failed condition that asked for it
	reasons []cancellation     // of a cancelled transaction
	causes  []throttlingReason // of a throttled request
}

func (e *serviceError) Error() string { return e.name() + ": " + e.message }

// name returns the error type without its namespace.
func (e *serviceError) name() string {
	_, name, _ := strings.Cut(e.kind, "#")
	return name
}

// A cancellation is why an action cancelled its transaction; the code is None
// for actions that did not.
type cancellation struct {
	Item    attr.Item `json:",omitempty"`
	Code    string
	Message string `json:",omitempty"`
}

// A throttlingReason names a limit, and the resource it is about.
type throttlingReason struct {
	Reason   string `json:"reason"`
	Resource string `json:"resource"`
}

// body returns the reply's JSON. The service spells message both ways.
func (e *serviceError) body() []byte {
	b := []byte(`{"__type":`)
	b = appendJSON(b, e.kind)
	if e.reasons != nil {
		b = appendJSON(append(b, `,"CancellationReasons":`...), e.reasons)
		return append(appendJSON(append(b, `,"Message":`...), e.message), '}')
	}
	if e.message != "" {
		b = appendJSON(append(b, `,"message":`...), e.message)
	}
	if e.item != nil {
		b = attr.AppendItem(append(b, `,"Item":`...), e.item)
	}
	if e.causes != nil {
		b = appendJSON(append(b, `,"ThrottlingReasons":`...), e.causes)
	}
	return append(b, '}')
}

// appendJSON appends a value that can't fail to be written.
func appendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}

// refuse returns an error of the service's own namespace, with status 400.
func refuse(name, format string, args ...any) *serviceError {
	return &serviceError{status: http.StatusBadRequest, kind: serviceErrors + name, message: fmt.Sprintf(format, args...)}
}

// invalid returns a ValidationException.
func invalid(format string, args ...any) error { return attr.Invalid(format, args...) }

// An itemFault is a ValidationException about an item or a key. In a transaction
// it is the reason of a cancellation instead.
type itemFault struct{ error }

func (e itemFault) Unwrap() error { return e.error }

func itemFaultf(format string, args ...any) error { return itemFault{attr.Invalid(format, args...)} }

// violated returns the error for a parameter outside its bounds.
func violated(value, parameter, constraint string) error {
	return invalid("1 validation error detected: Value %s at '%s' failed to satisfy constraint: %s", value, parameter, constraint)
}

func errNoTable() error { return refuse("ResourceNotFoundException", "Requested resource not found") }

func errNoSuchTable(name string) error {
	return refuse("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
}

func errInUse(format string, args ...any) error {
	return refuse("ResourceInUseException", format, args...)
}

func errConflict() *serviceError {
	return refuse("TransactionConflictException", "Transaction is ongoing for the item")
}

// errCondition is the refusal of a write whose condition the item did not
// meet.
func errCondition(item attr.Item) *serviceError {
	e := refuse("ConditionalCheckFailedException", "The conditional request failed")
	e.item = item
	return e
}

func errInternal() *serviceError {
	return &serviceError{
		status: http.StatusInternalServerError, kind: serviceErrors + "InternalServerError",
		message: "The request processing has failed because of an unknown error, exception or failure.",
	}
}

// asServiceError words any error of a request the service's way.
func asServiceError(err error) *serviceError {
	var (
		ours  *serviceError
		value *attr.ValidationError
		shape *attr.SerializationError
		typed *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &value):
		return &serviceError{status: http.StatusBadRequest, kind: validationErrors + "ValidationException", message: value.Message}
	case errors.As(err, &shape):
		return serialization(shape.Message)
	case errors.As(err, &typed):
		return serialization(mistyped(typed))
	}
	return serialization("")
}

func serialization(message string) *serviceError {
	return &serviceError{status: http.StatusBadRequest, kind: coralErrors + "SerializationException", message: message}
}

// mistyped words what stands where something else belongs.
func mistyped(e *json.UnmarshalTypeError) string {
	want := map[string]string{"string": "String", "bool": "Boolean", "int": "Integer", "int64": "Long"}[strings.TrimPrefix(e.Type.String(), "*")]
	kind, _, _ := strings.Cut(e.Value, " ")
	got := map[string]string{"string": "STRING_VALUE", "number": "NUMBER_VALUE", "bool": "TRUE_VALUE"}[kind]
	switch {
	case kind == "object":
		return "Start of structure or map found where not expected."
	case kind == "array":
		return "Unexpected collection type"
	case want == "" || got == "":
		return "Unexpected field type"
	}
	return got + " cannot be converted to " + want
}
