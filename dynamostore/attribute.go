package dynamostore

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/transform"
)

// text, number, binary and flag are values of the library's own attributes.
func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number[T int | int64 | uint64](n T) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

func binary(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }

func flag(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

// moment keeps a time to the nanosecond; the zero time is 0.
func moment(t time.Time) types.AttributeValue {
	if t.IsZero() {
		return number(0)
	}
	return number(t.UnixNano())
}

// keyID returns a key's ID as an attribute: text where it is text.
func keyID(key transform.Key) types.AttributeValue {
	if utf8.ValidString(key.ID) {
		return text(key.ID)
	}
	return binary([]byte(key.ID))
}

// A reading takes an item of the library apart. An attribute that is missing is
// zero; one of another type is an error, the first of which stays in err.
type reading struct {
	item item
	err  error
}

func (r *reading) fail(name string) {
	if r.err == nil && r.item[name] != nil {
		r.err = errors.New("attribute " + name + " is of another type")
	}
}

func (r *reading) text(name string) string {
	if v, ok := r.item[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	r.fail(name)
	return ""
}

func (r *reading) uint(name string) uint64 {
	if v, ok := r.item[name].(*types.AttributeValueMemberN); ok {
		if n, err := strconv.ParseUint(v.Value, 10, 64); err == nil {
			return n
		}
	}
	r.fail(name)
	return 0
}

func (r *reading) int(name string) int64 {
	if v, ok := r.item[name].(*types.AttributeValueMemberN); ok {
		if n, err := strconv.ParseInt(v.Value, 10, 64); err == nil {
			return n
		}
	}
	r.fail(name)
	return 0
}

func (r *reading) flag(name string) bool {
	if v, ok := r.item[name].(*types.AttributeValueMemberBOOL); ok {
		return v.Value
	}
	r.fail(name)
	return false
}

func (r *reading) binary(name string) []byte {
	if v, ok := r.item[name].(*types.AttributeValueMemberB); ok {
		return v.Value
	}
	r.fail(name)
	return nil
}

func (r *reading) list(name string) []types.AttributeValue {
	if v, ok := r.item[name].(*types.AttributeValueMemberL); ok {
		return v.Value
	}
	r.fail(name)
	return nil
}

func (r *reading) object(name string) item {
	if v, ok := r.item[name].(*types.AttributeValueMemberM); ok {
		return v.Value
	}
	r.fail(name)
	return nil
}

func (r *reading) moment(name string) time.Time {
	n := r.int(name)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// newID returns an id that no other write has and that sorts by the writer's
// clock: 32 characters, which is what a client request token may have.
func newID(now time.Time) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return stamp(now) + hex.EncodeToString(random[:])
}

// stamp returns a time as 16 characters that sort as it does.
func stamp(t time.Time) string { return fmt.Sprintf("%016x", uint64(max(t.UnixNano(), 0))) }
