package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/dal"
)

// newServer returns the service: every path of the shop, each with who may use it.
func newServer(s *shop) http.Handler {
	mux := http.NewServeMux()
	s.routeUsers(mux)
	s.routeProducts(mux)
	s.routeCategories(mux)
	s.routeOrders(mux)
	s.routeCart(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, notFound("there is no such path")) })
	return mux
}

func (s *shop) routeUsers(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/auth/register", s.register)
	mux.HandleFunc("POST /api/auth/login", s.login)
	mux.HandleFunc("GET /api/auth/profile", s.signedIn(s.profile))
	mux.HandleFunc("PUT /api/auth/profile", s.signedIn(s.updateProfile))
	mux.HandleFunc("POST /api/auth/upgrade-seller", s.signedIn(s.becomeSeller))
	mux.HandleFunc("POST /api/auth/logout", s.signedIn(s.logout))
	mux.HandleFunc("GET /api/auth/verify", s.signedIn(s.verify))
	mux.HandleFunc("POST /api/seller/upgrade", s.signedIn(s.becomeSeller))
	mux.HandleFunc("GET /api/seller/profile", s.sellers(s.sellerProfile))
	mux.HandleFunc("GET /api/seller/dashboard", s.sellers(s.dashboard))
	mux.HandleFunc("PUT /api/seller/profile", s.sellers(s.updateSellerProfile))
}

func (s *shop) routeProducts(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/products", s.listProducts)
	mux.HandleFunc("GET /api/products/search", s.searchProducts)
	mux.HandleFunc("GET /api/products/category/{id}", s.productsOfCategory)
	mux.HandleFunc("GET /api/products/{id}", s.getProduct)
	mux.HandleFunc("POST /api/products", s.sellers(s.createProduct))
	mux.HandleFunc("PUT /api/products/{id}", s.sellers(s.updateProduct))
	mux.HandleFunc("DELETE /api/products/{id}", s.sellers(s.deleteProduct))
	mux.HandleFunc("GET /api/products/seller/my-products", s.sellers(s.myProducts))
	mux.HandleFunc("PUT /api/products/{id}/inventory", s.sellers(s.setInventory))
	mux.HandleFunc("GET /api/products/seller/stats", s.sellers(s.productStats))
	mux.HandleFunc("POST /api/products/upload-image", s.sellers(s.uploadImage))
}

func (s *shop) routeCategories(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/categories", s.categoryTree)
	mux.HandleFunc("GET /api/categories/search", s.searchCategories)
	mux.HandleFunc("GET /api/categories/flat", s.flatCategories)
	mux.HandleFunc("GET /api/categories/roots", s.rootCategories)
	mux.HandleFunc("GET /api/categories/{id}", s.getCategory)
	mux.HandleFunc("GET /api/categories/{id}/children", s.childCategories)
	mux.HandleFunc("GET /api/categories/{id}/path", s.categoryPath)
	mux.HandleFunc("POST /api/categories", s.admins(s.createCategory))
	mux.HandleFunc("PUT /api/categories/{id}", s.admins(s.updateCategory))
	mux.HandleFunc("DELETE /api/categories/{id}", s.admins(s.deleteCategory))
}

func (s *shop) routeOrders(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/orders/checkout", s.signedIn(s.checkout))
	mux.HandleFunc("GET /api/orders/checkout/validate", s.signedIn(s.validateCheckout))
	mux.HandleFunc("GET /api/orders", s.signedIn(s.listOrders))
	mux.HandleFunc("GET /api/orders/{id}", s.signedIn(s.getOrder))
	mux.HandleFunc("PUT /api/orders/{id}/cancel", s.signedIn(s.cancelOrder))
	mux.HandleFunc("PUT /api/orders/{id}/status", s.admins(s.setOrderStatus))
	mux.HandleFunc("GET /api/orders/user/summary", s.signedIn(s.orderSummary))
	mux.HandleFunc("GET /api/orders/user/recent", s.signedIn(s.recentOrders))
	mux.HandleFunc("GET /api/orders/user/search", s.signedIn(s.searchOrders))
}

func (s *shop) routeCart(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/cart", s.signedIn(s.getCart))
	mux.HandleFunc("DELETE /api/cart", s.signedIn(s.clearCart))
	mux.HandleFunc("GET /api/cart/summary", s.signedIn(s.cartSummary))
	mux.HandleFunc("GET /api/cart/validate", s.signedIn(s.validateCart))
	mux.HandleFunc("POST /api/cart/items", s.signedIn(s.addToCart))
	mux.HandleFunc("PUT /api/cart/items/{productId}", s.signedIn(s.setCartItem))
	mux.HandleFunc("DELETE /api/cart/items/{productId}", s.signedIn(s.removeFromCart))
}

// A fields is a JSON object.
type fields = map[string]any

// reply answers a request that succeeded.
func (s *shop) reply(w http.ResponseWriter, status int, data any) {
	send(w, status, fields{"success": true, "data": data, "timestamp": iso(s.now())})
}

// A problem is an answer to a request that can't be done, and says why.
type problem struct {
	status int
	text   string
	cause  error // for the log, may be nil
}

func (p *problem) Error() string { return p.text }

// The reasons for which a request is turned down.
func invalid(format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, text: fmt.Sprintf(format, args...)}
}
func unauthorized(text string) error { return &problem{status: http.StatusUnauthorized, text: text} }
func refusedPayment(text string) error {
	return &problem{status: http.StatusPaymentRequired, text: text}
}
func forbidden(text string) error { return &problem{status: http.StatusForbidden, text: text} }
func notFound(text string) error  { return &problem{status: http.StatusNotFound, text: text} }
func conflict(text string) error  { return &problem{status: http.StatusConflict, text: text} }

// kinds names what clients tell the problems apart by.
var kinds = map[int]string{
	http.StatusBadRequest:         "VALIDATION_ERROR",
	http.StatusUnauthorized:       "AUTHENTICATION_ERROR",
	http.StatusPaymentRequired:    "PAYMENT_ERROR",
	http.StatusForbidden:          "AUTHORIZATION_ERROR",
	http.StatusNotFound:           "NOT_FOUND",
	http.StatusConflict:           "CONFLICT",
	http.StatusServiceUnavailable: "SERVICE_UNAVAILABLE",

	http.StatusInternalServerError: "INTERNAL_ERROR",
}

// retryAfter is when a client is to come again that can't be answered now, in seconds.
const retryAfter = "1"

// fail answers a request that failed. The texts are the service's own: what went
// wrong in whoever keeps the records is for the log.
func (s *shop) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.status >= http.StatusInternalServerError {
		slog.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "err", p.cause, "outcome", dal.OutcomeOf(p.cause))
	}
	if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	send(w, p.status, fields{"success": false, "error": fields{"type": kinds[p.status], "message": p.text}, "timestamp": iso(s.now())})
}

// problemOf says what an error means to the client. Errors of repositories that are not
// about the records are about who keeps them, and pass; any other is a mistake of ours.
func problemOf(err error) *problem {
	if p := (*problem)(nil); errors.As(err, &p) {
		return p
	}
	for _, known := range []struct {
		kind   error
		status int
		text   string
	}{
		{dal.ErrNotFound, http.StatusNotFound, "there is no such record"},
		{dal.ErrUnique, http.StatusConflict, "the name or address is taken"},
		{dal.ErrExists, http.StatusConflict, "it is there already"},
		{dal.ErrNoTarget, http.StatusConflict, "what it belongs to is gone"},
		{dal.ErrReferenced, http.StatusConflict, "something else belongs to it"},
		{dal.ErrTooLarge, http.StatusBadRequest, "it is too large, or too much at once"},
		{dal.ErrInvalid, http.StatusBadRequest, "a value can't be stored"},
		{dal.ErrConflict, http.StatusConflict, "others change the same records; try again"},
	} {
		if errors.Is(err, known.kind) {
			return &problem{known.status, known.text, err}
		}
	}
	e := (*dal.Error)(nil)
	if errors.As(err, &e) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &problem{http.StatusServiceUnavailable, "the shop can't answer at the moment; try again", err}
	}
	return &problem{http.StatusInternalServerError, "something went wrong in the shop", err}
}

// orElse gives an error of a kind the text that the client is to read.
func orElse(err, kind, other error) error {
	if errors.Is(err, kind) {
		return other
	}
	return err
}

// send writes the answer. What has no JSON is a mistake of ours.
func send(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // the client is gone, and nobody reads an error
}

// maxBody is how long a request may be, in bytes: a description has 64 KB at most.
const maxBody = 256 << 10

// read takes the request's body, one JSON value. What it does not know it leaves out,
// as the original does.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	err := decoder.Decode(into)
	if errors.Is(err, io.EOF) {
		return nil // none: every field is missing, of which the rules speak
	}
	if err == nil {
		if _, end := decoder.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	if p := (*problem)(nil); errors.As(err, &p) {
		return p
	}
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
		return invalid("%s has a value of the wrong type", wrong.Field)
	}
	if err != nil {
		return invalid("the body is not the JSON that is expected, or too long")
	}
	return nil
}

// A said is what a body says of a field: nothing, null, or a value.
type said[T any] struct {
	is    bool
	value *T // nil for nothing and for null
}

// UnmarshalJSON is called for null too, which takes away what was there.
func (v *said[T]) UnmarshalJSON(text []byte) error {
	v.is = true
	return json.Unmarshal(text, &v.value)
}

// null reports whether null was said.
func (v said[T]) null() bool { return v.is && v.value == nil }

// into gives a field, which always has a value, what was said.
func (v said[T]) into(field *T) {
	if v.value != nil {
		*field = *v.value
	}
}

// intoOptional gives a field, which may be empty, what was said.
func (v said[T]) intoOptional(field **T) {
	if v.is {
		*field = v.value
	}
}

// notNull refuses null for what has to have a value.
func notNull(name string, null bool) error {
	if null {
		return invalid("%s can't be null", name)
	}
	return nil
}

// pathID returns the number in the path, which every id is.
func pathID(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || n < 1 || n > math.MaxInt32 {
		return 0, invalid("%s is not a valid id", name)
	}
	return n, nil
}

// number returns a whole number of the query, other if there is none.
func number(r *http.Request, name string, other, low, high int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return other, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		return 0, invalid("%s must be a whole number from %d to %d", name, low, high)
	}
	return n, nil
}

// A window is a page of a list, counted from 1.
type window struct{ page, limit int64 }

// windowOf returns the page that is asked for, the first 20 if nothing is said.
func windowOf(r *http.Request) (w window, err error) {
	if w.page, err = number(r, "page", 1, 1, math.MaxInt32); err == nil {
		w.limit, err = number(r, "limit", 20, 1, 100)
	}
	return w, err
}

// pages returns how many pages so many records fill.
func (w window) pages(total int) int64 { return (int64(total) + w.limit - 1) / w.limit }

// cut returns the records of a list that are on the page.
func cut[T any](w window, all []T) []T {
	from := min((w.page-1)*w.limit, int64(len(all)))
	return all[from:min(from+w.limit, int64(len(all)))]
}

// term returns what a search is for.
func term(r *http.Request) (string, error) {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	if text == "" {
		return "", invalid("q, what to search for, is missing")
	}
	return text, nil
}
