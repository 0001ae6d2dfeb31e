// Package optimizer moves weights by their gradients.
//
// In go the names and shapes of the weights and the settings; at every step the weights, the sums of their gradients, and what
// is remembered of each. Out come the moved weights, or nothing at all where the gradient is not finite. The same steps give the
// same bits, whether the state lies on the device or, paged, in the host's memory.
//
// A rule belongs to one file: what it keeps of a weight, its numbers of a step, and the graph of a move. To add one, write the
// file and name it in Config.
package optimizer
