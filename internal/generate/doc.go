// Package generate continues prompts: greedily, in batches, with a cache of keys and values.
//
// In go token ids of any lengths, out come the new ids of each prompt in the order given. Prompts are sorted by length and
// padded on the left to a few lengths, so that few programs are compiled; rows that end make room once half of a batch has;
// a batch ends with its last row. Promised: a row's tokens are those of the row alone and of the full forward pass without a
// cache (up to the order of float sums), whatever runs beside it.
package generate
