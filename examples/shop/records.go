package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal"
)

// A User buys, and sells too where IsSeller says so. A super admin keeps the
// categories and the orders.
type User struct {
	ID           int64     `db:"id"`
	Username     string    `db:"username"`
	Email        string    `db:"email"`
	PasswordHash string    `db:"password_hash"`
	FirstName    *string   `db:"first_name"`
	LastName     *string   `db:"last_name"`
	IsSeller     bool      `db:"is_seller"`
	SuperAdmin   bool      `db:"super_admin"`
	CreatedAt    time.Time `db:"created_at"`
	UpdatedAt    time.Time `db:"updated_at"`
}

// A Category has a parent or is a root; there are these two levels.
type Category struct {
	ID        int64     `db:"id"`
	Name      string    `db:"name"`
	ParentID  *int64    `db:"parent_id"`
	Arrivals  int64     `db:"arrivals"` // how often a category was put below it
	CreatedAt time.Time `db:"created_at"`
}

// A Product belongs to the user who sells it. One that was ordered stays, for the
// orders that show it.
type Product struct {
	ID          int64     `db:"id"`
	SellerID    int64     `db:"seller_id"`
	CategoryID  int64     `db:"category_id"`
	Name        string    `db:"name"`
	Description *string   `db:"description"`
	Price       Cents     `db:"price"`
	Inventory   int64     `db:"inventory_quantity"`
	ImageURL    *string   `db:"image_url"`
	Ordered     bool      `db:"ordered"` // at some time
	CreatedAt   time.Time `db:"created_at"`
	UpdatedAt   time.Time `db:"updated_at"`
}

// A CartLine is one product in the cart of one user, of whom each has one line of
// a product at most.
type CartLine struct {
	ID        int64     `db:"id"`
	UserID    int64     `db:"user_id"`
	ProductID int64     `db:"product_id"`
	Quantity  int64     `db:"quantity"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

// The states of an order.
const (
	pending   = "pending"
	completed = "completed"
	cancelled = "cancelled"
)

// An Order has its lines in it: it is written and read with them. Account is what the
// bank knows its payment by, for good and of no other order; nobody is shown it.
type Order struct {
	ID        int64       `db:"id"`
	UserID    int64       `db:"user_id"`
	Total     Cents       `db:"total_amount"`
	Status    string      `db:"status"`
	Account   *string     `db:"payment_account"` // nil of an order that was paid elsewhere
	CreatedAt time.Time   `db:"created_at"`
	UpdatedAt time.Time   `db:"updated_at"`
	Lines     []OrderLine `db:"lines"`
}

// An OrderLine keeps the price at which the product was bought. Its id is assigned
// as the order is created.
type OrderLine struct {
	ID        int64 `db:"id"`
	ProductID int64 `db:"product_id"`
	Quantity  int64 `db:"quantity"`
	Price     Cents `db:"price_at_time"`
}

// Cents is an amount of money, exact: to the database a decimal with two digits, to
// clients a JSON number.
type Cents int64

// String returns the amount with two digits: 1999 is "19.99".
func (c Cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s%d.%02d", sign, c/100, c%100)
}

// MarshalText is what the database is given.
func (c Cents) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a plain decimal of at most two digits behind the point, as
// they are after its zeros are gone.
func (c *Cents) UnmarshalText(text []byte) error {
	whole, fraction, _ := strings.Cut(string(text), ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > 2 {
		return errors.New("an amount has two digits behind the point")
	}
	n, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	if err != nil || whole == "" || whole == "-" {
		return invalid("an amount must be a number with two decimals at most")
	}
	*c = Cents(n)
	return nil
}

// MarshalJSON writes a number without needless zeros: 20, 19.9, 19.99.
func (c Cents) MarshalJSON() ([]byte, error) {
	return []byte(strings.TrimSuffix(strings.TrimRight(c.String(), "0"), ".")), nil
}

// UnmarshalJSON takes any JSON number that is a whole number of cents, 1e1 too.
func (c *Cents) UnmarshalJSON(text []byte) error {
	if c.UnmarshalText(text) == nil {
		return nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	// Up to here a float has the cents of an amount, and what is bigger is no price.
	if n := math.Round(f * 100); err == nil && math.Abs(f) < 1e12 && strconv.FormatFloat(n/100, 'g', -1, 64) == strconv.FormatFloat(f, 'g', -1, 64) {
		*c = Cents(n)
		return nil
	}
	return errors.New("no amount of money")
}

// iso returns a time as clients read it: 2025-08-14T21:16:07.000Z.
func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// textOr returns the text, or what stands for one that is not set.
func textOr(text *string, other string) string {
	if text == nil {
		return other
	}
	return *text
}

// atomically does what has to happen as a whole or not at all.
type atomically interface {
	Atomically(ctx context.Context, do func(ctx context.Context, tx *dal.Tx) error, options ...dal.WriteOption) error
}

// A shop is the service. Its methods are in the files of what they are about.
type shop struct {
	units      atomically
	users      *dal.Repository[User]
	categories *dal.Repository[Category]
	products   *dal.Repository[Product]
	carts      *dal.Repository[CartLine]
	orders     *dal.Repository[Order]
	bank       bank
	now        func() time.Time
	secret     []byte // that tokens are signed with
	cost       int    // of the hash of a password
}

// A group is what the shop's records are kept by.
type group interface {
	dal.Group
	atomically
}

// newShop binds the records to the group's entities. The secret signs the tokens of
// all processes that serve the shop; the cost is bcrypt's.
func newShop(g group, secret []byte, cost int) (s *shop, err error) {
	s = &shop{units: g, bank: newTill(), now: time.Now, secret: secret, cost: cost}
	bind := func(err2 error) { err = errors.Join(err, err2) }
	var fault error
	s.users, fault = dal.NewRepository[User](g, "USER")
	bind(fault)
	s.categories, fault = dal.NewRepository[Category](g, "CATEGORY")
	bind(fault)
	s.products, fault = dal.NewRepository[Product](g, "Products")
	bind(fault)
	s.carts, fault = dal.NewRepository[CartLine](g, "CART")
	bind(fault)
	s.orders, fault = dal.NewRepository[Order](g, "ORDER")
	bind(fault)
	if len(secret) == 0 {
		bind(errors.New("the secret is empty: anybody could sign tokens"))
	}
	return s, err
}

// seconds returns the present time as the tables keep it, to the second.
func (s *shop) seconds() time.Time { return s.now().UTC().Truncate(time.Second) }

// The keys by which records are got, by the ids that the tables give them.
func (s *shop) user(id int64) dal.Key     { return s.users.Key(id) }
func (s *shop) category(id int64) dal.Key { return s.categories.Key(id) }
func (s *shop) product(id int64) dal.Key  { return s.products.Key(id) }
func (s *shop) cartLine(id int64) dal.Key { return s.carts.Key(id) }
func (s *shop) order(id int64) dal.Key    { return s.orders.Key(id) }

// The lists that have no key of their own.
var (
	everyProduct  = dal.Index("All").Equal("PRODUCTS").Descending()
	everyOrder    = dal.Index("AllOrders").Equal("ORDERS").Descending()
	everyCategory = dal.TableKey().Equal("CATEGORIES")
)

// cartOf asks for the lines of a user's cart, by product. It shows what was just
// written; the service sorts it newest first.
func cartOf(user int64) dal.Query { return dal.TableKey().Equal(user) }

// ordersOf asks for a user's orders, newest first. It shows what was just written.
func ordersOf(user int64) dal.Query { return dal.TableKey().Equal(user).Descending() }

// paidBy asks for the order that was paid from an account. It shows what was just written.
func paidBy(account string) dal.Query { return dal.Index("ByAccount").Equal(account).Limit(1) }

// soldBy asks for a seller's products, newest first.
func soldBy(seller int64) dal.Query { return dal.Index("BySeller").Equal(seller).Descending() }

// lately lets a page of the catalogue show what was there a moment ago where nobody
// knows what is there now: who looks around is better off with that than without an
// answer. Nothing is decided by what is read so.
func lately() dal.ReadOption { return dal.AllowStale(nil) }

// many returns the records with these ids, as far as they are there, by id.
func many[T any](ctx context.Context, from *dal.Repository[T], ids []int64, options ...dal.ReadOption) (map[int64]T, error) {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	keys := make([]dal.Key, len(ids))
	for i, id := range ids {
		keys[i] = from.Key(id)
	}
	found, err := from.GetMany(ctx, keys, options...)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]T, len(found))
	for i, key := range keys {
		if v, ok := found[key]; ok {
			byID[ids[i]] = v
		}
	}
	return byID, nil
}

// all returns everything that a query finds.
func all[T any](ctx context.Context, from *dal.Repository[T], q dal.Query, options ...dal.ReadOption) ([]T, error) {
	found := []T{}
	for v, err := range from.Query(ctx, q, options...) {
		if err != nil {
			return nil, err
		}
		found = append(found, v)
	}
	return found, nil
}

// newestFirst orders records by time, and those of one second by id, the last first.
func newestFirst(at, other time.Time, id, otherID int64) int {
	return cmp.Or(other.Compare(at), cmp.Compare(otherID, id))
}
