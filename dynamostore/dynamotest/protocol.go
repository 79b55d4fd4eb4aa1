package dynamotest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

const (
	// maxBody bounds a request: the largest the service takes is a
	// BatchWriteItem of 16 MB, and JSON needs more than that for it.
	maxBody = 32 << 20

	contentType  = "application/x-amz-json-1.0"
	targetPrefix = "DynamoDB_20120810."
)

// A call is one request while it is answered.
type call struct {
	*Server
	ctx       context.Context
	operation string
	body      []byte
	faults    effects
	reply     []byte
}

// An operation answers a call, by filling its reply.
type operation func(c *call) error

// operationOf returns the operation of a name, nil if there is none. Each
// reads its parameters with read, whose type says what they are.
func operationOf(name string) operation {
	switch name {
	case "PutItem":
		return read((*call).putItem)
	case "GetItem":
		return read((*call).getItem)
	case "UpdateItem":
		return read((*call).updateItem)
	case "DeleteItem":
		return read((*call).deleteItem)
	case "Query":
		return read((*call).query)
	case "Scan":
		return read((*call).scan)
	case "BatchGetItem":
		return read((*call).batchGetItem)
	case "BatchWriteItem":
		return read((*call).batchWriteItem)
	case "TransactWriteItems":
		return read((*call).transactWriteItems)
	case "TransactGetItems":
		return read((*call).transactGetItems)
	case "ExecuteStatement":
		return read((*call).executeStatement)
	case "BatchExecuteStatement":
		return read((*call).batchExecuteStatement)
	case "ExecuteTransaction":
		return read((*call).executeTransaction)
	}
	return administration(name)
}

// administration is operationOf for what is done with tables.
func administration(name string) operation {
	switch name {
	case "CreateTable":
		return read((*call).createTable)
	case "DescribeTable":
		return read((*call).describeTable)
	case "UpdateTable":
		return read((*call).updateTable)
	case "DeleteTable":
		return read((*call).deleteTable)
	case "ListTables":
		return read((*call).listTables)
	case "UpdateTimeToLive":
		return read((*call).updateTimeToLive)
	case "DescribeTimeToLive":
		return read((*call).describeTimeToLive)
	case "TagResource":
		return read((*call).tagResource)
	case "UntagResource":
		return read((*call).untagResource)
	case "ListTagsOfResource":
		return read((*call).listTagsOfResource)
	case "DescribeLimits":
		return (*call).describeLimits
	case "DescribeEndpoints":
		return (*call).describeEndpoints
	}
	return nil
}

// read makes an operation of a method that takes parameters.
func read[T any](method func(*call, *T) error) operation {
	return func(c *call) error {
		in := new(T)
		if err := json.Unmarshal(c.body, in); err != nil {
			return err
		}
		return method(c, in)
	}
}

// ServeHTTP answers one request of DynamoDB's JSON 1.0 protocol. A Server
// listens by itself; this is for a program that has a listener of its own.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		_, _ = io.WriteString(w, "healthy: dynamotest")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.refuseBody(w, err)
		return
	}
	name, known := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	c := &call{Server: s, ctx: r.Context(), operation: name, body: body}
	request := s.log.add(s, c)
	op := operationOf(name)
	if !known || op == nil {
		err = &serviceError{status: http.StatusBadRequest, kind: coralErrors + "UnknownOperationException"}
	} else if r.Header.Get("Authorization") == "" {
		err = &serviceError{
			status: http.StatusBadRequest, kind: coralErrors + "MissingAuthenticationTokenException",
			message: "Request must contain either a valid (registered) AWS access key ID or X.509 certificate.",
		}
	} else {
		err = c.run(op, request)
	}
	if errors.Is(err, errCut) {
		s.log.end(request, 0, err)
		cut(w)
		return
	}
	c.send(w, request, err)
}

// send writes the reply, or the error in its place.
func (c *call) send(w http.ResponseWriter, request *Request, err error) {
	status, body := http.StatusOK, c.reply
	if err != nil {
		e := asServiceError(err)
		status, body = e.status, e.body()
	} else if body == nil {
		body = []byte("{}")
	}
	c.log.end(request, status, err)
	if c.faults.loseReply {
		cut(w)
		return
	}
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Amzn-Requestid", rand.Text())
	header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// refuseBody answers a request that is too large; one that broke off has
// nobody to answer.
func (s *Server) refuseBody(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	if !errors.As(err, &large) {
		cut(w)
		return
	}
	e := &serviceError{status: http.StatusRequestEntityTooLarge, kind: coralErrors + "RequestEntityTooLargeException", message: "Request body is too large"}
	(&call{Server: s}).send(w, nil, e)
}

// errCut ends a call without an answer.
var errCut = errors.New("connection cut")

// cut closes the connection without a reply.
func cut(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler) // a listener of the caller's own, over HTTP/2
}

// member appends a member to the reply; it opens the object with the first.
func (c *call) member(name string) {
	if c.reply == nil {
		c.reply = append(c.reply, '{')
	} else {
		c.reply = append(c.reply, ',')
	}
	c.reply = append(append(append(c.reply, '"'), name...), `":`...)
}

// value appends a member of any type.
func (c *call) value(name string, v any) {
	c.member(name)
	c.reply = appendJSON(c.reply, v)
}

// item appends a member that is an item.
func (c *call) item(name string, item attr.Item) {
	c.member(name)
	c.reply = attr.AppendItem(c.reply, item)
}

// items appends a member that is a list of items.
func (c *call) items(name string, items []attr.Item) {
	c.member(name)
	c.reply = appendItems(c.reply, items)
}

func appendItems(b []byte, items []attr.Item) []byte {
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = attr.AppendItem(b, item)
	}
	return append(b, ']')
}

// finish closes the object.
func (c *call) finish() {
	if c.reply != nil {
		c.reply = append(c.reply, '}')
	}
}
