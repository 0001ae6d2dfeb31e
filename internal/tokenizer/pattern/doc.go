// Package pattern finds the regular expressions that tokenizers cut text with. The expressions in use are scanned by hand;
// any other is run by a small backtracking engine over Unicode classes that knows what Oniguruma (the engine of Hugging
// Face's tokenizers) knows and Go's regexp does not: lookaround, possessive quantifiers, class intersection.
//
// To have one more expression scanned by hand: a case in scanner, and its name in the test that compares it with the engine.
package pattern
