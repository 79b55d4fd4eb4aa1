// Package template holds the small text formats of a contract as codecs: key
// templates and string formats, number formats, date formats and concatenation.
//
//	t, err := template.Parse("ORDER#{created_at}#{id}")
//	key, err := t.Format([]string{"2025-08-14T21:16:07.000Z", "1"})
//	values, err := t.Values(key) // and back
//
// # How a value is written in a template
//
// A value stands as it is, save for two characters. A delimiter is what tells
// where a value ends: of the text between it and the next placeholder a #, else
// the first character that is neither letter nor digit, else the first that is
// no digit. A # is a delimiter of every placeholder of a template that has one
// in its text, so that a value never looks like a level of the key's hierarchy.
// A delimiter inside a value is written as its escape and a digit, and so is the
// escape. The escape is the character above the delimiter in Unicode, or the
// one below where the one above is a letter, a digit or a control character:
// for # it is $, so that a# is written a$0 and a$ is written a$1.
//
// # Order
//
// DynamoDB compares sort keys as bytes. An escape next to its delimiter leaves
// every character where it was among the others, so written values compare as
// the values do. There is one exception, which no escape could mend without
// changing values that have no delimiter: where one value begins with the
// other, the text after the placeholder is compared with what the longer value
// goes on with. Before a # that puts the longer value first exactly if it goes
// on with a control character, a blank, ! or ". Before a delimiter that sorts
// after letters, | for one, it nearly always does. The value at the end of a
// template has no exception. Padded numbers compare as numbers; numbers that
// are not padded compare as text, and [Template.UnpaddedNumbers] names them.
//
// A padded number is never negative: a minus sign would put -1 before -2.
//
// # Guarantees
//
//   - Two lists of values never have the same text, every text has at most one
//     list, and the list comes back as it was: TestRoundTripHostile,
//     FuzzValues, FuzzText.
//   - A value without delimiter and escape stands as it is: TestFormatGolden.
//   - The order of one value's texts is the order of the values, but for the
//     exception above, which is exact: TestOrder.
//   - If Overlaps says no, no text comes from both templates:
//     TestOverlapsAgainstTexts.
//   - A number or date is never rounded and never cut in silence:
//     TestNumberRefuses, TestDateReversible.
//   - No text of a contract makes a parser panic or work long: FuzzParse,
//     FuzzNumber, FuzzDate.
//   - No error of a row carries a value: TestErrorsCarryNoValue.
package template
