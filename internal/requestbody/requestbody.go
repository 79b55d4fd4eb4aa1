// Package requestbody lets a client of the AWS SDK read a reply to its end that comes
// while the process is busy.
//
// The SDK closes the body of a request once the header of the reply is there. net/http
// asks the body for a rest after the last byte is sent, which may be later; by then the
// SDK's body answers io.EOF to WriteTo, as if sending had failed, and the connection is
// closed in the middle of the reply. To Read it answers what it should.
package requestbody

import (
	"context"
	"io"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Read is one of a client's APIOptions: its requests have bodies that can be read, and
// do not write themselves.
func Read(s *middleware.Stack) error {
	return s.Serialize.Add(middleware.SerializeMiddlewareFunc("ReadRequestBody", read), middleware.After)
}

func read(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (out middleware.SerializeOutput, metadata middleware.Metadata, err error) {
	if request, ok := in.Request.(*smithyhttp.Request); ok {
		if body, ok := request.GetStream().(io.ReadSeeker); ok {
			if in.Request, err = request.SetStream(struct{ io.ReadSeeker }{body}); err != nil {
				return out, metadata, &smithy.SerializationError{Err: err}
			}
		}
	}
	return next.HandleSerialize(ctx, in)
}
