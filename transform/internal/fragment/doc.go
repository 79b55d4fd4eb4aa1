// Package fragment is the small language of the SQL fragments in a contract:
// join conditions, conditions, the cases of a CASE, selected expressions. A
// fragment is parsed to a tree, and only what the tree says reaches a server or
// is evaluated.
//
//	f, err := fragment.Parse("quantity * price_at_time")
//	sql, args := f.SQL() // (`quantity` * `price_at_time`), none
//	p, err := f.Compile(types, nil)
//	total, err := p.Eval([]fragment.Value{fragment.IntValue(3), price})
//
// # The language
//
// Columns (c, t.c, `c`), 'texts', whole and decimal numbers, NULL, TRUE, FALSE;
// = <> < > <= >= AND OR NOT, IS [NOT] NULL, [NOT] IN (…); + - * / and the sign;
// CONCAT CONCAT_WS COALESCE LOWER UPPER TRIM SUBSTRING IF, CAST(x AS CHAR, SIGNED,
// UNSIGNED or DECIMAL(digits, scale)); parentheses. Everything else is an Error
// that quotes the fragment and says where and what is allowed
// (TestParseRefuses). A fragment has at most 4096 bytes and 64 levels; FuzzParse
// holds that no input panics, and that the canonical form is a fixed point.
//
// The code is our own because there is no parser a service could afford. Those
// that are kept up, of TiDB, Vitess and go-mysql-server, link dozens of modules
// and read all of SQL, most of which would have to be refused again; the small
// ones cut out of Vitess have not been touched for years. Expression languages
// made for Go are not SQL: NULL, precedence and literals differ. The list above
// is a few hundred lines, and what is not in them can't pass.
//
// # What reaches a server
//
// Names in backticks, placeholders, and words of this package: nothing else, from
// any fragment (TestOnlyNamesReachTheServer, FuzzParse). Every operation is in
// parentheses, so precedence can't differ between servers and modes. SQL binds
// literals; ViewSQL writes texts in hexadecimal, as a view can't bind. Where two
// whole numbers may meet, one is made a DECIMAL: a result beyond 64 bits would be
// an error of the whole statement (1690), and is one of its row.
//
// # Evaluation
//
// A Program gives what MySQL gives for SELECT of the same fragment, digit for
// digit, or an Error (TestEvalIsMariaDBs compares them over generated fragments
// and rows). Numbers are exact, and never float64. Where MySQL converts between
// texts and numbers by guessing, where it cuts a value with a warning, or where
// MySQL and MariaDB differ, there is an Error that says how to write it instead,
// when the fragment is compiled if possible:
//
//   - a text compared or calculated with a number (TestCompileRefuses);
//   - the result of a division compared or calculated with: MySQL keeps more
//     digits than it shows, and MariaDB does not compare with the same digits
//     everywhere. CAST it. As a result, a text, or in COALESCE and IF it has the
//     scale of the first operand + 4, rounded half away from zero from the digits
//     the server calculates. x/0 is NULL;
//   - texts are compared by the collation of their column, which the caller names
//     in Type. ByBytes knows the binary ones; a Collate of the caller's may know
//     more. Texts that have no column's collation are not compared;
//   - LOWER and UPPER map letter by letter, in the scripts for which MariaDB's
//     tables and Go's are the same (TestCaseIsMariaDBs); any other letter that has
//     two cases is an Error for its row. MySQL 8's newer collations know more
//     letters, and were not compared;
//   - dates, floating point numbers, JSON, bytes, ENUM and SET can be passed on and
//     tested for NULL only (Opaque).
//
// What voids this: a Type that is not the column's, div_precision_increment other
// than 4, a sql_mode with NO_UNSIGNED_SUBTRACTION, PAD_CHAR_TO_FULL_LENGTH or
// ORACLE.
//
// Exact numbers are github.com/shopspring/decimal: one module without
// requirements of its own, kept up since 2015, and the decimal that services in
// Go use for money.
package fragment
