package transform

import "strings"

// String returns the graph for people: for each table its columns, and under each
// what it feeds and how that is kept, MySQL's authority before DynamoDB's.
//
//	products
//	  name
//	    Products.title
//	    CART.product_name: live, then edge; products.id = shopping_carts.product_id
func (g Graph) String() string {
	var b strings.Builder
	var table, column string
	for _, f := range g.Feeds {
		if f.Table != table {
			b.WriteString(f.Table + "\n")
			table, column = f.Table, ""
		}
		if f.Column != column {
			b.WriteString("  " + f.Column + "\n")
			column = f.Column
		}
		b.WriteString("    " + f.Entity + "." + f.Attribute)
		if f.MySQL != KeptOwn || f.Through != "" {
			b.WriteString(": " + f.kept())
		}
		if f.Through != "" {
			b.WriteString("; " + f.Through)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// kept says how the attribute is kept in each authority.
func (f Feed) kept() string {
	if f.MySQL == f.DynamoDB {
		return f.MySQL
	}
	return f.MySQL + ", then " + f.DynamoDB
}
