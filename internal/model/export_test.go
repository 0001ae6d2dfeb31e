package model

import "github.com/gomlx/gomlx/core/graph"

// Small makes the graph cut its work into pieces as it does for large models: rows of logits a chunk at a time, and attention
// that forgets its probabilities. It returns what puts the sizes back.
func Small() func() {
	logits, least, scores := chunkLogits, leastChunk, keepScores
	chunkLogits, leastChunk, keepScores = 1<<12, 16, 1<<10
	return func() { chunkLogits, leastChunk, keepScores = logits, least, scores }
}

// AsOnGPU makes any backend get the graph that a GPU gets, with blocks that are small enough to be several.
func AsOnGPU() func() {
	which, block := large, largeBlock
	large, largeBlock = func(*graph.Graph) bool { return true }, 5
	return func() { large, largeBlock = which, block }
}

// Whole makes the graph keep what it else cuts: the logits, or the scores of a layer's attention.
func Whole(logits, scores bool) func() {
	all, least, keep, which, block := chunkLogits, leastChunk, keepScores, large, largeBlock
	if logits {
		chunkLogits = 1 << 60
	}
	if scores {
		keepScores, large, largeBlock = 1<<60, func(*graph.Graph) bool { return true }, 1<<30
	}
	return func() { chunkLogits, leastChunk, keepScores, large, largeBlock = all, least, keep, which, block }
}

// Attend is a layer's attention alone: q [batch, seq, heads, head], k and v [batch, seq, kv heads, head] -> [batch·seq, heads·head].
func (m *Model) Attend(b Batch, layer int, q, k, v *graph.Node) *graph.Node {
	return newAttention(m, b).layer(layer, q, k, v)
}
