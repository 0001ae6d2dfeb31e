// Package generate continues prompts with a cache of keys and values: greedily or sampled, in batches. It also scores text.
//
// In go token ids of any lengths, out come new ids, and where asked for their log-probabilities. Generate answers many prompts:
// sorted by length and padded on the left to a few lengths, so that few programs are compiled; rows that end make room once half
// of a batch has. A Session lets rows come and go one by one. Score and Logits run without a cache. Text makes text of tokens as
// they come. Promised: a row's tokens are those of the row alone and of the full forward pass without a cache (up to the order
// of float sums), whatever runs beside it.
package generate
