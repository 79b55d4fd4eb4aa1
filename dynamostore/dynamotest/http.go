package dynamotest

import (
	"crypto/rand"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	// maxBody bounds a request: the largest the service takes is a
	// BatchWriteItem of 16 MB, and JSON needs more than that for it.
	maxBody = 32 << 20

	contentType  = "application/x-amz-json-1.0"
	targetPrefix = "DynamoDB_20120810."
)

// errCut ends a call without an answer.
var errCut = errors.New("connection cut")

// ServeHTTP answers one request of DynamoDB's JSON 1.0 protocol. A Server
// listens by itself; this is for a program that has a listener of its own.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		_, _ = io.WriteString(w, "healthy: dynamotest")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuseBody(w, err)
		return
	}
	name, known := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	c := &call{Server: s, ctx: r.Context(), operation: name, body: body}
	request := s.log.add(s, c)
	err = c.answer(known, r.Header.Get("Authorization") != "", request)
	status, reply := c.outcome(err)
	s.log.end(request, status, c.faults.loseReply, err)
	if status == 0 || c.faults.loseReply {
		cut()
	}
	send(w, status, reply)
}

// refuseBody answers a request that is too large; one that broke off has
// nobody to answer.
func refuseBody(w http.ResponseWriter, err error) {
	if !errors.As(err, new(*http.MaxBytesError)) {
		cut()
	}
	e := &serviceError{status: http.StatusRequestEntityTooLarge, kind: coralErrors + "RequestEntityTooLargeException", message: "Request body is too large"}
	send(w, e.status, e.body())
}

// answer does what a request asks for, if it is one of DynamoDB's.
func (c *call) answer(known, signed bool, request *Request) error {
	op := operationOf(c.operation)
	switch {
	case !known || op == nil:
		return &serviceError{
			status: http.StatusBadRequest, kind: coralErrors + "UnknownOperationException",
			message: "dynamotest has no operation " + c.operation,
		}
	case !signed: // with anything: nobody checks it
		return &serviceError{
			status: http.StatusBadRequest, kind: coralErrors + "MissingAuthenticationTokenException",
			message: "Request must contain either a valid (registered) AWS access key ID or X.509 certificate.",
		}
	}
	return c.run(op, request)
}

// outcome returns what goes back; a status of 0 says that nothing does.
func (c *call) outcome(err error) (status int, body []byte) {
	switch {
	case errors.Is(err, errCut):
		return 0, nil
	case err != nil:
		e := asServiceError(err)
		return e.status, e.body()
	case c.reply == nil:
		return http.StatusOK, []byte("{}")
	}
	return http.StatusOK, c.reply
}

// send writes a reply. The SDK checks the checksum, and shows the id in errors.
func send(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Amzn-Requestid", rand.Text())
	header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// cut closes the connection without a reply, and does not return.
func cut() { panic(http.ErrAbortHandler) }
