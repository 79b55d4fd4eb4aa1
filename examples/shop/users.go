package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/crossfade-go/crossfade/dal"
)

// A userView is a user as clients see one: nobody sees a hash.
type userView struct {
	ID         int64  `json:"id"`
	Username   string `json:"username"`
	Email      string `json:"email"`
	FirstName  string `json:"first_name"`
	LastName   string `json:"last_name"`
	IsSeller   bool   `json:"is_seller"`
	SuperAdmin bool   `json:"super_admin"`
	CreatedAt  string `json:"created_at"`
	UpdatedAt  string `json:"updated_at"`
}

func viewUser(u User) userView {
	return userView{u.ID, u.Username, u.Email, textOr(u.FirstName, ""), textOr(u.LastName, ""),
		u.IsSeller, u.SuperAdmin, iso(u.CreatedAt), iso(u.UpdatedAt)}
}

// A profile is what users may say of themselves. null takes a name away, and what is
// not said stays.
type profile struct {
	Email     said[string] `json:"email"`
	FirstName said[string] `json:"first_name"`
	LastName  said[string] `json:"last_name"`
}

// check finds what the tables would not hold.
func (p profile) check() error {
	if email := p.Email.value; email != nil {
		if err := checkEmail(*email); err != nil {
			return err
		}
	}
	return cmp.Or(checkLength("first_name", p.FirstName.value, 50), checkLength("last_name", p.LastName.value, 50),
		notNull("email", p.Email.null()))
}

// apply gives a user what the profile says.
func (p profile) apply(u *User) {
	p.Email.into(&u.Email)
	p.FirstName.intoOptional(&u.FirstName)
	p.LastName.intoOptional(&u.LastName)
}

// checkEmail wants one plain address, such as ann@example.com.
func checkEmail(email string) error {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || !strings.Contains(email, ".") || utf8.RuneCountInString(email) > 100 {
		return invalid("email must be an address of at most 100 characters")
	}
	return nil
}

// checkLength wants a text, where there is one, to fit into its column, which counts
// characters.
func checkLength(name string, text *string, longest int) error {
	if text != nil && utf8.RuneCountInString(*text) > longest {
		return invalid("%s must have %d characters at most", name, longest)
	}
	return nil
}

// A registration is what somebody who is new sends.
type registration struct {
	Username string `json:"username"`
	Password string `json:"password"`
	profile
}

var usernames = regexp.MustCompile(`^[A-Za-z0-9_]{3,50}$`)

func (n registration) check() error {
	switch {
	case !usernames.MatchString(n.Username):
		return invalid("username must have 3 to 50 letters, digits and underscores")
	case n.Email.value == nil:
		return invalid("email is missing")
	}
	if err := n.profile.check(); err != nil {
		return err
	}
	return checkPassword(n.Password)
}

// taken is the answer to who wants a name or an address that somebody has. It does not
// say which of them: where both are taken, it would depend on who looks first.
var taken = conflict("the username or the email is taken")

// register makes a user and signs the user in.
func (s *shop) register(w http.ResponseWriter, r *http.Request) {
	var n registration
	err := read(w, r, &n)
	if err == nil {
		err = n.check()
	}
	u := User{Username: n.Username, CreatedAt: s.seconds(), UpdatedAt: s.seconds()}
	if err == nil {
		n.apply(&u)
		u.PasswordHash, err = s.hash(n.Password)
	}
	if err == nil {
		err = orElse(s.users.Create(r.Context(), &u), dal.ErrUnique, taken)
	}
	s.welcome(w, r, http.StatusCreated, u, err)
}

// welcome answers with the user and a new token.
func (s *shop) welcome(w http.ResponseWriter, r *http.Request, status int, u User, err error) {
	var token string
	if err == nil {
		token, err = s.token(u)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, status, fields{"user": viewUser(u), "token": token})
}

// login signs in who knows a user's password.
func (s *shop) login(w http.ResponseWriter, r *http.Request) {
	var n registration
	err := read(w, r, &n)
	if err == nil && (n.Username == "" || n.Password == "") {
		err = invalid("username and password are needed")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	u, err := s.named(r.Context(), n.Username)
	switch {
	case errors.Is(err, dal.ErrNotFound):
		isPassword(noPassword, n.Password)
		err = unauthorized("the username or the password is wrong")
	case err == nil && !isPassword(u.PasswordHash, n.Password):
		err = unauthorized("the username or the password is wrong")
	}
	s.welcome(w, r, http.StatusOK, u, err)
}

// named returns the user with the name, in whichever case it is written. No two users
// have one name, so whoever has just registered is found.
func (s *shop) named(ctx context.Context, name string) (User, error) {
	if !usernames.MatchString(name) {
		return User{}, dal.ErrNotFound // and can't be
	}
	for u, err := range s.users.Query(ctx, dal.Index("ByUsername").Equal(name).Limit(1)) {
		return u, err
	}
	return User{}, dal.ErrNotFound
}

// profile answers with the user who asks.
func (s *shop) profile(w http.ResponseWriter, r *http.Request) {
	s.reply(w, http.StatusOK, fields{"user": viewUser(person(r))})
}

// verify answers who a token is of.
func (s *shop) verify(w http.ResponseWriter, r *http.Request) {
	s.reply(w, http.StatusOK, fields{"user": viewUser(person(r)), "valid": true})
}

// changeUser changes the user who asks and returns what came of it.
func (s *shop) changeUser(r *http.Request, change func(*User)) (now User, err error) {
	err = s.users.Update(r.Context(), s.user(caller(r)), func(u *User) error {
		change(u)
		u.UpdatedAt = s.seconds()
		now = *u
		return nil
	})
	return now, orElse(orElse(err, dal.ErrUnique, taken), dal.ErrNotFound, gone)
}

// changeProfile gives the user who asks what the body says.
func (s *shop) changeProfile(w http.ResponseWriter, r *http.Request) (User, error) {
	var p profile
	if err := read(w, r, &p); err != nil {
		return User{}, err
	}
	if err := p.check(); err != nil {
		return User{}, err
	}
	return s.changeUser(r, p.apply)
}

func (s *shop) updateProfile(w http.ResponseWriter, r *http.Request) {
	u, err := s.changeProfile(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, fields{"user": viewUser(u)})
}

// becomeSeller makes the user who asks a seller, who may ask twice.
func (s *shop) becomeSeller(w http.ResponseWriter, r *http.Request) {
	u, err := s.changeUser(r, func(u *User) { u.IsSeller = true })
	s.welcome(w, r, http.StatusOK, u, err)
}

// logout has nothing to do: the client forgets its token.
func (s *shop) logout(w http.ResponseWriter, _ *http.Request) {
	s.reply(w, http.StatusOK, fields{"message": "signed out"})
}
