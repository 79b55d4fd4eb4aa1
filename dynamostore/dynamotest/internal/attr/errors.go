package attr

import "fmt"

// A ValidationError is a request the service refuses as a ValidationException.
// The message is the service's own and goes to the client as it is.
type ValidationError struct{ Message string }

func (e *ValidationError) Error() string { return e.Message }

// Invalid returns a *ValidationError with a formatted message.
func Invalid(format string, args ...any) error {
	return &ValidationError{Message: fmt.Sprintf(format, args...)}
}

// A SerializationError is JSON that does not have the protocol's shape, such
// as a number where a string belongs. The service answers it with a
// SerializationException.
type SerializationError struct{ Message string }

func (e *SerializationError) Error() string { return e.Message }

func misshapen(format string, args ...any) error {
	return &SerializationError{Message: fmt.Sprintf(format, args...)}
}
