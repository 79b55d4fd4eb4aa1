package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strconv"
)

// routeMarket has patterns 29 to 48.
func (p *plain) routeMarket(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/orders/checkout", p.known(http.StatusCreated, p.checkOut))
	mux.HandleFunc("GET /api/orders/checkout/validate", p.known(http.StatusOK, p.ofCart(func(c cart) any {
		issues := c.hindrances()
		return fields{"eligible": len(issues) == 0, "issues": issues}
	})))
	mux.HandleFunc("GET /api/orders", p.known(http.StatusOK, p.ownOrders))
	mux.HandleFunc("GET /api/orders/{id}", p.known(http.StatusOK, p.oneOrder))
	mux.HandleFunc("PUT /api/orders/{id}/cancel", p.known(http.StatusOK, p.cancel))
	mux.HandleFunc("PUT /api/orders/{id}/status", p.keeping(http.StatusOK, p.setStatus))
	mux.HandleFunc("GET /api/orders/user/summary", p.known(http.StatusOK, p.summary))
	mux.HandleFunc("GET /api/orders/user/recent", p.known(http.StatusOK, p.recent))
	mux.HandleFunc("GET /api/orders/user/search", p.known(http.StatusOK, p.foundOrders))
	mux.HandleFunc("GET /api/cart", p.known(http.StatusOK, p.ofCart(func(c cart) any { return fields{"items": c.items(), "summary": c.totals()} })))
	mux.HandleFunc("DELETE /api/cart", p.known(http.StatusOK, p.emptyCart))
	mux.HandleFunc("GET /api/cart/summary", p.known(http.StatusOK, p.ofCart(func(c cart) any { return c.totals() })))
	mux.HandleFunc("GET /api/cart/validate", p.known(http.StatusOK, p.ofCart(func(c cart) any {
		issues := c.issues()
		return fields{"valid": len(issues) == 0, "issues": issues}
	})))
	mux.HandleFunc("POST /api/cart/items", p.known(http.StatusCreated, p.addLine))
	mux.HandleFunc("PUT /api/cart/items/{productId}", p.known(http.StatusOK, p.setLine))
	mux.HandleFunc("DELETE /api/cart/items/{productId}", p.known(http.StatusOK, p.dropLine))
	mux.HandleFunc("POST /api/seller/upgrade", p.known(http.StatusOK, p.promote))
	mux.HandleFunc("GET /api/seller/profile", p.selling(http.StatusOK, shown("seller")))
	mux.HandleFunc("PUT /api/seller/profile", p.selling(http.StatusOK, p.change("seller")))
	mux.HandleFunc("GET /api/seller/dashboard", p.selling(http.StatusOK, p.sales))
}

const selectLine = "SELECT id, user_id, product_id, quantity, created_at, updated_at FROM shopping_carts WHERE "

func lineFields(l *CartLine) []any {
	return []any{&l.ID, &l.UserID, &l.ProductID, &l.Quantity, &l.CreatedAt, &l.UpdatedAt}
}

// goodsWith returns products by their ids.
func (p *plain) goodsWith(ctx context.Context, ids []int64) (map[int64]good, error) {
	list, args := wildcards(ids)
	found, err := each(ctx, p.db, goodFields, selectGood+"p.id IN ("+list+")", args...)
	goods := map[int64]good{}
	for _, g := range found {
		goods[g.ID] = g.good
	}
	return goods, err
}

// cartNow returns the cart of a user.
func (p *plain) cartNow(ctx context.Context, user int64) (c cart, err error) {
	if c.lines, err = each(ctx, p.db, lineFields, selectLine+"user_id = ? ORDER BY created_at DESC, id DESC", user); err != nil {
		return c, err
	}
	var ids []int64
	for _, line := range c.lines {
		ids = append(ids, line.ProductID)
	}
	c.goods, err = p.goodsWith(ctx, ids)
	return c, err
}

func (p *plain) ofCart(show func(cart) any) asker {
	return func(_ http.ResponseWriter, r *http.Request) (any, error) {
		c, err := p.cartNow(r.Context(), caller(r))
		if err != nil {
			return nil, err
		}
		return show(c), nil
	}
}

func (p *plain) addLine(w http.ResponseWriter, r *http.Request) (any, error) {
	var v pick
	err := read(w, r, &v)
	return p.putLine(r, v, true, err)
}

func (p *plain) setLine(w http.ResponseWriter, r *http.Request) (any, error) {
	var v pick
	err := read(w, r, &v)
	if err == nil {
		v.ProductID, err = pathID(r, "productId")
	}
	return p.putLine(r, v, false, err)
}

var notInCart = notFound("the product is not in the cart")

// putLine puts so many of a product into the cart, or adds them to those that are there.
func (p *plain) putLine(r *http.Request, v pick, add bool, err error) (any, error) {
	if err == nil {
		err = v.check()
	}
	if err != nil {
		return nil, err
	}
	ctx, line := r.Context(), CartLine{}
	err = p.together(ctx, func(tx *sql.Tx) error {
		product, err := onlyOne(ctx, tx, productFields, selectProduct+"id = ? FOR UPDATE", v.ProductID)
		if err != nil {
			return orElse(err, sql.ErrNoRows, noProduct)
		}
		line, err = onlyOne(ctx, tx, lineFields, selectLine+"user_id = ? AND product_id = ? FOR UPDATE", caller(r), v.ProductID)
		is := err == nil
		switch {
		case !is && !errors.Is(err, sql.ErrNoRows):
			return err
		case !is && !add:
			return notInCart
		case is && add:
			v.Quantity += line.Quantity
		}
		if err := inStock(product, v.Quantity); err != nil {
			return err
		}
		line.Quantity, line.UpdatedAt = v.Quantity, p.seconds()
		if is {
			return alterRows(ctx, tx, "UPDATE shopping_carts SET quantity = ?, updated_at = ? WHERE id = ?", line.Quantity, line.UpdatedAt, line.ID)
		}
		line.UserID, line.ProductID, line.CreatedAt = caller(r), v.ProductID, p.seconds()
		line.ID, err = insert(ctx, tx, "INSERT INTO shopping_carts (user_id, product_id, quantity, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
			line.UserID, line.ProductID, line.Quantity, line.CreatedAt, line.UpdatedAt)
		return err
	})
	if err != nil {
		return nil, err
	}
	goods, err := p.goodsWith(ctx, []int64{line.ProductID})
	return fields{"item": line.item(goods[line.ProductID])}, err
}

func (p *plain) dropLine(_ http.ResponseWriter, r *http.Request) (any, error) {
	product, err := pathID(r, "productId")
	if err != nil {
		return nil, err
	}
	done, err := p.db.ExecContext(r.Context(), "DELETE FROM shopping_carts WHERE user_id = ? AND product_id = ?", caller(r), product)
	if err != nil {
		return nil, err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return nil, errors.Join(err, notInCart)
	}
	return fields{"message": "the product is no longer in the cart"}, nil
}

func (p *plain) emptyCart(_ http.ResponseWriter, r *http.Request) (any, error) {
	return fields{"message": "the cart is empty"}, alterRows(r.Context(), p.db, "DELETE FROM shopping_carts WHERE user_id = ?", caller(r))
}

// checkOut buys what is in the cart. It knows no keys of clients.
func (p *plain) checkOut(w http.ResponseWriter, r *http.Request) (any, error) {
	b, err := purchaseOf(w, r)
	if err != nil {
		return nil, err
	}
	c, err := p.cartNow(r.Context(), b.user)
	if err != nil {
		return nil, err
	}
	if issues := c.hindrances(); len(issues) > 0 {
		return nil, invalid("%s", issues[0])
	}
	transaction, err := p.charge(r.Context(), b, c.totals().Amount)
	if err != nil {
		return nil, err
	}
	o := p.orderOf(b, c)
	if err := p.together(r.Context(), func(tx *sql.Tx) error { return p.write(r.Context(), tx, &o) }); err != nil {
		return nil, err
	}
	return fields{"order": viewOrder(o, c.goods), "payment": fields{"success": true, "transactionId": transaction}}, nil
}

// write takes an order's lines from the stock, inserts it and empties the cart.
func (p *plain) write(ctx context.Context, tx *sql.Tx, o *Order) (err error) {
	o.ID, err = insert(ctx, tx, "INSERT INTO orders (user_id, total_amount, status, payment_account, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
		o.UserID, o.Total.String(), o.Status, o.Account, o.CreatedAt, o.UpdatedAt)
	if err != nil {
		return err
	}
	for i := range o.Lines {
		line := &o.Lines[i]
		line.ID, err = insert(ctx, tx, "INSERT INTO order_items (order_id, product_id, quantity, price_at_time) VALUES (?, ?, ?, ?)",
			o.ID, line.ProductID, line.Quantity, line.Price.String())
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, "UPDATE products SET inventory_quantity = inventory_quantity - ?, updated_at = ? WHERE id = ? AND inventory_quantity >= ? AND price = ?",
			line.Quantity, p.seconds(), line.ProductID, line.Quantity, line.Price.String())
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, cartChanged)
		}
	}
	return alterRows(ctx, tx, "DELETE FROM shopping_carts WHERE user_id = ?", o.UserID)
}

const selectOrder = "SELECT id, user_id, total_amount, status, payment_account, created_at, updated_at FROM orders WHERE "

func orderFields(o *Order) []any {
	return []any{&o.ID, &o.UserID, (*decimal)(&o.Total), &o.Status, &o.Account, &o.CreatedAt, &o.UpdatedAt}
}

const newestOfUser = "user_id = ? ORDER BY created_at DESC, id DESC"

// A lineRow is a line, with the order that it is of.
type lineRow struct {
	order int64
	OrderLine
}

func lineRowFields(l *lineRow) []any {
	return []any{&l.order, &l.ID, &l.ProductID, &l.Quantity, (*decimal)(&l.Price)}
}

// whole returns orders with their lines, and the products in them.
func (p *plain) whole(ctx context.Context, where string, args ...any) ([]Order, map[int64]good, error) {
	orders, err := each(ctx, p.db, orderFields, selectOrder+where, args...)
	if err != nil {
		return nil, nil, err
	}
	var ids, products []int64
	for _, o := range orders {
		ids = append(ids, o.ID)
	}
	list, of := wildcards(ids)
	lines, err := each(ctx, p.db, lineRowFields, "SELECT order_id, id, product_id, quantity, price_at_time FROM order_items WHERE order_id IN ("+list+") ORDER BY id", of...)
	if err != nil {
		return nil, nil, err
	}
	for _, line := range lines {
		at := slices.Index(ids, line.order)
		orders[at].Lines, products = append(orders[at].Lines, line.OrderLine), append(products, line.ProductID)
	}
	goods, err := p.goodsWith(ctx, products)
	return orders, goods, err
}

func viewAll(orders []Order, goods map[int64]good) []orderView {
	views := []orderView{}
	for _, o := range orders {
		views = append(views, viewOrder(o, goods))
	}
	return views
}

func (p *plain) ownOrders(_ http.ResponseWriter, r *http.Request) (any, error) {
	page, err := windowOf(r)
	if err != nil {
		return nil, err
	}
	total, err := onlyOne(r.Context(), p.db, func(n *int) []any { return []any{n} }, "SELECT COUNT(*) FROM orders WHERE user_id = ?", caller(r))
	if err != nil {
		return nil, err
	}
	orders, goods, err := p.whole(r.Context(), newestOfUser+" LIMIT ? OFFSET ?", caller(r), page.limit, (page.page-1)*page.limit)
	return fields{"orders": viewAll(orders, goods),
		"pagination": fields{"total": total, "page": page.page, "limit": page.limit, "totalPages": page.pages(total)}}, err
}

func (p *plain) recent(_ http.ResponseWriter, r *http.Request) (any, error) {
	n, err := number(r, "limit", 5, 1, 20)
	if err != nil {
		return nil, err
	}
	orders, goods, err := p.whole(r.Context(), newestOfUser+" LIMIT ?", caller(r), n)
	return fields{"orders": viewAll(orders, goods)}, err
}

func (p *plain) foundOrders(_ http.ResponseWriter, r *http.Request) (any, error) {
	asked, err := term(r)
	if err != nil {
		return nil, err
	}
	orders, goods, err := p.whole(r.Context(), newestOfUser, caller(r))
	orders = slices.DeleteFunc(orders, func(o Order) bool {
		return strconv.FormatInt(o.ID, 10) != asked && !o.mentions(folded(asked), goods)
	})
	return fields{"orders": viewAll(orders, goods), "searchTerm": asked}, err
}

func (p *plain) summary(_ http.ResponseWriter, r *http.Request) (any, error) {
	type sums struct {
		all, completed, pending, cancelled int
		spent                              Cents
	}
	n, err := onlyOne(r.Context(), p.db, func(n *sums) []any {
		return []any{&n.all, &n.completed, &n.pending, &n.cancelled, (*decimal)(&n.spent)}
	}, "SELECT COUNT(*), COUNT(CASE status WHEN 'completed' THEN 1 END), COUNT(CASE status WHEN 'pending' THEN 1 END), COUNT(CASE status WHEN 'cancelled' THEN 1 END),"+
		" CAST(COALESCE(SUM(CASE WHEN status <> 'cancelled' THEN total_amount END), 0) AS DECIMAL(30, 2)) FROM orders WHERE user_id = ?", caller(r))
	return fields{"totalOrders": n.all, "totalSpent": n.spent, "averageOrderValue": average(n.spent, n.pending+n.completed),
		"completedOrders": n.completed, "pendingOrders": n.pending, "cancelledOrders": n.cancelled}, err
}

// orderWith returns the order with the id, and the products in it.
func (p *plain) orderWith(ctx context.Context, id int64) (o Order, goods map[int64]good, err error) {
	orders, goods, err := p.whole(ctx, "id = ?", id)
	if err == nil && len(orders) == 0 {
		err = noOrder
	}
	if err != nil {
		return o, nil, err
	}
	return orders[0], goods, nil
}

// orderOfCaller wants it to be of whoever asks.
func (p *plain) orderOfCaller(r *http.Request, id int64) (o Order, goods map[int64]good, err error) {
	if o, goods, err = p.orderWith(r.Context(), id); err == nil && o.UserID != caller(r) {
		err = forbidden("the order is somebody else's")
	}
	return o, goods, err
}

func (p *plain) oneOrder(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return nil, err
	}
	o, goods, err := p.orderOfCaller(r, id)
	return fields{"order": viewOrder(o, goods)}, err
}

func (p *plain) cancel(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := pathID(r, "id")
	if err == nil {
		_, _, err = p.orderOfCaller(r, id)
	}
	return p.turnTo(r, id, cancelled, err, func(from string) error {
		if from != pending {
			return conflict("only a pending order can be cancelled, and this one is " + from)
		}
		return nil
	})
}

func (p *plain) setStatus(w http.ResponseWriter, r *http.Request) (any, error) {
	var want struct {
		Status string `json:"status"`
	}
	id, err := pathID(r, "id")
	if err == nil {
		err = read(w, r, &want)
	}
	if err == nil && !slices.Contains([]string{pending, completed, cancelled}, want.Status) {
		err = invalid("status must be pending, completed or cancelled")
	}
	return p.turnTo(r, id, want.Status, err, func(from string) error {
		if from == cancelled && want.Status != cancelled {
			return conflict("a cancelled order stays cancelled")
		}
		return nil
	})
}

// turnTo gives an order another status, unless there is an error already.
func (p *plain) turnTo(r *http.Request, id int64, to string, err error, may func(from string) error) (any, error) {
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	err = p.together(ctx, func(tx *sql.Tx) error {
		o, err := onlyOne(ctx, tx, orderFields, selectOrder+"id = ? FOR UPDATE", id)
		if err == nil {
			err = may(o.Status)
		}
		if err != nil || o.Status == to {
			return orElse(err, sql.ErrNoRows, noOrder)
		}
		if to == cancelled {
			err = alterRows(ctx, tx, "UPDATE products p JOIN order_items i ON i.product_id = p.id SET p.inventory_quantity = p.inventory_quantity + i.quantity, p.updated_at = ? WHERE i.order_id = ?", p.seconds(), id)
		}
		if err != nil {
			return err
		}
		return alterRows(ctx, tx, "UPDATE orders SET status = ?, updated_at = ? WHERE id = ?", to, p.seconds(), id)
	})
	if err != nil {
		return nil, err
	}
	o, goods, err := p.orderWith(ctx, id)
	if err == nil {
		err = p.refund(ctx, o)
	}
	return fields{"order": viewOrder(o, goods), "message": "the order is " + to}, err
}

func (p *plain) sales(_ http.ResponseWriter, r *http.Request) (any, error) {
	t, err := onlyOne(r.Context(), p.db, func(t *turnover) []any { return []any{&t.Products, &t.Orders, &t.Pending, (*decimal)(&t.Revenue)} },
		"SELECT COUNT(DISTINCT p.id), COUNT(DISTINCT o.id), COUNT(DISTINCT CASE o.status WHEN 'pending' THEN o.id END),"+
			" CAST(COALESCE(SUM(CASE WHEN o.status <> 'cancelled' THEN i.quantity * i.price_at_time END), 0) AS DECIMAL(30, 2))"+
			" FROM products p LEFT JOIN order_items i ON i.product_id = p.id LEFT JOIN orders o ON o.id = i.order_id WHERE p.seller_id = ?", caller(r))
	return fields{"seller": viewUser(person(r)), "dashboard": t}, err
}
