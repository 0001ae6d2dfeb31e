// Package safetensors reads and writes the safetensors format: a JSON header of names, types, shapes and byte ranges, then
// the bytes.
//
// In goes a file, an index of shards or a directory holding either; out come tensors one at a time, in any order, so that a
// model of any size is read with one tensor in memory. Headers are checked in full before a byte of data is believed: types,
// sizes, gaps, overlaps and repeated names. What is written is a function of the tensors alone: sorted names, 8-byte aligned
// data, and the file appears under its name only when complete.
package safetensors
