package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/crypto/bcrypt"
)

// A plain shop is the service without the library: its records are kept by hand-written
// SQL, here and in plainlists_test.go and plainmarket_test.go. What it has of
// the shop is the layer above the records: how requests are read, what the rules say of
// them, how answers look. The shop in it has no repositories: whoever asks one panics.
type plain struct {
	*shop
	db *sql.DB
}

func newPlain(db *sql.DB) http.Handler {
	p := &plain{&shop{bank: newTill(), now: func() time.Time { return opening }, secret: []byte(testSecret), cost: bcrypt.MinCost}, db}
	mux := http.NewServeMux()
	p.routeShelf(mux)
	p.routeMarket(mux)
	mux.HandleFunc("/", p.answer(0, func(http.ResponseWriter, *http.Request) (any, error) { return nil, notFound("there is no such path") }))
	return mux
}

// routeShelf has patterns 1 to 28.
func (p *plain) routeShelf(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/auth/register", p.answer(http.StatusCreated, p.enrol))
	mux.HandleFunc("POST /api/auth/login", p.answer(http.StatusOK, p.enter))
	mux.HandleFunc("GET /api/auth/profile", p.known(http.StatusOK, shown("user")))
	mux.HandleFunc("PUT /api/auth/profile", p.known(http.StatusOK, p.change("user")))
	mux.HandleFunc("POST /api/auth/upgrade-seller", p.known(http.StatusOK, p.promote))
	mux.HandleFunc("POST /api/auth/logout", p.known(http.StatusOK, p.tell("signed out")))
	mux.HandleFunc("GET /api/auth/verify", p.known(http.StatusOK, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return fields{"user": viewUser(person(r)), "valid": true}, nil
	}))
	mux.HandleFunc("GET /api/products", p.answer(http.StatusOK, p.allProducts))
	mux.HandleFunc("GET /api/products/search", p.answer(http.StatusOK, p.foundProducts))
	mux.HandleFunc("GET /api/products/category/{id}", p.answer(http.StatusOK, p.categoryProducts))
	mux.HandleFunc("GET /api/products/{id}", p.answer(http.StatusOK, p.oneProduct))
	mux.HandleFunc("POST /api/products", p.selling(http.StatusCreated, p.addProduct))
	mux.HandleFunc("PUT /api/products/{id}", p.selling(http.StatusOK, p.alterProduct))
	mux.HandleFunc("DELETE /api/products/{id}", p.selling(http.StatusOK, p.dropProduct))
	mux.HandleFunc("GET /api/products/seller/my-products", p.selling(http.StatusOK, p.ownProducts))
	mux.HandleFunc("PUT /api/products/{id}/inventory", p.selling(http.StatusOK, p.alterInventory))
	mux.HandleFunc("GET /api/products/seller/stats", p.selling(http.StatusOK, p.stats))
	mux.HandleFunc("POST /api/products/upload-image", p.selling(http.StatusOK, func(http.ResponseWriter, *http.Request) (any, error) {
		return fields{"imageUrl": "/images/placeholder.png"}, nil
	}))
	mux.HandleFunc("GET /api/categories", p.answer(http.StatusOK, p.tree))
	mux.HandleFunc("GET /api/categories/search", p.answer(http.StatusOK, p.foundCategories))
	mux.HandleFunc("GET /api/categories/flat", p.answer(http.StatusOK, p.categoriesWhere("TRUE")))
	mux.HandleFunc("GET /api/categories/roots", p.answer(http.StatusOK, p.categoriesWhere("parent_id IS NULL")))
	mux.HandleFunc("GET /api/categories/{id}", p.answer(http.StatusOK, p.oneCategory))
	mux.HandleFunc("GET /api/categories/{id}/children", p.answer(http.StatusOK, p.children))
	mux.HandleFunc("GET /api/categories/{id}/path", p.answer(http.StatusOK, p.path))
	mux.HandleFunc("POST /api/categories", p.keeping(http.StatusCreated, p.addCategory))
	mux.HandleFunc("PUT /api/categories/{id}", p.keeping(http.StatusOK, p.alterCategory))
	mux.HandleFunc("DELETE /api/categories/{id}", p.keeping(http.StatusOK, p.dropCategory))
}

// An asker finds what there is to answer.
type asker = func(w http.ResponseWriter, r *http.Request) (data any, err error)

func (p *plain) answer(status int, ask asker) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		data, err := ask(w, r)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		p.reply(w, status, data)
	}
}

func (p *plain) known(status int, ask asker) http.HandlerFunc {
	return p.who(status, ask, "", func(User) bool { return true })
}

func (p *plain) selling(status int, ask asker) http.HandlerFunc {
	return p.who(status, ask, "this is for sellers", func(u User) bool { return u.IsSeller })
}

func (p *plain) keeping(status int, ask asker) http.HandlerFunc {
	return p.who(status, ask, "this is for super admins", func(u User) bool { return u.SuperAdmin })
}

func (p *plain) who(status int, ask asker, otherwise string, may func(User) bool) http.HandlerFunc {
	return p.answer(status, func(w http.ResponseWriter, r *http.Request) (any, error) {
		id, err := p.bearer(r)
		if err != nil {
			return nil, err
		}
		u, err := onlyOne(r.Context(), p.db, userFields, selectUser+"id = ?", id)
		if err != nil {
			return nil, orElse(err, sql.ErrNoRows, gone)
		}
		if !may(u) {
			return nil, forbidden(otherwise)
		}
		return ask(w, r.WithContext(context.WithValue(r.Context(), personKey{}, u)))
	})
}

func (p *plain) tell(text string) asker {
	return func(http.ResponseWriter, *http.Request) (any, error) { return fields{"message": text}, nil }
}

func shown(name string) asker {
	return func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return fields{name: viewUser(person(r))}, nil
	}
}

// A querier is a pool of connections, or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// each returns the rows that a query finds, never nil; into says where their columns go.
func each[T any](ctx context.Context, db querier, into func(*T) []any, query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := []T{}
	for rows.Next() {
		var v T
		if err := rows.Scan(into(&v)...); err != nil {
			return nil, err
		}
		found = append(found, v)
	}
	return found, rows.Err()
}

// onlyOne returns the first row, sql.ErrNoRows if there is none.
func onlyOne[T any](ctx context.Context, db querier, into func(*T) []any, query string, args ...any) (v T, err error) {
	found, err := each(ctx, db, into, query, args...)
	if err == nil && len(found) == 0 {
		err = sql.ErrNoRows
	}
	if err == nil {
		v = found[0]
	}
	return v, err
}

// insert inserts a row and returns the id that it got.
func insert(ctx context.Context, db querier, query string, args ...any) (int64, error) {
	done, err := db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return done.LastInsertId()
}

// alterRows changes rows.
func alterRows(ctx context.Context, db querier, query string, args ...any) error {
	_, err := db.ExecContext(ctx, query, args...)
	return err
}

// together does what has to happen as a whole or not at all.
func (p *plain) together(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// The server's errors that say something to clients.
const (
	duplicate  = 1062
	referenced = 1451
	noTarget   = 1452
)

// onError gives an error of the server the text that the client is to read.
func onError(err error, number uint16, other error) error {
	if e := (*mysql.MySQLError)(nil); errors.As(err, &e) && e.Number == number {
		return other
	}
	return err
}

// A decimal is an amount in a row.
type decimal Cents

func (d *decimal) Scan(v any) error { return (*Cents)(d).UnmarshalText(v.([]byte)) }

// wildcards returns as many as there are ids, and the ids, for a list of IN.
func wildcards(ids []int64) (string, []any) {
	args := []any{int64(0)} // no row has it, and the list is never empty
	for _, id := range ids {
		args = append(args, id)
	}
	return "?" + strings.Repeat(", ?", len(ids)), args
}

const selectUser = "SELECT id, username, email, password_hash, first_name, last_name, is_seller, super_admin, created_at, updated_at FROM users WHERE "

func userFields(u *User) []any {
	return []any{&u.ID, &u.Username, &u.Email, &u.PasswordHash, &u.FirstName, &u.LastName, &u.IsSeller, &u.SuperAdmin, &u.CreatedAt, &u.UpdatedAt}
}

func (p *plain) enrol(w http.ResponseWriter, r *http.Request) (any, error) {
	var n registration
	err := read(w, r, &n)
	if err == nil {
		err = n.check()
	}
	if err != nil {
		return nil, err
	}
	u := User{Username: n.Username, CreatedAt: p.seconds(), UpdatedAt: p.seconds()}
	n.apply(&u)
	if u.PasswordHash, err = p.hash(n.Password); err != nil {
		return nil, err
	}
	u.ID, err = insert(r.Context(), p.db, "INSERT INTO users (username, email, password_hash, first_name, last_name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		u.Username, u.Email, u.PasswordHash, u.FirstName, u.LastName, u.CreatedAt, u.UpdatedAt)
	return p.signed(u, onError(err, duplicate, taken))
}

func (p *plain) signed(u User, err error) (any, error) {
	var token string
	if err == nil {
		token, err = p.token(u)
	}
	return fields{"user": viewUser(u), "token": token}, err
}

func (p *plain) enter(w http.ResponseWriter, r *http.Request) (any, error) {
	var n registration
	err := read(w, r, &n)
	if err == nil && (n.Username == "" || n.Password == "") {
		err = invalid("username and password are needed")
	}
	if err != nil {
		return nil, err
	}
	u, err := onlyOne(r.Context(), p.db, userFields, selectUser+"username = ?", n.Username)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !isPassword(u.PasswordHash, n.Password) {
		err = unauthorized("the username or the password is wrong")
	}
	return p.signed(u, err)
}

// change gives the user who asks what the body says.
func (p *plain) change(name string) asker {
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		var said profile
		err := read(w, r, &said)
		if err == nil {
			err = said.check()
		}
		if err != nil {
			return nil, err
		}
		u := person(r)
		said.apply(&u)
		u.UpdatedAt = p.seconds()
		err = alterRows(r.Context(), p.db, "UPDATE users SET email = ?, first_name = ?, last_name = ?, updated_at = ? WHERE id = ?",
			u.Email, u.FirstName, u.LastName, u.UpdatedAt, u.ID)
		return fields{name: viewUser(u)}, onError(err, duplicate, taken)
	}
}

func (p *plain) promote(_ http.ResponseWriter, r *http.Request) (any, error) {
	u := person(r)
	u.IsSeller, u.UpdatedAt = true, p.seconds()
	return p.signed(u, alterRows(r.Context(), p.db, "UPDATE users SET is_seller = TRUE, updated_at = ? WHERE id = ?", u.UpdatedAt, u.ID))
}
