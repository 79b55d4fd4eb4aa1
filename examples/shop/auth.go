package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"

	"github.com/crossfade-go/crossfade/dal"
)

// tokenLife is how long somebody stays signed in.
const tokenLife = 24 * time.Hour

// token returns what a user shows to be taken for the user. It says who it is and
// nothing else: what somebody may do is looked up when it is done.
func (s *shop) token(u User) (string, error) {
	now := s.now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject:   strconv.FormatInt(u.ID, 10),
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(tokenLife)),
	}).SignedString(s.secret)
}

// bearer returns the id of the user whose token the request has.
func (s *shop) bearer(r *http.Request) (int64, error) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return 0, unauthorized("a token is needed")
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return s.secret, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.now))
	if err != nil {
		return 0, unauthorized("the token is not valid, or no longer")
	}
	id, err := strconv.ParseInt(claims.Subject, 10, 64)
	if err != nil {
		return 0, unauthorized("the token is not valid, or no longer")
	}
	return id, nil
}

// personKey is the key of the user who sends a request in its context.
type personKey struct{}

// gone is the answer to a token that outlived its user.
var gone = unauthorized("the user of the token is gone")

// person returns the record of the user who sends the request, behind signedIn, sellers
// and admins.
func person(r *http.Request) User { return r.Context().Value(personKey{}).(User) }

// caller returns the id of that user.
func caller(r *http.Request) int64 { return person(r).ID }

// signedIn lets through who has a token, and is still there.
func (s *shop) signedIn(next http.HandlerFunc) http.HandlerFunc {
	return s.only(next, "", func(User) bool { return true })
}

// sellers lets through who is a seller now.
func (s *shop) sellers(next http.HandlerFunc) http.HandlerFunc {
	return s.only(next, "this is for sellers", func(u User) bool { return u.IsSeller })
}

// admins lets through who is a super admin now.
func (s *shop) admins(next http.HandlerFunc) http.HandlerFunc {
	return s.only(next, "this is for super admins", func(u User) bool { return u.SuperAdmin })
}

// only looks the user up on each call: a token outlives its holder, and what its holder
// may do.
func (s *shop) only(next http.HandlerFunc, otherwise string, may func(User) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := s.bearer(r)
		var u User
		if err == nil {
			u, err = s.users.Get(r.Context(), s.user(id))
			err = orElse(err, dal.ErrNotFound, gone)
		}
		if err == nil && !may(u) {
			err = forbidden(otherwise)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		next(w, r.WithContext(context.WithValue(r.Context(), personKey{}, u)))
	}
}

// longestPassword is what bcrypt takes, in bytes.
const longestPassword = 72

// checkPassword says what a password lacks.
func checkPassword(password string) error {
	if utf8.RuneCountInString(password) < 8 || len(password) > longestPassword {
		return invalid("password must have 8 characters at least and %d bytes at most", longestPassword)
	}
	for _, kind := range []func(rune) bool{unicode.IsUpper, unicode.IsLower, unicode.IsDigit,
		func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }} {
		if strings.IndexFunc(password, kind) < 0 {
			return invalid("password must have an upper case letter, a lower case letter, a digit and a special character")
		}
	}
	return nil
}

// hash returns what is kept of a password.
func (s *shop) hash(password string) (string, error) {
	kept, err := bcrypt.GenerateFromPassword([]byte(password), s.cost)
	return string(kept), err
}

// noPassword is the hash of a password that nobody has, to compare with where there
// is no user: who tries out names learns nothing from how long the answer takes.
const noPassword = "$2a$10$7EqJtq98hPqEX7fNZaFWoOhi5BWX4Q1NQ5rGJvBYd7QlG/Hc6Ee2i"

// isPassword reports whether a hash is the password's.
func isPassword(kept, password string) bool {
	return bcrypt.CompareHashAndPassword([]byte(kept), []byte(password)) == nil
}
