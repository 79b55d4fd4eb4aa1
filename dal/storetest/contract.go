package storetest

import (
	"embed"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

var (
	//go:embed testdata/contract.json
	contract []byte
	//go:embed testdata/lists.json
	listContract []byte
	//go:embed testdata/shared.json
	sharedContract []byte
	//go:embed testdata/places.json
	placeContract []byte
	//go:embed testdata/orders.json
	orderContract []byte
	//go:embed testdata/families.json
	familyContract []byte
	//go:embed testdata/deliveries.json
	deliveryContract []byte
	//go:embed testdata/carts.json
	cartContract []byte
	//go:embed testdata/counts.json
	countContract []byte
	//go:embed testdata/totals.json
	totalContract []byte
	//go:embed testdata/copies.json
	copyContract []byte
	//go:embed testdata/fairs.json
	fairContract []byte
	//go:embed testdata/counters.json
	counterContract []byte
	//go:embed testdata/*.sql
	schemas embed.FS
)

// Contract returns the contract of the suite, freshly loaded. It has three
// entities:
//
//   - Users: user_id INT (the key), username and email VARCHAR and unique,
//     registration_date DATE, last_login TIMESTAMP, profile_data JSON;
//     UsernameIndex and EmailIndex.
//   - Visits: visitor VARCHAR and number INT (the key), place, rank, title,
//     note; PlaceIndex by place and rank, TitleIndex by place and title.
//   - Tickets: ticket_id INT (the key, from a sequence), area and code VARCHAR
//     and unique together.
//
// Everything but the keys may be NULL. Text compares byte by byte.
func Contract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, contract)
}

// ListContract returns the contract of the cases about lists, freshly loaded. Its
// tables have sort keys of every type:
//
//   - Notes: user_id and note_id BIGINT (the key), folder, title VARCHAR, score
//     DECIMAL(38,4), weight DOUBLE, edited TIMESTAMP, digest VARBINARY, pinned
//     TINYINT(1), body TEXT; an index by folder and each of title, score, weight
//     (with nothing but keys in it), edited and digest, NoteIndex by the key the
//     other way round, OwnerIndex by digest alone.
//   - Files: owner and path VARCHAR (the key), size INT.
//   - Chunks: bucket and name VARBINARY (the key), size INT.
//   - Readings: sensor INT and taken DATETIME(1) (the key), level INT.
func ListContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, listContract)
}

// SharedContract returns the contract of the cases about entities that share a table
// and keys that are made of columns, freshly loaded. Its one table, Club, has the
// entities
//
//   - MEMBER: member_id INT UNSIGNED (the key), name VARCHAR, joined DATETIME. In
//     GSI1 under a literal, by name; in MonthIndex as orders are.
//   - ORDER: member_id and number INT UNSIGNED (the key), status VARCHAR, placed
//     DATETIME, total DECIMAL(12,2). In the partition of its member; in GSI1 under its
//     status, by the time; in MonthIndex, which has keys alone, under its month.
//   - LABEL: owner, kind, tag and lang VARCHAR (the key), weight INT. Two texts are its
//     partition key and two its sort key.
func SharedContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, sharedContract)
}

// PlaceContract returns the contract of the cases about items that move, freshly
// loaded. The key of its records says nothing of where their items are:
//
//   - Members: member_id INT (the key, from a sequence), email and handle VARCHAR and
//     unique, team VARCHAR; items by email. TeamIndex by team, with nothing but keys.
//   - Books: book_id INT (the key), shelf VARCHAR and slot INT, unique together, title
//     VARCHAR; items by shelf and slot.
//   - LETTER: letter_id INT UNSIGNED (the key), folder and text VARCHAR; items by
//     folder and letter_id, in templates.
//   - FOLDER: name VARCHAR (the key); items beside the letters', which stay.
func PlaceContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, placeContract)
}

// OrderContract returns the contract of the cases about records with rows of other
// tables, freshly loaded:
//
//   - Orders: order_id INT (the key, from a sequence), customer, address VARCHAR,
//     total DECIMAL(12,2); CustomerIndex. Its lines are rows of order_lines, whose
//     ids are assigned, with columns of many types.
//   - Parcels: code VARCHAR (the key), note. Its stops are rows of parcel_stops, with
//     the parcel and a number of the caller's as their key, by place descending;
//     none has a place twice.
func OrderContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, orderContract)
}

// FamilyContract returns the contract of the cases about references, freshly
// loaded:
//
//   - People: person_id INT (the key), name VARCHAR, parent_id INT, which refers to
//     People and cascades.
//   - Pets: owner_id INT and name VARCHAR (the key), sitter_id INT, chip VARCHAR and
//     unique; owner_id refers to People and cascades, sitter_id does and is set to
//     NULL.
//   - Toys: toy_id INT (the key), pet_owner INT, pet_name and note VARCHAR; pet_owner
//     and pet_name refer to Pets and cascade.
//   - Deeds: deed_id INT (the key), holder_id and witness_id INT, which refer to
//     People; holder_id restricts, witness_id is set to NULL.
//   - Homes: home_id INT (the key), address VARCHAR and unique, owner_id and guest_id
//     INT, which refer to People, main_id INT, which refers to Homes; items by address.
//     owner_id and main_id cascade, guest_id is set to NULL.
//   - Rooms: room_id INT (the key), home_id and last_id INT, which refer to Homes;
//     home_id restricts, last_id is set to NULL.
func FamilyContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, familyContract)
}

// DeliveryContract returns the contract of the cases about references between records
// with rows of other tables, freshly loaded. No reference leads back to its own table.
//
//   - Senders: sender_id INT (the key), name VARCHAR.
//   - Shipments: shipment_id INT (the key), sender_id and payer_id INT, which refer to
//     Senders, note VARCHAR; sender_id cascades, payer_id is set to NULL. Its stops are
//     rows of shipment_stops, with the shipment and a number of the caller's as their
//     key and columns of many types; their foreign key restricts. Its pieces are rows
//     of shipment_pieces, whose ids are assigned, and which may be of no shipment;
//     their foreign key cascades on delete and on update.
//   - Claims: claim_id INT (the key), shipment_id and other_id INT, which refer to
//     Shipments; shipment_id restricts, other_id is set to NULL.
func DeliveryContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, deliveryContract)
}

// CartContract returns a contract with joined columns that are read and not stored,
// freshly loaded. A store sees nothing of them, so the suite has no cases on it; it is
// for tests of what stands over the stores:
//
//   - Categories: category_id INT (the key), name VARCHAR, parent_id INT; parent_name,
//     which is "all" without a parent, depth and path, of the names with " > " between.
//     ParentIndex.
//   - Products: shop VARCHAR and number INT (the key), name VARCHAR, price
//     DECIMAL(12,2), sold_out TINYINT(1), which is a BOOL, category_id INT;
//     category_name.
//   - Carts: cart_id and line INT (the key), shop VARCHAR and number INT of a product,
//     quantity INT, paid DECIMAL(12,2); product_name, product_price, sold_out, which is
//     a number, and category_name, through the product.
func CartContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, cartContract)
}

// CountContract returns the contract of the cases about counts, freshly loaded. What its
// entities count is read and not stored:
//
//   - Shelves: shelf_id INT (the key), name VARCHAR, above_id INT, which refers to Shelves
//     and cascades; shelves_below, goods and extras, which count. AboveIndex.
//   - Goods: shop VARCHAR and number INT (the key), shelf_id and extra_id INT, which refer
//     to Shelves; shelf_id cascades, extra_id is set to NULL; reviews, which counts.
//   - Reviews: review_id VARCHAR (the key), grade INT, shop VARCHAR and number INT, which
//     refer to Goods and cascade; items by grade.
func CountContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, countContract)
}

// TotalContract returns the contract of the cases about totals, freshly loaded. What the
// jars show of their coins is read and not stored:
//
//   - Jars: jar_id INT (the key), name VARCHAR; worth, worth_mean, worth_least, worth_most,
//     spare_worth, fine_mean, grains, grains_mean, grains_least, serials, serial_last,
//     chipped, minted_first, seen_last, spun_least and spun_most, which are made of coins.
//   - Coins: coin_id VARCHAR (the key), tray INT, jar_id and spare_id INT, which refer to
//     Jars; jar_id cascades, spare_id is set to NULL; worth DECIMAL(12,2), fine
//     DECIMAL(20,5), grains BIGINT, serial BIGINT UNSIGNED, chipped TINYINT(1), which is a
//     BOOL, minted DATE, seen DATETIME(3), spun TIME; items by tray.
func TotalContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, totalContract)
}

// CounterContract returns the contract of the cases about numbers in items, and about
// copies that do not follow, freshly loaded:
//
//   - Racks: rack_id INT (the key), name VARCHAR, above_id INT, which refers to Racks and
//     cascades; racks_below, articles and extras, which count. AboveIndex has articles.
//   - Articles: shop VARCHAR and number INT (the key), note VARCHAR, rack_id and extra_id
//     INT, which refer to Racks; rack_id cascades, extra_id is set to NULL; notices, which
//     counts, rack_name, which does not follow, and extra_name, which does.
//   - Notices: notice_id VARCHAR (the key), grade INT, shop VARCHAR and number INT, which
//     refer to Articles and cascade; article_note, which does not follow; items by grade.
func CounterContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, counterContract)
}

// CopyContract returns the contract of the cases about copies, freshly loaded. Items have
// what other records show, which the contract keeps by an edge:
//
//   - Sections: section_id INT (the key), name VARCHAR, above_id INT, which refers to
//     Sections; above_name, which is "none" without one.
//   - Wares: shop VARCHAR and number INT (the key), name VARCHAR, price DECIMAL(12,2),
//     sold_out TINYINT(1), which is a BOOL, stock INT, section_id INT, which refers to
//     Sections and is set to NULL; section_name.
//   - Baskets: basket_id and line INT (the key), shop VARCHAR and number INT, which refer
//     to Wares and cascade, quantity INT; ware_name, ware_price, sold_out, which is a
//     number, and section_name, of which no item has a copy. WareIndex has the first two.
func CopyContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, copyContract)
}

// FairContract returns the contract of the cases about deletes that take along more than
// one transaction of DynamoDB can have, freshly loaded:
//
//   - Fairs: fair_id INT (the key), name VARCHAR.
//   - Stalls: stall_id INT (the key), pitch VARCHAR and unique, fair_id INT, which refers
//     to Fairs and cascades; items by pitch.
//   - Sales: sale_id INT (the key), stall_id INT, which refers to Stalls and cascades,
//     receipt VARCHAR and unique.
//   - Visitors: visitor_id INT (the key), fair_id INT, which refers to Fairs and is set to
//     NULL; items have a copy of the fair's name.
//   - Permits: permit_id INT (the key), fair_id INT, which refers to Fairs and restricts.
func FairContract(t testing.TB) *transform.Contract {
	t.Helper()
	return load(t, fairContract)
}

func load(t testing.TB, text []byte) *transform.Contract {
	t.Helper()
	c, err := transform.Load(text)
	require.NoError(t, err)
	return c
}

// Schema returns the CREATE TABLE statements for MySQL of the tables of one of the
// suite's contracts, one statement each.
func Schema(c *transform.Contract) []string {
	var statements []string
	for _, s := range strings.Split(everySchema(), ";") {
		s = strings.TrimSpace(s)
		creates := func(e *transform.Entity) bool { return strings.HasPrefix(s, "CREATE TABLE "+e.Source+" ") }
		if slices.ContainsFunc(c.Entities, func(e *transform.Entity) bool {
			return creates(e) || slices.ContainsFunc(e.Children(), func(ch *transform.Children) bool { return creates(ch.Rows) })
		}) {
			statements = append(statements, s)
		}
	}
	return statements
}

// everySchema returns what the files of testdata say, in the order of their names.
func everySchema() string {
	files, err := schemas.ReadDir("testdata")
	var all strings.Builder
	for _, f := range files {
		text, readErr := schemas.ReadFile("testdata/" + f.Name())
		err = errors.Join(err, readErr)
		all.Write(text)
	}
	if err != nil {
		panic(err) // they are part of the program
	}
	return all.String()
}
