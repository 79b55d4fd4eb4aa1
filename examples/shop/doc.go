// Package shop is the contract of an online shop: six tables of MySQL, in
// schema.sql, that become three of DynamoDB with six indexes, in contract.json.
// `migrationctl contract check` has nothing to say of it (TestContract), finds no
// error against the schema (TestLiveCheck) and nothing in the rows of
// testdata/rows.json (TestDataCheck), whose items are in testdata/items.json
// (TestItems, TestPreviewOfTheShop).
//
// # Tables and items
//
//	users           Users       USER        by id; GSI1 by user name, GSI2 by e-mail
//	shopping_carts  Users       CART        by id; GSI1 of a user, newest first; GSI2 of a product
//	orders          Users       ORDER       by id; GSI1 of a user, newest first; the lines as L
//	order_items     Users       ORDER_LINE  by id; GSI1 of an order; GSI2 of a product; GSI3 of a seller
//	products        Products                by id; GSI1 of a category, GSI2 of a seller, newest first
//	categories      Categories              by id; GSI1 of a parent, or ROOT, by name
//
// Every item's key is made of its row's primary key, so no item ever moves: not
// when a user takes another e-mail address, and not when a category goes to
// another parent. What else a record is found by is an index. Lists that are newest
// first have created_at and the padded id in their sort keys, in fixed width, and
// are read backwards: equal times are told apart by the id. A category's sort key
// is its name alone: an id behind it would put "Phones and more" before "Phones".
//
// An order line is kept twice. In its order's list, because an order is read
// with its lines; and as an item of its own, because a row of order_items must
// come back from one, and a seller's dashboard and the question whether a
// product was ever ordered need an index of lines.
//
// # Access patterns
//
// The 48 are in the contract, by the numbers of the shop's API, each with the
// index that serves it. One that needs records of several entities is there once
// for each. What DynamoDB has no key for is put together from what it has:
//
//   - all products, and the search of them, are the products of each category,
//     read from GSI1 and merged by the sort key they share. Complete and in order
//     whatever the size, at the price of one query a category, and for a search
//     of reading every product; a shop with many should have a search service;
//   - the tree of categories, the flat list and the search in it are a query of
//     ROOT and one of each root: the tree has two levels;
//   - the line of a cart by its user and product is in GSI2 of the product;
//   - what an order shows of its products is fetched with them, by their ids, as
//     the list of lines has columns of order_items alone; a product that was
//     ordered is never deleted;
//   - the search in a user's orders reads the user's orders.
//
// An index of DynamoDB follows its table with a delay. What a user has just
// written is read by its id; the list of the cart, of the orders and of the
// categories may be a moment behind. The cart could be read without that delay if its
// lines had the user in their own key, which takes items that move.
//
// # What is missing
//
// The shop wants user names, e-mail addresses and names of categories compared
// as MySQL's collation does, so that Cleo and cleo are one. Keys of items and
// guards of unique values compare bytes, and folded keys do not exist yet. The
// three columns are utf8mb4_bin in schema.sql, so that both stores agree today
// that Cleo and cleo are two. A shop whose columns have another collation gets
// errors from the check for the unique ones, and a warning for the name.
//
// Foreign keys delete and change rows without the library seeing it, of which
// `contract check --mysql` warns six times. One of the patterns meets them:
// deleting a product has to delete the lines of carts with it first, through their
// repository. No pattern deletes a user or an order, and a category that has
// children is not deleted.
package shop
