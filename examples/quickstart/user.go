package main

import (
	"encoding/json"
	"time"
)

// A User is a row of the users table, bound to its columns by the db tags that
// a service has anyway.
type User struct {
	ID         int64      `db:"user_id"`
	Username   string     `db:"username"`
	Email      string     `db:"email"`
	Registered *time.Time `db:"registration_date"`
	LastLogin  *time.Time `db:"last_login"`
	// Profile is the whole document, so that properties this program does not
	// know are kept. nil is NULL.
	Profile json.RawMessage `db:"profile_data"`
}

// createUsers is the table as it was before anybody thought of moving it. The
// collation is one that tells Cleo from cleo. The NULL behind TIMESTAMP is for MariaDB, which would make the first TIMESTAMP of
// a table NOT NULL and set it at every write.
const createUsers = `CREATE TABLE users (
	user_id INT PRIMARY KEY,
	username VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin UNIQUE,
	email VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin UNIQUE,
	registration_date DATE,
	last_login TIMESTAMP NULL,
	profile_data JSON
)`

// columns are the table's columns in their order, which is also the order of
// the CSV file.
func columns() []string {
	return []string{"user_id", "username", "email", "registration_date", "last_login", "profile_data"}
}

// The forms of dates and times in the CSV file, in items and in plain rows.
const (
	dateLayout = "2006-01-02"
	timeLayout = "2006-01-02T15:04:05Z"
)

// A plain is a user in plain text: what the ledgers hold and what rows and
// items are turned into before they are compared. It is made without the
// library, so that the library's conversions are judged by somebody else's.
// Plains of equal users are == to each other; "" is NULL.
type plain struct {
	ID         int64  `json:"id"`
	Username   string `json:"username"`
	Email      string `json:"email"`
	Registered string `json:"registered,omitempty"` // dateLayout
	LastLogin  string `json:"login,omitempty"`      // timeLayout
	Profile    string `json:"profile,omitempty"`    // canonical JSON
}

// plainOf returns the plain form of a user.
func plainOf(u User) (plain, error) {
	p := plain{ID: u.ID, Username: u.Username, Email: u.Email}
	if u.Registered != nil {
		p.Registered = u.Registered.Format(dateLayout)
	}
	if u.LastLogin != nil {
		p.LastLogin = u.LastLogin.UTC().Format(timeLayout)
	}
	if u.Profile != nil {
		text, err := canonicalJSON(u.Profile)
		if err != nil {
			return plain{}, err
		}
		p.Profile = text
	}
	return p, nil
}

// user returns the user of a plain form that plainOf or the CSV reader made.
func (p plain) user() User {
	u := User{ID: p.ID, Username: p.Username, Email: p.Email}
	if t, err := time.Parse(dateLayout, p.Registered); err == nil {
		u.Registered = &t
	}
	if t, err := time.Parse(timeLayout, p.LastLogin); err == nil {
		u.LastLogin = &t
	}
	if p.Profile != "" {
		u.Profile = json.RawMessage(p.Profile)
	}
	return u
}

// differs names the columns in which two plains differ.
func (p plain) differs(o plain) []string {
	a, b := p.texts(), o.texts()
	var names []string
	for i, name := range columns() {
		if a[i] != b[i] {
			names = append(names, name)
		}
	}
	return names
}

// texts returns the values in the order of columns.
func (p plain) texts() []any {
	return []any{p.ID, p.Username, p.Email, p.Registered, p.LastLogin, p.Profile}
}

// sql returns the values as arguments of an INSERT, in the order of columns.
func (p plain) sql() []any {
	values := p.texts()
	for i, v := range values {
		if v == "" {
			values[i] = nil
		}
	}
	if t, err := time.Parse(timeLayout, p.LastLogin); err == nil {
		values[4] = t.Format(time.DateTime) // the session counts in UTC
	}
	return values
}
