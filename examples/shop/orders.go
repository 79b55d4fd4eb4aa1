package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/dal"
)

// An orderView is an order as clients read it.
type orderView struct {
	ID        int64       `json:"id"`
	UserID    int64       `json:"userId"`
	Total     Cents       `json:"totalAmount"`
	Status    string      `json:"status"`
	Items     []orderItem `json:"items"`
	CreatedAt string      `json:"createdAt"`
	UpdatedAt string      `json:"updatedAt"`
}

type orderItem struct {
	ID        int64        `json:"id"`
	ProductID int64        `json:"productId"`
	Quantity  int64        `json:"quantity"`
	Price     Cents        `json:"priceAtTime"`
	Subtotal  Cents        `json:"subtotal"`
	Product   orderProduct `json:"product"`
}

type orderProduct struct {
	ID             int64   `json:"id"`
	Name           string  `json:"name"`
	Description    *string `json:"description"`
	CategoryName   string  `json:"categoryName"`
	SellerUsername string  `json:"sellerUsername"`
}

func viewOrder(o Order, goods map[int64]good) orderView {
	v := orderView{o.ID, o.UserID, o.Total, o.Status, make([]orderItem, len(o.Lines)), iso(o.CreatedAt), iso(o.UpdatedAt)}
	for i, line := range o.Lines {
		g := goods[line.ProductID]
		v.Items[i] = orderItem{line.ID, line.ProductID, line.Quantity, line.Price, line.Price * Cents(line.Quantity),
			orderProduct{line.ProductID, g.Name, g.Description, g.category, g.seller}}
	}
	return v
}

// viewOrders shows orders with the products that are in them.
func (s *shop) viewOrders(ctx context.Context, orders []Order) ([]orderView, error) {
	goods, err := s.ordered(ctx, orders)
	views := make([]orderView, len(orders))
	for i, o := range orders {
		views[i] = viewOrder(o, goods)
	}
	return views, err
}

// ordered returns the products that orders have in them.
func (s *shop) ordered(ctx context.Context, orders []Order) (map[int64]good, error) {
	var ids []int64
	for _, o := range orders {
		for _, line := range o.Lines {
			ids = append(ids, line.ProductID)
		}
	}
	return s.goods(ctx, ids)
}

// answerOrders answers with a list of orders, and more.
func (s *shop) answerOrders(w http.ResponseWriter, r *http.Request, orders []Order, err error, more fields) {
	var views []orderView
	if err == nil {
		views, err = s.viewOrders(r.Context(), orders)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	data := fields{"orders": views}
	for name, value := range more {
		data[name] = value
	}
	s.reply(w, http.StatusOK, data)
}

// ordersBy returns all orders of a user, newest first.
func (s *shop) ordersBy(ctx context.Context, user int64) ([]Order, error) {
	return all(ctx, s.orders, ordersOf(user))
}

// listOrders answers with a page of the user's orders. It reads them all, since the
// answer tells how many there are.
func (s *shop) listOrders(w http.ResponseWriter, r *http.Request) {
	asked, err := windowOf(r)
	var orders []Order
	if err == nil {
		orders, err = s.ordersBy(r.Context(), caller(r))
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	pagination := fields{"total": len(orders), "page": asked.page, "limit": asked.limit, "totalPages": asked.pages(len(orders))}
	s.answerOrders(w, r, cut(asked, orders), nil, fields{"pagination": pagination})
}

func (s *shop) recentOrders(w http.ResponseWriter, r *http.Request) {
	n, err := number(r, "limit", 5, 1, 20)
	var recent []Order
	if err == nil {
		recent, err = all(r.Context(), s.orders, ordersOf(caller(r)).Limit(int(n)))
	}
	s.answerOrders(w, r, recent, err, nil)
}

// ownOrder returns an order to the user whose it is.
func (s *shop) ownOrder(ctx context.Context, order, user int64) (Order, error) {
	o, err := s.orders.Get(ctx, s.order(order))
	if err != nil {
		return o, orElse(err, dal.ErrNotFound, noOrder)
	}
	if o.UserID != user {
		return Order{}, forbidden("the order is somebody else's")
	}
	return o, nil
}

var noOrder = notFound("there is no such order")

func (s *shop) getOrder(w http.ResponseWriter, r *http.Request) {
	order, err := pathID(r, "id")
	var o Order
	if err == nil {
		o, err = s.ownOrder(r.Context(), order, caller(r))
	}
	var views []orderView
	if err == nil {
		views, err = s.viewOrders(r.Context(), []Order{o})
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, fields{"order": views[0]})
}

// searchOrders answers with the user's orders that have the number that is asked for,
// or the text in the name or the description of a product.
func (s *shop) searchOrders(w http.ResponseWriter, r *http.Request) {
	asked, err := term(r)
	var orders []Order
	if err == nil {
		orders, err = s.ordersBy(r.Context(), caller(r))
	}
	var goods map[int64]good
	if err == nil {
		goods, err = s.ordered(r.Context(), orders)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	sought := folded(asked)
	found := []orderView{}
	for _, o := range orders {
		if strconv.FormatInt(o.ID, 10) == asked || o.mentions(sought, goods) {
			found = append(found, viewOrder(o, goods))
		}
	}
	s.reply(w, http.StatusOK, fields{"orders": found, "searchTerm": asked})
}

// mentions reports whether the text, folded, is in what a product of the order says
// of itself.
func (o Order) mentions(sought string, goods map[int64]good) bool {
	for _, line := range o.Lines {
		g := goods[line.ProductID]
		if strings.Contains(folded(g.Name), sought) || strings.Contains(folded(textOr(g.Description, "")), sought) {
			return true
		}
	}
	return false
}

// orderSummary sums the user's orders up. What was cancelled was not spent.
func (s *shop) orderSummary(w http.ResponseWriter, r *http.Request) {
	orders, err := s.ordersBy(r.Context(), caller(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	states := map[string]int{}
	var spent Cents
	for _, o := range orders {
		states[o.Status]++
		if o.Status != cancelled {
			spent += o.Total
		}
	}
	s.reply(w, http.StatusOK, fields{
		"totalOrders": len(orders), "totalSpent": spent, "averageOrderValue": average(spent, states[pending]+states[completed]),
		"completedOrders": states[completed], "pendingOrders": states[pending], "cancelledOrders": states[cancelled],
	})
}

// average rounds half a cent up.
func average(sum Cents, n int) Cents {
	if n == 0 {
		return 0
	}
	return (2*sum + Cents(n)) / Cents(2*n)
}
