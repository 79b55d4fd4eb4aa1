// Command shop serves an online shop over HTTP: users, products, categories, carts,
// orders and sellers, 48 ways to ask in all, each of which has the same answer whoever
// keeps the records at the time, and whoever wrote them (TestParity, TestParityFresh,
// TestParityBesideSteps, TestParityUnderLoad), and the one that hand-written SQL has
// (TestScenario37WithoutTheLibrary). It is written as a service is on dal repositories, and
// the one to copy from: no file but main.go knows where the records are
// (TestKnowsNoStore).
//
//	go run ./examples/shop
//	curl http://127.0.0.1:8080/api/categories
//	go run ./examples/shop --demo
//
// The demo lets a hundred shoppers buy over HTTP while the records change hands and come
// back, and then settles accounts: what was acknowledged, what orders add up to, what was
// paid, what is left in stock (TestDemo, TestReckoning). Half of them give keys to their
// checkouts.
//
// # Where to look
//
//	records.go                        the records, money, and the repositories
//	server.go                         the paths, answers and errors
//	auth.go, users.go                 who sends a request; registering and signing in
//	categories.go, label.go           the tree of two levels; changing it
//	products.go, draft.go             what is sold, and what sellers say of it
//	productlists.go, deletion.go      lists and searches; what goes with a product
//	cart.go, pick.go                  what is about to be bought
//	checkout.go                       from the cart to the order, as one unit of work
//	purchase.go, payment.go           what is paid, once, also if it is sent again
//	orders.go, orderstatus.go         what was ordered, and what becomes of it
//	seller.go                         what somebody has sold
//	demo.go, reckoning.go             a hundred shoppers; whether the accounts hold
//	contract.json, schema.sql         the contract, and the tables it is about
//
// # What is found how
//
// A user, with the cart and the orders, is one partition of one table: what a user has
// just put into the cart or ordered is in the next list. The line of a cart is found by
// user and product, so its item is at these two and not at the row's id. The
// categories, which are few, are a partition too, and read whole: the tree, the roots,
// a search are made of that, sorted as the collation of their names sorts.
//
// What one record shows of another, a product's category or an order's seller, is read
// with it. Nothing is copied, so nothing goes stale when somebody takes another name.
//
// # Searches and lists of everything, and what they cost
//
// Products are listed by category, by seller, and all, each an index with the time and
// the id as its sort key, read backwards: newest first, and of one second the last id
// first. All orders, which a seller's numbers are made of, are such a list too. The
// answer tells how many there are, so a list is read to its end whatever page is asked
// for, and a search reads every product and compares names and descriptions as their
// collation does: complete and in order whatever the size
// (TestListsBeyondAMegabyte).
//
// It costs what it reads. A thousand products of 1.6 KB are 1.6 MB: ten calls of a
// hundred records each and some 200 read units, for every search and every page of the list of
// all. A product is in three indexes, so a write of one is four, and all products are
// one partition of the list of all, which takes a thousand writes a second of up to
// 1 KB and no more. That is fine for some thousands of products. A shop with more has
// a search service that follows the table, keeps a count beside the list, and spreads
// the list of all over several partitions or does without.
//
// The names beside the products of a page are read for that page alone. Joined columns
// that the contract hydrates would be read for all that a list is counted from.
//
// # When the records can't be had
//
// A request fails with status 503 then, and says when to come again; 500 is a mistake of
// ours (TestFailures). Who looks around in the catalogue is shown what
// was there a moment ago, where there is somebody else to ask (lately); carts, orders
// and everything that decides something wait (TestScenario36).
//
// # A checkout that is sent again
//
// The bank is asked before the order is placed. If the order surely was not placed, what
// was paid goes back at once; if nobody knows, the payment stays (TestCheckoutWithoutKey).
// A client that wants to know sends a header Idempotency-Key of its own with the checkout,
// a new one for each, and after status 503 sends the same again: there is one order and one
// payment, and the answer is that order, as it is by then, whoever keeps the records
// (TestCheckoutSentAgain, TestCheckoutAcrossSteps). The order has the account of its payment
// for good, and no other order has that, so a key that placed an order is that order's also
// when nothing else is known of it (TestCheckoutKeyOfYesterday).
//
// The key is the token of the unit of work too, for a day. After status 402, 409, or 400
// about the cart a key is spent for as long (TestSpentKeyOfYesterday). A unit of work with
// its token and nothing else sees to that before the money goes back: another try, still
// under way somewhere, does not order then what nobody pays (TestCheckoutTurnedDown). A 401,
// or a 400 about the body or the key, says nothing of it: mend that and send the same key.
//
// An order that is cancelled is paid back as soon as that is committed. If the bank does
// not do it, the answer is 503 and says so, and cancelling the order again gives the money
// back, or sending its key again (TestCancelledOrderIsPaidBack, TestRefundThatFails).
// Nothing else tries again by itself.
//
// A payment may stay without an order, or with a cancelled one: where nobody knew and nobody
// asked again, where the bank did not give back, where a process died in between. Where the
// shop had still something to answer, its log has the account (TestPaymentThatIsStuck).
// Whoever compares the bank's accounts with those of the orders that are not cancelled finds
// all of them, as the demo does (reckoning.go).
//
// # What keeps what together
//
// A cart refers to its user and its products, a product to its seller and its category,
// an order to its user, as the foreign keys of the tables say, and the contract says it
// too: what has gone is referred to by nothing, a category with products stays, and the
// code does not ask. The lines of an order are part of the order and refer to nothing
// by themselves, so that a product which was ordered stays is a rule of the service:
// whoever orders a product notes it there, in the same unit of work, and what has the
// note is not deleted (TestOrderedStays, TestOrderBesideDelete). No list of orders is
// asked, which could lag. That the tree has two levels is one too: whoever puts a category
// below another counts it there, so that nobody moves or deletes the other meanwhile
// (TestTwoLevels). With the account of an order's payment, which no two orders have, these
// are columns more than the tables of the original have:
//
//	ALTER TABLE categories ADD COLUMN arrivals INT NOT NULL DEFAULT 0;
//	ALTER TABLE products ADD COLUMN ordered BOOLEAN NOT NULL DEFAULT FALSE;
//	ALTER TABLE orders ADD COLUMN payment_account VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
//	  ADD UNIQUE KEY payment_account (payment_account);
//	UPDATE products SET ordered = TRUE WHERE id IN (SELECT product_id FROM order_items);
//
// A user who is removed takes the cart and the orders along, as the foreign keys say
// (TestScenario24UserRemoved, TestOrderBesideDelete). Whoever shows a token is looked up,
// which is one more read for each request, so a token of somebody who is gone is worth
// nothing at once (TestGoneUserEverywhere). A seller is not removed, whose
// products are in other people's orders.
//
// One unit of work takes a hundred steps at most. An order has as many products as fit
// into one (maxLines, 15; the original has no limit), and is refused with more.
//
// # What can be seen of an index
//
// Where the records are in the end, an index follows its table with a delay, of
// milliseconds as a rule. A product that was just created may be missing in the lists,
// not where it is asked for by its id. Who has just registered can sign in: a name is
// unique, and who has it is not asked of an index (TestIndexesThatLag). Which of the 48 show
// at once what was written is in the contract (TestPatternsWhileIndexesLag).
package main
