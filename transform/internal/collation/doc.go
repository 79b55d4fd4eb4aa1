// Package collation knows which texts a collation of MySQL takes for equal, without
// asking a server.
//
// A collation gives each character a number of weights, and compares texts by the
// weights of their characters, one after the other: "ß" has two of those of "s" under
// utf8mb4_unicode_ci, a NUL has none, and "É" has that of "e". One that pads compares
// as if the shorter text had blanks at its end, and so takes off the weights of blanks
// there. Whatever has the blank's weight counts, a no-break space under
// utf8mb4_unicode_ci too (MySQL manual, "The binary Collation Compared to _bin
// Collations", "Unicode Character Sets").
//
// # What is known, and from where
//
//	utf8mb4_bin, utf8mb3_bin, ascii_bin, …   the bytes; all pad but binary, *_0900_bin and *_nopad_bin
//	utf8mb4_general_ci and its namesakes     a server's WEIGHT_STRING; pads
//	utf8mb4_unicode_ci and its namesakes     a server's WEIGHT_STRING (UCA 4.0.0); pads
//	latin1_swedish_ci, ascii_general_ci      a server's WEIGHT_STRING; pad
//	utf8mb4_0900_ai_ci                       allkeys.txt of UCA 9.0.0; does not pad; NOT VERIFIED AGAINST A SERVER
//
// The namesakes are those of utf8mb3 and utf8. TestEveryCharacter compares every
// character up to U+FFFF with MariaDB, TestEqual whole texts with its "=". Of
// utf8mb4_0900_ai_ci it is known that MySQL leaves out the contractions of
// allkeys.txt, and that it compares Hangul syllables by their letters; no server
// confirmed either here, and MariaDB has no such collation. The engine of the examples
// has a table of its own, which agrees in every character (TestFoldOfCharacters there).
//
// # The files of weights
//
// A file is compressed by DEFLATE. In it is a list of characters in order, each as
// three kinds of varints: how far it is from the one before, how many weights it has,
// and each weight as a zigzag difference from the last one. Characters that are left
// out have the weights that a rule gives them: themselves, or, under the Unicode
// Collation Algorithm, the implicit ones. The program in the folder generate makes
// the files, of a server and of allkeys.txt.
package collation
