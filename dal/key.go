package dal

import "github.com/crossfade-go/crossfade/transform"

// A Key names a record, in every phase and in both stores. It is comparable,
// so it can be a map's key. Repository.Key makes one; a fault found there is
// returned by the operation that is given the key.
type Key struct {
	key   transform.Key
	fault *Error
}

// Err returns what is wrong with the key, or nil.
func (k Key) Err() error {
	if k.fault == nil {
		return nil
	}
	return k.fault
}

// String returns the entity and a hash: keys are content of rows, and logs
// must not carry it.
func (k Key) String() string { return k.key.String() }

// invalidKey is the error of an operation that was given a key which names
// nothing of the repository's entity.
func (k Key) check(op, entity string) error {
	switch {
	case k.fault != nil:
		e := *k.fault
		e.Op = op
		return &e
	case k.key.Entity != entity:
		return &Error{Op: op, Entity: entity, Kind: ErrInvalid, Detail: "the key is of entity " + quoteOr(k.key.Entity, "none")}
	}
	return nil
}

func quoteOr(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
